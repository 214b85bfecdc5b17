//! What becomes of messages on the server once they are ours: flagged, moved or deleted, in sets, retried until it is done.

use tokio::time::Instant;

use super::folder::Folder;
use super::hindrance::{Class, Hindrance};
use super::session::Session;
use super::trouble::{Kind, Trouble};
use super::{After, chance};
use crate::model::ledger::Place;

/// Messages in one command: some servers limit its length, and a failure repeats a set.
const SET: usize = 200;
/// A set that is refused is tried in so many parts, so that one message does not keep the others from it.
const PARTS: usize = 8;
/// Single messages that are refused in a row: more, and it is not the messages.
const REFUSED_IN_A_ROW: u32 = 3;

impl Folder {
    /// Does what is still to be done to messages that are ours. What cannot be done is remembered, and no reason to fetch no mail.
    ///
    /// The server answers OK also for numbers that are not there any more: somebody else has removed the message, or we did before a crash. Both
    /// are the end of it.
    pub(super) async fn after(&mut self, session: &mut Session, place: &Place, read_only: bool) -> Result<(), Hindrance> {
        let taken = self.work.means.store.taken(place).await?;
        self.memory.numbers.undone = taken.len();
        if !taken.is_empty() && self.memory.after_due.is_some_and(|due| due > Instant::now()) {
            return Ok(());
        }
        match self.do_to(session, place, &taken, read_only).await? {
            Some(trouble) => self.not_done(trouble),
            None => {
                (self.memory.after_due, self.memory.after_failures, self.memory.after_trouble) = (None, 0, None);
                Ok(())
            }
        }
    }

    /// Does it to as many as possible; the trouble with the rest.
    async fn do_to(
        &mut self,
        session: &mut Session,
        place: &Place,
        taken: &[u32],
        read_only: bool,
    ) -> Result<Option<Trouble>, Hindrance> {
        let (mut rest, mut size, mut refused, mut trouble) = (taken, SET, 0, None);
        while !rest.is_empty() {
            let (uids, others) = rest.split_at(size.min(rest.len()));
            let done = if read_only { Err(read_only_trouble()) } else { self.do_to_set(session, uids).await };
            match done {
                Ok(()) => {
                    self.work.means.store.settle_fetched(place, uids).await?;
                    self.memory.numbers.undone = self.memory.numbers.undone.saturating_sub(uids.len());
                    (rest, refused) = (others, 0);
                }
                Err(refusal) if refusal.kind() != Kind::Refused => return Ok(Some(refusal)),
                Err(_) if uids.len() > 1 => size = uids.len().div_ceil(PARTS),
                Err(refusal) => {
                    refused += 1;
                    rest = others;
                    if refused >= REFUSED_IN_A_ROW {
                        return Ok(Some(refusal));
                    }
                    trouble = Some(refusal);
                }
            }
        }
        Ok(trouble)
    }

    async fn do_to_set(&self, session: &mut Session, uids: &[u32]) -> Result<(), Trouble> {
        match &self.work.account.after {
            After::Seen => session.mark_seen(uids).await,
            After::Move(folder) => session.move_to(uids, folder).await,
            After::Delete => session.delete(uids).await,
        }
    }

    /// Mail is fetched all the same: as long as the connection is good, this is no reason to end the look.
    fn not_done(&mut self, trouble: Trouble) -> Result<(), Hindrance> {
        let memory = &mut self.memory;
        memory.after_failures = memory.after_failures.saturating_add(1);
        let class = if trouble.kind() == Kind::Throttled { Class::Refused } else { Class::Theirs };
        memory.after_due = Some(Instant::now() + self.work.means.pace.pause(class, memory.after_failures, chance()));
        let what = match &self.work.account.after {
            After::Seen => "mail that was taken cannot be flagged as seen".to_owned(),
            After::Move(folder) => format!("mail that was taken cannot be moved to {folder}"),
            After::Delete => "mail that was taken cannot be deleted".to_owned(),
        };
        memory.after_trouble = Some(format!("{what}: {trouble}"));
        if trouble.leaves_the_connection() { Ok(()) } else { Err(trouble.into()) }
    }
}

fn read_only_trouble() -> Trouble {
    Trouble::new(Kind::ReadOnly, "the server lets us only read this folder")
}
