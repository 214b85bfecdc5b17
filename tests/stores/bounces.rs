//! Delivery reports against a store: by real decisions, from the notice that left to the address that is written to again.

use postdesk::model::address::Address;
use postdesk::store::custody::Sealed;

use crate::base::Base;
use crate::mails::{ALL, NOW, claim, decide_all, from, house, reply_to, sealed, take};

on_both!(
    a_report_marks_its_notice_and_its_address_until_somebody_writes_from_there,
    of_two_reports_in_one_batch_the_second_changes_nothing,
    a_notice_that_comes_back_before_its_sender_has_settled_it_has_failed,
    a_forged_report_changes_nothing,
);

/// The request of Mia's, decided: its acknowledgement is the first notice that can come back.
async fn requested(base: &Base) -> postdesk::store::Store {
    let store = base.gateway().await;
    take(&store, &[from("mia", "m1", "")]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    assert_eq!(base.texts("SELECT event FROM outbox WHERE recipient_key = 'mia@customer.example'").await, ["acknowledgement"]);
    base.run("UPDATE outbox SET state = 'sent'").await;
    store
}

/// A report of the null sender's to this address.
fn report(to: &str, id: &str, status: &str) -> Sealed {
    let raw = format!(
        "From: MAILER-DAEMON@mx.customer.example\r\nTo: {to}\r\nMessage-ID: <{id}@mx.customer.example>\r\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=r\r\n\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.example\
         \r\n\r\nFinal-Recipient: rfc822; mia@customer.example\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 {status} no\
         \r\n--r--\r\n"
    );
    let mut mail = sealed(raw.as_bytes(), &["support"]);
    mail.incoming.sender = None;
    mail.incoming.departments = vec![("support".to_owned(), vec![Address::parse(to).unwrap()])];
    mail
}

async fn bounce_address(base: &Base) -> String {
    base.texts("SELECT sender FROM outbox WHERE event = 'acknowledgement'").await.remove(0)
}

async fn state(base: &Base) -> Vec<String> {
    base.texts("SELECT state || ' ' || COALESCE(last_error, '') FROM outbox WHERE event = 'acknowledgement'").await
}

async fn told(base: &Base) -> Vec<String> {
    base.texts("SELECT recipient FROM outbox WHERE event = 'undelivered' ORDER BY recipient").await
}

async fn a_report_marks_its_notice_and_its_address_until_somebody_writes_from_there(base: Base) {
    let store = requested(&base).await;
    take(&store, &[report(&bounce_address(&base).await, "r1", "5.1.1")]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    let failed = "failed came back: failed with 5.1.1 (there is no such mailbox), in the other server's words: 550 5.1.1 no";
    assert_eq!(state(&base).await, [failed]);
    assert_eq!(base.texts("SELECT address_key FROM dead_address").await, ["mia@customer.example"]);
    assert_eq!(told(&base).await, ["ana@staff.example", "boris@staff.example"]);
    assert_eq!(base.texts("SELECT new FROM event WHERE kind = 'undelivered'").await, ["mia@customer.example"]);
    assert_eq!(base.texts("SELECT outcome || ' ' || ticket FROM arrival ORDER BY id").await, ["request 1", "bounce 1"]);
    assert_eq!(base.texts("SELECT kind FROM message ORDER BY arrival").await, ["request", "bounce"]);
    let body = base.texts("SELECT head FROM letter JOIN outbox ON outbox.id = outbox WHERE event = 'undelivered'").await;
    assert!(body[0].contains("mia@customer.example") && body[0].contains("550 5.1.1 no"), "{}", body[0]);

    assert_eq!(store.tick(house().rules(NOW)).await.unwrap().queued, 0, "the report has told of it");

    // A later report of the same notice.
    take(&store, &[report(&bounce_address(&base).await, "r2", "5.1.1")]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    assert_eq!((state(&base).await, told(&base).await.len()), (vec![failed.to_owned()], 2));

    take(&store, &[from("mia", "m2", &reply_to("m1"))]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    assert_eq!(base.number("SELECT COUNT(*) FROM dead_address").await, 0);
    assert_eq!(base.texts("SELECT outcome FROM arrival ORDER BY id").await, ["request", "bounce", "bounce", "reply"]);
}

async fn of_two_reports_in_one_batch_the_second_changes_nothing(base: Base) {
    let store = requested(&base).await;
    let to = bounce_address(&base).await;
    take(&store, &[report(&to, "r1", "5.2.2"), report(&to, "r2", "5.1.1")]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    assert!(state(&base).await[0].contains("5.2.2"));
    assert_eq!(told(&base).await, ["ana@staff.example", "boris@staff.example"]);
    assert_eq!(base.number("SELECT COUNT(*) FROM event WHERE kind = 'undelivered'").await, 1);
    assert_eq!(base.number("SELECT COUNT(*) FROM dead_address").await, 0, "a full mailbox is not dead");
}

async fn a_notice_that_comes_back_before_its_sender_has_settled_it_has_failed(base: Base) {
    use postdesk::store::outbox::Settlement;
    let store = requested(&base).await;
    base.run("UPDATE outbox SET state = 'leased', lease = 1").await;
    take(&store, &[report(&bounce_address(&base).await, "r1", "5.1.1")]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    let id = base.number("SELECT id FROM outbox WHERE event = 'acknowledgement'").await;
    store.settle(&[(id, 1, Settlement::Sent)], crate::mails::NOW).await.unwrap();
    assert!(state(&base).await[0].starts_with("failed came back"), "{:?}", state(&base).await);
}

async fn a_forged_report_changes_nothing(base: Base) {
    let store = requested(&base).await;
    let (token, domain) =
        bounce_address(&base).await.split_once('@').map(|(token, domain)| (token.to_owned(), domain.to_owned())).unwrap();
    let at = token.len() - 10;
    let other = if token[at..].starts_with('a') { 'b' } else { 'a' };
    let forged = format!("{}{other}{}@{domain}", &token[..at], &token[at + 1..]);
    for (id, to) in [("r1", forged.as_str()), ("r2", "support@desk.example.org")] {
        take(&store, &[report(to, id, "5.1.1")]).await.unwrap();
    }
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    assert_eq!(base.texts("SELECT outcome FROM arrival ORDER BY id").await, ["request", "bounce", "bounce"]);
    assert_eq!(state(&base).await, ["sent "]);
    assert_eq!((told(&base).await.len(), base.number("SELECT COUNT(*) FROM dead_address").await), (0, 0));
    assert_eq!(base.number("SELECT COUNT(*) FROM message").await, 1);
}
