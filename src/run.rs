//! The composition root: opens what the settings name, starts the parts, waits for the end, and ends them in order.
//!
//! Order of the end: the door lets nobody in and its running transfers finish; then nobody can submit, and the writer ends; the worker and
//! the sender finish their step. Whatever is pending then is on the disk and goes on at the next start.

pub mod notify;
mod opening;
pub mod sockets;
mod watchdog;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};

pub use opening::{house, house_for_looking, look_over, require_ours, require_own_objects, texts};

use self::opening::open;
use self::sockets::Sockets;
use self::watchdog::limit;
use crate::accept::custody::Writer;
use crate::accept::http;
use crate::accept::imap::{self, Pace};
use crate::accept::smtp::{self, Door};
use crate::deliver::{Relay, Sender};
use crate::duty;
use crate::inspect::{self, Answer, Inspector, Watched, control};
use crate::observe::beat::Beats;
use crate::observe::numbers;
use crate::process::Worker;
use crate::settings::{Settings, keys};
use crate::store::{Fault, Store};

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
    monitors: JoinHandle<()>,
    control: JoinHandle<()>,
    reloader: JoinHandle<()>,
    door: JoinHandle<()>,
    web: JoinHandle<()>,
    fetcher: JoinHandle<()>,
    writer: JoinHandle<Result<(), Fault>>,
    worker: JoinHandle<()>,
    sender: JoinHandle<()>,
    duty: JoinHandle<()>,
    ears: JoinHandle<()>,
}

impl Gateway {
    /// Starts every part. When this returns, mail is taken.
    pub async fn start(settings: &Settings) -> Result<Self, RunError> {
        Self::start_on(settings, Sockets::default()).await
    }

    /// The same, on sockets that somebody else listens on for us, where there are any.
    pub async fn start_on(settings: &Settings, sockets: Sockets) -> Result<Self, RunError> {
        let house = house(settings).await?;
        let store = open(&settings.store).await?;
        require_ours(&store, &house.desk).await?;
        require_own_objects(&store).await?;
        duty::join(&store, &settings.hostname).await?;
        let (beats, handed) = (Beats::default(), sockets.listen_for_smtp());
        let (sockets, pages) = sockets.parts();
        let listeners = smtp::bind_besides(&settings.smtp, sockets).map_err(RunError::Listen)?.watched(&beats, limit::LISTENER);
        let addresses = listeners.smtp().map_err(RunError::System)?;
        let web = sockets::or_bound(pages, settings.http.as_ref())?;
        let http = web.as_ref().map(TcpListener::local_addr).transpose().map_err(RunError::System)?;
        let (wake_worker, wake_sender) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (writer, custody) = Writer::new(store.clone(), Arc::clone(&wake_worker));
        let trusted = settings.authenticate.trusted_networks.clone();
        let web = web.zip(settings.http.clone()).map(|(listener, options)| {
            let (desk, texts) = (Arc::clone(&house.desk), Arc::clone(&house.texts));
            (
                listener,
                Arc::new(
                    http::Door::new(options, desk, texts, store.clone(), custody.clone())
                        .with_beat(beats.part("http", limit::LISTENER)),
                ),
            )
        });
        let fetcher = (Arc::clone(&house.desk), store.clone(), custody.clone());
        let door = Door::new(settings.smtp.clone(), Arc::clone(&house.desk), trusted, custody)?;
        let teller = duty::Teller {
            desk: Arc::clone(&house.desk),
            texts: Arc::clone(&house.texts),
            every: settings.digest,
            accounts: settings.imap.iter().map(|account| account.name.clone()).collect(),
        };
        let worker = Worker::new(house, store.clone(), Arc::clone(&wake_sender)).with_beat(beats.part("worker", limit::WORKER));
        let sender = Sender::new(settings.delivery.clone(), store.clone()).with_beat(beats.part("sender", limit::SENDER));
        let writer = writer.with_beat(beats.part("custody", limit::CUSTODY));
        let duties = beats.part("duty", limit::DUTY);
        let (stop, stopped) = watch::channel(false);
        let inspector = Inspector::new(beats.clone(), store.clone());
        inspector.watch(Watched { options: settings.inspect.clone(), doors: addresses.clone() });
        let monitors = inspect::http::bind(&settings.inspect).map_err(RunError::Listen)?;
        let monitored = monitors.iter().map(TcpListener::local_addr).collect::<Result<_, _>>().map_err(RunError::System)?;
        let (wishes, wished) = mpsc::channel(1);
        Ok(Self {
            monitors: tokio::spawn(inspect::http::serve(monitors, inspector.clone(), stopped.clone())),
            monitored,
            control: tokio::spawn(control::serve(control::bind(&settings.data), inspector, wishes, stopped.clone())),
            reloader: tokio::spawn(answer_wishes(wished)),
            addresses,
            http,
            handed,
            beats: beats.clone(),
            stop,
            web: tokio::spawn(http::serve(web, stopped.clone())),
            fetcher: tokio::spawn(imap::serve_watched(
                settings.imap.clone(),
                fetcher,
                (Pace::default(), beats.clone()),
                stopped.clone(),
            )),
            door: tokio::spawn(smtp::serve(listeners, Arc::new(door), stopped.clone())),
            writer: tokio::spawn(writer.run()),
            ears: tokio::spawn(duty::listen(
                store.clone(),
                [Arc::clone(&wake_worker), Arc::clone(&wake_sender)],
                stopped.clone(),
            )),
            duty: tokio::spawn(duty::run(store.clone(), settings.hostname.clone(), teller, duties, stopped.clone())),
            worker: tokio::spawn(worker.run(wake_worker, stopped.clone())),
            sender: tokio::spawn(sender.run(wake_sender, stopped)),
            store,
        })
    }

