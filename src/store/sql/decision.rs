//! The decision in SQL.

use std::collections::{BTreeMap, HashSet};

use sqlx::{QueryBuilder, Row as _};

use super::notices::{write_counted, write_notices};
use super::recall::{next_ticket, recall};
use super::work::push_numbers;
use super::{Base, Database, FOR_UPDATE, KEPT, Transaction, effect, people};
use crate::decide::recall::Facts;
use crate::decide::{Case, Decision};
use crate::model::ticket::Event;
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::decision::{Decided, Matter};
use crate::store::recall::recent_column;

/// Rows in one statement, so that the widest table stays below SQLite's 32,766 bound values.
pub(super) const ROWS: usize = 1_000;

/// So many attempts may fail before a mail holds up no others any more.
const PATIENCE: i64 = 2;

impl Base {
    pub(in crate::store) async fn decide_batch(
        &self,
        matter: Matter<'_>,
        decide: &(impl Fn(&Case, &Facts) -> Decision + Sync),
        gateway: i64,
    ) -> Result<Decided, Fault> {
        let Matter { cases, waiting, wanted, now } = matter;
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        // Locks the counter: from here on no other gateway decides.
        let next_number = next_ticket(&mut transaction, FOR_UPDATE).await?;
        let ours = still_ours(&mut transaction, cases, gateway).await?;
        let oldest =
            [oldest_elsewhere(&mut transaction, cases, false).await?, oldest_elsewhere(&mut transaction, cases, true).await?];
        let mut facts = recall(&mut transaction, wanted, now, FOR_UPDATE).await?;
        facts.next_number = next_number;
        let mut decided = Decided::default();
        let mut rows = Vec::with_capacity(cases.len());
        for case in cases {
            let id = case.arrival.id;
            if !ours.contains(&id) {
                decided.lost.push(id);
            } else if oldest[usize::from(case.is_archived())].is_some_and(|oldest| oldest < id)
                && case.links.speak_of_something_earlier()
            {
                decided.postponed.push(id);
            } else {
                let decision = decide(case, &facts);
                facts.absorb(case, &decision);
                rows.push(case);
                decided.decisions.push(decision);
            }
        }
        give_back(&mut transaction, decided.postponed.iter().filter(|id| !waiting.contains(id)).copied().collect()).await?;
        let rows: Vec<(&Case, &Decision)> = rows.into_iter().zip(&decided.decisions).collect();
        let mut next_notice = reserve(&mut transaction, &decided.decisions, facts.next_number).await?;
        for rows in rows.chunks(ROWS) {
            next_notice = write(&mut transaction, rows, now, next_notice).await?;
        }
        transaction.commit().await?;
        writer.release();
        Ok(decided)
    }
}

/// Takes back the attempt that was counted of mails that only wait. Nothing of them has been worked on but their reading, which went
/// well: their gateway's death is not their doing, however often it happens.
async fn give_back(transaction: &mut Transaction<'_>, ids: Vec<i64>) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("UPDATE arrival SET attempts = attempts - 1 WHERE id IN (");
    push_numbers(&mut query, &ids);
    query.push(")").build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}

