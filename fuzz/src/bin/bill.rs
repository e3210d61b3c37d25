#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| peerbill_fuzz::targets::bill(data));
