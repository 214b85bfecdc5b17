//! One random thread: what happens in it, and what must hold at each step.

use postdesk::decide::Decision;
use postdesk::model::address::Address;
use postdesk::model::arrival::{Cause, Outcome};
use postdesk::model::notice::Event;

use crate::chance::Chance;
use crate::mails::{Draft, Encoding, file};
use crate::styles::{honest, note, pasted, quoted, shared};
use crate::world::{AGENTS, Counts, House, MIA, NOAH, SUPPORT, Seen, Waiting, World, address};

/// Steps of the longest thread.
const STEPS: usize = 4;

struct Thread<'a, 'b> {
    world: World<'a>,
    chance: &'b mut Chance,
    counts: &'b mut Counts,
    mails: usize,
}

/// Plays a thread to its end.
pub(crate) fn play(house: &House, chance: &mut Chance, counts: &mut Counts, name: &str) {
    counts.threads += 1;
    let mut thread = Thread { world: World::new(house, name), chance, counts, mails: 0 };
    thread.begin();
    if !thread.chance.once_in(4) {
        let agent = thread.agent();
        thread.first_note(&agent);
    }
    for _ in 0..1 + thread.chance.below(STEPS) {
        let agent = thread.agent();
        match thread.chance.below(10) {
            0 => thread.customer(),
            1 | 2 => thread.honest(&agent),
            3 => thread.first_note(&agent),
            4 => thread.answer_to_note(&agent),
            5 => thread.command_note(&agent),
            _ => thread.careless(&agent),
        }
    }
}

struct Agent {
    key: &'static str,
    name: &'static str,
    address: String,
}

impl Thread<'_, '_> {
    fn agent(&mut self) -> Agent {
        let (key, name) = *self.chance.pick(&AGENTS);
        Agent { key, name, address: format!("{key}@staff.example") }
    }

    fn draft(&mut self, name: &str, from: &str, to: &Address, answered: Option<&Seen>) -> Draft {
        self.mails += 1;
        let subject = answered.map_or("Broken kettle".to_owned(), |seen| seen.subject.clone());
        Draft {
            from: format!("{name} <{from}>"),
            to: to.to_string(),
            subject,
            id: format!("{}@{}", self.mails, from.replace('@', ".")),
            answers: answered.map(|seen| seen.message_id.clone()),
            ..Draft::default()
        }
    }

    fn accept(&mut self, from: &str, to: &Address, draft: &Draft) -> Decision {
        self.world.accept(from, to, draft.finish(), self.counts)
    }

    fn begin(&mut self) {
        let to = address("help@shop.example");
        let mut draft = self.draft("Mia Berg", MIA, &to, None);
        draft.text = "My kettle does not boil any more. What can I do?\n\nMia".to_owned();
        draft.cc = format!("Noah <{NOAH}>");
        let decision = self.accept(MIA, &to, &draft);
        let ticket = self.world.facts.tickets.get_mut(&self.world.ticket).expect("a request opens a ticket");
        ticket.participants = AGENTS.iter().map(|(key, _)| (*key).to_owned()).collect();
        assert_eq!((decision.outcome, ticket.followers.len()), (Outcome::Request, 1));
    }

    fn seen(&mut self, recipient: &str, wanted: impl Fn(Event) -> bool) -> Option<Seen> {
        let seen: Vec<&Waiting> = self.world.inbox.get(recipient)?.iter().filter(|seen| wanted(seen.event)).collect();
        (!seen.is_empty()).then(|| self.chance.pick(&seen).read())
    }

    fn public(&mut self, agent: &Agent) -> Option<Seen> {
        self.seen(&agent.address, |event| matches!(event, Event::Request | Event::Reply | Event::Answer))
    }

    fn customer(&mut self) {
        let (name, from) = *self.chance.pick(&[("Mia Berg", MIA), ("Noah", NOAH)]);
        let Some(seen) = self.seen(from, |_| true) else { return };
        let mut draft = self.draft(name, from, &seen.reply_to, Some(&seen));
        (draft.text, draft.is_html) = quoted(self.chance, "It still does not boil. What now?", &seen);
        self.accept(from, &seen.reply_to, &draft);
    }

