//! Hostile bytes for the parser of `windows.jsonl`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("windows.jsonl", data));