    /// The store it works on.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Waits until a part ends by itself, which none should.
    pub async fn failed(&mut self) -> RunError {
        tokio::select! {
            ended = &mut self.door => unexpected("the SMTP listener", ended),
            ended = &mut self.web => unexpected("the HTTP listener", ended),
            ended = &mut self.fetcher => unexpected("the fetching of mail", ended),
            ended = &mut self.worker => unexpected("the worker", ended),
            ended = &mut self.sender => unexpected("the sender", ended),
            ended = &mut self.duty => unexpected("the sign of life", ended),
            ended = &mut self.monitors => unexpected("the listener for monitors", ended),
            ended = &mut self.control => unexpected("the control socket", ended),
            ended = &mut self.reloader => unexpected("the reader of the configuration", ended),
            ended = &mut self.ears => unexpected("the listener to the database", ended),
            ended = &mut self.writer => match ended {
                Ok(Err(fault)) => RunError::Store(fault),
                ended => unexpected("custody", ended.map(|_| ())),
            },
        }
    }

    /// Ends every part in order, within the limit. What has not ended by then is dropped: the store is right at any moment.
    pub async fn stop(self) {
        let deadline = Instant::now() + DRAIN;
        self.stop.send_replace(true);
        end("the SMTP listener", self.door, deadline).await;
        end("the HTTP listener", self.web, deadline).await;
        end("the fetching of mail", self.fetcher, deadline).await;
        end("custody", self.writer, deadline).await;
        end("the worker", self.worker, deadline).await;
        end("the sender", self.sender, deadline).await;
        end("the sign of life", self.duty, deadline).await;
        end("the listener to the database", self.ears, deadline).await;
        end("the listener for monitors", self.monitors, deadline).await;
        end("the control socket", self.control, deadline).await;
        end("the reader of the configuration", self.reloader, deadline).await;
        // Should it not be heard, what was in hand is free when the last sign has run out.
        if let Ok(Err(fault)) = timeout_at(deadline, self.store.leave()).await {
            tracing::warn!(%fault, "could not take leave of the store");
        }
        self.store.close().await;
    }
}

/// Until the configuration can be read anew.
async fn answer_wishes(mut wished: mpsc::Receiver<control::Wish>) {
    while let Some(wish) = wished.recv().await {
        let _ = wish.send(Answer::text(503, "the configuration cannot be read anew yet\n"));
    }
}

fn unexpected(part: &'static str, ended: Result<(), JoinError>) -> RunError {
    if let Err(error) = ended {
        tracing::error!(part, %error, "a part of the gateway failed");
    }
    RunError::Ended(part)
}

async fn end<T>(part: &str, mut task: JoinHandle<T>, deadline: Instant) {
    if task.is_finished() {
        return;
    }
    if timeout_at(deadline, &mut task).await.is_err() {
        tracing::warn!(part, "did not end in time and is dropped");
        task.abort();
    }
}

/// Runs until SIGTERM or Ctrl-C, or until a part fails. `ready` is called once mail is taken, and the service manager is told.
pub async fn serve(settings: &Settings, sockets: Sockets, ready: impl FnOnce(&Gateway)) -> Result<(), RunError> {
    if settings.delivery.relay == Relay::Discard {
        tracing::warn!("relay = \"discard:\": no mail leaves, all of it is thrown away");
    }
    for account in settings.in_clear_text() {
        tracing::warn!(account = account.name, "password and mail go to the IMAP server in clear text; set security");
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::System)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::System)?;
    numbers::install();
    let mut gateway = watchdog::through_the_start(Gateway::start_on(settings, sockets)).await?;
    ready(&gateway);
    notify::ready("taking mail");
    let _watchdog = watchdog::spawn(gateway.beats.clone(), gateway.store.clone());
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        failure = gateway.failed() => Some(failure),
    };
    tracing::info!("stopping: running transfers finish, the rest goes on at the next start");
    notify::stopping("running transfers finish");
    gateway.stop().await;
    failure.map_or(Ok(()), Err)
}
