//! What the database tells the gateways: that there is something to decide or to send. Only a hint: who hears nothing looks by itself.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;

use super::Base;
use crate::store::Fault;

/// The wait before the database is listened to again, when it could not be.
const PAUSE: Duration = Duration::from_secs(1);
/// After so long without a word the connection is made anew: it may be dead without our knowing.
const SILENCE: Duration = Duration::from_secs(120);

impl Base {
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
                "arrival" => wake_worker.notify_one(),
                "outbox" => wake_sender.notify_one(),
                _ => {}
            }
        }
    }
}
