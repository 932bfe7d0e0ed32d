//! Text of an attacker, wherever a report shows it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::report::render(data));
