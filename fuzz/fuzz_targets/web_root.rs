//! Hostile bytes for the parser of `web.root`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("web.root", data));
