//! From custody to the decision: a signed mail of an agent acts, a forged one is held, and nobody is asked twice.

use std::sync::Arc;
use std::time::SystemTime;

use postdesk::authenticate::{Authenticator, Options};
use postdesk::decide::write::texts::Texts;
use postdesk::model::address::Address;
use postdesk::model::arrival::{Authenticity, Incoming, Peer, Source};
use postdesk::model::seal::{Key, sha256};
use postdesk::model::time::Time;
use postdesk::model::token::{Keyring, Purpose, Token};
use postdesk::process::{House, Worker};
use postdesk::settings::{Settings, built_in};
use postdesk::store::custody::{Inserted, Sealed};
use postdesk::store::work::Batch;
use postdesk::store::{Options as Place, Store};
use sqlx::Connection as _;

use super::names::{Names, client};
use super::signer::{signed, signer};
use super::world::TIMEOUT;

const ALL: Batch = Batch { mails: 100, octets: i64::MAX };

struct Desk {
    folder: tempfile::TempDir,
    settings: Settings,
    names: Names,
    store: Store,
    house: House,
}

async fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let settings = built_in().unwrap();
    let names = Names::start();
    let url = format!("sqlite:{}", folder.path().join("postdesk.db").display());
    let place = postdesk::store::Place::parse(&url).unwrap();
    let store = Store::open(&Place { place, min_free_space: 0, objects: None }).await.unwrap();
    store.join("a gateway of the tests").await.unwrap();
    let options = Options { name_servers: vec![names.address], timeout: TIMEOUT, ..Options::default() };
    let house = House {
        desk: Arc::new(settings.desk(Keyring::new(Key::new(1, &[7; 32]), Vec::new()))),
        texts: Arc::new(Texts::new(Vec::new()).unwrap()),
        authenticate: Arc::new(Authenticator::new(options)),
        attempts: 3,
    };
    Desk { folder, settings, names, store, house }
}

impl Desk {
    async fn take(&self, sender: &str, recipient: &str, raw: Vec<u8>) -> i64 {
        let recipients = vec![Address::parse(recipient).unwrap()];
        let incoming = Incoming {
            sender: Address::parse(sender),
            departments: vec![("support".to_owned(), recipients)],
            source: Source::Smtp,
            peer: Peer { ip: Some(client()), helo: Some("mail.example".to_owned()), tls: false },
            received_at: Time::from(SystemTime::now()),
            archived: false,
            entry: None,
            raw,
        };
        let digest = sha256(&incoming.raw);
        match self.store.insert_arrivals(&[Sealed::whole(incoming, digest)]).await.unwrap() {
            Inserted::Taken(numbers) => numbers[0][0],
            Inserted::InDoubt(doubt) => panic!("{doubt:?}"),
        }
    }

    async fn work(&self) {
        let mut worker = Worker::new(self.house.clone(), self.store.clone(), Arc::default());
        while worker.step().await.unwrap() > 0 {}
    }

    async fn outcome(&self, arrival: i64) -> (String, Option<String>) {
        let shown = self.store.arrival(arrival).await.unwrap().unwrap();
        (shown.arrival.outcome.unwrap_or_default(), shown.arrival.cause)
    }

    /// What was kept of the sender beside the decision.
    async fn evidence(&self, arrival: i64) -> Option<String> {
        let file = format!("sqlite:{}", self.folder.path().join("postdesk.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&file).await.unwrap();
        let query = sqlx::query_scalar("SELECT evidence FROM arrival WHERE id = $1").bind(arrival);
        query.fetch_one(&mut connection).await.unwrap()
    }

    /// A link of the agent's own to the first ticket.
    fn link(&self, agent: &Address) -> String {
        let day = u16::try_from(Time::from(SystemTime::now()).0 / 86_400_000_000).unwrap();
        let recipient = self.house.desk.keys.recipient(agent);
        let token = Token::Reply { purpose: Purpose::Reply, ticket: 1, recipient, day };
        format!("support+{}@{}", self.house.desk.keys.write(&token), self.settings.hostname)
    }
}

fn letter(from: &str, to: &str, id: &str) -> Vec<u8> {
    let text = if id.starts_with('a') { "Try another socket." } else { "My kettle does not boil." };
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: Kettle\r\nDate: Thu, 12 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <{id}@mail.example>\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_answer_of_an_agent_acts_and_the_same_with_one_octet_changed_is_held() {
    let desk = desk().await;
    let request = desk
        .take(
            "mia@customer.example",
            "support@desk.example.org",
            letter("mia@customer.example", "support@desk.example.org", "r1"),
        )
        .await;
    desk.work().await;
    assert_eq!(desk.outcome(request).await, ("request".to_owned(), None));
    let agent = desk.settings.agents[0].address.clone();
    let link = desk.link(&agent);
    let signer = signer(&desk.names, agent.domain());
    let good = signed(&signer, &letter(agent.as_str(), &link, "a1"));
    let forged = String::from_utf8(signed(&signer, &letter(agent.as_str(), &link, "a2")))
        .unwrap()
        .replace("another socket", "another pocket");
    let forged = desk.take("x@evil.example", &link, forged.into_bytes()).await;
    let good = desk.take("x@evil.example", &link, good).await;
    desk.work().await;
    assert_eq!(desk.outcome(forged).await, ("held".to_owned(), Some("agent-unproven".to_owned())));
    assert_eq!(desk.outcome(good).await, ("answer".to_owned(), None));
    let kept = desk.evidence(good).await.unwrap();
    assert!(kept.lines().any(|verdict| verdict.starts_with("DKIM pass: signed by")), "{kept}");
    assert!(desk.evidence(forged).await.unwrap().contains("the body was changed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_kept_before_the_decision_and_not_asked_again() {
    let desk = desk().await;
    let raw = signed(&signer(&desk.names, "customer.example"), &letter("mia@customer.example", "support@desk.example.org", "r1"));
    let arrival = desk.take("mia@customer.example", "support@desk.example.org", raw).await;
    let found = desk.house.prepare(desk.store.claim(ALL, &[]).await.unwrap().remove(0)).await;
    assert_eq!(found.authenticity, Authenticity::Dkim, "{:?}", found.verdicts);
    let findings = postdesk::model::arrival::Findings { authenticity: found.authenticity, verdicts: found.verdicts };
    desk.store.keep_findings(&[(arrival, &findings)]).await.unwrap();
    let asked = desk.names.asked().len();
    let again = desk.store.claim(ALL, &[]).await.unwrap().remove(0);
    assert_eq!((again.attempts, again.findings.as_ref()), (2, Some(&findings)));
    let fresh = desk.house.authenticate.look(&again, &postdesk::decide::parse::parse(&again.raw, &desk.house.desk.limits));
    assert!(matches!(fresh, postdesk::authenticate::FirstLook::Settled(kept) if kept == findings));
    desk.work().await;
    assert_eq!(desk.outcome(arrival).await.0, "request");
    assert_eq!(desk.names.asked().len(), asked);
}
