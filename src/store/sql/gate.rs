//! The gate before the wire in SQL: counts of what has left, kept by ten minutes in `sent`, and what was kept back.
//!
//! Kinds in `sent`: every mail, every acknowledgement, and the acknowledgements to each address.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Row as _};

use super::{Base, Database, KEPT, Record, Transaction};
use crate::decide::recall::{CAP_DAY, CAP_HOUR};
use crate::model::notice::Event;
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::gate::{Count, Counts, Kept};
use crate::store::recall::slot;

/// Every mail.
const ALL: &str = "all";
/// Every acknowledgement; with a space and the key of an address, those to it.
const ACKNOWLEDGEMENTS: &str = "acknowledgement";

/// What acknowledgements to an address are counted as.
fn to(key: &str) -> String {
    format!("{ACKNOWLEDGEMENTS} {key}")
}

impl Base {
    /// One statement: what was settled as sent, and what is leased. A mail that is settled between two looks would else be in neither.
    pub(in crate::store) async fn counts_at_the_wire(&self, keys: &[String], now: Time) -> Result<Counts, Fault> {
        let (hour, day) = (slot(now.minus(CAP_HOUR)), slot(now.minus(CAP_DAY)));
        let mut query = QueryBuilder::<Database>::new("SELECT kind, CAST(SUM(CASE WHEN slot >= ");
        query.push_bind(hour).push(" THEN count ELSE 0 END) AS BIGINT), CAST(SUM(count) AS BIGINT), CAST(0 AS BIGINT) FROM sent");
        query.push(" WHERE kind IN (").push_bind(ALL).push(", ").push_bind(ACKNOWLEDGEMENTS);
        for key in keys {
            query.push(", ").push_bind(to(key));
        }
        query.push(") AND slot >= ").push_bind(day).push(" GROUP BY kind UNION ALL SELECT CASE WHEN event = ");
        query.push_bind(Event::Acknowledgement.name()).push(" THEN ").push_bind(to("")).push(" || recipient_key ELSE ");
        query.push_bind(ALL).push(" END AS kind, CAST(0 AS BIGINT), CAST(0 AS BIGINT), ");
        query.push("CAST(SUM(CASE state WHEN 'leased' THEN 1 ELSE 0 END) AS BIGINT) FROM outbox ");
        // Leases end in the future: a backlog of what is due is not walked through.
        query.push("WHERE state IN ('due', 'leased') AND next_attempt_at > ").push_bind(now.0).push(" GROUP BY 1");
        let mut reader = self.reader().await?;
        let rows = query.build().persistent(KEPT).fetch_all(&mut *reader).await?;
        reader.release();
        let mut counts = Counts::default();
        for row in &rows {
            let count = Count { hour: row.try_get(1)?, day: row.try_get(2)?, under_way: row.try_get(3)? };
            match row.try_get::<&str, _>(0)? {
                ALL => add(&mut counts.all, count),
                ACKNOWLEDGEMENTS => add(&mut counts.acknowledgements, count),
                kind => {
                    counts.all.under_way += count.under_way;
                    counts.acknowledgements.under_way += count.under_way;
                    let key = kind.strip_prefix(ACKNOWLEDGEMENTS).unwrap_or_default().trim_start();
                    add(counts.to.entry(key.to_owned()).or_default(), count);
                }
            }
        }
        Ok(counts)
    }

    pub(in crate::store) async fn keep_back(&self, kept: &[(i64, i64, Kept)], now: Time) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new("WITH done (id, lease, state, at, error, settled) AS (");
        query.push_values(kept, |mut row, (id, lease, kept)| {
            let (state, at, why, settled) = match kept {
                Kept::Waits { until, why } => ("due", until.0, why, None),
                Kept::Dropped(why) => ("dropped", now.0, why, Some(now.0)),
            };
            row.push_bind(*id).push_bind(*lease).push_bind(state).push_bind(at).push_bind(why.as_str()).push_bind(settled);
        });
        query.push(
            ") UPDATE outbox SET state = done.state, next_attempt_at = done.at, last_error = done.error, settled_at = done.settled, \
             attempts = outbox.attempts - 1 \
             FROM done WHERE outbox.id = done.id AND outbox.lease = done.lease AND outbox.state = 'leased' \
             RETURNING outbox.ticket, outbox.state, outbox.recipient",
        );
        let rows = query.build().persistent(KEPT).fetch_all(&mut *transaction).await?;
        let mut dropped: Vec<(i64, String)> = Vec::new();
        for row in rows {
            if let (Some(ticket), "dropped") = (row.try_get::<Option<i64>, _>(0)?, row.try_get::<&str, _>(1)?) {
                dropped.push((ticket, row.try_get(2)?));
            }
        }
        note_lost(&mut transaction, "dropped", dropped, "postdesk", now).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }
}

fn add(to: &mut Count, count: Count) {
    to.hour += count.hour;
    to.day += count.day;
    to.under_way += count.under_way;
}

/// Says on the tickets what became of a notice to these recipients that they do not get: it was `dropped`, or `undelivered`.
pub(super) async fn note_lost(
    transaction: &mut Transaction<'_>,
    kind: &'static str,
    lost: Vec<(i64, String)>,
    actor: &str,
    now: Time,
) -> Result<(), Fault> {
    if lost.is_empty() {
        return Ok(());
    }
    let mut events = QueryBuilder::<Database>::new("INSERT INTO event (ticket, at, actor, kind, new) ");
    events.push_values(lost, |mut row, (ticket, recipient)| {
        row.push_bind(ticket).push_bind(now.0).push_bind(actor.to_owned()).push_bind(kind).push_bind(recipient);
    });
    events.build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}

/// Counts what has left: rows of settled notices with their `state`, `event` and `recipient_key`. All gateways write to the same few rows,
/// each in the same order.
pub(super) async fn count_sent(transaction: &mut Transaction<'_>, settled: &[Record], now: Time) -> Result<(), Fault> {
    let mut sent: BTreeMap<String, i64> = BTreeMap::new();
    for row in settled {
        if row.try_get::<&str, _>("state")? != "sent" {
            continue;
        }
        *sent.entry(ALL.to_owned()).or_default() += 1;
        if row.try_get::<&str, _>("event")? == Event::Acknowledgement.name() {
            *sent.entry(ACKNOWLEDGEMENTS.to_owned()).or_default() += 1;
            *sent.entry(to(row.try_get("recipient_key")?)).or_default() += 1;
        }
    }
    if sent.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("INSERT INTO sent (kind, slot, count) ");
    query.push_values(sent, |mut row, (kind, count)| {
        row.push_bind(kind).push_bind(slot(now)).push_bind(count);
    });
    query.push(" ON CONFLICT (kind, slot) DO UPDATE SET count = sent.count + excluded.count");
    query.build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}
