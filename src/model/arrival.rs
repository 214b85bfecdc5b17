//! Arrivals: one mail as it was accepted, and how it ended.

use std::net::IpAddr;

use serde::Serialize;

use super::address::Address;
use super::time::Time;

/// How a mail came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The SMTP listener.
    Smtp,
    /// `postdesk pipe`.
    Pipe,
}

impl Source {
    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Source::Smtp => "smtp",
            Source::Pipe => "pipe",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        [Source::Smtp, Source::Pipe].into_iter().find(|source| source.name() == name)
    }
}

/// What the connection told of the peer; empty for a pipe.
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
    /// How often it was taken up, this time included.
    pub attempts: i64,
    /// The original octets.
    pub raw: Vec<u8>,
    /// Why they cannot be had any more, where that is so. `raw` is empty then.
    pub missing: Option<String>,
}

/// What is proven of the sender named in `From`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authenticity {
    /// Nothing: anybody can write this.
    Unproven,
    /// The host is one that is believed about its senders (`trusted_networks`).
    TrustedNetwork,
}

impl Authenticity {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Authenticity::Unproven => "unproven",
            Authenticity::TrustedNetwork => "trusted-network",
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
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 9] = [
        Outcome::Request,
        Outcome::Reply,
        Outcome::Answer,
        Outcome::Note,
        Outcome::Command,
        Outcome::Automatic,
        Outcome::Bounce,
        Outcome::Duplicate,
        Outcome::Held,
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
    const ALL: [Cause; 13] = [
        Cause::NoSender,
        Cause::SeveralSenders,
        Cause::AgentUnproven,
        Cause::AgentWithoutToken,
        Cause::TokenOfAnother,
        Cause::AgentMayNotWrite,
        Cause::NotOnTicket,
        Cause::NoSuchTicket,
        Cause::CommandNotUnderstood,
        Cause::Loop,
        Cause::NoSuchDepartment,
        Cause::NotAReport,
        Cause::FailedRepeatedly,
    ];

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
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
            Cause::Loop => "loop",
            Cause::NoSuchDepartment => "no-such-department",
            Cause::NotAReport => "not-a-report",
            Cause::FailedRepeatedly => "failed-repeatedly",
        }
    }
}
