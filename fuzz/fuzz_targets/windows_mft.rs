//! Hostile bytes for the parser of `windows.mft`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("windows.mft", data));
