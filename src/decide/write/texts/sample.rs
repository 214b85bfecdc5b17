//! Sample words: what texts are tried and shown with.

use super::super::page::Blocks;
use super::super::phrases::Voice;
use super::super::receipt::commands;
use super::super::words::{Account, AlarmWords, Done, Entry, HeldWords, Person, Refusal, Returned, Words};
use crate::decide::phrase::Phrase;
use crate::decide::update::held::KNOWN;
use crate::model::arrival::Cause;
use crate::model::notice::Event;
use crate::model::ticket::{Priority, Status};
use crate::model::time::Time;
use std::time::Duration;

/// 2026-11-12 10:05 in UTC, a Thursday.
const THEN: Time = Time(1_794_477_900_000_000);
const HOUR: u64 = 3_600;
const ANA: Person<'_> = Person { name: "Ana Kovač", address: "ana@staff.example" };

/// The words of an event as a mail of it would have them.
pub(super) fn of(event: &str, to_agent: bool, voice: Voice<'_>) -> Words<'static> {
    let words = full(to_agent, voice);
    match event {
        "closed" => Words { closed: true, status: voice.status(Status::Closed), ..words },
        "answer" => Words { author: ANA, signed_by: if to_agent { "" } else { ANA.name }, ..words },
        "note" => Words { author: ANA, internal: true, ..words },
        "receipt" => Words { done: done(voice), blocks: Blocks { text: "".into(), ..words.blocks }, ..words },
        "undelivered" => Words { returned: returned(voice), ..words },
        "digest" => Words { held: several(voice), ..words },
        "operated" => Words { held: operated(voice), ..words },
        "held" => Words { held: one(voice), ..words },
        "alarm" => Words { alarm: alarm(voice, &["sales", "support"]), ..words },
        _ => words,
    }
}

/// Words that between them take every turn that a text may take, for every text.
pub(super) fn all(voice: Voice<'_>) -> Vec<Words<'static>> {
    let agent = || full(true, voice);
    let stopped = || Words { refused: refused(voice), ..agent() };
    let mut all: Vec<Words<'static>> =
        Event::ALL.into_iter().flat_map(|event| [true, false].map(|to_agent| of(event.name(), to_agent, voice))).collect();
    all.extend([
        Words::default(),
        Words { to_agent: true, ..Words::default() },
        Words { closed: true, ..full(false, voice) },
        Words { help: true, done: Vec::new(), ..agent() },
        stopped(),
        Words { of_note: true, ..stopped() },
        Words { reference: String::new(), internal: true, ..stopped() },
        Words { refused: vec![Refusal { line: String::new(), why: voice.word("unclear.none").to_owned() }], ..agent() },
        Words { held: operated(voice), ..agent() },
        Words { alarm: alarm(voice, &["sales"]), ..agent() },
        Words { returned: Returned { dead: true, ..returned(voice) }, ..agent() },
        Words { returned: Returned { given_up: true, ..returned(voice) }, ..agent() },
        Words { returned: Returned { said: String::new(), meaning: String::new(), ..returned(voice) }, ..agent() },
        Words {
            passed_on_by: "Boris Ilić",
            proven: false,
            follows: "SUP-3".to_owned(),
            stranger_to: "SUP-5".to_owned(),
            suggested: vec!["leo@customer.example", "tea@customer.example"],
            blocks: Blocks { note_above: "Please look at this today.", ..agent().blocks },
            ..agent()
        },
    ]);
    all
}

fn full(to_agent: bool, voice: Voice<'_>) -> Words<'static> {
    let person = Person { name: "Mia Berg", address: "mia@customer.example" };
    let span = |hours: u64| voice.span(Duration::from_secs(hours * HOUR));
    let due = voice.due(THEN.plus(Duration::from_secs(30 * HOUR)));
    let facts = [
        ("fact.reference", "SUP-7 Broken kettle".to_owned()),
        ("fact.requester", "Mia Berg <mia@customer.example>".to_owned()),
        ("fact.department", "Example Support".to_owned()),
        ("fact.status", voice.status(Status::Open)),
        ("fact.priority", voice.priority(Priority::Medium)),
        ("fact.due", due.clone()),
        ("fact.assignee", "Ana Kovač".to_owned()),
        ("fact.tags", voice.say("list.comma", &[("before", "kettle"), ("next", "warranty")])),
    ];
    let above = voice.say("history.above", &[("name", "Mia Berg"), ("date", &voice.date(THEN))]);
    let attached = voice.say("file.attached", &[("name", "kettle.jpg"), ("size", &voice.size(1_468_006))]);
    Words {
        reference: "SUP-7".to_owned(),
        subject: "Broken kettle".to_owned(),
        status: voice.status(Status::Open),
        department: "Example Support",
        requester: person,
        author: person,
        proven: true,
        assignee: "Ana Kovač",
        due: if to_agent { due } else { String::new() },
        answer_within: span(8),
        reopen_within: span(14 * 24),
        changed_by: "Ana Kovač",
        commands: commands(voice),
        to_agent,
        blocks: Blocks {
            text: "The kettle does not boil any more.".into(),
            own_words: "Dear Mia,\n\na new one is on its way.",
            facts: if to_agent { facts.map(|(label, value)| (voice.word(label).to_owned(), value)).into() } else { Vec::new() },
            history: if to_agent { vec![(above, "I bought a kettle of yours.")] } else { Vec::new() },
            files: vec![attached],
            ..Blocks::default()
        },
        ..Words::default()
    }
}

fn done(voice: Voice<'_>) -> Vec<String> {
    let sentences = [
        Phrase::new("done.assign").with("name", "Ana Kovač"),
        Phrase::new("done.due").day("day", THEN),
        Phrase::new("done.answer"),
    ];
    sentences.iter().map(|phrase| voice.tell(phrase)).collect()
}

fn refused(voice: Voice<'_>) -> Vec<Refusal> {
    let all = [
        ("#clsoe", Phrase::new("refused.unknown-near").with("word", "close")),
        ("#tag", Phrase::new("refused.lacks").with("form", "#tag WORD WORD")),
    ];
    all.iter().map(|(line, why)| Refusal { line: (*line).to_owned(), why: voice.tell(why) }).collect()
}

fn returned(voice: Voice<'_>) -> Returned {
    Returned {
        address: "mia@customer.example".to_owned(),
        what: voice.word("mail.answer").to_owned(),
        sent_at: voice.date(THEN),
        said: "550 5.1.1 no such user".to_owned(),
        meaning: voice.word("reason.no-mailbox").to_owned(),
        dead: false,
        given_up: false,
    }
}

fn one(voice: Voice<'_>) -> HeldWords {
    HeldWords {
        arrival: 17,
        at: voice.date(THEN),
        host: voice.tell(&Phrase::new("held.host").with("ip", "192.0.2.7").with("helo", "mail.stranger.example")),
        from: "ana@staff.example".to_owned(),
        subject: "Broken kettle".to_owned(),
        cause: voice.tell(&Phrase::of("cause", Cause::AgentUnproven.name())),
        ..HeldWords::default()
    }
}

fn several(voice: Voice<'_>) -> HeldWords {
    let entry = |arrival, sender: &str, cause: Cause, ticket: &str| Entry {
        arrival,
        at: voice.date(THEN),
        department: "Example Support".to_owned(),
        sender: sender.to_owned(),
        subject: "Broken kettle".to_owned(),
        cause: voice.tell(&Phrase::of("cause", cause.name())),
        ticket: ticket.to_owned(),
        releasable: cause != Cause::NoSender,
    };
    let entries = vec![
        entry(18, "leo@customer.example", Cause::NotOnTicket, "SUP-7"),
        entry(17, voice.word("held.nobody"), Cause::NoSender, ""),
    ];
    HeldWords { count: 3, more: 1, entries, ..HeldWords::default() }
}

fn operated(voice: Voice<'_>) -> HeldWords {
    let said = [(17, Phrase::new("operated.discarded")), (18, Phrase::new("operated.released-onto").with("reference", "SUP-7"))];
    let done = said.iter().map(|(arrival, said)| Done { arrival: *arrival, said: voice.tell(said) }).collect();
    HeldWords { count: 1, done, known: KNOWN, subject: "Held mail".to_owned(), ..HeldWords::default() }
}

fn alarm(voice: Voice<'_>, names: &[&str]) -> AlarmWords {
    let account = |(index, name): (usize, &&str)| Account {
        name: (*name).to_owned(),
        since: voice.date(THEN),
        // Not every account has said why.
        error: if index == 0 { "login as sales@shop.example: NO [AUTHENTICATIONFAILED]".to_owned() } else { String::new() },
    };
    let accounts: Vec<Account> = names.iter().enumerate().map(account).collect();
    let first = accounts.first().map(|account| account.name.clone()).unwrap_or_default();
    AlarmWords { first, more: accounts.len().saturating_sub(1), accounts }
}
