//! Who is on a ticket and what it is filed under: the store writes what a decision changed, and finds it again.

use std::collections::HashSet;
use std::time::SystemTime;

use postdesk::decide::recall::{Facts, Wanted};
use postdesk::decide::{Case, Decision, decide};
use postdesk::model::address::{Address, Mailbox};
use postdesk::model::ticket::{Priority, Ticket};
use postdesk::model::time::Time;
use postdesk::store::Store;
use postdesk::store::decision::Matter;

use crate::base::Base;
use crate::mails::{ALL, claim, decide_all, from, house, reply_to, take};

on_both!(
    what_the_mails_of_one_batch_change_on_a_ticket_is_as_the_last_one_left_it,
    who_was_proven_on_a_ticket_is_known_and_how_much_came_of_late,
);

fn person(name: &str) -> Mailbox {
    Mailbox { name: name.to_owned(), address: Address::parse(&format!("{name}@customer.example")).unwrap() }
}

/// Takes mails of Mia that answer to her first one, and decides them in one batch; each changes its ticket in a way of its own.
async fn change(store: &Store, ids: &[&str], changes: &[fn(&mut Ticket)]) {
    let mails: Vec<_> = ids.iter().map(|id| from("mia", id, &reply_to("m0"))).collect();
    take(store, &mails).await.unwrap();
    let cases = claim(store, ALL, &[]).await;
    assert_eq!(cases.len(), changes.len());
    let (house, now) = (house(), Time::from(SystemTime::now()));
    let wanted = Wanted::of(&cases, &house.desk);
    let matter = Matter { cases: &cases, waiting: &HashSet::new(), wanted: &wanted, now };
    let first = cases[0].arrival.id;
    let changed = |case: &Case, facts: &Facts| -> Decision {
        let mut decision = decide(case, facts, house.rules(now));
        let ticket = &mut decision.change.as_mut().unwrap().ticket;
        changes[usize::try_from(case.arrival.id - first).unwrap()](ticket);
        decision
    };
    assert_eq!(store.decide_batch(matter, changed).await.unwrap().decisions.len(), changes.len());
}

async fn recalled(store: &Store) -> Ticket {
    let wanted = Wanted { tickets: [1].into(), ..Wanted::default() };
    let mut facts = store.recall(&wanted, Time::from(SystemTime::now())).await.unwrap();
    facts.tickets.remove(&1).unwrap()
}

async fn what_the_mails_of_one_batch_change_on_a_ticket_is_as_the_last_one_left_it(base: Base) {
    let store = base.gateway().await;
    take(&store, &[from("mia", "m0", "")]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    let first: [fn(&mut Ticket); 2] = [
        |ticket| {
            ticket.followers = vec![person("noah"), person("zoe")];
            ticket.participants = vec!["ana".to_owned(), "boris".to_owned()];
            ticket.tags = vec!["kettle".to_owned()];
        },
        |ticket| {
            ticket.followers.retain(|person| person.name != "noah");
            ticket.participants = vec!["boris".to_owned()];
            ticket.tags = vec!["kettle".to_owned(), "würgent".to_owned()];
            ticket.priority = Priority::High;
            ticket.due_at = Some(Time(1_900_000_000_000_000));
        },
    ];
    change(&store, &["m1", "m2"], &first).await;
    let ticket = recalled(&store).await;
    assert_eq!((ticket.followers, ticket.participants), (vec![person("zoe")], vec!["boris".to_owned()]));
    assert_eq!((ticket.tags, ticket.priority), (vec!["kettle".to_owned(), "würgent".to_owned()], Priority::High));
    assert_eq!(ticket.due_at, Some(Time(1_900_000_000_000_000)));
    let second: [fn(&mut Ticket); 1] = [|ticket| {
        (ticket.followers, ticket.participants, ticket.tags, ticket.due_at) = (Vec::new(), Vec::new(), Vec::new(), None);
    }];
    change(&store, &["m3"], &second).await;
    let ticket = recalled(&store).await;
    assert_eq!((ticket.followers, ticket.participants, ticket.tags), (Vec::new(), Vec::new(), Vec::new()));
    assert_eq!((ticket.priority, ticket.due_at), (Priority::High, None));
}

async fn who_was_proven_on_a_ticket_is_known_and_how_much_came_of_late(base: Base) {
    let store = base.gateway().await;
    let mut unproven = from("mia", "m1", &reply_to("m0"));
    unproven.incoming.peer.ip = None;
    take(&store, &[from("mia", "m0", ""), from("mia", "m2", &reply_to("m0")), unproven]).await.unwrap();
    decide_all(&store, claim(&store, ALL, &[]).await).await;
    // The unproven one speaks in the name of somebody who was proven: it opened a ticket of its own.
    assert_eq!(base.texts("SELECT other || kind FROM relation WHERE ticket = 2").await, ["1stranger"]);
    let ticket = recalled(&store).await;
    assert_eq!(ticket.proven, [person("mia").address.key()]);
    let lately = ticket.lately.at(Time::from(SystemTime::now()));
    assert_eq!((lately.proven, lately.unproven, lately.machines), (2, 0, 0));
}
