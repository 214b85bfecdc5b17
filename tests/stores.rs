//! The store on its own: what is written together, what is found again, and who may settle.
#![cfg(test)]

use std::path::Path;
use std::time::Duration;

use postdesk::decide::recall::Wanted;
use postdesk::model::address::Address;
use postdesk::model::arrival::{Incoming, Peer, Source};
use postdesk::model::seal::sha256;
use postdesk::model::time::Time;
use postdesk::store::custody::{Inserted, Sealed};
use postdesk::store::outbox::Settlement;
use postdesk::store::work::Batch;
use postdesk::store::{Fault, Options, Place, Store};
use sqlx::{Connection, Executor, Row, SqliteConnection};

const NOW: Time = Time(1_700_000_000_000_000);
const ALL: Batch = Batch { mails: 100, octets: i64::MAX };

async fn open(folder: &Path) -> Store {
    Store::open(&Options { place: Place::File(folder.join("postdesk.db")), min_free_space: 0, objects: None }).await.unwrap()
}

async fn database(folder: &Path) -> SqliteConnection {
    SqliteConnection::connect(folder.join("postdesk.db").to_str().unwrap()).await.unwrap()
}

async fn number(folder: &Path, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut database(folder).await).await.unwrap()
}

async fn take(store: &Store, batch: &[Sealed]) -> Result<Vec<Vec<i64>>, Fault> {
    match store.insert_arrivals(batch).await? {
        Inserted::Taken(numbers) => Ok(numbers),
        Inserted::InDoubt(doubt) => panic!("nothing was cut off here: {doubt:?}"),
    }
}

fn mail(text: &str, departments: &[&str]) -> Sealed {
    let address = |department: &&str| Address::parse(&format!("{department}@desk.example.org")).unwrap();
    let incoming = Incoming {
        raw: text.as_bytes().to_vec(),
        sender: None,
        departments: departments.iter().map(|key| ((*key).to_owned(), vec![address(key)])).collect(),
        source: Source::Smtp,
        peer: Peer::default(),
        received_at: NOW,
    };
    let digest = sha256(&incoming.raw);
    Sealed::whole(incoming, digest)
}

#[tokio::test]
async fn a_mail_for_several_departments_is_one_arrival_for_each_and_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let batch = [mail("one", &["support", "billing"]), mail("two", &["support"]), mail("one", &["billing"])];
    assert_eq!(take(&store, &batch).await.unwrap(), [vec![1, 2], vec![3], vec![4]]);
    assert_eq!(number(folder.path(), "SELECT COUNT(*) FROM raw").await, 3);
    let taken = store.claim(ALL, &[]).await.unwrap();
    let seen: Vec<_> = taken.iter().map(|arrival| (arrival.department.as_str(), arrival.raw.as_slice())).collect();
    let expected: [(&str, &[u8]); 4] = [("support", b"one"), ("billing", b"one"), ("support", b"two"), ("billing", b"one")];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_batch_is_taken_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON arrival WHEN NEW.department = 'billing' \
                   BEGIN SELECT RAISE(ABORT, 'the test refuses this row'); END";
    database(folder.path()).await.execute(trigger).await.unwrap();
    let refused = take(&store, &[mail("one", &["support"]), mail("two", &["support", "billing"])]).await;
    assert!(matches!(refused, Err(Fault::Refused(_))), "{refused:?}");
    assert_eq!(number(folder.path(), "SELECT COUNT(*) FROM raw").await, 0);
    assert_eq!(take(&store, &[mail("one", &["support"])]).await.unwrap(), [vec![1]]);
}

#[tokio::test]
async fn an_attempt_counts_before_the_work_and_what_was_tried_is_taken_up_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    take(&store, &[mail("one", &["support"]), mail("two", &["support"])]).await.unwrap();
    assert_eq!(store.claim(ALL, &[]).await.unwrap().len(), 2);
    assert_eq!(number(folder.path(), "SELECT SUM(attempts) FROM arrival").await, 2);
    store.close().await;
    let again = open(folder.path()).await.claim(ALL, &[]).await.unwrap();
    assert_eq!(again.iter().map(|arrival| (arrival.id, arrival.attempts)).collect::<Vec<_>>(), [(1, 2)]);
}

#[tokio::test]
async fn a_batch_holds_so_many_octets_and_always_one_mail() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let large = "x".repeat(1_000);
    take(&store, &[mail(&large, &["support"]), mail("two", &["support"])]).await.unwrap();
    assert_eq!(store.claim(Batch { mails: 100, octets: 10 }, &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_promised_on_the_disk_is_promised_with_every_pragma_and_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    take(&store, &[mail("one", &["support"])]).await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut database(folder.path()).await).await.unwrap();
    assert_eq!(mode, "wal");
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?} can be read by others", entry.path());
    }
}

#[tokio::test]
async fn an_empty_store_knows_nothing_and_counts_from_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut wanted = Wanted::default();
    wanted.tickets.extend([1, 2]);
    wanted.message_ids.insert("kettle-1@customer.example".to_owned());
    wanted.arrivals.insert(3);
    wanted.keys.insert([0; 32]);
    wanted.requesters.insert("mia@customer.example".to_owned());
    let facts = store.recall(&wanted, NOW).await.unwrap();
    assert_eq!(facts.next_number, 1);
    assert!(facts.tickets.is_empty() && facts.known.is_empty() && facts.by_message_id.is_empty());
}

#[tokio::test]
async fn only_the_newest_lease_settles_and_a_row_that_cannot_be_read_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    take(&store, &[mail("one", &["support"])]).await.unwrap();
    let rows = "INSERT INTO outbox (id, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, created_at) \
                VALUES (1, 1, 'reply', 'mia@customer.example', 'a', 'b@desk.example.org', 'x', 'due', 0, 0), \
                       (2, 1, 'reply', 'no address', 'b', 'b@desk.example.org', 'y', 'due', 0, 0)";
    database(folder.path()).await.execute(rows).await.unwrap();
    let second = Duration::from_secs(1);
    let first = store.lease(NOW, NOW.plus(second), 10).await.unwrap();
    assert_eq!(first.iter().map(|notice| (notice.id, notice.lease)).collect::<Vec<_>>(), [(1, 1)]);
    assert!(store.lease(NOW, NOW.plus(second), 10).await.unwrap().is_empty(), "leased already");
    let later = NOW.plus(second * 2);
    let taken_over = store.lease(later, later.plus(second), 10).await.unwrap();
    assert_eq!(taken_over[0].lease, 2);
    store.settle(&[(1, 1, Settlement::Never { why: "too late".to_owned() })], later).await.unwrap();
    store.settle(&[(1, 2, Settlement::Sent)], later).await.unwrap();
    let rows = sqlx::query("SELECT state FROM outbox ORDER BY id").fetch_all(&mut database(folder.path()).await).await.unwrap();
    let states: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(states, ["sent", "failed"]);
}
