//! How the demo is shown: scenes, mails as their readers see them, and where the ticket stands.

use std::io::Write;

use super::people::Person;
use crate::model::mail::Mail;
use crate::operate::table::{Look, Tone, one_line};
use crate::operate::{Code, Ended, Trouble};
use crate::store::Store;
use crate::store::report::conversation::TicketDetail;

/// The page that is being written.
pub(super) struct Page<'a> {
    look: Look,
    out: &'a mut dyn Write,
    scenes: usize,
}

impl<'a> Page<'a> {
    pub(super) fn new(look: Look, out: &'a mut dyn Write) -> Self {
        Self { look, out, scenes: 0 }
    }

    pub(super) fn title(&mut self, text: &str) -> Result<(), Ended> {
        Ok(writeln!(self.out, "\n{}", self.look.bold(text))?)
    }

    pub(super) fn scene(&mut self, text: &str) -> Result<(), Ended> {
        self.scenes += 1;
        Ok(writeln!(self.out, "\n{}\n", self.look.bold(&format!("{}. {text}", self.scenes)))?)
    }

    pub(super) fn remark(&mut self, text: &str) -> Result<(), Ended> {
        Ok(writeln!(self.out, "   {}\n", self.look.dim(text))?)
    }

    /// A mail that somebody writes: only the new words, since everybody knows what quotations look like.
    pub(super) fn sent(&mut self, from: &Person, mail: &Mail) -> Result<(), Ended> {
        let to: Vec<String> = mail.to.iter().map(|mailbox| short(mailbox.address.as_str())).collect();
        let more = if mail.quoted.is_empty() { "" } else { "\n[…] the mail it answers, quoted" };
        self.mail(
            from,
            &format!("{} ({}) writes to {}", from.name, from.role, to.join(", ")),
            mail,
            &format!("{}{more}", mail.text),
        )
    }

    /// A mail as it stands in somebody's mailbox.
    pub(super) fn received(&mut self, owner: &Person, mail: &Mail) -> Result<(), Ended> {
        let from = mail.from.first().map(|from| format!("{} <{}>", from.name, short(from.address.as_str()))).unwrap_or_default();
        let text = [mail.text.as_str(), mail.quoted.as_str()].join(if mail.quoted.is_empty() { "" } else { "\n\n" });
        self.mail(owner, &format!("In the mailbox of {} ({}): a mail from {from}", owner.name, owner.role), mail, &text)
    }

    fn mail(&mut self, person: &Person, title: &str, mail: &Mail, text: &str) -> Result<(), Ended> {
        let bar = self.look.shown("│", person.tone);
        writeln!(self.out, "   {}", self.look.shown(&format!("╭ {title}"), person.tone))?;
        writeln!(self.out, "   {bar} {}", self.look.bold(&one_line(&mail.subject)))?;
        if !mail.cc.is_empty() {
            let cc: Vec<&str> = mail.cc.iter().map(|mailbox| mailbox.called()).collect();
            writeln!(self.out, "   {bar} {}", self.look.dim(&format!("Cc: {}", cc.join(", "))))?;
        }
        writeln!(self.out, "   {bar}")?;
        for line in text.trim_end().lines() {
            writeln!(self.out, "{}", format!("   {bar} {}", one_line(line)).trim_end())?;
        }
        Ok(writeln!(self.out, "   {}\n", self.look.shown("╰", person.tone))?)
    }

    /// Where the ticket stands now.
    pub(super) async fn status(&mut self, store: &Store, number: i64) -> Result<(), Ended> {
        let detail = detail(store, number).await?;
        let ticket = &detail.ticket;
        let assignee =
            ticket.assignee.as_deref().map_or("nobody is responsible".to_owned(), |key| format!("{key} is responsible"));
        let status = self.look.shown(&ticket.status, Tone::of(&ticket.status));
        Ok(writeln!(self.out, "   SUP-{number} is {status}, {assignee}")?)
    }

    /// Everything that happened to the ticket.
    pub(super) async fn history(&mut self, store: &Store, number: i64) -> Result<(), Ended> {
        writeln!(self.out, "\n{}\n", self.look.bold(&format!("What SUP-{number} remembers")))?;
        for event in detail(store, number).await?.events {
            let from = event.from.map(|from| format!("{from} → ")).unwrap_or_default();
            let change = format!("{from}{}", event.to.unwrap_or_default());
            let tone = if event.kind == "undelivered" { Tone::Wrong } else { Tone::of(change.rsplit(' ').next().unwrap_or("")) };
            writeln!(self.out, "   {:<11} {:<40} {}", event.kind, self.look.shown(&change, tone), self.look.dim(&event.actor))?;
        }
        Ok(writeln!(self.out, "\n{}", self.look.dim("Run it yourself: postdesk serve"))?)
    }
}

async fn detail(store: &Store, number: i64) -> Result<TicketDetail, Ended> {
    let none = || Trouble::new(Code::OurFault, format!("ticket {number} is not in the store of the demo"));
    Ok(store.ticket_by_reference(number).await?.ok_or_else(none)?)
}

/// An address whose token would fill the line.
fn short(address: &str) -> String {
    match address.split_once('+').zip(address.rsplit_once('@')) {
        Some(((local, _), (_, domain))) => format!("{local}+…@{domain}"),
        None => address.to_owned(),
    }
}
