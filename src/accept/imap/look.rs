//! One look at a folder: which of its messages are ours and not in custody yet, then custody, then what is to become of them there.
//!
//! The order is the promise: a message is noted in the ledger by the commit that takes it, is flagged, moved or deleted only after that, and
//! is `done` in the ledger only after that again. A crash between any two of these repeats the step that was under way, and none of them does
//! harm when it is done twice.

use std::collections::BTreeSet;
use std::time::SystemTime;

use tokio::time::Instant;

use super::Start;
use super::folder::{Folder, Memory};
use super::hindrance::Hindrance;
use super::plan::{Plan, compare};
use super::session::{Selected, Session};
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
        self.list(session, &place, &row, is_renumbered).await?;
        let is_whole = self.fetch(session, &place, &row).await?;
        if is_renumbered && is_whole {
            self.work.means.store.renumber_folder(&place, now()).await?;
            tracing::info!(account = place.account, folder = place.folder, "all mail is known under its new numbers");
        }
        self.after(session, &place, selected.read_only).await?;
        Ok(is_whole)
    }

    /// What is known of the folder. At the first sight it is noted from where on its mail is ours.
    async fn row(&self, session: &mut Session, selected: &Selected) -> Result<ledger::Folder, Hindrance> {
        let store = &self.work.means.store;
        let account = &self.work.account;
        if let Some(row) = store.folder(&account.name, &self.name).await? {
            return Ok(row);
        }
        let old_mail = account.start == Start::All;
        let first_uid = match (old_mail, selected.next) {
            (true, _) => 0,
            (false, Some(next)) => next,
            // Not every server tells; it has to give the numbers.
            (false, None) => session.uids(1).await?.into_iter().max().unwrap_or(0).saturating_add(1),
        };
        let row = ledger::Folder { validity: selected.validity, first_uid, since: now(), old_mail, reconciled_at: None };
        store.note_folder(&account.name, &self.name, &row).await?;
        tracing::info!(
            account = account.name,
            folder = self.name,
            first_uid,
            old_mail,
            "mail of this folder is ours from now on"
        );
        // Another gateway may have been first.
        Ok(store.folder(&account.name, &self.name).await?.unwrap_or(row))
    }

    /// Finds what is to be fetched: everything now and then, else what is new since.
    async fn list(
        &mut self,
        session: &mut Session,
        place: &Place,
        row: &ledger::Folder,
        is_renumbered: bool,
    ) -> Result<(), Hindrance> {
        let store = &self.work.means.store;
        let is_due = self.memory.compared.is_none_or(|at| at.elapsed() >= self.work.account.reconcile);
        let first = if is_renumbered { 0 } else { row.first_uid };
        let from = if is_due { first } else { self.memory.next.max(first) };
        let server: Vec<u32> = session.uids(from.max(1)).await?.into_iter().filter(|uid| *uid >= from).collect();
        // After the server was asked: what another gateway takes meanwhile is in the ledger, and not fetched.
        let noted = store.noted(place, from).await?;
        let plan = compare(&server, &noted, first);
        if is_renumbered {
            self.memory.renumbered.extend(&plan.fetch);
        }
        if is_due {
            self.note_compared(session, place, &server, plan).await?;
        } else {
            self.memory.open.extend(&plan.fetch);
        }
        let highest = server.iter().max().copied().unwrap_or(0);
        self.memory.next = self.memory.next.max(highest.saturating_add(1));
        self.memory.numbers.behind = self.memory.open.len();
        Ok(())
    }

    /// Takes over what a comparison of all numbers found, and tells it.
    async fn note_compared(&mut self, session: &mut Session, place: &Place, server: &[u32], plan: Plan) -> Result<(), Hindrance> {
        let store = &self.work.means.store;
        let is_first = self.memory.compared.is_none();
        let mut large: BTreeSet<u32> = plan.large.iter().copied().collect();
        let mut open = plan.fetch;
        if is_first && !large.is_empty() {
            // Somebody may have changed the limit.
            let limit = self.work.account.max_message_size as u64;
            let about = session.about(&plan.large).await?;
            let small: Vec<u32> = about.iter().filter(|about| about.size <= limit).map(|about| about.uid).collect();
            store.reconsider(place, &small).await?;
            large.retain(|uid| !small.contains(uid));
            open.extend(small);
        }
        store.note_reconciled(place, &plan.gone, &plan.back, now()).await?;
        let (account, folder) = (&place.account, &place.folder);
        let (on_server, in_ledger, gone, left) = (server.len(), plan.known, plan.gone.len(), large.len());
        let to_fetch = open.len();
        tracing::info!(account, folder, on_server, in_ledger, to_fetch, gone, left, "all numbers were held against the ledger");
        self.memory.tries.keep(&open);
        self.memory.open = open;
        self.memory.numbers.left = large.len();
        self.memory.compared = Some(Instant::now());
        Ok(())
    }
}

pub(super) fn now() -> Time {
    Time::from(SystemTime::now())
}
