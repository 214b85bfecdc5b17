//! A mail as it was read: never a failure, always a value and its defects.

use super::address::{Address, Mailbox};
use super::message::Attachment;

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
    /// Addresses in Delivered-To and X-Original-To, for mail that lost its envelope on the way.
    pub delivered_to: Vec<Address>,
    /// The Date field as it stood.
    pub date: String,
    /// Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To, then References from the right-most to the left, without repeats, at most as many as the limit says.
    pub references: Vec<String>,
    /// What the author newly wrote: LF line ends, Unicode NFC, no control characters but LF and tab.
    pub text: String,
    /// What was cut from it, in the same form.
    pub quoted: String,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// What can be read in the files, for those who must know before they are passed on.
    pub enclosed: Vec<Enclosed>,
    /// Signs of a machine at work.
    pub marks: Marks,
    /// SHA-256 over Message-ID, From, To, Cc, Date, Subject and the body with its line ends made equal.
    pub content_key: [u8; 32],
    /// What was wrong with it, in plain words.
    pub defects: Vec<Defect>,
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
}

/// Something wrong with a mail that did not keep it from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Short name, for counting.
    pub name: &'static str,
    /// What exactly, for a person.
    pub detail: String,
}
