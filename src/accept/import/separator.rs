//! The line between two mails of an mbox (RFC 4155): `From ADDRESS DATE`.
//!
//! It never fails: a line is one, or it is not. Writers differ in what stands before and behind the date, and few escape every line of a text
//! that begins with `From `. So a line counts only with an address and a whole date, and nothing else: `From here on …` is a sentence.

use crate::model::time::{Civil, Time};

/// Octets of a line that are looked at: a longer one separates nothing.
pub(super) const LONGEST: usize = 512;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The time in such a line, which is given without its end; `None`: it is none. A zone that is only a name is taken for UTC, as RFC 4155 wants it.
pub(super) fn time_of(line: &[u8]) -> Option<Time> {
    if line.len() > LONGEST {
        return None;
    }
    let text = std::str::from_utf8(line.strip_prefix(b"From ")?).ok()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    // `somebody@example.org`, `-`, or `somebody at example.org`, as archives of lists write it; then the date begins with its day.
    let begin = words.iter().position(|word| is_one_of(&DAYS, word)).filter(|begin| match begin {
        1 => true,
        3 => words[1].eq_ignore_ascii_case("at"),
        _ => text.starts_with('"') && *begin > 0,
    })?;
    date_of(&words[begin + 1..])
}

fn is_one_of(names: &[&str], word: &str) -> bool {
    names.iter().any(|name| word.trim_end_matches(',').eq_ignore_ascii_case(name))
}

/// Month and day in either order, the time of day, the year, and zones anywhere: once each, and nothing else.
fn date_of(words: &[&str]) -> Option<Time> {
    // Some servers name the host that a mail came from behind the date.
    let end = words.windows(2).position(|pair| pair == ["remote", "from"]).unwrap_or(words.len());
    let (mut month, mut day, mut time, mut year, mut offset) = (None, None, None, None, 0);
    for word in &words[..end] {
        if let Some(index) = MONTHS.iter().position(|name| word.eq_ignore_ascii_case(name)) {
            once(&mut month, u8::try_from(index + 1).ok()?)?;
        } else if word.contains(':') {
            once(&mut time, clock(word)?)?;
        } else if word.len() == 4 && is_number(word) {
            once(&mut year, word.parse().ok()?)?;
        } else if word.len() <= 2 && is_number(word) {
            once(&mut day, word.parse().ok()?)?;
        } else {
            offset = zone(word)?;
        }
    }
    Time::of_civil(Civil { year: year?, month: month?, day: day?, time: time?, offset })
}

/// Fills what was empty.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|octet| octet.is_ascii_digit())
}

fn clock(word: &str) -> Option<(u8, u8, u8)> {
    let mut parts = word.split(':').map(|part| part.parse().ok().filter(|_| part.len() <= 2 && is_number(part)));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    parts.next().is_none().then_some((hour, minute, second))
}

/// Seconds east of Greenwich.
fn zone(word: &str) -> Option<i32> {
    if let Some(digits) = word.strip_prefix(['+', '-']).filter(|digits| digits.len() == 4 && is_number(digits)) {
        let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
        let seconds = (hours * 60 + minutes) * 60;
        return Some(if word.starts_with('-') { -seconds } else { seconds });
    }
    let is_name = (1..=5).contains(&word.len()) && word.bytes().all(|octet| octet.is_ascii_uppercase());
    is_name.then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(line: &str) -> Option<String> {
        time_of(line.as_bytes()).map(Time::rfc3339)
    }

    #[test]
    fn the_lines_of_many_writers_are_known() {
        for line in [
            "From karin@kunde.example Thu Mar  5 09:10:11 2015",
            "From - Thu Mar 05 09:10:11 2015",
            "From 1812345678901234567@xxx Thu Mar 05 09:10:11 +0000 2015",
            "From MAILER-DAEMON Thu Mar  5 09:10:11 2015",
            "From karin at kunde.example  Thu Mar  5 09:10:11 2015",
            "From \"Karin Kunde\"@kunde.example Thu Mar  5 09:10:11 2015",
            "From karin@kunde.example Thu, 5 Mar 2015 11:10:11 +0200",
            "From karin@kunde.example Thu Mar  5 09:10:11 UTC 2015",
            "From karin@kunde.example Thu Mar  5 09:10:11 2015 remote from host",
        ] {
            assert_eq!(time(line).as_deref(), Some("2015-03-05T09:10:11Z"), "{line}");
        }
        assert_eq!(time("From karin@kunde.example Thu Mar  5 09:10 2015").as_deref(), Some("2015-03-05T09:10:00Z"));
    }

    #[test]
    fn a_sentence_is_none() {
        for line in [
            "From here on everything was different.",
            "From karin@kunde.example",
            "From Thursday on, Thu Mar  5 09:10:11 2015 is the day",
            "From karin@kunde.example Thu Mar  5 09:10:11 2015 she wrote no more",
            "From karin@kunde.example Thu Mar 35 09:10:11 2015",
            "From karin@kunde.example Thu Mar  5 2015",
            "From Thu Mar  5 09:10:11 2015",
            "From the day of Thu Mar  5 09:10:11 2015",
            ">From karin@kunde.example Thu Mar  5 09:10:11 2015",
            "From: karin@kunde.example",
            "From karin@kunde.example Thu Mar  5 99:10:11 2015",
        ] {
            assert_eq!(time(line), None, "{line}");
        }
        let long = format!("From {}@kunde.example Thu Mar  5 09:10:11 2015", "k".repeat(LONGEST));
        assert_eq!(time(&long), None);
    }
}
