//! The commit point of the second hop: what was decided of a batch, its tickets, messages, events and notices, all in one transaction.
//!
//! A crash before the COMMIT leaves the arrivals pending, and they are decided again as if nothing had been; after it, they have
//! their outcome and are never looked at again. The unique index on the content key stands behind that on the database's side.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Row};

use super::outbox::parts_column;
use super::recall::{recall, slot};
use super::work::push_numbers;
use super::{Database, Fault, Store, Transaction};
use crate::decide::recall::{Facts, Wanted};
use crate::decide::{Case, Decision};
use crate::model::arrival::Authenticity;
use crate::model::notice;
use crate::model::time::Time;

/// Rows in one statement, so that the widest table stays below SQLite's 32,766 bound values.
const ROWS: usize = 1_000;

impl Store {
    /// Recalls, decides and commits a batch. `decide` is called once for each case, in order, with the facts as they are after the
    /// cases before it.
    pub async fn decide_batch(
        &self,
        cases: &[Case],
        wanted: &Wanted,
        now: Time,
        decide: impl Fn(&Case, &Facts) -> Decision,
    ) -> Result<Vec<Decision>, Fault> {
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        let mut facts = recall(&mut transaction, wanted, now).await?;
        let mut decisions = Vec::with_capacity(cases.len());
        for case in cases {
            let decision = decide(case, &facts);
            facts.absorb(case, &decision);
            decisions.push(decision);
        }
        let rows: Vec<(&Case, &Decision)> = cases.iter().zip(&decisions).collect();
        let mut next_notice = reserve(&mut transaction, &decisions, facts.next_number).await?;
        for rows in rows.chunks(ROWS) {
            next_notice = write(&mut transaction, rows, now, next_notice).await?;
        }
        transaction.commit().await?;
        self.worker_wrote();
        Ok(decisions)
    }
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

type Rows<'a> = [(&'a Case, &'a Decision)];

/// Writes what was decided, table by table, and returns the number after the last notice's.
async fn write(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time, next_notice: i64) -> Result<i64, Fault> {
    write_outcomes(transaction, rows, now).await?;
    write_tickets(transaction, rows).await?;
    write_people(transaction, rows, now).await?;
    write_messages(transaction, rows).await?;
    write_attachments(transaction, rows).await?;
    write_events(transaction, rows).await?;
    write_proofs(transaction, rows).await?;
    write_acknowledged(transaction, rows, now).await?;
    write_notices(transaction, rows, now, next_notice).await
}

async fn write_outcomes(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time) -> Result<(), Fault> {
    let replaced: Vec<i64> = rows.iter().filter_map(|(_, decision)| decision.replaces).collect();
    if !replaced.is_empty() {
        let mut query = QueryBuilder::<Database>::new("UPDATE arrival SET content_key = NULL WHERE id IN (");
        push_numbers(&mut query, &replaced);
        query.push(")").build().persistent(false).execute(&mut **transaction).await?;
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
         defects = done.defects, decided_at = ",
    );
    query.push_bind(now.0).push(" FROM done WHERE arrival.id = done.id AND arrival.outcome IS NULL");
    let changed = query.build().persistent(false).execute(&mut **transaction).await?.rows_affected();
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
         assignee, mailbox, first_message_id, last_message_id, created_at, updated_at, closed_at) ",
    );
    query.push_values(last.into_values(), |mut row, ticket| {
        row.push_bind(ticket.number)
            .push_bind(ticket.department.clone())
            .push_bind(ticket.subject.clone())
            .push_bind(ticket.status.name())
            .push("'medium'")
            .push("'email'")
            .push_bind(if ticket.internal { "internal" } else { "external" })
            .push_bind(ticket.requester.name.clone())
            .push_bind(ticket.requester.address.as_str())
            .push_bind(ticket.assignee.clone())
            .push_bind(ticket.mailbox.as_str())
            .push_bind(ticket.first_message_id.clone())
            .push_bind(ticket.last_message_id.clone())
            .push_bind(ticket.created_at.0)
            .push_bind(ticket.updated_at.0)
            .push_bind(ticket.closed_at.map(|time| time.0));
    });
    query.push(
        " ON CONFLICT (number) DO UPDATE SET status = excluded.status, assignee = excluded.assignee, \
         last_message_id = excluded.last_message_id, updated_at = excluded.updated_at, closed_at = excluded.closed_at",
    );
    query.build().persistent(false).execute(&mut **transaction).await?;
    Ok(())
}

