//! Feeds of indicators, as somebody else wrote them: STIX, MISP, MSTIC and CSV.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::rules::feed(data));
