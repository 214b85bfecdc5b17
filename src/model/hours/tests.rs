//! Deadlines by table, and what holds for all of them.

use proptest::prelude::*;

use super::*;
use crate::model::time::Civil;

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

/// Monday to Friday from nine to five.
fn office(name: &str, holidays: &[Holiday]) -> Hours {
    let window = Window { opens: 9 * 3_600, closes: 17 * 3_600 };
    let week = std::array::from_fn(|day| if day < 5 { vec![window] } else { Vec::new() });
    Hours::new(zone(name), week, holidays.to_vec()).unwrap()
}

/// `2026-11-20 16:00` in a zone, whatever its offset is then.
fn at(text: &str, zone: &Zone) -> Time {
    let (date, time) = text.split_once(' ').unwrap();
    let (hour, minute) = time.split_once(':').unwrap();
    let second = hour.parse::<u32>().unwrap() * 3_600 + minute.parse::<u32>().unwrap() * 60;
    Day::parse(date).unwrap().at(second, zone).unwrap()
}

fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3_600)
}

#[test]
fn a_deadline_counts_working_time_only() {
    let christmas = Day::parse("2026-12-25").map(Holiday::Once).unwrap();
    let holidays = [christmas, Holiday::EveryYear { month: 1, day: 1 }];
    let office = office("Europe/Zagreb", &holidays);
    for (from, span, until) in [
        ("2026-11-20 10:00", 2, "2026-11-20 12:00"),
        ("2026-11-20 10:00", 8, "2026-11-23 10:00"),
        ("2026-11-20 10:00", 7, "2026-11-20 17:00"),
        ("2026-11-20 18:00", 1, "2026-11-23 10:00"),
        ("2026-11-21 11:00", 8, "2026-11-23 17:00"),
        ("2026-11-23 07:00", 1, "2026-11-23 10:00"),
        ("2026-12-24 16:00", 2, "2026-12-28 10:00"),
        ("2026-12-31 16:00", 2, "2027-01-04 10:00"),
        ("2027-12-31 16:00", 2, "2028-01-03 10:00"),
        ("2026-11-23 09:00", 40, "2026-11-27 17:00"),
    ] {
        let reached = office.deadline(at(from, &office.zone), hours(span));
        assert_eq!(reached.in_zone(&office.zone), until, "{span} h from {from}");
    }
}

#[test]
fn hours_are_those_of_the_clocks_on_both_sides_of_their_change() {
    let office = office("Europe/Zagreb", &[]);
    // Clocks went back on Sunday 2026-10-25, and go forward on Sunday 2027-03-28.
    for (from, until) in [
        ("2026-10-23 16:00", "2026-10-26T08:30:00Z"),
        ("2027-03-26 16:00", "2027-03-29T07:30:00Z"),
        ("2026-10-22 16:00", "2026-10-23T07:30:00Z"),
    ] {
        let reached = office.deadline(at(from, &office.zone), Duration::from_secs(90 * 60));
        assert_eq!(reached.rfc3339(), until, "from {from}");
    }
    // Whole days, of which one lasts 23 hours and one 25; the holiday is far away.
    let never = [Holiday::EveryYear { month: 8, day: 15 }];
    let days = Hours::new(zone("Europe/Zagreb"), std::array::from_fn(|_| vec![Window::WHOLE_DAY]), never.to_vec()).unwrap();
    for (from, until) in [("2027-03-28 00:00", "2027-03-29 01:00"), ("2026-10-25 00:00", "2026-10-25 23:00")] {
        let reached = days.deadline(at(from, &days.zone), hours(24));
        assert_eq!(reached.in_zone(&days.zone), until, "a day from {from}");
    }
}

#[test]
fn several_windows_and_those_that_overlap_are_counted_once() {
    let window = |from: u32, until: u32| Window { opens: from * 3_600, closes: until * 3_600 };
    let week = std::array::from_fn(|_| vec![window(14, 18), window(8, 12), window(10, 13)]);
    let hours_of = Hours::new(Zone::default(), week, Vec::new()).unwrap();
    let from = at("2026-11-20 09:00", &hours_of.zone);
    for (span, until) in [(4, "2026-11-20 13:00"), (5, "2026-11-20 15:00"), (8, "2026-11-20 18:00"), (9, "2026-11-21 09:00")] {
        assert_eq!(hours_of.deadline(from, hours(span)).in_zone(&hours_of.zone), until, "{span} h");
    }
}

