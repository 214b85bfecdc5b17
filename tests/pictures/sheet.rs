//! A sheet with one notice at each width, and the script that judges it.

/// Pixels of a small telephone and of the pane of a mail program.
pub(crate) const WIDTHS: [u64; 2] = [320, 800];

const SCRIPT: &str = include_str!("judge.js");

/// The notices below each other, each in a frame of each width.
pub(crate) fn page<'a>(notices: impl Iterator<Item = &'a str>) -> String {
    let frame = |html: &str, width: u64| {
        let source = html.replace('&', "&amp;").replace('"', "&quot;");
        format!(
            "<iframe width=\"{width}\" style=\"border:0;margin:8px;vertical-align:top;background:Canvas\" srcdoc=\"{source}\"></iframe>"
        )
    };
    let row = |html: &str| format!("<div>{}</div>", WIDTHS.map(|width| frame(html, width)).concat());
    let frames: String = notices.map(row).collect();
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"></head>\
         <body style=\"margin:0;background:#888\">{frames}<pre id=\"verdicts\" hidden></pre><script>{SCRIPT}</script></body></html>"
    )
}
