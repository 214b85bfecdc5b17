//! What of an archive is known already: by its line of the ledger, and mail that came another way by its content.

use postdesk::model::arrival::Source;
use postdesk::model::ledger::Entry;
use postdesk::store::imported::Asked;

use crate::base::Base;
use crate::mails::{ALL, claim, decide_all, from, house, take};

on_both!(
    a_mail_of_an_archive_is_known_from_the_commit_that_takes_it,
    mail_that_came_another_way_is_known_by_content_and_department_once_it_is_decided,
    a_store_is_served_while_a_gateway_has_joined
);

const OTHER: [u8; 32] = [9; 32];

async fn a_mail_of_an_archive_is_known_from_the_commit_that_takes_it(base: Base) {
    let store = base.open().await;
    let mut mail = from("mia", "old", "");
    mail.incoming.source = Source::Import;
    mail.incoming.archived = true;
    mail.incoming.entry = Some(Entry::Archive([1; 32]));
    let asked = [
        Asked { entry: [1; 32], content: OTHER, department: "support" },
        Asked { entry: OTHER, content: OTHER, department: "support" },
    ];
    assert_eq!(store.imported(&asked).await.unwrap(), postdesk::store::imported::Known::default());
    take(&store, &[mail]).await.unwrap();
    let known = store.imported(&asked).await.unwrap();
    assert_eq!((known.imported.contains(&[1; 32]), known.imported.len(), known.arrived.len()), (true, 1, 0));
    assert_eq!(
        base.number("SELECT COUNT(*) FROM arrival JOIN imported ON imported.arrival = arrival.id WHERE archived = 1").await,
        1
    );
    assert_eq!(store.imported(&[]).await.unwrap(), postdesk::store::imported::Known::default());
}

async fn mail_that_came_another_way_is_known_by_content_and_department_once_it_is_decided(base: Base) {
    let store = base.gateway().await;
    let mail = from("mia", "new", "");
    let content = postdesk::decide::parse::header_of(&mail.incoming.raw, &house().desk.limits).content_key;
    take(&store, &[mail]).await.unwrap();
    let asked = [Asked { entry: OTHER, content, department: "support" }];
    assert!(store.imported(&asked).await.unwrap().arrived.is_empty());
    let cases = claim(&store, ALL, &[]).await;
    decide_all(&store, cases).await;
    let arrived = store.imported(&asked).await.unwrap().arrived;
    assert!(arrived.contains(&(content, "support".to_owned())) && arrived.len() == 1, "{arrived:?}");
}

async fn a_store_is_served_while_a_gateway_has_joined(base: Base) {
    let store = base.open().await;
    assert!(!store.is_served().await.unwrap());
    let gateway = base.gateway().await;
    assert!(store.is_served().await.unwrap());
    gateway.leave().await.unwrap();
    assert!(!store.is_served().await.unwrap());
    assert_eq!(store.is_a_file(), matches!(base, Base::File(_)));
}
