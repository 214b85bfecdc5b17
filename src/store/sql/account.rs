//! The accounts from which mail is fetched, in SQL.

use sqlx::{QueryBuilder, Row as _};

use super::notices::queue_notices;
use super::recall::{dead_among, next_ticket};
use super::{Base, Database, FOR_UPDATE, KEPT, Record, Transaction};
use crate::decide::alarm::{Alarm, Untold};
use crate::model::account::{ALARM_AFTER, AccountReport, AccountRow, STALE_AFTER, State};
use crate::model::notice::{Event, Outgoing};
use crate::model::time::Time;
use crate::store::Fault;

const COLUMNS: &str = "name, state, last_success_at, failing_since, last_error, last_error_at, next_attempt_at, behind, undone, \
                       left_there, updated_at";
/// Accounts that are an alarm, and were not told of. Those that nobody reports of are configured no more, or fail with their gateway, whose
/// end others notice.
const UNTOLD: &str = "told_at IS NULL AND failing_since <= $1 AND updated_at > $2";

impl Base {
    /// What a report does not know stays as it was. A success ends the failing, and that admins were told of it.
    pub(in crate::store) async fn report_account(&self, report: &AccountReport) -> Result<AccountRow, Fault> {
        let success = report.state.is_success().then_some(report.at.0);
        let failing = if success.is_none() { Some(report.at.0) } else { None };
        let error = report.error_kept();
        let mut query = QueryBuilder::<Database>::new("INSERT INTO account (");
        query.push(COLUMNS).push(") ");
        query.push_values([report], |mut row, report| {
            row.push_bind(report.name.as_str()).push_bind(report.state.name()).push_bind(success).push_bind(failing);
            row.push_bind(error.as_deref()).push_bind(error.as_ref().map(|_| report.at.0));
            row.push_bind(report.next_attempt_at.map(|at| at.0)).push_bind(report.behind).push_bind(report.undone);
            row.push_bind(report.left_there).push_bind(report.at.0);
        });
        query.push(
            " ON CONFLICT (name) DO UPDATE SET state = excluded.state, \
             last_success_at = COALESCE(excluded.last_success_at, account.last_success_at), \
             failing_since = CASE WHEN excluded.failing_since IS NULL THEN NULL \
                             ELSE COALESCE(account.failing_since, excluded.failing_since) END, \
             told_at = CASE WHEN excluded.failing_since IS NULL THEN NULL ELSE account.told_at END, \
             last_error = COALESCE(excluded.last_error, account.last_error), \
             last_error_at = COALESCE(excluded.last_error_at, account.last_error_at), \
             next_attempt_at = excluded.next_attempt_at, behind = COALESCE(excluded.behind, account.behind), \
             undone = COALESCE(excluded.undone, account.undone), left_there = COALESCE(excluded.left_there, account.left_there), \
             updated_at = excluded.updated_at RETURNING ",
        );
        query.push(COLUMNS);
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let row = query.build().persistent(KEPT).fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        account_from(&row)
    }

    pub(in crate::store) async fn accounts(&self) -> Result<Vec<AccountRow>, Fault> {
        let mut query = QueryBuilder::<Database>::new("SELECT ");
        query.push(COLUMNS).push(" FROM account ORDER BY name");
        let mut reader = self.reader().await?;
        let rows = query.build().fetch_all(&mut *reader).await?;
        reader.release();
        rows.iter().map(account_from).collect()
    }

    pub(in crate::store) async fn forget_accounts(&self, but: &[String], unheard_of_since: Time) -> Result<u64, Fault> {
        let mut query = QueryBuilder::<Database>::new("DELETE FROM account WHERE updated_at < ");
        query.push_bind(unheard_of_since.0);
        if !but.is_empty() {
            query.push(" AND name NOT IN (");
            let mut names = query.separated(", ");
            for name in but {
                names.push_bind(name.as_str());
            }
            query.push(")");
        }
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let gone = query.build().persistent(KEPT).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        writer.release();
        Ok(gone)
    }

