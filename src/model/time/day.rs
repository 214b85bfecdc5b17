//! Days of the calendar: for working hours, holidays and due dates. Arithmetic on them cannot fail; what is beyond the calendar has no date.

use jiff::Timestamp;
use jiff::civil::{self, Date};
use jiff::tz::TimeZone;

use super::{Time, Zone};

const SECONDS: i64 = 86_400;

/// A day of the Gregorian calendar, in no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// Reads `2026-12-24`, written in no other way; `None` for anything else and for days that the calendar does not have.
    pub fn parse(text: &str) -> Option<Day> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let part = |range: std::ops::Range<usize>| {
            let digits = bytes.get(range)?;
            let number = || digits.iter().fold(0_i16, |number, digit| number * 10 + i16::from(digit - b'0'));
            digits.iter().all(u8::is_ascii_digit).then(number)
        };
        let (month, day) = (i8::try_from(part(5..7)?).ok()?, i8::try_from(part(8..10)?).ok()?);
        Self::of(Date::new(part(0..4)?, month, day).ok()?)
    }

    fn of(date: Date) -> Option<Day> {
        let midnight = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(Day(midnight.as_second().div_euclid(SECONDS)))
    }

    fn date(self) -> Option<Date> {
        let midnight = Timestamp::from_second(self.0.checked_mul(SECONDS)?).ok()?;
        Some(midnight.to_zoned(TimeZone::UTC).date())
    }

    /// So many days later, or earlier.
    pub fn plus(self, days: i64) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// Day of the week: 0 is Monday.
    pub fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        usize::try_from(self.0.rem_euclid(7) + 3).unwrap_or_default() % 7
    }

    /// Month (1 to 12) and day of the month.
    pub fn month_and_day(self) -> Option<(u8, u8)> {
        self.date().map(|date| (date.month().unsigned_abs(), date.day().unsigned_abs()))
    }

    /// The moment at which clocks in the zone have gone so many seconds beyond midnight; 86,400 and more is the next midnight. A time of
    /// day that is left out when clocks go forward is as much later; of one that comes twice, it is the first.
    pub fn at(self, second: u32, zone: &Zone) -> Option<Time> {
        if i64::from(second) >= SECONDS {
            return self.plus(1).at(0, zone);
        }
        let part = |part: u32| i8::try_from(part).ok();
        let time = civil::Time::new(part(second / 3_600)?, part(second / 60 % 60)?, part(second % 60)?, 0).ok()?;
        let there = self.date()?.to_datetime(time).to_zoned(zone.0.clone()).ok()?;
        Some(Time(there.timestamp().as_microsecond()))
    }

    /// The last second of the day in the zone.
    pub fn last_second(self, zone: &Zone) -> Option<Time> {
        Some(Time(self.at(86_400, zone)?.0 - 1_000_000))
    }
}

impl Time {
    /// The day that the calendar shows in the zone; `None` beyond the calendar (before the year -9999, after 9999).
    pub fn day_in(self, zone: &Zone) -> Option<Day> {
        Day::of(Timestamp::from_microsecond(self.0).ok()?.to_zoned(zone.0.clone()).date())
    }

    /// The last second in the zone of a day that is written as [`Day::parse`] reads it.
    pub fn end_of_date(text: &str, zone: &Zone) -> Option<Time> {
        Day::parse(text)?.last_second(zone)
    }

    /// The last second of the day in the zone, so many days after this one.
    pub fn end_of_day(self, days: i64, zone: &Zone) -> Option<Time> {
        self.day_in(zone)?.plus(days).last_second(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    #[test]
    fn a_date_is_the_end_of_that_day_in_its_zone() {
        let end = |text, zone: &Zone| Time::end_of_date(text, zone).map(Time::rfc3339);
        assert_eq!(end("2026-12-24", &Zone::default()).as_deref(), Some("2026-12-24T23:59:59Z"));
        assert_eq!(end("2026-12-24", &zone("Europe/Zagreb")).as_deref(), Some("2026-12-24T22:59:59Z"));
        assert_eq!(end("2026-07-24", &zone("Europe/Zagreb")).as_deref(), Some("2026-07-24T21:59:59Z"));
        let noon = Time::end_of_date("2024-02-28", &Zone::default()).unwrap().minus(Duration::from_secs(12 * 3_600));
        assert_eq!(noon.end_of_day(0, &Zone::default()).unwrap().rfc3339(), "2024-02-28T23:59:59Z");
        assert_eq!(noon.end_of_day(1, &Zone::default()).unwrap().date(), "2024-02-29");
        // Noon in UTC is the next day already on the other side of the world.
        assert_eq!(noon.end_of_day(0, &zone("Pacific/Kiritimati")).unwrap().rfc3339(), "2024-02-29T09:59:59Z");
    }

    #[test]
    fn what_is_written_in_another_way_or_is_no_day_is_no_date() {
        for text in
            ["", "12/11/2026", "2026-13-01", "2026-02-30", "2026-1-1", "26-12-24", "2026-12-24 ", "+026-12-24", "20261224"]
        {
            assert_eq!(Day::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn days_of_the_week_begin_with_monday() {
        let weekday = |text| Day::parse(text).unwrap().weekday();
        assert_eq!(["1970-01-01", "2026-11-22", "2026-11-23", "1969-12-29"].map(weekday), [3, 6, 0, 0]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_or_none(text in any::<String>(), near in "[0-9-]{8,12}") {
            for text in [text, near] {
                if let Some(time) = Time::end_of_date(&text, &Zone::default()) {
                    prop_assert_eq!(time.date(), text);
                }
            }
        }

        #[test]
        fn a_moment_lies_in_its_day(at in -60_000_000_000_000_000_i64..250_000_000_000_000_000, name in proptest::sample::select(vec!["UTC", "Europe/Zagreb", "America/Havana", "Pacific/Apia"])) {
            let zone = zone(name);
            let day = Time(at).day_in(&zone).unwrap();
            prop_assert!(day.at(0, &zone).unwrap() <= Time(at));
            prop_assert!(Time(at) < day.at(86_400, &zone).unwrap());
            prop_assert_eq!(day.plus(1).weekday(), (day.weekday() + 1) % 7);
        }

        #[test]
        fn no_moment_is_too_far_for_an_answer(at in any::<i64>(), days in any::<i64>(), second in any::<u32>()) {
            let day = Time(at).day_in(&Zone::default()).map(|day| day.plus(days));
            let _ = day.and_then(|day| day.at(second, &Zone::default()));
            let _ = day.and_then(Day::month_and_day);
        }
    }
}
