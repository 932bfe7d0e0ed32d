//! Hostile bytes for the parser of `defender.log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("defender.log", data));
