//! What a decision does to earlier mail, in SQL: proofs of copies, notices that failed, dead addresses, held arrivals. All of it is rare,
//! so nothing is asked of the database where there is nothing to do.

use sqlx::QueryBuilder;

use super::decision::Rows;
use super::work::push_numbers;
use super::{Database, KEPT, Transaction};
use crate::decide::{Action, Failed, Operation};
use crate::model::address::Address;
use crate::model::time::Time;
use crate::store::Fault;

pub(super) async fn write(transaction: &mut Transaction<'_>, rows: &Rows<'_>, now: Time) -> Result<(), Fault> {
    write_proofs(transaction, rows).await?;
    for (_, decision) in rows {
        for failed in &decision.failed {
            write_failed(transaction, failed, now).await?;
        }
        if let Some(address) = &decision.alive {
            write_alive(transaction, address).await?;
        }
        for operation in &decision.operations {
            operate(transaction, operation, now).await?;
        }
    }
    Ok(())
}

/// Marks the senders of earlier copies as proven by later ones.
async fn write_proofs(transaction: &mut Transaction<'_>, rows: &Rows<'_>) -> Result<(), Fault> {
    let proven = rows.iter().filter_map(|(_, decision)| Some((decision.proves?, decision.authenticity)));
    let proven: Vec<_> = proven.collect();
    if proven.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("UPDATE message SET authenticated = 1 WHERE arrival IN (");
    push_numbers(&mut query, &proven.iter().map(|(arrival, _)| *arrival).collect::<Vec<_>>());
    query.push(")").build().persistent(KEPT).execute(&mut **transaction).await?;
    for (arrival, authenticity) in proven {
        let query = sqlx::query("UPDATE arrival SET authenticity = $2 WHERE id = $1");
        query.bind(arrival).bind(authenticity.name()).execute(&mut **transaction).await?;
    }
    Ok(())
}

/// A notice that came back has failed, whatever the relay had said; one that waits for another attempt is not sent any more. One that is
/// leased may have come back before its sender could settle it: the settlement looks for a lease and finds none. Agents are told of the report.
async fn write_failed(transaction: &mut Transaction<'_>, failed: &Failed, now: Time) -> Result<(), Fault> {
    sqlx::query("UPDATE outbox SET state = 'failed', last_error = $2, settled_at = $3, told_at = $3 WHERE id = $1")
        .bind(failed.notice)
        .bind(&failed.why)
        .bind(now.0)
        .execute(&mut **transaction)
        .await?;
    if let Some(address) = &failed.dead {
        bury(transaction, &[(address, &failed.why)], now).await?;
    }
    Ok(())
}

/// Notes that nothing reaches these addresses, each with what was said of it.
pub(super) async fn bury(transaction: &mut Transaction<'_>, dead: &[(&Address, &str)], now: Time) -> Result<(), Fault> {
    if dead.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Database>::new("INSERT INTO dead_address (address_key, since, why) ");
    query.push_values(dead, |mut row, (address, why)| {
        row.push_bind(address.key()).push_bind(now.0).push_bind((*why).to_owned());
    });
    query.push(" ON CONFLICT DO NOTHING").build().execute(&mut **transaction).await?;
    Ok(())
}

async fn write_alive(transaction: &mut Transaction<'_>, address: &Address) -> Result<(), Fault> {
    sqlx::query("DELETE FROM dead_address WHERE address_key = $1").bind(address.key()).execute(&mut **transaction).await?;
    Ok(())
}

/// Does to a held arrival what was asked; whether it was held. What it went through until then is kept in its history, since the next
/// decision writes reasons of its own. It is told of again when it is held again.
pub(super) async fn operate(transaction: &mut Transaction<'_>, operation: &Operation, now: Time) -> Result<bool, Fault> {
    let Operation { arrival, action, by } = operation;
    let said = said(*action, by, now);
    let done = match action {
        Action::Release { onto } => {
            let query = "UPDATE arrival SET history = COALESCE(history || $4, '') || COALESCE(reasons || $4, '') || 'held: ' || COALESCE(cause, '') \
                         || $4 || $5, outcome = NULL, cause = NULL, reasons = NULL, decided_at = NULL, attempts = 0, claimed_by = NULL, \
                         passed_over = NULL, told_at = NULL, released_by = $2, released_onto = $3 WHERE id = $1 AND outcome = 'held'";
            sqlx::query(query).bind(arrival).bind(by).bind(onto).bind("\n").bind(said).execute(&mut **transaction).await?
        }
        Action::Retry => {
            let query = "UPDATE arrival SET history = COALESCE(history || $2, '') || COALESCE(reasons || $2, '') || 'held: ' || COALESCE(cause, '') \
                         || $2 || $3, outcome = NULL, cause = NULL, reasons = NULL, decided_at = NULL, attempts = 0, claimed_by = NULL, \
                         passed_over = NULL, told_at = NULL, authenticity = NULL, evidence = NULL, released_by = NULL, \
                         released_onto = NULL WHERE id = $1 AND outcome = 'held'";
            sqlx::query(query).bind(arrival).bind("\n").bind(said).execute(&mut **transaction).await?
        }
        Action::Discard => {
            let query = "UPDATE arrival SET outcome = 'discarded', decided_at = $2, reasons = COALESCE(reasons || $3, '') || $4 \
                         WHERE id = $1 AND outcome = 'held'";
            sqlx::query(query).bind(arrival).bind(now.0).bind("\n").bind(said).execute(&mut **transaction).await?
        }
    };
    Ok(done.rows_affected() > 0)
}

/// For the trace: what was done, by whom and when.
fn said(action: Action, by: &str, now: Time) -> String {
    let when = now.rfc5322();
    match action {
        Action::Release { onto: Some(ticket) } => format!("released by {by} on {when}, onto ticket {ticket}"),
        Action::Release { onto: None } => format!("released by {by} on {when}"),
        Action::Retry => format!("to be decided again, by {by} on {when}"),
        Action::Discard => format!("discarded by {by} on {when}"),
    }
}
