//! Invitations (RFC 5545, RFC 6047): what their file is called, and what is read where a mail says nothing else.
//!
//! The first event counts. Lines are unfolded as they are read; nothing is computed, so a time is shown as it was written, with the
//! name of its zone. It never fails: what cannot be understood is left out.

/// Octets of a calendar that are looked at.
const MOST: usize = 256 * 1024;
/// Octets of one unfolded line.
const LONGEST_LINE: usize = 32 * 1024;

/// Names that programs give to every invitation.
const GENERIC: [&str; 10] = [
    "invite.ics",
    "invitation.ics",
    "meeting.ics",
    "calendar.ics",
    "attachment.ics",
    "mime-attachment.ics",
    "event.ics",
    "unnamed.ics",
    "noname.ics",
    "reply.ics",
];

/// What a calendar is about, by its method (RFC 5546 section 1.4): the name of its file, and the first word of its text.
const METHODS: [(&str, &str, &str); 8] = [
    ("REQUEST", "invitation.ics", "Invitation"),
    ("ADD", "invitation.ics", "Invitation"),
    ("CANCEL", "cancellation.ics", "Cancelled"),
    ("REPLY", "invitation-reply.ics", "Reply"),
    ("COUNTER", "invitation-reply.ics", "Another time proposed"),
    ("DECLINECOUNTER", "invitation-reply.ics", "Another time declined"),
    ("REFRESH", "invitation-reply.ics", "Asked for the latest version"),
    ("PUBLISH", "event.ics", "Event"),
];

/// What a reply says (RFC 5545 section 3.2.12).
const ANSWERS: [(&str, &str); 4] =
    [("ACCEPTED", "Accepted"), ("DECLINED", "Declined"), ("TENTATIVE", "Tentatively accepted"), ("DELEGATED", "Delegated")];

/// The name of the file: the one that was given, unless it says nothing.
pub(super) fn name(given: Option<String>, method: Option<&str>, content: &[u8]) -> String {
    let is_generic = |name: &String| {
        let name = name.trim().to_ascii_lowercase();
        name.is_empty() || GENERIC.contains(&name.as_str())
    };
    if let Some(name) = given.filter(|name| !is_generic(name)) {
        return name;
    }
    let text = String::from_utf8_lossy(&content[..content.len().min(MOST)]);
    let written = method.map(str::to_owned).or_else(|| Event::read(&text).method);
    let known = written.as_deref().and_then(about);
    known.map_or("event.ics", |(name, _)| name).to_owned()
}

fn about(method: &str) -> Option<(&'static str, &'static str)> {
    METHODS.iter().find(|(known, ..)| method.trim().eq_ignore_ascii_case(known)).map(|(_, name, word)| (*name, *word))
}

/// The event in words; `None` where there is none.
pub(super) fn in_words(text: &str) -> Option<String> {
    let event = Event::read(&text[..text.floor_char_boundary(MOST)]);
    if event.summary.is_empty() && event.start.is_none() {
        return None;
    }
    let word = match (event.method.as_deref(), event.answer) {
        (Some(method), Some(answer)) if method.eq_ignore_ascii_case("REPLY") => answer,
        (method, _) => method.and_then(about).map_or("Event", |(_, word)| word),
    };
    // Every line begins with a word of ours: no summary can be taken for a command.
    let mut lines = vec![format!("{word}: {}", event.summary)];
    lines.extend(event.start.as_ref().map(|start| format!("When: {}", span(start, event.end.as_ref()))));
    let more = [("Repeats", event.repeats), ("Where", event.place), ("Organizer", event.organizer)];
    lines.extend(more.into_iter().filter(|(_, value)| !value.is_empty()).map(|(word, value)| format!("{word}: {value}")));
    if !event.comment.trim().is_empty() {
        lines.push(format!("\n{}", event.comment.trim()));
    }
    if !event.description.trim().is_empty() {
        lines.push(format!("\n{}", event.description.trim()));
    }
    Some(lines.join("\n"))
}

/// What is read of the first event.
#[derive(Debug, Default)]
struct Event {
    method: Option<String>,
    summary: String,
    place: String,
    organizer: String,
    description: String,
    comment: String,
    repeats: String,
    start: Option<Moment>,
    end: Option<Moment>,
    answer: Option<&'static str>,
}

