//! Mails for the desk of the fixtures, and the way of a mail step by step, so that a test can stop between two of them.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use postdesk::authenticate::Authenticator;
use postdesk::decide::recall::Wanted;
use postdesk::decide::write::texts::Texts;
use postdesk::decide::{Case, decide};
use postdesk::model::address::Address;
use postdesk::model::arrival::{Incoming, Peer, Source};
use postdesk::model::seal::sha256;
use postdesk::model::time::Time;
use postdesk::process::House;
use postdesk::store::custody::{Inserted, Sealed};
use postdesk::store::decision::{Decided, Matter};
use postdesk::store::work::Batch;
use postdesk::store::{Fault, Store};

pub(crate) const NOW: Time = Time(1_800_000_000_000_000);
pub(crate) const ALL: Batch = Batch { mails: 1_000, octets: i64::MAX };
pub(crate) const ONE: Batch = Batch { mails: 1, octets: i64::MAX };
/// Long enough for anything that works, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The rules: the desk of the fixtures, and what is built in.
pub(crate) fn house() -> House {
    let settings = postdesk::settings::built_in().unwrap();
    House {
        desk: Arc::new(crate::desk::desk()),
        texts: Arc::new(Texts::new(Vec::new()).unwrap()),
        authenticate: Arc::new(Authenticator::new(settings.authenticate)),
        attempts: settings.attempts,
    }
}

/// Octets at the door, for some departments.
pub(crate) fn sealed(raw: &[u8], departments: &[&str]) -> Sealed {
    let address = |department: &&str| Address::parse(&format!("{department}@desk.example.org")).unwrap();
    let incoming = Incoming {
        raw: raw.to_vec(),
        sender: Address::parse("mia@customer.example"),
        departments: departments.iter().map(|key| ((*key).to_owned(), vec![address(key)])).collect(),
        source: Source::Smtp,
        peer: Peer::default(),
        received_at: NOW,
        archived: false,
        entry: None,
    };
    let digest = sha256(&incoming.raw);
    Sealed::whole(incoming, digest)
}

/// A customer's mail with a Message-ID; `fields` are further header fields, each with its line end.
pub(crate) fn from(customer: &str, id: &str, fields: &str) -> Sealed {
    let raw = format!(
        "{fields}From: <{customer}@customer.example>\r\nTo: support@desk.example.org\r\nSubject: Kettle {id}\r\n\
         Message-ID: <{id}@customer.example>\r\nDate: Thu, 12 Nov 2026 10:00:00 +0000\r\n\r\nText of {id}.\r\n"
    );
    let mut mail = sealed(raw.as_bytes(), &["support"]);
    mail.incoming.sender = Address::parse(&format!("{customer}@customer.example"));
    // A host that is believed, so that acknowledgements may leave.
    mail.incoming.peer.ip = Some("127.0.0.1".parse().unwrap());
    mail
}

/// A header field that speaks of an earlier mail.
pub(crate) fn reply_to(id: &str) -> String {
    format!("In-Reply-To: <{id}@customer.example>\r\n")
}

/// Takes mails into custody, over a line that is not cut.
pub(crate) async fn take(store: &Store, batch: &[Sealed]) -> Result<Vec<Vec<i64>>, Fault> {
    match store.insert_arrivals(batch).await? {
        Inserted::Taken(numbers) => Ok(numbers),
        Inserted::InDoubt(doubt) => panic!("nothing was cut off here: {doubt:?}"),
    }
}

/// Takes up mails and reads them.
pub(crate) async fn claim(store: &Store, batch: Batch, in_hand: &[i64]) -> Vec<Case> {
    let house = house();
    let mut cases = Vec::new();
    for arrival in store.claim(batch, in_hand).await.unwrap() {
        cases.push(house.prepare(arrival).await);
    }
    cases
}

/// Numbers of the arrivals.
pub(crate) fn ids(cases: &[Case]) -> Vec<i64> {
    cases.iter().map(|case| case.arrival.id).collect()
}

/// Decides what is in hand, once. What is postponed for the first time is given its attempt back, as the worker does.
pub(crate) async fn decide_once(store: &Store, cases: &mut [Case]) -> Decided {
    let (house, now) = (house(), Time::from(SystemTime::now()));
    let wanted = Wanted::of(cases, &house.desk);
    let waiting = cases.iter().filter(|case| case.arrival.attempts == 0).map(|case| case.arrival.id).collect();
    let matter = Matter { cases, waiting: &waiting, wanted: &wanted, now };
    let decided = store.decide_batch(matter, |case, facts| decide(case, facts, house.rules(now))).await.unwrap();
    for case in cases.iter_mut().filter(|case| decided.postponed.contains(&case.arrival.id)) {
        case.arrival.attempts = 0;
    }
    decided
}

/// Decides what is in hand, again and again until nothing of it has to wait for others.
pub(crate) async fn decide_all(store: &Store, mut cases: Vec<Case>) {
    let begun = Instant::now();
    while !cases.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "{:?} wait for ever", ids(&cases));
        let decided = decide_once(store, &mut cases).await;
        cases.retain(|case| decided.postponed.contains(&case.arrival.id));
    }
}
