//! The notices of a ticket, in SQL.

use super::Base;
use crate::model::time::Time;
use crate::store::Fault;
use crate::store::export::Written;

impl Base {
    pub(in crate::store) async fn notices_sent_about(&self, ticket: i64) -> Result<Vec<Written>, Fault> {
        let mut reader = self.reader().await?;
        // Without its mail there is nothing to show.
        let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(
            "SELECT o.id, o.event, o.recipient, o.created_at FROM outbox o
             WHERE o.ticket = $1 AND o.state = 'sent' AND EXISTS (SELECT 1 FROM letter l WHERE l.outbox = o.id) ORDER BY o.id",
        )
        .bind(ticket)
        .fetch_all(&mut *reader)
        .await?;
        reader.release();
        let written = |(id, event, recipient, at)| Written { id, event, recipient, created_at: Time(at) };
        Ok(rows.into_iter().map(written).collect())
    }
}
