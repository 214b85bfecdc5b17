//! Recall in SQL.

use std::collections::HashSet;

use sqlx::{QueryBuilder, Row as _};

use super::work::push_numbers;
use super::{Base, Connection, Database, KEPT, Record};
use crate::decide::recall::{Acknowledged, Facts, GUARDED_NOTES, Held, Known, QUOTABLE_MESSAGES, Sent, Wanted};
use crate::model::address::{Address, Mailbox};
use crate::model::arrival::Authenticity;
use crate::model::ticket::{Lately, Priority, Status, Ticket};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::recall::{recent_from, slot};

/// Values in one list: below SQLite's 32,766.
const MANY: usize = 10_000;

impl Base {
    pub(in crate::store) async fn recall(&self, wanted: &Wanted, now: Time) -> Result<Facts, Fault> {
        let mut reader = self.reader().await?;
        let next_number = next_ticket(&mut reader, "").await?;
        let facts = recall(&mut reader, wanted, now, "").await?;
        reader.release();
        Ok(Facts { next_number, ..facts })
    }
}

/// The number of the next ticket.
pub(super) async fn next_ticket(connection: &mut Connection, lock: &'static str) -> Result<i64, Fault> {
    let mut query = QueryBuilder::<Database>::new("SELECT next FROM counter WHERE name = 'ticket'");
    Ok(query.push(lock).build_query_scalar().fetch_one(connection).await?)
}

/// Asks everything a batch wants to know, except for the next number. `lock` is what its tickets are locked with.
pub(super) async fn recall(connection: &mut Connection, wanted: &Wanted, now: Time, lock: &'static str) -> Result<Facts, Fault> {
    let mut facts = Facts::default();
    known(connection, wanted, &mut facts).await?;
    by_message_id(connection, wanted, &mut facts).await?;
    by_arrival(connection, wanted, &mut facts).await?;
    let mut numbers = wanted.tickets.clone();
    numbers.extend(facts.by_message_id.values().flatten());
    numbers.extend(facts.by_arrival.values());
    if !numbers.is_empty() {
        let numbers: Vec<i64> = numbers.into_iter().collect();
        tickets(connection, &numbers, &mut facts, lock).await?;
        people(connection, &numbers, &mut facts).await?;
    }
    if !wanted.quoted.is_empty() {
        let numbers: Vec<i64> = wanted.quoted.iter().copied().collect();
        texts(connection, &numbers, &mut facts).await?;
    }
    acknowledged(connection, wanted, now, &mut facts).await?;
    dead(connection, wanted, &mut facts).await?;
    sent(connection, wanted, &mut facts).await?;
    held(connection, wanted, &mut facts, lock).await?;
    Ok(facts)
}

async fn known(connection: &mut Connection, wanted: &Wanted, facts: &mut Facts) -> Result<(), Fault> {
    if wanted.keys.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new(
        "SELECT content_key, department, id, authenticity, outcome, ticket FROM arrival WHERE content_key IN (",
    );
    let mut list = query.separated(", ");
    for key in &wanted.keys {
        list.push_bind(key.to_vec());
    }
    query.push(")");
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        let key: Vec<u8> = row.try_get(0)?;
        let Ok(key) = <[u8; 32]>::try_from(key) else { continue };
        let authenticity = row.try_get::<Option<&str>, _>(3)?.and_then(Authenticity::from_name).unwrap_or_default();
        let held = row.try_get::<Option<&str>, _>(4)? == Some("held");
        let arrival = row.try_get(2)?;
        facts.known.insert((key, row.try_get(1)?), Known { arrival, authenticity, held });
        if let Some(ticket) = row.try_get::<Option<i64>, _>(5)? {
            facts.by_arrival.insert(arrival, ticket);
        }
    }
    Ok(())
}

