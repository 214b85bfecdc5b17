//! Arrivals in SQL.

use sqlx::{Connection as _, Row as _};

use super::outbox::notices_of;
use super::{Base, Record, SNAPSHOT};
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::report::arrival::{ArrivalDetail, ArrivalFilter, ArrivalRow, Original};
use crate::store::report::{Page, TicketName, lines};
use crate::store::retention::Gone;

/// Arrivals with one condition, each with the department that its ticket is in now.
macro_rules! arrivals {
    ($condition:literal) => {
        concat!(
            "SELECT a.id, a.department, a.received_at, a.source, a.sender, a.recipients, a.message_id, a.subject, a.size, a.outcome,
                    a.cause, a.authenticity, a.reasons, a.peer_ip, a.peer_helo, a.peer_tls, a.attempts, a.last_error, a.decided_at,
                    a.defects, a.history, a.original_gone_at, a.original_gone_by, t.number AS ticket_number, t.department AS ticket_department
             FROM arrival a LEFT JOIN ticket t ON t.number = a.ticket
             WHERE ",
            $condition
        )
    };
}

impl Base {
    pub(in crate::store) async fn arrivals(
        &self,
        filter: &ArrivalFilter,
        before: i64,
        limit: i64,
    ) -> Result<Page<ArrivalRow>, Fault> {
        // A text for each filter, so that an index finds the few that are held among millions.
        let statement = match filter {
            ArrivalFilter::Any => arrivals!("a.id < $1 ORDER BY a.id DESC LIMIT $2"),
            ArrivalFilter::Pending => arrivals!("a.id < $1 AND a.outcome IS NULL ORDER BY a.id DESC LIMIT $2"),
            ArrivalFilter::Outcome(_) => arrivals!("a.id < $1 AND a.outcome = $3 ORDER BY a.id DESC LIMIT $2"),
        };
        let mut query = sqlx::query(statement).bind(before).bind(limit);
        if let ArrivalFilter::Outcome(outcome) = filter {
            query = query.bind(outcome);
        }
        let mut reader = self.reader().await?;
        let rows = query.fetch_all(&mut *reader).await?;
        reader.release();
        let rows = rows.iter().map(arrival_row).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::new(rows, limit, |row| row.id))
    }

    pub(in crate::store) async fn arrival(&self, id: i64) -> Result<Option<ArrivalDetail>, Fault> {
        let mut reader = self.reader().await?;
        let mut snapshot = reader.begin_with(SNAPSHOT).await?;
        let found = sqlx::query(arrivals!("a.id = $1")).bind(id).fetch_optional(&mut *snapshot).await?;
        let Some(row) = found else { return Ok(None) };
        let notices = notices_of(&mut snapshot, id).await?;
        snapshot.commit().await?;
        reader.release();
        Ok(Some(ArrivalDetail {
            arrival: arrival_row(&row)?,
            peer_ip: row.try_get("peer_ip")?,
            peer_helo: row.try_get("peer_helo")?,
            peer_tls: row.try_get::<i64, _>("peer_tls")? != 0,
            attempts: row.try_get("attempts")?,
            last_error: row.try_get("last_error")?,
            decided_at: row.try_get::<Option<i64>, _>("decided_at")?.map(Time),
            defects: lines(row.try_get("defects")?),
            history: lines(row.try_get("history")?),
            original_gone: Gone::from_columns(row.try_get("original_gone_at")?, row.try_get("original_gone_by")?),
            notices,
        }))
    }

    pub(in crate::store) async fn raw(&self, arrival: i64) -> Result<Option<Original>, Fault> {
        let mut reader = self.reader().await?;
        let query = "SELECT r.octets, r.object, r.sha256, a.original_gone_at, a.original_gone_by \
                     FROM arrival a JOIN raw r ON r.id = a.raw_id WHERE a.id = $1";
        let found = sqlx::query(query).bind(arrival).fetch_optional(&mut *reader).await?;
        reader.release();
        let Some(row) = found else { return Ok(None) };
        if let Some(gone) = Gone::from_columns(row.try_get(3)?, row.try_get(4)?) {
            return Err(Fault::Gone(format!("the original of arrival {arrival} {}", gone.in_words())));
        }
        Ok(Some((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
    }
}

fn arrival_row(row: &Record) -> Result<ArrivalRow, sqlx::Error> {
    Ok(ArrivalRow {
        id: row.try_get("id")?,
        department: row.try_get("department")?,
        received_at: Time(row.try_get("received_at")?),
        source: row.try_get("source")?,
        sender: row.try_get("sender")?,
        recipients: lines(row.try_get("recipients")?),
        message_id: row.try_get("message_id")?,
        subject: row.try_get("subject")?,
        size: row.try_get("size")?,
        outcome: row.try_get("outcome")?,
        cause: row.try_get("cause")?,
        authenticity: row.try_get("authenticity")?,
        ticket: TicketName::from_columns(row.try_get("ticket_number")?, row.try_get("ticket_department")?),
        reasons: lines(row.try_get("reasons")?),
    })
}
