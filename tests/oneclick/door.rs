//! The door alone, with a custody that the test plays: limits, faults of ours, and the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use postdesk::accept::custody::{Custody, Refusal, Submission, Writer};
use postdesk::accept::http::{Door, Options, bind, serve};
use postdesk::decide::write::texts::Texts;
use postdesk::model::address::Address;
use postdesk::model::seal::Key;
use postdesk::model::time::Time;
use postdesk::model::token::{Keyring, Purpose, Token};
use postdesk::store::Store;
use proptest::prelude::*;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::world::{DEADLINE, Reply, URL, World, ask, click, configuration, get, post, reply, until};

const LOOPBACK: &str = "127.0.0.1:0";

/// A door that is served.
struct House {
    address: SocketAddr,
    store: Store,
    keys: Keyring,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
    folder: TempDir,
}

impl House {
    /// Opens a door on a store that has nothing.
    async fn open(options: Options, custody: Custody) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let settings = configuration(folder.path(), "");
        let store = Store::open(&settings.store).await.unwrap();
        Self::over(folder, store, options, custody)
    }

    fn over(folder: TempDir, store: Store, options: Options, custody: Custody) -> Self {
        let keys = Keyring::new(Key::new(1, &[7; 32]), Vec::new());
        let desk = Arc::new(configuration(folder.path(), "").desk(keys.clone()));
        let texts = Arc::new(Texts::new(Vec::new()).unwrap());
        let listener = bind(&options).unwrap();
        let address = listener.local_addr().unwrap();
        let door = Arc::new(Door::new(options, desk, texts, store.clone(), custody));
        let (stop, stopped) = watch::channel(false);
        let served = tokio::spawn(serve(Some((listener, door)), stopped));
        Self { address, store, keys, stop, served, folder }
    }

    /// A link for a ticket, issued today.
    fn link(&self, ticket: i64) -> String {
        self.link_of(ticket, Time::from(std::time::SystemTime::now()).day())
    }

    fn link_of(&self, ticket: i64, day: u16) -> String {
        let recipient = self.keys.recipient(&Address::parse("noah@customer.example").unwrap());
        let token = Token::Reply { purpose: Purpose::Unfollow, ticket, recipient, day };
        format!("/unfollow/{}", self.keys.write(&token))
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ask(&self, request: &str) -> Reply {
        ask(self.address, request).await
    }

    async fn close(self) {
        self.stop.send_replace(true);
        timeout(DEADLINE, self.served).await.expect("the door does not end").unwrap();
    }
}

fn options() -> Options {
    Options::new(LOOPBACK.parse().unwrap(), URL.to_owned())
}

/// A custody that nobody asks.
fn nobody() -> Custody {
    Custody::new(mpsc::channel(1).0)
}

#[tokio::test]
async fn more_than_anybody_has_to_post_is_413_whether_it_is_announced_or_not() {
    let house = House::open(options(), nobody()).await;
    let path = house.link(7);
    assert_eq!(house.ask(&post(&path, "text/plain", &"x".repeat(4097))).await.status, 413);
    let piece = format!("1000\r\n{}\r\n", "x".repeat(4096));
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(house.ask(&format!("{head}{piece}{piece}0\r\n\r\n")).await.status, 413);
    // A head without an end does not grow either.
    let head = format!("GET {path} HTTP/1.1\r\nX: {}", "x".repeat(20_000));
    assert_eq!(house.ask(&head).await.status, 431);
    house.close().await;
}

#[tokio::test]
async fn a_client_that_is_too_slow_is_dropped() {
    let house = House::open(Options { request_timeout: Duration::from_millis(200), ..options() }, nobody()).await;
    let path = house.link(7);
    for begun in [String::new(), format!("POST {path} HTTP/1.1\r\n")] {
        let mut stream = house.connect().await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // Reads to its end because we hang up.
        timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("it is not dropped").unwrap();
        assert_eq!(rest, b"");
    }
    let unfinished = click(&path).replace("Content-Length: 26", "Content-Length: 27");
    assert_eq!(house.ask(&unfinished).await.status, 408);
    house.close().await;
}

#[tokio::test]
async fn one_connection_too_many_is_503_and_a_place_given_back_is_used_again() {
    let house = House::open(options(), nobody()).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(house.connect().await);
    }
    assert_eq!(house.ask("").await.status, 503);
    silent.pop();
    let answered = until(|| async { Some(house.ask(&get("/")).await).filter(|reply| reply.status == 404) }).await;
    assert!(answered.head.contains("connection: close"), "{answered:?}");
    house.close().await;
}

#[tokio::test]
async fn a_link_that_is_too_old_or_of_no_ticket_is_not_found() {
    let house = with_a_follower(|_| nobody()).await;
    let unknown = house.ask(&get("/")).await;
    let today = Time::from(std::time::SystemTime::now()).day();
    // `[authentication] token_lifetime` is 730 days, which are compared as whole ones.
    assert_eq!(house.ask(&get(&house.link_of(1, today - 729))).await.status, 200);
    for path in [house.link(2), house.link_of(1, today - 732), house.link_of(1, 0)] {
        assert_eq!(house.ask(&click(&path)).await, unknown);
        assert_eq!(house.ask(&get(&path)).await, unknown);
    }
    house.close().await;
}

