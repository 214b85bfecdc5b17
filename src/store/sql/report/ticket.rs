//! Lists of tickets in SQL.

use sqlx::Row as _;

use super::{Base, Record};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::report::ticket::{TicketFilter, TicketRow};
use crate::store::report::{Page, Person};

/// The list of tickets with the one condition that an index serves; the others narrow what it finds.
macro_rules! list_of_tickets {
    ($indexed:literal) => {
        concat!(
            "SELECT t.number, t.department, t.subject, t.status, t.priority, t.requester_name, t.requester_address, t.assignee,
                    t.due_at, t.created_at, t.updated_at
             FROM ticket t
             WHERE ",
            $indexed,
            " AND t.number < $1
               AND ($2 IS NULL OR t.department = $2) AND ($3 IS NULL OR t.status = $3) AND ($4 IS NULL OR t.assignee = $4)
               AND ($7 IS NULL OR t.due_at <= $7)
               AND ($5 IS NULL
                    OR LOWER(t.subject || ' ' || t.requester_name || ' ' || t.requester_address) LIKE $5 ESCAPE '\\'
                    OR UPPER(t.subject || ' ' || t.requester_name || ' ' || t.requester_address) LIKE $6 ESCAPE '\\'
                    OR EXISTS (SELECT 1 FROM message m WHERE m.ticket = t.number
                               AND (LOWER(m.text) LIKE $5 ESCAPE '\\' OR UPPER(m.text) LIKE $6 ESCAPE '\\')))
             ORDER BY t.number DESC LIMIT $8"
        )
    };
}

impl Base {
    pub(in crate::store) async fn tickets(
        &self,
        filter: &TicketFilter,
        before: i64,
        limit: i64,
    ) -> Result<Page<TicketRow>, Fault> {
        let statement = match filter {
            // Its index holds what is due and our turn, by number.
            TicketFilter { overdue_at: Some(_), .. } => {
                list_of_tickets!("t.due_at IS NOT NULL AND t.status <> 'awaiting-customer' AND t.status <> 'closed'")
            }
            TicketFilter { status: Some(_), .. } => list_of_tickets!("t.status = $3"),
            TicketFilter { assignee: Some(_), .. } => list_of_tickets!("t.assignee = $4"),
            TicketFilter { department: Some(_), .. } => list_of_tickets!("t.department = $2"),
            _ => list_of_tickets!("t.number > 0"),
        };
        let search = filter.search.as_deref();
        let mut reader = self.reader().await?;
        let rows = sqlx::query(statement)
            .bind(before)
            .bind(&filter.department)
            .bind(&filter.status)
            .bind(&filter.assignee)
            .bind(search.map(|text| pattern(&text.to_lowercase())))
            .bind(search.map(|text| pattern(&text.to_uppercase())))
            .bind(filter.overdue_at.map(|time| time.0))
            .bind(limit)
            .fetch_all(&mut *reader)
            .await?;
        reader.release();
        let rows = rows.iter().map(ticket_row).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::new(rows, limit, |row| row.number))
    }
}

/// A LIKE pattern that finds the text anywhere, its own wildcards taken for what they are.
fn pattern(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

fn ticket_row(row: &Record) -> Result<TicketRow, sqlx::Error> {
    Ok(TicketRow {
        number: row.try_get("number")?,
        department: row.try_get("department")?,
        subject: row.try_get("subject")?,
        status: row.try_get("status")?,
        priority: row.try_get("priority")?,
        requester: Person { name: row.try_get("requester_name")?, address: row.try_get("requester_address")? },
        assignee: row.try_get("assignee")?,
        due_at: row.try_get::<Option<i64>, _>("due_at")?.map(Time),
        created_at: Time(row.try_get("created_at")?),
        updated_at: Time(row.try_get("updated_at")?),
    })
}
