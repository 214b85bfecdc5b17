//! `arrival release`, `arrival retry` and `arrival discard`: what is to become of held mail.
//!
//! Each mail is dealt with in a transaction of its own, so of several numbers the good ones count and the others are told. A running gateway
//! takes up what was released or is to be tried again; without one it waits for the next start.

use std::io::Write;

use serde::Serialize;

use super::{Code, Ended, Format, Trouble, View, settled, write_json};
use crate::decide::{Action, Operation};
use crate::store::Store;
use crate::store::held::Operated;

/// Who the trace says it was.
const OPERATOR: &str = "operator";

/// Does the same to each of these arrivals, and says for each what was done.
///
/// # Errors
/// [`Code::Input`] when one of them does not exist, is not held, or cannot be released, or the ticket does not exist; the others are done.
pub async fn operate(store: &Store, action: Action, ids: &[i64], view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let mut refused: Vec<String> = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        if ids[..index].contains(id) {
            continue;
        }
        let operation = Operation { arrival: *id, action, by: OPERATOR.to_owned() };
        match store.operate(&operation, view.now).await? {
            Operated::Done => settled(confirm(&operation, view, out))?,
            other => refused.push(why_not(&operation, &other)),
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Trouble::new(Code::Input, refused.join("\n"))) }
}

fn why_not(operation: &Operation, operated: &Operated) -> String {
    let id = operation.arrival;
    match operated {
        Operated::Done => String::new(),
        Operated::Unknown => {
            format!("there is no arrival {id}; `postdesk arrival list --outcome held` shows what is held")
        }
        Operated::NotHeld(None) => {
            format!(
                "arrival {id} is pending: the gateway decides it, so there is nothing to do; look again with `postdesk arrival show {id}`"
            )
        }
        Operated::NotHeld(Some(outcome)) => {
            format!("arrival {id} is not held but ended as `{outcome}`; `postdesk arrival show {id}` tells why")
        }
        Operated::NoSender => format!(
            "arrival {id} names no sender, so nobody could be answered and it cannot be released: read it with `postdesk arrival raw {id}`, \
             or `postdesk arrival discard {id}`"
        ),
        Operated::NoSuchTicket => {
            let ticket = match operation.action {
                Action::Release { onto } => onto.unwrap_or_default(),
                Action::Retry | Action::Discard => 0,
            };
            format!(
                "there is no ticket {ticket} that arrival {id} could be released onto; `postdesk ticket list` shows those there are"
            )
        }
    }
}

/// A line of `--json`.
#[derive(Serialize)]
struct Line {
    id: i64,
    action: &'static str,
    onto: Option<i64>,
}

fn confirm(operation: &Operation, view: &View<'_>, out: &mut dyn Write) -> Result<(), Ended> {
    let id = operation.arrival;
    let (action, onto, words) = match operation.action {
        Action::Release { onto: Some(number) } => {
            ("release", Some(number), format!("is released onto ticket {number}; the gateway takes it up"))
        }
        Action::Release { onto: None } => ("release", None, "is released; the gateway takes it up".to_owned()),
        Action::Retry => ("retry", None, "is decided again by the gateway".to_owned()),
        Action::Discard => ("discard", None, "is discarded; its original is kept".to_owned()),
    };
    match view.format {
        Format::Json => write_json(&Line { id, action, onto }, out)?,
        Format::People(_) => writeln!(out, "Arrival {id} {words}.")?,
    }
    Ok(out.flush()?)
}
