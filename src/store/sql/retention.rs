//! Letting go, in SQL: which rows a step looks at, which of them are needed still, and what goes with the others.
//!
//! A page is found by an index and without a look at anything else, on a connection that only reads, so that a run over rows that are all
//! needed still holds up nobody. Whether a row may go is asked once more in the transaction that removes it. That one locks the counter of
//! the tickets, so nothing is decided on any gateway meanwhile.

#[path = "retention/removal.rs"]
mod removal;

use sqlx::{QueryBuilder, Row as _};

use super::recall::next_ticket;
use super::work::push_numbers;
use super::{Base, Connection, Database, FOR_UPDATE, Transaction};
use crate::model::arrival::Outcome;
use crate::store::Fault;
use crate::store::retention::{Cursor, Rule, Step, What};

/// Rows that a step looks at.
const PAGE: i64 = 200;
/// Tickets that a step looks at: each has several rows in a dozen tables.
const TICKETS: i64 = 20;
/// Octets of originals that a step frees, about: each page of them is written once to say so.
const OCTETS: i64 = 16 * 1024 * 1024;

/// Outcomes of mail that is no message of a ticket, in the order in which they are gone through. Some that are `automatic` or `bounce` are
/// entries of a ticket all the same; those stay with it.
const OTHER: [Outcome; 5] = [Outcome::Automatic, Outcome::Bounce, Outcome::Duplicate, Outcome::Discarded, Outcome::Command];

/// A notice that has not left, or of which agents are still to be told that it will not.
const WAITING: &str = "(o.state IN ('due', 'leased', 'held') OR (o.state = 'failed' AND o.told_at IS NULL))";

/// A row that a step looks at.
#[derive(Debug, Clone, Copy)]
struct Looked {
    cursor: Cursor,
    /// Octets that go with it.
    size: i64,
    /// Whether it is so old that there may be others behind it.
    old: bool,
}

impl Base {
    pub(in crate::store) async fn let_go(&self, rule: &Rule<'_>, after: Cursor) -> Result<Step, Fault> {
        let mut reader = self.reader().await?;
        let mut page = page(&mut reader, rule, after).await?;
        page.truncate(fitting(&page));
        let ids: Vec<i64> = page.iter().map(|row| row.cursor.id).collect();
        let free = free(&mut reader, rule, &ids, "").await?;
        reader.release();
        let removed = if free.is_empty() { 0 } else { self.remove(rule, &free).await? };
        Ok(Step { removed, next: next(rule, after, &page) })
    }

    async fn remove(&self, rule: &Rule<'_>, ids: &[i64]) -> Result<u64, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        // Locks the counter: from here on nobody decides.
        next_ticket(&mut transaction, FOR_UPDATE).await?;
        let free = free(&mut transaction, rule, ids, FOR_UPDATE).await?;
        if !free.is_empty() {
            remove(&mut transaction, rule, &free).await?;
        }
        transaction.commit().await?;
        writer.release();
        Ok(free.len() as u64)
    }
}

async fn remove(transaction: &mut Transaction<'_>, rule: &Rule<'_>, ids: &[i64]) -> Result<(), Fault> {
    match rule.what {
        What::Sent => removal::letters(transaction, ids).await,
        What::Raw => removal::originals(transaction, ids, rule).await,
        What::Held | What::Other => {
            removal::tell_tickets(transaction, ids, rule).await?;
            removal::arrivals(transaction, ids).await
        }
        What::Closed => removal::tickets(transaction, ids, rule).await,
    }
}

/// How many of the rows a step may remove at once; one at least.
fn fitting(page: &[Looked]) -> usize {
    let mut octets = 0;
    let fits = page.iter().take_while(|row| {
        octets += row.size;
        octets <= OCTETS
    });
    fits.count().max(1).min(page.len())
}

/// Where to go on. Behind a page with nothing old there is nothing old.
fn next(rule: &Rule<'_>, after: Cursor, page: &[Looked]) -> Option<Cursor> {
    match page.last() {
        Some(last) if page.iter().any(|row| row.old) => Some(last.cursor),
        Some(_) => None,
        None if rule.what == What::Other && after.at + 1 < OTHER.len() as i64 => Some(Cursor { at: after.at + 1, id: 0 }),
        None => None,
    }
}

/// The rows behind the cursor.
async fn page(connection: &mut Connection, rule: &Rule<'_>, after: Cursor) -> Result<Vec<Looked>, Fault> {
    let mut query = QueryBuilder::<Database>::new("");
    match rule.what {
        // By the numbers of the notices: the older have the lower ones, and whether one is old enough is seen from the row.
        What::Sent => {
            query.push("SELECT CAST(0 AS BIGINT), o.id, CAST(0 AS BIGINT), CASE WHEN o.created_at < ").push_bind(rule.eldest());
            query.push(" THEN 1 ELSE 0 END FROM letter l JOIN outbox o ON o.id = l.outbox WHERE l.outbox > ").push_bind(after.id);
            // Said of both, or a server walks through one of them from its beginning.
            query.push(" AND o.id > ").push_bind(after.id);
            query.push(" ORDER BY l.outbox LIMIT ").push_bind(PAGE);
        }
        What::Raw => {
            query.push("SELECT decided_at, id, size, 1 FROM arrival WHERE decided_at IS NOT NULL AND original_gone_at IS NULL");
            query.push(" AND decided_at < ").push_bind(rule.eldest());
            query.push(" AND (decided_at, id) > (").push_bind(after.at).push(", ").push_bind(after.id);
            query.push(") ORDER BY decided_at, id LIMIT ").push_bind(PAGE);
        }
        What::Held | What::Other => {
            let outcome = usize::try_from(after.at).ok().and_then(|at| OTHER.get(at)).copied().unwrap_or(Outcome::Automatic);
            let outcome = if rule.what == What::Held { Outcome::Held } else { outcome };
            query.push("SELECT CAST(").push_bind(after.at).push(" AS BIGINT), id, size, 1 FROM arrival WHERE outcome = ");
            query.push_bind(outcome.name()).push(" AND id > ").push_bind(after.id);
            query.push(" AND decided_at < ").push_bind(rule.eldest()).push(" ORDER BY id LIMIT ").push_bind(PAGE);
        }
        What::Closed => {
            // The status is asked later: for it SQLite would take the index of all statuses, and sort.
            query.push("SELECT closed_at, number, CAST(0 AS BIGINT), 1 FROM ticket WHERE closed_at IS NOT NULL AND closed_at < ");
            query.push_bind(rule.eldest()).push(" AND (closed_at, number) > (").push_bind(after.at).push(", ");
            query.push_bind(after.id).push(") ORDER BY closed_at, number LIMIT ").push_bind(TICKETS);
        }
    }
    let mut page = Vec::new();
    for row in query.build().fetch_all(connection).await? {
        let cursor = Cursor { at: row.try_get(0)?, id: row.try_get(1)? };
        let old: i32 = row.try_get(3)?;
        page.push(Looked { cursor, size: row.try_get(2)?, old: old != 0 });
    }
    Ok(page)
}

