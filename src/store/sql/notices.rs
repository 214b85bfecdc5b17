//! Notices into the outbox, in SQL.

use std::collections::{BTreeMap, HashSet};

use sqlx::QueryBuilder;

use super::decision::{ROWS, Rows};
use super::{Database, KEPT, Transaction};
use crate::decide::recall::cap_key;
use crate::model::notice::{self, Outgoing};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::outbox::parts_column;
use crate::store::recall::slot;

pub(super) async fn write_notices(
    transaction: &mut Transaction<'_>,
    rows: &Rows<'_>,
    now: Time,
    first: i64,
) -> Result<i64, Fault> {
    let notices: Vec<&Outgoing> = rows.iter().flat_map(|(_, decision)| &decision.notices).collect();
    insert_notices(transaction, &notices, now, first).await
}

/// Queues notices, numbered from `first`, and returns the number after the last one's. A person who was told of an arrival's event once is
/// not told again when an operator has it decided again.
pub(super) async fn insert_notices(
    transaction: &mut Transaction<'_>,
    notices: &[&Outgoing],
    now: Time,
    first: i64,
) -> Result<i64, Fault> {
    let notices: Vec<(i64, &Outgoing)> = (first..).zip(notices.iter().copied()).collect();
    for notices in notices.chunks(ROWS) {
        let mut query = QueryBuilder::<Database>::new(
            "INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, \
             created_at, destination, automatic) ",
        );
        query.push_values(notices, |mut row, (id, notice)| {
            row.push_bind(*id)
                .push_bind(notice.ticket)
                .push_bind(notice.arrival)
                .push_bind(notice.event.name())
                .push_bind(notice.recipient.as_str())
                .push_bind(notice.recipient.key())
                .push_bind(notice.sender.as_str())
                .push_bind(notice.message_id.clone())
                .push("'due'")
                .push_bind(now.0)
                .push_bind(now.0)
                .push_bind(notice.recipient.domain())
                .push_bind(i64::from(notice.automatic));
        });
        query.push(" ON CONFLICT (arrival, event, recipient_key) DO NOTHING RETURNING id");
        let queued: HashSet<i64> =
            query.build_query_scalar().persistent(KEPT).fetch_all(&mut **transaction).await?.into_iter().collect();
        let queued: Vec<_> = notices.iter().filter(|(id, _)| queued.contains(id)).collect();
        if queued.is_empty() {
            continue;
        }
        let mut query = QueryBuilder::<Database>::new("INSERT INTO letter (outbox, head, parts, tail) ");
        query.push_values(queued, |mut row, (id, notice)| {
            row.push_bind(*id)
                .push_bind(notice.head.clone())
                .push_bind(parts_column(&notice.parts))
                .push_bind(notice.tail.clone());
        });
        query.build().persistent(KEPT).execute(&mut **transaction).await?;
    }
    Ok(first + notices.len() as i64)
}

/// Queues notices that no decision made, under the next numbers.
pub(super) async fn queue_notices(transaction: &mut Transaction<'_>, notices: &[Outgoing], now: Time) -> Result<(), Fault> {
    let count = notices.len() as i64;
    let query = "UPDATE counter SET next = next + $1 WHERE name = 'outbox' RETURNING next";
    let next: i64 = sqlx::query_scalar(query).bind(count).fetch_one(&mut **transaction).await?;
    insert_notices(transaction, &notices.iter().collect::<Vec<_>>(), now, next - count).await.map(drop)
}

/// Counts automatic mail against its caps: acknowledgements by recipient, and under the empty key for everybody; other events by
/// recipient.
pub(super) async fn write_counted(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time) -> Result<(), Fault> {
    let mut sent: BTreeMap<String, i64> = BTreeMap::new();
    for notice in rows.iter().flat_map(|(_, decision)| &decision.notices) {
        if let Some(key) = cap_key(notice.event, &notice.recipient) {
            *sent.entry(key).or_default() += 1;
        }
        if notice.event == notice::Event::Acknowledgement {
            *sent.entry(String::new()).or_default() += 1;
        }
    }
    if sent.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("INSERT INTO acknowledged (recipient_key, slot, sent) ");
    query.push_values(sent, |mut row, (recipient, count)| {
        row.push_bind(recipient).push_bind(slot(now)).push_bind(count);
    });
    query.push(" ON CONFLICT (recipient_key, slot) DO UPDATE SET sent = acknowledged.sent + excluded.sent");
    query.build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}
