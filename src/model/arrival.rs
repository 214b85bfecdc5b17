//! Arrivals: one mail as it was accepted, and how it ended.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::Serialize;

use super::address::Address;
use super::ledger::Entry;
use super::time::Time;

/// How a mail came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The SMTP listener.
    Smtp,
    /// The LMTP listener: the mail server in front of us, on this machine most often.
    Lmtp,
    /// `postdesk pipe`.
    Pipe,
    /// The HTTP listener: a link in a mail of ours was followed. The mail was put together here.
    Http,
    /// The IMAP account of this name.
    Imap(String),
    /// `postdesk import`: a mail of long ago, which nobody waits for.
    Import,
}

/// What stands before the name of an account.
const IMAP: &str = "imap:";

impl Source {
    /// The name in tables and JSON.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Source::Smtp => "smtp".into(),
            Source::Lmtp => "lmtp".into(),
            Source::Pipe => "pipe".into(),
            Source::Http => "http".into(),
            Source::Imap(account) => format!("{IMAP}{account}").into(),
            Source::Import => "import".into(),
        }
    }

    /// The name without that of an account: one of a few.
    pub fn kind(&self) -> &'static str {
        match self {
            Source::Smtp => "smtp",
            Source::Lmtp => "lmtp",
            Source::Pipe => "pipe",
            Source::Http => "http",
            Source::Imap(_) => "imap",
            Source::Import => "import",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(account) = name.strip_prefix(IMAP) {
            return Some(Source::Imap(account.to_owned()));
        }
        let fixed = [Source::Smtp, Source::Lmtp, Source::Pipe, Source::Http, Source::Import];
        fixed.into_iter().find(|source| source.name() == name)
    }
}

/// What the connection told of the peer; empty where there was none, and for LMTP, whose client tells nothing of the sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// Address of the client.
    pub ip: Option<IpAddr>,
    /// What it called itself in HELO or EHLO.
    pub helo: Option<String>,
    /// Whether the mail came over TLS.
    pub tls: bool,
}

/// A mail at the door, before custody: one for each department that it is for.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The original octets, with CRLF line ends as received, dots unstuffed.
    pub raw: Vec<u8>,
    /// Envelope sender; `None` for the null sender `<>`.
    pub sender: Option<Address>,
    /// The departments it is for, each with those envelope recipients that led there.
    pub departments: Vec<(String, Vec<Address>)>,
    /// How it came.
    pub source: Source,
    /// What the connection told.
    pub peer: Peer,
    /// When it was received completely.
    pub received_at: Time,
    /// It is of long ago, out of an archive or an old mailbox: nobody waits for it, and nobody is written to because of it.
    pub archived: bool,
    /// Where it was fetched from, noted in the same commit. `None` for mail that was brought to us.
    pub entry: Option<Entry>,
}

/// A mail in custody, as the worker takes it up.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Number of the arrival.
    pub id: i64,
    /// Number of its raw octets, shared by the arrivals of one mail.
    pub raw_id: i64,
    /// Key of the department it is for.
    pub department: String,
    /// Envelope sender; `None` for the null sender.
    pub sender: Option<Address>,
    /// Envelope recipients that led to the department.
    pub recipients: Vec<Address>,
    /// How it came.
    pub source: Source,
    /// What the connection told.
    pub peer: Peer,
    /// When it was received.
    pub received_at: Time,
    /// It is of long ago.
    pub archived: bool,
    /// How often it was taken up, this time included.
    pub attempts: i64,
    /// The original octets.
    pub raw: Vec<u8>,
    /// Why they cannot be had any more, where that is so. `raw` is empty then.
    pub missing: Option<String>,
    /// What an earlier attempt found out about the sender, so that nobody is asked twice.
    pub findings: Option<Findings>,
    /// The operator who says that a mail that was held is to be taken.
    pub release: Option<Release>,
}

/// An operator's word for a mail that was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Key of the admin, or `operator` for the command line.
    pub by: String,
    /// Number of the ticket that it is to join.
    pub onto: Option<i64>,
}

/// What is proven of the sender named in `From`, by its strongest proof.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Authenticity {
    /// Nothing: anybody can write this.
    #[default]
    Unproven,
    /// SPF passed for a domain that is aligned with From (RFC 7208, RFC 7489 section 3.1.2).
    Spf,
    /// A DKIM signature of a domain that is aligned with From holds (RFC 6376, RFC 7489 section 3.1.1).
    Dkim,
    /// A sealer that is believed found the sender proven before it passed the mail on (RFC 8617).
    Arc,
    /// The mail server that had the mail before us found the sender proven and says so in Authentication-Results (RFC 8601).
    AuthenticationResults,
    /// The host is one that is believed about its senders (`trusted_networks`).
    TrustedNetwork,
    /// An operator released the mail and so vouches for it.
    Operator,
}

/// What was found out about a sender, and by what evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is proven.
    pub authenticity: Authenticity,
    /// Each verdict in plain words, for the trace: `SPF pass for shop.example`.
    pub verdicts: Vec<String>,
}

