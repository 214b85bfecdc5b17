//! The session without I/O: bytes in, replies and actions out. SMTP (RFC 5321 sections 3 and 4), and LMTP (RFC 2033), which is the same
//! but for the first command and for the replies after DATA: one for each recipient that was taken.
//!
//! Promise: nothing is acknowledged before the driver reports custody through [`Session::taken`], and no byte after a
//! message whose end is in doubt is read as a command. The session keeps no line of its own: it uses whole command lines
//! only, and the driver presents the unused rest again.

use std::net::IpAddr;
use std::sync::Arc;

use memchr::memchr;

pub use super::terms::Terms;

use super::budget::Reservation;
use super::command::{self, Command, Hello, MailFrom};
use super::data::{Found, Message};
use super::path::Path;
use super::reply::Reply;
use super::seen;
use super::transaction::Transaction;
use crate::accept::custody::{Refusal, Taken};
use crate::model::address::Address;
use crate::model::arrival::{Incoming, Peer, Source};
use crate::model::desk::Admission;
use crate::model::time::Time;
use crate::observe::connection;

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Anybody, over SMTP.
    Smtp(IpAddr),
    /// A mail server, over LMTP; without an address over a socket of this machine.
    Lmtp(Option<IpAddr>),
}

/// What the driver does next; always after it has sent what was written to `out`.
#[derive(Debug)]
pub enum Action {
    /// Read more.
    Read,
    /// Take custody of this mail, then call [`Session::taken`].
    Custody(Box<Incoming>),
    /// Forget what was read and not used, shake hands, then call [`Session::encrypted`].
    Encrypt,
    /// Close, but let the client finish sending first, so that it gets to read the reply.
    Drain,
    /// Close.
    Close,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    terms: Arc<Terms>,
    /// What the next transaction goes by.
    fresh: Option<Arc<Terms>>,
    client: Client,
    peer: Peer,
    normalise: bool,
    transaction: Option<Transaction>,
    message: Option<Message>,
    /// Held until custody has answered: the mail is in memory until then.
    held: Option<Reservation>,
    /// For the mail that custody has: in LMTP, the department of each RCPT that waits for its reply.
    waiting: Option<Vec<usize>>,
    errors: usize,
    id: connection::Id,
}

impl Session {
    /// A session with this client.
    pub fn new(terms: Arc<Terms>, client: Client) -> Self {
        let ip = match client {
            Client::Smtp(ip) | Client::Lmtp(Some(ip)) => Some(ip.to_canonical()),
            Client::Lmtp(None) => None,
        };
        let normalise = terms.normalises(ip);
        let peer = Peer { ip, ..Peer::default() };
        let (transaction, message, held, waiting) = (None, None, None, None);
        let id = connection::Id::next();
        Self { terms, fresh: None, client, peer, normalise, transaction, message, held, waiting, errors: 0, id }
    }

    /// Other terms, from the next transaction on: one that has begun ends by those that it began with.
    pub fn renew(&mut self, terms: &Arc<Terms>) {
        if !Arc::ptr_eq(&self.terms, terms) {
            self.fresh = Some(Arc::clone(terms));
        }
    }

    fn take_up_fresh_terms(&mut self) {
        if let Some(terms) = self.fresh.take() {
            self.normalise = terms.normalises(self.peer.ip);
            self.terms = terms;
        }
    }

    /// What it goes by at present.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Writes the greeting.
    pub fn greet(&self, out: &mut Vec<u8>) {
        self.say(if self.is_lmtp() { &Reply::LmtpGreeting } else { &Reply::Greeting }, out);
    }

    fn is_lmtp(&self) -> bool {
        matches!(self.client, Client::Lmtp(_))
    }

    /// Whoever can read a socket of this machine can read this process.
    fn offers_tls(&self) -> bool {
        self.terms.options.tls.is_some() && self.client != Client::Lmtp(None)
    }

    /// Who is at the other end.
    pub fn client(&self) -> Client {
        self.client
    }

    /// What the connection is called in the log.
    pub fn id(&self) -> connection::Id {
        self.id
    }

    /// Whether a message is being received.
    pub fn in_data(&self) -> bool {
        self.message.is_some()
    }

