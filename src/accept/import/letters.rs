//! The second reading: each mail as it was written, in the order of time, with all that custody wants to know of it.
//!
//! It goes on in a thread of its own while the batch before is committed. An archive that somebody writes to meanwhile is no harm: a mail
//! of an mbox is taken only where the line before it still stands.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use memchr::memchr;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::files::Kind;
use super::mbox::unescaped;
use super::separator::time_of;
use super::survey::Record;
use super::{Gauge, Options, Reason, Survey, Told};
use crate::accept::pipe::with_crlf;
use crate::decide::envelope::envelope_of_archived;
use crate::decide::parse::header_of;
use crate::model::arrival::{Incoming, Peer, Source};
use crate::model::desk::Desk;
use crate::model::ledger::Entry;
use crate::model::seal::{sha256, sha256_of_pieces};
use crate::model::time::Time;

/// Mails in one commit.
const BATCH: usize = 64;
/// KiB in one commit.
const BATCH_SIZE: u32 = 4 * 1024;
/// KiB of mail in memory, over all batches. A mail that is larger has it alone.
const ROOM: u32 = 2 * BATCH_SIZE;
/// mboxes that are open at a time.
const OPEN: usize = 16;

/// A mail for one department, ready for custody.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) incoming: Incoming,
    /// SHA-256 of its octets.
    pub(super) digest: [u8; 32],
    /// Its content key.
    pub(super) content: [u8; 32],
    /// What it is known by in the ledger.
    pub(super) entry: [u8; 32],
}

/// Some mails that belong into one commit.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) letters: Vec<Letter>,
    /// What of the archive is dealt with when they are: octets of it, and mails.
    pub(super) octets: u64,
    pub(super) mails: u64,
    /// What it takes of the room, until it is dropped.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

impl Batch {
    fn size(&self) -> usize {
        self.room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

/// Reads the mails and hands them over until all are read, nobody takes them any more, or the gauge is stopped. It blocks.
pub(super) fn read_all(survey: &Survey, options: &Options, desk: &Desk, gauge: &Gauge, batches: &mpsc::Sender<Batch>) -> Told {
    let mut reading = Reading { survey, options, desk, told: Told::default(), open: Vec::new() };
    let room = Arc::new(Semaphore::new(ROOM as usize));
    let mut batch = Batch::default();
    for record in &survey.records {
        let size = (record.length / 1_024 + 1).min(ROOM);
        let mut permit = Arc::clone(&room).try_acquire_many_owned(size).ok();
        if permit.is_none() || batch.letters.len() >= BATCH || batch.size() + size as usize > BATCH_SIZE as usize {
            // Before it is waited for room: what fills it may stand in this very batch.
            if gauge.is_stopped() || batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                return reading.told;
            }
        }
        if permit.is_none() {
            permit = Handle::current().block_on(Arc::clone(&room).acquire_many_owned(size)).ok();
        }
        match (&mut batch.room, permit) {
            (Some(room), Some(permit)) => room.merge(permit),
            (room, permit) => *room = permit,
        }
        batch.letters.extend(reading.letters(record));
        batch.octets += u64::from(record.length);
        batch.mails += 1;
    }
    // Whoever takes no more says why.
    let _ = batches.blocking_send(batch);
    reading.told
}

struct Reading<'a> {
    survey: &'a Survey,
    options: &'a Options,
    desk: &'a Desk,
    told: Told,
    /// mboxes by the numbers of their files, the one that was opened last at the end.
    open: Vec<(u32, File)>,
}

impl Reading<'_> {
    /// A mail, once for each department that it is for; empty and told when it cannot be taken.
    fn letters(&mut self, record: &Record) -> Vec<Letter> {
        let Some((path, kind)) = self.survey.files.get(record.file) else { return Vec::new() };
        let raw = match kind {
            Kind::Mail => self.whole(&path).map(|octets| Some(with_crlf(without_line_before(&octets)))),
            Kind::Mbox => self.range(&path, record),
        };
        let most = self.options.max_message_size;
        let offset = (kind == Kind::Mbox).then_some(record.offset);
        let reason = match raw {
            Ok(Some(raw)) if raw.len() <= most => return self.addressed(raw, Time(record.at)),
            Ok(Some(_)) => Reason::TooLarge(most),
            Ok(None) => Reason::Changed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Reason::Changed,
            Err(error) => Reason::Unreadable(error.to_string()),
        };
        self.told.tell(&path, offset, reason);
        Vec::new()
    }

    /// A file, and no more of it than shows that it is too large.
    fn whole(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        let most = (self.options.max_message_size as u64).saturating_add(1_024);
        File::open(path)?.take(most).read_to_end(&mut octets)?;
        Ok(octets)
    }

    /// A mail of an mbox; `None` when it is not there any more.
    fn range(&mut self, path: &Path, record: &Record) -> io::Result<Option<Vec<u8>>> {
        let mut octets = vec![0; record.length as usize];
        match self.file(record.file, path)?.read_exact_at(&mut octets, record.offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let begin = memchr(b'\n', &octets).map_or(octets.len(), |end| end + 1);
        if !is_line_before(&octets[..begin]) {
            return Ok(None);
        }
        octets.drain(..begin);
        Ok(Some(with_crlf(&unescaped(octets))))
    }

    fn file(&mut self, number: u32, path: &Path) -> io::Result<&File> {
        let at = match self.open.iter().position(|(open, _)| *open == number) {
            Some(at) => at,
            None => {
                let file = File::open(path)?;
                if self.open.len() >= OPEN {
                    self.open.remove(0);
                }
                self.open.push((number, file));
                self.open.len() - 1
            }
        };
        Ok(&self.open[at].1)
    }

    fn addressed(&self, raw: Vec<u8>, received_at: Time) -> Vec<Letter> {
        let mail = header_of(&raw, &self.desk.limits);
        let envelope = envelope_of_archived(&mail, self.options.department.as_deref(), self.desk);
        let digest = sha256(&raw);
        let letter = |(raw, department): (Vec<u8>, (String, Vec<_>))| {
            let entry = sha256_of_pieces(&[&mail.content_key, department.0.as_bytes()]);
            let incoming = Incoming {
                raw,
                sender: envelope.sender.clone(),
                departments: vec![department],
                source: Source::Import,
                archived: true,
                peer: Peer::default(),
                received_at,
                entry: Some(Entry::Archive(entry)),
            };
            Letter { incoming, digest, content: mail.content_key, entry }
        };
        // The octets are copied for a second department only.
        let mut octets = vec![raw; 1];
        while octets.len() < envelope.departments.len() {
            octets.push(octets[0].clone());
        }
        octets.into_iter().zip(envelope.departments).map(letter).collect()
    }
}

fn is_line_before(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    time_of(line.strip_suffix(b"\r").unwrap_or(line)).is_some()
}

/// A mail in a file of its own may still have the line that stood before it in an mbox; it is no field.
fn without_line_before(octets: &[u8]) -> &[u8] {
    let line = memchr(b'\n', octets).map_or(octets.len(), |end| end + 1);
    if octets.starts_with(b"From ") { &octets[line..] } else { octets }
}
