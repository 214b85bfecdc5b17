//! `outbox show`: a notice with its mail, as a person reads it, or as the octets that leave.

use std::io::Write;

use serde::Serialize;

use super::Line;
use crate::decide::parse::parse;
use crate::deliver::compose::Composer;
use crate::model::address::Mailbox;
use crate::model::mail::Mail;
use crate::model::time::Time;
use crate::operate::table::{Look, Tone, field, indented, octets as in_units};
use crate::operate::{Code, Ended, Format, Trouble, View, settled, write_json};
use crate::store::report::outbox::OutboxDetail;
use crate::store::{Fault, Store};

/// Writes a notice with everything its row holds, and its mail. One whose mail cannot be had is written without it.
///
/// # Errors
/// [`Code::Input`] when there is no notice of this number.
pub async fn show(store: &Store, id: i64, view: &View<'_>, out: &mut dyn Write) -> Result<(), Trouble> {
    let detail = store.notice(id).await?.ok_or_else(|| no_such_notice(id))?;
    let mail = match octets(store, id).await {
        Ok(octets) => Ok((octets.len(), parse(&octets, &view.desk.limits))),
        Err(Fault::Refused(why) | Fault::Gone(why)) => Err(why),
        Err(fault) => return Err(fault.into()),
    };
    settled(match view.format {
        Format::Json => write_json(&Whole::new(&detail, mail.as_ref().ok(), view), out),
        Format::People(look) => out.write_all(pictured(&detail, &mail, look, view).as_bytes()).map_err(Ended::from),
    })?;
    settled(out.flush().map_err(Ended::from))
}

/// Writes the octets of a notice's mail and nothing else. A terminal should not be shown them: they hold what strangers wrote.
///
/// # Errors
/// [`Code::Input`] when there is no notice of this number, or its mail is not in the store.
pub async fn raw(store: &Store, id: i64, out: &mut dyn Write) -> Result<(), Trouble> {
    store.notice(id).await?.ok_or_else(|| no_such_notice(id))?;
    let octets = octets(store, id).await.map_err(|fault| match fault {
        Fault::Refused(why) => Trouble::new(Code::Input, why),
        fault => fault.into(),
    })?;
    settled(out.write_all(&octets).and_then(|()| out.flush()).map_err(Ended::from))
}

fn no_such_notice(id: i64) -> Trouble {
    Trouble::new(Code::Input, format!("there is no notice {id}; `postdesk outbox list` shows those there are"))
}

async fn octets(store: &Store, id: i64) -> Result<Vec<u8>, Fault> {
    let letter = store.letter(id).await?;
    let mut mail = Composer::new(&letter.head);
    for part in &letter.parts {
        mail.part(part, &store.raw_range(part.raw_id, part.start, part.end).await?);
    }
    Ok(mail.finish(&letter.tail))
}

/// `outbox show --json`: the fields of the list and what only one notice at a time is asked for.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    arrival: i64,
    sender: &'a str,
    automatic: Option<bool>,
    created_at: Time,
    settled_at: Option<Time>,
    mail: Option<Read<'a>>,
}

/// A mail as it is read.
#[derive(Serialize)]
struct Read<'a> {
    size: usize,
    from: Vec<String>,
    to: Vec<String>,
    reply_to: Vec<String>,
    subject: &'a str,
    date: &'a str,
    text: &'a str,
    quoted: &'a str,
    attachments: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    media_type: &'a str,
    size: i64,
    inline: bool,
}

impl<'a> Whole<'a> {
    fn new(detail: &'a OutboxDetail, mail: Option<&'a (usize, Mail)>, view: &View<'_>) -> Self {
        let files = |mail: &'a Mail| {
            let file = |file: &'a crate::model::message::Attachment| File {
                name: &file.name,
                media_type: &file.media_type,
                size: file.size,
                inline: file.inline,
            };
            mail.attachments.iter().map(file).collect()
        };
        let read = |(size, mail): &'a (usize, Mail)| Read {
            size: *size,
            from: people(&mail.from),
            to: people(&mail.to),
            reply_to: people(&mail.reply_to),
            subject: &mail.subject,
            date: &mail.date,
            text: &mail.text,
            quoted: &mail.quoted,
            attachments: files(mail),
        };
        Self {
            line: Line::new(&detail.notice, view),
            arrival: detail.arrival,
            sender: &detail.sender,
            automatic: detail.automatic,
            created_at: detail.created_at,
            settled_at: detail.settled_at,
            mail: mail.map(read),
        }
    }
}

fn people(mailboxes: &[Mailbox]) -> Vec<String> {
    let named = |mailbox: &Mailbox| match mailbox.name.as_str() {
        "" => mailbox.address.to_string(),
        name => format!("{name} <{}>", mailbox.address),
    };
    mailboxes.iter().map(named).collect()
}

fn pictured(detail: &OutboxDetail, mail: &Result<(usize, Mail), String>, look: Look, view: &View<'_>) -> String {
    let mut text = row(detail, look, view);
    let (size, mail) = match mail {
        Ok(mail) => mail,
        Err(why) => return text + &field("mail", &format!("cannot be shown: {why}"), look),
    };
    let mut add = |label: &str, value: &str| text.push_str(&field(label, value, look));
    add("size", &in_units(i64::try_from(*size).unwrap_or(i64::MAX)));
    text.push_str(&look.dim("\nits mail\n"));
    let mut add = |label: &str, value: &str| text.push_str(&field(label, value, look));
    add("from", &people(&mail.from).join(", "));
    add("to", &people(&mail.to).join(", "));
    add("reply-to", &people(&mail.reply_to).join(", "));
    add("date", &mail.date);
    add("subject", &mail.subject);
    for file in &mail.attachments {
        add("file", &format!("{} ({}, {})", file.name, file.media_type, in_units(file.size)));
    }
    // What a reader would cut off, such as everything below our own marker line, belongs to it all the same.
    for part in [&mail.text, &mail.quoted].into_iter().filter(|part| !part.is_empty()) {
        text.push('\n');
        text.push_str(&indented(part, 2, look));
    }
    text
}

fn row(detail: &OutboxDetail, look: Look, view: &View<'_>) -> String {
    let notice = &detail.notice;
    let mut text = look.bold(&format!("notice {}  ", notice.id));
    text.push_str(&look.shown(&crate::operate::table::one_line(&notice.state), Tone::of(&notice.state)));
    text.push('\n');
    let mut add = |label: &str, value: &str| text.push_str(&field(label, value, look));
    let moment = |time: Option<Time>| time.map(|time| view.moment(time)).unwrap_or_default();
    add("ticket", view.reference_of(notice.ticket.as_ref()).as_deref().unwrap_or_default());
    add("event", &notice.event);
    add("arrival", &detail.arrival.to_string());
    add("envelope", &format!("from <{}>", detail.sender));
    add("", &format!("to   <{}>", notice.recipient));
    add("destination", notice.destination.as_deref().unwrap_or_default());
    add("message-id", &notice.message_id);
    add("automatic", detail.automatic.map_or("", |automatic| if automatic { "yes" } else { "no, a person wrote it" }));
    add("queued", &moment(Some(detail.created_at)));
    add(if notice.state == "leased" { "leased till" } else { "next" }, &moment(notice.next_attempt_at));
    add("settled", &moment(detail.settled_at));
    add("attempts", &notice.attempts.to_string());
    add("last error", notice.last_error.as_deref().unwrap_or_default());
    text
}
