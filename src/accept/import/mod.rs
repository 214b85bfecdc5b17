//! Archives: `.eml` files, Maildirs and mboxes become arrivals, in the order in which their mails were written.
//!
//! Promise: every mail of the archive is taken once, however often the archive is read and wherever reading it was broken off, or it is told
//! why it was not. It is known again by the digest of its content and of its department, which is written in the commit that takes it.
//!
//! An archive is read twice. First `survey` finds out when each mail was written, from the headers, and keeps a line of 24 octets for it. Then
//! `take` reads the mails in that order and takes them, some at a time: never more than 8 MiB of them are in memory, or one that is larger.
//! Old mail is answered by old mail, so tickets are found by the ids of what came before, and nothing but this order brings that about.

mod files;
mod letters;
mod mbox;
mod separator;
mod survey;
mod take;
mod told;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub use survey::{Survey, survey};
pub use take::{Ended, Summary, take};
pub use told::{Reason, Told, Untaken};

/// What to import, and as what.
#[derive(Debug, Clone)]
pub struct Options {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Key of the department that all of it is for. Without it, the recipients in the headers say.
    pub department: Option<String>,
    /// Octets of the largest mail that is taken, at most 4 GiB.
    pub max_message_size: usize,
}

/// How far it is, for whoever watches; and the word to stop. Shared by the threads.
#[derive(Debug, Default)]
pub struct Gauge {
    done: AtomicU64,
    total: AtomicU64,
    mails: AtomicU64,
    stopped: AtomicBool,
    waiting: Mutex<Option<String>>,
}

/// What a gauge shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Octets that were read, or are dealt with.
    pub done: u64,
    /// Octets that are to be read.
    pub total: u64,
    /// Mails that were found, or are dealt with.
    pub mails: u64,
}

impl Gauge {
    /// What it shows.
    pub fn read(&self) -> Reading {
        let value = |value: &AtomicU64| value.load(Ordering::Relaxed);
        Reading { done: value(&self.done), total: value(&self.total), mails: value(&self.mails) }
    }

    /// Says that it is to stop when the batch at hand is done.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it is to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Why nothing is going on at present.
    pub fn waiting(&self) -> Option<String> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wait_for(&self, why: Option<String>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn begin(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.mails.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    fn add(&self, octets: u64, mails: u64) {
        self.done.fetch_add(octets, Ordering::Relaxed);
        self.mails.fetch_add(mails, Ordering::Relaxed);
    }
}
