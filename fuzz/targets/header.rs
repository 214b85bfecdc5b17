//! Any octets as the header of a mail.

#![no_main]

#[path = "../../tests/decisions/promises.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    promises::check(&[header, b"\r\n\r\nHello\r\n"].concat());
});
