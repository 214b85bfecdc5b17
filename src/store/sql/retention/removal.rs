//! What goes with a row that is let go of, in the order in which the tables refer to each other.

use sqlx::{QueryBuilder, Row as _};

use super::super::work::push_numbers;
use super::super::{Database, Transaction};
use crate::store::Fault;
use crate::store::retention::Rule;

/// Numbers in one statement, below the 32,766 values that SQLite takes.
const MANY: usize = 5_000;

/// The mail of notices; the notices stay.
pub(super) async fn letters(transaction: &mut Transaction<'_>, ids: &[i64]) -> Result<(), Fault> {
    each(transaction, "DELETE FROM letter WHERE outbox IN (", ids, ")").await
}

/// Empties originals, and notes that with the arrivals and on their tickets.
pub(super) async fn originals(transaction: &mut Transaction<'_>, ids: &[i64], rule: &Rule<'_>) -> Result<(), Fault> {
    let raws = raws_of(transaction, ids).await?;
    let mut query = QueryBuilder::<Database>::new("UPDATE raw SET object = NULL, octets = ");
    query.push_bind(Vec::<u8>::new()).push(" WHERE id IN (");
    push_numbers(&mut query, &raws);
    query.push(")").build().persistent(false).execute(&mut **transaction).await?;
    let mut query = QueryBuilder::<Database>::new("UPDATE arrival SET original_gone_at = ");
    query.push_bind(rule.now.0).push(", original_gone_by = ").push_bind(rule.in_words()).push(" WHERE raw_id IN (");
    push_numbers(&mut query, &raws);
    query.push(")").build().persistent(false).execute(&mut **transaction).await?;
    event(transaction, ids, rule, "originals-removed").await
}

/// Says on the tickets that mail which spoke of them was removed.
pub(super) async fn tell_tickets(transaction: &mut Transaction<'_>, ids: &[i64], rule: &Rule<'_>) -> Result<(), Fault> {
    event(transaction, ids, rule, "mail-removed").await
}

/// An event on each ticket of the arrivals that is there.
async fn event(transaction: &mut Transaction<'_>, ids: &[i64], rule: &Rule<'_>, kind: &str) -> Result<(), Fault> {
    let mut query = QueryBuilder::<Database>::new("INSERT INTO event (ticket, at, actor, kind, old, new) SELECT t.number, CAST(");
    query.push_bind(rule.now.0).push(" AS BIGINT), 'postdesk', CAST(").push_bind(kind.to_owned()).push(" AS TEXT), ");
    query.push("CAST(COUNT(*) AS TEXT), CAST(").push_bind(rule.in_words());
    query.push(" AS TEXT) FROM arrival a JOIN ticket t ON t.number = a.ticket WHERE a.id IN (");
    push_numbers(&mut query, ids);
    query.push(") GROUP BY t.number").build().persistent(false).execute(&mut **transaction).await?;
    Ok(())
}

/// Arrivals that are no messages, with their notices and originals. The ledgers of what was fetched and imported go on knowing them.
pub(super) async fn arrivals(transaction: &mut Transaction<'_>, ids: &[i64]) -> Result<(), Fault> {
    let raws = raws_of(transaction, ids).await?;
    each(transaction, "DELETE FROM letter WHERE outbox IN (SELECT id FROM outbox WHERE arrival IN (", ids, "))").await?;
    each(transaction, "DELETE FROM outbox WHERE arrival IN (", ids, ")").await?;
    each(transaction, "DELETE FROM arrival WHERE id IN (", ids, ")").await?;
    let unnamed = ") AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.raw_id = raw.id)";
    each(transaction, "DELETE FROM raw WHERE id IN (", &raws, unnamed).await
}

/// Tickets with everything that belongs to them.
pub(super) async fn tickets(transaction: &mut Transaction<'_>, numbers: &[i64], rule: &Rule<'_>) -> Result<(), Fault> {
    part_from_others(transaction, numbers, rule).await?;
    let mut query = QueryBuilder::<Database>::new("SELECT id FROM arrival WHERE ticket IN (");
    push_numbers(&mut query, numbers);
    query.push(") UNION SELECT arrival FROM message WHERE ticket IN (");
    push_numbers(&mut query, numbers);
    query.push(")");
    let ids: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(&mut **transaction).await?;
    let files = "DELETE FROM attachment WHERE message IN (SELECT arrival FROM message WHERE ticket IN (";
    each(transaction, files, numbers, "))").await?;
    for table in ["message", "event", "follower", "participant", "tag"] {
        each(transaction, &format!("DELETE FROM {table} WHERE ticket IN ("), numbers, ")").await?;
    }
    arrivals(transaction, &ids).await?;
    each(transaction, "DELETE FROM ticket WHERE number IN (", numbers, ")").await
}

/// The tickets that one had to do with say that it is gone.
async fn part_from_others(transaction: &mut Transaction<'_>, numbers: &[i64], rule: &Rule<'_>) -> Result<(), Fault> {
    let mut query = QueryBuilder::<Database>::new("SELECT ticket, other FROM relation WHERE ticket IN (");
    push_numbers(&mut query, numbers);
    query.push(") UNION SELECT ticket, other FROM relation WHERE other IN (");
    push_numbers(&mut query, numbers);
    query.push(")");
    let mut told: Vec<(i64, i64)> = Vec::new();
    for row in query.build().persistent(false).fetch_all(&mut **transaction).await? {
        let (ticket, other): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        told.extend(
            [(ticket, other), (other, ticket)]
                .into_iter()
                .filter(|(stays, goes)| numbers.contains(goes) && !numbers.contains(stays)),
        );
    }
    if !told.is_empty() {
        let mut query = QueryBuilder::<Database>::new("INSERT INTO event (ticket, at, actor, kind, old, new) ");
        query.push_values(told, |mut row, (stays, goes)| {
            row.push_bind(stays).push_bind(rule.now.0).push("'postdesk'").push("'related-removed'");
            row.push_bind(goes.to_string()).push_bind(rule.in_words());
        });
        query.build().persistent(false).execute(&mut **transaction).await?;
    }
    each(transaction, "DELETE FROM relation WHERE ticket IN (", numbers, ")").await?;
    each(transaction, "DELETE FROM relation WHERE other IN (", numbers, ")").await
}

async fn raws_of(transaction: &mut Transaction<'_>, ids: &[i64]) -> Result<Vec<i64>, Fault> {
    let mut raws: Vec<i64> = Vec::with_capacity(ids.len());
    for ids in ids.chunks(MANY) {
        let mut query = QueryBuilder::<Database>::new("SELECT DISTINCT raw_id FROM arrival WHERE id IN (");
        push_numbers(&mut query, ids);
        query.push(")");
        raws.extend(query.build_query_scalar::<i64>().persistent(false).fetch_all(&mut **transaction).await?);
    }
    raws.sort_unstable();
    raws.dedup();
    Ok(raws)
}

/// Runs a statement for all the numbers, as many at a time as one takes.
async fn each(transaction: &mut Transaction<'_>, before: &str, numbers: &[i64], behind: &str) -> Result<(), Fault> {
    for numbers in numbers.chunks(MANY) {
        let mut query = QueryBuilder::<Database>::new(before);
        push_numbers(&mut query, numbers);
        query.push(behind).build().persistent(false).execute(&mut **transaction).await?;
    }
    Ok(())
}
