//! How the accounts are doing from which mail is fetched: one row for each, for whoever asks.
//!
//! Nothing depends on it but what people are told: what was fetched stands in the ledger.

use super::{Fault, News, Store};
use crate::decide::alarm::Untold;
use crate::model::account::{AccountReport, AccountRow};
use crate::model::notice::Outgoing;
use crate::model::time::Time;

impl Store {
    /// Notes how an account is, and returns what is known of it now. Of `failing_since` the store keeps account: it is the first report
    /// without success after the last one with it, whichever gateway made them.
    ///
    /// # Errors
    /// When the store is away or refuses the change; nothing has changed then.
    pub async fn report_account(&self, report: &AccountReport) -> Result<AccountRow, Fault> {
        on_either!(self, base => base.report_account(report))
    }

    /// What is known of every account, by name.
    ///
    /// # Errors
    /// When the store is away, or holds what this version does not know.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, Fault> {
        looking!(self, base => base.accounts())
    }

    /// Forgets accounts that are not configured any more: all but these, as long as nothing was reported of them since `unheard_of_since`
    /// (another gateway of this store may have others). Returns how many.
    ///
    /// # Errors
    /// When the store is away or refuses the change.
    pub async fn forget_accounts(&self, but: &[String], unheard_of_since: Time) -> Result<u64, Fault> {
        on_either!(self, base => base.forget_accounts(but, unheard_of_since))
    }

    /// Queues what `write` makes of the accounts that are an alarm and were not told of since they were last well, and notes that they were
    /// told of: in one transaction, so once, however many gateways do it. `people` are the keys of those who may be told. Returns how many
    /// mails were queued: none where nobody can be told, and before the first arrival of a desk, which a notice is noted with.
    ///
    /// # Errors
    /// When the store is away or refuses the change; nothing has changed then.
    pub async fn tell_of_alarms(
        &self,
        now: Time,
        people: &[String],
        write: impl Fn(&Untold) -> Vec<Outgoing> + Sync,
    ) -> Result<usize, Fault> {
        let queued = on_either!(self, base => base.tell_of_alarms(now, people, &write))?;
        if queued > 0 {
            self.tell(News::Outbox).await;
        }
        Ok(queued)
    }
}
