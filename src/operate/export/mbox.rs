//! An mbox as most programs read it today: `mboxrd`, where a line of a mail that begins with any number of `>` and `From ` has one `>` more,
//! so that reading it back gives the mail as it was. Line ends are LF, as mboxes have them.

use std::io::{self, Write};

use super::Mail;
use crate::model::time::Time;

/// Writes the mails one behind the other.
pub(super) fn write(mails: &[&Mail], to: &mut dyn Write) -> io::Result<()> {
    for mail in mails {
        writeln!(to, "From {} {}", sender(&mail.sender), date(mail.at))?;
        let lines: Vec<&[u8]> = mail.octets.split(|octet| *octet == b'\n').collect();
        let count = if mail.octets.ends_with(b"\n") { lines.len() - 1 } else { lines.len() };
        for line in &lines[..count] {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if is_quoted(line) {
                to.write_all(b">")?;
            }
            to.write_all(line)?;
            to.write_all(b"\n")?;
        }
        to.write_all(b"\n")?;
    }
    Ok(())
}

fn is_quoted(line: &[u8]) -> bool {
    let behind = line.iter().position(|octet| *octet != b'>').unwrap_or(line.len());
    line[behind..].starts_with(b"From ")
}

/// A single word without what a reader may take for more; those without a sender are of the mail system (RFC 4155).
fn sender(address: &str) -> &str {
    let plain = |octet: u8| octet.is_ascii_graphic() && octet != b'"';
    if !address.is_empty() && address.bytes().all(plain) { address } else { "MAILER-DAEMON@localhost" }
}

/// `Thu Nov 12 10:00:00 2026`, made of `Thu, 12 Nov 2026 10:00:00 +0000`.
fn date(at: Time) -> String {
    let text = at.rfc5322();
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [weekday, day, month, year, time, ..] => format!("{weekday} {month} {day} {time} {year}"),
        _ => "Thu Jan 01 00:00:00 1970".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(octets: &[u8]) -> String {
        let mail = Mail { name: String::new(), sender: "mia@customer.example".to_owned(), at: Time(0), octets: octets.to_vec() };
        let mut out = Vec::new();
        write(&[&mail], &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_that_looks_like_the_next_mail_is_quoted_once_more() {
        assert_eq!(
            written(b"Subject: x\r\n\r\nFrom here on\r\n>From me\r\n>> From\r\nFromage"),
            "From mia@customer.example Thu Jan 01 00:00:00 1970\nSubject: x\n\n>From here on\n>>From me\n>> From\nFromage\n\n"
        );
    }
}
