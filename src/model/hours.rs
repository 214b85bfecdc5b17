//! When a department is at work: what a span of time counts in, and its time zone.
//!
//! Hours are told by the clocks of the zone, and counted as they pass: a day on which clocks go forward is an hour shorter. Nothing in here
//! loops for ever, whatever the hours: who would have to wait for longer than some 27 years is answered by plain addition from there.

use std::fmt;
use std::time::Duration;

use super::time::{Day, Time, Zone};

/// Days that are looked at for a deadline: some 27 years.
const FARTHEST: usize = 10_000;

/// A part of a day, in seconds of its clock; the second does not belong to it. 86,400 is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// When work begins.
    pub opens: u32,
    /// When it ends.
    pub closes: u32,
}

impl Window {
    /// From midnight to midnight.
    pub const WHOLE_DAY: Window = Window { opens: 0, closes: 86_400 };
}

/// The windows of each day of the week, Monday first.
pub type Week = [Vec<Window>; 7];

/// A day on which nobody works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holiday {
    /// This day.
    Once(Day),
    /// The day of this month, every year.
    EveryYear {
        /// 1 to 12.
        month: u8,
        /// 1 to 31.
        day: u8,
    },
}

/// Working hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The department's time zone.
    pub zone: Zone,
    week: Week,
    holidays: Vec<Holiday>,
}

impl Default for Hours {
    /// Round the clock, in UTC.
    fn default() -> Self {
        Self::round_the_clock(Zone::default())
    }
}

impl Hours {
    /// Always at work.
    pub fn round_the_clock(zone: Zone) -> Self {
        Self { zone, week: std::array::from_fn(|_| vec![Window::WHOLE_DAY]), holidays: Vec::new() }
    }

    /// These hours; `None` when they never open, or not within 10,000 days of the year 2000.
    pub fn new(zone: Zone, mut week: Week, holidays: Vec<Holiday>) -> Option<Self> {
        for windows in &mut week {
            windows.retain(|window| window.opens < window.closes);
            windows.sort_unstable();
        }
        let hours = Self { zone, week, holidays };
        let first = Day::parse("2000-01-01")?;
        let opens = (0..).take(FARTHEST).any(|days| !hours.windows(first.plus(days)).is_empty());
        opens.then_some(hours)
    }

    /// Whether they never close.
    pub fn are_round_the_clock(&self) -> bool {
        self.holidays.is_empty() && self.week.iter().all(|windows| windows.contains(&Window::WHOLE_DAY))
    }

    /// How many days, and days of each year, are holidays.
    pub fn holidays(&self) -> usize {
        self.holidays.len()
    }

    /// When so much working time will have passed. It lies within working hours; a span that ends as they close ends then.
    pub fn deadline(&self, from: Time, span: Duration) -> Time {
        if self.are_round_the_clock() {
            return from.plus(span);
        }
        // Beyond the calendar there are no days.
        self.counted(from, span).unwrap_or_else(|| from.plus(span))
    }

    fn counted(&self, from: Time, span: Duration) -> Option<Time> {
        let mut left = i64::try_from(span.as_micros()).ok()?;
        let (mut reached, mut day) = (from, from.day_in(&self.zone)?);
        for _ in 0..FARTHEST {
            for window in self.windows(day) {
                // What was counted is not counted again, where windows overlap or a change of clocks moves one into another.
                let begins = reached.max(day.at(window.opens, &self.zone)?);
                let length = day.at(window.closes, &self.zone)?.0.saturating_sub(begins.0);
                if length < 0 {
                    continue;
                }
                if left <= length {
                    return Some(Time(begins.0 + left));
                }
                left -= length;
                reached = Time(begins.0 + length);
            }
            day = day.plus(1);
        }
        Some(Time(reached.0.saturating_add(left)))
    }

    /// Whether it is working time.
    pub fn is_open(&self, at: Time) -> bool {
        let within = |day: Day| {
            self.windows(day).iter().any(|window| {
                let [opens, closes] = [window.opens, window.closes].map(|second| day.at(second, &self.zone));
                opens.is_some_and(|opens| opens <= at) && closes.is_some_and(|closes| at < closes)
            })
        };
        self.are_round_the_clock() || at.day_in(&self.zone).is_some_and(within)
    }

    fn windows(&self, day: Day) -> &[Window] {
        if self.is_holiday(day) { &[] } else { &self.week[day.weekday()] }
    }

    fn is_holiday(&self, day: Day) -> bool {
        if self.holidays.is_empty() {
            return false;
        }
        let date = day.month_and_day();
        self.holidays.iter().any(|holiday| match holiday {
            Holiday::Once(once) => *once == day,
            Holiday::EveryYear { month, day } => date == Some((*month, *day)),
        })
    }
}

/// As they are written in the configuration: `mon-fri 09:00-17:00, sat 10:00-13:00`.
impl fmt::Display for Hours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let clock = |second: u32| format!("{:02}:{:02}", second / 3_600, second / 60 % 60);
        let mut first = 0;
        let mut said = Vec::new();
        for alike in self.week.chunk_by(|one, other| one == other) {
            let last = first + alike.len() - 1;
            let days = if first == last { DAYS[first].to_owned() } else { format!("{}-{}", DAYS[first], DAYS[last]) };
            let windows = alike.first().into_iter().flatten();
            said.extend(windows.map(|window| format!("{days} {}-{}", clock(window.opens), clock(window.closes))));
            first = last + 1;
        }
        formatter.write_str(&said.join(", "))
    }
}

#[cfg(test)]
mod tests;
