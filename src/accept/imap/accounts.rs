//! All accounts: which are worked on, each in a task of its own. What fails, hangs or panics in one does not touch another.
//!
//! The plan can change. An account that stays as it is keeps its connections; one that goes, or is to be another, finishes the chunk that it
//! has in hand; one that comes, or is another now, is begun when nothing of that name is at work any more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::account::{Means, Work};
use super::hindrance::words_of;
use super::{Account, Pace};
use crate::accept::custody::Custody;
use crate::model::desk::Desk;
use crate::model::time::Time;
use crate::store::Store;

/// After so long without a report, no other gateway has the account either.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(86_400);

/// What is to be fetched, and for whom.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The accounts, each by a name of its own.
    pub accounts: Vec<Account>,
    /// Who is here.
    pub desk: Arc<Desk>,
}

/// Fetches the mail of all accounts until told to stop, as [`serve_plan`] does by a plan that never changes.
pub async fn serve(
    accounts: Vec<Account>,
    (desk, store, custody): (Arc<Desk>, Store, Custody),
    pace: Pace,
    stop: watch::Receiver<bool>,
) {
    serve_plan(watch::channel(Plan { accounts, desk }).1, (store, custody), pace, stop).await;
}

/// Fetches the mail of the accounts of the moment until told to stop.
///
/// At a stop everything is dropped where it stands. That loses nothing and doubles nothing: what was given into custody is taken together
/// with its line of the ledger, and everything else is as it was.
pub async fn serve_plan(
    mut plan: watch::Receiver<Plan>,
    (store, custody): (Store, Custody),
    pace: Pace,
    mut stop: watch::Receiver<bool>,
) {
    let means = Arc::new(Means::new(plan.clone(), store, custody, pace));
    let mut works = Works { means, tasks: JoinSet::new(), running: HashMap::new() };
    let mut forgetting = JoinSet::new();
    let mut is_new = true;
    loop {
        let now = plan.borrow_and_update().clone();
        if std::mem::take(&mut is_new) {
            // Beside the work, which must not wait for a store that is away.
            forgetting.spawn(forget_others(works.means.store.clone(), now.accounts.clone()));
        }
        works.follow(now.accounts);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Ok(()) = plan.changed() => is_new = true,
            Some(ended) = works.tasks.join_next_with_id() => works.note(ended),
            Some(_) = forgetting.join_next() => {}
        }
    }
    works.tasks.shutdown().await;
}

/// Somebody who looks at the state of accounts would else be told of one that nobody has any more.
async fn forget_others(store: Store, accounts: Vec<Account>) {
    let names: Vec<String> = accounts.into_iter().map(|account| account.name).collect();
    let long_ago = Time::from(SystemTime::now()).minus(FORGOTTEN_AFTER);
    if let Err(fault) = store.forget_accounts(&names, long_ago).await {
        tracing::debug!(%fault, "accounts that are not configured any more could not be forgotten");
    }
}

/// The accounts at work.
struct Works {
    means: Arc<Means>,
    tasks: JoinSet<()>,
    running: HashMap<Id, Arc<Work>>,
}

impl Works {
    /// Ends what the accounts do not have, and begins what they have and nobody works on.
    fn follow(&mut self, accounts: Vec<Account>) {
        for work in self.running.values().filter(|work| !accounts.contains(&work.account)) {
            if work.end() {
                tracing::info!(
                    account = work.account.name,
                    "its mail is not fetched any more, as it was; what is in hand is finished"
                );
            }
        }
        let busy: HashSet<String> = self.running.values().map(|work| work.account.name.clone()).collect();
        for account in accounts.into_iter().filter(|account| !busy.contains(&account.name)) {
            let work = Arc::new(Work::new(account, Arc::clone(&self.means)));
            let task = self.tasks.spawn(Arc::clone(&work).run());
            self.running.insert(task.id(), work);
        }
    }

    /// Notes that a task ended. One that should not have is begun anew after a pause.
    fn note(&mut self, ended: Result<(Id, ()), JoinError>) {
        let (id, what) = match ended {
            Ok((id, ())) => (id, "it ended".to_owned()),
            Err(error) => (error.id(), words_of(error)),
        };
        let Some(work) = self.running.remove(&id).filter(|work| !work.is_ending()) else { return };
        tracing::error!(account = work.account.name, what, "a fault in postdesk; the account is begun anew");
        let (again, pause) = (Arc::clone(&work), self.means.pace.longest);
        let run = async move {
            tokio::select! { () = tokio::time::sleep(pause) => again.run().await, () = again.ended() => {} }
        };
        self.running.insert(self.tasks.spawn(run).id(), work);
    }
}
