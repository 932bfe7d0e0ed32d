//! Hostile bytes for the parser of `iis.w3c`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("iis.w3c", data));