async fn by_message_id(connection: &mut Connection, wanted: &Wanted, facts: &mut Facts) -> Result<(), Fault> {
    if wanted.message_ids.is_empty() {
        return Ok(());
    }
    // The newest tickets are the ones that are spoken of; the rest of a much copied id cannot fill the memory.
    let mut query = QueryBuilder::<Database>::new("SELECT DISTINCT message_id, ticket FROM message WHERE message_id IN (");
    push_texts(&mut query, &wanted.message_ids);
    query.push(") ORDER BY ticket DESC LIMIT 10000");
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        facts.by_message_id.entry(row.try_get(0)?).or_default().push(row.try_get(1)?);
    }
    Ok(())
}

async fn by_arrival(connection: &mut Connection, wanted: &Wanted, facts: &mut Facts) -> Result<(), Fault> {
    if wanted.arrivals.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("SELECT id, ticket FROM arrival WHERE ticket IS NOT NULL AND id IN (");
    push_numbers(&mut query, &wanted.arrivals.iter().copied().collect::<Vec<_>>());
    query.push(")");
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        facts.by_arrival.insert(row.try_get(0)?, row.try_get(1)?);
    }
    Ok(())
}

async fn tickets(connection: &mut Connection, numbers: &[i64], facts: &mut Facts, lock: &'static str) -> Result<(), Fault> {
    let mut query = QueryBuilder::<Database>::new(
        "SELECT number, department, subject, status, visibility, requester_name, requester_address, assignee, mailbox, \
         first_message_id, last_message_id, created_at, updated_at, closed_at, priority, due_at, proven, lately_since, \
         lately_proven, lately_unproven, lately_machines, due_by_hand, reminded_of, overdue_of, language, recent FROM ticket WHERE number IN (",
    );
    push_numbers(&mut query, numbers);
    query.push(") ORDER BY number").push(lock);
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        let ticket = ticket_from(&row)?;
        facts.tickets.insert(ticket.number, ticket);
    }
    Ok(())
}

fn ticket_from(row: &Record) -> Result<Ticket, Fault> {
    let number: i64 = row.try_get(0)?;
    let broken = |what: &str| Fault::Refused(format!("ticket {number} has no valid {what}"));
    let address =
        |index: usize, what: &str| -> Result<Address, Fault> { Address::parse(row.try_get(index)?).ok_or_else(|| broken(what)) };
    Ok(Ticket {
        number,
        department: row.try_get(1)?,
        subject: row.try_get(2)?,
        priority: Priority::from_name(row.try_get(14)?).ok_or_else(|| broken("priority"))?,
        due_at: row.try_get::<Option<i64>, _>(15)?.map(Time),
        status: Status::from_name(row.try_get(3)?).ok_or_else(|| broken("status"))?,
        internal: row.try_get::<&str, _>(4)? == "internal",
        requester: Mailbox { name: row.try_get(5)?, address: address(6, "requester")? },
        assignee: row.try_get(7)?,
        mailbox: address(8, "mailbox")?,
        first_message_id: row.try_get(9)?,
        last_message_id: row.try_get(10)?,
        created_at: Time(row.try_get(11)?),
        updated_at: Time(row.try_get(12)?),
        closed_at: row.try_get::<Option<i64>, _>(13)?.map(Time),
        due_by_hand: row.try_get::<Option<i64>, _>(21)?.is_some_and(|by_hand| by_hand != 0),
        reminded_of: row.try_get::<Option<i64>, _>(22)?.map(Time),
        overdue_of: row.try_get::<Option<i64>, _>(23)?.map(Time),
        language: row.try_get(24)?,
        recent: recent_from(row.try_get(25)?).ok_or_else(|| broken("recent messages"))?,
        followers: Vec::new(),
        participants: Vec::new(),
        tags: Vec::new(),
        proven: row.try_get::<Option<&str>, _>(16)?.unwrap_or_default().lines().map(str::to_owned).collect(),
        lately: Lately {
            since: Time(row.try_get::<Option<i64>, _>(17)?.unwrap_or_default()),
            proven: row.try_get::<Option<i64>, _>(18)?.unwrap_or_default(),
            unproven: row.try_get::<Option<i64>, _>(19)?.unwrap_or_default(),
            machines: row.try_get::<Option<i64>, _>(20)?.unwrap_or_default(),
        },
    })
}

