//! The scene of every journey: a gateway, a real Postfix as its relay, and questions that are asked of both.

use serde_json::Value;
use tempfile::TempDir;

use super::cluster::Cluster;
use super::gateway::{DEADLINE, Gateway, wait_for};
use super::postfix::{Delivered, Postfix};
use super::swaks::Letter;

/// A customer, one of the customer's colleagues, and the two agents of the department.
pub(crate) const CARLA: &str = "Carla Customer <carla@customer.example>";
pub(crate) const FRED: &str = "Fred Follower <fred@customer.example>";
pub(crate) const ANA: &str = "Ana Agent <ana@private.example>";
pub(crate) const BORIS: &str = "Boris Agent <boris@private.example>";
/// The public mailbox, and the department's own address that its provider forwards to.
pub(crate) const MAILBOX: &str = "help@shop.example";
pub(crate) const DEPARTMENT: &str = "support@desk.example.org";

/// What a desk stands on.
#[derive(Clone, Copy)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// A desk at work.
pub(crate) struct Desk {
    // Dropped in this order: the gateway first, so that it does not find its relay gone.
    pub(crate) gateway: Gateway,
    pub(crate) relay: Postfix,
    folder: TempDir,
}

impl Desk {
    /// Starts relay and gateway.
    pub(crate) fn open(database: Database) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let relay = Postfix::start();
        let mut gateway = match database {
            Database::Sqlite => Gateway::new(folder.path(), &relay.address()),
            Database::Postgres => {
                let store = Cluster::shared().database();
                Gateway::on(folder.path(), &relay.address(), &store, &folder.path().join("keys"))
            }
        };
        gateway.start();
        Self { gateway, relay, folder }
    }

    /// The same, with Boris for an admin, who is told of held mail as often as can be.
    pub(crate) fn with_an_admin(database: Database) -> Self {
        let mut desk = Self::open(database);
        desk.gateway.stop();
        let file = desk.folder.path().join("postdesk.toml");
        // Boris stands last.
        let text = std::fs::read_to_string(&file).unwrap() + "access = \"admin\"\n\n[held]\ndigest = \"1s\"\n";
        std::fs::write(&file, text).unwrap();
        desk.gateway.start();
        desk
    }

    /// Starts another gateway of this desk, which has to stand on PostgreSQL.
    pub(crate) fn second_gateway(&self) -> Gateway {
        let folder = self.folder.path();
        let mut gateway = Gateway::on(&folder.join("second"), &self.relay.address(), self.gateway.store(), &folder.join("keys"));
        gateway.start();
        gateway
    }

    /// Sends a letter to the gateway.
    pub(crate) fn receive(&self, letter: &Letter) {
        letter.send(self.gateway.port());
    }

    /// A request of Carla's to the public mailbox, and the notice of it that Ana was sent.
    pub(crate) fn request(&self, subject: &str, message_id: &str) -> Delivered {
        let letter = Letter::new(CARLA, MAILBOX).field("Subject", subject).field("Message-Id", &format!("<{message_id}>"));
        self.receive(&letter.text(&format!("This is about {subject}.\n")));
        self.mail_to(ANA, "request", |mail| mail.must("Subject").contains(subject))
    }

    /// Waits for a mail to one of the people above.
    pub(crate) fn mail_to(&self, person: &str, what: &str, is_it: impl Fn(&Delivered) -> bool) -> Delivered {
        self.relay.wait_for_mail(bare(person), what, is_it)
    }

    /// How many mails that person was delivered so far.
    pub(crate) fn count(&self, person: &str) -> usize {
        self.relay.delivered().iter().filter(|mail| mail.recipient == bare(person)).count()
    }

    /// The ticket as `ticket show` prints it.
    pub(crate) fn ticket(&self, reference: &str) -> Value {
        self.gateway.json(&["ticket", "show", reference, "--json"]).remove(0)
    }

    /// Waits until the ticket has a status, and returns it.
    pub(crate) fn ticket_when(&self, reference: &str, status: &str) -> Value {
        wait_for(&format!("{reference} to be {status}"), DEADLINE, || {
            Some(self.ticket(reference)).filter(|ticket| ticket["status"] == status)
        })
    }

    /// Waits until a ticket of this reference has come into being, and returns it.
    pub(crate) fn ticket_when_there(&self, reference: &str) -> Value {
        wait_for(reference, DEADLINE, || {
            let tickets = self.gateway.json(&["ticket", "list", "--json", "--all"]);
            tickets.iter().any(|ticket| ticket["reference"] == reference).then(|| self.ticket(reference))
        })
    }

    /// Waits until `number` mails have come in and each has its outcome; the newest of them.
    pub(crate) fn arrival(&self, number: usize) -> Value {
        wait_for(&format!("the outcome of arrival {number}"), DEADLINE, || {
            let arrivals = self.gateway.json(&["arrival", "list", "--json", "--all"]);
            let decided = arrivals.len() == number && arrivals.iter().all(|arrival| !arrival["outcome"].is_null());
            decided.then(|| arrivals.into_iter().max_by_key(|arrival| arrival["id"].as_i64())).flatten()
        })
    }

    /// Waits until nothing is left to be delivered, here and at the relay.
    pub(crate) fn settle(&self) {
        wait_for("the outbox to be empty", DEADLINE, || {
            let outbox = self.gateway.json(&["outbox", "list", "--json", "--all"]);
            let sent = outbox.iter().all(|notice| notice["state"] == "sent");
            (sent && self.relay.delivered().len() == outbox.len()).then_some(())
        });
    }
}

/// The address within `Name <address>`.
pub(crate) fn bare(person: &str) -> &str {
    person.rsplit('<').next().unwrap_or_default().trim_end_matches('>')
}

/// What a person's mail program makes of a mail that is answered: to its Reply-To, threaded, the new text above the old.
pub(crate) fn reply_to(mail: &Delivered, person: &str, text: &str) -> Letter {
    let id = mail.must("Message-ID");
    let references = format!("{} {id}", mail.field("References").unwrap_or_default());
    let quoted: String = mail.text().lines().map(|line| format!("> {line}\n")).collect();
    let letter = Letter::new(person, &mail.must("Reply-To"))
        .field("Subject", &format!("Re: {}", mail.must("Subject")))
        .field("In-Reply-To", &id)
        .field("References", references.trim());
    letter.text(&format!("{text}\n\nOn Sat, 21 Nov 2026 at 12:00, {} wrote:\n{quoted}", mail.must("From")))
}
