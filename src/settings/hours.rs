//! `time_zone`, `business_hours` and `holidays` of a department: when it is at work.

use super::document::Node;
use super::table::Table;
use super::value::{self, Read};
use crate::model::hours::{Holiday, Hours, Week, Window};
use crate::model::suggestion::nearest;
use crate::model::time::{Day, Zone};

/// Names of the days, as they are written, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads the hours of a department: round the clock in UTC, unless it says otherwise.
pub(super) fn hours(table: &Table<'_>) -> Hours {
    let zone = table.optional("time_zone", zone).unwrap_or_default();
    let spells = table.list("business_hours", spell);
    let holidays: Vec<Holiday> = table.list("holidays", holiday).into_iter().map(|(holiday, _)| holiday).collect();
    if table.has_empty_list("business_hours") {
        table
            .report
            .fault(&table.place("business_hours"), "is empty, so nothing would ever be due; remove it for round the clock");
    }
    // Of a list that is wrong, each fault has been told.
    let mut week: Week = if spells.is_empty() { std::array::from_fn(|_| vec![Window::WHOLE_DAY]) } else { Week::default() };
    for (spell, _) in &spells {
        for (day, windows) in week.iter_mut().enumerate() {
            if spell.days[day] {
                windows.push(spell.window);
            }
        }
    }
    Hours::new(zone.clone(), week, holidays).unwrap_or_else(|| {
        table.report.fault(&table.place("holidays"), "leaves no day to work on; remove some");
        Hours::round_the_clock(zone)
    })
}

fn zone(node: &Node) -> Read<Zone> {
    let name = value::text(node)?;
    Zone::named(&name).ok_or_else(|| {
        let names = Zone::names();
        match nearest(&name, names.iter().map(String::as_str)) {
            Some(near) => format!("`{name}` is no time zone that is known; did you mean `{near}`?"),
            None => format!("`{name}` is no time zone that is known; write its IANA name, such as \"Europe/Zagreb\" or \"UTC\""),
        }
    })
}

/// Some days of the week, and the hours of each of them.
struct Spell {
    days: [bool; 7],
    window: Window,
}

fn spell(node: &Node) -> Read<Spell> {
    let text = value::text(node)?.to_lowercase();
    let wanted = || {
        format!("`{text}` is no working time; write days and hours, such as \"mon-fri 09:00-17:00\" or \"sat,sun 10:00-13:00\"")
    };
    let (days, hours) = text.split_once(' ').ok_or_else(wanted)?;
    let days = days_of(days).ok_or_else(wanted)?;
    let (opens, closes) = hours.trim().split_once('-').ok_or_else(wanted)?;
    let (opens, closes) = clock(opens).zip(clock(closes)).ok_or_else(wanted)?;
    if opens >= closes {
        return Err(format!(
            "`{text}` ends before it begins; what goes past midnight is written as two, until 24:00 and from 00:00 of the next day"
        ));
    }
    Ok(Spell { days, window: Window { opens, closes } })
}

/// `mon`, `mon-fri`, `sat-mon`, `mon,wed-fri`.
fn days_of(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for range in text.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let named = |name: &str| DAYS.iter().position(|day| *day == name);
        let (first, last) = (named(first)?, named(last)?);
        let length = (last + 7 - first) % 7;
        (0..=length).for_each(|offset| days[(first + offset) % 7] = true);
    }
    Some(days)
}

/// `09:00`, `9:00`, `24:00`, in seconds.
fn clock(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse::<u32>().ok())?;
    let (hour, minute) = (number(hour)?, number(minute).filter(|_| minute.len() == 2)?);
    let second = hour * 3_600 + minute * 60;
    (hour <= 24 && minute < 60 && second <= 86_400).then_some(second)
}

/// `2026-12-25`, or `12-25` of every year.
fn holiday(node: &Node) -> Read<Holiday> {
    let text = value::text(node)?;
    // A leap year, so that the 29th of February is a day.
    let every_year = || Day::parse(&format!("2024-{text}"))?.month_and_day();
    let yearly = || every_year().map(|(month, day)| Holiday::EveryYear { month, day });
    Day::parse(&text).map(Holiday::Once).or_else(yearly).ok_or_else(|| {
        format!(
            "`{text}` is no day; write year-month-day, such as \"2026-12-25\", or month-day for every year, such as \"12-25\""
        )
    })
}
