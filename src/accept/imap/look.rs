//! One look at a folder: which of its messages are ours and not in custody yet, then custody, then what is to become of them there.
//!
//! The order is the promise: a message is noted in the ledger by the commit that takes it, is flagged, moved or deleted only after that, and
//! is `done` in the ledger only after that again. A crash between any two of these repeats the step that was under way, and none of them does
//! harm when it is done twice.

use std::collections::BTreeSet;
use std::time::SystemTime;

use tokio::time::Instant;

use super::folder::{Folder, Memory};
use super::hindrance::Hindrance;
use super::plan::{Plan, compare};
use super::session::Session;
use crate::model::ledger::Place;
use crate::model::time::Time;
use crate::store::ledger;

impl Folder {
    /// Looks; whether everything that can be fetched at present was, and nothing is left but to wait for news.
    pub(super) async fn look(&mut self, session: &mut Session) -> Result<bool, Hindrance> {
        let selected = session.select(&self.name).await?;
        let place = self.place(selected.validity);
        if self.memory.validity != Some(selected.validity) {
            self.memory = Memory { validity: Some(selected.validity), ..Memory::default() };
        }
        let row = self.row(session, &selected).await?;
        let is_renumbered = row.validity != selected.validity;
        if is_renumbered {
            self.work.means.store.set_aside(&place).await?;
        }
        if selected.next < self.memory.uid_next {
            // It takes numbers back: a mailbox that was restored.
            self.memory.compared = None;
        }
        self.memory.uid_next = selected.next;
        self.list(session, &place, &row, (is_renumbered, selected.next)).await?;
        let is_whole = self.fetch(session, &place, &row).await?;
        if is_renumbered && is_whole {
            self.work.means.store.renumber_folder(&place, now()).await?;
            tracing::info!(account = place.account, folder = place.folder, "all mail is known under its new numbers");
        }
        self.after(session, &place, selected.read_only).await?;
        Ok(is_whole)
    }

    /// Finds what is to be fetched: everything now and then, else what is new since.
    async fn list(
        &mut self,
        session: &mut Session,
        place: &Place,
        row: &ledger::Folder,
        (is_renumbered, next): (bool, Option<u32>),
    ) -> Result<(), Hindrance> {
        let store = &self.work.means.store;
        let is_due = self.memory.compared.is_none_or(|at| at.elapsed() >= self.work.account.reconcile);
        let first = if is_renumbered || row.old_mail { 0 } else { row.first_uid };
        let from = if is_due { first } else { self.memory.next.max(first) };
        let server: Vec<u32> = session.uids(from.max(1)).await?.into_iter().filter(|uid| *uid >= from).collect();
        // After the server was asked: what another gateway takes meanwhile is in the ledger, and not fetched.
        let noted = store.noted(place, from).await?;
        let plan = compare(&server, &noted, first);
        if is_renumbered {
            self.memory.renumbered.extend(&plan.fetch);
        }
        if is_due {
            self.note_compared(session, place, (&server, next), plan).await?;
        } else {
            self.memory.open.extend(&plan.fetch);
        }
        let highest = server.iter().max().copied().unwrap_or(0);
        self.memory.next = self.memory.next.max(highest.saturating_add(1));
        self.memory.numbers.behind = self.memory.open.len();
        Ok(())
    }

    /// Takes over what a comparison of all numbers found, and tells it.
    async fn note_compared(
        &mut self,
        session: &mut Session,
        place: &Place,
        (server, next): (&[u32], Option<u32>),
        mut plan: Plan,
    ) -> Result<(), Hindrance> {
        let store = &self.work.means.store;
        let is_first = self.memory.compared.is_none();
        let mut large: BTreeSet<u32> = plan.large.iter().copied().collect();
        let mut open = std::mem::take(&mut plan.fetch);
        if is_first {
            let small = self.reconsider(session, place, &plan.large).await?;
            large.retain(|uid| !small.contains(uid));
            open.extend(small);
        }
        self.forget_taken_back(place, next, &mut plan).await?;
        store.note_reconciled(place, &plan.gone, &plan.back, now()).await?;
        let (account, folder) = (&place.account, &place.folder);
        let (on_server, in_ledger, gone, left) = (server.len(), plan.known, plan.gone.len(), large.len());
        let to_fetch = open.len();
        tracing::info!(account, folder, on_server, in_ledger, to_fetch, gone, left, "all numbers were held against the ledger");
        self.memory.tries.keep(&open);
        self.memory.open = open;
        self.memory.numbers.left = large.len();
        self.memory.compared = Some(Instant::now());
        self.memory.next = 0;
        Ok(())
    }

    /// Which of these are not too large any more: somebody may have raised the limit.
    async fn reconsider(&self, session: &mut Session, place: &Place, large: &[u32]) -> Result<Vec<u32>, Hindrance> {
        if large.is_empty() {
            return Ok(Vec::new());
        }
        let limit = self.work.account.max_message_size as u64;
        let about = session.about(large).await?;
        let small: Vec<u32> = about.iter().filter(|about| about.size <= limit).map(|about| about.uid).collect();
        self.work.means.store.reconsider(place, &small).await?;
        Ok(small)
    }

    /// Forgets numbers that the server will give again though the validity is the same: it was put back to what it was some time ago. Their
    /// messages are not there any more, and other mail must not be taken for them.
    async fn forget_taken_back(&self, place: &Place, next: Option<u32>, plan: &mut Plan) -> Result<(), Hindrance> {
        let again = |uid: &u32| next.is_some_and(|next| *uid >= next);
        let (again, gone): (Vec<u32>, Vec<u32>) = std::mem::take(&mut plan.gone).into_iter().partition(again);
        plan.gone = gone;
        if again.is_empty() {
            return Ok(());
        }
        let (account, folder, numbers) = (&place.account, &place.folder, again.len());
        tracing::warn!(
            account,
            folder,
            numbers,
            "the server will give numbers again that it gave before; was the mailbox restored?"
        );
        Ok(self.work.means.store.forget_fetched(place, &again).await?)
    }
}

pub(super) fn now() -> Time {
    Time::from(SystemTime::now())
}
