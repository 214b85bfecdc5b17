//! `[retention]`: what is older than its key goes, what is needed stays, and a run may be broken off anywhere.

#[path = "retention/model.rs"]
mod model;

use std::collections::BTreeSet;

use postdesk::model::time::Time;
use postdesk::store::retention::{Age, Cursor, Options, What};
use postdesk::store::{Fault, Store};

use crate::base::Base;
use crate::mails::{ALL, NOW, claim, decide_all, from, reply_to, take};
use model::{Chance, Model, days};

on_both!(
    what_is_needed_stays_what_is_old_goes_and_a_run_may_end_anywhere,
    an_original_that_is_gone_says_so_and_the_mail_is_known_all_the_same,
    a_ticket_goes_with_everything_and_its_number_is_not_given_again,
    what_waits_to_be_sent_keeps_its_original,
    the_newest_mail_stays_so_that_no_number_is_given_twice,
);

fn age(count: i64) -> Age {
    Age { span: days(count), written: format!("{count}d") }
}

/// Carries out all rules, but no more than so many steps; how many rows were removed.
async fn run(store: &Store, options: &Options, now: Time, mut steps: usize) -> u64 {
    let mut removed = 0;
    for (what, age) in options.rules() {
        let mut after = Some(Cursor::default());
        while let Some(cursor) = after {
            if steps == 0 {
                return removed;
            }
            steps -= 1;
            let step = store.let_go(what, age, cursor, now).await.unwrap();
            assert!(
                step.next.is_none_or(|next| next > cursor),
                "a run that does not go on never ends: {step:?} after {cursor:?}"
            );
            removed += step.removed;
            after = step.next;
        }
    }
    removed
}

async fn what_is_needed_stays_what_is_old_goes_and_a_run_may_end_anywhere(base: Base) {
    base.open().await.close().await;
    for seed in 1..=8 {
        let mut chance = Chance(seed);
        let mut model = Model::random(&mut chance);
        base.run(&model.sql(matches!(base, Base::File(_)))).await;
        let options = chance.options();
        // Killed after a few steps, three times.
        for _ in 0..3 {
            let store = base.gateway().await;
            run(&store, &options, NOW, chance.below(6)).await;
            store.close().await;
        }
        let store = base.gateway().await;
        while run(&store, &options, NOW, usize::MAX).await > 0 {}
        model.let_go(&options);
        for (what, kept, wanted) in [
            ("arrival", "SELECT id FROM arrival", &model.arrivals()),
            ("original", "SELECT id FROM raw WHERE length(octets) > 0", &model.originals()),
            ("raw", "SELECT id FROM raw", &model.raws()),
            ("ticket", "SELECT number FROM ticket", &model.tickets()),
            ("message", "SELECT arrival FROM message", &model.messages()),
            ("notice", "SELECT id FROM outbox", &model.notices()),
            ("letter", "SELECT outbox FROM letter", &model.letters()),
        ] {
            let kept: BTreeSet<i64> = numbers(&base, kept).await;
            let (lost, left): (Vec<_>, Vec<_>) = (wanted.difference(&kept).collect(), kept.difference(wanted).collect());
            assert!(lost.is_empty() && left.is_empty(), "seed {seed}, {options:?}: {what}: lost {lost:?}, left {left:?}");
        }
        whole(&base).await;
        // What is left works: the next mail becomes a ticket.
        take(&store, &[from("mia", &format!("seed-{seed}"), "")]).await.unwrap();
        decide_all(&store, claim(&store, ALL, &model.pending()).await).await;
        store.close().await;
        base.run(model::EMPTY).await;
    }
}

async fn numbers(base: &Base, sql: &str) -> BTreeSet<i64> {
    base.texts(&format!("SELECT CAST(n AS TEXT) FROM ({}) AS found", sql.replacen(" FROM", " AS n FROM", 1)))
        .await
        .iter()
        .map(|text| text.parse().unwrap())
        .collect()
}

/// Every reference leads somewhere. A server sees to it by itself.
async fn whole(base: &Base) {
    if matches!(base, Base::File(_)) {
        assert_eq!(base.number("SELECT COUNT(*) FROM pragma_foreign_key_check").await, 0);
    }
}

/// A customer's mail that is decided, and whose ticket is closed.
async fn closed_ticket(base: &Base, store: &Store) {
    let file = "MIME-Version: 1.0\r\nX-Kettle: yes\r\n";
    take(store, &[from("mia", "first", file)]).await.unwrap();
    decide_all(store, claim(store, ALL, &[]).await).await;
    take(store, &[from("noah", "newest", "")]).await.unwrap();
    decide_all(store, claim(store, ALL, &[]).await).await;
    base.run("UPDATE outbox SET state = 'sent', settled_at = created_at").await;
    base.run("UPDATE ticket SET status = 'closed', closed_at = updated_at WHERE number = 1").await;
}

/// Ten years later than any clock here says.
fn later() -> Time {
    Time::from(std::time::SystemTime::now()).plus(days(3650))
}

