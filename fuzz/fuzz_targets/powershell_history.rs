//! Hostile bytes for the parser of `powershell.history`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("powershell.history", data));
