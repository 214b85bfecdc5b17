//! One mail on standard input, as an MTA's `pipe` transport or a `.forward` file gives it.

use std::io::Read;
use std::time::SystemTime;

use crate::model::address::Address;
use crate::model::arrival::{Incoming, Peer, Source};
use crate::model::desk::{Admission, Desk};
use crate::model::seal::sha256;
use crate::model::time::Time;
use crate::store::custody::Inserted;
use crate::store::{Fault, News, Store};

/// Why a mail was not taken. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The recipient is not one of ours.
    #[error("{0} is neither a department's address nor one of its mailboxes nor a signed address of ours")]
    UnknownAddress(String),
    /// A signed bounce address, and a sender.
    #[error("{0} takes delivery reports and nothing else")]
    ReportsOnly(String),
    /// What was given as a recipient has no domain: the mail server's own configuration is at fault, which names what stands there.
    #[error("{0:?} is given as the recipient and is not a mail address; mend what calls `postdesk pipe`")]
    NoAddress(String),
    /// The sender is none that an answer could go to.
    #[error("{0:?} is given as the sender and is not a mail address")]
    BadSender(String),
    /// Larger than the limit.
    #[error("the mail is larger than {0} octets (`[smtp] max_message_size`)")]
    TooLarge(usize),
    /// Standard input could not be read.
    #[error("standard input cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Reads a mail to its end and brings it into the form of SMTP: CRLF line ends, without the `From ` line of an mbox.
pub fn read(mut input: impl Read, max_message_size: usize) -> Result<Vec<u8>, Refused> {
    let mut octets = Vec::new();
    input.by_ref().take(max_message_size as u64 + 1).read_to_end(&mut octets)?;
    let mail = if octets.starts_with(b"From ") {
        // pipe(8) and procmail put it before the header; it is no field.
        octets.iter().position(|octet| *octet == b'\n').map_or(&[][..], |end| &octets[end + 1..])
    } else {
        &octets
    };
    let mail = with_crlf(mail);
    if mail.len() > max_message_size { Err(Refused::TooLarge(max_message_size)) } else { Ok(mail) }
}

/// The same with every line ended by CRLF, the last one too.
pub(super) fn with_crlf(octets: &[u8]) -> Vec<u8> {
    let mut mail = Vec::with_capacity(octets.len() + octets.len() / 40);
    let mut last = 0;
    for end in memchr::memchr_iter(b'\n', octets) {
        let line = &octets[last..end];
        mail.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        mail.extend_from_slice(b"\r\n");
        last = end + 1;
    }
    if last < octets.len() {
        mail.extend_from_slice(&octets[last..]);
        mail.extend_from_slice(b"\r\n");
    }
    mail
}

/// What mail servers write in place of the null sender, where nothing tells them to leave it empty.
const NULL_SENDER: &str = "MAILER-DAEMON";

fn bare(text: &str) -> &str {
    text.trim().trim_start_matches('<').trim_end_matches('>')
}

/// An empty sender, `<>` and `MAILER-DAEMON` are the null sender.
fn sender_of(text: &str) -> Result<Option<Address>, Refused> {
    if bare(text).is_empty() || bare(text).eq_ignore_ascii_case(NULL_SENDER) {
        return Ok(None);
    }
    Address::parse(bare(text)).map(Some).ok_or_else(|| Refused::BadSender(text.to_owned()))
}

/// Something at a domain is for somebody, although nobody may have that address; anything else is for nobody at all.
fn recipient_of(text: &str) -> Result<Address, Refused> {
    let refused = |text: &str| {
        if text.contains('@') { Refused::UnknownAddress(text.to_owned()) } else { Refused::NoAddress(text.to_owned()) }
    };
    Address::parse(bare(text)).ok_or_else(|| refused(text))
}

/// Puts a mail and its envelope together. Without a sender it is the null sender's.
pub fn incoming(raw: Vec<u8>, sender: Option<&str>, recipients: &[String], desk: &Desk) -> Result<Incoming, Refused> {
    let sender = sender.map_or(Ok(None), sender_of)?;
    let mut departments: Vec<(String, Vec<Address>)> = Vec::new();
    for text in recipients {
        let recipient = recipient_of(text)?;
        let key = match desk.admit(&recipient) {
            Admission::Department(key) => key,
            Admission::Bounce(key) if sender.is_none() => key,
            Admission::Bounce(_) => return Err(Refused::ReportsOnly(recipient.to_string())),
            Admission::Unknown | Admission::Foreign => return Err(Refused::UnknownAddress(recipient.to_string())),
        };
        match departments.iter_mut().find(|(known, _)| *known == key) {
            Some((_, addresses)) => addresses.push(recipient),
            None => departments.push((key, vec![recipient])),
        }
    }
    let received_at = Time::from(SystemTime::now());
    Ok(Incoming {
        raw,
        sender,
        departments,
        source: Source::Pipe,
        peer: Peer::default(),
        received_at,
        archived: false,
        entry: None,
    })
}

/// Takes custody of a mail, from another process than the daemon's. When this returns `Ok`, the mail is on the disk.
pub async fn take(store: &Store, incoming: Incoming) -> Result<Vec<i64>, Refused> {
    store.require_space()?;
    let digest = sha256(&incoming.raw);
    let sealed = store.seal(incoming, digest).await?;
    let numbers = match store.insert_arrivals(&[sealed]).await? {
        Inserted::Taken(numbers) => numbers,
        Inserted::InDoubt(doubt) => {
            store.find_out(doubt).await?.ok_or_else(|| Fault::Away("the mail was not stored".to_owned()))?
        }
    };
    store.tell(News::Arrival).await;
    Ok(numbers.into_iter().flatten().collect())
}
