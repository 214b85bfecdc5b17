//! Mail that somebody in front of us has had first: the mail server behind LMTP and a pipe, and providers that it is fetched from.

use postdesk::authenticate::{Options, Provider};
use postdesk::model::arrival::{Arrival, Authenticity, Source};

use super::world::{World, mail, over, sent_by};

const GOOD: &str = "mx.desk.example; dmarc=pass header.from=shop.example";

fn with(field: &str) -> Vec<u8> {
    let mut raw = format!("Authentication-Results: {field}\r\n").into_bytes();
    raw.extend_from_slice(&mail());
    raw
}

fn by(source: Source, raw: Vec<u8>) -> Arrival {
    Arrival { source, ..sent_by("mia@shop.example", raw) }
}

fn imap(account: &str) -> Source {
    Source::Imap(account.to_owned())
}

fn names_two_servers(options: &mut Options) {
    options.authserv_id = Some("mx.desk.example".to_owned());
    let provider = |account: &str, name: &str| Provider { account: account.to_owned(), authserv_id: name.to_owned() };
    options.fetched = vec![provider("work", "mx.provider.example"), provider("other", "mx.desk.example")];
}

#[tokio::test]
async fn the_server_in_front_is_believed_of_each_way_that_its_mail_comes_by() {
    let world = World::with(names_two_servers);
    world.names.says("shop.example", "v=spf1 +all");
    for source in [Source::Lmtp, Source::Pipe, imap("other")] {
        let arrival = by(source, with(GOOD));
        world.expect(&arrival, Authenticity::AuthenticationResults, "mx.desk.example says: DMARC pass").await;
    }
    assert_eq!(world.names.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_is_believed_of_its_own_mail_only() {
    let world = World::with(names_two_servers);
    let of_provider = "mx.provider.example; dmarc=pass header.from=shop.example";
    world.expect(&by(imap("work"), with(of_provider)), Authenticity::AuthenticationResults, "mx.provider.example says").await;
    for (source, field, words) in [
        (imap("work"), GOOD, "is of mx.desk.example, not of mx.provider.example"),
        (Source::Lmtp, of_provider, "is of mx.provider.example, not of mx.desk.example"),
        (Source::Pipe, "mx.desk.example; dmarc=fail header.from=shop.example", "says nothing that proves"),
        (imap("unheard of"), GOOD, "nothing proves the sender"),
        (Source::Import, GOOD, "nothing proves the sender"),
        // A stranger's connection, although a server in front has that name.
        (Source::Smtp, GOOD, "nothing proves the sender"),
    ] {
        world.expect(&by(source, with(field)), Authenticity::Unproven, words).await;
    }
}

#[tokio::test]
async fn without_a_name_nobody_in_front_is_believed() {
    let world = World::with(|_| {});
    for source in [Source::Lmtp, Source::Pipe, imap("work")] {
        world.expect(&by(source, with(GOOD)), Authenticity::Unproven, "nothing proves the sender").await;
    }
}

#[tokio::test]
async fn the_address_of_an_lmtp_client_proves_nothing() {
    let world = World::with(names_two_servers);
    world.names.says("shop.example", "v=spf1 +all");
    // It would be in trusted_networks, be a relay, or be asked about by SPF, had the mail come over SMTP.
    for ip in ["127.0.0.1", "10.0.0.5", "192.0.2.1"] {
        let arrival = over(ip, by(Source::Lmtp, mail()));
        world.expect(&arrival, Authenticity::Unproven, "SPF is not asked: the mail came over LMTP").await;
    }
    assert_eq!(world.names.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_provider_found_of_another_domain_counts_as_far_as_the_author_lets_it() {
    let raw = || with("mx.provider.example; dkim=pass header.d=mail.shop.example");
    for (record, authenticity) in
        [("v=DMARC1; p=none", Authenticity::AuthenticationResults), ("v=DMARC1; p=none; adkim=s", Authenticity::Unproven)]
    {
        let world = World::with(names_two_servers);
        world.names.says("_dmarc.shop.example", record);
        let words = "DKIM pass of mail.shop.example found by mx.provider.example";
        world.expect(&by(imap("work"), raw()), authenticity, words).await;
    }
}

#[tokio::test]
async fn why_spf_is_not_asked_is_told_in_words_that_fit_the_way_of_the_mail() {
    let world = World::with(|_| {});
    for (source, words) in [
        (Source::Lmtp, "SPF is not asked: the mail came over LMTP from the mail server in front"),
        (Source::Pipe, "SPF is not asked: the mail came by a pipe"),
        (imap("work"), "SPF is not asked: the mail was fetched by IMAP"),
        (Source::Import, "SPF is not asked: the mail is from an archive"),
    ] {
        world.expect(&by(source, mail()), Authenticity::Unproven, words).await;
    }
}