/// Those of the rows that nobody needs any more.
async fn free(connection: &mut Connection, rule: &Rule<'_>, ids: &[i64], lock: &'static str) -> Result<Vec<i64>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Database>::new("");
    match rule.what {
        What::Sent => {
            query.push("SELECT o.id FROM outbox o WHERE o.state = 'sent' AND o.settled_at < ").push_bind(rule.eldest());
            query.push(" AND o.id IN (");
            push_numbers(&mut query, ids);
            query.push(")");
        }
        What::Raw => free_originals(&mut query, rule, ids),
        What::Held | What::Other => free_arrivals(&mut query, rule, ids),
        What::Closed => free_tickets(&mut query, rule, ids),
    }
    query.push(lock);
    Ok(query.build_query_scalar().fetch_all(connection).await?)
}

/// An original may be that of several arrivals, one for each department, and goes when all of them have let go of it.
fn free_originals(query: &mut QueryBuilder<Database>, rule: &Rule<'_>, ids: &[i64]) {
    query.push("SELECT a.id FROM arrival a WHERE a.original_gone_at IS NULL AND a.id IN (");
    push_numbers(query, ids);
    query.push(
        ") AND NOT EXISTS (SELECT 1 FROM arrival s WHERE s.raw_id = a.raw_id AND (s.outcome IS NULL OR s.outcome = 'held' \
         OR s.decided_at IS NULL OR s.decided_at >= ",
    );
    query.push_bind(rule.eldest());
    query.push(" OR EXISTS (SELECT 1 FROM ticket t WHERE t.number = s.ticket AND t.status <> 'closed')");
    // The files of a notice are ranges of the original, copied when it leaves.
    query.push(" OR EXISTS (SELECT 1 FROM outbox o WHERE o.arrival = s.id AND ").push(WAITING).push(")))");
}

fn free_arrivals(query: &mut QueryBuilder<Database>, rule: &Rule<'_>, ids: &[i64]) {
    query.push("SELECT a.id FROM arrival a WHERE a.decided_at < ").push_bind(rule.eldest()).push(" AND a.id IN (");
    push_numbers(query, ids);
    query.push(") AND a.outcome IN (");
    let outcomes = if rule.what == What::Held { &[Outcome::Held][..] } else { &OTHER };
    let mut list = query.separated(", ");
    for outcome in outcomes {
        list.push_bind(outcome.name());
    }
    query.push(") AND a.id < (SELECT MAX(id) FROM arrival) AND a.raw_id < (SELECT MAX(id) FROM raw)");
    query.push(" AND NOT EXISTS (SELECT 1 FROM message m WHERE m.arrival = a.id)");
    query.push(" AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.arrival = a.id AND ").push(WAITING).push(")");
    if rule.what == What::Other {
        query.push(" AND NOT EXISTS (SELECT 1 FROM ticket t WHERE t.number = a.ticket AND t.status <> 'closed')");
    }
}

/// A ticket goes whole. One that continues another, or is continued, waits until both are closed, and one that mail is held for until that is
/// decided.
fn free_tickets(query: &mut QueryBuilder<Database>, rule: &Rule<'_>, ids: &[i64]) {
    query.push("SELECT t.number FROM ticket t WHERE t.status = 'closed' AND t.closed_at < ").push_bind(rule.eldest());
    query.push(" AND t.number IN (");
    push_numbers(query, ids);
    query.push(
        ") AND NOT EXISTS (SELECT 1 FROM relation r JOIN ticket n ON n.number = r.other WHERE r.ticket = t.number AND n.status <> 'closed') \
         AND NOT EXISTS (SELECT 1 FROM relation r JOIN ticket n ON n.number = r.ticket WHERE r.other = t.number AND n.status <> 'closed') \
         AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.outcome IS NULL AND a.released_onto = t.number) \
         AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.ticket = t.number AND (a.outcome IS NULL OR a.outcome = 'held' \
         OR a.id = (SELECT MAX(id) FROM arrival) OR a.raw_id = (SELECT MAX(id) FROM raw) \
         OR EXISTS (SELECT 1 FROM outbox o WHERE o.arrival = a.id AND ",
    );
    query.push(WAITING).push("))) AND NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket = t.number AND EXISTS ");
    query.push("(SELECT 1 FROM outbox o WHERE o.arrival = m.arrival AND ").push(WAITING).push("))");
}