/// A day or a time as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moment {
    day: String,
    time: String,
    zone: String,
}

impl Event {
    fn read(text: &str) -> Self {
        let mut event = Event::default();
        // How deep within the event the line stands: an alarm in it has a description of its own.
        let mut depth = 0_usize;
        let mut is_over = false;
        for line in unfolded(text) {
            let Some((name, parameters, value)) = taken_apart(&line) else { continue };
            let is_event = ["VEVENT", "VTODO", "VJOURNAL"].iter().any(|kind| value.trim().eq_ignore_ascii_case(kind));
            match name.to_ascii_uppercase().as_str() {
                "BEGIN" if depth > 0 || (is_event && !is_over) => depth += 1,
                "END" if depth > 0 => {
                    depth -= 1;
                    is_over |= depth == 0;
                }
                "METHOD" if depth == 0 => event.method = event.method.or_else(|| Some(value.trim().to_owned())),
                name if depth == 1 => event.property(name, parameters, value),
                _ => {}
            }
        }
        event
    }

    fn property(&mut self, name: &str, parameters: &str, value: &str) {
        match name {
            "SUMMARY" => self.summary = one_line(value),
            "LOCATION" => self.place = one_line(value),
            "DESCRIPTION" => self.description = unescaped(value),
            "COMMENT" => self.comment = unescaped(value),
            "RRULE" => self.repeats = one_line(value),
            "DTSTART" => self.start = Moment::read(parameters, value),
            "DTEND" | "DUE" => self.end = Moment::read(parameters, value),
            "ORGANIZER" => self.organizer = person(parameters, value),
            "ATTENDEE" => {
                let status = parameter(parameters, "PARTSTAT").unwrap_or_default();
                let answer = ANSWERS.iter().find(|(known, _)| status.eq_ignore_ascii_case(known)).map(|(_, word)| *word);
                self.answer = self.answer.or(answer);
            }
            _ => {}
        }
    }
}

impl Moment {
    /// `20261124T100000`, with `Z` or the name of a zone; or a day alone.
    fn read(parameters: &str, value: &str) -> Option<Self> {
        let value = value.trim();
        let digits =
            |range: std::ops::Range<usize>| value.get(range).filter(|part| part.bytes().all(|octet| octet.is_ascii_digit()));
        let Some((year, (month, day))) = digits(0..4).zip(digits(4..6).zip(digits(6..8))) else {
            let day = one_line(value);
            return (!day.is_empty()).then(|| Moment { day, time: String::new(), zone: String::new() });
        };
        let time = digits(9..11).zip(digits(11..13)).filter(|_| value.get(8..9) == Some("T"));
        let time = time.map(|(hour, minute)| format!("{hour}:{minute}")).unwrap_or_default();
        let zone =
            if value.ends_with('Z') { "UTC".to_owned() } else { parameter(parameters, "TZID").map(one_line).unwrap_or_default() };
        Some(Moment { day: format!("{year}-{month}-{day}"), time, zone })
    }
}

/// From when to when, each thing said once.
fn span(start: &Moment, end: Option<&Moment>) -> String {
    let mut text = format!("{} {}", start.day, start.time).trim_end().to_owned();
    match end {
        Some(end) if end.day == start.day && !end.time.is_empty() => text.push_str(&format!(" to {}", end.time)),
        Some(end) if end.time.is_empty() && end.day != start.day => text.push_str(&format!(", until {} begins", end.day)),
        Some(end) if end != start => text.push_str(format!(" to {} {}", end.day, end.time).trim_end()),
        _ => {}
    }
    if !start.zone.is_empty() {
        text.push_str(&format!(" ({})", start.zone));
    }
    text
}

fn person(parameters: &str, value: &str) -> String {
    let address = one_line(value);
    let address =
        address.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")).map_or(address.as_str(), |_| &address[7..]);
    match parameter(parameters, "CN").map(one_line).filter(|name| !name.is_empty() && name != address) {
        Some(name) => format!("{name} <{address}>"),
        None => address.to_owned(),
    }
}

