//! Hostile bytes for the parser of `windows.wer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("windows.wer", data));
