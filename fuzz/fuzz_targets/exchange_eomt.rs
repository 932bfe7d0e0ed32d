//! Hostile bytes for the parser of `exchange.eomt`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("exchange.eomt", data));
