//! `[retention]`: how long what has ended is kept.

use std::time::Duration;

use super::document::{Node, Value};
use super::table::Table;
use super::value::{self, Read};
use crate::store::retention::{Age, Options};

const DAY: u64 = 86_400;
/// The shortest age: what ended today is looked at today.
const SHORTEST: Duration = Duration::from_secs(DAY);
/// The longest age, which keeps sums of times far from overflow.
const LONGEST: Duration = Duration::from_secs(100 * 366 * DAY);

/// Reads `[retention]`. What has no key is kept for ever.
pub(super) fn retention(table: &Table<'_>) -> Options {
    let options = Options {
        closed: table.optional("closed", age),
        raw: table.optional("raw", age),
        held: table.optional("held", age),
        other: table.optional("other", age),
        sent: table.optional("sent", age),
    };
    table.finish(&[]);
    options
}

/// An age: a whole number of days, weeks or years of 365 days.
fn age(node: &Node) -> Read<Age> {
    const WANTED: &str = "takes an age such as \"90d\", \"12w\" or \"2y\"";
    let Value::Text(text) = &node.value else {
        return Err(format!("{WANTED}, not {}; without the key it is kept for ever", node.value.kind()));
    };
    let (digits, unit) = value::split_unit(text);
    let days: Option<u64> = match unit {
        "d" => Some(1),
        "w" => Some(7),
        "y" => Some(365),
        _ => None,
    };
    let seconds = days.zip(digits.parse::<u64>().ok()).and_then(|(days, count)| count.checked_mul(days * DAY));
    match seconds.map(Duration::from_secs) {
        Some(span) if span < SHORTEST => {
            Err("is shorter than a day; write more, or remove what should go at once by hand".to_owned())
        }
        Some(span) if span > LONGEST => Err("is longer than a hundred years; remove the key, and it is kept for ever".to_owned()),
        Some(span) => Ok(Age { span, written: format!("{digits}{unit}") }),
        None => Err(format!("{WANTED}, not `{text}`; without the key it is kept for ever")),
    }
}