impl Authenticity {
    const ALL: [Authenticity; 7] = [
        Authenticity::Unproven,
        Authenticity::Spf,
        Authenticity::Dkim,
        Authenticity::Arc,
        Authenticity::AuthenticationResults,
        Authenticity::TrustedNetwork,
        Authenticity::Operator,
    ];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Authenticity::Unproven => "unproven",
            Authenticity::Spf => "spf",
            Authenticity::Dkim => "dkim",
            Authenticity::Arc => "arc",
            Authenticity::AuthenticationResults => "authentication-results",
            Authenticity::TrustedNetwork => "trusted-network",
            Authenticity::Operator => "operator",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|authenticity| authenticity.name() == name)
    }

    /// What it says of an address, behind `from somebody@customer.example`.
    pub fn in_words(self) -> &'static str {
        match self {
            Authenticity::Unproven => "and nothing proves it",
            Authenticity::Spf => "proven by SPF",
            Authenticity::Dkim => "proven by a DKIM signature",
            Authenticity::Arc => "proven by the seal of a forwarder that is believed (ARC)",
            Authenticity::AuthenticationResults => "proven by the Authentication-Results of the mail server in front",
            Authenticity::TrustedNetwork => "believed because it came from a trusted network",
            Authenticity::Operator => "believed because an operator released it",
        }
    }

    /// Whether the sender may be believed.
    pub fn is_proven(self) -> bool {
        self != Authenticity::Unproven
    }
}

/// How an arrival ended; each has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The first mail of a ticket.
    Request,
    /// A message from the customer side.
    Reply,
    /// An agent's public message.
    Answer,
    /// An agent's internal message.
    Note,
    /// A mail that only held commands.
    Command,
    /// A machine's mail.
    Automatic,
    /// A delivery report.
    Bounce,
    /// A second copy of a mail.
    Duplicate,
    /// Kept aside with a cause.
    Held,
    /// Held once, until an operator said that nothing is to become of it. The original is kept.
    Discarded,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 10] = [
        Outcome::Request,
        Outcome::Reply,
        Outcome::Answer,
        Outcome::Note,
        Outcome::Command,
        Outcome::Automatic,
        Outcome::Bounce,
        Outcome::Duplicate,
        Outcome::Held,
        Outcome::Discarded,
    ];

    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Request => "request",
            Outcome::Reply => "reply",
            Outcome::Answer => "answer",
            Outcome::Note => "note",
            Outcome::Command => "command",
            Outcome::Automatic => "automatic",
            Outcome::Bounce => "bounce",
            Outcome::Duplicate => "duplicate",
            Outcome::Held => "held",
            Outcome::Discarded => "discarded",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// Why a mail is held. The list is closed: monitoring may count by these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Neither a From address nor an envelope sender: nobody to answer.
    NoSender,
    /// More than one address in From, or more than one From field.
    SeveralSenders,
    /// From names an agent, and nothing proves that the agent wrote it.
    AgentUnproven,
    /// From names an agent, who did not answer to the agent's own signed address or Message-ID.
    AgentWithoutToken,
    /// An agent's token was used by somebody else.
    TokenOfAnother,
    /// The agent's access does not include writing.
    AgentMayNotWrite,
    /// A valid link to a ticket, from somebody who is not on it.
    NotOnTicket,
    /// A token of ours that names a ticket which does not exist.
    NoSuchTicket,
    /// A line that looks like a command was not understood.
    CommandNotUnderstood,
    /// An agent's answer repeats words of an internal note.
    NoteInAnswer,
    /// A mail of ours came back to us.
    Loop,
    /// The department is no longer in the configuration.
    NoSuchDepartment,
    /// Something other than a delivery report came to a bounce address.
    NotAReport,
    /// Our own fault: a step failed or panicked at this mail as often as is tried.
    FailedRepeatedly,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 14] = [
        Cause::NoSender,
        Cause::SeveralSenders,
        Cause::AgentUnproven,
        Cause::AgentWithoutToken,
        Cause::TokenOfAnother,
        Cause::AgentMayNotWrite,
        Cause::NotOnTicket,
        Cause::NoSuchTicket,
        Cause::CommandNotUnderstood,
        Cause::NoteInAnswer,
        Cause::Loop,
        Cause::NoSuchDepartment,
        Cause::NotAReport,
        Cause::FailedRepeatedly,
    ];

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// Why a mail is held, for somebody who has to decide what becomes of it.
    pub fn in_words(self) -> &'static str {
        match self {
            Cause::NoSender => "it names no sender, so there is nobody to answer",
            Cause::SeveralSenders => "it names more than one sender, so nobody can say who wrote it",
            Cause::AgentUnproven => "it says that it is from an agent, and nothing proves it",
            Cause::AgentWithoutToken => "it is from an agent, but not an answer to a notice that this agent was sent",
            Cause::TokenOfAnother => "it came to an address that was made for somebody else",
            Cause::AgentMayNotWrite => "the access of this agent does not include writing",
            Cause::NotOnTicket => "it names a ticket that its sender is not on",
            Cause::NoSuchTicket => "it came to a signed address of a ticket that does not exist",
            Cause::CommandNotUnderstood => "a line looks like a command and is none that is known; nothing was sent or changed",
            Cause::NoteInAnswer => "it is an answer that repeats words of an internal note; nothing was sent",
            Cause::Loop => "it is a mail of this gateway that came back",
            Cause::NoSuchDepartment => "its department is no longer in the configuration",
            Cause::NotAReport => "it came to a bounce address and is no delivery report",
            Cause::FailedRepeatedly => "the gateway failed at it each time; `last error` says how, and the log more",
        }
    }

    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Cause::NoSender => "no-sender",
            Cause::SeveralSenders => "several-senders",
            Cause::AgentUnproven => "agent-unproven",
            Cause::AgentWithoutToken => "agent-without-token",
            Cause::TokenOfAnother => "token-of-another",
            Cause::AgentMayNotWrite => "agent-may-not-write",
            Cause::NotOnTicket => "not-on-ticket",
            Cause::NoSuchTicket => "no-such-ticket",
            Cause::CommandNotUnderstood => "command-not-understood",
            Cause::NoteInAnswer => "note-in-answer",
            Cause::Loop => "loop",
            Cause::NoSuchDepartment => "no-such-department",
            Cause::NotAReport => "not-a-report",
            Cause::FailedRepeatedly => "failed-repeatedly",
        }
    }
}
