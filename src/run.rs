//! The composition root: opens what the settings name, starts the parts, waits for the end, and ends them in order.
//!
//! Order of the end: the door lets nobody in and its running transfers finish; then nobody can submit, and the writer ends; the worker and
//! the sender finish their step. Whatever is pending then is on the disk and goes on at the next start.

mod difference;
pub mod notify;
mod opening;
mod parts;
mod reload;
pub mod sockets;
mod swap;
mod watchdog;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

pub use self::opening::{house, house_for_looking, look_over, require_ours, require_own_objects, texts};

use self::opening::open;
use self::parts::{Parts, Tasks};
use self::sockets::Sockets;
use self::swap::Swap;
use self::watchdog::limit;
use crate::accept::custody::Writer;
use crate::accept::smtp::{self, Door};
use crate::deliver::{self, Relay};
use crate::duty;
use crate::inspect::control::Wish;
use crate::inspect::{self, Inspector};
use crate::observe::beat::Beats;
use crate::observe::{life, numbers};
use crate::settings::{Settings, keys};
use crate::store::{self, Fault, Store, space};

/// Time for everything to end, once it was asked to.
const DRAIN: Duration = Duration::from_secs(10);

/// Why the gateway did not start, or ended without having been asked to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] keys::KeyFault),
    /// The store belongs to other keys.
    #[error("{0}; copy the one of this store from a backup or from another of its gateways")]
    Keys(String),
    /// A text of the operator's is wrong, or its folder cannot be read.
    #[error("the texts cannot be used: {0}")]
    Texts(String),
    /// Certificate or private key cannot be used.
    #[error(transparent)]
    Door(#[from] smtp::DoorError),
    /// An address cannot be listened on.
    #[error("{0}")]
    Listen(io::Error),
    /// The sockets that were handed over cannot be used.
    #[error(transparent)]
    Sockets(#[from] sockets::Unfit),
    /// Large mail cannot be kept where the configuration says.
    #[error("{0}")]
    Objects(String),
    /// The store cannot be opened or has failed.
    #[error(transparent)]
    Store(#[from] Fault),
    /// The database will not be used as it is: it lets us not in, or would lose mail.
    #[error("the database cannot be used: {0}")]
    Unfit(String),
    /// Something else of the system's.
    #[error("{0}")]
    System(io::Error),
    /// A part ended that should not have.
    #[error("{0} ended unexpectedly; what is in custody is safe and goes on at the next start")]
    Ended(&'static str),
}

/// A gateway at work.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens for SMTP.
    pub addresses: Vec<SocketAddr>,
    /// Where it listens for what its mails link to.
    pub http: Option<SocketAddr>,
    /// Whether the service manager listens there for us.
    pub handed: bool,
    beats: Beats,
    /// Where monitors ask.
    pub monitored: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    store: Store,
    wishes: mpsc::Sender<Wish>,
    tasks: Tasks,
}

impl Gateway {
    /// Starts every part. When this returns, mail is taken.
    pub async fn start(settings: &Settings) -> Result<Self, RunError> {
        Self::start_on(settings, Sockets::default()).await
    }

    /// The same, on sockets that somebody else listens on for us, where there are any.
    pub async fn start_on(settings: &Settings, sockets: Sockets) -> Result<Self, RunError> {
        store::check(&settings.store, &|_| {}).await?;
        let house = house(settings).await?;
        let store = open(&settings.store).await?;
        require_ours(&store, &house.desk).await?;
        require_own_objects(&store).await?;
        duty::join(&store, &settings.hostname).await?;
        let (beats, handed) = (Beats::default(), sockets.listen_for_smtp());
        let (sockets, pages) = sockets.parts();
        let handed_pages = pages.is_some();
        let listeners = smtp::bind_besides(&settings.smtp, sockets).map_err(RunError::Listen)?;
        let addresses = listeners.smtp().map_err(RunError::System)?;
        let web = sockets::or_bound(pages, settings.http.as_ref())?.map(Arc::new);
        let http = web.as_ref().map(|listener| listener.local_addr()).transpose().map_err(RunError::System)?;
        let monitors = inspect::http::bind(&settings.inspect).map_err(RunError::Listen)?;
        let monitored = monitors.addresses().map_err(RunError::System)?;
        for address in &monitored {
            tracing::info!(%address, "monitors are answered (`[http] listen`)");
        }
        let wake_worker = Arc::new(Notify::new());
        let (writer, custody) = Writer::new(store.clone(), Arc::clone(&wake_worker));
        let trusted = settings.authenticate.trusted_networks.clone();
        let door = Door::new(settings.smtp.clone(), Arc::clone(&house.desk), trusted, custody.clone())?;
        let inspector = Inspector::new(beats.clone(), store.clone());
        inspector.watch(swap::watched(settings, &listeners));
        let swap = Swap {
            handed: web.clone().filter(|_| handed_pages),
            pages: watch::Sender::new(swap::pages(settings, &house, (&store, &custody, &beats), web)),
            teller: watch::Sender::new(swap::teller(settings, &house)),
            plan: watch::Sender::new(swap::plan(settings, &house)),
            delivery: watch::Sender::new(deliver::Edition { options: settings.delivery.clone(), number: 0 }),
            door: Arc::new(door.watched(beats.clone(), limit::LISTENER)),
            listeners: watch::Sender::new(listeners),
            monitored: watch::Sender::new(monitors),
            inspector,
            house: watch::Sender::new(house),
            store: store.clone(),
            custody,
            beats: beats.clone(),
        };
        let (stop, stopped) = watch::channel(false);
        let parts = Parts { settings, swap, store: &store, beats: beats.clone(), stopped };
        let (tasks, wishes) = parts.begin(writer, wake_worker);
        Ok(Self { addresses, http, handed, beats, monitored, stop, store, wishes, tasks })
    }

    /// Lets the configuration be read anew, soon. Wishes that wait already will do.
    pub fn reload(&self) {
        let (wish, _) = oneshot::channel();
        let _ = self.wishes.try_send(wish);
    }

    /// The store it works on.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Waits until a part ends by itself, which none should.
    pub async fn failed(&mut self) -> RunError {
        self.tasks.failed().await
    }

    /// Ends every part in order, within the limit. What has not ended by then is dropped: the store is right at any moment.
    pub async fn stop(self) {
        let deadline = Instant::now() + DRAIN;
        self.stop.send_replace(true);
        self.tasks.end(deadline).await;
        // Should it not be heard, what was in hand is free when the last sign has run out.
        if let Ok(Err(fault)) = timeout_at(deadline, self.store.leave()).await {
            tracing::warn!(%fault, "could not take leave of the store");
        }
        self.store.close().await;
    }
}

/// What an operator should hear of at each start, and whenever it is read anew.
fn warn_of(settings: &Settings) {
    if settings.delivery.relay == Relay::Discard {
        tracing::warn!("relay = \"discard:\": no mail leaves, all of it is thrown away");
    }
    for account in settings.in_clear_text() {
        tracing::warn!(account = account.name, "password and mail go to the IMAP server in clear text; set security");
    }
}

/// Runs until SIGTERM or Ctrl-C, or until a part fails; reads the configuration anew on SIGHUP. `ready` is called once mail is taken, and
/// the service manager is told.
pub async fn serve(settings: &Settings, sockets: Sockets, ready: impl FnOnce(&Gateway)) -> Result<(), RunError> {
    warn_of(settings);
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::System)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::System)?;
    // From here on it ends us no more: one that comes during the start is met after it.
    let mut hangup = signal(SignalKind::hangup()).map_err(RunError::System)?;
    // Caught, it is an error of the write, which is answered; else it would end us.
    let _limit = signal(SignalKind::from_raw(space::FILE_TOO_LARGE)).map_err(RunError::System)?;
    life::began();
    numbers::install();
    let mut gateway = watchdog::through_the_start(Gateway::start_on(settings, sockets)).await?;
    ready(&gateway);
    notify::ready("taking mail");
    let mut watchdog = watchdog::spawn(gateway.beats.clone(), gateway.store.clone());
    let failure = loop {
        tokio::select! {
            _ = terminate.recv() => break None,
            _ = interrupt.recv() => break None,
            failure = gateway.failed() => break Some(failure),
            _ = hangup.recv() => {}
        }
        gateway.reload();
    };
    tracing::info!("stopping: running transfers finish, the rest goes on at the next start");
    notify::stopping("running transfers finish");
    // It looks at the store, whose last user folds the log into the file. A stop takes less time than any manager waits for a sign.
    watchdog.shutdown().await;
    gateway.stop().await;
    failure.map_or(Ok(()), Err)
}
