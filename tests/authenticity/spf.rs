//! SPF and what the domain of From asks for.

use postdesk::model::arrival::{Authenticity, Source};

use super::names::Known;
use super::world::{mail, mail_from, over, sent_by, world};

#[tokio::test]
async fn each_result_of_spf_is_told_and_only_a_pass_proves() {
    for (record, authenticity, words) in [
        ("v=spf1 ip4:192.0.2.1 -all", Authenticity::Spf, "SPF pass: 192.0.2.1 may send for shop.example"),
        ("v=spf1 a:mail.shop.example -all", Authenticity::Spf, "SPF pass"),
        ("v=spf1 ip4:192.0.2.9 -all", Authenticity::Unproven, "SPF fail"),
        ("v=spf1 ip4:192.0.2.9 ~all", Authenticity::Unproven, "SPF softfail"),
        ("v=spf1 ?all", Authenticity::Unproven, "SPF neutral"),
        ("v=spf1 include:nobody.example -all", Authenticity::Unproven, "SPF permerror"),
        ("no record", Authenticity::Unproven, "SPF"),
    ] {
        let world = world();
        world.names.says("shop.example", record).knows("mail.shop.example", Known::Address([192, 0, 2, 1].into()));
        world.expect(&sent_by("bounces@shop.example", mail()), authenticity, words).await;
    }
    let world = world();
    world.expect(&sent_by("bounces@shop.example", mail()), Authenticity::Unproven, "SPF none").await;
}

#[tokio::test]
async fn a_server_that_fails_or_is_silent_is_a_temporary_error_and_the_mail_goes_on() {
    for known in [Known::Broken, Known::Silent] {
        let world = super::world::World::with(|options| options.timeout = std::time::Duration::from_secs(1));
        world.names.knows("shop.example", known);
        world.expect(&sent_by("bounces@shop.example", mail()), Authenticity::Unproven, "DNS did not answer in time").await;
    }
    let nobody = super::names::Names::nobody();
    let world = super::world::World::with(|options| options.name_servers = vec![nobody]);
    world.expect(&sent_by("bounces@shop.example", mail()), Authenticity::Unproven, "SPF temperror").await;
}

#[tokio::test]
async fn what_the_domain_of_from_asks_for_decides_who_may_speak_for_it() {
    let pass = "v=spf1 ip4:192.0.2.1 -all";
    // Records besides those for SPF; envelope domain; domain of From; what is proven; in what words.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str, Authenticity, &'a str);
    let cases: [Case<'_>; 9] = [
        (&[("_dmarc.shop.example", "v=DMARC1; p=reject")], "mail.shop.example", "shop.example", Authenticity::Spf, "SPF pass"),
        (
            &[("_dmarc.shop.example", "v=DMARC1; p=reject; aspf=s")],
            "mail.shop.example",
            "shop.example",
            Authenticity::Unproven,
            "DMARC of shop.example: only shop.example itself counts",
        ),
        (&[("_dmarc.shop.example", "v=DMARC1; p=reject; aspf=s")], "shop.example", "shop.example", Authenticity::Spf, "SPF pass"),
        (&[("_dmarc.shop.example", "v=DMARC1; p=none")], "a.shop.example", "b.shop.example", Authenticity::Spf, "SPF pass"),
        // Without a record: those above, never those beside or below.
        (&[], "shop.example", "news.shop.example", Authenticity::Spf, "SPF pass"),
        (&[], "a.shop.example", "b.shop.example", Authenticity::Unproven, "not aligned with From"),
        (&[], "mail.shop.example", "shop.example", Authenticity::Unproven, "not aligned with From"),
        // A registry speaks for nobody, whatever it publishes.
        (&[("_dmarc.co.uk", "v=DMARC1; p=none")], "shop.co.uk", "bank.co.uk", Authenticity::Unproven, "is not that of From"),
        (
            &[("_dmarc.hosting.example", "v=DMARC1; p=none; psd=y")],
            "shop.hosting.example",
            "bank.hosting.example",
            Authenticity::Unproven,
            "not aligned with From",
        ),
    ];
    for (records, sender, author, authenticity, words) in cases {
        let world = world();
        world.names.says(sender, pass);
        for (name, text) in records {
            world.names.says(name, text);
        }
        let arrival = sent_by(&format!("bounces@{sender}"), mail_from(&format!("mia@{author}")));
        world.expect(&arrival, authenticity, words).await;
    }
}

#[tokio::test]
async fn a_mail_that_fails_the_policy_of_its_domain_is_unproven_and_told_so() {
    let world = world();
    world.names.says("shop.example", "v=spf1 -all").says("_dmarc.shop.example", "v=DMARC1; p=reject");
    let words = "DMARC fail: shop.example asks that its mail be proven (p=reject)";
    world.expect(&sent_by("mia@shop.example", mail()), Authenticity::Unproven, words).await;
}

#[tokio::test]
async fn spf_is_not_asked_where_it_would_prove_nothing() {
    let world = world();
    world.names.says("shop.example", "v=spf1 +all").says("mail.shop.example", "v=spf1 +all");
    let by_mia = || sent_by("mia@shop.example", mail());
    let mut piped = by_mia();
    piped.source = Source::Pipe;
    piped.peer.ip = None;
    for (arrival, words) in [
        (super::world::arrival(mail()), "the null sender proves no author"),
        (piped, "by a pipe, which does not say"),
        (over("10.0.0.5", by_mia()), "by a relay of ours"),
        (over("::1", by_mia()), "no domain names this machine"),
        (sent_by("eve@evil.example", mail()), "domain evil.example is not that of From"),
    ] {
        world.expect(&arrival, Authenticity::Unproven, words).await;
    }
    assert_eq!(world.names.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_trusted_host_and_an_operator_are_believed_without_a_question() {
    let world = world();
    world.expect(&over("127.0.0.1", sent_by("mia@shop.example", mail())), Authenticity::TrustedNetwork, "trusted_networks").await;
    let mut released = sent_by("mia@shop.example", mail());
    released.release = Some(postdesk::model::arrival::Release { by: "ana".to_owned(), onto: None });
    world.expect(&released, Authenticity::Operator, "released by ana").await;
    assert_eq!(world.names.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_proven_of_an_author_who_can_be_read_in_two_ways() {
    let world = world();
    world.names.says("shop.example", "v=spf1 +all");
    for author in ["mia@shop.example, eve@shop.example", "Team: mia@shop.example;", "m(x)ia@shop.example", "\"mia\"@shop.example"]
    {
        world.expect(&sent_by("mia@shop.example", mail_from(author)), Authenticity::Unproven, "nothing is proven").await;
    }
    assert_eq!(world.names.asked(), Vec::<String>::new());
}
