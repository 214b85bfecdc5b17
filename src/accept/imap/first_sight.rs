//! The first look at a folder: from where on its mail is ours.
//!
//! With `start = "new"` that is UIDNEXT. Should all numbers be given anew one day, dates tell what was there before us; but the dates are the
//! server's, and its clock is not ours. So the mail of the last hours is noted by what it holds: it is known again whatever the clocks say.

use std::time::Duration;

use super::Start;
use super::folder::Folder;
use super::hindrance::Hindrance;
use super::letter::read;
use super::look::now;
use super::session::{Selected, Session};
use super::trouble::Trouble;
use crate::model::ledger::Stage;
use crate::store::ledger::{self, Left, Line};

/// How far the clocks of a server and of us may be apart. What is older than us by more was there before us.
pub(super) const CLOCKS_DIFFER: Duration = Duration::from_secs(2 * 3_600);
/// Messages that are noted by what they hold. More than these in two hours come in twice at worst, as duplicates of nothing.
const NEWEST: usize = 100;

impl Folder {
    /// What is known of the folder. At the first sight it is noted from where on its mail is ours.
    pub(super) async fn row(&self, session: &mut Session, selected: &Selected) -> Result<ledger::Folder, Hindrance> {
        let store = &self.work.means.store;
        let account = &self.work.account;
        if let Some(row) = store.folder(&account.name, &self.name).await? {
            return Ok(row);
        }
        let old_mail = account.start == Start::All;
        let there = if old_mail && selected.next.is_some() { Vec::new() } else { session.uids(1).await? };
        let highest = there.iter().max().copied().unwrap_or(0);
        // What came between SELECT and the list is new: UIDNEXT is the older word. Not every server says it; it has to give the numbers.
        let first_uid = selected.next.unwrap_or(highest.saturating_add(1));
        let row = ledger::Folder { validity: selected.validity, first_uid, since: now(), old_mail, reconciled_at: None };
        store.note_folder(&account.name, &self.name, &row).await?;
        tracing::info!(
            account = account.name,
            folder = self.name,
            first_uid,
            old_mail,
            "mail of this folder is ours from now on"
        );
        if !old_mail {
            let there: Vec<u32> = there.into_iter().filter(|uid| *uid < first_uid).collect();
            let newest = &there[there.len().saturating_sub(NEWEST)..];
            self.remember(session, selected.validity, newest, &row).await?;
        }
        // Another gateway may have been first.
        Ok(store.folder(&account.name, &self.name).await?.unwrap_or(row))
    }

    /// Notes the newest mail that was there before us by what it holds. What cannot be read is left out.
    async fn remember(
        &self,
        session: &mut Session,
        validity: u32,
        newest: &[u32],
        row: &ledger::Folder,
    ) -> Result<(), Hindrance> {
        let mut lines = Vec::new();
        for about in session.about(newest).await? {
            let is_doubtful = about.internal_date.is_none_or(|date| date >= row.since.minus(CLOCKS_DIFFER));
            if !is_doubtful || about.size > self.work.account.max_message_size as u64 {
                continue;
            }
            let room = self.work.means.room(about.size).await;
            if let Some(raw) = readable(session.octets(about.uid, about.size).await)? {
                let (uid, content) = (about.uid, Some(read(about.uid, raw, &self.work).content));
                lines.push(Line { uid, arrival: None, content, stage: Stage::Left, left: Some(Left::BeforeUs) });
            }
            drop(room);
        }
        self.work.means.store.note_fetched(&self.place(validity), &lines, now()).await?;
        Ok(())
    }
}

fn readable(octets: Result<Option<Vec<u8>>, Trouble>) -> Result<Option<Vec<u8>>, Trouble> {
    match octets {
        Err(trouble) if trouble.leaves_the_connection() => Ok(None),
        octets => octets,
    }
}
