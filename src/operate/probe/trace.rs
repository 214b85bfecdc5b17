//! Following a probe: looking into the store again and again until its ticket is there, or something else has become of it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::letter::Draft;
use crate::store::report::NEWEST;
use crate::store::report::arrival::{ArrivalDetail, ArrivalFilter, ArrivalRow};
use crate::store::{Fault, Store};

/// How often is looked.
const EVERY: Duration = Duration::from_millis(200);
/// Newest arrivals among which something else is looked for than its ticket.
const NEWEST_ARRIVALS: i64 = 100;

/// What became of a probe.
pub(super) enum Fate {
    /// A ticket.
    Ticket(Box<ArrivalDetail>),
    /// A report says that it was not delivered.
    CameBack(Box<ArrivalRow>),
    /// It was decided as something else.
    Other(Box<ArrivalRow>),
    /// It is not known among what was decided, and so many mails are not.
    Undecided(i64),
    /// It has not been seen.
    Nowhere,
}

/// A probe on its way.
pub(super) struct Trace<'a> {
    pub(super) store: &'a Store,
    pub(super) draft: &'a Draft,
    /// Number of the newest arrival before it was sent.
    pub(super) first: i64,
}

impl Trace<'_> {
    /// Waits for its end.
    pub(super) async fn follow(&self, wait: Duration) -> Result<Fate, Fault> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(number) = self.store.arrival_of_message(&self.draft.id).await?
                && let Some(detail) = self.store.arrival(number).await?
            {
                return Ok(Fate::Ticket(Box::new(detail)));
            }
            let arrivals = self.store.arrivals(&ArrivalFilter::Any, NEWEST, NEWEST_ARRIVALS).await?;
            let mut since = arrivals.rows.into_iter().filter(|row| row.id > self.first);
            if Instant::now() >= deadline {
                return self.where_it_was_last_seen(since).await;
            }
            if let Some(report) = since.find(|row| self.is_report(row)) {
                return Ok(Fate::CameBack(Box::new(report)));
            }
            sleep(EVERY).await;
        }
    }

    async fn where_it_was_last_seen(&self, mut since: impl Iterator<Item = ArrivalRow>) -> Result<Fate, Fault> {
        if let Some(row) = since.find(|row| self.is_it(row)) {
            return Ok(Fate::Other(Box::new(row)));
        }
        let pending = self.store.queues(super::now()).await?.pending.count;
        Ok(if pending > 0 { Fate::Undecided(pending) } else { Fate::Nowhere })
    }

    /// Whether this is a report that came to its envelope sender.
    fn is_report(&self, row: &ArrivalRow) -> bool {
        row.outcome.as_deref() == Some("bounce") && row.recipients.iter().any(|recipient| self.has_token(recipient))
    }

    fn is_it(&self, row: &ArrivalRow) -> bool {
        [&row.message_id, &row.subject].into_iter().flatten().any(|text| self.has_token(text))
    }

    fn has_token(&self, text: &str) -> bool {
        text.to_ascii_lowercase().contains(&self.draft.token)
    }
}

/// What to look at when a probe has not been seen.
pub(super) fn nowhere(to: &str, wait: Duration, is_own: bool) -> String {
    let seconds = wait.as_secs();
    if is_own {
        return format!("the probe was taken and has not been seen within {seconds} s: does the listener belong to this store?");
    }
    format!(
        "the probe to {to} was handed over and has not arrived within {seconds} s: look whether the mailbox forwards to the address of its \
         department, whether it went into a junk folder, and at the log of the relay; for a mailbox that is fetched, at `postdesk imap status`. \
         Forwarding may take longer: --wait"
    )
}
