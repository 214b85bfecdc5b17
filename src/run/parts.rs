//! The parts of a gateway, each a task of its own: how they begin, and in which order they end.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};

use super::RunError;
use super::difference::Seen;
use super::reload::{MOST_WISHES, Reloader};
use super::swap::Swap;
use crate::accept::custody::Writer;
use crate::accept::imap::{self, Pace};
use crate::accept::{http, smtp};
use crate::deliver;
use crate::duty;
use crate::inspect::Inspector;
use crate::inspect::control::{self, Wish};
use crate::observe::beat::Beats;
use crate::process::Worker;
use crate::settings::Settings;
use crate::store::{Fault, Store};

/// What the parts begin with.
pub(super) struct Parts<'a> {
    pub(super) settings: &'a Settings,
    pub(super) swap: Swap,
    pub(super) store: &'a Store,
    pub(super) stopped: watch::Receiver<bool>,
}

/// The parts at work.
#[derive(Debug)]
pub(super) struct Tasks {
    reloader: JoinHandle<()>,
    control: JoinHandle<()>,
    door: JoinHandle<()>,
    web: JoinHandle<()>,
    fetcher: JoinHandle<()>,
    writer: JoinHandle<Result<(), Fault>>,
    worker: JoinHandle<()>,
    sender: JoinHandle<()>,
    duty: JoinHandle<()>,
    ears: JoinHandle<()>,
}

impl Parts<'_> {
    /// Begins all of them. Wishes for a reload go where the other end is.
    pub(super) fn begin(self, writer: Writer, wake_worker: Arc<Notify>) -> (Tasks, mpsc::Sender<Wish>) {
        let Self { settings, swap, store, stopped } = self;
        let stop = || stopped.clone();
        let wake_sender = Arc::new(Notify::new());
        let (wishes, wished) = mpsc::channel(MOST_WISHES);
        let inspector = Inspector { beats: Beats::default(), store: store.clone() };
        let worker = Worker::new(swap.house(), store.clone(), Arc::clone(&wake_sender)).following(swap.house.subscribe());
        let fetching = (store.clone(), swap.custody.clone());
        let (name, wake) = (settings.hostname.clone(), [Arc::clone(&wake_worker), Arc::clone(&wake_sender)]);
        let tasks = Tasks {
            control: tokio::spawn(control::serve(control::bind(&settings.data), inspector, wishes.clone(), stop())),
            web: tokio::spawn(http::serve_where(swap.pages.subscribe(), stop())),
            fetcher: tokio::spawn(imap::serve_plan(swap.plan.subscribe(), fetching, Pace::default(), stop())),
            door: tokio::spawn(smtp::serve_where(swap.listeners.subscribe(), Arc::clone(&swap.door), stop())),
            writer: tokio::spawn(writer.run()),
            ears: tokio::spawn(duty::listen(store.clone(), wake, stop())),
            duty: tokio::spawn(duty::run(store.clone(), name, swap.teller.subscribe(), stop())),
            worker: tokio::spawn(worker.run(wake_worker, stop())),
            sender: tokio::spawn(deliver::serve(swap.delivery.subscribe(), store.clone(), wake_sender, stop())),
            reloader: tokio::spawn(Reloader { seen: Seen::of(settings), settings: settings.clone(), swap }.run(wished, stop())),
        };
        (tasks, wishes)
    }
}

impl Tasks {
    /// Waits until one ends by itself, which none should.
    pub(super) async fn failed(&mut self) -> RunError {
        tokio::select! {
            ended = &mut self.door => unexpected("the SMTP listener", ended),
            ended = &mut self.web => unexpected("the HTTP listener", ended),
            ended = &mut self.fetcher => unexpected("the fetching of mail", ended),
            ended = &mut self.worker => unexpected("the worker", ended),
            ended = &mut self.sender => unexpected("the sender", ended),
            ended = &mut self.duty => unexpected("the sign of life", ended),
            ended = &mut self.ears => unexpected("the listener to the database", ended),
            ended = &mut self.control => unexpected("the control socket", ended),
            ended = &mut self.reloader => unexpected("the reader of the configuration", ended),
            ended = &mut self.writer => match ended {
                Ok(Err(fault)) => RunError::Store(fault),
                ended => unexpected("custody", ended.map(|_| ())),
            },
        }
    }

    /// Waits for the end of each, in order: whoever can give mail into custody ends before custody does, and the reader of the configuration
    /// before all, since it holds every listener.
    pub(super) async fn end(self, deadline: Instant) {
        end("the reader of the configuration", self.reloader, deadline).await;
        end("the control socket", self.control, deadline).await;
        end("the SMTP listener", self.door, deadline).await;
        end("the HTTP listener", self.web, deadline).await;
        end("the fetching of mail", self.fetcher, deadline).await;
        end("custody", self.writer, deadline).await;
        end("the worker", self.worker, deadline).await;
        end("the sender", self.sender, deadline).await;
        end("the sign of life", self.duty, deadline).await;
        end("the listener to the database", self.ears, deadline).await;
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