async fn write_people(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time) -> Result<(), Fault> {
    let changes = || rows.iter().filter_map(|(_, decision)| decision.change.as_ref());
    let followers: Vec<_> = changes()
        .flat_map(|change| {
            let known = change.ticket.followers.len() - change.new_followers;
            change.ticket.followers[known..].iter().map(move |person| (change.ticket.number, person))
        })
        .collect();
    if !followers.is_empty() {
        let mut query = QueryBuilder::<Database>::new("INSERT INTO follower (ticket, address, name, since) ");
        query.push_values(followers, |mut row, (ticket, person)| {
            row.push_bind(ticket).push_bind(person.address.as_str()).push_bind(person.name.clone()).push_bind(now.0);
        });
        query.push(" ON CONFLICT DO NOTHING");
        query.build().persistent(false).execute(&mut **transaction).await?;
    }
    let related: Vec<_> = changes().filter_map(|change| Some((change.ticket.number, change.follows?))).collect();
    if !related.is_empty() {
        let mut query = QueryBuilder::<Database>::new("INSERT INTO relation (ticket, other, kind) ");
        query.push_values(related, |mut row, (ticket, other)| {
            row.push_bind(ticket).push_bind(other).push("'follow-up'");
        });
        query.build().persistent(false).execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn write_messages(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let messages: Vec<_> = rows.iter().filter_map(|(_, decision)| decision.message.as_ref()).collect();
    if messages.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new(
        "INSERT INTO message (arrival, ticket, kind, public, author_name, author_address, author_agent, at, message_id, subject, \
         text, quoted, authenticated) ",
    );
    query.push_values(messages, |mut row, message| {
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
            .push_bind(i64::from(message.authenticated));
    });
    query.build().persistent(false).execute(&mut **transaction).await?;
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
            "INSERT INTO attachment (message, position, name, media_type, size, sha256, inline, content_id, encoding, raw_start, raw_end) ",
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
                .push_bind(file.end);
        });
        query.build().persistent(false).execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn write_events(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let events: Vec<_> = rows.iter().flat_map(|(_, decision)| &decision.events).collect();
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
        query.build().persistent(false).execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn write_notices(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time, first: i64) -> Result<i64, Fault> {
    let notices: Vec<(i64, _)> = (first..).zip(rows.iter().flat_map(|(_, decision)| &decision.notices)).collect();
    for notices in notices.chunks(ROWS) {
        let mut query = QueryBuilder::<Database>::new(
            "INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, \
             created_at) ",
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
                .push_bind(now.0);
        });
        query.build().persistent(false).execute(&mut **transaction).await?;
        let mut query = QueryBuilder::<Database>::new("INSERT INTO letter (outbox, head, parts, tail) ");
        query.push_values(notices, |mut row, (id, notice)| {
            row.push_bind(*id)
                .push_bind(notice.head.clone())
                .push_bind(parts_column(&notice.parts))
                .push_bind(notice.tail.clone());
        });
        query.build().persistent(false).execute(&mut **transaction).await?;
    }
    Ok(first + notices.len() as i64)
}

/// Counts the acknowledgements, by recipient and under the empty key for everybody, against the caps.
async fn write_acknowledged(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time) -> Result<(), Fault> {
    let mut sent: BTreeMap<String, i64> = BTreeMap::new();
    let notices = rows.iter().flat_map(|(_, decision)| &decision.notices);
    for notice in notices.filter(|notice| notice.event == notice::Event::Acknowledgement) {
        *sent.entry(notice.recipient.key()).or_default() += 1;
        *sent.entry(String::new()).or_default() += 1;
    }
    if sent.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("INSERT INTO acknowledged (recipient_key, slot, sent) ");
    query.push_values(sent, |mut row, (recipient, count)| {
        row.push_bind(recipient).push_bind(slot(now)).push_bind(count);
    });
    query.push(" ON CONFLICT (recipient_key, slot) DO UPDATE SET sent = acknowledged.sent + excluded.sent");
    query.build().persistent(false).execute(&mut **transaction).await?;
    Ok(())
}

/// Marks the senders of earlier copies as proven by later ones.
async fn write_proofs(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let proven: Vec<i64> = rows.iter().filter_map(|(_, decision)| decision.proves).collect();
    if proven.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("UPDATE message SET authenticated = 1 WHERE arrival IN (");
    push_numbers(&mut query, &proven);
    query.push(")").build().persistent(false).execute(&mut **transaction).await?;
    // There is only one way to prove a sender yet.
    let mut query = QueryBuilder::<Database>::new("UPDATE arrival SET authenticity = ");
    query.push_bind(Authenticity::TrustedNetwork.name()).push(" WHERE id IN (");
    push_numbers(&mut query, &proven);
    query.push(")").build().persistent(false).execute(&mut **transaction).await?;
    Ok(())
}
