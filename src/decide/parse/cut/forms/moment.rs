//! Whether a line tells a moment: a date, a time of day. It reads digits only, so it holds in every language. Never fails.

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Moment {
    /// A date with its year, or one of three numbers.
    pub(super) date: bool,
    /// A time of day.
    pub(super) time: bool,
}

/// A number and where it stands.
#[derive(Debug, Clone, Copy)]
struct Number {
    start: usize,
    end: usize,
    value: u32,
}

impl Number {
    fn digits(self) -> usize {
        self.end - self.start
    }
}

/// Reads a cleaned text.
pub(super) fn find(text: &str) -> Moment {
    let mut moment = Moment::default();
    let mut last: [Option<Number>; 2] = [None, None];
    let mut numbers = Numbers { text, at: 0 };
    while let Some(number) = numbers.next_one() {
        if number.digits() == 4 && (1980..2100).contains(&number.value) && !is_in_word(text, number) {
            moment.date = true;
        }
        if let Some(before) = last[1] {
            let between = &text[before.end..number.start];
            moment.time |= is_time(text, before, between, number);
            if let Some(first) = last[0] {
                moment.date |= is_date(text, [first, before, number]);
            }
        }
        last = [last[1], Some(number)];
    }
    moment
}

/// `10:11`, `10.11`, `10h11`, `10 時 11`, and the hours and minutes of `10:11:00`.
fn is_time(text: &str, hour: Number, between: &str, minute: Number) -> bool {
    if hour.digits() > 2 || hour.value > 24 || minute.digits() != 2 || minute.value > 59 {
        return false;
    }
    match between.trim() {
        ":" | "h" | "時" | "时" | "點" | "点" | "시" | "h:" => true,
        // A date may be written so, too: then a third number follows, or one stands before.
        "." if between == "." => {
            let follows = text[minute.end..]
                .strip_prefix('.')
                .is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()));
            let precedes = text[..hour.start].ends_with(['.', '-', '/']);
            !follows && !precedes
        }
        _ => false,
    }
}

/// `12.11.26`, `12. 11. 2026`, `2026-11-12`, `11/12/26`, `2026年11月12日`.
fn is_date(text: &str, numbers: [Number; 3]) -> bool {
    let [first, second, third] = numbers;
    let separator = |from: Number, to: Number| match text[from.end..to.start].trim() {
        sign @ ("." | "/" | "-" | "年" | "月" | "년" | "월") => Some(sign),
        _ => None,
    };
    let same = match (separator(first, second), separator(second, third)) {
        (Some("年"), Some("月")) | (Some("년"), Some("월")) => true,
        (Some(one), Some(other)) => one == other,
        _ => false,
    };
    let day_and_month = |one: Number, other: Number| {
        one.digits() <= 2 && other.digits() <= 2 && (1..=31).contains(&one.value) && (1..=31).contains(&other.value)
    };
    let year = |number: Number| number.digits() == 2 || (number.digits() == 4 && (1980..2100).contains(&number.value));
    same && ((day_and_month(first, second) && year(third)) || (year(first) && day_and_month(second, third)))
}

/// Whether letters of an ASCII word touch the number: `KT2026` is an order, not a year.
fn is_in_word(text: &str, number: Number) -> bool {
    text[..number.start].ends_with(|c: char| c.is_ascii_alphabetic() || c == '#')
        || text[number.end..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '@')
}

/// The numbers of a text, one after another.
struct Numbers<'a> {
    text: &'a str,
    at: usize,
}

impl Numbers<'_> {
    fn next_one(&mut self) -> Option<Number> {
        let bytes = self.text.as_bytes();
        let start = self.at + bytes.get(self.at..)?.iter().position(u8::is_ascii_digit)?;
        let length = bytes[start..].iter().take_while(|octet| octet.is_ascii_digit()).count();
        self.at = start + length;
        // What is longer is no part of a date.
        let value = if length <= 6 { self.text[start..self.at].parse().unwrap_or(u32::MAX) } else { u32::MAX };
        Some(Number { start, end: self.at, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let cases = [
            ("On Thu, Nov 12, 2026 at 10:11 AM", (true, true)),
            ("12.11.26 10.11", (true, true)),
            ("12. 11. 2026. u 10:11", (true, true)),
            ("2026年11月12日(木) 10:11", (true, true)),
            ("26. 11. 12. 오전 10:11", (true, true)),
            ("le 12 novembre 2026 à 10 h 11", (true, true)),
            ("2026-11-12T10:11:00", (true, true)),
            ("11/12/26", (true, false)),
            ("12.11.26", (true, false)),
            ("order 4711 of KT2026", (false, false)),
            ("we need 3 kettles and 12 lids", (false, false)),
            ("it costs 12.50", (false, true)),
            ("", (false, false)),
        ];
        for (text, (date, time)) in cases {
            assert_eq!(find(text), Moment { date, time }, "{text}");
        }
    }
}
