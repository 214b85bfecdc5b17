//! Mail to a host over SMTP: the only user of `lettre`, and of its connection, not its pool.
//!
//! A connection that timed out, was cut or answered something else is dropped with everything that may still arrive on it: a
//! connection is consumed by [`Connection::send`] and comes back only when it is in step, so the next mail cannot read the last one's
//! reply. A loss after the final dot is ambiguous (RFC 1047): the notice is sent again with the same Message-ID.

mod auth;
mod door;
mod trust;
mod wire;

pub use self::door::Door;

use std::error::Error as _;
use std::time::Duration;

use lettre::Address as Path;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter, ServerInfo};
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, timeout, timeout_at};

use super::classify::{Meaning, Reply, Stage, Verdict, meaning, one_line};
use crate::model::address::Address;

/// How much of a mail is escaped and written at a time, in octets: the crate makes a copy of each piece.
const PIECE: usize = 64 * 1024;
/// Time for the answer to a command, within that for the attempt. RFC 5321 section 4.5.3.2 asks for 120 s to 300 s; a host that takes longer
/// than this for a line finds the mail again later.
const COMMAND: Duration = Duration::from_secs(60);
/// How long a polite goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A mail for one recipient. The octets end with CRLF and hold no bare CR or LF.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// Envelope sender.
    pub sender: &'a Address,
    /// Envelope recipient.
    pub recipient: &'a Address,
    /// The mail.
    pub octets: &'a [u8],
}

/// How an attempt at one mail ended.
#[must_use]
pub enum Attempt {
    /// The relay answered; the connection is in step and takes the next mail.
    Answered(Verdict, Connection),
    /// The host takes no mail of ours at present, whichever it is: nothing was handed over, and another host may be asked at once.
    Unwilling(Verdict),
    /// The connection was lost before the mail was handed over.
    Lost(Verdict),
    /// The connection was lost after the final dot: the host may have the mail, so that nobody else is given it.
    Doubtful(Verdict),
    /// A connection that was kept open had gone before the mail began: nothing was handed over, and a fresh one may try at once.
    Stale,
}

/// An open connection to the relay, in step.
pub struct Connection {
    smtp: Box<AsyncSmtpConnection>,
    offers: ServerInfo,
    /// It has carried a mail before.
    kept: bool,
}

/// Why a transaction ended before its mail was taken.
enum End {
    /// The relay said no, and waits for the next command.
    Refused(Verdict),
    /// It said no to us.
    Unwilling(Verdict),
    /// Nothing more is to be had from the connection.
    Lost(Stage, String),
}

impl Connection {
    fn new(smtp: AsyncSmtpConnection, offers: ServerInfo) -> Self {
        Self { smtp: Box::new(smtp), offers, kept: false }
    }

    /// Sends one mail before `deadline`. Dropping the future drops the connection with it.
    pub async fn send(mut self, letter: &Letter<'_>, deadline: Instant) -> Attempt {
        let parameters = match self.parameters(letter) {
            Ok(parameters) => parameters,
            Err(why) => return Attempt::Answered(Verdict::Never(why), self),
        };
        match self.transact(letter, parameters, deadline).await {
            Ok(()) => {
                self.kept = true;
                Attempt::Answered(Verdict::Sent, self)
            }
            Err(End::Refused(verdict)) => self.reset(verdict, deadline).await,
            Err(End::Unwilling(verdict)) => {
                self.quit().await;
                Attempt::Unwilling(verdict)
            }
            Err(End::Lost(Stage::Mail, _)) if self.kept => Attempt::Stale,
            Err(End::Lost(Stage::Mail, why)) => Attempt::Unwilling(Verdict::Later(why)),
            Err(End::Lost(Stage::Content, why)) => {
                Attempt::Doubtful(Verdict::Later(format!("{why}; it is not known whether the mail was taken")))
            }
            Err(End::Lost(_, why)) => Attempt::Lost(Verdict::Later(why)),
        }
    }

    /// Says goodbye, for a moment at most.
    pub async fn quit(mut self) {
        let _ = timeout(GOODBYE, self.smtp.command(Quit)).await;
    }

