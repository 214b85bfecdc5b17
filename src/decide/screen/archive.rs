//! Who wrote a mail of an archive. An operator vouches for the archive, so nobody has to prove anything, and for the same reason nothing
//! that stands in it is obeyed: an agent's mail is words of the desk.

use super::{Machine, Writer, author, machine};
use crate::decide::Case;
use crate::model::arrival::Cause;
use crate::model::desk::Desk;

/// A machine, the desk or a customer; an error where nobody is named at all.
pub(super) fn writer<'a>(case: &Case, desk: &'a Desk, reasons: &mut Vec<String>) -> Result<Writer<'a>, Cause> {
    let author = author(case);
    let agent = author.as_ref().and_then(|mailbox| desk.agent_by_address(&mailbox.address));
    let of_desk = agent.is_some() || author.as_ref().is_some_and(|mailbox| desk.is_ours(&mailbox.address));
    if let Some((kind, why)) = machine::of_archive(case, of_desk, desk, reasons) {
        reasons.push(format!("automatic: {why}"));
        return Ok(Writer::Machine(Machine { mailbox: author, kind }));
    }
    let Some(mailbox) = author else {
        reasons.push("no address in From and none in the envelope: nobody wrote it".to_owned());
        return Err(Cause::NoSender);
    };
    match agent {
        Some(agent) => reasons.push(format!("from the agent {}, out of an archive: it is shown, and does nothing", agent.key)),
        None if of_desk => reasons.push(format!("from our own address {}, out of an archive", mailbox.address)),
        None => reasons.push(format!("from {}, out of an archive", mailbox.address)),
    }
    Ok(if of_desk { Writer::Desk { agent, mailbox } } else { Writer::Customer(mailbox) })
}
