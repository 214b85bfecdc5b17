//! Who is on a ticket and what it is filed under, in SQL. Several mails of a batch may change one ticket: what counts is how it was before the
//! first of them and how the last one left it.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;

use super::decision::Rows;
use super::{Database, KEPT, Transaction};
use crate::decide::TicketChange;
use crate::model::address::Mailbox;
use crate::model::ticket::Ticket;
use crate::model::time::Time;
use crate::store::Fault;

pub(super) async fn write(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time) -> Result<(), Fault> {
    let mut tickets: BTreeMap<i64, (Option<&Ticket>, &Ticket)> = BTreeMap::new();
    for change in changes(rows) {
        let known = tickets.entry(change.ticket.number).or_insert((change.before.as_ref(), &change.ticket));
        known.1 = &change.ticket;
    }
    write_followers(transaction, &tickets, now).await?;
    let participants = |ticket: &Ticket| ticket.participants.clone();
    write_words(transaction, &tickets, participants, PARTICIPANT).await?;
    write_words(transaction, &tickets, |ticket| ticket.tags.clone(), TAG).await?;
    write_relations(transaction, rows).await
}

fn changes<'a>(rows: &'a Rows<'_>) -> impl Iterator<Item = &'a TicketChange> {
    rows.iter().filter_map(|(_, decision)| decision.change.as_ref())
}

type Tickets<'a> = BTreeMap<i64, (Option<&'a Ticket>, &'a Ticket)>;

async fn write_followers(transaction: &mut Transaction<'_>, tickets: &Tickets<'_>, now: Time) -> Result<(), Fault> {
    let has = |people: &[Mailbox], person: &Mailbox| people.iter().any(|other| other.address == person.address);
    let mut added = Vec::new();
    for (number, (before, after)) in tickets {
        let known = before.map_or(&[][..], |ticket| &ticket.followers);
        added.extend(after.followers.iter().filter(|person| !has(known, person)).map(|person| (*number, person)));
        for person in known.iter().filter(|person| !has(&after.followers, person)) {
            let query = sqlx::query("DELETE FROM follower WHERE ticket = $1 AND address = $2");
            query.bind(*number).bind(person.address.as_str()).execute(&mut **transaction).await?;
        }
    }
    if added.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("INSERT INTO follower (ticket, address, name, since) ");
    query.push_values(added, |mut row, (ticket, person)| {
        row.push_bind(ticket).push_bind(person.address.as_str()).push_bind(person.name.clone()).push_bind(now.0);
    });
    query.push(" ON CONFLICT DO NOTHING");
    query.build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}

/// The statements for a list of words of a ticket.
struct Words {
    insert: &'static str,
    delete: &'static str,
}

const PARTICIPANT: Words = Words {
    insert: "INSERT INTO participant (ticket, agent) ",
    delete: "DELETE FROM participant WHERE ticket = $1 AND agent = $2",
};
const TAG: Words = Words { insert: "INSERT INTO tag (ticket, tag) ", delete: "DELETE FROM tag WHERE ticket = $1 AND tag = $2" };

async fn write_words(
    transaction: &mut Transaction<'_>,
    tickets: &Tickets<'_>,
    words: impl Fn(&Ticket) -> Vec<String>,
    statements: Words,
) -> Result<(), Fault> {
    let mut added = Vec::new();
    for (number, (before, after)) in tickets {
        let (known, now) = (before.map(&words).unwrap_or_default(), words(after));
        for word in known.iter().filter(|word| !now.contains(word)) {
            sqlx::query(statements.delete).bind(*number).bind(word).execute(&mut **transaction).await?;
        }
        added.extend(now.into_iter().filter(|word| !known.contains(word)).map(|word| (*number, word)));
    }
    if added.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new(statements.insert);
    query.push_values(added, |mut row, (ticket, word)| {
        row.push_bind(ticket).push_bind(word);
    });
    query.push(" ON CONFLICT DO NOTHING");
    query.build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}

async fn write_relations(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let related: Vec<_> = changes(rows).filter_map(|change| Some((change.ticket.number, change.related?))).collect();
    if related.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("INSERT INTO relation (ticket, other, kind) ");
    query.push_values(related, |mut row, (ticket, (other, kind))| {
        row.push_bind(ticket).push_bind(other).push_bind(kind.name());
    });
    query.push(" ON CONFLICT DO NOTHING");
    query.build().persistent(KEPT).execute(&mut **transaction).await?;
    Ok(())
}
