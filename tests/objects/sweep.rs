//! The sweep against the store itself: whatever comes before it and beside it, it removes orphans and never a named object.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use postdesk::model::address::Address;
use postdesk::model::arrival::{Incoming, Peer, Source};
use postdesk::model::seal::sha256;
use postdesk::model::time::Time;
use postdesk::store::custody::Sealed;
use postdesk::store::objects::{self, Place as Objects};
use postdesk::store::setting::KEYS;
use postdesk::store::{Options, Place, Store};
use proptest::prelude::*;

use super::desk;

/// What may happen, in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A mail of this kind is written to its object, and waits.
    Seal(u8),
    /// The oldest that waits is inserted.
    Insert,
    /// The oldest that waits is forgotten: its COMMIT failed.
    Forget,
    /// Orphans are removed. Only when nothing waits: what waits is young, and age is what protects it.
    Sweep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u8).prop_map(Step::Seal),
        3 => Just(Step::Insert),
        2 => Just(Step::Forget),
        1 => Just(Step::Sweep),
    ];
    proptest::collection::vec(step, 1..24)
}

async fn open(folder: &Path) -> Store {
    let objects = objects::Options { place: Objects::Folder(folder.join("objects")), above: 10 };
    let options = Options { place: Place::File(folder.join("postdesk.db")), min_free_space: 0, objects: Some(objects) };
    let store = Store::open(&options).await.unwrap();
    store.set_once(KEYS, "the keys of a test").await.unwrap();
    store
}

async fn seal(store: &Store, kind: u8) -> Sealed {
    let incoming = Incoming {
        raw: format!("Subject: {kind}\r\n\r\nlonger than ten octets\r\n").into_bytes(),
        sender: None,
        departments: vec![("support".to_owned(), vec![Address::parse("support@desk.example.org").unwrap()])],
        source: Source::Smtp,
        peer: Peer::default(),
        received_at: Time(0),
        archived: false,
        entry: None,
    };
    let digest = sha256(&incoming.raw);
    store.seal(incoming, digest).await.unwrap()
}

fn name(sealed: &Sealed) -> String {
    sealed.object.clone().unwrap().0
}

async fn play(folder: &Path, steps: Vec<Step>) {
    let store = open(folder).await;
    let mut waiting: Vec<Sealed> = Vec::new();
    let (mut named, mut orphans) = (BTreeSet::new(), BTreeSet::new());
    for step in steps {
        match step {
            Step::Seal(kind) => waiting.push(seal(&store, kind).await),
            Step::Insert if !waiting.is_empty() => {
                let sealed = waiting.remove(0);
                store.insert_arrivals(std::slice::from_ref(&sealed)).await.unwrap();
                named.insert(name(&sealed));
            }
            Step::Forget if !waiting.is_empty() => _ = orphans.insert(name(&waiting.remove(0))),
            Step::Sweep if waiting.is_empty() => {
                assert_eq!(store.sweep_objects(Duration::ZERO).await.unwrap(), orphans.len());
                orphans.clear();
            }
            Step::Insert | Step::Forget => {}
            // Nothing here is a day old.
            Step::Sweep => assert_eq!(store.sweep_objects(objects::ORPHANED).await.unwrap(), 0),
        }
        let expected: BTreeSet<String> = named.iter().chain(&orphans).cloned().chain(waiting.iter().map(name)).collect();
        let there = desk::objects(&folder.join("objects"));
        let there: BTreeSet<String> = there.iter().map(|path| below(path)).collect();
        assert_eq!(there, expected);
    }
    for arrival in 1..=i64::try_from(named.len()).unwrap() {
        assert!(store.raw(arrival).await.unwrap().unwrap().ends_with(b"longer than ten octets\r\n"));
    }
    store.close().await;
}

/// The name of an object from its path.
fn below(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_str().unwrap()).collect();
    format!("{}/{}", parts[1], parts[0])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_in_whatever_order_orphans_are_removed_and_no_named_object_ever_is(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(folder.path(), steps));
    }
}

#[tokio::test]
async fn a_range_is_read_from_the_object_and_one_beyond_its_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let sealed = seal(&store, 1).await;
    store.insert_arrivals(&[sealed]).await.unwrap();
    assert_eq!(store.raw_range(1, 9, 10).await.unwrap(), b"1");
    assert_eq!(store.raw_range(1, 3, 3).await.unwrap(), b"");
    assert!(store.raw_range(1, 9, 1_000).await.is_err());
    assert!(store.raw_range(1, 1_000, 1_001).await.is_err());
}
