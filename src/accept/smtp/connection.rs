//! Plays one session over one stream: reads, writes, waits, and nothing else.
//!
//! Memory of an idle connection: the session and an unfinished command line. Reading goes through one buffer a thread,
//! which is possible because a chunk is understood before the thread does anything else.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::crowd::Place;
use super::reply::Reply;
use super::seen;
use super::session::{Action, Client, Session};
use super::{Door, Standing};
use crate::model::arrival::Incoming;
use crate::model::time::Time;

/// Octets read at once in DATA: some sixteen segments of a fast sender a system call.
const DATA_READ: usize = 64 * 1024;
/// Octets of commands read at once: bounds the replies that one reading can cause.
const COMMAND_READ: usize = 4 * 1024;
/// How long a running DATA may go on after we were told to stop: the service has 10 s in all.
const GRACE: Duration = Duration::from_secs(8);
/// How long a client that was refused may go on sending before we hang up, and how long when we are stopping.
const DRAIN: Duration = Duration::from_secs(5);
const DRAIN_STOPPING: Duration = Duration::from_secs(1);
/// The least time between two looks at how crowded it is.
const SHORTEST_LOOK: Duration = Duration::from_millis(100);

thread_local! {
    static CHUNK: RefCell<Vec<u8>> = RefCell::new(vec![0; DATA_READ]);
}

/// Talks with one client until one of the two hangs up, or `stop` becomes true and what was running has ended.
pub(super) async fn attend(stream: TcpStream, client: Client, door: &Door, place: &Place, mut stop: watch::Receiver<bool>) {
    let mut conversation = Conversation::begin(stream, client, door, place);
    let outcome = match conversation.run(&mut stop).await {
        // Boxed, because the many connections that never encrypt need not carry the room for it.
        Ok(Ended::Encrypt) => Box::pin(encrypt(conversation, &mut stop)).await,
        Ok(Ended::Closed) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        tracing::debug!(?client, %error, "connection lost");
    }
}

/// The same over a socket of this machine, where TLS is not offered.
pub(super) async fn attend_within(stream: UnixStream, door: &Door, place: &Place, mut stop: watch::Receiver<bool>) {
    let client = Client::Lmtp(None);
    if let Err(error) = Conversation::begin(stream, client, door, place).run(&mut stop).await {
        tracing::debug!(?client, %error, "connection lost");
    }
}

async fn encrypt(plain: Conversation<'_, TcpStream>, stop: &mut watch::Receiver<bool>) -> io::Result<()> {
    // The newest; where TLS has been taken out of the configuration meanwhile, what this client was promised.
    let Some(acceptor) = plain.door.standing().acceptor.clone().or_else(|| plain.begun_with.acceptor.clone()) else {
        return Ok(());
    };
    let patience = plain.patience();
    // What the client sent in the clear after STARTTLS stays behind with `plain.unread` (RFC 3207 section 4.2).
    let Conversation { stream, mut session, door, begun_with, place, .. } = plain;
    let stream = tokio::select! {
        handshake = timeout(patience, acceptor.accept(stream)) => handshake.map_err(|_| io::ErrorKind::TimedOut)??,
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
    };
    session.encrypted();
    Conversation::new(stream, session, (door, begun_with), place).run(stop).await.map(|_| ())
}

/// How a conversation over one stream ended.
enum Ended {
    Closed,
    Encrypt,
}