    /// Uses what it can of `input`; gives how many bytes were used and what to do next. Replies to pipelined commands are
    /// collected in `out`. `now` becomes the time of receipt of a mail that ends here.
    pub fn take(&mut self, input: &[u8], now: Time, out: &mut Vec<u8>) -> (usize, Action) {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            let (more, action) = if self.in_data() { self.take_data(rest, now, out) } else { self.take_line(rest, out) };
            used += more;
            if let Some(action) = action {
                return (used, action);
            }
        }
    }

    /// Answers the mail that was handed over with [`Action::Custody`].
    pub fn taken(&mut self, taken: Taken, out: &mut Vec<u8>) -> Action {
        self.held = None;
        let stopping = taken == Err(Refusal::Stopping);
        match (self.waiting.take(), taken) {
            (None, taken) => self.say(&Reply::from(taken), out),
            // Each recipient has the number of its own department's arrival; all of them were stored by one commit, or none.
            (Some(waiting), Ok(numbers)) => waiting.iter().for_each(|department| {
                let number = numbers.get(*department..=*department).unwrap_or(&numbers);
                self.say(&Reply::Taken(number.to_vec()), out);
            }),
            (Some(waiting), Err(refusal)) => self.say_to(waiting.len(), &Reply::from(Err(refusal)), out),
        }
        if stopping { Action::Drain } else { Action::Read }
    }

    /// Starts anew after the handshake (RFC 3207 section 4.2): what was said in the clear counts for nothing.
    pub fn encrypted(&mut self) {
        self.transaction = None;
        self.peer.helo = None;
        self.peer.tls = true;
    }

    /// Ends the session for a reason that lies outside it.
    pub fn end(&mut self, reply: &Reply, out: &mut Vec<u8>) -> Action {
        // In DATA the client reads only when it has sent everything, so it must be let finish.
        let action = if self.in_data() { Action::Drain } else { Action::Close };
        let waiting = self.message.take().and(self.transaction.as_ref()).map_or(1, Transaction::replies);
        self.say_to(waiting, reply, out);
        action
    }

    /// The same to each recipient that waits for a reply.
    fn say_to(&self, recipients: usize, reply: &Reply, out: &mut Vec<u8>) {
        (0..recipients).for_each(|_| self.say(reply, out));
    }

    fn say(&self, reply: &Reply, out: &mut Vec<u8>) {
        if let Some(reason) = reply.reason() {
            seen::refused(reply, reason, &self.client, self.id);
        }
        reply.write(&self.terms.desk.hostname, out);
    }

    fn take_line(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, Option<Action>) {
        let longest = self.terms.options.max_command_line;
        let Some(end) = memchr(b'\n', &input[..input.len().min(longest)]) else {
            if input.len() < longest {
                return (0, Some(Action::Read));
            }
            self.say(&Reply::LineTooLong, out);
            return (input.len(), Some(Action::Drain));
        };
        let line = input[..end].strip_suffix(b"\r").filter(|line| memchr(b'\r', line).is_none());
        let action = match line {
            Some(line) => self.obey(line, out),
            None => {
                // Where lines end otherwise than we think, somebody between us may see other commands than we do.
                self.say(&Reply::BareNewlineInCommand, out);
                Some(Action::Drain)
            }
        };
        (end + 1, action)
    }

    fn obey(&mut self, line: &[u8], out: &mut Vec<u8>) -> Option<Action> {
        let reply = match command::parse(line) {
            Ok(command) => self.answer(command),
            Err(fault) => Reply::from(fault),
        };
        self.say(&reply, out);
        if reply.is_error() {
            self.errors += 1;
            if self.errors >= self.terms.options.max_session_errors {
                self.say(&Reply::TooManyErrors, out);
                return Some(Action::Drain);
            }
        }
        match reply {
            Reply::Goodbye => Some(Action::Close),
            Reply::StartTls => Some(Action::Encrypt),
            Reply::OutOfStep => Some(Action::Drain),
            _ => None,
        }
    }

    fn answer(&mut self, command: Command) -> Reply {
        match command {
            Command::Hello { verb, name } => self.hello(verb, name),
            Command::Mail(mail) => self.mail(mail),
            Command::Rcpt(path) => self.rcpt(path),
            Command::Data => self.data(),
            Command::StartTls if self.peer.tls => Reply::AlreadyEncrypted,
            Command::StartTls if !self.offers_tls() => Reply::NotOffered,
            Command::StartTls => Reply::StartTls,
            Command::Rset => {
                self.transaction = None;
                Reply::Done
            }
            Command::Noop => Reply::Done,
            Command::Vrfy => Reply::NotVerified,
            Command::Help => Reply::Help,
            Command::Quit => Reply::Goodbye,
        }
    }

    fn hello(&mut self, verb: Hello, name: String) -> Reply {
        match (self.is_lmtp(), verb) {
            (false, Hello::Lhlo) => return Reply::NotOffered,
            (true, Hello::Helo | Hello::Ehlo) => return Reply::NotLmtp,
            _ => {}
        }
        self.transaction = None;
        self.take_up_fresh_terms();
        self.peer.helo = Some(name);
        if verb == Hello::Helo {
            return Reply::Hello;
        }
        Reply::Extensions { size: self.terms.options.max_message_size, starttls: self.offers_tls() && !self.peer.tls }
    }

    fn mail(&mut self, mail: MailFrom) -> Reply {
        if self.peer.helo.is_none() {
            return if self.is_lmtp() { Reply::LhloFirst } else { Reply::HelloFirst };
        }
        if self.transaction.is_some() {
            return Reply::MailTwice;
        }
        self.take_up_fresh_terms();
        if mail.size.is_some_and(|size| size > self.terms.options.max_message_size as u64) {
            return Reply::TooLarge;
        }
        if !mail.utf8 && mail.sender.as_ref().is_some_and(|sender| !sender.as_str().is_ascii()) {
            return Reply::NeedsUtf8;
        }
        self.transaction = Some(Transaction::new(mail.sender, mail.utf8, self.is_lmtp()));
        Reply::SenderTaken
    }

    fn rcpt(&mut self, path: Path) -> Reply {
        let Some(transaction) = &mut self.transaction else { return Reply::MailFirst };
        let recipient = match path {
            Path::Address(address) => Some(address),
            Path::Postmaster => Address::parse(&format!("postmaster@{}", self.terms.desk.hostname)),
            Path::Null => None,
        };
        let Some(recipient) = recipient else { return Reply::BadRecipient };
        if !transaction.utf8 && !recipient.as_str().is_ascii() {
            return Reply::NeedsUtf8;
        }
        let refusal = match self.terms.desk.admit(&recipient) {
            Admission::Department(_) | Admission::Bounce(_) if transaction.is_full(self.terms.options.max_recipients) => {
                Reply::TooManyRecipients
            }
            // Delivery reports come from the null sender (RFC 3461 section 6); whoever else writes here copied the address.
            Admission::Bounce(_) if transaction.sender.is_some() => Reply::ReportsOnly,
            Admission::Department(department) | Admission::Bounce(department) => {
                transaction.add(department, recipient);
                return Reply::RecipientTaken;
            }
            Admission::Unknown => Reply::UnknownRecipient,
            Admission::Foreign => Reply::RelayDenied,
        };
        seen::recipient_refused(&recipient, &refusal, &self.client, self.id);
        transaction.refused = true;
        refusal
    }

    fn data(&mut self) -> Reply {
        match &self.transaction {
            None => return Reply::MailFirst,
            // In LMTP it is 503 whatever was refused before (RFC 2033 section 4.2).
            Some(transaction) if transaction.recipients() == 0 && transaction.refused && !self.is_lmtp() => {
                return Reply::NoValidRecipients;
            }
            Some(transaction) if transaction.recipients() == 0 => return Reply::RecipientFirst,
            Some(_) => {}
        }
        self.message = Some(Message::new(self.terms.options.max_message_size, self.normalise, &self.terms.budget));
        Reply::StartInput
    }

    fn take_data(&mut self, input: &[u8], now: Time, out: &mut Vec<u8>) -> (usize, Option<Action>) {
        let Some(message) = &mut self.message else { return (0, None) };
        if input.is_empty() {
            return (0, Some(Action::Read));
        }
        let (used, found) = message.feed(input);
        match found {
            Found::More => (used, Some(Action::Read)),
            Found::End => (used, self.complete(now, out)),
            // The rest of the input is never looked at: it counts as used.
            Found::Bare => (input.len(), Some(self.end(&Reply::BareNewline, out))),
            Found::Endless => (input.len(), Some(self.end(&Reply::TooLarge, out))),
        }
    }

    fn complete(&mut self, now: Time, out: &mut Vec<u8>) -> Option<Action> {
        let (message, mut transaction) = (self.message.take()?, self.transaction.take()?);
        match message.finish() {
            Ok((raw, held)) => {
                self.held = Some(held);
                let sender = transaction.sender.clone();
                self.waiting = transaction.waiting();
                let departments = transaction.into_departments();
                let (source, peer) = self.origin();
                let incoming =
                    Incoming { raw, sender, departments, source, peer, received_at: now, archived: false, entry: None };
                Some(Action::Custody(Box::new(incoming)))
            }
            Err(why) => {
                self.say_to(transaction.replies(), &Reply::from(why), out);
                None
            }
        }
    }

    /// How the mail came. An LMTP client is a mail server: its address and name say nothing of the sender, so nobody is to find them there.
    fn origin(&self) -> (Source, Peer) {
        match self.client {
            Client::Smtp(_) => (Source::Smtp, self.peer.clone()),
            Client::Lmtp(_) => (Source::Lmtp, Peer { tls: self.peer.tls, ..Peer::default() }),
        }
    }
}
