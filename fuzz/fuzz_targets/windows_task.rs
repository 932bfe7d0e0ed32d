//! Hostile bytes for the parser of `windows.task`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("windows.task", data));
