//! Hostile bytes for the parser of `defender.scanner`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("defender.scanner", data));
