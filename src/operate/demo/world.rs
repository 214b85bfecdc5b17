//! The world around the gateway: a mail server with the people's mailboxes, and their way of sending.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::people::{Person, REACHABLE, SHOP};
use crate::accept::custody::{Custody, Submission};
use crate::accept::smtp::{self, Door};
use crate::decide::parse::parse;
use crate::decide::write::body::text_part;
use crate::decide::write::header::Header;
use crate::deliver::Security;
use crate::deliver::classify::Verdict;
use crate::deliver::smtp::{Attempt, Door as Way, Letter};
use crate::model::address::{Address, Mailbox};
use crate::model::desk::{AcknowledgementCaps, Department, Desk, Limits};
use crate::model::mail::Mail;
use crate::model::seal::Key;
use crate::model::time::Time;
use crate::model::token::Keyring;
use crate::operate::{Code, Trouble};

/// How long a mail may take from one person to the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// The world.
pub(super) struct World {
    /// Where its mail server listens.
    pub(super) address: SocketAddr,
    gateway: SocketAddr,
    arriving: mpsc::Receiver<Submission>,
    mailboxes: Vec<(Address, Mail)>,
    count: usize,
    /// Its server stops when this is dropped.
    _stop: watch::Sender<bool>,
}

/// A mail that somebody writes.
pub(super) struct Draft<'a> {
    pub(super) from: &'a Person,
    pub(super) to: String,
    pub(super) cc: Vec<&'a Person>,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) in_reply_to: Option<String>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(from: &'a Person, to: &str, subject: &str, text: &str) -> Self {
        let (subject, text) = (subject.to_owned(), text.to_owned());
        Self { from, to: to.to_owned(), cc: Vec::new(), subject, text, in_reply_to: None }
    }

    /// A reply as mail clients write it: to the Reply-To address, with the whole mail quoted below.
    pub(super) fn reply(from: &'a Person, mail: &Mail, text: &str) -> Self {
        let to = mail.reply_to.first().or(mail.from.first());
        let to = to.map_or_else(|| SHOP.to_owned(), |mailbox| mailbox.address.to_string());
        let writer = mail.from.first().map(ToString::to_string).unwrap_or_default();
        let quoted: Vec<String> = mail.text.lines().chain(mail.quoted.lines()).map(|line| format!("> {line}")).collect();
        let subject = if mail.subject.starts_with("Re:") { mail.subject.clone() } else { format!("Re: {}", mail.subject) };
        let text = format!("{text}\n\nOn {}, {writer} wrote:\n{}", mail.date, quoted.join("\n"));
        Self { from, to, cc: Vec::new(), subject, text, in_reply_to: mail.message_id.clone() }
    }
}

impl World {
    /// Opens the people's mail server on a free port of loopback.
    pub(super) async fn start(options: &smtp::Options) -> Result<Self, Trouble> {
        let options = smtp::Options { listen: vec![([127, 0, 0, 1], 0).into()], lmtp: Vec::new(), tls: None, ..options.clone() };
        let unavailable = |error: &dyn std::fmt::Display| Trouble::new(Code::Unavailable, error.to_string());
        let listeners = smtp::bind(&options).map_err(|error| unavailable(&error))?;
        let listening = listeners.smtp().ok().and_then(|addresses| addresses.first().copied());
        let address = listening.ok_or_else(|| unavailable(&"the demo's mail server listens nowhere"))?;
        let (submit, arriving) = mpsc::channel(16);
        let door =
            Door::new(options, Arc::new(server()?), Vec::new(), Custody::new(submit)).map_err(|error| unavailable(&error))?;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(smtp::serve(listeners, Arc::new(door), stopped));
        Ok(Self { address, gateway: address, arriving, mailboxes: Vec::new(), count: 0, _stop: stop })
    }

    /// Tells people where to send their mail.
    pub(super) fn gateway_is_at(&mut self, address: SocketAddr) {
        self.gateway = address;
    }

