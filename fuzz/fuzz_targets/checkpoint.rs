#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mlc_fuzz::checkpoint(bytes));