    /// The parameters of MAIL, or why the relay can never take this mail.
    fn parameters(&self, letter: &Letter<'_>) -> Result<Vec<MailParameter>, String> {
        let mut parameters = Vec::new();
        if needs_smtputf8(letter) {
            if !self.offers.supports_feature(Extension::SmtpUtfEight) {
                return Err("the relay takes no addresses outside ASCII (it does not offer SMTPUTF8)".to_owned());
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        // A relay that does not offer 8BITMIME gets the octets all the same: they are the customer's, and most pass them on.
        if !letter.octets.is_ascii() && self.offers.supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    /// One mail transaction (RFC 5321 section 3.3).
    async fn transact(&mut self, letter: &Letter<'_>, parameters: Vec<MailParameter>, deadline: Instant) -> Result<(), End> {
        let mail = self.smtp.command(Mail::new(Some(path(letter.sender)), parameters));
        read(Stage::Mail, timeout_at(soon(deadline), mail).await.ok())?;
        let rcpt = self.smtp.command(Rcpt::new(path(letter.recipient), Vec::new()));
        read(Stage::Rcpt, timeout_at(soon(deadline), rcpt).await.ok())?;
        let data = self.smtp.command(Data);
        read(Stage::Data, timeout_at(soon(deadline), data).await.ok())?;
        // The crate ends every mail with CRLF, dot, CRLF: the mail's own last CRLF would make an empty line more.
        let octets = letter.octets.strip_suffix(b"\r\n").unwrap_or(letter.octets);
        let content = self.smtp.message_iter(octets.chunks(PIECE));
        read(Stage::Content, timeout_at(deadline, content).await.ok())
    }

    /// After a refusal: the relay forgets the transaction, or the connection is not used again.
    async fn reset(mut self, verdict: Verdict, deadline: Instant) -> Attempt {
        match timeout_at(soon(deadline), self.smtp.command(Rset)).await {
            Ok(Ok(reply)) if reply.has_code(250) => {
                self.kept = true;
                Attempt::Answered(verdict, self)
            }
            _ => Attempt::Lost(verdict),
        }
    }
}

/// Until when the answer to a command is waited for.
fn soon(deadline: Instant) -> Instant {
    deadline.min(Instant::now() + COMMAND)
}

/// Reads what came back at a stage; `None` when the deadline passed first.
fn read(stage: Stage, answer: Option<Result<Response, Error>>) -> Result<(), End> {
    let reply = match answer {
        None => return Err(End::Lost(stage, "no answer in time".to_owned())),
        Some(Ok(response)) => Reply { code: number(&response.code().to_string()), text: joined(&response) },
        Some(Err(error)) => match reply_of(&error) {
            Some(reply) => reply,
            None => return Err(End::Lost(stage, one_line(&format!("connection lost: {error}")))),
        },
    };
    match meaning(stage, &reply) {
        Meaning::Expected => Ok(()),
        Meaning::Refused(verdict) => Err(End::Refused(verdict)),
        Meaning::Unwilling(verdict) => Err(End::Unwilling(verdict)),
        Meaning::Useless(why) => Err(End::Lost(stage, why)),
    }
}

/// The negative reply inside an error; `None` when there was no reply.
fn reply_of(error: &Error) -> Option<Reply> {
    let code = number(&error.status()?.to_string());
    Some(Reply { code, text: error.source().map(ToString::to_string).unwrap_or_default() })
}

fn joined(response: &Response) -> String {
    response.message().collect::<Vec<_>>().join(" ")
}

fn number(digits: &str) -> u16 {
    digits.parse().unwrap_or(0)
}

/// Whether the mail can only be handed to who takes SMTPUTF8 (RFC 6531 section 3.4): for an address of the envelope, or for one in the
/// header, such as that of a public mailbox.
fn needs_smtputf8(letter: &Letter<'_>) -> bool {
    let mut lines = letter.octets.split(|octet| *octet == b'\n').take_while(|line| !line.trim_ascii_end().is_empty());
    [letter.sender, letter.recipient].iter().any(|address| !address.on_the_wire().is_ascii()) || !lines.all(<[u8]>::is_ascii)
}

/// An address as the crate wants it. It was checked when it was read (no white space, control characters or angle brackets outside
/// quotes), and by rules that take what real mail systems use; the crate's own are stricter.
fn path(address: &Address) -> Path {
    let address = address.on_the_wire();
    let (local, domain) = address.rsplit_once('@').unwrap_or((&address, ""));
    Path::new_dangerous(local, domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_form_in_ascii_needs_smtputf8() {
        let needs = |sender: &str, recipient: &str, header: &str| {
            let (sender, recipient) = (Address::parse(sender).unwrap(), Address::parse(recipient).unwrap());
            let octets = format!("{header}\r\n\r\n\u{e9}\r\n").into_bytes();
            needs_smtputf8(&Letter { sender: &sender, recipient: &recipient, octets: &octets })
        };
        assert!(!needs("desk@desk.example", "mia@customer.example", "To: <mia@customer.example>"));
        assert!(!needs("desk@desk.example", "mia@b\u{fc}cher.example", "To: <mia@xn--bcher-kva.example>"));
        assert!(needs("desk@desk.example", "m\u{ed}a@customer.example", "To: <mia@customer.example>"));
        assert!(needs("d\u{e9}sk@desk.example", "mia@customer.example", "To: <mia@customer.example>"));
        assert!(needs(
            "desk@desk.example",
            "mia@customer.example",
            "From: <h\u{e9}lp@shop.example>\r\nTo: <mia@customer.example>"
        ));
        assert_eq!(path(&Address::parse("mia@b\u{fc}cher.example").unwrap()).to_string(), "mia@xn--bcher-kva.example");
    }
}
