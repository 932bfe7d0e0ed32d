//! Files of a campaign pack, as a person mistyped them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::rules::pack(data));
