//! A sheet with one notice at each width, and the script that judges it.

use crate::browser::Scheme;

/// Pixels of a small telephone and of the pane of a mail program.
pub(crate) const WIDTHS: [u64; 2] = [320, 800];

const SCRIPT: &str = include_str!("judge.js");

/// The notice in a frame of each width.
pub(crate) fn page(html: &str, scheme: Scheme) -> String {
    let frame = |width: &u64| {
        let source = html.replace('&', "&amp;").replace('"', "&quot;");
        format!("<iframe width=\"{width}\" style=\"border:0;margin:8px;vertical-align:top\" srcdoc=\"{source}\"></iframe>")
    };
    let frames: String = WIDTHS.iter().map(frame).collect();
    let around = match scheme {
        Scheme::Light => "#ccc",
        Scheme::Dark => "#333",
    };
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"></head>\
         <body style=\"margin:0;background:{around}\">{frames}<pre id=\"verdicts\" hidden></pre><script>{SCRIPT}</script></body></html>"
    )
}