#[test]
fn hours_that_never_open_are_none_and_those_that_hardly_do_end() {
    assert!(Hours::new(Zone::default(), Week::default(), Vec::new()).is_none());
    let empty = std::array::from_fn(|_| vec![Window { opens: 3_600, closes: 3_600 }]);
    assert!(Hours::new(Zone::default(), empty, Vec::new()).is_none());
    let mut always = Vec::new();
    for month in 1..=12 {
        always.extend((1..=31).map(|day| Holiday::EveryYear { month, day }));
    }
    let days = || std::array::from_fn(|_| vec![Window::WHOLE_DAY]);
    assert!(Hours::new(Zone::default(), days(), always.clone()).is_none());
    // Only one day in four years is left, and soon enough nobody looks any farther.
    always.retain(|holiday| *holiday != Holiday::EveryYear { month: 2, day: 29 });
    let closed = Hours::new(Zone::default(), days(), always).unwrap();
    assert_eq!(closed.deadline(Time(0), hours(25)).rfc3339(), "1976-02-29T01:00:00Z");
    assert!(closed.deadline(Time(0), hours(1_000)) > closed.deadline(Time(0), hours(100)));
    for beyond in [Time(i64::MIN), Time(i64::MAX), Time(253_402_207_100_000_000)] {
        assert!(closed.deadline(beyond, hours(1)) >= beyond);
    }
}

#[test]
fn hours_are_told_as_they_are_written() {
    let mut week = office("UTC", &[]).week;
    week[5] = vec![Window { opens: 13 * 3_600 + 1_800, closes: 86_400 }, Window { opens: 36_000, closes: 43_200 }];
    let hours = Hours::new(Zone::default(), week, Vec::new()).unwrap();
    assert_eq!(hours.to_string(), "mon-fri 09:00-17:00, sat 10:00-12:00, sat 13:30-24:00");
    assert_eq!(Hours::default().to_string(), "mon-sun 00:00-24:00");
}

#[test]
fn round_the_clock_is_plain_addition() {
    let civil = Civil { year: 2027, month: 3, day: 28, time: (0, 0, 0), offset: 0 };
    let from = Time::of_civil(civil).unwrap();
    let always = Hours::round_the_clock(zone("Europe/Zagreb"));
    assert_eq!(always.deadline(from, hours(24)), from.plus(hours(24)));
    assert!(always.is_open(from));
}

/// Hours of all kinds, in zones whose clocks change at midnight, by half an hour, or by a whole day.
fn any_hours() -> impl Strategy<Value = Hours> {
    let zones = ["UTC", "Europe/Zagreb", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"];
    let window =
        (0_u32..96, 1_u32..=96).prop_map(|(opens, length)| Window { opens: opens * 900, closes: (opens + length).min(96) * 900 });
    let week = proptest::collection::vec(proptest::collection::vec(window, 0..3), 7);
    let holiday = (1_u8..=12, 1_u8..=31).prop_map(|(month, day)| Holiday::EveryYear { month, day });
    let parts = (proptest::sample::select(zones.to_vec()), week, proptest::collection::vec(holiday, 0..5));
    parts.prop_filter_map("never open", |(name, week, holidays)| Hours::new(zone(name), week.try_into().unwrap(), holidays))
}

/// From 1998 to 2033, and spans of up to a fortnight.
fn any_time() -> impl Strategy<Value = Time> {
    (900_000_000_i64..2_000_000_000).prop_map(|second| Time(second * 1_000_000))
}

proptest! {
    #[test]
    fn deadlines_grow_with_the_beginning_and_with_the_span(hours in any_hours(), from in any_time(), later in 0_u64..900_000, span in 0_u64..1_200_000, more in 0_u64..900_000) {
        let seconds = Duration::from_secs;
        let until = hours.deadline(from, seconds(span));
        prop_assert!(from <= until);
        prop_assert!(until <= hours.deadline(from.plus(seconds(later)), seconds(span)));
        prop_assert!(until <= hours.deadline(from, seconds(span + more)));
    }

    #[test]
    fn a_span_can_be_counted_in_two_parts(hours in any_hours(), from in any_time(), first in 1_u64..900_000, second in 0_u64..900_000) {
        let (first, second) = (Duration::from_secs(first), Duration::from_secs(second));
        prop_assert_eq!(hours.deadline(hours.deadline(from, first), second), hours.deadline(from, first + second));
    }

    #[test]
    fn a_deadline_lies_within_working_hours(hours in any_hours(), from in any_time(), span in 1_u64..900_000) {
        let until = hours.deadline(from, Duration::from_secs(span));
        prop_assert!(hours.is_open(Time(until.0 - 1)), "{}", until.in_zone(&hours.zone));
    }
}
