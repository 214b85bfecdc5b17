//! Held mail in SQL.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::{QueryBuilder, Row as _};

use super::notices::queue_notices;
use super::recall::{dead_among, held_from, next_ticket};
use super::work::push_numbers;
use super::{Base, Database, FOR_UPDATE, Transaction, effect};
use crate::decide::digest::{LISTED, Untold};
use crate::decide::{Action, Operation};
use crate::model::arrival::Cause;
use crate::model::notice::Outgoing;
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::held::{DIGEST, Operated};

impl Base {
    pub(in crate::store) async fn operate(&self, operation: &Operation, now: Time) -> Result<Operated, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let operated = operated(&mut transaction, operation, now).await?;
        transaction.commit().await?;
        writer.release();
        Ok(operated)
    }

    pub(in crate::store) async fn tell_of_held(
        &self,
        now: Time,
        every: Duration,
        people: &[String],
        write: &(impl Fn(&Untold) -> Vec<Outgoing> + Sync),
    ) -> Result<usize, Fault> {
        if people.is_empty() || !self.is_digest_due(now, every).await? {
            return Ok(0);
        }
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        // Locks the counter: from here on no other gateway decides, nor writes a digest.
        next_ticket(&mut transaction, FOR_UPDATE).await?;
        let notices = match untold(&mut transaction, now, people).await? {
            Some(untold) if may_be_sent(&mut transaction, now, every).await? => write(&untold),
            _ => Vec::new(),
        };
        if notices.is_empty() {
            // Nobody can be told now: it stays untold.
            transaction.rollback().await?;
            writer.release();
            return Ok(0);
        }
        queue_notices(&mut transaction, &notices, now).await?;
        let query = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(query).bind(DIGEST).bind(now.0.to_string()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(notices.len())
    }

    /// A look that costs nearly nothing, since it is had every few seconds.
    async fn is_digest_due(&self, now: Time, every: Duration) -> Result<bool, Fault> {
        let mut reader = self.reader().await?;
        let query = "SELECT id FROM arrival WHERE outcome = 'held' AND told_at IS NULL ORDER BY id LIMIT 1";
        let untold: Option<i64> = sqlx::query_scalar(query).fetch_optional(&mut *reader).await?;
        let last: Option<String> =
            sqlx::query_scalar("SELECT value FROM setting WHERE name = $1").bind(DIGEST).fetch_optional(&mut *reader).await?;
        reader.release();
        Ok(untold.is_some() && is_over(last.as_deref(), now, every))
    }
}

async fn operated(transaction: &mut Transaction<'_>, operation: &Operation, now: Time) -> Result<Operated, Fault> {
    let mut query = QueryBuilder::<Database>::new("SELECT outcome, cause FROM arrival WHERE id = ");
    query.push_bind(operation.arrival).push(FOR_UPDATE);
    let Some(row) = query.build().fetch_optional(&mut **transaction).await? else { return Ok(Operated::Unknown) };
    let (outcome, cause): (Option<String>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    if outcome.as_deref() != Some("held") {
        return Ok(Operated::NotHeld(outcome));
    }
    if let Action::Release { onto } = operation.action {
        if cause.as_deref() == Some(Cause::NoSender.name()) {
            return Ok(Operated::NoSender);
        }
        if let Some(number) = onto {
            let query = sqlx::query_scalar("SELECT number FROM ticket WHERE number = $1");
            let found: Option<i64> = query.bind(number).fetch_optional(&mut **transaction).await?;
            if found.is_none() {
                return Ok(Operated::NoSuchTicket);
            }
        }
    }
    let done = effect::operate(transaction, operation, now).await?;
    Ok(if done { Operated::Done } else { Operated::NotHeld(None) })
}

fn is_over(last: Option<&str>, now: Time, every: Duration) -> bool {
    let last = last.and_then(|last| last.parse().ok()).map(Time);
    // A clock that was set back must not silence us until it is where it was; one that is a little behind another gateway's is none.
    last.is_none_or(|last| last.plus(every) <= now || last > now.plus(every))
}

/// Whether the last digest is old enough; asked again under the lock.
async fn may_be_sent(transaction: &mut Transaction<'_>, now: Time, every: Duration) -> Result<bool, Fault> {
    let query = sqlx::query_scalar("SELECT value FROM setting WHERE name = $1").bind(DIGEST);
    let last: Option<String> = query.fetch_optional(&mut **transaction).await?;
    Ok(is_over(last.as_deref(), now, every))
}

/// Marks what was never told of, and tells it. What is held after this statement is left for the next digest.
async fn untold(transaction: &mut Transaction<'_>, now: Time, people: &[String]) -> Result<Option<Untold>, Fault> {
    let query = "UPDATE arrival SET told_at = $1 WHERE outcome = 'held' AND told_at IS NULL RETURNING id";
    let mut ids: Vec<i64> = sqlx::query_scalar(query).bind(now.0).fetch_all(&mut **transaction).await?;
    if ids.is_empty() {
        return Ok(None);
    }
    ids.sort_unstable_by(|one, other| other.cmp(one));
    let count = ids.len();
    ids.truncate(LISTED);
    let mut query = QueryBuilder::<Database>::new(
        "SELECT id, department, sender, subject, cause, ticket, received_at FROM arrival WHERE id IN (",
    );
    push_numbers(&mut query, &ids);
    query.push(") ORDER BY id DESC");
    let rows = query.build().fetch_all(&mut **transaction).await?;
    let held = rows.iter().map(held_from).collect::<Result<Vec<_>, _>>()?;
    let Some(noted_with) = noted_with(transaction, &ids).await? else { return Ok(None) };
    let dead = dead_among(transaction, people).await?;
    Ok(Some(Untold { held, count, noted_with, dead }))
}

/// A notice is noted with an arrival, and one arrival takes one notice of a kind for a person. So a digest is noted with the newest mail of
/// it; where one of these was told of before, and was held again, with the newest arrival that has none.
async fn noted_with(transaction: &mut Transaction<'_>, ids: &[i64]) -> Result<Option<i64>, Fault> {
    let mut query = QueryBuilder::<Database>::new("SELECT arrival FROM outbox WHERE event = 'digest' AND arrival IN (");
    push_numbers(&mut query, ids);
    query.push(")");
    let taken: HashSet<i64> = query.build_query_scalar().fetch_all(&mut **transaction).await?.into_iter().collect();
    if let Some(free) = ids.iter().find(|id| !taken.contains(id)) {
        return Ok(Some(*free));
    }
    let query = "SELECT id FROM arrival WHERE NOT EXISTS \
                 (SELECT 1 FROM outbox WHERE outbox.arrival = arrival.id AND outbox.event = 'digest') ORDER BY id DESC LIMIT 1";
    Ok(sqlx::query_scalar(query).fetch_optional(&mut **transaction).await?)
}
