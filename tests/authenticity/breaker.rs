//! Name servers that are down are noticed once.

use std::time::{Duration, Instant};

use postdesk::model::arrival::Authenticity;

use super::names::Known;
use super::world::{World, mail_from, sent_by};

/// A mail of a domain of its own, so that no answer is known from before.
fn of(number: usize) -> postdesk::model::arrival::Arrival {
    sent_by(&format!("mia@shop{number}.example"), mail_from(&format!("mia@shop{number}.example")))
}

fn impatient() -> World {
    World::with(|options| options.timeout = Duration::from_secs(1))
}

#[tokio::test]
async fn a_backlog_asks_silent_servers_a_few_times_and_they_are_asked_again_later() {
    let world = impatient();
    world.names.is_dead(true);
    for number in 0..3 {
        world.expect(&of(number), Authenticity::Unproven, "DNS did not answer in time").await;
    }
    let asked = world.names.asked().len();
    for number in 3..200 {
        world.expect(&of(number), Authenticity::Unproven, "nobody was asked").await;
    }
    assert_eq!(world.names.asked().len(), asked, "{:?}", &world.names.asked()[asked..]);
    world.names.is_dead(false);
    let (begun, mut number) = (Instant::now(), 200);
    loop {
        world.names.says(&format!("shop{number}.example"), "v=spf1 ip4:192.0.2.1 -all");
        if world.find(&of(number)).await.authenticity == Authenticity::Spf {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the servers are not asked again");
        tokio::task::yield_now().await;
        number += 1;
    }
}

#[tokio::test]
async fn a_domain_whose_own_servers_are_silent_keeps_nobody_else_from_being_proven() {
    let world = impatient();
    for number in 0..6 {
        world.names.knows(&format!("shop{number}.example"), Known::Silent);
        world.expect(&of(number), Authenticity::Unproven, "DNS did not answer in time").await;
    }
    world.names.says("shop7.example", "v=spf1 ip4:192.0.2.1 -all");
    world.expect(&of(7), Authenticity::Spf, "SPF pass").await;
}
