//! ARC: a mailing list that changes the mail, and is believed or not.

use postdesk::model::arrival::Authenticity;

use super::signer::sealed;
use super::world::{DAY, World, arrival, later, mail, world};

const GOOD: &str = "lists.example; dmarc=pass header.from=shop.example";

#[tokio::test]
async fn a_sealer_that_is_believed_proves_the_sender_whom_it_found_proven() {
    for results in
        [GOOD, "lists.example; dkim=pass header.d=shop.example", "lists.example; spf=pass smtp.mailfrom=mia@shop.example"]
    {
        let world = world();
        let raw = sealed(&world.names, "lists.example", results, &mail()).await;
        world.expect(&arrival(raw), Authenticity::Arc, "ARC pass: sealed by lists.example").await;
    }
}

#[tokio::test]
async fn a_sealer_that_nobody_named_is_not_even_asked_about() {
    let world = world();
    let raw = sealed(&world.names, "evil.example", "evil.example; dmarc=pass header.from=shop.example", &mail()).await;
    world.expect(&arrival(raw), Authenticity::Unproven, "evil.example is not in arc_sealers").await;
    assert_eq!(world.names.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn only_the_newest_seal_counts_and_the_whole_chain_has_to_hold() {
    let world = world();
    let first = sealed(&world.names, "evil.example", "evil.example; dmarc=fail header.from=shop.example", &mail()).await;
    let second = sealed(&world.names, "lists.example", GOOD, &first).await;
    world.expect(&arrival(second.clone()), Authenticity::Arc, "ARC pass").await;
    let asking = || World::with(|options| options.name_servers = vec![world.names.address]);
    let text = String::from_utf8(second.clone()).unwrap();
    let broken = text.replace("dmarc=fail", "dmarc=pass");
    assert_ne!(broken, text);
    asking().expect(&arrival(broken.into_bytes()), Authenticity::Unproven, "ARC fail").await;
    let changed = text.replace("does not boil", "does now boil");
    asking().expect(&arrival(changed.into_bytes()), Authenticity::Unproven, "ARC fail").await;
    asking().expect(&later(DAY * 8, arrival(second)), Authenticity::Unproven, "older than 7 days").await;
    let third = sealed(&world.names, "evil.example", "evil.example; dmarc=pass header.from=shop.example", text.as_bytes()).await;
    asking().expect(&arrival(third), Authenticity::Unproven, "evil.example is not in arc_sealers").await;
}

#[tokio::test]
async fn a_sealer_that_found_nothing_proven_proves_nothing() {
    for results in [
        "lists.example; dmarc=fail header.from=shop.example",
        "lists.example; dmarc=pass header.from=evil.example",
        "lists.example; arc=pass",
    ] {
        let world = world();
        let raw = sealed(&world.names, "lists.example", results, &mail()).await;
        world.expect(&arrival(raw), Authenticity::Unproven, "did not find the sender proven").await;
    }
}
