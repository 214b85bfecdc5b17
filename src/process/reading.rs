//! Mails on their way from custody to their decision: read off the async threads, then, where that has to be asked, their senders found
//! out about, several at once. What was found by asking is kept in the store before anything is decided.
//!
//! A step that panics takes its own mail with it and no other: that one is left pending, with its attempt counted.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::{House, words};
use crate::authenticate::{FirstLook, Question};
use crate::decide::Case;
use crate::decide::envelope;
use crate::decide::parse::parse;
use crate::model::arrival::{Arrival, Findings};
use crate::model::mail::Mail;
use crate::store::Store;

/// Time for reading the mails of one turn. Parsing is linear, so this is met only by a fault of ours. Asking has its own limit.
const PARSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A mail that could not be read: the number of its arrival, and why.
type Unread = (i64, String);

/// A mail that was read. The raw octets are let go: they are in the store.
pub(crate) struct Read {
    arrival: Arrival,
    mail: Mail,
    look: FirstLook,
}

impl Read {
    /// For a mail whose envelope is lost: its sender is null where the Return-Path says so, else its author.
    pub(crate) fn with_a_sender_of_its_own(mut self) -> Self {
        self.arrival.sender = envelope::sender(&self.mail);
        self
    }
}

/// A mail with what was found out about its sender.
struct Found {
    arrival: Arrival,
    mail: Mail,
    findings: Findings,
    /// Whether that had to be asked, and a later attempt is to be spared it.
    keep: bool,
}

impl House {
    /// Reads a mail and finds out what is proven of its sender. For one mail at a time; the worker does the same for many.
    pub async fn prepare(&self, arrival: Arrival) -> Case {
        let found = self.find_out(self.read(arrival)).await;
        Case::new(found.arrival, found.mail, found.findings, &self.desk)
    }

    /// The first half of [`House::prepare`], which waits for nothing, for who has a thread for it. A mail at which a step panics is
    /// told of in words, and costs no other.
    pub(crate) fn try_to_read(&self, arrival: Arrival) -> Result<Read, String> {
        std::panic::catch_unwind(AssertUnwindSafe(|| self.read(arrival))).map_err(|panic| words(&*panic))
    }

    /// The second half.
    pub(crate) async fn try_to_prepare(&self, read: Read) -> Result<Case, String> {
        let found = find_out(self, Ok(read)).await.map_err(|(_, why)| why)?;
        Ok(Case::new(found.arrival, found.mail, found.findings, &self.desk))
    }

    fn read(&self, mut arrival: Arrival) -> Read {
        let mail = parse(&arrival.raw, &self.desk.limits);
        let look = self.authenticate.look(&arrival, &mail);
        arrival.raw = Vec::new();
        Read { arrival, mail, look }
    }

    async fn find_out(&self, read: Read) -> Found {
        let Read { arrival, mail, look } = read;
        let (findings, keep) = match look {
            FirstLook::Settled(findings) => (findings, false),
            FirstLook::Ask(question) => self.ask(*question).await,
        };
        Found { arrival, mail, findings, keep }
    }

    async fn ask(&self, question: Question) -> (Findings, bool) {
        let answer = self.authenticate.ask(question).await;
        (answer.findings, answer.keep)
    }
}

/// Reads mails and finds out about their senders, in their order.
pub(super) async fn prepare_all(house: House, store: Store, arrivals: Vec<Arrival>) -> Vec<Result<Case, Unread>> {
    let ids: Vec<i64> = arrivals.iter().map(|arrival| arrival.id).collect();
    let reader = house.clone();
    let read = move |arrival: Arrival| {
        let id = arrival.id;
        reader.try_to_read(arrival).map_err(|why| (id, why))
    };
    let reading = tokio::task::spawn_blocking(move || arrivals.into_iter().map(read).collect::<Vec<_>>());
    let all = |why: String| ids.iter().map(|id| Err((*id, why.clone()))).collect();
    let read = match tokio::time::timeout(PARSE_TIMEOUT, reading).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => return all(format!("reading it ended: {error}")),
        Err(_) => return all(format!("reading it took more than {PARSE_TIMEOUT:?}")),
    };
    let found = join_all(read.into_iter().map(|read| find_out(&house, read))).await;
    keep(&store, &found).await;
    let case = |found: Found| Case::new(found.arrival, found.mail, found.findings, &house.desk);
    found.into_iter().map(|found| found.map(case)).collect()
}

async fn find_out(house: &House, read: Result<Read, Unread>) -> Result<Found, Unread> {
    let read = read?;
    let id = read.arrival.id;
    AssertUnwindSafe(house.find_out(read)).catch_unwind().await.map_err(|panic| (id, words(&*panic)))
}

/// Keeps what had to be asked. A store that is away is told of by the decision; what is not kept is asked again then.
async fn keep(store: &Store, found: &[Result<Found, Unread>]) {
    let asked = found.iter().flatten().filter(|found| found.keep);
    let asked: Vec<(i64, &Findings)> = asked.map(|found| (found.arrival.id, &found.findings)).collect();
    if asked.is_empty() {
        return;
    }
    if let Err(fault) = store.keep_findings(&asked).await {
        tracing::warn!(mails = asked.len(), %fault, "what was found out about senders could not be kept");
    }
}
