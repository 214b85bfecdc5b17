//! What the clock brings about, in SQL.

use std::collections::{BTreeSet, HashMap, HashSet};

use sqlx::{QueryBuilder, Row as _};

use super::decision::insert_events;
use super::notices::queue_notices;
use super::recall::{next_ticket, recall};
use super::work::push_numbers;
use super::{Base, Connection, Database, FOR_UPDATE, Record, Transaction, effect};
use crate::decide::Rules;
use crate::decide::recall::{Facts, Wanted};
use crate::decide::tick::{GivenUp, Horizon, Late, Told, due_event, given_up, horizons, tell};
use crate::model::address::Address;
use crate::model::notice::{Event, Outgoing};
use crate::model::ticket::Ticket;
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::tick::{MOST, Ticked};

impl Base {
    pub(in crate::store) async fn tick(&self, rules: Rules<'_>) -> Result<Ticked, Fault> {
        let horizons = horizons(rules.desk, rules.now);
        if !self.is_anything_untold(&horizons, rules.now).await? {
            return Ok(Ticked::default());
        }
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        // Locks the counter: from here on no other gateway decides, nor tells.
        next_ticket(&mut transaction, FOR_UPDATE).await?;
        let due = due_tickets(&mut transaction, &horizons, rules.now, MOST).await?;
        let failed = failed_notices(&mut transaction).await?;
        let wanted = Wanted {
            tickets: due
                .iter()
                .copied()
                .chain(failed.iter().filter_map(|(_, failed)| failed.as_ref()?.ticket))
                .collect::<BTreeSet<_>>(),
            people: rules.desk.agents.iter().map(|agent| agent.address.key()).collect(),
            ..Wanted::default()
        };
        let facts = recall(&mut transaction, &wanted, rules.now, FOR_UPDATE).await?;
        let told = tell_of_due(&mut transaction, &due, &facts, rules).await?;
        let (settled, notices) = tell_of_given_up(&mut transaction, &failed, &facts, rules).await?;
        write_told(&mut transaction, &told).await?;
        write_given_up(&mut transaction, &failed, &settled, rules.now).await?;
        let (tickets, mut queued) = (told.len(), notices);
        queued.extend(told.into_iter().flat_map(|told| told.notices));
        if !queued.is_empty() {
            queue_notices(&mut transaction, &queued, rules.now).await?;
        }
        transaction.commit().await?;
        writer.release();
        Ok(Ticked { tickets, given_up: settled.len(), queued: queued.len() })
    }

    /// A look that costs nearly nothing, since it is had every few seconds.
    async fn is_anything_untold(&self, horizons: &[Horizon], now: Time) -> Result<bool, Fault> {
        let mut reader = self.reader().await?;
        let due = due_tickets(&mut reader, horizons, now, 1).await?;
        let query = "SELECT id FROM outbox WHERE state = 'failed' AND told_at IS NULL ORDER BY id LIMIT 1";
        let failed: Option<i64> = sqlx::query_scalar(query).fetch_optional(&mut *reader).await?;
        reader.release();
        Ok(!due.is_empty() || failed.is_some())
    }
}

/// The tickets that there is something to be told of, the longest overdue first. What was told as past is in no index any more.
async fn due_tickets(connection: &mut Connection, horizons: &[Horizon], now: Time, limit: usize) -> Result<Vec<i64>, Fault> {
    let farthest = horizons.iter().map(|horizon| horizon.until).fold(now, Time::max);
    let mut query = QueryBuilder::<Database>::new(
        "SELECT number FROM ticket WHERE due_at IS NOT NULL AND status <> 'awaiting-customer' AND status <> 'closed' \
         AND (overdue_of IS NULL OR overdue_of <> due_at) AND due_at <= ",
    );
    query.push_bind(farthest.0).push(" AND (due_at <= ").push_bind(now.0);
    for horizon in horizons {
        query.push(" OR ((reminded_of IS NULL OR reminded_of <> due_at) AND due_at <= ").push_bind(horizon.until.0);
        query.push(" AND department = ").push_bind(horizon.department.clone()).push(")");
    }
    query.push(") ORDER BY due_at, number LIMIT ").push_bind(limit as i64);
    Ok(query.build_query_scalar().fetch_all(connection).await?)
}

async fn failed_notices(transaction: &mut Transaction<'_>) -> Result<Vec<(i64, Option<GivenUp>)>, Fault> {
    let mut query = QueryBuilder::<Database>::new(
        "SELECT id, ticket, arrival, event, recipient, created_at, last_error FROM outbox WHERE state = 'failed' AND told_at IS NULL \
         ORDER BY id LIMIT ",
    );
    query.push_bind(MOST as i64).push(FOR_UPDATE);
    let rows = query.build().fetch_all(&mut **transaction).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, given_up_from(row)?))).collect()
}

/// `None` for a notice of which nobody can be told: what stands in its row is no address, and was given up for that.
fn given_up_from(row: &Record) -> Result<Option<GivenUp>, Fault> {
    let Some(recipient) = Address::parse(row.try_get(4)?) else { return Ok(None) };
    Ok(Some(GivenUp {
        notice: row.try_get(0)?,
        ticket: row.try_get(1)?,
        arrival: row.try_get(2)?,
        event: row.try_get(3)?,
        recipient,
        sent_at: Time(row.try_get(5)?),
        why: row.try_get::<Option<String>, _>(6)?.unwrap_or_default(),
    }))
}

