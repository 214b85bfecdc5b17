//! DKIM: which signatures prove a sender, and why the others do not.

use std::time::Duration;

use postdesk::model::arrival::Authenticity;

use super::names::Known;
use super::signer::{rsa_signer, signed, signer, signer_of};
use super::world::{DAY, World, arrival, later, mail, mail_from, over, world};

#[tokio::test]
async fn a_signature_of_the_authors_domain_proves_the_sender() {
    let world = world();
    let raw = signed(&signer(&world.names, "shop.example"), &mail());
    let words = "DKIM pass: signed by shop.example, selector s1";
    world.expect(&arrival(raw.clone()), Authenticity::Dkim, words).await;
    world.expect(&over("10.0.0.5", arrival(raw)), Authenticity::Dkim, words).await;
    let raw = signed(&rsa_signer(&world.names, "shop.example"), &mail());
    let again = World::with(|options| options.name_servers = vec![world.names.address]);
    again.expect(&arrival(raw), Authenticity::Dkim, words).await;
}

#[tokio::test]
async fn a_changed_body_header_or_key_proves_nothing() {
    let world = world();
    let raw = signed(&signer(&world.names, "shop.example"), &mail());
    let change = |from: &str, to: &str| {
        let text = String::from_utf8(raw.clone()).unwrap();
        assert!(text.contains(from));
        arrival(text.replace(from, to).into_bytes())
    };
    world.expect(&change("does not boil", "does now boil"), Authenticity::Unproven, "the body was changed").await;
    world.expect(&change("Subject: Kettle", "Subject: Bottle"), Authenticity::Unproven, "the header was changed").await;
    world.expect(&change("mia@shop.example", "eva@shop.example"), Authenticity::Unproven, "the header was changed").await;
    world.expect(&change("s=s1", "s=s2"), Authenticity::Unproven, "there is no such key").await;
    let added = [b"From: eva@shop.example\r\n".as_slice(), &raw].concat();
    world.expect(&arrival(added), Authenticity::Unproven, "nothing is proven").await;
}

#[tokio::test]
async fn a_signature_over_part_of_the_body_or_without_from_counts_for_nothing() {
    let world = world();
    let partly = signed(&signer(&world.names, "shop.example").body_length(true), &mail());
    world.expect(&arrival(partly), Authenticity::Unproven, "DKIM of shop.example does not count: it signs only the first").await;
    let nameless = signed(&signer_of(&world.names, "shop.example", &["To", "Subject"]), &mail());
    world.expect(&arrival(nameless), Authenticity::Unproven, "it does not sign From").await;
    assert_eq!(world.names.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn an_old_an_expired_and_a_future_signature_count_for_nothing() {
    let world = world();
    let raw = signed(&signer(&world.names, "shop.example").expiration(5 * 86_400), &mail());
    world.expect(&later(DAY * 4, arrival(raw.clone())), Authenticity::Dkim, "DKIM pass").await;
    world.expect(&later(DAY * 6, arrival(raw.clone())), Authenticity::Unproven, "it has expired (x=)").await;
    world.expect(&later(DAY * 8, arrival(raw.clone())), Authenticity::Unproven, "it is older than 7 days (t=)").await;
    let mut early = arrival(raw);
    early.received_at = early.received_at.minus(Duration::from_secs(3_600));
    world.expect(&early, Authenticity::Unproven, "it was made in the future (t=)").await;
}

#[tokio::test]
async fn a_signature_of_somebody_else_is_not_asked_about_and_one_good_one_of_several_is_enough() {
    let world = world();
    let foreign = signed(&signer(&world.names, "evil.example"), &mail());
    world.expect(&arrival(foreign.clone()), Authenticity::Unproven, "DKIM of evil.example does not count").await;
    assert_eq!(world.names.asked(), Vec::<String>::new());
    let both = signed(&signer(&world.names, "shop.example"), &foreign);
    world.expect(&arrival(both), Authenticity::Dkim, "DKIM pass: signed by shop.example").await;
    let text = String::from_utf8(signed(&signer(&world.names, "shop.example"), &mail())).unwrap();
    let (signature, _) = text.split_once("From:").unwrap();
    let broken_above = signature.replace("bh=", "bh=AAAA") + &text;
    let asking = World::with(|options| options.name_servers = vec![world.names.address]);
    let findings = asking.find(&arrival(broken_above.into_bytes())).await;
    assert_eq!(findings.authenticity, Authenticity::Dkim, "{findings:#?}");
    assert!(findings.verdicts.iter().any(|verdict| verdict.contains("the body was changed")), "{findings:#?}");
}

#[tokio::test]
async fn a_parent_may_sign_and_a_neighbour_may_not() {
    let world = world();
    let news = mail_from("mia@news.shop.example");
    let by_parent = signed(&signer(&world.names, "shop.example"), &news);
    world.expect(&arrival(by_parent), Authenticity::Dkim, "DKIM pass").await;
    let by_neighbour = signed(&signer(&world.names, "mail.shop.example"), &news);
    world.expect(&arrival(by_neighbour), Authenticity::Unproven, "which is not aligned with From").await;
}

#[tokio::test]
async fn a_strict_record_asks_for_the_very_domain() {
    for (record, authenticity) in
        [("v=DMARC1; p=none; adkim=s", Authenticity::Unproven), ("v=DMARC1; p=none; adkim=r", Authenticity::Dkim)]
    {
        let world = world();
        world.names.says("_dmarc.shop.example", record);
        let raw = signed(&signer(&world.names, "mail.shop.example"), &mail());
        world.expect(&arrival(raw), authenticity, "DKIM pass: signed by mail.shop.example").await;
    }
}

#[tokio::test]
async fn a_key_that_is_marked_as_a_test_or_cannot_be_had_proves_nothing() {
    let world = world();
    let raw = signed(&rsa_signer(&world.names, "shop.example"), &mail());
    for (known, words) in [
        (Known::Broken, "DKIM temperror: DNS does not answer for s1._domainkey.shop.example"),
        (Known::Text("v=DKIM1; k=rsa; p=".to_owned()), "DKIM fail"),
    ] {
        world.names.knows("s1._domainkey.shop.example", known);
        let asking = World::with(|options| options.name_servers = vec![world.names.address]);
        asking.expect(&arrival(raw.clone()), Authenticity::Unproven, words).await;
    }
    let test = world_of_a_test_key(&world, &raw).await;
    assert_eq!(test, Authenticity::Unproven);
}

async fn world_of_a_test_key(world: &World, raw: &[u8]) -> Authenticity {
    drop(rsa_signer(&world.names, "shop.example"));
    world.names.mark_as_test("s1._domainkey.shop.example");
    let asking = World::with(|options| options.name_servers = vec![world.names.address]);
    let findings = asking.find(&arrival(raw.to_vec())).await;
    assert!(findings.verdicts.iter().any(|verdict| verdict.contains("marked as a test")), "{findings:#?}");
    findings.authenticity
}

#[tokio::test]
async fn a_thousand_signatures_are_not_a_thousand_questions() {
    let world = world();
    let mut raw = Vec::new();
    for number in 0..900 {
        raw.extend_from_slice(
            format!(
                "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=shop.example; s=k{number}; h=From; bh=YWJj; b=YWJj\r\n"
            )
            .as_bytes(),
        );
    }
    raw.extend_from_slice(&mail());
    world.expect(&arrival(raw), Authenticity::Unproven, "only 10 of 900 DKIM signatures are looked at").await;
    assert!(world.names.asked().len() <= 12, "{:?}", world.names.asked());
}
