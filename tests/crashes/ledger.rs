//! The ledger: what each client was told of each mail, written down after the reply was read; and the load that fills it.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use super::client::{Client, Outcome};
use super::gateway::{DEADLINE, wait_for};
use super::mail::{Mail, Purpose};

/// A line of the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The id of the mail.
    pub(crate) id: String,
    /// What the mail was made from.
    pub(crate) seed: u64,
    /// What it was meant to become.
    pub(crate) purpose: Purpose,
    /// Whether it was accepted in the end; otherwise it was refused.
    pub(crate) accepted: bool,
    /// How often the answer was lost and the same octets were sent again.
    pub(crate) unknown: usize,
    /// How long it took from the first attempt to the final answer.
    pub(crate) took: Duration,
}

/// How many mails the clients may still send in this life of the gateway: there is a load at each kill, however fast the
/// machine is, and the disk is not filled.
pub(crate) struct Load {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    allowed: usize,
    over: bool,
}

impl Load {
    /// A load that has not begun.
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State { allowed: 0, over: false }), changed: Condvar::new() }
    }

    /// Lets the clients send so many mails and no more.
    pub(crate) fn allow(&self, mails: usize) {
        self.state.lock().unwrap().allowed = mails;
        self.changed.notify_all();
    }

    /// Waits for leave to send; `false` when the load is over.
    fn next(&self) -> bool {
        let waiting = |state: &mut State| state.allowed == 0 && !state.over;
        let mut state = self.changed.wait_while(self.state.lock().unwrap(), waiting).unwrap();
        state.allowed = state.allowed.saturating_sub(1);
        !state.over
    }
}

/// Ends the load when it goes out of scope, so that a failed assertion does not leave clients waiting for ever.
pub(crate) struct EndOfLoad<'a>(pub(crate) &'a Load);

impl Drop for EndOfLoad<'_> {
    fn drop(&mut self) {
        if let Ok(mut state) = self.0.state.lock() {
            state.over = true;
        }
        self.0.changed.notify_all();
    }
}

/// Sends mails until the load is over. `purpose` tells what mail number `n` is meant to become.
pub(crate) fn run_client(load: &Load, mut client: Client, stream: u64, purpose: impl Fn(usize) -> Purpose) -> Vec<Entry> {
    let mut entries = Vec::new();
    while load.next() {
        let number = entries.len();
        entries.push(hand_over(&mut client, (stream << 32) + number as u64, purpose(number)));
    }
    entries
}

/// Most mails are requests; now and then one that has to be refused, of which nothing may be found afterwards.
pub(crate) fn request(number: usize) -> Purpose {
    match number % 25 {
        11 => Purpose::NoSuchRecipient,
        17 => Purpose::Small,
        23 => Purpose::BareNewline,
        _ => Purpose::Request,
    }
}

/// Hands over one mail as an MTA does: the same octets again and again, until there is a final answer.
pub(crate) fn hand_over(client: &mut Client, seed: u64, purpose: Purpose) -> Entry {
    let mail = Mail::new(seed, &purpose);
    let mut unknown = 0;
    let begun = Instant::now();
    let accepted = wait_for("a final answer to a mail", DEADLINE, || match client.send(&mail) {
        Outcome::Accepted => Some(true),
        Outcome::Refused => Some(false),
        Outcome::Later => None,
        Outcome::Unknown => {
            unknown += 1;
            None
        }
    });
    Entry { id: mail.id, seed, purpose, accepted, unknown, took: begun.elapsed() }
}