    /// An answer without a word of a note: it goes out.
    fn honest(&mut self, agent: &Agent) {
        let Some(seen) = self.public(agent) else { return };
        let mut draft = self.draft(agent.name, &agent.address, &seen.reply_to, Some(&seen));
        let own = honest(self.chance, agent.name);
        let closing = format!("#close\nAnd with that it is done: {}.\n\n{own}", self.mails);
        (draft.text, draft.is_html) = if self.chance.once_in(12) { (closing, false) } else { quoted(self.chance, &own, &seen) };
        if self.chance.once_in(5) {
            let text = honest(self.chance, agent.name);
            draft.files.push(file("text/plain; charset=utf-8", "steps.txt", text.as_bytes(), Encoding::Base64));
            draft.files.push(file("image/png", "kettle.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Encoding::Base64));
        }
        // Some clients ignore Reply-To; an agent's notices come from the signed address for them.
        let to = seen.reply_to.clone();
        let decision = self.accept(&agent.address, &to, &draft);
        if decision.outcome != Outcome::Answer {
            self.world.complain("an honest answer did not go out", &decision);
        }
        self.counts.honest += 1;
    }

    /// Somebody begins to write internally.
    fn first_note(&mut self, agent: &Agent) {
        let to = self.world.house.note_address(agent.key, self.world.ticket);
        let draft = self.draft(agent.name, &agent.address, &to, None);
        self.note(agent, &to, draft);
    }

    fn note(&mut self, agent: &Agent, to: &Address, mut draft: Draft) {
        let text = note(self.chance, agent.name, &mut self.world.canaries);
        draft.text = draft.text + &text;
        if self.chance.once_in(4) {
            draft.files.push(file("text/plain; charset=utf-8", "calculation.txt", text.as_bytes(), Encoding::Base64));
        }
        if self.chance.once_in(3) {
            draft.cc = MIA.to_owned();
        }
        let decision = self.accept(&agent.address, to, &draft);
        if decision.outcome != Outcome::Note {
            self.world.complain("a note became something else", &decision);
        }
        self.counts.notes += 1;
        self.world.notes.push(text);
    }

    fn answer_to_note(&mut self, agent: &Agent) {
        let Some(seen) = self.seen(&agent.address, |event| event == Event::Note) else { return };
        let by_id = self.chance.once_in(4);
        let to = if by_id { address(SUPPORT) } else { seen.reply_to.clone() };
        let mut draft = self.draft(agent.name, &agent.address, &to, Some(&seen));
        if self.chance.once_in(2) {
            return self.note(agent, &to, draft);
        }
        // What would be an honest answer elsewhere is a note here.
        let own = shared(self.chance);
        (draft.text, draft.is_html) = quoted(self.chance, &own, &seen);
        let decision = self.accept(&agent.address, &to, &draft);
        if decision.outcome != Outcome::Note {
            self.world.complain("an answer to a note did not stay a note", &decision);
        }
        self.counts.notes += 1;
    }

    /// `#note` in an answer to a public notice.
    fn command_note(&mut self, agent: &Agent) {
        let Some(seen) = self.public(agent) else { return };
        let mut draft = self.draft(agent.name, &agent.address, &seen.reply_to, Some(&seen));
        let text = note(self.chance, agent.name, &mut self.world.canaries);
        let own = format!("#note\n{text}");
        (draft.text, draft.is_html) = (own, false);
        let decision = self.accept(&agent.address, &seen.reply_to, &draft);
        if decision.outcome == Outcome::Note {
            self.counts.notes += 1;
            self.world.notes.push(text);
        }
    }

    /// A public answer that carries words of a note, in one of many ways.
    fn careless(&mut self, agent: &Agent) {
        let (Some(seen), false) = (self.public(agent), self.world.notes.is_empty()) else { return };
        let noted = self.seen(&agent.address, |event| event == Event::Note);
        let mut draft = self.draft(agent.name, &agent.address, &seen.reply_to, Some(&seen));
        let own = honest(self.chance, agent.name);
        let words = self.chance.pick(&self.world.notes).clone();
        match (self.chance.below(4), noted) {
            (0 | 1, Some(noted)) => {
                draft.older.push(noted.message_id.clone());
                (draft.text, draft.is_html) = quoted(self.chance, &own, &noted);
            }
            (2, Some(noted)) => {
                draft.text = own;
                draft.files.push(attached(self.chance, &noted.octets));
            }
            (3, _) if self.chance.once_in(2) => {
                draft.text = own;
                draft.files.push(written(self.chance, &words));
            }
            _ => (draft.text, draft.is_html) = pasted(self.chance, &own, &words),
        }
        let decision = self.accept(&agent.address, &seen.reply_to, &draft);
        match (decision.outcome, decision.cause) {
            (Outcome::Answer, _) => self.counts.cut += 1,
            (Outcome::Held, Some(Cause::NoteInAnswer)) => self.counts.stopped += 1,
            _ => self.world.complain("a careless answer became something else", &decision),
        }
    }
}

/// A mail as a file.
fn attached(chance: &mut Chance, mail: &[u8]) -> Vec<u8> {
    let encoding = *chance.pick(&[Encoding::Plain, Encoding::Base64, Encoding::QuotedPrintable]);
    match chance.below(4) {
        0 => file("message/rfc822", "note.eml", mail, encoding),
        1 => file("application/octet-stream", "note.eml", mail, encoding),
        2 => file("text/plain", "note.txt", mail, encoding),
        _ => {
            let inner = file("message/rfc822", "inner.eml", mail, encoding);
            let header =
                b"From: a@staff.example\r\nSubject: Fwd\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n";
            let outer = [header, inner.as_slice(), b"\r\n--inner--\r\n"].concat();
            file("message/rfc822", "outer.eml", &outer, Encoding::Plain)
        }
    }
}

/// The words of a note in a file of their own.
fn written(chance: &mut Chance, words: &str) -> Vec<u8> {
    let encoding = *chance.pick(&[Encoding::Plain, Encoding::Base64, Encoding::QuotedPrintable]);
    match chance.below(4) {
        0 => file("text/plain; charset=utf-8", "words.txt", words.as_bytes(), encoding),
        1 => {
            file("text/html; charset=utf-8", "words.html", format!("<p>{}</p>", words.replace('\n', "<br>")).as_bytes(), encoding)
        }
        2 => file("application/octet-stream", "words", words.as_bytes(), encoding),
        _ => file("text/csv", "words.csv", words.replace('\n', "\r\n").as_bytes(), encoding),
    }
}
