//! Any text as the HTML of a mail: what is made of it as text, and what of it is stored.

#![no_main]

#[path = "../../tests/decisions/promises.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;

const HEADER: &str = "From: mia@customer.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\n";

fuzz_target!(|html: &str| {
    promises::check(&[HEADER, html].concat().into_bytes());
});