/// Followers, participants and tags in one statement, told apart by a number.
async fn people(connection: &mut Connection, numbers: &[i64], facts: &mut Facts) -> Result<(), Fault> {
    let mut query = QueryBuilder::<Database>::new(
        "SELECT ticket, CAST(0 AS BIGINT) AS kind, name, address, since FROM follower WHERE ticket IN (",
    );
    push_numbers(&mut query, numbers);
    query.push(") UNION ALL SELECT ticket, CAST(1 AS BIGINT), '', agent, CAST(0 AS BIGINT) FROM participant WHERE ticket IN (");
    push_numbers(&mut query, numbers);
    query.push(") UNION ALL SELECT ticket, CAST(2 AS BIGINT), '', tag, CAST(0 AS BIGINT) FROM tag WHERE ticket IN (");
    push_numbers(&mut query, numbers);
    query.push(") ORDER BY 1, 2, 5, 4");
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        let Some(ticket) = facts.tickets.get_mut(&row.try_get(0)?) else { continue };
        let word: String = row.try_get(3)?;
        match (row.try_get::<i64, _>(1)?, Address::parse(&word)) {
            (0, Some(address)) => ticket.followers.push(Mailbox { name: row.try_get(2)?, address }),
            (1, _) => ticket.participants.push(word),
            (2, _) => ticket.tags.push(word),
            _ => {}
        }
    }
    Ok(())
}

/// What the newest messages of the tickets say. Notes are counted apart: however many there are, what is public is still recognised, and
/// however much was written since, a note is guarded.
async fn texts(connection: &mut Connection, numbers: &[i64], facts: &mut Facts) -> Result<(), Fault> {
    let mut query = QueryBuilder::<Database>::new(
        "SELECT ticket, text, kind, remark FROM (SELECT ticket, text, kind, remark, arrival, \
         ROW_NUMBER() OVER (PARTITION BY ticket, kind = 'note' ORDER BY arrival DESC) AS age FROM message WHERE ticket IN (",
    );
    push_numbers(&mut query, numbers);
    query.push(")) AS newest WHERE age <= ").push_bind(QUOTABLE_MESSAGES);
    query.push(" OR (kind = 'note' AND age <= ").push_bind(GUARDED_NOTES).push(") OR remark IS NOT NULL ORDER BY arrival");
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        let (ticket, text): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(remark) = row.try_get::<Option<String>, _>(3)? {
            facts.notes.entry(ticket).or_default().push(remark);
        }
        match row.try_get::<&str, _>(2)? {
            "note" => {
                facts.notes.entry(ticket).or_default().push(text);
                continue;
            }
            "request" | "reply" | "answer" => facts.public.entry(ticket).or_default().push(text.clone()),
            _ => {}
        }
        facts.texts.entry(ticket).or_default().push(text);
    }
    Ok(())
}

/// Which of the people on the tickets, and of the others who may be written to, are dead.
async fn dead(connection: &mut Connection, wanted: &Wanted, facts: &mut Facts) -> Result<(), Fault> {
    let mut keys = wanted.people.clone();
    let on_tickets = facts.tickets.values().flat_map(Ticket::customer_side);
    keys.extend(on_tickets.map(|person| person.address.key()));
    facts.dead = dead_among(connection, &keys.into_iter().collect::<Vec<_>>()).await?;
    Ok(())
}

