#![no_main]

#[path = "../../tests/common/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::resolve::law(data));
