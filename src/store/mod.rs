//! The store: every table of the desk, and the only user of `sqlx`.
//!
//! One SQL text serves SQLite and PostgreSQL (`$1`, `RETURNING`, `ON CONFLICT`, `WITH … AS (VALUES …)`): `sql/` is compiled once for `lite`
//! and once for `pg`, which give it their connections and the few words that differ. A statement costs some 35 µs on
//! SQLite whatever it does, and a round trip on PostgreSQL, so everything on a mail's path is done for a set of mails at once.

/// Does the work on whichever database it is.
macro_rules! on_either {
    ($store:expr, $base:ident => $work:expr) => {
        match &$store.kind {
            $crate::store::Kind::Lite($base) => $work.await,
            $crate::store::Kind::Pg($base) => $crate::store::pg::step($base, $crate::store::pg::STEP, $work).await,
        }
    };
}

/// The same for a question of a person's, who may wait longer for a long answer.
macro_rules! looking {
    ($store:expr, $base:ident => $work:expr) => {
        match &$store.kind {
            $crate::store::Kind::Lite($base) => $work.await,
            $crate::store::Kind::Pg($base) => $crate::store::pg::step($base, $crate::store::pg::QUESTION, $work).await,
        }
    };
}

pub mod account;
pub mod backup;
pub mod carry;
pub mod custody;
pub mod decision;
pub mod export;
mod fault;
pub mod forget;
pub mod gate;
pub mod held;
pub mod imported;
pub mod ledger;
mod lite;
pub mod mark;
pub mod objects;
pub mod outbox;
mod pg;
mod place;
pub mod presence;
pub mod recall;
pub mod report;
pub mod retention;
pub mod schema;
pub mod setting;
pub mod space;
pub mod tick;
pub mod work;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use tokio::sync::Notify;

/// Called now and then by work that takes its time, with how long it may be until the next call.
pub type Progress<'a> = &'a (dyn Fn(Duration) + Send + Sync);

pub use fault::Fault;
pub use place::{Place, Server};

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where it is.
    pub place: Place,
    /// Share of the file system, in percent, that must stay free for mail to be taken. Of a store in a file; a server looks after its own.
    pub min_free_space: u8,
    /// Where large mail is kept, when not in the database.
    pub objects: Option<objects::Options>,
}

/// The store. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    kind: Kind,
    options: Options,
    objects: objects::Objects,
    /// Our number among the gateways; 0 for who has not joined.
    gateway: Arc<AtomicI64>,
}

#[derive(Debug, Clone)]
enum Kind {
    Lite(Arc<lite::Base>),
    Pg(Arc<pg::Base>),
}

/// Who waits for the writing connection, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The worker lets custody go first.
    Worker,
    /// The sender lets custody and the worker go first.
    Sender,
}

/// What gateways are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// There is mail to decide.
    Arrival,
    /// There is a notice to send.
    Outbox,
}

impl News {
    fn name(self) -> &'static str {
        match self {
            News::Arrival => "arrival",
            News::Outbox => "outbox",
        }
    }
}

/// Looks at a store before mail is taken into it, and changes nothing. A file whose last gateway was not stopped in order is checked; a
/// server looks after its own.
///
/// # Errors
/// [`Fault::Damaged`] when it is not whole, in words for the operator.
pub async fn check(options: &Options, progress: Progress<'_>) -> Result<(), Fault> {
    match &options.place {
        Place::File(file) => lite::check::check(file, progress).await,
        Place::Server(_) => Ok(()),
    }
}

impl Store {
    /// Opens the store, makes a file when it is not there, and brings its tables up to date.
    pub async fn open(options: &Options) -> Result<Store, Fault> {
        let store = Self::open_unfinished(options).await?;
        schema::require_the_whole(store.setting("moving-from").await?.as_deref())?;
        Ok(store)
    }

    /// The same for whoever completes it.
    async fn open_unfinished(options: &Options) -> Result<Store, Fault> {
        let objects = objects::Objects::open(options.objects.as_ref())?;
        let kind = match &options.place {
            Place::File(file) => Kind::Lite(Arc::new(lite::Base::open(file).await?)),
            Place::Server(server) => Kind::Pg(Arc::new(pg::Base::open(server).await?)),
        };
        let store = Store { kind, options: options.clone(), objects, gateway: Arc::default() };
        schema::require_knowledge(store.setting("needs").await?.as_deref())?;
        Ok(store)
    }

    /// Waits while mail is pouring in, where all write over one connection.
    pub async fn give_way(&self, turn: Turn) {
        match &self.kind {
            Kind::Lite(base) => base.give_way(turn).await,
            // A server sees to it that nobody starves.
            Kind::Pg(_) => {}
        }
    }

    /// Wakes worker and sender when another gateway, or a program beside it, has left them something. Never ends.
    pub async fn listen(&self, wake_worker: &Notify, wake_sender: &Notify) {
        let told = async {
            match &self.kind {
                // Nobody tells; whoever works on a file looks for himself.
                Kind::Lite(_) => std::future::pending().await,
                Kind::Pg(base) => base.listen(wake_worker, wake_sender).await,
            }
        };
        tokio::join!(told, self.objects.listen(wake_worker));
    }

    /// Tells the gateways of this store that they have been left something. Those of a file look for themselves, and so does who does not
    /// hear it.
    pub async fn tell(&self, news: News) {
        if let Kind::Pg(base) = &self.kind
            && let Err(fault) = pg::step(base, pg::STEP, base.tell(news)).await
        {
            tracing::debug!(%fault, "the gateways could not be told");
        }
    }

    /// Closes the connections. The last one of a file folds the log into the database.
    pub async fn close(self) {
        self.objects.end().await;
        match self.kind {
            Kind::Lite(base) => {
                if let Some(base) = Arc::into_inner(base) {
                    base.close().await;
                }
            }
            Kind::Pg(base) => base.close().await,
        }
    }

    /// Notes that the worker has just written.
    fn worker_wrote(&self) {
        if let Kind::Lite(base) = &self.kind {
            base.worker_wrote();
        }
    }

    /// Notes that the disk has failed: the next start checks everything.
    pub fn distrust(&self) {
        if let Kind::Lite(base) = &self.kind {
            base.distrust();
        }
    }

    /// What the store was opened with.
    pub(in crate::store) fn options(&self) -> &Options {
        &self.options
    }
}
