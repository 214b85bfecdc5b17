//! Mail from the customer side: a request, or a reply to a ticket.

use super::flood::{self, Flood};
use super::{Matter, customer_author, due};
use crate::decide::recall::Acknowledged;
use crate::decide::screen::is_human_by_configuration;
use crate::decide::watchers::Happening;
use crate::decide::write::{NO_SUBJECT, bare_subject};
use crate::decide::{Decision, Relation, TicketChange};
use crate::model::address::Mailbox;
use crate::model::arrival::Outcome;
use crate::model::message::Kind;
use crate::model::notice;
use crate::model::ticket::{Lately, Priority, Status, Ticket};

/// A new ticket, perhaps one that continues a closed one.
pub(super) fn request(
    matter: &Matter<'_>,
    from: &Mailbox,
    related: Option<(&Ticket, Relation)>,
    mut reasons: Vec<String>,
) -> Decision {
    let mut ticket = new_ticket(matter, from.clone(), false);
    let mut events = vec![matter.event(&ticket, from.address.as_str(), "created", None, Some(Status::New.name()))];
    if let Some((old, _)) = related {
        events.push(matter.event(&ticket, from.address.as_str(), "related", None, Some(&old.number.to_string())));
    }
    assign_by_default(matter, &mut ticket, false, &mut events);
    due::settle(matter, None, &mut ticket);
    if matter.case.authenticity.is_proven() {
        let continued = related.filter(|(_, relation)| *relation == Relation::FollowUp);
        let mut people = continued.map(|(old, _)| old.followers.clone()).unwrap_or_default();
        people.extend(matter.case.mail.cc.iter().cloned());
        matter.add_followers(&mut ticket, &people, from.address.as_str(), &mut events);
    }
    matter.suggest_followers(&ticket, from.address.as_str(), &mut events);
    ticket.heard(&from.address, matter.case.authenticity.is_proven(), matter.rules.now);
    let acknowledge = match acknowledgement(matter, from) {
        Ok(()) => true,
        Err(why) => {
            reasons.push(format!("no acknowledgement: {why}"));
            false
        }
    };
    let message = matter.message(&ticket, Kind::Request, customer_author(from));
    let happening = Happening {
        event: notice::Event::Request,
        author: &from.address,
        proven: matter.case.authenticity.is_proven(),
        addressed: &[],
        acknowledge,
        begun: false,
        dead: &matter.facts.dead,
    };
    let mut decision = Decision::of(matter.case, Outcome::Request, reasons);
    decision.events = events;
    let change = TicketChange { ticket, before: None, related: related.map(|(old, relation)| (old.number, relation)) };
    matter.conclude(&mut decision, change, message, Some(happening));
    decision
}

pub(super) fn new_ticket(matter: &Matter<'_>, requester: Mailbox, internal: bool) -> Ticket {
    let mail = &matter.case.mail;
    Ticket {
        number: matter.facts.next_number,
        department: matter.route.department.key.clone(),
        subject: if mail.subject.is_empty() { NO_SUBJECT.to_owned() } else { mail.subject.clone() },
        status: Status::New,
        priority: Priority::Medium,
        due_at: None,
        due_by_hand: false,
        reminded_of: None,
        overdue_of: None,
        language: matter.language_of(&mail.text),
        recent: Vec::new(),
        internal,
        requester,
        assignee: None,
        mailbox: matter.route.mailbox.clone(),
        first_message_id: mail.message_id.clone(),
        last_message_id: mail.message_id.clone(),
        created_at: matter.rules.now,
        updated_at: matter.rules.now,
        closed_at: None,
        followers: Vec::new(),
        participants: Vec::new(),
        tags: Vec::new(),
        proven: Vec::new(),
        lately: Lately::default(),
    }
}

/// Somebody responsible makes a ticket `open`.
pub(super) fn assign_by_default(
    matter: &Matter<'_>,
    ticket: &mut Ticket,
    internal: bool,
    events: &mut Vec<crate::model::ticket::Event>,
) {
    let department = matter.route.department;
    let assignee = if internal { &department.internal_assignee } else { &department.assignee };
    if let Some(key) = assignee {
        ticket.assignee = Some(key.clone());
        events.push(matter.event(ticket, "postdesk", "assignee", None, Some(key)));
        matter.set_status(ticket, Status::Open, "postdesk", events);
    }
}

