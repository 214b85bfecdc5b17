//! Which department a mail is for, and which public mailbox its writer knows.

use super::Case;
use crate::model::address::Address;
use crate::model::arrival::Cause;
use crate::model::desk::{Department, Desk};

/// The department and the identity that answers leave from.
#[derive(Debug, Clone)]
pub struct Route<'a> {
    /// The department.
    pub department: &'a Department,
    /// The public address that the mail was written to, as far as it can be told.
    pub mailbox: Address,
}

/// The department was settled at the door by the envelope recipients; the mailbox is looked for in them first, then in the header,
/// where it stands when a provider forwarded the mail to the system address.
pub fn route<'a>(case: &Case, desk: &'a Desk, reasons: &mut Vec<String>) -> Result<Route<'a>, Cause> {
    let Some(department) = desk.department(&case.arrival.department) else {
        reasons.push(format!("the department {} is not in the configuration any more", case.arrival.department));
        return Err(Cause::NoSuchDepartment);
    };
    let mail = &case.mail;
    let header = mail.to.iter().chain(&mail.cc).map(|mailbox| &mailbox.address).chain(&mail.delivered_to);
    // Out of a folder of sent mail: the address that it was sent from.
    let sent_from = mail.from.iter().map(|mailbox| &mailbox.address).filter(|_| case.is_archived());
    let mailbox = case
        .arrival
        .recipients
        .iter()
        .chain(header)
        .chain(sent_from)
        .find(|address| department.mailboxes.contains(address))
        .unwrap_or(&department.address);
    reasons.push(format!("for the department {}, written to {mailbox}", department.key));
    Ok(Route { department, mailbox: mailbox.clone() })
}
