//! What stands below the author's words and is none of them: signatures, and the lines of programs and phones.

/// How the lines begin that programs and phones put below a mail.
const CLOSINGS: [&str; 15] = [
    "Sent from my ",
    "Sent from Outlook",
    "Sent from Mail for Windows",
    "Sent from Yahoo Mail",
    "Sent from the all new AOL",
    "Sent from AOL Mobile Mail",
    "Sent from Samsung",
    "Sent from Proton",
    "Sent from K-9 Mail",
    "Sent with Proton Mail",
    "Sent with [Proton Mail]",
    "Sent via the Samsung Galaxy",
    "Get Outlook for ",
    "Get BlueMail for ",
    "Please excuse my brevity.",
];

/// Lines of a signature whose delimiter lost its space on the way.
const SIGNATURE_LINES: usize = 12;

/// Whether the signature begins at this line and goes on to the end (RFC 3676 section 4.3).
pub(super) fn begins(lines: &[&str], at: usize) -> bool {
    lines[at] == "-- " || (lines[at] == "--" && is_short_signature(&lines[at + 1..]))
}

fn is_short_signature(below: &[&str]) -> bool {
    let written = |line: &&&str| !line.trim().is_empty();
    below.iter().take_while(|line| !line.starts_with('>')).filter(written).take(SIGNATURE_LINES + 1).count() <= SIGNATURE_LINES
}

/// Whether a program or a phone put this line below the mail.
pub(super) fn is_closing_line(line: &str) -> bool {
    let line = line.trim();
    line.len() <= 120 && CLOSINGS.iter().any(|closing| line.starts_with(closing))
}
