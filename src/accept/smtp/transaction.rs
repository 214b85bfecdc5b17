//! One mail transaction: from MAIL to the end of DATA.
//!
//! A recipient that is named twice is one recipient; in LMTP it is two replies all the same (RFC 2033 section 4.2).

use super::Sender;
use crate::model::address::Address;

/// The envelope as it grows.
#[derive(Debug)]
pub struct Transaction {
    /// Envelope sender.
    pub sender: Sender,
    /// Whether SMTPUTF8 was asked for.
    pub utf8: bool,
    /// Whether a recipient was refused.
    pub refused: bool,
    departments: Vec<(String, Vec<Address>)>,
    recipients: usize,
    /// Where each of them gets a reply: the department of each RCPT that was taken, in their order.
    taken: Option<Vec<usize>>,
}

impl Transaction {
    /// An envelope without recipients. `each`: every RCPT that is taken will get a reply of its own after DATA.
    pub fn new(sender: Sender, utf8: bool, each: bool) -> Self {
        let taken = each.then(Vec::new);
        Self { sender, utf8, refused: false, departments: Vec::new(), recipients: 0, taken }
    }

    /// Recipients so far; one that was named twice counts once.
    pub fn recipients(&self) -> usize {
        self.recipients
    }

    /// Whether there is no room for another one. Who is named again takes room where the naming has to be remembered.
    pub fn is_full(&self, limit: usize) -> bool {
        self.taken.as_ref().map_or(self.recipients, Vec::len) >= limit
    }

    /// Replies that the mail gets after DATA: one, or one for each RCPT that was taken.
    pub fn replies(&self) -> usize {
        self.taken.as_ref().map_or(1, Vec::len)
    }

    /// Adds a recipient to its department, in the order in which departments were first named.
    pub fn add(&mut self, department: String, recipient: Address) {
        let known = self.departments.iter().position(|(key, _)| *key == department);
        let at = known.unwrap_or_else(|| {
            self.departments.push((department, Vec::new()));
            self.departments.len() - 1
        });
        if let Some(taken) = &mut self.taken {
            taken.push(at);
        }
        let recipients = &mut self.departments[at].1;
        // Not by Address's own comparison, which allocates: a client may send a thousand of them.
        if !recipients.iter().any(|known| known.as_str().eq_ignore_ascii_case(recipient.as_str())) {
            recipients.push(recipient);
            self.recipients += 1;
        }
    }

    /// Where each RCPT that was taken gets a reply: the place of its department among those below.
    pub fn waiting(&mut self) -> Option<Vec<usize>> {
        self.taken.take()
    }

    /// The departments with the recipients that led to each.
    pub fn into_departments(self) -> Vec<(String, Vec<Address>)> {
        self.departments
    }
}
