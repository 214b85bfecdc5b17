//! Every reply that leaves the door, in one table: code, enhanced status code (RFC 2034, RFC 3463), words.

use std::fmt::Write as _;

use super::command::Fault;
use super::data::Discarded;
use crate::accept::custody::{Refusal, Taken};

/// Arrival numbers written out in one reply: the line stays below the 512 octets of RFC 5321 section 4.5.3.1.5.
const NUMBERS_SHOWN: usize = 20;

/// What is said to a client. Who acts next: 2xx and 3xx nobody; 4xx the sender, by trying again; 5xx the sender's author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The first line of a session.
    Greeting,
    /// The same where LMTP is spoken.
    LmtpGreeting,
    /// To HELO.
    Hello,
    /// To EHLO and LHLO, with what is offered.
    Extensions {
        /// Octets of the largest mail.
        size: usize,
        /// Whether STARTTLS is offered.
        starttls: bool,
    },
    /// To STARTTLS: the handshake follows.
    StartTls,
    /// To HELP.
    Help,
    /// To QUIT.
    Goodbye,
    /// To RSET and NOOP.
    Done,
    /// To MAIL.
    SenderTaken,
    /// To RCPT.
    RecipientTaken,
    /// To VRFY: who is here is told to nobody.
    NotVerified,
    /// To DATA.
    StartInput,
    /// The mail is in custody under these arrival numbers.
    Taken(Vec<i64>),
    /// Connections are all in use.
    TooManyConnections,
    /// This address has as many connections as it may have.
    TooManyFromAddress,
    /// We stop.
    Stopping,
    /// No whole command for the idle time.
    Silence,
    /// DATA took longer than it may.
    DataTooSlow,
    /// Refused commands have reached their limit.
    TooManyErrors,
    /// The store is away or cannot keep up.
    TryAgain,
    /// The disk is full.
    DiskFull,
    /// The memory for mail being received is all in use.
    NoRoom,
    /// More recipients than one mail may have.
    TooManyRecipients,
    /// No such command.
    UnknownCommand,
    /// A command line without an end.
    LineTooLong,
    /// A command line with a CR or LF of its own.
    BareNewlineInCommand,
    /// Another protocol.
    OutOfStep,
    /// HELO or EHLO where LMTP is spoken.
    NotLmtp,
    /// Arguments of a command.
    BadArguments,
    /// The path of MAIL.
    BadSender,
    /// The path of RCPT.
    BadRecipient,
    /// A command that is known and not offered.
    NotOffered,
    /// HELO or EHLO is missing.
    HelloFirst,
    /// LHLO is missing.
    LhloFirst,
    /// MAIL is missing.
    MailFirst,
    /// MAIL within a transaction.
    MailTwice,
    /// RCPT is missing.
    RecipientFirst,
    /// STARTTLS within TLS.
    AlreadyEncrypted,
    /// One of our domains, but nobody there.
    UnknownRecipient,
    /// Not one of our domains.
    RelayDenied,
    /// A bounce address was written to by a person.
    ReportsOnly,
    /// A bare CR or LF in a message.
    BareNewline,
    /// Larger than the limit.
    TooLarge,
    /// An address that needs SMTPUTF8.
    NeedsUtf8,
    /// DATA when every RCPT was refused.
    NoValidRecipients,
    /// A parameter that no extension of ours defines.
    UnknownParameter,
}

