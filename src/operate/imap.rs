//! `imap status`: how the accounts are from which mail is fetched, as the store knows it.
//!
//! It asks no server, and needs no running gateway: what was reported is read against the time, so that a gateway that is dead shows as
//! accounts that nobody looks after. It ends with 69 when an account needs somebody, for whoever watches.

use std::io::Write;

use serde::Serialize;

use super::table::{self, Cell, Look, Tone};
use super::{Code, Ended, Format, Trouble, View, settled, write_json};
use crate::accept::imap::Account;
use crate::model::account::{AccountRow, Standing};
use crate::model::time::Time;
use crate::store::Store;

/// The titles of the columns.
const TITLES: &[&str] = &["account", "state", "last success", "next attempt", "behind", "undone", "too large", "last error"];
/// Columns that the words about one account are set in by.
const INDENT: usize = 4;

/// Writes how each configured account is.
///
/// # Errors
/// [`Code::Unavailable`] when an account is in alarm, or nobody looks after one; the answer is written all the same.
pub async fn status(store: &Store, accounts: &[Account], view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let rows = store.accounts().await?;
    let known = |account: &Account| rows.iter().find(|row| row.name == account.name);
    let lines: Vec<Line> = accounts.iter().map(|account| Line::new(account, known(account), view.now)).collect();
    settled(write(&lines, view, out))?;
    let troubled: Vec<String> = lines.iter().filter(|line| line.standing.needs_a_person()).map(Line::short).collect();
    if troubled.is_empty() {
        return Ok(());
    }
    Err(Trouble::new(Code::Unavailable, format!("no mail comes from: {}", troubled.join(", "))))
}

/// An account and what is known of it.
struct Line<'a> {
    account: &'a Account,
    row: Option<&'a AccountRow>,
    standing: Standing,
}

/// A line of `imap status --json`.
#[derive(Serialize)]
struct Json<'a> {
    account: &'a str,
    state: &'static str,
    needs_attention: bool,
    host: &'a str,
    port: u16,
    folders: &'a [String],
    last_success_at: Option<Time>,
    failing_since: Option<Time>,
    last_error: Option<&'a str>,
    last_error_at: Option<Time>,
    next_attempt_at: Option<Time>,
    behind: Option<i64>,
    undone: Option<i64>,
    left_there: Option<i64>,
    updated_at: Option<Time>,
}

impl<'a> Line<'a> {
    fn new(account: &'a Account, row: Option<&'a AccountRow>, now: Time) -> Self {
        Self { account, row, standing: Standing::of(row, now) }
    }

    fn short(&self) -> String {
        format!("{} ({})", self.account.name, self.standing.name())
    }

    fn json(&self) -> Json<'a> {
        let row = self.row;
        Json {
            account: &self.account.name,
            state: self.standing.name(),
            needs_attention: self.standing.needs_a_person(),
            host: &self.account.host,
            port: self.account.port,
            folders: &self.account.folders,
            last_success_at: row.and_then(|row| row.last_success_at),
            failing_since: row.and_then(|row| row.failing_since),
            last_error: row.and_then(|row| row.last_error.as_deref()),
            last_error_at: row.and_then(|row| row.last_error_at),
            next_attempt_at: row.and_then(|row| row.next_attempt_at),
            behind: row.and_then(|row| row.behind),
            undone: row.and_then(|row| row.undone),
            left_there: row.and_then(|row| row.left_there),
            updated_at: row.map(|row| row.updated_at),
        }
    }

    fn cells(&self, view: &View<'_>) -> Vec<Cell> {
        let row = self.row;
        let ago = |time: Option<Time>, none: &str| match time {
            Some(time) => Cell::new(&time.relative_to(view.now)),
            None => Cell::toned(none, Tone::Quiet),
        };
        let count = |count: Option<i64>| count.map_or_else(|| Cell::toned("?", Tone::Quiet), Cell::number);
        let error = row.and_then(|row| row.last_error_at.zip(row.last_error.as_deref()));
        let error = error.map(|(at, error)| format!("{}: {error}", at.relative_to(view.now)));
        // What is due by now is being done, or will never be by a gateway that is dead.
        let next = row.and_then(|row| row.next_attempt_at).filter(|next| *next > view.now);
        vec![
            Cell::toned(&self.account.name, Tone::Title),
            Cell::toned(self.standing.name(), tone(self.standing)),
            ago(row.and_then(|row| row.last_success_at), "never"),
            ago(next, "–"),
            count(row.and_then(|row| row.behind)),
            count(row.and_then(|row| row.undone)),
            count(row.and_then(|row| row.left_there)),
            Cell::toned(error.as_deref().unwrap_or("–"), Tone::Quiet),
        ]
    }

    /// What is to be said of an account that is not as it should be; a table has no room for it.
    fn words(&self, view: &View<'_>) -> Option<String> {
        let row = self.row;
        let since = |time: Option<Time>| {
            time.map_or_else(|| "for an unknown time".to_owned(), |time| format!("since {}", view.moment(time)))
        };
        let words = match self.standing {
            Standing::Well | Standing::Connecting => return None,
            Standing::Partly => "Mail is taken, but something cannot be done.".to_owned(),
            Standing::Waiting => format!("Without success {}.", since(row.and_then(|row| row.failing_since))),
            Standing::Alarm => format!("Without success {}: nothing is fetched.", since(row.and_then(|row| row.failing_since))),
            Standing::Stale => {
                format!("Nobody looks after it {}: no gateway runs, or it hangs.", since(row.map(|row| row.updated_at)))
            }
            Standing::Never => "Nobody has ever looked after it: start the gateway anew with this configuration.".to_owned(),
        };
        let error = row.and_then(|row| row.last_error_at.zip(row.last_error.as_deref()));
        let error = error.map(|(at, error)| format!("\n{}: {error}", view.moment(at)));
        Some(words + &error.unwrap_or_default())
    }
}

fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Well => Tone::Good,
        Standing::Connecting => Tone::Quiet,
        Standing::Partly | Standing::Waiting => Tone::Waiting,
        Standing::Alarm | Standing::Stale | Standing::Never => Tone::Wrong,
    }
}

fn write(lines: &[Line<'_>], view: &View<'_>, out: &mut dyn Write) -> Result<(), Ended> {
    match view.format {
        Format::Json => {
            for line in lines {
                write_json(&line.json(), out)?;
            }
        }
        Format::People(_) if lines.is_empty() => {
            out.write_all(b"No accounts: the configuration has no [[imap]].\n")?;
        }
        Format::People(look) => out.write_all(pictured(lines, look, view).as_bytes())?,
    }
    Ok(out.flush()?)
}

fn pictured(lines: &[Line<'_>], look: Look, view: &View<'_>) -> String {
    let mut page = table::table(TITLES, lines.iter().map(|line| line.cells(view)).collect(), look);
    for line in lines {
        if let Some(words) = line.words(view) {
            page.push('\n');
            page.push_str(&look.shown(&line.short(), tone(line.standing)));
            page.push('\n');
            page.push_str(&table::indented(&words, INDENT, look));
        }
    }
    page
}
