//! Sigma rules, as somebody else wrote them, on an event.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::rules::sigma(data));
