//! Any text, cut: no word is lost, something is left, and what was cut once is not cut again. Behind a NUL stands what we sent before.

#![no_main]

#[path = "../../tests/decisions/promises.rs"]
mod promises;

use libfuzzer_sys::fuzz_target;
use postdesk::decide::parse::cut::{cut, cut_known, has_marker};
use promises::words;

fuzz_target!(|input: &str| {
    let mut texts = input.split('\0');
    let text = texts.next().unwrap_or_default();
    let known: Vec<&str> = texts.collect();
    for passes_on in [false, true] {
        let (own, quoted) = cut(text, passes_on);
        assert_eq!(words(&[&own, &quoted]), words(&[text]), "words were lost or added");
        assert_eq!(own.trim().is_empty(), text.trim().is_empty(), "nothing is left");
        let (again, more) = cut(&own, passes_on);
        assert!(again == own && more.is_empty(), "what was cut once is cut again");
    }
    let _ = has_marker(text);
    let (own, quoted) = cut_known(text, "", &known);
    assert_eq!(words(&[&own, &quoted]), words(&[text]), "words were lost or added by what is known");
    assert_eq!(own.trim().is_empty(), text.trim().is_empty(), "what is known left nothing");
});