async fn tell_of_due(
    transaction: &mut Transaction<'_>,
    due: &[i64],
    facts: &Facts,
    rules: Rules<'_>,
) -> Result<Vec<Told>, Fault> {
    let event = |number: &i64| {
        let ticket = facts.tickets.get(number)?;
        Some((ticket, due_event(ticket, rules.desk, rules.now)?))
    };
    let due: Vec<(&Ticket, Event)> = due.iter().filter_map(event).collect();
    let mut told = Vec::with_capacity(due.len());
    for event in [Event::Overdue, Event::DueSoon] {
        let tickets: Vec<&Ticket> = due.iter().filter(|(_, of)| *of == event).map(|(ticket, _)| *ticket).collect();
        let numbers: Vec<i64> = tickets.iter().map(|ticket| ticket.number).collect();
        let arrivals = noted_with(transaction, &numbers, event).await?;
        let late = |ticket: &&Ticket| {
            let arrival = arrivals.get(&ticket.number).copied()?;
            Some(tell(&Late { ticket, event, arrival, dead: &facts.dead }, rules))
        };
        told.extend(tickets.iter().filter_map(late));
    }
    Ok(told)
}

/// The notices that are settled by this, and the mails that tell of them: one mail an agent for each ticket, so that what else was given up
/// of it is left for the next time.
async fn tell_of_given_up(
    transaction: &mut Transaction<'_>,
    failed: &[(i64, Option<GivenUp>)],
    facts: &Facts,
    rules: Rules<'_>,
) -> Result<(Vec<i64>, Vec<Outgoing>), Fault> {
    let (mut settled, mut groups): (Vec<i64>, Vec<(&Ticket, Vec<&GivenUp>)>) = (Vec::new(), Vec::new());
    for (notice, one) in failed {
        let told = one.as_ref().filter(|one| one.is_told());
        let Some((one, ticket)) = told.and_then(|one| Some((one, facts.tickets.get(&one.ticket?)?))) else {
            settled.push(*notice);
            continue;
        };
        match groups.iter_mut().find(|(of, _)| of.number == ticket.number) {
            None => groups.push((ticket, vec![one])),
            Some((_, group)) if group.iter().all(|other| one.goes_with(other)) => group.push(one),
            Some(_) => {}
        }
    }
    let numbers: Vec<i64> = groups.iter().map(|(ticket, _)| ticket.number).collect();
    let arrivals = noted_with(transaction, &numbers, Event::Undelivered).await?;
    let mut notices = Vec::new();
    for (ticket, group) in &groups {
        if let Some(arrival) = arrivals.get(&ticket.number) {
            settled.extend(group.iter().map(|one| one.notice));
            notices.extend(given_up(group, ticket, *arrival, &facts.dead, rules));
        }
    }
    Ok((settled, notices))
}

/// A notice is noted with an arrival, and one arrival takes one notice of a kind for a person. So these are noted with the newest entry of
/// the ticket that none of the kind is noted with yet; where there is none, with the newest such arrival of all.
async fn noted_with(transaction: &mut Transaction<'_>, tickets: &[i64], event: Event) -> Result<HashMap<i64, i64>, Fault> {
    if tickets.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = QueryBuilder::<Database>::new("SELECT m.ticket, MAX(m.arrival) FROM message m WHERE m.ticket IN (");
    push_numbers(&mut query, tickets);
    query.push(") AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.arrival = m.arrival AND o.event = ").push_bind(event.name());
    query.push(") GROUP BY m.ticket");
    let mut found = HashMap::with_capacity(tickets.len());
    for row in query.build().fetch_all(&mut **transaction).await? {
        found.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let without: Vec<i64> = tickets.iter().copied().filter(|number| !found.contains_key(number)).collect();
    if !without.is_empty() {
        let taken: HashSet<i64> = found.values().copied().collect();
        let query = sqlx::query_scalar(
            "SELECT a.id FROM arrival a WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.arrival = a.id AND o.event = $1) \
             ORDER BY a.id DESC LIMIT $2",
        );
        let enough = (without.len() + taken.len()) as i64;
        let free: Vec<i64> = query.bind(event.name()).bind(enough).fetch_all(&mut **transaction).await?;
        found.extend(without.into_iter().zip(free.into_iter().filter(|id| !taken.contains(id))));
    }
    Ok(found)
}

async fn write_told(transaction: &mut Transaction<'_>, told: &[Told]) -> Result<(), Fault> {
    if told.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("WITH done (number, reminded_of, overdue_of) AS (");
    query.push_values(told, |mut row, Told { ticket, .. }| {
        row.push_bind(ticket.number)
            .push_bind(ticket.reminded_of.map(|time| time.0))
            .push_bind(ticket.overdue_of.map(|time| time.0));
    });
    query.push(") UPDATE ticket SET reminded_of = done.reminded_of, overdue_of = done.overdue_of FROM done WHERE ticket.number = done.number");
    query.build().execute(&mut **transaction).await?;
    insert_events(transaction, &told.iter().map(|told| &told.event).collect::<Vec<_>>()).await
}

async fn write_given_up(
    transaction: &mut Transaction<'_>,
    failed: &[(i64, Option<GivenUp>)],
    settled: &[i64],
    now: Time,
) -> Result<(), Fault> {
    if settled.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("UPDATE outbox SET told_at = ");
    query.push_bind(now.0).push(" WHERE state = 'failed' AND id IN (");
    push_numbers(&mut query, settled);
    query.push(")").build().execute(&mut **transaction).await?;
    let told = failed.iter().filter_map(|(_, one)| one.as_ref()).filter(|one| settled.contains(&one.notice));
    let dead: Vec<(&Address, &str)> = told.filter_map(|one| Some((one.dead()?, one.why.as_str()))).collect();
    effect::bury(transaction, &dead, now).await
}
