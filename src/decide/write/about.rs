//! What a notice can say: of the ticket, of the message, and of those before it.

use std::borrow::Cow;
use std::time::Duration;

use super::files::{self, Enclosed};
use super::page::{self, Blocks};
use super::phrases::Voice;
use super::scrub::scrub;
use super::words::{Person, Words};
use super::{Notice, called, reference, titled, voice};
use crate::decide::watchers::Watcher;
use crate::decide::{Relation, Rules};
use crate::model::address::Address;
use crate::model::desk::Department;
use crate::model::message::Attachment;
use crate::model::notice::Event;
use crate::model::ticket::{Recent, Status, Ticket};
use crate::model::time::Time;

/// Earlier messages that a notice to agents quotes.
const QUOTED: usize = 3;

/// What a notice says, and where the files of the message stand in it.
pub(super) fn words<'a>(notice: &Notice<'a>, rules: Rules<'a>, files: &'a [Attachment]) -> (Words<'a>, Vec<Enclosed<'a>>) {
    let Notice { ticket, department, message, watcher, .. } = *notice;
    let address = message.author.address.as_ref();
    let related = |kind| {
        let number = notice.related.filter(|(_, relation)| *relation == kind).map(|(number, _)| number);
        number.map(|number| reference(department, number)).unwrap_or_default()
    };
    let is_agent = watcher.agent.is_some();
    let passed_on = message.remark.as_ref().filter(|_| is_agent);
    let words = ticket_words(ticket, department, watcher, rules);
    let voice = voice(watcher, Some(ticket), department, rules);
    let (blocks, enclosed) = told(notice, rules, files, voice);
    let words = Words {
        passed_on_by: passed_on
            .map(|remark| called(&remark.author.name, remark.author.address.as_ref(), voice))
            .unwrap_or_default(),
        suggested: notice.suggested.iter().map(|address| address.as_str()).filter(|_| is_agent).collect(),
        changed_by: called(&message.author.name, address, voice),
        author: Person {
            name: called(&message.author.name, address, voice),
            address: address.map(Address::as_str).unwrap_or_default(),
        },
        signed_by: if watcher.event == Event::Answer && !is_agent { message.author.name.as_str() } else { "" },
        proven: message.authenticated,
        internal: watcher.event == Event::Note,
        follows: related(Relation::FollowUp),
        stranger_to: if is_agent { related(Relation::Stranger) } else { String::new() },
        blocks: Blocks {
            note_above: passed_on.map(|remark| remark.text.as_str()).unwrap_or_default(),
            history: if is_agent { history(ticket, message.arrival, voice) } else { Vec::new() },
            facts: words.blocks.facts,
            ..blocks
        },
        ..words
    };
    (words, enclosed)
}

/// The words of the message with the files that stand in them and beside them.
fn told<'a>(notice: &Notice<'a>, rules: Rules<'a>, files: &'a [Attachment], voice: Voice<'_>) -> (Blocks<'a>, Vec<Enclosed<'a>>) {
    let (message, is_agent) = (notice.message, notice.watcher.agent.is_some());
    let text = match (is_agent, message.kind.is_public()) {
        (true, _) => Cow::Borrowed(message.text.as_str()),
        (false, true) => scrub(&message.text, rules.desk),
        // What closed a ticket may have been a note, and whoever writes the texts need not know.
        (false, false) => Cow::Borrowed(""),
    };
    // The HTML of an agent holds commands and links that are the agent's own, so a customer's is made of the text.
    let html = files::shown_html(message).filter(|_| is_agent);
    let (enclosed, pictures) = files::placed(files, message, html, &text, rules.desk.limits.attached);
    let (beside, within) = files::lines(&enclosed, message, is_agent, voice);
    let blocks = Blocks {
        text,
        html,
        pictures,
        inside: files::inside(&enclosed),
        files: beside,
        files_inside: within,
        ..Blocks::default()
    };
    (blocks, enclosed)
}

/// The public messages before that of an arrival.
pub(super) fn history<'a>(ticket: &'a Ticket, arrival: i64, voice: Voice<'_>) -> Vec<(String, &'a str)> {
    let earlier = ticket.recent.iter().filter(|recent| recent.arrival < arrival);
    let above = |recent: &Recent| voice.say("history.above", &[("name", &recent.author), ("date", &voice.date(Time(recent.at)))]);
    let mut quoted: Vec<_> = earlier.rev().take(QUOTED).map(|recent| (above(recent), recent.text.as_str())).collect();
    quoted.reverse();
    quoted
}

pub(super) fn ticket_words<'a>(
    ticket: &'a Ticket,
    department: &'a Department,
    watcher: &Watcher<'a>,
    rules: Rules<'a>,
) -> Words<'a> {
    let assignee = ticket.assignee.as_deref().and_then(|key| rules.desk.agent(key));
    let voice = voice(watcher, Some(ticket), department, rules);
    let is_agent = watcher.agent.is_some();
    let words = Words {
        reference: reference(department, ticket.number),
        subject: titled(&ticket.subject, rules.desk, voice),
        status: voice.status(ticket.status),
        closed: ticket.status == Status::Closed,
        department: &department.name,
        requester: Person { name: ticket.requester.called(), address: ticket.requester.address.as_str() },
        assignee: assignee.map(|agent| agent.name.as_str()).unwrap_or_default(),
        due: ticket.due_at.filter(|_| is_agent).map(|due| voice.due(due)).unwrap_or_default(),
        answer_within: department.answer_within.map(|span| answer_time(department, span, voice)).unwrap_or_default(),
        reopen_within: voice.span(department.reopen_within),
        proven: true,
        to_agent: is_agent,
        ..Words::default()
    };
    let facts = if is_agent { facts(ticket, &words, voice) } else { Vec::new() };
    Words { blocks: Blocks { facts, ..Blocks::default() }, ..words }
}

/// The answer time that customers are promised; where it is counted in working hours it says so, or a Friday evening would promise too much.
fn answer_time(department: &Department, span: Duration, voice: Voice<'_>) -> String {
    let span = voice.span(span);
    if department.hours.are_round_the_clock() { span } else { voice.say("span.working", &[("span", &span)]) }
}

/// What an agent needs to know of a ticket in order to act.
fn facts(ticket: &Ticket, words: &Words<'_>, voice: Voice<'_>) -> Vec<(String, String)> {
    let label = |key: &str| voice.say(&format!("fact.{key}"), &[]);
    let responsible = if words.assignee.is_empty() { label("nobody") } else { words.assignee.to_owned() };
    let all = [
        ("reference", format!("{} {}", words.reference, words.subject)),
        ("requester", format!("{} <{}>", words.requester.name, words.requester.address)),
        ("department", words.department.to_owned()),
        ("status", words.status.clone()),
        ("priority", voice.priority(ticket.priority)),
        ("due", words.due.clone()),
        ("assignee", responsible),
        ("tags", ticket.tags.join(", ")),
    ];
    let told = all.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(key, value)| (label(key), page::on_one_line(&value).into_owned())).collect()
}
