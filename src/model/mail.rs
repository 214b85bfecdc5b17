//! A mail as it was read: never a failure, always a value and its defects.

use std::fmt;

use super::address::{Address, Mailbox};
use super::message::{Attachment, Original};
use super::time::Time;

/// What `decide::parse` makes of raw octets. Header values are decoded, on one line and without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// Decoded subject, perhaps empty.
    pub subject: String,
    /// Every address of every From field.
    pub from: Vec<Mailbox>,
    /// To.
    pub to: Vec<Mailbox>,
    /// Cc.
    pub cc: Vec<Mailbox>,
    /// Reply-To.
    pub reply_to: Vec<Mailbox>,
    /// Addresses that servers on the way noted (Delivered-To, X-Original-To, X-Forwarded-To, Envelope-To, Resent-To), for mail that lost its
    /// envelope.
    pub delivered_to: Vec<Address>,
    /// The Date field as it stood.
    pub date: String,
    /// The same as a time, when it can be read.
    pub sent_at: Option<Time>,
    /// Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To, then References from the right-most to the left, without repeats, at most as many as the limit says.
    pub references: Vec<String>,
    /// What the author newly wrote: LF line ends, Unicode NFC, no control characters but LF and tab.
    pub text: String,
    /// What was cut from it, in the same form.
    pub quoted: String,
    /// Its HTML, all of it, sanitised: no script, no form, nothing that is fetched from elsewhere. `None` when it has none.
    pub html: Option<String>,
    /// The mail that it passes on, when its author forwarded one.
    pub forwarded: Option<Forwarded>,
    /// How it is signed or encrypted.
    pub protection: Option<Protection>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// What can be read in the files, for those who must know before they are passed on.
    pub enclosed: Vec<Enclosed>,
    /// Signs of a machine at work.
    pub marks: Marks,
    /// What it reports of another mail, when a machine wrote it to do so.
    pub report: Option<Report>,
    /// SHA-256 over Message-ID, From, To, Cc, Date, Subject and the body with its line ends made equal.
    pub content_key: [u8; 32],
    /// What was wrong with it, in plain words.
    pub defects: Vec<Defect>,
}

/// A mail that was forwarded, and what was written above it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// Who wrote it, when, and what about.
    pub original: Original,
    /// The words of whoever passes it on, in the form of `Mail::text`, perhaps empty.
    pub words: String,
    /// The text of the original, in the same form.
    pub text: String,
}

/// How a mail is protected on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Signed with OpenPGP (RFC 3156, or in the text as RFC 9580 section 7 has it).
    SignedPgp,
    /// Signed with S/MIME (RFC 8551).
    SignedSmime,
    /// Encrypted with OpenPGP: it cannot be read here.
    EncryptedPgp,
    /// Encrypted with S/MIME: it cannot be read here.
    EncryptedSmime,
}

impl Protection {
    const ALL: [Protection; 4] = [Self::SignedPgp, Self::SignedSmime, Self::EncryptedPgp, Self::EncryptedSmime];

    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Protection::SignedPgp => "signed-pgp",
            Protection::SignedSmime => "signed-smime",
            Protection::EncryptedPgp => "encrypted-pgp",
            Protection::EncryptedSmime => "encrypted-smime",
        }
    }

    /// Reads a name back.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protection| protection.name() == name)
    }
}

/// What can be read in a file, mails in it to the last. Of very large ones the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enclosed {
    /// Position among the attachments.
    pub file: usize,
    /// Subjects and texts, in the form of `Mail::text`.
    pub text: String,
    /// Words before an `@`, in headers and texts, that have the form of our tokens.
    pub tokens: Vec<String>,
}