/// Those of the addresses that are dead.
pub(super) async fn dead_among(connection: &mut Connection, keys: &[String]) -> Result<HashSet<String>, Fault> {
    let mut found = HashSet::new();
    for keys in keys.chunks(MANY) {
        let mut query = QueryBuilder::<Database>::new("SELECT address_key FROM dead_address WHERE address_key IN (");
        push_texts(&mut query, keys);
        query.push(")");
        for row in query.build().persistent(KEPT).fetch_all(&mut *connection).await? {
            found.insert(row.try_get(0)?);
        }
    }
    Ok(found)
}

/// Notices by the arrivals that caused them.
async fn sent(connection: &mut Connection, wanted: &Wanted, facts: &mut Facts) -> Result<(), Fault> {
    if wanted.sent.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new(
        "SELECT arrival, id, event, recipient, ticket, message_id, state, created_at FROM outbox WHERE arrival IN (",
    );
    push_numbers(&mut query, &wanted.sent.iter().copied().collect::<Vec<_>>());
    query.push(") ORDER BY id");
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        let Some(recipient) = Address::parse(row.try_get(3)?) else { continue };
        facts.sent.entry(row.try_get(0)?).or_default().push(Sent {
            id: row.try_get(1)?,
            event: row.try_get(2)?,
            recipient,
            ticket: row.try_get(4)?,
            message_id: row.try_get(5)?,
            state: row.try_get(6)?,
            created_at: Time(row.try_get(7)?),
        });
    }
    Ok(())
}

/// Held arrivals that an admin speaks of. Locked, so that what the receipt says of them is what was done.
async fn held(connection: &mut Connection, wanted: &Wanted, facts: &mut Facts, lock: &'static str) -> Result<(), Fault> {
    if wanted.held.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new(
        "SELECT id, department, sender, subject, cause, ticket, received_at FROM arrival WHERE outcome = 'held' AND id IN (",
    );
    push_numbers(&mut query, &wanted.held.iter().copied().collect::<Vec<_>>());
    query.push(") ORDER BY id").push(lock);
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        let held = held_from(&row)?;
        facts.held.insert(held.arrival, held);
    }
    Ok(())
}

/// The columns in the order in which they are asked for above.
pub(super) fn held_from(row: &Record) -> Result<Held, Fault> {
    Ok(Held {
        arrival: row.try_get(0)?,
        department: row.try_get(1)?,
        sender: row.try_get(2)?,
        subject: row.try_get::<Option<String>, _>(3)?.unwrap_or_default(),
        cause: row.try_get::<Option<String>, _>(4)?.unwrap_or_default(),
        ticket: row.try_get(5)?,
        received_at: Time(row.try_get(6)?),
    })
}

/// What was sent to these addresses and, under the empty key, to everybody.
async fn acknowledged(connection: &mut Connection, wanted: &Wanted, now: Time, facts: &mut Facts) -> Result<(), Fault> {
    let (hour, day) = Facts::cap_starts(now);
    let mut query = QueryBuilder::<Database>::new("SELECT recipient_key, CAST(SUM(sent) AS BIGINT), CAST(SUM(CASE WHEN slot >= ");
    query.push_bind(slot(hour)).push(" THEN sent ELSE 0 END) AS BIGINT) FROM acknowledged WHERE slot >= ");
    query.push_bind(slot(day)).push(" AND recipient_key IN ('', ");
    push_texts(&mut query, &wanted.requesters);
    query.push(if wanted.requesters.is_empty() { "'') " } else { ") " }).push("GROUP BY recipient_key");
    for row in query.build().persistent(KEPT).fetch_all(connection).await? {
        let count = Acknowledged { day: row.try_get(1)?, hour: row.try_get(2)? };
        match row.try_get::<&str, _>(0)? {
            "" => facts.acknowledged_in_all = count.day,
            key => {
                facts.acknowledged.insert(key.to_owned(), count);
            }
        }
    }
    Ok(())
}

fn push_texts<'a>(query: &mut QueryBuilder<Database>, texts: impl IntoIterator<Item = &'a String>) {
    let mut list = query.separated(", ");
    for text in texts {
        list.push_bind(text.clone());
    }
}
