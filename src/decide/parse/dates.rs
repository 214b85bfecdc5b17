//! The `Date` field as a point in time (RFC 5322 sections 3.3 and 4.3, and what programs write instead).
//!
//! A date that cannot be read is none; one that is absurd stays what it says. The day of the week is never looked at: where it contradicts
//! the rest, it is wrong.

use crate::model::time::{Civil, Time};

/// Octets of a value that are looked at.
const LONGEST: usize = 200;

/// Names of months, by their first letters in lower case. English ones come first; the others are those that programs of these languages
/// have written although the standard has only English.
const MONTHS: [(&str, u8); 62] = [
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
    ("mär", 3),
    ("mrz", 3),
    ("mai", 5),
    ("okt", 10),
    ("dez", 12),
    ("janv", 1),
    ("fév", 2),
    ("fev", 2),
    ("avr", 4),
    ("juin", 6),
    ("juil", 7),
    ("aoû", 8),
    ("aou", 8),
    ("déc", 12),
    ("ene", 1),
    ("abr", 4),
    ("ago", 8),
    ("dic", 12),
    ("gen", 1),
    ("mag", 5),
    ("giu", 6),
    ("lug", 7),
    ("set", 9),
    ("ott", 10),
    ("out", 10),
    ("mrt", 3),
    ("mei", 5),
    ("maj", 5),
    ("sty", 1),
    ("lut", 2),
    ("kwi", 4),
    ("cze", 6),
    ("lip", 7),
    ("sie", 8),
    ("wrz", 9),
    ("paź", 10),
    ("lis", 11),
    ("gru", 12),
    ("янв", 1),
    ("фев", 2),
    ("мар", 3),
    ("апр", 4),
    ("май", 5),
    ("июн", 6),
    ("июл", 7),
    ("авг", 8),
    ("сен", 9),
    ("окт", 10),
    ("ноя", 11),
    ("дек", 12),
];

/// Zones that mails name, in minutes east of Greenwich. Of the letters of soldiers only Z is sure (RFC 5322 section 4.3).
const ZONES: [(&str, i32); 26] = [
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("JST", 540),
    ("KST", 540),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
];

/// Reads the value of a field.
pub(super) fn read(value: &str) -> Option<Time> {
    let value = &value[..value.floor_char_boundary(LONGEST)];
    let plain = without_comments(value);
    let words: Vec<&str> = plain.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
    let civil = iso(&words).or_else(|| in_words(&words))?;
    Time::of_civil(civil)
}

fn without_comments(value: &str) -> String {
    let mut depth = 0_usize;
    let outside = value.chars().filter(|character| match character {
        '(' => {
            depth += 1;
            false
        }
        ')' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    });
    outside.collect()
}

