//! The files of an arrival: numbered for people, and taken out one at a time.
//!
//! They are found by reading the mail again, as it was read when it came, so a mail that is held has them as well; the numbers are
//! those that notices name. A limit of `[limits]` that was changed since may hide a file that had one.

use std::io::Write;

use serde::Serialize;

use super::super::table::octets;
use super::super::{Code, Ended, Trouble, settled};
use super::no_such_arrival;
use crate::decide::parse::parse;
use crate::model::desk::Limits;
use crate::model::message::Attachment;
use crate::model::transfer;
use crate::store::Store;

/// A file as `arrival show` tells of it.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// What `arrival file` calls it.
    number: usize,
    name: String,
    media_type: String,
    size: i64,
}

impl Line {
    /// In words.
    pub(super) fn told(&self) -> String {
        format!("{}: {} ({}, {})", self.number, self.name, self.media_type, octets(self.size))
    }
}

/// The files of an arrival; none where its original cannot be had just now.
pub(super) async fn of(store: &Store, id: i64, limits: &Limits) -> Vec<Line> {
    let Ok(Some(raw)) = store.raw(id).await else { return Vec::new() };
    let line =
        |(number, file): (usize, Attachment)| Line { number, name: file.name, media_type: file.media_type, size: file.size };
    (1..).zip(parse(&raw, limits).attachments).map(line).collect()
}

/// Writes a file of an arrival, decoded, and nothing else. Its octets are foreign: a terminal should not be shown them.
///
/// # Errors
/// [`Code::Input`] when there is no arrival of this number, or no such file in it.
pub async fn file(store: &Store, id: i64, number: usize, limits: &Limits, out: &mut dyn Write) -> Result<(), Trouble> {
    let raw = store.raw(id).await?.ok_or_else(|| no_such_arrival(id))?;
    let files = parse(&raw, limits).attachments;
    let file = number.checked_sub(1).and_then(|index| files.get(index)).ok_or_else(|| no_such_file(id, number, files.len()))?;
    settled(out.write_all(&content(file, &raw)).and_then(|()| out.flush()).map_err(Ended::from))
}

fn no_such_file(id: i64, number: usize, count: usize) -> Trouble {
    let there = match count {
        0 => "has no files".to_owned(),
        1 => "has one file, number 1".to_owned(),
        _ => format!("has files 1 to {count}"),
    };
    Trouble::new(Code::Input, format!("there is no file {number}: arrival {id} {there}; `postdesk arrival show {id}` names them"))
}

/// The octets that its author attached.
fn content(file: &Attachment, raw: &[u8]) -> Vec<u8> {
    let place = |octet: i64| usize::try_from(octet).unwrap_or_default().min(raw.len());
    let (start, end) = (place(file.start), place(file.end));
    let part = transfer::decoded(raw.get(start..end).unwrap_or_default(), file.encoding);
    match &file.inner {
        Some(inner) => transfer::within(&part, inner).into_owned(),
        None => part.into_owned(),
    }
}
