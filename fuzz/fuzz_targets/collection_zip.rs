//! Archives, as a collector or an attacker packed them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::collection::any(data));