/// `2026-11-12T09:30:00+01:00`, and the same with spaces in it (RFC 3339).
fn iso(words: &[&str]) -> Option<Civil> {
    let first = words.first()?;
    let (date, rest) = first.split_once(['T', 't']).unwrap_or((first, words.get(1).copied().unwrap_or_default()));
    let mut numbers = date.split(['-', '/', '.']).map(number);
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    if numbers.next().is_some() || year < 1_000 {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(rest.len());
    let time = clock(&rest[..end])?;
    let behind = words.iter().skip(if first.len() > date.len() { 1 } else { 2 });
    let offset = zone(std::iter::once(&rest[end..]).chain(behind.copied()));
    Some(Civil { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()?, time, offset })
}

/// Day, month by its name, year and time, in whatever order.
fn in_words(words: &[&str]) -> Option<Civil> {
    // The last one: in some languages a day of the week begins like a month.
    let at_month = words.iter().rposition(|word| month(word).is_some());
    let at_time = words.iter().position(|word| word.contains(':') && clock(word).is_some());
    let at_time = at_time.or_else(|| words.iter().rposition(|word| word.matches('.').count() == 2 && clock(word).is_some()));
    let (at_month, at_time) = match (at_month, at_time) {
        (Some(month), Some(time)) => (month, time),
        // `12-Nov-2026` is one word.
        (None, Some(_)) => return joined(words),
        _ => return None,
    };
    let is_free = |at: usize| at != at_month && at != at_time;
    // What stands in front of the month is the day, unless the year does: `Thu Nov 12 09:30:00 2026`, `12 Nov 2026`, `2026 Nov 12`.
    let numbers = words.iter().enumerate().take(at_time.max(at_month) + 3);
    let mut numbers = numbers.filter(|(at, _)| is_free(*at)).filter_map(|(_, word)| number(word.trim_end_matches('.')));
    let (first, second) = (numbers.next()?, numbers.next()?);
    let (day, year) = if first > 31 { (second, first) } else { (first, second) };
    let mut time = clock(words[at_time])?;
    let behind = words.get(at_time + 1..).unwrap_or_default();
    if let Some(half) = behind.first() {
        time.0 = match half.to_ascii_uppercase().as_str() {
            "PM" if time.0 < 12 => time.0 + 12,
            "AM" if time.0 == 12 => 0,
            _ => time.0,
        };
    }
    let offset = zone(behind.iter().copied());
    Some(Civil { year: full_year(year), month: month(words[at_month])?, day: u8::try_from(day).ok()?, time, offset })
}

/// The same with the date in one word.
fn joined(words: &[&str]) -> Option<Civil> {
    let at = words.iter().position(|word| word.split(['-', '/']).nth(1).is_some_and(|name| month(name).is_some()))?;
    let mut parts: Vec<&str> = Vec::with_capacity(words.len() + 2);
    parts.extend(&words[..at]);
    parts.extend(words[at].split(['-', '/']));
    parts.extend(&words[at + 1..]);
    if parts.len() > words.len() { in_words(&parts) } else { None }
}

/// Years of two and three digits (RFC 5322 section 4.3).
fn full_year(year: i16) -> i16 {
    match year {
        0..50 => year + 2_000,
        50..1_000 => year + 1_900,
        _ => year,
    }
}

fn month(word: &str) -> Option<u8> {
    if !word.chars().next()?.is_alphabetic() {
        return None;
    }
    let word = word.to_lowercase();
    // The longer ones first: `juin` and `juil` are not told apart by three letters.
    let names = || MONTHS.iter().filter(|(name, _)| word.starts_with(name));
    names().max_by_key(|(name, _)| name.len()).map(|(_, month)| *month)
}

/// Hours, minutes and seconds; seconds may be missing, and parts of them are left out.
fn clock(word: &str) -> Option<(u8, u8, u8)> {
    let mut parts = word.split([':', '.']).map(|part| part.parse::<u8>().ok().filter(|_| part.len() <= 2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().map_or(Some(0), |part| part)?;
    (hour < 24 && minute < 60 && second <= 60).then_some((hour, minute, second.min(59)))
}

fn number(word: &str) -> Option<i16> {
    let digits = word.len() <= 4 && !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_digit());
    if digits { word.parse().ok() } else { None }
}

/// Seconds east of Greenwich. What is not known is Greenwich (RFC 5322 section 4.3 says the same of `-0000`).
fn zone<'a>(words: impl Iterator<Item = &'a str>) -> i32 {
    let offsets = words.filter_map(|word| {
        let word = word.trim_matches(['"', '\'', ';']);
        let at = word.find(['+', '-']).unwrap_or(word.len());
        let (name, offset) = word.split_at(at);
        let named = ZONES.iter().find(|(zone, _)| name.eq_ignore_ascii_case(zone)).map(|(_, minutes)| minutes * 60);
        match numeric(offset) {
            Some(offset) if name.is_empty() || named == Some(0) => Some(offset),
            _ => named,
        }
    });
    offsets.take(1).next().unwrap_or(0)
}

/// `+0100`, `+01:00`, `+1`.
fn numeric(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    let number: i32 = digits.parse().ok().filter(|_| digits.len() <= 4 && digits.bytes().all(|octet| octet.is_ascii_digit()))?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_date_is_read_however_it_is_written() {
        for value in [
            "Thu, 12 Nov 2026 09:30:00 +0100",
            "12 Nov 2026 09:30:00 +0100",
            "Mon, 12 Nov 2026 09:30:00 +0100 (CET)",
            "Thu,12 Nov 2026 09:30 +0100",
            "Thu, 12 Nov 26 09:30:00 CET",
            "Thu, 12 Nov 2026 08:30:00 GMT",
            "Thu, 12 Nov 2026 09:30:00 GMT+1",
            "Thu, 12 Nov 2026 09:30:00 GMT+01:00",
            "Thu, 12 Nov 2026 08:30:00",
            "Thu, 12 Nov 2026 08:30:00 -0000",
            "Thu, 12 Nov 2026 03:30:00 EST",
            "Thu Nov 12 08:30:00 2026",
            "Thu Nov 12 08:30:00 UTC 2026",
            "Thu Nov 12 09:30:00 CET 2026",
            "12-Nov-2026 09:30:00 +0100",
            "2026-11-12T09:30:00+01:00",
            "2026-11-12T08:30:00.123Z",
            "2026-11-12 09:30:00 +0100",
            "2026-11-12 08:30:00",
            "Do, 12 November 2026 09:30:00 +0100",
            "12 nov. 2026 09:30:00 +0100",
            "mar. 12 nov. 2026 09:30:00 +0100",
            "Чт, 12 ноя 2026 11:30:00 +0300",
            "Thu, 12 Nov 2026 8:30:0 +0000",
            "Nov 12, 2026 8:30:00 AM GMT",
            "Thu, 12 (day) Nov\r\n 2026 09.30.00 +0100",
        ] {
            assert_eq!(read(value).map(Time::rfc3339).as_deref(), Some("2026-11-12T08:30:00Z"), "{value}");
        }
        assert_eq!(read("Fri, 31 Dec 99 23:59:60 +0000").map(Time::rfc3339).as_deref(), Some("1999-12-31T23:59:59Z"));
        assert_eq!(read("1 juil. 2026 9:00 PM +0000").map(Time::rfc3339).as_deref(), Some("2026-07-01T21:00:00Z"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for value in [
            "",
            "yesterday",
            "12/11/2026 09:30",
            "Thu, 31 Feb 2026 09:30:00 +0100",
            "Thu, 12 Nov 2026",
            "12 Nov 2026 25:00:00",
            "0-0-0T0:0",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read(value in "\\PC{0,60}", near in "[0-9:+. JanFebTZäя,()-]{0,40}") {
            read(&value);
            read(&near);
        }

        #[test]
        fn what_we_write_ourselves_is_read_back(seconds in 0..4_000_000_000_i64) {
            let time = Time(seconds * 1_000_000);
            prop_assert_eq!(read(&time.rfc5322()), Some(time));
            prop_assert_eq!(read(&time.rfc3339()), Some(time));
        }
    }
}
