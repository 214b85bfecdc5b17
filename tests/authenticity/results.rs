//! Authentication-Results of a relay of ours, and of everybody else.

use postdesk::model::arrival::Authenticity;

use super::world::{arrival, mail, over, world};

/// Where the relay's connections come from.
const RELAY: &str = "10.0.0.5";

fn with(fields: &[&str]) -> Vec<u8> {
    let mut raw: Vec<u8> = fields.iter().flat_map(|field| format!("Authentication-Results: {field}\r\n").into_bytes()).collect();
    raw.extend_from_slice(&mail());
    raw
}

#[tokio::test]
async fn the_relay_is_believed_in_what_it_says_of_the_author() {
    for field in [
        "mx.desk.example; dmarc=pass (p=reject) header.from=shop.example",
        "MX.desk.example 1; spf=fail smtp.mailfrom=x@evil.example; dmarc=pass header.from=shop.example",
        "mx.desk.example;\r\n\tdkim=pass (2048-bit key; (nested) secure) reason=\"good; signature\" header.d=shop.example header.b=\"a/b=\"",
        "mx.desk.example; dkim=pass header.i=@shop.example header.b=Ab+/x",
        "mx.desk.example; spf=pass smtp.mailfrom=bounces@shop.example",
        "mx.desk.example; dkim/1=pass header.d=shop.example;",
    ] {
        let world = world();
        world.expect(&over(RELAY, arrival(with(&[field]))), Authenticity::AuthenticationResults, "mx.desk.example says").await;
        assert_eq!(world.names.asked(), Vec::<String>::new(), "{field}");
    }
}

#[tokio::test]
async fn nothing_else_is_believed() {
    let good = "mx.desk.example; dmarc=pass header.from=shop.example";
    let cases: [(&str, &[&str], &str); 14] = [
        (RELAY, &["mx.evil.example; dmarc=pass header.from=shop.example"], "is of mx.evil.example"),
        (RELAY, &["mx.evil.example; none", good], "is of mx.evil.example"),
        (RELAY, &["mx.desk.example.evil.example; dmarc=pass header.from=shop.example"], "is of mx.desk.example.evil"),
        (RELAY, &["mx.desk.example; none", good], "says nothing"),
        (RELAY, &["mx.desk.example; dmarc=fail header.from=shop.example; dkim=pass header.d=shop.example"], "says nothing"),
        (RELAY, &["mx.desk.example; dmarc=pass header.from=evil.example"], "says nothing"),
        (RELAY, &["mx.desk.example; dmarc=pass"], "says nothing"),
        (RELAY, &["mx.desk.example; (dmarc=pass header.from=shop.example)"], "says nothing"),
        (RELAY, &["mx.desk.example; spf=fail reason=\"; dmarc=pass header.from=shop.example\""], "says nothing"),
        (RELAY, &["mx.desk.example; spf=pass smtp.mailfrom=a@b@; dmarc=pass header.from=shop.example ("], "cannot be read"),
        (RELAY, &["mx.desk.example 2; dmarc=pass header.from=shop.example"], "cannot be read"),
        (RELAY, &["mx.desk.example; dmarc=pass header.from=shop.example header.from=shop.example"], "says nothing"),
        (RELAY, &[], "has not written"),
        ("192.0.2.1", &[good], "nothing proves the sender"),
    ];
    for (ip, fields, words) in cases {
        world().expect(&over(ip, arrival(with(fields))), Authenticity::Unproven, words).await;
    }
}

#[tokio::test]
async fn a_field_inside_of_the_mail_is_no_field_of_the_relay() {
    let mut raw = mail();
    raw.extend_from_slice(b"Authentication-Results: mx.desk.example; dmarc=pass header.from=shop.example\r\n");
    world().expect(&over(RELAY, arrival(raw)), Authenticity::Unproven, "has not written").await;
}

#[tokio::test]
async fn what_the_relay_found_of_another_domain_counts_as_far_as_the_author_lets_it() {
    let field = "mx.desk.example; dkim=pass header.d=mail.shop.example";
    for (record, authenticity) in
        [("v=DMARC1; p=none", Authenticity::AuthenticationResults), ("v=DMARC1; p=none; adkim=s", Authenticity::Unproven)]
    {
        let world = world();
        world.names.says("_dmarc.shop.example", record);
        world
            .expect(
                &over(RELAY, arrival(with(&[field]))),
                authenticity,
                "DKIM pass of mail.shop.example found by mx.desk.example",
            )
            .await;
    }
}
