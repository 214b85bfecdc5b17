//! How the parts of a notice look: inline styles only, because many mail programs drop a style sheet.
//!
//! No colour of text and no background is named: what is to be pale is transparent, so that it is readable on white, on black, and on
//! whatever a mail program makes of either. Rules and borders are a middle grey, which is seen on both.

/// What a document begins with, up to the value of `lang`.
pub(super) const BEGINNING: &str = "<!doctype html>\n<html lang=\"";
/// The rest of its head. Nothing is scaled on a telephone, and a program with a dark page darkens this one, too.
pub(super) const HEAD: &str = "\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n\
    <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
    </head>\n<body style=\"margin:0;padding:8px\">\n\
    <div style=\"max-width:640px;font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:15px;\
    line-height:1.45;overflow-wrap:anywhere;word-break:break-word\">\n";
/// What it ends with.
pub(super) const END: &str = "</div>\n</body>\n</html>\n";

/// Words of whoever wrote: each paragraph runs in the direction of its own script.
pub(super) const PARAGRAPH: &str = "<p dir=\"auto\" style=\"margin:0 0 10px\">";
pub(super) const QUOTATION: &str =
    "<blockquote dir=\"auto\" style=\"margin:0 0 10px;padding:0 0 0 10px;border-left:2px solid #888\">\n";
/// Our own words.
pub(super) const OWN: &str = "<p style=\"margin:0 0 10px\">";
/// What is there for orientation only: who wrote when, the line above which agents write.
pub(super) const PALE: &str = "<p style=\"margin:0 0 10px;font-size:13px;opacity:.7\">";
/// Lines that are indented by four spaces or more.
pub(super) const MONOSPACE: &str = "<pre style=\"margin:0 0 10px;font-family:Menlo,Consolas,'DejaVu Sans Mono',monospace;\
    font-size:13px;line-height:1.4;white-space:pre-wrap;overflow-wrap:anywhere;word-break:break-word\">";
/// A line in columns within the words of somebody.
pub(super) const ALIGNED: &str = "<span style=\"font-family:Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:13px\">";
/// The words of somebody else, which must not pass for ours. What is too wide for it is scrolled within it.
pub(super) const BOX: &str = "<div dir=\"auto\" style=\"margin:0 0 12px;padding:10px 12px 1px;border:1px solid #888;\
    border-radius:6px;overflow-x:auto;overflow-wrap:break-word;word-break:normal\">\n";
/// The words of somebody else where nobody doubts whose they are.
pub(super) const PLAIN: &str = "<div dir=\"auto\">\n";
/// What stands below the mail, to an agent and to a customer.
pub(super) const FOOT_OF_AGENT: &str =
    "<div style=\"margin:14px 0 0;padding:12px 0 0;border-top:1px solid #888;font-size:14px\">\n";
pub(super) const FOOT_OF_CUSTOMER: &str =
    "<div style=\"margin:18px 0 0;padding:8px 0 0;border-top:1px solid #888;font-size:13px;opacity:.7\">\n";

/// Labels and values in two columns, of which the second breaks its lines wherever it must.
pub(super) const FACTS: &str =
    "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:0 0 12px;font-size:14px\">\n";
pub(super) const LABEL: &str = "<tr><td style=\"padding:1px 14px 1px 0;vertical-align:top;white-space:nowrap;opacity:.7\">";
pub(super) const VALUE: &str =
    "</td><td dir=\"auto\" style=\"padding:1px 0;vertical-align:top;overflow-wrap:anywhere;word-break:break-word\">";
pub(super) const FILES: &str = "<ul style=\"margin:0 0 12px;padding:0 0 0 20px\">\n";

/// What elements of the author's HTML have of a look, before their own.
pub(super) const OF_AUTHOR: [(&str, &str); 3] = [
    ("p", "margin:0 0 10px"),
    ("td", "padding:1px 12px 1px 0;vertical-align:top"),
    ("blockquote", "margin:0 0 10px;padding:0 0 0 10px;border-left:2px solid #888"),
];
