//! What the verbs print of a conversation, without what differs from one run to the next: so that two can be compared.

use serde_json::Value;

use super::desk::Desk;

/// The shortest token, in characters.
const TOKEN: usize = 36;

/// Everything that the verbs print in JSON of a desk with the one ticket SUP-1, each with what was asked.
pub(crate) fn what_is_told(desk: &Desk) -> Vec<(String, Vec<Value>)> {
    let mut told = Vec::new();
    let mut ask = |arguments: &[&str]| {
        let rows = desk.gateway.json(arguments);
        told.push((arguments.join(" "), rows.iter().map(of_any_run).collect()));
        rows
    };
    ask(&["ticket", "list", "--json", "--all"]);
    ask(&["ticket", "show", "SUP-1", "--json"]);
    ask(&["outbox", "list", "--json", "--all"]);
    for arrival in ask(&["arrival", "list", "--json", "--all"]) {
        ask(&["arrival", "show", &arrival["id"].to_string(), "--json"]);
    }
    told
}

/// The same value with times, tokens and the Message-IDs of swaks replaced by what they are.
fn of_any_run(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text_of_any_run(text)),
        Value::Array(values) => values.iter().map(of_any_run).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), of_any_run(value))).collect(),
        other => other.clone(),
    }
}

fn text_of_any_run(text: &str) -> String {
    if text.len() >= 20 && text.parse::<jiff::Timestamp>().is_ok() {
        return "a time".to_owned();
    }
    if text.split_once('.').is_some_and(|(time, _)| time.len() == 14 && time.bytes().all(|digit| digit.is_ascii_digit())) {
        return "a Message-ID of swaks".to_owned();
    }
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let token = |word: &&str| word.len() > TOKEN && word.bytes().all(|octet| !octet.is_ascii_uppercase());
    words.map(|word| if token(&word) { "(token)" } else { word }).collect()
}