    /// Sends a mail to the gateway and returns it as it was written.
    pub(super) async fn send(&mut self, draft: &Draft<'_>) -> Result<Mail, Trouble> {
        self.count += 1;
        let octets = octets(draft, self.count)?;
        let (sender, recipient) = (address(draft.from.address)?, address(&draft.to)?);
        let letter = Letter { sender: &sender, recipient: &recipient, octets: octets.as_bytes() };
        let deadline = Instant::now() + PATIENCE;
        let host = self.gateway.ip().to_string();
        let way = Way::new(host, self.gateway.port(), Security::Plain, None, "customer.example".to_owned());
        let connection = way.open(deadline).await.map_err(|why| Trouble::new(Code::Unavailable, why))?;
        match connection.send(&letter, deadline).await {
            Attempt::Answered(Verdict::Sent, connection) => connection.quit().await,
            Attempt::Answered(Verdict::Later(why) | Verdict::Never(why), _) | Attempt::Lost(Verdict::Later(why)) => {
                return Err(Trouble::new(Code::OurFault, format!("the gateway did not take a mail of the demo: {why}")));
            }
            _ => return Err(Trouble::new(Code::OurFault, "the gateway did not answer")),
        }
        Ok(parse(octets.as_bytes(), &Limits::default()))
    }

    /// Waits for the next mail in a mailbox.
    pub(super) async fn receive(&mut self, person: &Person) -> Result<Mail, Trouble> {
        let wanted = address(person.address)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.mailboxes.iter().position(|(owner, _)| *owner == wanted) {
                return Ok(self.mailboxes.remove(at).1);
            }
            let Ok(Some(submission)) = timeout_at(deadline, self.arriving.recv()).await else {
                return Err(Trouble::new(Code::OurFault, format!("nothing arrived for {}", person.address)));
            };
            let mail = parse(&submission.incoming.raw, &Limits::default());
            for owner in submission.incoming.departments.into_iter().flat_map(|(_, owners)| owners) {
                self.mailboxes.push((owner, mail.clone()));
            }
            // The door has gone when nobody waits for this, and then there is nobody to tell.
            let _ = submission.reply.send(Ok(vec![1]));
        }
    }
}

/// The rules of the people's mail server: it has their mailboxes and no others.
fn server() -> Result<Desk, Trouble> {
    let mailboxes = REACHABLE.iter().map(|person| address(person.address)).collect::<Result<Vec<_>, _>>()?;
    let own = Department::new("people", "People", "P", address("postmaster@customer.example")?);
    let people = Department { mailboxes, acknowledge: false, ..own };
    let keys = Keyring::new(Key::new(0, &[0; 32]), Vec::new());
    let caps = AcknowledgementCaps { per_hour: 0, per_day: 0, total_per_day: 0 };
    Ok(Desk::new("mx.customer.example".to_owned(), vec![people], Vec::new(), keys, Limits::default(), caps))
}

fn octets(draft: &Draft<'_>, count: usize) -> Result<String, Trouble> {
    let mailbox = |person: &Person| Ok::<_, Trouble>(Mailbox { name: person.name.to_owned(), address: address(person.address)? });
    let mut header = Header::default();
    header.mailbox("From", &mailbox(draft.from)?);
    header.raw("To", &draft.to);
    let cc = draft.cc.iter().map(|person| format!("{} <{}>", person.name, person.address)).collect::<Vec<_>>();
    if !cc.is_empty() {
        header.raw("Cc", &cc.join(", "));
    }
    header.text("Subject", &draft.subject);
    header.raw("Date", &Time::from(SystemTime::now()).rfc5322());
    let domain = draft.from.address.rsplit('@').next().unwrap_or("customer.example");
    header.ids("Message-ID", &[&format!("demo-{count}@{domain}")]);
    if let Some(id) = &draft.in_reply_to {
        header.ids("In-Reply-To", &[id]);
        header.ids("References", &[id]);
    }
    header.raw("MIME-Version", "1.0");
    Ok(format!("{}{}", header.finish(), text_part(&draft.text)))
}

fn address(text: &str) -> Result<Address, Trouble> {
    Address::parse(text).ok_or_else(|| Trouble::new(Code::OurFault, format!("{text} is not an address")))
}