struct Conversation<'a, S> {
    stream: S,
    session: Session,
    door: &'a Door,
    /// How the door was when the client came.
    begun_with: Arc<Standing>,
    place: &'a Place,
    /// Read, and not used by the session yet: an unfinished line, or what was pipelined behind a message.
    unread: Vec<u8>,
    /// Replies that were not sent yet.
    out: Vec<u8>,
    /// When the last whole command was received.
    since: Instant,
    /// When the running DATA must have ended.
    data_until: Option<Instant>,
    stopping_since: Option<Instant>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Conversation<'a, S> {
    /// A conversation that begins with our greeting.
    fn begin(stream: S, client: Client, door: &'a Door, place: &'a Place) -> Self {
        let standing = door.standing();
        let session = Session::new(Arc::clone(&standing.terms), client);
        let mut conversation = Self::new(stream, session, (door, standing), place);
        conversation.session.greet(&mut conversation.out);
        conversation
    }

    fn new(stream: S, session: Session, (door, begun_with): (&'a Door, Arc<Standing>), place: &'a Place) -> Self {
        let (unread, out, since) = (Vec::new(), Vec::new(), Instant::now());
        Self { stream, session, door, begun_with, place, unread, out, since, data_until: None, stopping_since: None }
    }

    async fn run(&mut self, stop: &mut watch::Receiver<bool>) -> io::Result<Ended> {
        let mut action = Action::Read;
        loop {
            self.flush().await?;
            action = match action {
                Action::Read => match self.listen(stop).await? {
                    Some(action) => action,
                    None => return Ok(Ended::Closed),
                },
                // Boxed, as encrypting is: what waits for a command need not carry the room for all that custody does.
                Action::Custody(incoming) => Box::pin(self.hand_over(*incoming)).await,
                Action::Encrypt => return Ok(Ended::Encrypt),
                Action::Drain => {
                    self.drain().await;
                    return Ok(Ended::Closed);
                }
                Action::Close => return Ok(Ended::Closed),
            };
        }
    }

    /// Waits for something to happen; `None` when the client hung up.
    async fn listen(&mut self, stop: &mut watch::Receiver<bool>) -> io::Result<Option<Action>> {
        loop {
            // Looked at each time, or a client that never pauses would not notice.
            if self.stopping_since.is_none() && *stop.borrow() {
                self.stopping_since = Some(Instant::now());
            }
            if let Some(reply) = self.reason_to_end() {
                return Ok(Some(self.session.end(&reply, &mut self.out)));
            }
            let (deadline, stopping) = (self.deadline(), self.stopping_since.is_some());
            tokio::select! {
                biased;
                heard = poll_fn(|context| self.poll_hear(context)) => return heard,
                _ = stop.wait_for(|stop| *stop), if !stopping => self.stopping_since = Some(Instant::now()),
                () = sleep_until(deadline) => {}
            }
        }
    }

    fn poll_hear(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Action>>> {
        CHUNK.with_borrow_mut(|chunk| {
            let room = if self.session.in_data() { DATA_READ } else { COMMAND_READ };
            let mut buffer = ReadBuf::new(&mut chunk[..room]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let heard = buffer.filled();
            Poll::Ready(Ok(if heard.is_empty() { None } else { Some(self.understand(heard)) }))
        })
    }

    /// Lets the session use what was read, and keeps the rest.
    fn understand(&mut self, heard: &[u8]) -> Action {
        let now = Time::from(SystemTime::now());
        self.session.renew(&self.door.standing.borrow().terms);
        let (used, action) = if self.unread.is_empty() {
            let (used, action) = self.session.take(heard, now, &mut self.out);
            self.unread.extend_from_slice(&heard[used..]);
            (used, action)
        } else {
            self.unread.extend_from_slice(heard);
            let (used, action) = self.session.take(&self.unread, now, &mut self.out);
            self.unread.drain(..used);
            self.unread.shrink_to(COMMAND_READ);
            (used, action)
        };
        if used > 0 {
            // A byte now and then does not count: the line must come to its end.
            self.since = Instant::now();
        }
        let data_timeout = self.session.terms().options.data_timeout;
        self.data_until = self.session.in_data().then(|| self.data_until.unwrap_or(self.since + data_timeout));
        action
    }

    /// The one place where a mail becomes ours. A crash before custody answers: the client got no 250 and sends it again.
    /// A crash between its answer and our reply: the client sends it again, and the second copy is known as a duplicate.
    async fn hand_over(&mut self, incoming: Incoming) -> Action {
        let handed = seen::Handed {
            connection: self.session.id(),
            client: self.session.client(),
            tls: incoming.peer.tls,
            size: incoming.raw.len(),
            sender: incoming.sender.clone(),
            departments: incoming.departments.iter().map(|(key, _)| key.clone()).collect(),
        };
        let taken = self.door.custody.take(incoming).await;
        // The time that we took is not the client's.
        self.since = Instant::now();
        match &taken {
            Ok(arrivals) => handed.taken(arrivals),
            Err(refusal) => handed.not_taken(*refusal),
        }
        match self.session.taken(taken, &mut self.out) {
            Action::Read => self.understand(&[]),
            action => action,
        }
    }

    /// How long a client may take for a command.
    fn patience(&self) -> Duration {
        let options = &self.session.terms().options;
        if self.place.is_crowded() { options.crowded_idle_timeout.min(options.idle_timeout) } else { options.idle_timeout }
    }

    /// When to look again: at the latest when a crowd would make us close.
    fn deadline(&self) -> Instant {
        match (self.data_until, self.stopping_since) {
            (Some(until), Some(stopping)) => until.min(stopping + GRACE),
            (Some(until), None) => until,
            (None, _) => {
                let look = self.session.terms().options.crowded_idle_timeout.max(SHORTEST_LOOK);
                (self.since + self.patience()).min(Instant::now() + look)
            }
        }
    }

    fn reason_to_end(&self) -> Option<Reply> {
        let now = Instant::now();
        match (self.data_until, self.stopping_since) {
            (None, Some(_)) => Some(Reply::Stopping),
            (Some(_), Some(stopping)) if now >= stopping + GRACE => Some(Reply::Stopping),
            (Some(until), _) if now >= until => Some(Reply::DataTooSlow),
            (None, None) if now >= self.since + self.patience() => Some(Reply::Silence),
            _ => None,
        }
    }

    /// Sends all replies in one write.
    async fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let patience = self.patience();
        let writing = async {
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await
        };
        timeout(patience, writing).await.map_err(|_| io::ErrorKind::TimedOut)??;
        self.out.clear();
        self.out.shrink_to(COMMAND_READ);
        Ok(())
    }

    /// Reads and forgets what still comes, for a while. Closing with bytes unread would send a reset, and that can
    /// overtake the reply: the client would never learn why.
    async fn drain(&mut self) {
        let time = if self.stopping_since.is_some() { DRAIN_STOPPING } else { DRAIN };
        let mut left = self.session.terms().options.max_message_size;
        let reading = async {
            self.stream.shutdown().await?;
            while left > 0 {
                match poll_fn(|context| poll_forget(&mut self.stream, context)).await? {
                    0 => break,
                    octets => left = left.saturating_sub(octets),
                }
            }
            Ok::<(), io::Error>(())
        };
        // However it ends, the connection is closed.
        let _ = timeout(time, reading).await;
    }
}

fn poll_forget(stream: &mut (impl AsyncRead + Unpin), context: &mut Context<'_>) -> Poll<io::Result<usize>> {
    CHUNK.with_borrow_mut(|chunk| {
        let mut buffer = ReadBuf::new(chunk);
        ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    })
}