/// Those of the arrivals that are pending, that we have taken up, and whose last attempt is the one we hold.
async fn still_ours(transaction: &mut Transaction<'_>, cases: &[Case], gateway: i64) -> Result<HashSet<i64>, Fault> {
    // The time as well: after a failover that lost it, a number may be given again.
    let held = cases.iter().map(|case| (case.arrival.id, case.arrival.attempts, case.arrival.received_at.0));
    let held: HashSet<(i64, i64, i64)> = held.collect();
    let mut query =
        QueryBuilder::<Database>::new("SELECT id, attempts, received_at FROM arrival WHERE outcome IS NULL AND claimed_by = ");
    query.push_bind(gateway).push(" AND id IN (");
    push_numbers(&mut query, &cases.iter().map(|case| case.arrival.id).collect::<Vec<_>>());
    query.push(") ORDER BY id").push(FOR_UPDATE);
    let rows = query.build().persistent(KEPT).fetch_all(&mut **transaction).await?;
    let mut ours = HashSet::with_capacity(rows.len());
    for row in rows {
        let row: (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if held.contains(&row) {
            ours.insert(row.0);
        }
    }
    Ok(ours)
}

/// The oldest undecided arrival that is not of this batch, if any of the batch has to wait for it. One that has failed too often is
/// waited for no more, nor one whose object is away. Mail of archives waits for what is older there, and no other mail waits for it.
async fn oldest_elsewhere(transaction: &mut Transaction<'_>, cases: &[Case], archived: bool) -> Result<Option<i64>, Fault> {
    let linked = cases.iter().filter(|case| case.is_archived() == archived && case.links.speak_of_something_earlier());
    let Some(last) = linked.map(|case| case.arrival.id).max() else { return Ok(None) };
    let batch: HashSet<i64> = cases.iter().map(|case| case.arrival.id).collect();
    let pending: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM arrival WHERE outcome IS NULL AND archived = $4 AND id < $1 AND attempts <= $2 AND passed_over IS NULL ORDER BY id LIMIT $3")
            .bind(last)
            .bind(PATIENCE)
            .bind(batch.len() as i64)
            .bind(i64::from(archived))
            .fetch_all(&mut **transaction)
            .await?;
    Ok(pending.into_iter().find(|id| !batch.contains(id)))
}

/// Moves the counters on, and returns the number of the first notice.
async fn reserve(transaction: &mut Transaction<'_>, decisions: &[Decision], next_ticket: i64) -> Result<i64, Fault> {
    let notices: i64 = decisions.iter().map(|decision| decision.notices.len() as i64).sum();
    let row = sqlx::query(
        "UPDATE counter SET next = CASE name WHEN 'ticket' THEN $1 ELSE next + $2 END WHERE name IN ('ticket', 'outbox') \
         RETURNING name, next",
    );
    let rows = row.bind(next_ticket).bind(notices).fetch_all(&mut **transaction).await?;
    for row in rows {
        if row.try_get::<&str, _>(0)? == "outbox" {
            return Ok(row.try_get::<i64, _>(1)? - notices);
        }
    }
    Err(Fault::Refused("the counter of the outbox is missing".to_owned()))
}

pub(super) type Rows<'a> = [(&'a Case, &'a Decision)];

/// Writes what was decided, table by table, and returns the number after the last notice's.
async fn write(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time, next_notice: i64) -> Result<i64, Fault> {
    write_outcomes(transaction, rows, now).await?;
    write_tickets(transaction, rows).await?;
    people::write(transaction, rows, now).await?;
    write_messages(transaction, rows).await?;
    write_attachments(transaction, rows).await?;
    write_events(transaction, rows).await?;
    effect::write(transaction, rows, now).await?;
    write_counted(transaction, rows, now).await?;
    write_notices(transaction, rows, now, next_notice).await
}

async fn write_outcomes(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time) -> Result<(), Fault> {
    let replaced: Vec<i64> = rows.iter().filter_map(|(_, decision)| decision.replaces).collect();
    if !replaced.is_empty() {
        let mut query = QueryBuilder::<Database>::new("UPDATE arrival SET content_key = NULL WHERE id IN (");
        push_numbers(&mut query, &replaced);
        query.push(")").build().persistent(KEPT).execute(&mut **transaction).await?;
    }
    let mut query = QueryBuilder::<Database>::new(
        "WITH done (id, outcome, cause, ticket, authenticity, message_id, subject, content_key, reasons, defects) AS (",
    );
    query.push_values(rows, |mut row, (case, decision)| {
        let defects: Vec<String> = case.mail.defects.iter().map(|defect| format!("{}: {}", defect.name, defect.detail)).collect();
        row.push_bind(decision.arrival)
            .push_bind(decision.outcome.name())
            .push_bind(decision.cause.map(|cause| cause.name()))
            .push_bind(decision.ticket)
            .push_bind(decision.authenticity.name())
            .push_bind(case.mail.message_id.clone())
            .push_bind(case.mail.subject.clone())
            .push_bind(decision.keeps_key.then(|| case.mail.content_key.to_vec()))
            .push_bind(decision.reasons.join("\n"))
            .push_bind((!defects.is_empty()).then(|| defects.join("\n")));
    });
    query.push(
        ") UPDATE arrival SET outcome = done.outcome, cause = done.cause, ticket = done.ticket, authenticity = done.authenticity, \
         message_id = done.message_id, subject = done.subject, content_key = done.content_key, reasons = done.reasons, \
         defects = done.defects, told_at = CASE WHEN arrival.archived = 1 AND done.outcome = 'held' THEN ",
    );
    // Admins are told of no held mail of long ago.
    query.push_bind(now.0).push(" ELSE arrival.told_at END, decided_at = ");
    query.push_bind(now.0).push(" FROM done WHERE arrival.id = done.id AND arrival.outcome IS NULL");
    let changed = query.build().persistent(KEPT).execute(&mut **transaction).await?.rows_affected();
    if changed != rows.len() as u64 {
        return Err(Fault::Refused(format!("{changed} of {} arrivals were still pending", rows.len())));
    }
    Ok(())
}

/// New and changed tickets in one statement. A ticket that several mails of the batch changed is written as the last one left it.
async fn write_tickets(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let mut last: BTreeMap<i64, _> = BTreeMap::new();
    for change in rows.iter().filter_map(|(_, decision)| decision.change.as_ref()) {
        last.insert(change.ticket.number, &change.ticket);
    }
    if last.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new(
        "INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, \
         assignee, mailbox, first_message_id, last_message_id, due_at, created_at, updated_at, closed_at, proven, lately_since, \
         lately_proven, lately_unproven, lately_machines, due_by_hand, reminded_of, overdue_of, language, recent) ",
    );
    query.push_values(last.into_values(), |mut row, ticket| {
        row.push_bind(ticket.number)
            .push_bind(ticket.department.clone())
            .push_bind(ticket.subject.clone())
            .push_bind(ticket.status.name())
            .push_bind(ticket.priority.name())
            .push("'email'")
            .push_bind(if ticket.internal { "internal" } else { "external" })
            .push_bind(ticket.requester.name.clone())
            .push_bind(ticket.requester.address.as_str())
            .push_bind(ticket.assignee.clone())
            .push_bind(ticket.mailbox.as_str())
            .push_bind(ticket.first_message_id.clone())
            .push_bind(ticket.last_message_id.clone())
            .push_bind(ticket.due_at.map(|time| time.0))
            .push_bind(ticket.created_at.0)
            .push_bind(ticket.updated_at.0)
            .push_bind(ticket.closed_at.map(|time| time.0))
            .push_bind((!ticket.proven.is_empty()).then(|| ticket.proven.join("\n")))
            .push_bind(ticket.lately.since.0)
            .push_bind(ticket.lately.proven)
            .push_bind(ticket.lately.unproven)
            .push_bind(ticket.lately.machines)
            .push_bind(i64::from(ticket.due_by_hand))
            .push_bind(ticket.reminded_of.map(|time| time.0))
            .push_bind(ticket.overdue_of.map(|time| time.0))
            .push_bind(ticket.language.clone())
            .push_bind(recent_column(&ticket.recent));
    });
    query.push(
        " ON CONFLICT (number) DO UPDATE SET department = excluded.department, status = excluded.status, priority = excluded.priority, \
         assignee = excluded.assignee, due_at = excluded.due_at, last_message_id = excluded.last_message_id, updated_at = excluded.updated_at, closed_at = excluded.closed_at, proven = excluded.proven, lately_since = excluded.lately_since, \
         lately_proven = excluded.lately_proven, lately_unproven = excluded.lately_unproven, \
         lately_machines = excluded.lately_machines, due_by_hand = excluded.due_by_hand, reminded_of = excluded.reminded_of, \
         overdue_of = excluded.overdue_of, language = excluded.language, recent = excluded.recent",
    );
    query.build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}

async fn write_messages(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let messages: Vec<_> = rows.iter().filter_map(|(_, decision)| decision.message.as_ref()).collect();
    if messages.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new(
        "INSERT INTO message (arrival, ticket, kind, public, author_name, author_address, author_agent, at, message_id, subject, \
         text, quoted, authenticated, html, protection, forwarded_name, forwarded_address, forwarded_date, forwarded_subject, \
         remark, remark_name, remark_address, remark_agent) ",
    );
    query.push_values(messages, |mut row, message| {
        let (forwarded, remark) = (message.forwarded.as_ref(), message.remark.as_ref());
        let original = forwarded.and_then(|forwarded| forwarded.from.as_ref());
        row.push_bind(message.arrival)
            .push_bind(message.ticket)
            .push_bind(message.kind.name())
            .push_bind(i64::from(message.kind.is_public()))
            .push_bind(message.author.name.clone())
            .push_bind(message.author.address.as_ref().map(|address| address.as_str()))
            .push_bind(message.author.agent.clone())
            .push_bind(message.at.0)
            .push_bind(message.message_id.clone())
            .push_bind(message.subject.clone())
            .push_bind(message.text.clone())
            .push_bind(message.quoted.clone())
            .push_bind(i64::from(message.authenticated))
            .push_bind(message.html.clone())
            .push_bind(message.protection.map(|protection| protection.name()))
            .push_bind(original.map(|from| from.name.clone()))
            .push_bind(original.map(|from| from.address.as_str()))
            .push_bind(forwarded.map(|forwarded| forwarded.date.clone()))
            .push_bind(forwarded.map(|forwarded| forwarded.subject.clone()))
            .push_bind(remark.map(|remark| remark.text.clone()))
            .push_bind(remark.map(|remark| remark.author.name.clone()))
            .push_bind(remark.and_then(|remark| remark.author.address.as_ref()).map(|address| address.as_str()))
            .push_bind(remark.and_then(|remark| remark.author.agent.clone()));
    });
    query.build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}

async fn write_attachments(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let messages = rows.iter().filter_map(|(_, decision)| decision.message.as_ref());
    let attachments: Vec<_> = messages
        .flat_map(|message| {
            message.attachments.iter().zip(0_i64..).map(move |(file, position)| (message.arrival, position, file))
        })
        .collect();
    for attachments in attachments.chunks(ROWS) {
        let mut query = QueryBuilder::<Database>::new(
            "INSERT INTO attachment (message, position, name, media_type, size, sha256, inline, content_id, encoding, raw_start, raw_end, \
             inner_start, inner_end, inner_uuencoded) ",
        );
        query.push_values(attachments, |mut row, (message, position, file)| {
            row.push_bind(*message)
                .push_bind(*position)
                .push_bind(file.name.clone())
                .push_bind(file.media_type.clone())
                .push_bind(file.size)
                .push_bind(file.sha256.to_vec())
                .push_bind(i64::from(file.inline))
                .push_bind(file.content_id.clone())
                .push_bind(file.encoding.name())
                .push_bind(file.start)
                .push_bind(file.end)
                .push_bind(file.inner.map(|inner| inner.start))
                .push_bind(file.inner.map(|inner| inner.end))
                .push_bind(file.inner.map(|inner| i64::from(inner.uuencoded)));
        });
        query.build().persistent(KEPT).execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn write_events(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let events: Vec<_> = rows.iter().flat_map(|(_, decision)| &decision.events).collect();
    insert_events(transaction, &events).await
}

pub(super) async fn insert_events(transaction: &mut Transaction<'_>, events: &[&Event]) -> Result<(), Fault> {
    for events in events.chunks(ROWS) {
        let mut query = QueryBuilder::<Database>::new("INSERT INTO event (ticket, at, actor, kind, old, new) ");
        query.push_values(events, |mut row, event| {
            row.push_bind(event.ticket)
                .push_bind(event.at.0)
                .push_bind(event.actor.clone())
                .push_bind(event.kind)
                .push_bind(event.from.clone())
                .push_bind(event.to.clone());
        });
        query.build().persistent(KEPT).execute(&mut **transaction).await?;
    }
    Ok(())
}
