//! Any octets as a mail: all that is promised of a mail, and the same result each time.

#![no_main]

#[path = "../../tests/decisions/promises.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;
use postdesk::decide::parse::parse;
use promises::{LIMITS, check};

fuzz_target!(|raw: &[u8]| {
    let mail = check(raw);
    // Reading twice costs half of the speed, so not every time.
    if raw.len() % 8 == 0 {
        assert_eq!(mail, parse(raw, &LIMITS), "read a second time, it is another mail");
    }
});
