//! Hostile bytes for the parser of `iis.config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("iis.config", data));