impl Reply {
    /// The reply's code, enhanced status code (empty where RFC 2034 section 3 has none) and words.
    fn row(&self) -> (u16, &'static str, &'static str) {
        match self {
            Reply::Greeting => (220, "", "ESMTP postdesk"),
            Reply::LmtpGreeting => (220, "", "LMTP postdesk"),
            Reply::Hello | Reply::Extensions { .. } => (250, "", ""),
            Reply::StartTls => (220, "2.0.0", "Ready to start TLS"),
            Reply::Help => (214, "2.0.0", "See RFC 5321; this host takes mail for its support desk only"),
            Reply::Goodbye => (221, "2.0.0", "Bye"),
            Reply::Done => (250, "2.0.0", "Ok"),
            Reply::SenderTaken => (250, "2.1.0", "Ok"),
            Reply::RecipientTaken => (250, "2.1.5", "Ok"),
            Reply::NotVerified => (252, "2.0.0", "Not verified; send a mail to find out"),
            Reply::StartInput => (354, "", "End the message with a dot on a line of its own"),
            Reply::Taken(_) => (250, "2.0.0", "Ok: taken as"),
            Reply::TooManyConnections => (421, "4.7.0", "Too many connections, try again later"),
            Reply::TooManyFromAddress => (421, "4.7.0", "Too many connections from your address, try again later"),
            Reply::Stopping => (421, "4.3.2", "The service is shutting down, try again later"),
            Reply::Silence => (421, "4.4.2", "No command for too long, closing"),
            Reply::DataTooSlow => (421, "4.4.2", "The message took too long, closing"),
            Reply::TooManyErrors => (421, "4.7.0", "Too many errors, closing"),
            Reply::TryAgain => (451, "4.3.0", "The mail cannot be stored just now, try again later"),
            Reply::DiskFull => (452, "4.3.1", "No room to store the mail, try again later"),
            Reply::NoRoom => (452, "4.3.1", "Too much mail is being received, try again later"),
            Reply::TooManyRecipients => (452, "4.5.3", "Too many recipients, send the mail again to the others"),
            Reply::UnknownCommand => (500, "5.5.1", "No such command"),
            Reply::LineTooLong => (500, "5.5.2", "Command line too long, closing"),
            Reply::BareNewlineInCommand => (500, "5.5.2", "A command ends with CR LF, and holds neither elsewhere; closing"),
            Reply::OutOfStep => (500, "5.5.1", "This is not what SMTP with our extensions looks like, closing"),
            // RFC 2033 section 4.1: this code and no other.
            Reply::NotLmtp => (500, "5.5.1", "This is LMTP, where a session begins with LHLO"),
            Reply::BadArguments => (501, "5.5.4", "Arguments not understood"),
            Reply::BadSender => (501, "5.1.7", "The sender is not an address in angle brackets"),
            Reply::BadRecipient => (501, "5.1.3", "The recipient is not an address in angle brackets"),
            Reply::NotOffered => (502, "5.5.1", "This command is not offered here"),
            Reply::HelloFirst => (503, "5.5.1", "Say HELO or EHLO first"),
            Reply::LhloFirst => (503, "5.5.1", "Say LHLO first"),
            Reply::MailFirst => (503, "5.5.1", "Say MAIL first"),
            Reply::MailTwice => (503, "5.5.1", "A mail is already begun; RSET ends it"),
            Reply::RecipientFirst => (503, "5.5.1", "Say RCPT first"),
            Reply::AlreadyEncrypted => (503, "5.5.1", "The connection is encrypted already"),
            Reply::UnknownRecipient => (550, "5.1.1", "Nobody here has this address"),
            Reply::RelayDenied => (550, "5.7.1", "Not a domain of ours, and mail is not relayed"),
            Reply::ReportsOnly => (550, "5.7.1", "This address takes delivery reports only"),
            Reply::BareNewline => (550, "5.5.2", "The message has a CR or LF that is not part of CR LF; closing"),
            Reply::TooLarge => (552, "5.3.4", "The mail is larger than is taken here"),
            Reply::NeedsUtf8 => (553, "5.6.7", "An address that is not ASCII needs SMTPUTF8"),
            Reply::NoValidRecipients => (554, "5.5.1", "No recipient was taken"),
            Reply::UnknownParameter => (555, "5.5.4", "Parameter not known"),
        }
    }

