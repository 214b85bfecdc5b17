//! `outbox retry`, `outbox drop` and `outbox hold`: what is to become of notices.
//!
//! Each notice is dealt with in a transaction of its own, so of several numbers the good ones count and the others are told. What is being
//! sent at this moment is nobody's but its sender's.

use std::io::Write;

use serde::Serialize;

use crate::model::time::Time;
use crate::operate::{Code, Ended, Format, Trouble, View, settled, write_json};
use crate::store::Store;
use crate::store::report::outbox::{Granted, Wish};

/// Who the ticket says it was.
const OPERATOR: &str = "operator";

/// Makes notices due at once that wait, are held, have failed or were dropped. The running gateway sends them, with the Message-IDs they
/// always had.
///
/// # Errors
/// [`Code::Input`] when one of them does not exist, has been sent, or is being sent at this moment; the others are done.
pub async fn retry(store: &Store, ids: &[i64], view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    change(store, Wish::Retry, ids, view, out).await
}

/// Drops notices that wait, are held or have failed: they are never sent, and their tickets say so.
///
/// # Errors
/// [`Code::Input`] as for [`retry`], and for one that was dropped already.
pub async fn drop(store: &Store, ids: &[i64], view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    change(store, Wish::Drop, ids, view, out).await
}

/// Holds notices that wait: they are not sent before a [`retry`].
///
/// # Errors
/// [`Code::Input`] as for [`retry`], and for one that would not be sent anyway.
pub async fn hold(store: &Store, ids: &[i64], view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    change(store, Wish::Hold, ids, view, out).await
}

async fn change(store: &Store, wish: Wish, ids: &[i64], view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let mut refused: Vec<String> = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        if ids[..index].contains(id) {
            continue;
        }
        match store.change_notice(*id, wish, OPERATOR, view.now).await? {
            Granted::Done => settled(confirm(*id, wish, view, out))?,
            other => refused.push(why_not(*id, wish, &other, view)),
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Trouble::new(Code::Input, refused.join("\n"))) }
}

fn why_not(id: i64, wish: Wish, granted: &Granted, view: &View<'_>) -> String {
    match granted {
        Granted::Done => String::new(),
        Granted::Unknown => format!("there is no notice {id}; `postdesk outbox list` shows those there are"),
        Granted::Sent if wish == Wish::Retry => {
            format!("notice {id} has been sent: sending it again would be a second mail")
        }
        Granted::Sent => format!("notice {id} has been sent and cannot be called back"),
        Granted::Leased(until) => {
            let until = until.in_zone(view.zone);
            let hint = match wish {
                Wish::Retry => "if it fails, it is tried again by itself".to_owned(),
                Wish::Drop | Wish::Hold => format!("look then with `postdesk outbox show {id}`"),
            };
            format!("notice {id} is being sent, and the sender has until {until}: {hint}")
        }
        Granted::Needless(state) => format!("notice {id} is {state} already: it is not sent unless `postdesk outbox retry {id}`"),
    }
}

/// The answer of `--json`: those fields of the row that have changed.
#[derive(Serialize)]
struct Line {
    id: i64,
    state: &'static str,
    next_attempt_at: Option<Time>,
}

fn confirm(id: i64, wish: Wish, view: &View<'_>, out: &mut dyn Write) -> Result<(), Ended> {
    let (state, next_attempt_at, words) = match wish {
        Wish::Retry => ("due", Some(view.now), "is due now".to_owned()),
        Wish::Drop => ("dropped", None, "is dropped: it is never sent, and its ticket says so".to_owned()),
        Wish::Hold => ("held", None, format!("is held until `postdesk outbox retry {id}`")),
    };
    match view.format {
        Format::Json => write_json(&Line { id, state, next_attempt_at }, out)?,
        Format::People(_) => writeln!(out, "Notice {id} {words}.")?,
    }
    Ok(out.flush()?)
}
