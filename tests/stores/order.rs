//! Order: what speaks of something earlier is decided after it, wherever that is in hand; nothing else waits.

use futures_util::future::join;

use crate::base::Base;
use crate::mails::{ALL, ONE, claim, decide_all, decide_once, from, ids, reply_to, take};

on_both!(
    what_speaks_of_something_earlier_waits_for_older_mail_in_other_hands_and_nothing_else_does,
    a_mail_that_failed_twice_holds_up_nobody,
    replies_that_are_decided_at_once_both_stand_and_the_ticket_is_as_the_later_one_left_it,
);

async fn what_speaks_of_something_earlier_waits_for_older_mail_in_other_hands_and_nothing_else_does(base: Base) {
    let [one, other] = base.two().await;
    let by_subject = from("noah", "m4", "Subject: Re: [SUP-1]\r\n");
    take(&one, &[from("mia", "m1", ""), from("mia", "m2", &reply_to("m1")), from("noah", "m3", ""), by_subject]).await.unwrap();
    let mut first = claim(&one, ONE, &[]).await;
    let mut rest = claim(&other, ALL, &ids(&first)).await;
    assert_eq!((ids(&first), ids(&rest)), (vec![1], vec![2, 3, 4]));
    let decided = decide_once(&other, &mut rest).await;
    assert_eq!((decided.postponed, decided.decisions.len(), decided.lost.len()), (vec![2, 4], 1, 0));
    assert_eq!(base.pending().await, 3);
    assert_eq!(decide_once(&one, &mut first).await.decisions.len(), 1);
    let mut waiting: Vec<_> = rest.into_iter().filter(|case| case.arrival.id != 3).collect();
    let decided = decide_once(&other, &mut waiting).await;
    assert_eq!((decided.postponed.len(), decided.decisions.len()), (0, 2));
    // The reply has found what it speaks of.
    assert_eq!(base.texts("SELECT outcome || ' ' || ticket FROM arrival ORDER BY id").await[..2], ["request 2", "reply 2"]);
}

async fn a_mail_that_failed_twice_holds_up_nobody(base: Base) {
    let [one, other] = base.two().await;
    take(&one, &[from("mia", "m1", ""), from("mia", "m2", &reply_to("m0"))]).await.unwrap();
    let first = ids(&claim(&one, ONE, &[]).await);
    let mut second = claim(&other, ALL, &first).await;
    base.run("UPDATE arrival SET attempts = 2 WHERE id = 1").await;
    assert_eq!(decide_once(&other, &mut second).await.postponed, [2], "the second attempt is still under way");
    base.run("UPDATE arrival SET attempts = 3 WHERE id = 1").await;
    assert_eq!(decide_once(&other, &mut second).await.decisions.len(), 1);
}

async fn replies_that_are_decided_at_once_both_stand_and_the_ticket_is_as_the_later_one_left_it(base: Base) {
    let [one, other] = base.two().await;
    take(&one, &[from("mia", "m0", "")]).await.unwrap();
    decide_all(&one, claim(&one, ALL, &[]).await).await;
    for round in 1..=8 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        take(&other, &[from("mia", &a, &reply_to("m0")), from("mia", &b, &reply_to("m0"))]).await.unwrap();
        let first = claim(&one, ONE, &[]).await;
        let second = claim(&other, ONE, &ids(&first)).await;
        assert_eq!((first.len(), second.len()), (1, 1));
        join(decide_all(&other, second), decide_all(&one, first)).await;
        let last = base.texts("SELECT last_message_id FROM ticket").await;
        assert_eq!(last, [format!("b{round}@customer.example")], "round {round}");
    }
    assert_eq!(base.number("SELECT COUNT(*) FROM message WHERE ticket = 1").await, 17);
    assert_eq!(base.number("SELECT COUNT(*) FROM arrival WHERE outcome = 'reply' AND ticket = 1").await, 16);
}
