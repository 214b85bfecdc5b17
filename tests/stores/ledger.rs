//! The ledger of fetched mail: a line is written once, in the commit that takes the mail, and every question of a look is answered from it.

use std::collections::HashMap;
use std::time::Duration;

use postdesk::model::arrival::Source;
use postdesk::model::ledger::{Entry, Place, Stage};
use postdesk::store::Store;
use postdesk::store::custody::Sealed;
use postdesk::store::ledger::{Folder, Known, Left, Line, Noted};

use crate::base::Base;
use crate::mails::{NOW, sealed, take};

on_both!(
    a_line_is_written_with_its_mail_and_only_once,
    a_folder_is_noted_once_and_renumbered_as_a_whole,
    what_was_set_aside_means_nothing_but_by_what_it_holds,
    mail_is_known_again_by_what_it_holds_under_other_numbers_only,
    what_is_to_be_done_is_done_once_and_not_to_what_is_gone,
    what_is_gone_for_a_month_is_forgotten_unless_it_comes_back,
    what_was_left_can_be_reconsidered_and_what_was_taken_cannot,
    thousands_of_lines_are_written_and_settled,
);

const DAY: Duration = Duration::from_secs(86_400);

fn place(validity: u32) -> Place {
    Place { account: "box".to_owned(), folder: "INBOX".to_owned(), validity }
}

/// A mail that was fetched.
fn fetched(place: &Place, uid: u32, content: u8) -> Sealed {
    let mut sealed = sealed(format!("mail {uid}").as_bytes(), &["support"]);
    sealed.incoming.source = Source::Imap(place.account.clone());
    sealed.incoming.entry = Some(Entry::Imap { place: place.clone(), uid, content: [content; 32] });
    sealed
}

fn line(uid: u32, content: Option<u8>, stage: Stage, left: Option<Left>) -> Line {
    Line { uid, arrival: None, content: content.map(|content| [content; 32]), stage, left }
}

fn noted(stage: Stage) -> Noted {
    Noted { stage, left: None, is_gone: false }
}

async fn lines(store: &Store, place: &Place, from: u32) -> Vec<(u32, Noted)> {
    let mut lines: Vec<(u32, Noted)> = store.noted(place, from).await.unwrap().into_iter().collect();
    lines.sort_unstable_by_key(|(uid, _)| *uid);
    lines
}

async fn a_line_is_written_with_its_mail_and_only_once(base: Base) {
    let [one, other] = base.two().await;
    let place = place(1);
    let numbers = take(&one, &[fetched(&place, 3, 3), fetched(&place, 4, 4)]).await.unwrap();
    // Another gateway that fetched one of them too has made a copy. The line stands.
    take(&other, &[fetched(&place, 4, 4), fetched(&place, 5, 5)]).await.unwrap();
    other.note_fetched(&place, &[line(3, None, Stage::Left, Some(Left::TooLarge))], NOW).await.unwrap();
    let taken = noted(Stage::Taken);
    assert_eq!(lines(&one, &place, 0).await, [(3, taken), (4, taken), (5, taken)]);
    assert_eq!(lines(&one, &place, 4).await, [(4, taken), (5, taken)]);
    assert_eq!(base.number("SELECT arrival FROM fetched WHERE uid = 4").await, numbers[1][0]);
    assert_eq!(one.taken(&place).await.unwrap(), [3, 4, 5]);
    let elsewhere = Place { folder: "Sales".to_owned(), ..place };
    assert_eq!(lines(&one, &elsewhere, 0).await, []);
}

async fn a_folder_is_noted_once_and_renumbered_as_a_whole(base: Base) {
    let store = base.gateway().await;
    assert_eq!(store.folder("box", "INBOX").await.unwrap(), None);
    let folder = Folder { validity: u32::MAX, first_uid: 17, since: NOW, old_mail: false, reconciled_at: None };
    store.note_folder("box", "INBOX", &folder).await.unwrap();
    store.note_folder("box", "INBOX", &Folder { first_uid: 99, old_mail: true, ..folder }).await.unwrap();
    assert_eq!(store.folder("box", "INBOX").await.unwrap(), Some(folder));
    let old = place(u32::MAX);
    take(&store, &[fetched(&old, 17, 1), fetched(&old, 18, 2)]).await.unwrap();
    store.settle_fetched(&old, &[17]).await.unwrap();
    let later = NOW.plus(DAY);
    store.note_fetched(&place(5), &[line(1, Some(1), Stage::Taken, None)], later).await.unwrap();
    store.renumber_folder(&place(5), later).await.unwrap();
    let wanted = Folder { validity: 5, first_uid: 0, ..folder };
    assert_eq!(store.folder("box", "INBOX").await.unwrap(), Some(wanted));
    let gone = Noted { is_gone: true, ..noted(Stage::Done) };
    assert_eq!(lines(&store, &old, 0).await, [(17, gone), (18, gone)], "nothing can be done to these numbers any more");
    assert_eq!(store.taken(&place(5)).await.unwrap(), [1]);
}

async fn what_was_set_aside_means_nothing_but_by_what_it_holds(base: Base) {
    let store = base.gateway().await;
    let folder = Folder { validity: 1, first_uid: 0, since: NOW, old_mail: true, reconciled_at: None };
    store.note_folder("box", "INBOX", &folder).await.unwrap();
    let (one, two) = (place(1), place(2));
    take(&store, &[fetched(&one, 1, 1), fetched(&one, 2, 2)]).await.unwrap();
    for _ in 0..2 {
        store.renumber_folder(&two, NOW).await.unwrap();
        store.set_aside(&one).await.unwrap();
        // What a resync has noted so far stays.
        store.note_fetched(&one, &[line(2, Some(2), Stage::Taken, None)], NOW).await.unwrap();
        store.set_aside(&one).await.unwrap();
        assert_eq!(lines(&store, &one, 0).await, [(2, noted(Stage::Taken))]);
        assert_eq!(store.known(&one, &[[1; 32], [2; 32]]).await.unwrap().len(), 2);
    }
}

