//! Messages: the entries of a ticket.

use serde::Serialize;

use super::address::{Address, Mailbox};
use super::mail::Protection;
use super::time::Time;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first mail.
    Request,
    /// Customer side.
    Reply,
    /// Agent, public.
    Answer,
    /// Agent, internal.
    Note,
    /// A machine.
    Automatic,
    /// A delivery report.
    Bounce,
}

impl Kind {
    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Request => "request",
            Kind::Reply => "reply",
            Kind::Answer => "answer",
            Kind::Note => "note",
            Kind::Automatic => "automatic",
            Kind::Bounce => "bounce",
        }
    }

    /// Whether customers may see it.
    pub fn is_public(self) -> bool {
        matches!(self, Kind::Request | Kind::Reply | Kind::Answer)
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Display name, perhaps empty.
    pub name: String,
    /// Address; `None` for a machine that named none.
    pub address: Option<Address>,
    /// Key of the agent, when it was one.
    pub agent: Option<String>,
}

/// A file that came with a mail. Its octets stay where they are: in the raw mail, between `start` and `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// A file name that is safe on any file system and in any header.
    pub name: String,
    /// Lower-case `type/subtype`.
    pub media_type: String,
    /// Octets after decoding.
    pub size: i64,
    /// SHA-256 of the decoded octets.
    pub sha256: [u8; 32],
    /// Shown within the text rather than beside it.
    pub inline: bool,
    /// Content-ID without angle brackets.
    pub content_id: Option<String>,
    /// How the octets in the raw mail are encoded.
    pub encoding: TransferEncoding,
    /// First octet of the part's body in the raw mail.
    pub start: i64,
    /// The octet after its last.
    pub end: i64,
    /// Where it lies in that part, once it is decoded, when the part is a container of several files.
    pub inner: Option<Inner>,
}

/// A file within a decoded part: of a TNEF container, or uuencoded in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inner {
    /// First octet.
    pub start: i64,
    /// The octet after its last.
    pub end: i64,
    /// Whether these octets are uuencoded lines (IEEE Std 1003.1, `uuencode`).
    pub uuencoded: bool,
}

/// A mail that was passed on. In JSON it has this very shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Original {
    /// Who wrote it, when an address can be read.
    pub from: Option<Mailbox>,
    /// Its date as it stood.
    pub date: String,
    /// Its subject.
    pub subject: String,
}

/// Content-Transfer-Encoding of a part (RFC 2045 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferEncoding {
    /// 7bit, within the limits of a mail line: may be sent on as it is.
    Plain,
    /// 8bit or binary, or lines too long for mail: must be encoded before it is sent on.
    Binary,
    /// base64.
    Base64,
    /// quoted-printable.
    QuotedPrintable,
}

impl TransferEncoding {
    const ALL: [TransferEncoding; 4] = [Self::Plain, Self::Binary, Self::Base64, Self::QuotedPrintable];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            TransferEncoding::Plain => "7bit",
            TransferEncoding::Binary => "binary",
            TransferEncoding::Base64 => "base64",
            TransferEncoding::QuotedPrintable => "quoted-printable",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }
}

/// The words of an agent above a customer's mail that the agent passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The agent.
    pub author: Author,
    /// The words.
    pub text: String,
}

/// An entry of a ticket. It is numbered as the arrival that it came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Number of the arrival, and so of the message.
    pub arrival: i64,
    /// Number of the ticket.
    pub ticket: i64,
    /// What it is.
    pub kind: Kind,
    /// Who wrote it.
    pub author: Author,
    /// When it was received.
    pub at: Time,
    /// Its Message-ID without angle brackets, when it had one.
    pub message_id: Option<String>,
    /// Its own subject.
    pub subject: String,
    /// What the author newly wrote.
    pub text: String,
    /// What was cut from it.
    pub quoted: String,
    /// Its HTML, sanitised; `None` when it had none.
    pub html: Option<String>,
    /// The mail that it passed on.
    pub forwarded: Option<Original>,
    /// How it was signed or encrypted.
    pub protection: Option<Protection>,
    /// What an agent wrote above it who passed it on: a note, although the message is the customer's.
    pub remark: Option<Remark>,
    /// The files that came with it.
    pub attachments: Vec<Attachment>,
    /// Whether the sender was proven.
    pub authenticated: bool,
}
