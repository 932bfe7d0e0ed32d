//! Hostile bytes for the parser of `powershell.transcript`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vigie_fuzz::parse("powershell.transcript", data));