async fn mail_is_known_again_by_what_it_holds_under_other_numbers_only(base: Base) {
    let store = base.gateway().await;
    let (old, new) = (place(1), place(2));
    let numbers = take(&store, &[fetched(&old, 1, 1), fetched(&old, 2, 2)]).await.unwrap();
    store.settle_fetched(&old, &[2]).await.unwrap();
    store.note_fetched(&old, &[line(3, Some(3), Stage::Left, Some(Left::BeforeUs))], NOW).await.unwrap();
    store.note_fetched(&old, &[line(4, None, Stage::Left, Some(Left::TooLarge))], NOW).await.unwrap();
    store.note_fetched(&new, &[line(9, Some(9), Stage::Done, None)], NOW).await.unwrap();
    let contents = [1, 2, 3, 9, 7].map(|content| [content; 32]);
    let known = store.known(&new, &contents).await.unwrap();
    let wanted = HashMap::from([
        ([1; 32], Known { arrival: Some(numbers[0][0]), stage: Stage::Taken, left: None }),
        ([2; 32], Known { arrival: Some(numbers[1][0]), stage: Stage::Done, left: None }),
        ([3; 32], Known { arrival: None, stage: Stage::Left, left: Some(Left::BeforeUs) }),
    ]);
    assert_eq!(known, wanted);
    let elsewhere = Place { account: "another".to_owned(), ..new.clone() };
    assert_eq!(store.known(&elsewhere, &contents).await.unwrap(), HashMap::new());
    assert_eq!(store.known(&new, &[]).await.unwrap(), HashMap::new());
}

async fn what_is_to_be_done_is_done_once_and_not_to_what_is_gone(base: Base) {
    let store = base.gateway().await;
    let place = place(1);
    take(&store, &[fetched(&place, 1, 1), fetched(&place, 2, 2), fetched(&place, 3, 3)]).await.unwrap();
    store
        .note_folder("box", "INBOX", &Folder { validity: 1, first_uid: 0, since: NOW, old_mail: true, reconciled_at: None })
        .await
        .unwrap();
    store.settle_fetched(&place, &[1]).await.unwrap();
    store.note_reconciled(&place, &[2], &[], NOW).await.unwrap();
    assert_eq!(store.taken(&place).await.unwrap(), [3]);
    assert_eq!(store.folder("box", "INBOX").await.unwrap().unwrap().reconciled_at, Some(NOW));
    store.note_reconciled(&place, &[], &[2], NOW).await.unwrap();
    assert_eq!(lines(&store, &place, 0).await, [(1, noted(Stage::Done)), (2, noted(Stage::Done)), (3, noted(Stage::Taken))]);
    store.settle_fetched(&place, &[]).await.unwrap();
}

async fn what_is_gone_for_a_month_is_forgotten_unless_it_comes_back(base: Base) {
    let store = base.gateway().await;
    let place = place(1);
    take(&store, &[fetched(&place, 1, 1), fetched(&place, 2, 2), fetched(&place, 3, 3)]).await.unwrap();
    store.note_reconciled(&place, &[1, 2], &[], NOW).await.unwrap();
    // Since when it is gone is not said anew.
    store.note_reconciled(&place, &[1, 2], &[], NOW.plus(DAY * 20)).await.unwrap();
    store.tidy_up(NOW.plus(DAY * 29)).await.unwrap();
    assert_eq!(lines(&store, &place, 0).await.len(), 3);
    store.note_reconciled(&place, &[], &[2], NOW.plus(DAY * 29)).await.unwrap();
    store.tidy_up(NOW.plus(DAY * 31)).await.unwrap();
    let left: Vec<u32> = lines(&store, &place, 0).await.into_iter().map(|(uid, _)| uid).collect();
    assert_eq!(left, [2, 3]);
    store.forget_fetched(&place, &[3]).await.unwrap();
    assert_eq!(lines(&store, &place, 0).await.len(), 1);
}

async fn what_was_left_can_be_reconsidered_and_what_was_taken_cannot(base: Base) {
    let store = base.gateway().await;
    let place = place(1);
    take(&store, &[fetched(&place, 1, 1)]).await.unwrap();
    store.note_fetched(&place, &[line(2, None, Stage::Left, Some(Left::TooLarge))], NOW).await.unwrap();
    store.reconsider(&place, &[1, 2]).await.unwrap();
    assert_eq!(lines(&store, &place, 0).await, [(1, noted(Stage::Taken))]);
}

async fn thousands_of_lines_are_written_and_settled(base: Base) {
    let store = base.gateway().await;
    let place = place(1);
    let many: Vec<u32> = (1..=5_000).collect();
    let lines: Vec<Line> = many.iter().map(|uid| line(*uid, Some(1), Stage::Taken, None)).collect();
    store.note_fetched(&place, &lines, NOW).await.unwrap();
    assert_eq!(store.taken(&place).await.unwrap(), many);
    store.settle_fetched(&place, &many).await.unwrap();
    store.note_reconciled(&place, &many, &[], NOW).await.unwrap();
    assert_eq!(base.number("SELECT COUNT(*) FROM fetched WHERE stage = 'done' AND gone_at IS NOT NULL").await, 5_000);
}