    pub(in crate::store) async fn tell_of_alarms(
        &self,
        now: Time,
        people: &[String],
        write: &(impl Fn(&Untold) -> Vec<Outgoing> + Sync),
    ) -> Result<usize, Fault> {
        if people.is_empty() || !self.is_any_alarm_untold(now).await? {
            return Ok(0);
        }
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        // Locks the counter: from here on no other gateway decides, nor tells.
        next_ticket(&mut transaction, FOR_UPDATE).await?;
        let notices = match untold(&mut transaction, now, people).await? {
            Some(untold) => write(&untold),
            None => Vec::new(),
        };
        if notices.is_empty() {
            // Nobody can be told now: it stays untold.
            transaction.rollback().await?;
            writer.release();
            return Ok(0);
        }
        queue_notices(&mut transaction, &notices, now).await?;
        transaction.commit().await?;
        writer.release();
        Ok(notices.len())
    }

    /// A look that costs nearly nothing, since it is had every few seconds.
    async fn is_any_alarm_untold(&self, now: Time) -> Result<bool, Fault> {
        let mut query = QueryBuilder::<Database>::new("SELECT name FROM account WHERE ");
        query.push(UNTOLD).push(" LIMIT 1");
        let query = query.build_query_scalar::<String>().bind(now.minus(ALARM_AFTER).0).bind(now.minus(STALE_AFTER).0);
        let mut reader = self.reader().await?;
        let found = query.fetch_optional(&mut *reader).await?;
        reader.release();
        Ok(found.is_some())
    }
}

/// Marks the accounts that are to be told of. `None` when there are none any more, or nothing that a notice could be noted with.
async fn untold(transaction: &mut Transaction<'_>, now: Time, people: &[String]) -> Result<Option<Untold>, Fault> {
    let mut query = QueryBuilder::<Database>::new("UPDATE account SET told_at = $3 WHERE ");
    query.push(UNTOLD).push(" RETURNING name, failing_since, last_error");
    let query = query.build().bind(now.minus(ALARM_AFTER).0).bind(now.minus(STALE_AFTER).0).bind(now.0);
    let alarm = |row: &Record| -> Result<Alarm, Fault> {
        Ok(Alarm { account: row.try_get(0)?, since: Time(row.try_get(1)?), error: row.try_get(2)? })
    };
    let rows = query.fetch_all(&mut **transaction).await?;
    let mut alarms = rows.iter().map(alarm).collect::<Result<Vec<_>, _>>()?;
    alarms.sort_by(|one, other| one.account.cmp(&other.account));
    let Some(noted_with) = noted_with(transaction).await?.filter(|_| !alarms.is_empty()) else { return Ok(None) };
    let dead = dead_among(transaction, people).await?;
    Ok(Some(Untold { alarms, noted_with, dead }))
}

/// A notice is noted with an arrival, and one arrival takes one notice of a kind for a person: so the newest that has none of these.
async fn noted_with(transaction: &mut Transaction<'_>) -> Result<Option<i64>, Fault> {
    let query = "SELECT id FROM arrival WHERE NOT EXISTS \
                 (SELECT 1 FROM outbox WHERE outbox.arrival = arrival.id AND outbox.event = $1) ORDER BY id DESC LIMIT 1";
    Ok(sqlx::query_scalar(query).bind(Event::Alarm.name()).fetch_optional(&mut **transaction).await?)
}

fn account_from(row: &Record) -> Result<AccountRow, Fault> {
    let time = |column| row.try_get::<Option<i64>, _>(column).map(|time| time.map(Time));
    let state: String = row.try_get("state")?;
    Ok(AccountRow {
        name: row.try_get("name")?,
        state: State::from_name(&state)
            .ok_or_else(|| Fault::Refused(format!("the store has an account in the state `{state}`")))?,
        last_success_at: time("last_success_at")?,
        failing_since: time("failing_since")?,
        last_error: row.try_get("last_error")?,
        last_error_at: time("last_error_at")?,
        next_attempt_at: time("next_attempt_at")?,
        behind: row.try_get("behind")?,
        undone: row.try_get("undone")?,
        left_there: row.try_get("left_there")?,
        updated_at: Time(row.try_get("updated_at")?),
    })
}
