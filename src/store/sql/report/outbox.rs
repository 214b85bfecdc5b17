//! Lists of notices in SQL.

use sqlx::Row as _;

use super::{Base, Connection, Record, note_lost};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::report::outbox::{Granted, OutboxDetail, OutboxRow, Wish};
use crate::store::report::{Page, TicketName};

/// Notices with one condition, each with the department that its ticket is in now.
macro_rules! notices {
    ($condition:literal) => {
        concat!(
            "SELECT o.id, o.recipient, o.destination, o.event, o.message_id, o.state, o.attempts, o.next_attempt_at, o.last_error,
                    o.arrival, o.sender, o.automatic, o.created_at, o.settled_at,
                    t.number AS ticket_number, t.department AS ticket_department
             FROM outbox o LEFT JOIN ticket t ON t.number = o.ticket
             WHERE ",
            $condition
        )
    };
}

impl Base {
    pub(in crate::store) async fn outbox(&self, state: Option<&str>, before: i64, limit: i64) -> Result<Page<OutboxRow>, Fault> {
        let all = notices!("o.id < $1 ORDER BY o.id DESC LIMIT $2");
        let of_a_state = notices!("o.id < $1 AND o.state = $3 ORDER BY o.id DESC LIMIT $2");
        let mut query = sqlx::query(if state.is_some() { of_a_state } else { all }).bind(before).bind(limit);
        if let Some(state) = state {
            query = query.bind(state);
        }
        let mut reader = self.reader().await?;
        let rows = query.fetch_all(&mut *reader).await?;
        reader.release();
        let rows = rows.iter().map(outbox_row).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::new(rows, limit, |row| row.id))
    }

    pub(in crate::store) async fn notice(&self, id: i64) -> Result<Option<OutboxDetail>, Fault> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(notices!("o.id = $1")).bind(id).fetch_optional(&mut *reader).await?;
        reader.release();
        let detail = |row: &Record| -> Result<OutboxDetail, sqlx::Error> {
            Ok(OutboxDetail {
                notice: outbox_row(row)?,
                arrival: row.try_get("arrival")?,
                sender: row.try_get("sender")?,
                automatic: row.try_get::<Option<i64>, _>("automatic")?.map(|flag| flag != 0),
                created_at: Time(row.try_get("created_at")?),
                settled_at: row.try_get::<Option<i64>, _>("settled_at")?.map(Time),
            })
        };
        Ok(row.as_ref().map(detail).transpose()?)
    }

    pub(in crate::store) async fn change_notice(&self, id: i64, wish: Wish, by: &str, now: Time) -> Result<Granted, Fault> {
        // The state is looked at in the statement that changes it, so that a sender that leases the row meanwhile is not overruled.
        let change = match wish {
            Wish::Retry => {
                "UPDATE outbox SET state = 'due', next_attempt_at = $2, settled_at = NULL, told_at = NULL
                 WHERE id = $1 AND state IN ('due', 'failed', 'dropped', 'held') RETURNING ticket, recipient"
            }
            Wish::Drop => {
                "UPDATE outbox SET state = 'dropped', settled_at = $2
                 WHERE id = $1 AND state IN ('due', 'failed', 'held') RETURNING ticket, recipient"
            }
            Wish::Hold => {
                "UPDATE outbox SET state = 'held', next_attempt_at = $2
                 WHERE id = $1 AND state = 'due' RETURNING ticket, recipient"
            }
        };
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let changed: Option<(Option<i64>, String)> =
            sqlx::query_as(change).bind(id).bind(now.0).fetch_optional(&mut *transaction).await?;
        let granted = match changed {
            Some((ticket, recipient)) => {
                let dropped = ticket.filter(|_| wish == Wish::Drop).map(|ticket| (ticket, recipient));
                note_lost(&mut transaction, "dropped", dropped.into_iter().collect(), by, now).await?;
                Granted::Done
            }
            None => {
                let found = sqlx::query_as("SELECT state, next_attempt_at FROM outbox WHERE id = $1").bind(id);
                let found: Option<(String, i64)> = found.fetch_optional(&mut *transaction).await?;
                found.map_or(Granted::Unknown, |(state, until)| match state.as_str() {
                    "sent" => Granted::Sent,
                    "leased" => Granted::Leased(Time(until)),
                    _ => Granted::Needless(state),
                })
            }
        };
        transaction.commit().await?;
        writer.release();
        Ok(granted)
    }
}

/// The notices that an arrival caused, oldest first.
pub(super) async fn notices_of(connection: &mut Connection, arrival: i64) -> Result<Vec<OutboxRow>, Fault> {
    let rows = sqlx::query(notices!("o.arrival = $1 ORDER BY o.id")).bind(arrival).fetch_all(connection).await?;
    Ok(rows.iter().map(outbox_row).collect::<Result<_, _>>()?)
}

fn outbox_row(row: &Record) -> Result<OutboxRow, sqlx::Error> {
    let state: String = row.try_get("state")?;
    let next = Time(row.try_get("next_attempt_at")?);
    Ok(OutboxRow {
        id: row.try_get("id")?,
        ticket: TicketName::from_columns(row.try_get("ticket_number")?, row.try_get("ticket_department")?),
        recipient: row.try_get("recipient")?,
        destination: row.try_get("destination")?,
        event: row.try_get("event")?,
        message_id: row.try_get("message_id")?,
        // The column keeps the time of the last attempt when there is no next one.
        next_attempt_at: ["due", "leased"].contains(&state.as_str()).then_some(next),
        state,
        attempts: row.try_get("attempts")?,
        last_error: row.try_get("last_error")?,
    })
}