/// A desk with a ticket that Noah follows, its gateway stopped, and a door of its own before it whose custody the test plays.
async fn with_a_follower(custody: impl FnOnce(&Store) -> Custody) -> House {
    let world = World::start().await;
    world.converse().await;
    let folder = world.end().await;
    let store = Store::open(&configuration(folder.path(), "").store).await.unwrap();
    let custody = custody(&store);
    House::over(folder, store, options(), custody)
}

#[tokio::test]
async fn a_store_that_does_not_take_it_is_503_with_the_time_to_come_back() {
    for refusal in [Refusal::Away, Refusal::Full, Refusal::Busy] {
        let (submit, mut submitted) = mpsc::channel::<Submission>(1);
        let house = with_a_follower(|_| Custody::new(submit)).await;
        let playing = tokio::spawn(async move {
            let submission = submitted.recv().await.unwrap();
            submission.reply.send(Err(refusal)).unwrap();
        });
        let reply = house.ask(&click(&house.link(1))).await;
        assert_eq!(reply.status, 503);
        assert!(reply.head.contains("retry-after: 120") && reply.body.contains("does not work at the moment"), "{reply:?}");
        playing.await.unwrap();
        house.close().await;
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_asked_is_503_until_it_can() {
    let house = with_a_follower(|_| nobody()).await;
    let file = house.folder.path().join("postdesk.db");
    let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    let link = house.link(1);
    sqlx::raw_sql("ALTER TABLE ticket RENAME TO elsewhere").execute(&mut connection).await.unwrap();
    assert_eq!(house.ask(&get(&link)).await.status, 503);
    assert_eq!(house.ask(&click(&link)).await.status, 503);
    // What has nothing to do with a ticket is answered as ever.
    assert_eq!(house.ask(&get("/")).await.status, 404);
    sqlx::raw_sql("ALTER TABLE elsewhere RENAME TO ticket").execute(&mut connection).await.unwrap();
    assert_eq!(house.ask(&get(&link)).await.status, 200);
    house.close().await;
}

#[tokio::test]
async fn a_click_is_answered_only_after_the_commit() {
    let (submit, mut submitted) = mpsc::channel::<Submission>(1);
    let house = with_a_follower(|_| Custody::new(submit)).await;
    let (answered, mut answer) = mpsc::unbounded_channel();
    let (address, request) = (house.address, click(&house.link(1)));
    let asking = tokio::spawn(async move { answered.send(ask(address, &request).await).unwrap() });
    let submission = timeout(DEADLINE, submitted.recv()).await.unwrap().unwrap();
    // The commit is under way. A click must not have been answered, however long that takes; other requests are.
    assert_eq!(house.ask(&get("/")).await.status, 404);
    assert!(answer.try_recv().is_err());
    assert_eq!(submission.incoming.departments[0].0, "support");
    submission.reply.send(Ok(vec![17])).unwrap();
    assert_eq!(timeout(DEADLINE, answer.recv()).await.unwrap().unwrap().status, 200);
    asking.await.unwrap();
    house.close().await;
}

#[tokio::test]
async fn a_stop_lets_a_running_request_end_and_drops_what_has_not_begun() {
    let mut kept = None;
    let house = with_a_follower(|store| {
        let (writer, custody) = Writer::new(store.clone(), Arc::new(Notify::new()));
        kept = Some(tokio::spawn(writer.run()));
        custody
    })
    .await;
    let mut silent = house.connect().await;
    let mut running = house.connect().await;
    let request = click(&house.link(1)).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    let (head, body) = request.split_at(request.len() - 26);
    running.write_all(head.as_bytes()).await.unwrap();
    let mut heard = [0; 25];
    timeout(DEADLINE, running.read_exact(&mut heard)).await.unwrap().unwrap();
    assert_eq!(&heard, b"HTTP/1.1 100 Continue\r\n\r\n");
    house.stop.send_replace(true);
    let mut rest = Vec::new();
    timeout(DEADLINE, silent.read_to_end(&mut rest)).await.expect("a silent one holds up the stop").unwrap();
    assert_eq!(rest, b"");
    running.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(reply(&mut running).await.status, 200);
    until(|| async { TcpStream::connect(house.address).await.is_err().then_some(()) }).await;
    let arrivals = house.store.arrivals(&Default::default(), i64::MAX, 100).await.unwrap().rows;
    assert_eq!(arrivals[0].source, "http");
    house.close().await;
    // Nobody can submit any more, so the writer ends.
    timeout(DEADLINE, kept.unwrap()).await.expect("somebody still holds the way into custody").unwrap().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn no_path_and_no_body_brings_anything_but_an_answer(
        requests in prop::collection::vec(("[A-Z]{1,7}", "/(desk/)?(unfollow/)?[!-~]{0,60}", "[ -~]{0,30}", prop::collection::vec(any::<u8>(), 0..300)), 32),
        odd in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let house = House::open(Options { request_timeout: Duration::from_millis(50), ..options() }, nobody()).await;
            let link = house.link(7);
            for (method, path, kind, body) in requests {
                for (method, path) in [(method.as_str(), path.as_str()), ("POST", &path), ("POST", &link)] {
                    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
                    let mut stream = house.connect().await;
                    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
                    let reply = reply(&mut stream).await;
                    assert!([400, 404, 405].contains(&reply.status), "{reply:?}");
                }
            }
            let mut stream = house.connect().await;
            stream.write_all(&odd).await.unwrap();
            let mut rest = Vec::new();
            let _ = timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("it is not dropped");
            // The door is still there.
            assert_eq!(house.ask(&get("/")).await.status, 404);
            house.close().await;
        });
    }
}
