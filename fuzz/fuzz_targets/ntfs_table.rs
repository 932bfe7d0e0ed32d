//! File tables of NTFS volumes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::collection::ntfs(data));
