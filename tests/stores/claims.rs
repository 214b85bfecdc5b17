//! Taking up: no arrival is in two hands, what the dead had in hand is free, and who has lost an arrival decides nothing about it.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use postdesk::decide::decide;
use postdesk::decide::recall::Wanted;
use postdesk::store::Store;
use postdesk::store::decision::Matter;

use crate::base::Base;
use crate::mails::{ALL, NOW, ONE, claim, decide_once, from, house, ids, take};

on_both!(
    what_somebody_else_has_claimed_since_is_lost_and_the_others_decision_stands,
    a_batch_with_a_mail_that_panics_leaves_nothing_half_written,
);

/// Mails of a customer, each of which opens a ticket.
async fn requests(store: &Store, count: usize) {
    let mails: Vec<_> = (1..=count).map(|number| from("mia", &format!("m{number}"), "")).collect();
    take(store, &mails).await.unwrap();
}

async fn what_somebody_else_has_claimed_since_is_lost_and_the_others_decision_stands(base: Base) {
    let late = base.gateway().await;
    requests(&late, 2).await;
    let mut mine = claim(&late, ALL, &[]).await;
    late.leave().await.unwrap();
    let other = base.gateway().await;
    let mut theirs = claim(&other, ONE, &[]).await;
    assert_eq!((ids(&mine), ids(&theirs)), (vec![1, 2], vec![1]));
    // Before the other has decided: what it has not taken up is still mine.
    let decided = decide_once(&late, &mut mine).await;
    assert_eq!((decided.lost, decided.decisions.len()), (vec![1], 1));
    assert_eq!(base.texts("SELECT subject FROM ticket").await, ["Kettle m2"]);
    let decided = decide_once(&other, &mut theirs).await;
    assert_eq!((decided.lost.len(), decided.decisions.len()), (0, 1));
    // And after it.
    let all = "SELECT a.outcome || ' ' || a.ticket || ' ' || t.subject || ' ' || t.updated_at FROM arrival a JOIN ticket t ON t.number = a.ticket \
               ORDER BY a.id";
    let before = base.texts(all).await;
    assert_eq!(before.len(), 2);
    assert_eq!(decide_once(&late, &mut mine).await.lost, [1, 2]);
    assert_eq!(base.texts(all).await, before);
    assert_eq!(base.number("SELECT next FROM counter WHERE name = 'ticket'").await, 3);
}

async fn a_batch_with_a_mail_that_panics_leaves_nothing_half_written(base: Base) {
    let store = base.gateway().await;
    requests(&store, 3).await;
    let (mut cases, house) = (claim(&store, ALL, &[]).await, house());
    let wanted = Wanted::of(&cases, &house.desk);
    let nobody = std::collections::HashSet::new();
    let deciding = store.decide_batch(Matter { cases: &cases, waiting: &nobody, wanted: &wanted, now: NOW }, |case, facts| {
        assert!(case.arrival.id < 3, "the test breaks off here");
        decide(case, facts, house.rules(NOW))
    });
    assert!(AssertUnwindSafe(deciding).catch_unwind().await.is_err());
    let rows = ["ticket", "message", "event", "outbox", "letter", "acknowledged", "follower"];
    for table in rows {
        assert_eq!(base.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(base.pending().await, 3);
    // The lock of the counter is not left behind either.
    let decided = decide_once(&store, &mut cases).await;
    let tickets: Vec<_> = decided.decisions.iter().map(|decision| decision.ticket).collect();
    assert_eq!(tickets, [Some(1), Some(2), Some(3)]);
}

#[cfg(feature = "peers")]
mod of_several {
    use std::collections::HashSet;

    use futures_util::future::{join, join_all};
    use postdesk::store::work::Batch;

    use super::requests;
    use crate::base::Base;
    use crate::mails::{ALL, claim, decide_once, ids};

    #[tokio::test(flavor = "multi_thread")]
    async fn gateways_that_claim_at_the_same_time_take_each_arrival_once_and_leave_none() {
        const MAILS: usize = 400;
        let base = Base::database();
        let gateways = [base.gateway().await, base.gateway().await, base.gateway().await];
        requests(&gateways[0], MAILS).await;
        let taking = gateways.iter().map(|store| {
            tokio::spawn({
                let store = store.clone();
                async move {
                    let mut in_hand: Vec<i64> = Vec::new();
                    loop {
                        let claimed = store.claim(Batch { mails: 7, octets: i64::MAX }, &in_hand).await.unwrap();
                        if claimed.is_empty() {
                            return in_hand;
                        }
                        in_hand.extend(claimed.iter().map(|arrival| arrival.id));
                    }
                }
            })
        });
        let mut taken: Vec<i64> = Vec::new();
        for of_one in join_all(taking).await {
            taken.extend(of_one.unwrap());
        }
        // Who looked while the last ones were being taken up by others found none; nobody has to come back for them.
        let once: HashSet<i64> = taken.iter().copied().collect();
        assert_eq!((taken.len(), once.len()), (MAILS, MAILS));
        assert_eq!(base.number("SELECT MAX(attempts) FROM arrival").await, 1);
        assert!(
            base.number("SELECT COUNT(DISTINCT claimed_by) FROM arrival").await > 1,
            "one gateway took all: nothing was tried"
        );
    }

    #[tokio::test]
    async fn what_a_gateway_has_in_hand_is_given_to_others_when_it_left_or_its_sign_ran_out_and_not_before() {
        let base = Base::database();
        for end in ["leaves", "falls silent"] {
            let (one, other) = (base.gateway().await, base.gateway().await);
            requests(&one, 1).await;
            let mut mine = claim(&one, ALL, &[]).await;
            assert_eq!(mine.len(), 1);
            assert_eq!(ids(&claim(&other, ALL, &[]).await), [0; 0], "its gateway lives");
            if end == "leaves" {
                one.leave().await.unwrap();
            } else {
                base.run(
                    "UPDATE gateway SET seen_until = 1 WHERE id = (SELECT MAX(claimed_by) FROM arrival WHERE outcome IS NULL)",
                )
                .await;
            }
            let mut theirs = claim(&other, ALL, &[]).await;
            assert_eq!((ids(&theirs), theirs[0].arrival.attempts), (ids(&mine), 2), "it {end}");
            if end == "falls silent" {
                // It only slept, and goes on.
                one.give_sign().await.unwrap();
            }
            let (late, decided) = join(decide_once(&one, &mut mine), decide_once(&other, &mut theirs)).await;
            assert_eq!((late.lost, late.decisions.len(), decided.decisions.len()), (ids(&mine), 0, 1), "it {end}");
        }
    }
}
