//! `postdesk try`: what would happen with a mail, without anything happening.
//!
//! Whole archives are meant: files are read and parsed on a thread of their own, a batch ahead of what is decided, and the store is asked
//! once a batch. Each mail is decided as if it were the only one. One that cannot be read is told of in its place, the others go on,
//! and the verb ends with [`Code::Input`].

mod archive;
mod json;
mod people;

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use tokio::sync::mpsc;

use super::{Code, Ended, Format, Trouble, View, settled, write_json};
use crate::accept::pipe;
use crate::decide::recall::{Facts, Wanted};
use crate::decide::{Case, Decision, decide};
use crate::process::{House, words};
use crate::store::Store;
use archive::{Archive, Tried};

/// The mails to try and their envelope.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Files, or folders: all files are meant that are in them and below.
    pub files: &'a [PathBuf],
    /// Envelope recipients.
    pub to: &'a [String],
    /// Envelope sender, empty for the null sender; `None` for what each mail says itself.
    pub from: Option<&'a str>,
    /// Octets of one mail.
    pub max_message_size: usize,
}

/// Tries each mail against what is in the store; without a store, against an empty one. The answers come in the order of the files,
/// the files of a folder in that of their names.
///
/// # Errors
/// [`Code::UnknownAddress`] and its like for the envelope, before anything is read; [`Code::Input`], at the end, when a file could not be
/// read.
pub async fn try_mails(
    store: Option<&Store>,
    house: &House,
    attempt: &Attempt<'_>,
    view: &View<'_>,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    let envelope = pipe::incoming(Vec::new(), attempt.from, attempt.to, &house.desk)?;
    // Two batches beside the one in hand are enough for both sides to be busy.
    let (sender, batches) = mpsc::channel(1);
    let (reader, archive) = (house.clone(), Archive::of(attempt, envelope));
    let reading = tokio::task::spawn_blocking(move || archive.read(&reader, &sender));
    let mut unread = 0;
    settled(Trial { store, house, view }.of_all(batches, out, &mut unread).await)?;
    reading.await.map_err(|error| Trouble::new(Code::OurFault, format!("reading the files ended: {error}")))?;
    match unread {
        0 => Ok(()),
        1 => Err(Trouble::new(Code::Input, "one file could not be read")),
        count => Err(Trouble::new(Code::Input, format!("{count} files could not be read"))),
    }
}

/// What every mail is tried against.
struct Trial<'a> {
    store: Option<&'a Store>,
    house: &'a House,
    view: &'a View<'a>,
}

impl Trial<'_> {
    async fn of_all(
        &self,
        mut batches: mpsc::Receiver<Vec<Tried>>,
        out: &mut dyn Write,
        unread: &mut usize,
    ) -> Result<(), Ended> {
        let mut written = Vec::new();
        while let Some(batch) = batches.recv().await {
            written.clear();
            self.of_batch(batch, &mut written, unread).await?;
            out.write_all(&written)?;
            out.flush()?;
        }
        Ok(())
    }

    async fn of_batch(&self, batch: Vec<Tried>, out: &mut Vec<u8>, unread: &mut usize) -> Result<(), Ended> {
        let prepare = |tried: Tried| async move {
            match tried.read {
                Ok(read) => (tried.file, self.house.try_to_prepare(read).await),
                Err(why) => (tried.file, Err(why)),
            }
        };
        let (mut files, mut cases) = (Vec::new(), Vec::new());
        for (file, read) in join_all(batch.into_iter().map(prepare)).await {
            let place = cases.len();
            files.push((file, read.map(|case| cases.push(case)).map(|()| place)));
        }
        let facts = self.facts(&cases).await?;
        for (file, read) in files {
            let decided = read.and_then(|place| Ok((&cases[place], self.decide(&cases[place], &facts)?)));
            *unread += usize::from(decided.is_err());
            self.write(&file, decided, out)?;
        }
        Ok(())
    }

    async fn facts(&self, cases: &[Case]) -> Result<Facts, Ended> {
        match self.store {
            Some(store) => Ok(store.recall(&Wanted::of(cases, &self.house.desk), self.view.now).await?),
            None => Ok(Facts { next_number: 1, ..Facts::default() }),
        }
    }

    /// A mail at which a rule of ours panics is shown as one that cannot be read, and costs no other.
    fn decide(&self, case: &Case, facts: &Facts) -> Result<Decision, String> {
        let deciding = AssertUnwindSafe(|| decide(case, facts, self.house.rules(self.view.now)));
        std::panic::catch_unwind(deciding).map_err(|panic| words(&*panic))
    }

    fn write(&self, file: &Path, decided: Result<(&Case, Decision), String>, out: &mut Vec<u8>) -> Result<(), Ended> {
        match (decided, self.view.format) {
            (Ok((case, decision)), Format::Json) => write_json(&json::object(file, case, &decision, self.view), out)?,
            (Err(why), Format::Json) => write_json(&json::unread(file, &why), out)?,
            (Ok((case, decision)), Format::People(look)) => {
                out.extend_from_slice(people::page(file, case, &decision, self.view, look).as_bytes());
            }
            (Err(why), Format::People(look)) => out.extend_from_slice(people::unread(file, &why, look).as_bytes()),
        }
        Ok(())
    }
}

/// The ticket that the mail belongs to, as people call it.
fn ticket(decision: &Decision, case: &Case, view: &View<'_>) -> Option<String> {
    let department = decision.change.as_ref().map_or(&case.arrival.department, |change| &change.ticket.department);
    decision.ticket.map(|number| view.reference(department, number))
}
