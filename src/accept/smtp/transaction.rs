//! One mail transaction: from MAIL to the end of DATA.

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
}

impl Transaction {
    /// An envelope without recipients.
    pub fn new(sender: Sender, utf8: bool) -> Self {
        Self { sender, utf8, refused: false, departments: Vec::new(), recipients: 0 }
    }

    /// Recipients so far; one that was named twice counts once.
    pub fn recipients(&self) -> usize {
        self.recipients
    }

    /// Adds a recipient to its department, in the order in which departments were first named.
    pub fn add(&mut self, department: String, recipient: Address) {
        let known = self.departments.iter().position(|(key, _)| *key == department);
        let recipients = match known {
            Some(at) => &mut self.departments[at].1,
            None => &mut self.departments.push_mut((department, Vec::new())).1,
        };
        // Not by Address's own comparison, which allocates: a client may send a thousand of them.
        if !recipients.iter().any(|known| known.as_str().eq_ignore_ascii_case(recipient.as_str())) {
            recipients.push(recipient);
            self.recipients += 1;
        }
    }

    /// The departments with the recipients that led to each.
    pub fn into_departments(self) -> Vec<(String, Vec<Address>)> {
        self.departments
    }
}
