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

impl Folder {
    /// Does what is still to be done to messages that are ours. What cannot be done is remembered, and no
    /// reason to fetch no mail.
    ///
    /// The server answers OK also for numbers that are not there any more: somebody else has removed the message, or we did before a crash. Both
    /// are the end of it.
    pub(super) async fn after(&mut self, session: &mut Session, place: &Place, read_only: bool) -> Result<(), Hindrance> {
        let taken = self.work.means.store.taken(place).await?;
        self.memory.numbers.undone = taken.len();
        if taken.is_empty() {
            (self.memory.after_due, self.memory.after_failures, self.memory.after_trouble) = (None, 0, None);
            return Ok(());
        }
        if self.memory.after_due.is_some_and(|due| due > Instant::now()) {
            return Ok(());
        }
        for uids in taken.chunks(SET) {
            let done = if read_only { Err(read_only_trouble()) } else { self.done_to(session, uids).await };
            if let Err(trouble) = done {
                return self.not_done(trouble);
            }
            self.work.means.store.settle_fetched(place, uids).await?;
            self.memory.numbers.undone = self.memory.numbers.undone.saturating_sub(uids.len());
        }
        (self.memory.after_due, self.memory.after_failures, self.memory.after_trouble) = (None, 0, None);
        Ok(())
    }

    async fn done_to(&self, session: &mut Session, uids: &[u32]) -> Result<(), Trouble> {
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