async fn an_original_that_is_gone_says_so_and_the_mail_is_known_all_the_same(base: Base) {
    let store = base.gateway().await;
    closed_ticket(&base, &store).await;
    assert!(!store.raw(1).await.unwrap().unwrap().is_empty());
    let options = Options { raw: Some(age(30)), ..Options::default() };
    assert_eq!(run(&store, &options, later(), usize::MAX).await, 1);
    assert!(matches!(store.raw(1).await, Err(Fault::Gone(why)) if why.contains("[retention] raw = \"30d\"")));
    assert!(matches!(store.raw_range(1, 0, 9).await, Err(Fault::Gone(why)) if why.contains("arrival 1")));
    assert!(!store.raw(2).await.unwrap().unwrap().is_empty(), "that of an open ticket stays");
    let detail = store.arrival(1).await.unwrap().unwrap();
    assert_eq!(detail.original_gone.unwrap().by, "[retention] raw = \"30d\"");
    let ticket = store.ticket_by_reference(1).await.unwrap().unwrap();
    assert!(ticket.messages[0].original.as_ref().unwrap().contains("was removed on"));
    assert!(ticket.messages[0].text.contains("Text of first"));
    let event = ticket.events.iter().find(|event| event.kind == "originals-removed").unwrap();
    assert_eq!((event.from.as_deref(), event.to.as_deref()), (Some("1"), Some("[retention] raw = \"30d\"")));
    assert_eq!(run(&store, &options, later(), usize::MAX).await, 0);
    // A copy of it is a copy still, and a reply finds its ticket, which it continues.
    take(&store, &[from("mia", "first", "MIME-Version: 1.0\r\nX-Kettle: yes\r\n"), from("mia", "second", &reply_to("first"))])
        .await
        .unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    let decided = base.texts("SELECT outcome || ' ' || ticket FROM arrival WHERE id > 2 ORDER BY id").await;
    assert_eq!(decided, ["duplicate 1", "request 3"]);
    assert_eq!(base.texts("SELECT ticket || ' continues ' || other FROM relation").await, ["3 continues 1"]);
    store.close().await;
}

async fn a_ticket_goes_with_everything_and_its_number_is_not_given_again(base: Base) {
    let store = base.gateway().await;
    closed_ticket(&base, &store).await;
    let options = Options { closed: Some(age(30)), ..Options::default() };
    assert_eq!(run(&store, &options, Time::from(std::time::SystemTime::now()), usize::MAX).await, 0, "it was closed just now");
    assert_eq!(run(&store, &options, later(), usize::MAX).await, 1);
    assert!(store.ticket_by_reference(1).await.unwrap().is_none());
    assert!(store.arrival(1).await.unwrap().is_none());
    for table in ["arrival", "raw", "message", "ticket"] {
        assert_eq!(base.number(&format!("SELECT COUNT(*) FROM {table}")).await, 1, "{table}");
    }
    assert_eq!(base.number("SELECT COUNT(*) FROM outbox WHERE arrival = 1").await, 0);
    assert_eq!(base.number("SELECT COUNT(*) FROM letter").await, base.number("SELECT COUNT(*) FROM outbox").await);
    assert_eq!(base.number("SELECT COUNT(*) FROM event WHERE ticket = 1").await, 0);
    whole(&base).await;
    take(&store, &[from("mia", "second", &reply_to("first"))]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    assert_eq!(base.texts("SELECT id || ' ' || outcome || ' ' || ticket FROM arrival WHERE id > 2").await, ["3 request 3"]);
    store.close().await;
}

async fn what_waits_to_be_sent_keeps_its_original(base: Base) {
    let store = base.gateway().await;
    closed_ticket(&base, &store).await;
    let options = Options { raw: Some(age(30)), closed: Some(age(30)), sent: Some(age(30)), ..Options::default() };
    for waits in ["'due', told_at = NULL", "'leased', told_at = NULL", "'held', told_at = NULL", "'failed', told_at = NULL"] {
        base.run(&format!("UPDATE outbox SET state = {waits} WHERE arrival = 1")).await;
        let letters = base.number("SELECT COUNT(*) FROM letter l JOIN outbox o ON o.id = l.outbox WHERE o.arrival = 1").await;
        run(&store, &options, later(), usize::MAX).await;
        assert!(!store.raw(1).await.unwrap().unwrap().is_empty(), "{waits}");
        let kept = base.number("SELECT COUNT(*) FROM letter l JOIN outbox o ON o.id = l.outbox WHERE o.arrival = 1").await;
        assert_eq!(kept, letters, "{waits}");
        assert!(letters > 0);
    }
    base.run("UPDATE outbox SET state = 'failed', told_at = 1 WHERE arrival = 1").await;
    assert!(run(&store, &options, later(), usize::MAX).await > 0);
    assert!(store.ticket_by_reference(1).await.unwrap().is_none());
    store.close().await;
}

async fn the_newest_mail_stays_so_that_no_number_is_given_twice(base: Base) {
    let store = base.gateway().await;
    let nobody: Vec<_> =
        (0..3).map(|number| crate::mails::sealed(format!("Subject: {number}\r\n\r\n\r\n").as_bytes(), &["support"])).collect();
    take(&store, &nobody).await.unwrap();
    base.run("UPDATE arrival SET outcome = 'held', cause = 'no-sender', decided_at = 1").await;
    let options = Options { held: Some(age(90)), ..Options::default() };
    assert_eq!(run(&store, &options, later(), usize::MAX).await, 2);
    assert_eq!(base.texts("SELECT CAST(id AS TEXT) FROM arrival").await, ["3"]);
    let step = store.let_go(What::Held, &age(90), Cursor::default(), later()).await.unwrap();
    assert_eq!(step.removed, 0);
    assert_eq!(take(&store, &[from("mia", "next", "")]).await.unwrap(), [[4]]);
    store.close().await;
}