    /// Why it refuses, in a word for the numbers and the log; `None` when it refuses nothing.
    pub fn reason(&self) -> Option<&'static str> {
        let reason = match self {
            Reply::TooManyConnections => "too-many-connections",
            Reply::TooManyFromAddress => "too-many-from-address",
            Reply::Stopping => "stopping",
            Reply::Silence => "silence",
            Reply::DataTooSlow => "data-too-slow",
            Reply::TooManyErrors => "too-many-errors",
            Reply::TryAgain => "store-away",
            Reply::DiskFull => "disk-full",
            Reply::NoRoom => "no-memory",
            Reply::TooManyRecipients => "too-many-recipients",
            Reply::UnknownCommand => "unknown-command",
            Reply::LineTooLong => "line-too-long",
            Reply::BareNewlineInCommand => "bare-newline-in-command",
            Reply::OutOfStep => "out-of-step",
            Reply::NotLmtp => "not-lmtp",
            Reply::BadArguments => "bad-arguments",
            Reply::BadSender => "bad-sender",
            Reply::BadRecipient => "bad-recipient",
            Reply::NotOffered => "not-offered",
            Reply::UnknownRecipient => "unknown-recipient",
            Reply::RelayDenied => "relay-denied",
            Reply::ReportsOnly => "reports-only",
            Reply::BareNewline => "bare-newline",
            Reply::TooLarge => "too-large",
            Reply::NoValidRecipients => "no-valid-recipients",
            Reply::UnknownParameter => "unknown-parameter",
            Reply::HelloFirst | Reply::LhloFirst | Reply::MailFirst | Reply::MailTwice | Reply::RecipientFirst => "bad-sequence",
            Reply::AlreadyEncrypted => "bad-sequence",
            Reply::NeedsUtf8 => "needs-utf8",
            Reply::Greeting | Reply::LmtpGreeting | Reply::Hello | Reply::Extensions { .. } | Reply::StartTls => return None,
            Reply::Help | Reply::Goodbye | Reply::Done | Reply::NotVerified => return None,
            Reply::SenderTaken | Reply::RecipientTaken | Reply::StartInput | Reply::Taken(_) => return None,
        };
        Some(reason)
    }

    /// The reply's three digits.
    pub fn code(&self) -> u16 {
        self.row().0
    }

    /// Whether it refuses a command for good: what counts towards the limit of errors in a session.
    pub fn is_error(&self) -> bool {
        self.code() >= 500
    }

    /// Appends the reply as it goes over the wire; some name the host.
    pub fn write(&self, hostname: &str, out: &mut Vec<u8>) {
        let (code, status, words) = self.row();
        let mut text = String::with_capacity(96);
        match self {
            Reply::Greeting | Reply::LmtpGreeting => line(&mut text, format_args!("{code} {hostname} {words}")),
            Reply::Hello => line(&mut text, format_args!("{code} {hostname}")),
            Reply::Extensions { size, starttls } => extensions(&mut text, hostname, *size, *starttls),
            Reply::Taken(numbers) => line(&mut text, format_args!("{code} {status} {words} {}", listed(numbers))),
            _ if status.is_empty() => line(&mut text, format_args!("{code} {words}")),
            _ => line(&mut text, format_args!("{code} {status} {words}")),
        }
        out.extend_from_slice(text.as_bytes());
    }
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = write!(text, "{words}\r\n");
}

fn extensions(text: &mut String, hostname: &str, size: usize, starttls: bool) {
    line(text, format_args!("250-{hostname}\r\n250-PIPELINING\r\n250-SIZE {size}\r\n250-8BITMIME\r\n250-SMTPUTF8"));
    if starttls {
        line(text, format_args!("250-STARTTLS"));
    }
    line(text, format_args!("250 ENHANCEDSTATUSCODES"));
}

fn listed(numbers: &[i64]) -> String {
    let shown: Vec<String> = numbers.iter().take(NUMBERS_SHOWN).map(i64::to_string).collect();
    match numbers.len().saturating_sub(NUMBERS_SHOWN) {
        0 => shown.join(","),
        more => format!("{} and {more} more", shown.join(",")),
    }
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unknown => Reply::UnknownCommand,
            Fault::NotOffered => Reply::NotOffered,
            Fault::OutOfStep => Reply::OutOfStep,
            Fault::Arguments => Reply::BadArguments,
            Fault::Sender => Reply::BadSender,
            Fault::Recipient => Reply::BadRecipient,
            Fault::Parameter => Reply::UnknownParameter,
        }
    }
}

impl From<Discarded> for Reply {
    fn from(why: Discarded) -> Self {
        match why {
            Discarded::TooLarge => Reply::TooLarge,
            Discarded::NoRoom => Reply::NoRoom,
        }
    }
}

impl From<Taken> for Reply {
    fn from(taken: Taken) -> Self {
        match taken {
            Ok(numbers) => Reply::Taken(numbers),
            Err(Refusal::Busy | Refusal::Away) => Reply::TryAgain,
            Err(Refusal::Full) => Reply::DiskFull,
            Err(Refusal::Stopping) => Reply::Stopping,
        }
    }
}
