//! Dates as a language writes them, in the zone of the reader.

use super::Voice;
use crate::model::time::{Civil, Time};

impl Voice<'_> {
    /// Date and time of day.
    pub fn date(&self, time: Time) -> String {
        self.civil("date", time)
    }

    /// The date alone.
    pub fn day(&self, time: Time) -> String {
        self.civil("date.day", time)
    }

    /// When something is due: with the day of the week.
    pub fn due(&self, time: Time) -> String {
        self.civil("date.due", time)
    }

    fn civil(&self, pattern: &str, time: Time) -> String {
        let civil = time.civil_in(self.zone);
        let (month, weekday) = (format!("month.{}", civil.month), format!("weekday.{}", weekday(civil)));
        let (year, day) = (civil.year.to_string(), civil.day.to_string());
        let (hour, minute) = (format!("{:02}", civil.time.0), format!("{:02}", civil.time.1));
        let month = self.say(&month, &[]);
        let weekday = self.say(&weekday, &[]);
        let values = [
            ("year", year.as_str()),
            ("month", &month),
            ("day", &day),
            ("weekday", &weekday),
            ("hour", &hour),
            ("minute", &minute),
        ];
        self.say(pattern, &values)
    }
}

/// 1 for Monday to 7 for Sunday (ISO 8601), by the rule of Sakamoto.
fn weekday(civil: Civil) -> u16 {
    const SHIFT: [i32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let month = usize::from(civil.month.clamp(1, 12));
    let year = i32::from(civil.year) - i32::from(month < 3);
    let sunday_is_0 =
        year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + SHIFT[month - 1] + i32::from(civil.day);
    match u16::try_from(sunday_is_0.rem_euclid(7)) {
        Ok(0) | Err(_) => 7,
        Ok(day) => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_the_week_is_that_of_the_calendar() {
        let day = |year, month, day| weekday(Civil { year, month, day, time: (0, 0, 0), offset: 0 });
        // A Sunday, the leap day of a century that has one, a Thursday, a Saturday.
        assert_eq!([day(2026, 11, 22), day(2000, 2, 29), day(1970, 1, 1), day(2028, 1, 1)], [7, 2, 4, 6]);
    }
}
