//! A list of victims, as anybody may have written it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::estimate::lists(data));
