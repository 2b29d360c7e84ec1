#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portraitist_fuzz::bodies::features(bytes));
