//! A COMMIT whose answer does not come: what happened is found out from the database, and never guessed.

use std::pin::pin;
use std::time::Instant;

use futures_util::future::{Either, select};
use postdesk::store::custody::{Doubt, Inserted, Sealed};
use postdesk::store::{Options, Place, Store};

use crate::base::Base;
use crate::cluster::Cluster;
use crate::mails::{PATIENCE, from, take};
use crate::proxy::Proxy;

/// A database, a store that is connected to it through a proxy, and the proxy.
async fn through_a_proxy() -> (Base, Store, Proxy) {
    let base = Base::database();
    let Base::Database(url) = &base else { panic!("a database is no file") };
    // The tables are made, and the numbers do not begin with 1, so that a number that was only guessed is seen.
    let direct = base.gateway().await;
    take(&direct, &mails("before")).await.unwrap();
    let proxy = Proxy::to(Cluster::shared().port());
    let url = url.replace(&Cluster::shared().port().to_string(), &proxy.port().to_string());
    let store = Store::open(&Options { place: Place::parse(&url).unwrap(), min_free_space: 0, objects: None }).await.unwrap();
    store.join("behind a proxy").await.unwrap();
    (base, store, proxy)
}

fn mails(id: &str) -> [Sealed; 2] {
    let mut second = from("noah", &format!("{id}-2"), "");
    let to_billing = second.incoming.departments[0].1.clone();
    second.incoming.departments.push(("billing".to_owned(), to_billing));
    [from("mia", &format!("{id}-1"), ""), second]
}

async fn insert(store: &Store) -> Doubt {
    match store.insert_arrivals(&mails("doubt")).await.unwrap() {
        Inserted::InDoubt(doubt) => doubt,
        Inserted::Taken(numbers) => panic!("nobody can know that yet: {numbers:?}"),
    }
}

/// What the database itself says: the numbers of the arrivals that were in doubt.
async fn there(base: &Base) -> Vec<Vec<i64>> {
    let ids = base.texts("SELECT CAST(a.id AS TEXT) FROM arrival a JOIN raw r ON r.id = a.raw_id WHERE encode(r.octets, 'escape') LIKE '%doubt%' ORDER BY a.id");
    let ids: Vec<i64> = ids.await.iter().map(|id| id.parse().unwrap()).collect();
    if ids.is_empty() { Vec::new() } else { vec![ids[..1].to_vec(), ids[1..].to_vec()] }
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found_to_have_happened_with_its_numbers() {
    let (base, store, proxy) = through_a_proxy().await;
    proxy.lose_the_answer_to(b"COMMIT");
    let doubt = insert(&store).await;
    let found = store.find_out(doubt).await.unwrap().unwrap();
    assert_eq!((found[0].len(), found[1].len()), (1, 2));
    assert_eq!(found, there(&base).await);
    assert_eq!(take(&store, &mails("after")).await.unwrap().len(), 2, "and it goes on");
}

#[tokio::test]
async fn a_commit_that_was_lost_on_its_way_is_found_not_to_have_happened() {
    let (base, store, proxy) = through_a_proxy().await;
    proxy.lose(b"COMMIT");
    let doubt = insert(&store).await;
    assert_eq!(store.find_out(doubt).await.unwrap(), None);
    assert_eq!(there(&base).await, [[0; 0]; 0]);
    assert_eq!(take(&store, &mails("doubt")).await.unwrap(), there(&base).await);
}

#[tokio::test]
async fn a_commit_that_is_still_on_its_way_is_waited_for() {
    let (base, store, proxy) = through_a_proxy().await;
    proxy.hold(b"COMMIT");
    let doubt = insert(&store).await;
    let before = proxy.connections_made();
    let asked_often = async {
        let begun = Instant::now();
        // Each question is asked on a connection of its own. The server gives the transaction up after five seconds, so no longer than needed.
        while proxy.connections_made() < before + 3 {
            assert!(begun.elapsed() < PATIENCE, "nobody asks");
            tokio::task::yield_now().await;
        }
    };
    let (finding, asked_often) = (pin!(store.find_out(doubt)), pin!(asked_often));
    let finding = match select(finding, asked_often).await {
        Either::Left((found, _)) => panic!("{found:?}, while the COMMIT can still happen"),
        Either::Right(((), finding)) => finding,
    };
    assert_eq!(there(&base).await, [[0; 0]; 0]);
    proxy.let_go();
    let found = finding.await.unwrap().unwrap();
    assert_eq!(found, there(&base).await);
}

/// The session of a gateway that is cut off is ended by the server itself, so that nobody waits for ever.
#[tokio::test]
async fn a_commit_that_never_arrives_is_given_up_by_the_server() {
    let (base, store, proxy) = through_a_proxy().await;
    proxy.hold(b"COMMIT");
    let doubt = insert(&store).await;
    assert_eq!(store.find_out(doubt).await.unwrap(), None);
    proxy.let_go();
    assert_eq!(there(&base).await, [[0; 0]; 0]);
}
