//! Points in time. The only user of `jiff`; the clock itself is read at the edges and handed in.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, de};

mod day;
pub use day::Day;

/// A point in time in whole microseconds since 1970-01-01T00:00:00Z, as the store keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// RFC 3339 in UTC with microseconds, for JSON.
    pub fn rfc3339(self) -> String {
        self.timestamp().to_string()
    }

    /// The form of a `Date` field (RFC 5322 section 3.3), in UTC.
    pub fn rfc5322(self) -> String {
        self.timestamp().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }

    /// The date in UTC: `2026-11-12`.
    pub fn date(self) -> String {
        self.timestamp().strftime("%Y-%m-%d").to_string()
    }

    /// Date and time to the minute in a zone, for people.
    pub fn in_zone(self, zone: &Zone) -> String {
        self.timestamp().to_zoned(zone.0.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The date in a zone: `2026-11-12`.
    pub fn date_in(self, zone: &Zone) -> String {
        self.timestamp().to_zoned(zone.0.clone()).strftime("%Y-%m-%d").to_string()
    }

    /// Date and time of day in a zone.
    pub fn civil_in(self, zone: &Zone) -> Civil {
        let there = self.timestamp().to_zoned(zone.0.clone());
        let part = |part: i8| part.unsigned_abs();
        Civil {
            year: there.year(),
            month: part(there.month()),
            day: part(there.day()),
            time: (part(there.hour()), part(there.minute()), part(there.second())),
            offset: there.offset().seconds(),
        }
    }

    /// How long ago it was (or how long until then), in one unit: `3 min ago`, `in 2 h`.
    pub fn relative_to(self, now: Time) -> String {
        let seconds = (now.0 - self.0) / 1_000_000;
        let span = match seconds.unsigned_abs() {
            s @ 0..60 => format!("{s} s"),
            s @ 60..3_600 => format!("{} min", s / 60),
            s @ 3_600..86_400 => format!("{} h", s / 3_600),
            s => format!("{} d", s / 86_400),
        };
        if seconds < 0 { format!("in {span}") } else { format!("{span} ago") }
    }

    /// Whole days since 1970-01-01, for the day that a token carries.
    pub fn day(self) -> u16 {
        u16::try_from(self.0.max(0) / 86_400_000_000).unwrap_or(u16::MAX)
    }

    /// The time that a date, a time of day and a zone mean; `None` for days that the calendar does not have.
    pub fn of_civil(civil: Civil) -> Option<Time> {
        let date = jiff::civil::Date::new(civil.year, i8::try_from(civil.month).ok()?, i8::try_from(civil.day).ok()?).ok()?;
        let [hour, minute, second] = [civil.time.0, civil.time.1, civil.time.2].map(|part| i8::try_from(part).unwrap_or(i8::MAX));
        let at = date.to_datetime(jiff::civil::Time::new(hour, minute, second, 0).ok()?);
        let there = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(Time(there.as_microsecond()).minus_seconds(civil.offset))
    }

    fn minus_seconds(self, seconds: i32) -> Time {
        Time(self.0.saturating_sub(i64::from(seconds) * 1_000_000))
    }

    /// This time and a span.
    pub fn plus(self, span: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This time less a span.
    pub fn minus(self, span: Duration) -> Time {
        Time(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Whole seconds from an earlier time to this one; 0 when it is not earlier.
    pub fn seconds_since(self, earlier: Time) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0) / 1_000_000).unwrap_or_default()
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// A date and time as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// The year, in full.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// Hour, minute and second.
    pub time: (u8, u8, u8),
    /// Seconds east of Greenwich.
    pub offset: i32,
}

/// A time zone; handed in like the clock.
#[derive(Debug, Clone)]
pub struct Zone(jiff::tz::TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }
}

impl Zone {
    /// The zone of an IANA name, whatever its case: `Europe/Zagreb`. The system's database is asked, and where there is none our own.
    pub fn named(name: &str) -> Option<Self> {
        jiff::tz::db().get(name).ok().filter(|zone| zone.iana_name().is_some()).map(Self)
    }

    /// Every name that is known.
    pub fn names() -> Vec<String> {
        jiff::tz::db().available().map(|name| name.to_string()).collect()
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone this machine is set to. For the edges: it reads the environment.
    pub fn of_this_machine() -> Self {
        Self(jiff::tz::TimeZone::system())
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
            Err(before) => Time(-i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX)),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    /// Reads what [`Time::rfc3339`] writes.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let stamp: jiff::Timestamp = text.parse().map_err(|_| de::Error::custom(format!("`{text}` is no time of RFC 3339")))?;
        Ok(Time(stamp.as_microsecond()))
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}
