//! What the gateways are told through the database: that there is something to decide or to send which none of them has put there.
//!
//! Only a hint: who hears nothing looks by itself. What a gateway takes it works on itself and tells nobody, because a NOTIFY makes
//! commits wait for each other (PostgreSQL 15, `PreCommit_Notify`).

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;

use super::Base;
use crate::store::{Fault, News};

/// The wait before the database is listened to again, when it could not be.
const PAUSE: Duration = Duration::from_secs(1);
/// After so long without a word the connection is made anew: it may be dead without our knowing.
const SILENCE: Duration = Duration::from_secs(120);

impl Base {
    /// Tells all gateways.
    pub(in crate::store) async fn tell(&self, news: News) -> Result<(), Fault> {
        let mut line = self.writer().await?;
        sqlx::query("SELECT pg_notify('postdesk', $1)").bind(news.name()).execute(&mut *line).await?;
        line.release();
        Ok(())
    }

    /// Listens until it is dropped.
    pub(in crate::store) async fn listen(&self, wake_worker: &Notify, wake_sender: &Notify) {
        loop {
            if let Err(fault) = self.hear(wake_worker, wake_sender).await {
                tracing::debug!(%fault, "the database is not heard; the gateway looks by itself");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn hear(&self, wake_worker: &Notify, wake_sender: &Notify) -> Result<(), Fault> {
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(self.lines.current()?);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen("postdesk").await?;
        loop {
            let Ok(heard) = tokio::time::timeout(SILENCE, listener.recv()).await else { return Ok(()) };
            match heard?.payload() {
                news if news == News::Arrival.name() => wake_worker.notify_one(),
                news if news == News::Outbox.name() => wake_sender.notify_one(),
                _ => {}
            }
        }
    }
}