/// Signs in the header that no person wrote this mail, or that it is going in circles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Value of Auto-Submitted (RFC 3834 section 5) in lower case without parameters, unless it is `no`.
    pub auto_submitted: Option<String>,
    /// Precedence is `bulk`, `junk` or `list`.
    pub precedence: Option<String>,
    /// Name of the first list field found: List-Id, List-Unsubscribe, List-Post …
    pub list_field: Option<String>,
    /// How many Received fields there are.
    pub received: usize,
    /// It is a delivery report: `multipart/report; report-type=delivery-status` (RFC 3462).
    pub delivery_report: bool,
    /// Why the author cannot be taken from From for certain, in words; `None` when another reader must find the same address.
    pub doubtful_from: Option<&'static str>,
    /// The report type of a `multipart/report` that is about something else: `disposition-notification`, `feedback-report` …
    pub other_report: Option<String>,
    /// Name of the first field found that only programs write which answer by themselves: X-Autoreply, X-Autorespond …
    pub autoreply_field: Option<String>,
    /// Name of the first field found that only machines write, of whatever kind: X-Cron-Env, X-FC-MachineGenerated …
    pub machine_field: Option<String>,
    /// Feedback-ID is there, which services for mass mail write.
    pub feedback_id: bool,
    /// X-Auto-Response-Suppress asks for no automatic answer (MS-OXCMAIL section 2.1.3.2.22). A person's mail may do that too.
    pub suppresses_answers: bool,
    /// The header says that the envelope sender was null: `Return-Path: <>`, of use where the envelope is lost.
    pub null_return_path: bool,
    /// Name of the first field found that rules of a mailbox leave on what they answer, and on what they pass on: no proof alone.
    pub rule_field: Option<String>,
    /// Language of the form that the subject has of an automatic answer, `en`: people may write such a subject too.
    pub answer_subject: Option<&'static str>,
    /// The text has a turn of automatic answers near its beginning. Looked for only where another sign is there already.
    pub answer_words: bool,
    /// Values of X-Loop, in lower case: the gateways that have had it.
    pub loops: Vec<String>,
}

/// What a machine reports of another mail: in a form that was made for it, or in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What it reports.
    pub kind: ReportKind,
    /// What became of the mail, by recipient. Empty when nothing could be read.
    pub recipients: Vec<Reported>,
    /// Message-ID of the mail that it speaks of, without angle brackets.
    pub message_id: Option<String>,
    /// Whether it has the form of its kind; otherwise it was read from a text.
    pub structured: bool,
}

impl Report {
    /// Whether it speaks of a delivery, so that the mail is a bounce (or a delay, or a success).
    pub fn is_delivery(&self) -> bool {
        self.kind == ReportKind::Delivery
    }
}

/// What a report is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReportKind {
    /// A delivery that failed, was late, or succeeded (RFC 3464).
    #[default]
    Delivery,
    /// What a recipient did with the mail: a read receipt (RFC 8098).
    Disposition,
    /// A complaint about the mail (RFC 5965).
    Feedback,
}

impl ReportKind {
    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            ReportKind::Delivery => "delivery",
            ReportKind::Disposition => "disposition",
            ReportKind::Feedback => "feedback",
        }
    }
}

/// What a report says of one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reported {
    /// The address as it was finally tried, and the one that was asked for: none, one, or both.
    pub addresses: Vec<Address>,
    /// What became of the mail.
    pub action: Action,
    /// Status code (RFC 3463): `5.1.1`.
    pub status: Option<StatusCode>,
    /// The status is a conclusion from words or from a reply code of SMTP; the report gives none.
    pub inferred: bool,
    /// The other server's words, on one line, perhaps empty. Of a receipt its disposition, of a complaint its type.
    pub diagnostic: String,
}

impl Reported {
    /// Whether trying again is of no use: a failure of class 5, or one without any code. A failure of class 4 ended this mail only.
    pub fn is_permanent(&self) -> bool {
        self.action == Action::Failed && self.status.is_none_or(|status| status.0 == 5)
    }
}

/// What became of a mail (RFC 3464 section 2.3.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Action {
    /// It will not be delivered.
    #[default]
    Failed,
    /// It has not been delivered yet.
    Delayed,
    /// It has been delivered.
    Delivered,
    /// It was passed on to where no reports come from.
    Relayed,
    /// It was delivered to a list, which passes it on.
    Expanded,
}

impl Action {
    const ALL: [Action; 5] = [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded];

    /// The name that RFC 3464 gives it.
    pub fn name(self) -> &'static str {
        match self {
            Action::Failed => "failed",
            Action::Delayed => "delayed",
            Action::Delivered => "delivered",
            Action::Relayed => "relayed",
            Action::Expanded => "expanded",
        }
    }

    /// Reads a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| name.eq_ignore_ascii_case(action.name()))
    }
}

/// A status code (RFC 3463): class, subject and detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusCode(pub u8, pub u16, pub u16);

impl StatusCode {
    /// Reads `5.1.1`: a class of 2, 4 or 5 and two numbers of at most three digits, with nothing around them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.');
        let mut number =
            || numbers.next().filter(|digits| (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
        let (class, subject, detail) = (number()?, number()?, number()?);
        let class = class.parse().ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        numbers.next().is_none().then_some(Self(class, subject.parse().ok()?, detail.parse().ok()?))
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Something wrong with a mail that did not keep it from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Short name, for counting.
    pub name: &'static str,
    /// What exactly, for a person.
    pub detail: String,
}