/// Whether the requester may be sent an acknowledgement: a machine that answers each of our mails, or a forged sender, must not
/// make us write more than a few.
pub(super) fn acknowledgement(matter: &Matter<'_>, from: &Mailbox) -> Result<(), String> {
    let caps = matter.rules.desk.caps;
    let sent = matter.facts.acknowledged.get(&from.address.key()).copied().unwrap_or(Acknowledged::default());
    if !matter.route.department.acknowledge {
        Err(format!("the department {} sends none", matter.route.department.key))
    } else if !matter.case.authenticity.is_proven() {
        Err("the sender is not proven".to_owned())
    } else if matter.case.mail.marks.suppresses_answers {
        Err("its X-Auto-Response-Suppress field asks for no automatic answer".to_owned())
    } else if is_human_by_configuration(matter.case, matter.rules.desk) {
        Err("`[automatic_mail] human_senders` names its sender, who may be a machine all the same".to_owned())
    } else if sent.hour >= caps.per_hour {
        Err(format!("{} had {} within the hour (`[acknowledgements] per_hour`)", from.address, sent.hour))
    } else if sent.day >= caps.per_day {
        Err(format!("{} had {} within the day (`[acknowledgements] per_day`)", from.address, sent.day))
    } else if matter.facts.acknowledged_in_all >= caps.total_per_day {
        Err(format!("{} were sent within the day (`[acknowledgements] total_per_day`)", matter.facts.acknowledged_in_all))
    } else {
        Ok(())
    }
}

/// A reply to a ticket: it is our turn again. Long after closing, it is a new ticket that names the old one.
pub(super) fn reply(matter: &Matter<'_>, from: &Mailbox, old: &Ticket, mut reasons: Vec<String>) -> Decision {
    if let Some(why) = continues_anew(matter, old) {
        reasons.push(why);
        return request(matter, from, Some((old, Relation::FollowUp)), reasons);
    }
    let mut ticket = old.clone();
    let mut events = Vec::new();
    let actor = from.address.as_str();
    let is_open = matches!(ticket.status, Status::New | Status::Open);
    if !is_open {
        matter.set_status(&mut ticket, Status::Open, actor, &mut events);
    }
    due::settle(matter, Some(old).filter(|old| !is_of_an_archive(old)), &mut ticket);
    let proven = matter.case.authenticity.is_proven();
    if proven && ticket.requester.address == from.address {
        matter.add_followers(&mut ticket, &matter.case.mail.cc, actor, &mut events);
    }
    matter.suggest_followers(&ticket, actor, &mut events);
    ticket.heard(&from.address, proven, matter.rules.now);
    ticket.updated_at = matter.rules.now;
    if matter.case.mail.message_id.is_some() {
        ticket.last_message_id.clone_from(&matter.case.mail.message_id);
    }
    let message = matter.message(&ticket, Kind::Reply, customer_author(from));
    let flood = flood::of_replies(matter, old, &mut events, &mut reasons);
    let mail = &matter.case.mail;
    let addressed: Vec<_> = mail.to.iter().chain(&mail.cc).map(|person| &person.address).collect();
    let happening = Happening {
        event: notice::Event::Reply,
        author: &from.address,
        proven: proven && flood < Flood::Customers,
        addressed: &addressed,
        acknowledge: false,
        begun: false,
        dead: &matter.facts.dead,
    };
    let mut decision = Decision::of(matter.case, Outcome::Reply, reasons);
    decision.events = events;
    let change = TicketChange { ticket, before: Some(old.clone()), related: None };
    matter.conclude(&mut decision, change, message, Some(happening).filter(|_| flood < Flood::Everybody));
    decision
}

/// Why a reply to a closed ticket opens another one, if it does. What was written before it was closed belongs to it.
pub(super) fn continues_anew(matter: &Matter<'_>, old: &Ticket) -> Option<String> {
    let closed_at = old.closed_at?;
    let reference = matter.rules.desk.reference(old);
    if closed_at.plus(matter.department_of(old).reopen_within) < matter.rules.now {
        return Some(format!("{reference} was closed too long ago to be opened again: a new ticket that names it"));
    }
    let before = matter.case.is_archived() && matter.rules.now < closed_at;
    let another = !before && matter.case.arrival.release.is_none() && is_another_subject(matter, old);
    another.then(|| format!("{reference} is closed and the subject is another one: a new ticket that names it"))
}

/// Whether a ticket is out of an archive, and nobody has written to it since: nothing was ever due there.
fn is_of_an_archive(ticket: &Ticket) -> bool {
    ticket.due_at.is_none() && ticket.lately == Lately::default()
}

/// Whether a mail speaks of something else than the ticket, going by the subject. Gateways and clients put words before it, and cut it.
fn is_another_subject(matter: &Matter<'_>, ticket: &Ticket) -> bool {
    let desk = matter.rules.desk;
    let bare = |subject: &str| bare_subject(subject, desk).to_lowercase();
    let (now, before) = (bare(&matter.case.mail.subject), bare(&ticket.subject));
    !matter.case.mail.subject.trim().is_empty() && !now.contains(&before) && !before.contains(&now)
}
