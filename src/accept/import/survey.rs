//! The first reading: which mails there are, and when each was written.
//!
//! The time of a mail is that of its Date field; where that is missing or absurd, the one in the line before it in an mbox, where the server
//! that wrote the mbox noted when it had the mail; else when its file was last changed. It never lies in the future.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use super::files::{Files, Kind, refused};
use super::mbox::{Part, Splitter};
use super::separator::LONGEST;
use super::{Gauge, Options, Reason, Told};
use crate::decide::parse::header_of;
use crate::model::desk::Limits;
use crate::model::time::Time;

/// Octets that are read at a time.
const CHUNK: usize = 256 * 1024;
/// The beginning of 1980: no mail in today's form is older, and clocks that were never set say 1970.
const OLDEST: Time = Time(315_532_800_000_000);

/// A mail of the archive, so that a million of them need 24 MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// When it was written, as in [`Time`].
    pub(super) at: i64,
    /// Where it begins in its file, with the line before it in an mbox.
    pub(super) offset: u64,
    /// How long it is from there.
    pub(super) length: u32,
    /// Its file.
    pub(super) file: u32,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    pub(super) files: Files,
    pub(super) records: Vec<Record>,
    /// What will not be taken.
    pub told: Told,
    /// Lines in mboxes that look like the beginning of a mail and do not follow an empty line. They were left in the mail they are in.
    pub doubtful: u64,
}

impl Survey {
    /// How many mails there are to be taken.
    pub fn mails(&self) -> u64 {
        self.records.len() as u64
    }

    /// Files in folders that were left alone, because they are no mail.
    pub fn left_alone(&self) -> u64 {
        self.files.left_alone
    }

    /// Octets of the mails.
    pub(super) fn octets(&self) -> u64 {
        self.records.iter().map(|record| u64::from(record.length)).sum()
    }
}

/// Reads the headers of the archive. It blocks; a gauge that is stopped ends it early.
pub fn survey(options: &Options, limits: &Limits, now: Time, gauge: &Gauge) -> Survey {
    let mut told = Told::default();
    let files = Files::find(&options.paths, &mut told);
    gauge.begin(files.octets);
    let mut reading = Reading { options, limits, now, gauge, found: Survey { told, ..Survey::default() } };
    for number in 0..files.len() {
        let Some((path, kind)) = files.get(number).filter(|_| !gauge.is_stopped()) else { break };
        let read = match kind {
            Kind::Mail => reading.mail(number, &path),
            Kind::Mbox => reading.mbox(number, &path),
        };
        if let Err(error) = read {
            reading.found.told.tell(&path, None, Reason::Unreadable(error.to_string()));
        }
    }
    let mut found = reading.found;
    // Equal times in the order of the archive.
    found.records.sort_unstable_by_key(|record| (record.at, record.file, record.offset));
    Survey { files, ..found }
}

struct Reading<'a> {
    options: &'a Options,
    limits: &'a Limits,
    now: Time,
    gauge: &'a Gauge,
    found: Survey,
}

impl Reading<'_> {
    fn mail(&mut self, number: u32, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        let header = header(&mut file, self.limits.header_size)?;
        self.gauge.add(metadata.len(), 1);
        match refused(&header) {
            Some(why) => self.found.told.tell(path, None, Reason::NoArchive(why)),
            None if header.is_empty() => self.found.told.tell(path, None, Reason::Empty),
            None => {
                let at = self.time(&header, changed(&metadata));
                self.add(path, None, Record { at, offset: 0, length: 0, file: number }, metadata.len());
            }
        }
        Ok(())
    }

    fn mbox(&mut self, number: u32, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        let mut splitter = Splitter::new(self.limits.header_size);
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match file.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 || self.gauge.is_stopped() {
                break;
            }
            splitter.feed(&chunk[..read], &mut |part| self.part(number, path, part));
            self.gauge.add(read as u64, 0);
        }
        splitter.finish(&mut |part| self.part(number, path, part));
        self.found.doubtful += splitter.doubtful;
        Ok(())
    }

    fn part(&mut self, file: u32, path: &Path, part: Part) {
        match part {
            Part::Stray { octets } => self.found.told.tell(path, Some(0), Reason::Stray(octets)),
            Part::Mail(mail) => {
                let at = self.time(&mail.header, mail.time);
                self.gauge.add(0, 1);
                self.add(path, Some(mail.start), Record { at, offset: mail.start, length: 0, file }, mail.end - mail.start);
            }
        }
    }

    /// Notes a mail, unless it is too large: its exact size is known when it is read.
    fn add(&mut self, path: &Path, offset: Option<u64>, record: Record, length: u64) {
        let most = self.options.max_message_size;
        match u32::try_from(length) {
            Ok(short) if short as usize <= most.saturating_add(LONGEST) => {
                self.found.records.push(Record { length: short, ..record });
            }
            _ => self.found.told.tell(path, offset, Reason::TooLarge(most)),
        }
    }

    fn time(&self, header: &[u8], otherwise: Time) -> i64 {
        let written = header_of(header, self.limits).sent_at.filter(|at| (OLDEST..=self.now).contains(at));
        written.unwrap_or_else(|| otherwise.clamp(Time(0), self.now)).0
    }
}

fn changed(metadata: &Metadata) -> Time {
    metadata.modified().map(Time::from).unwrap_or_default()
}

/// The beginning of a mail up to the empty line behind its header, and what was read with that.
fn header(file: &mut File, limit: usize) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let mut step = 4 * 1024;
    while octets.len() < limit {
        let read = file.by_ref().take(step).read_to_end(&mut octets)?;
        let begin = octets.len() - read;
        let mut ends = memchr::memchr_iter(b'\n', &octets).filter(|end| end + 3 > begin);
        if read == 0 || ends.any(|end| matches!(octets[end + 1..], [b'\n', ..] | [b'\r', b'\n', ..])) {
            break;
        }
        step = (limit - octets.len()) as u64;
    }
    Ok(octets)
}