/// Lines with their continuations (RFC 5545 section 3.1).
fn unfolded(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        let mut line = lines.next()?.to_owned();
        while let Some(more) = lines.next_if(|more| more.starts_with([' ', '\t'])) {
            if line.len() < LONGEST_LINE {
                line.push_str(&more[1..]);
            }
        }
        Some(line)
    })
}

/// Name, parameters and value: the value begins at the first colon outside quotation marks.
fn taken_apart(line: &str) -> Option<(&str, &str, &str)> {
    let mut is_quoted = false;
    let colon = line.bytes().position(|octet| {
        is_quoted ^= octet == b'"';
        octet == b':' && !is_quoted
    })?;
    let (head, value) = (&line[..colon], &line[colon + 1..]);
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    Some((name.trim(), parameters, value))
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let mut is_quoted = false;
    let ends = |c: char| {
        is_quoted ^= c == '"';
        c == ';' && !is_quoted
    };
    let mut found = parameters.split(ends).filter_map(|parameter| parameter.split_once('='));
    found.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().trim_matches('"'))
}

/// Text (RFC 5545 section 3.3.11).
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            c => text.push(c),
        }
    }
    text
}

fn one_line(value: &str) -> String {
    super::characters::one_line(&unescaped(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INVITATION: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nDTSTART:16010101T000000\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n\
        SUMMARY;LANGUAGE=de:#close Kaffee\\, kurz\r\nDTSTART;TZID=\"W. Europe: Berlin\":20261124T100000\r\nDTEND;TZID=x:20261124T103000\r\n\
        LOCATION:Raum 4\r\nORGANIZER;CN=\"Berg; Mia\":MAILTO:mia@customer.example\r\nDESCRIPTION:Bitte \r\n mitbringen:\\n- Tasse\r\n\
        BEGIN:VALARM\r\nDESCRIPTION:REMINDER\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Other\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn an_event_is_told_in_words() {
        let expected = "Invitation: #close Kaffee, kurz\nWhen: 2026-11-24 10:00 to 10:30 (W. Europe: Berlin)\nWhere: Raum 4\n\
            Organizer: Berg; Mia <mia@customer.example>\n\nBitte mitbringen:\n- Tasse";
        assert_eq!(in_words(INVITATION).as_deref(), Some(expected));
        assert_eq!(in_words("BEGIN:VCALENDAR\nEND:VCALENDAR"), None);
    }

    #[test]
    fn days_and_answers_are_told_as_well() {
        let text = "METHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:Lunch\nDTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261126\n\
            ATTENDEE;PARTSTAT=DECLINED:mailto:a@b.example\nCOMMENT:I am away.\nEND:VEVENT";
        assert_eq!(in_words(text).as_deref(), Some("Declined: Lunch\nWhen: 2026-11-24, until 2026-11-26 begins\n\nI am away."));
    }

    #[test]
    fn every_method_gives_a_name_and_a_given_one_is_kept() {
        for (method, expected, _) in METHODS {
            assert_eq!(name(Some("invite.ics".to_owned()), Some(method), b""), expected);
            assert_eq!(name(None, None, format!("METHOD:{method}\r\n").as_bytes()), expected);
        }
        assert_eq!(name(Some("Sommerfest.ics".to_owned()), Some("REQUEST"), b""), "Sommerfest.ics");
        for (answer, word) in ANSWERS {
            let text = format!("METHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:x\nATTENDEE;PARTSTAT={answer}:a\nEND:VEVENT");
            assert!(in_words(&text).is_some_and(|text| text.starts_with(word)));
        }
    }

    proptest! {
        #[test]
        fn any_lines_can_be_read(lines in prop::collection::vec(prop_oneof![
            prop::sample::select(vec!["BEGIN:VEVENT", "END:VEVENT", "DTSTART:2026112", "DTSTART;TZID=\":é", "ORGANIZER;CN=é:mailt", "SUMMARY:\\", " é", "DTEND:20261124Té"]).prop_map(str::to_owned),
            "\\PC{0,12}",
        ], 0..20)) {
            let _ = in_words(&lines.join("\n"));
            let _ = name(None, None, lines.join("\r\n").as_bytes());
        }
    }
}
