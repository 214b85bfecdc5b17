//! Whether a machine wrote a mail to say what became of another, where the mail has no form that says so.
//!
//! Words alone are no sign: whoever asks for help with a returned mail writes the same ones. So one strong sign is needed, a field that only
//! such machines write, or two of different kinds: who sent it, its subject, how it begins, the null sender, that a machine wrote it.

use mail_parser::Message;

use crate::decide::parse::cut;
use crate::decide::parse::dialect::{self, enhanced, pattern::beginning};
use crate::model::address::Address;
use crate::model::mail::Mail;

/// Local parts of programs that deliver mail, with `-` for every separator.
const DAEMONS: &[&str] = &[
    "mailer-daemon",
    "mailerdaemon",
    "mail-daemon",
    "maildaemon",
    "mail-delivery-system",
    "mail-delivery-subsystem",
    "maildeliverysystem",
    "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e",
];
/// Local parts that people have too.
const LIKELY: &[&str] =
    &["postmaster", "bounce", "bounces", "daemon", "mdaemon", "mail-router", "postoffice", "email-delivery", "undeliverable"];
/// Display names of such programs, plain, at their beginning.
const NAMES: &[&str] = &[
    "mail delivery s",
    "mail deliver",
    "mailer-daemon",
    "mailer daemon",
    "maildelivery",
    "internet mail delivery",
    "mail router",
];
/// Display names that people have too.
const LIKELY_NAMES: &[&str] = &[
    "postmaster",
    "system administrator",
    "systemadministrator",
    "system-administrator",
    "administrateur syst",
    "administrador del sistema",
    "administrador do sistema",
    "amministratore di sistema",
    "systeembeheerder",
    "administrator systemu",
    "správce systému",
    "rendszergazda",
    "системный администратор",
    "sistem yöneticisi",
    "系统管理员",
    "系統管理員",
    "システム管理者",
    "시스템 관리자",
    "microsoft outlook",
    "microsoft exchange",
    "mail administrator",
];
/// Fields that only reports have.
const FIELDS: &[&str] = &["X-Failed-Recipients", "X-MS-Exchange-Message-Is-Ndr", "X-DSNContext", "X-DSN-Context"];
/// Lines among which a report begins that nothing but subject and words give away.
const FIRST_LINES: usize = 3;

/// Words before the colon of a subject that answers to another, or passes another mail on.
const PREFIXES: &[&str] = &[
    "re",
    "fwd",
    "fw",
    "aw",
    "wg",
    "tr",
    "rv",
    "r",
    "i",
    "rif",
    "enc",
    "res",
    "antw",
    "antwort",
    "doorst",
    "sv",
    "vs",
    "vb",
    "vl",
    "odp",
    "pd",
    "ynt",
    "ilt",
    "απ",
    "πρθ",
    "отв",
    "на",
    "ha",
    "пересл",
    "fs",
    "továbbítás",
    "vá",
    "回复",
    "答复",
    "转发",
    "轉寄",
    "回覆",
    "返信",
    "転送",
    "회신",
    "전달",
];

/// Who sent it, as far as From says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    Anybody,
    Likely,
    Daemon,
}

/// The signs that a header has.
#[derive(Debug)]
pub(super) struct Signs {
    sender: Sender,
    /// A field that only reports have.
    certain: bool,
    /// The null sender.
    null: bool,
    /// A field of machines of any kind.
    automatic: bool,
    subject: bool,
    passed_on: bool,
    answers: bool,
    /// The subject is that of an automatic answer.
    away: bool,
    /// The recipients that Exim and Gmail name in a field of their own.
    pub(super) failed: Vec<Address>,
}

impl Signs {
    /// Looks at every field once.
    pub(super) fn of(head: &Message<'_>, mail: &Mail) -> Self {
        let names = || head.headers().iter().map(|header| header.name());
        let certain = names().any(|name| FIELDS.iter().any(|known| name.eq_ignore_ascii_case(known)));
        let failed = if certain { failed_recipients(head) } else { Vec::new() };
        Self { certain, failed, null: mail.marks.null_return_path, ..Self::of_words(mail) }
    }

    /// The same for a mail of the null sender, without what was not kept of its header.
    pub(super) fn of_words(mail: &Mail) -> Self {
        let marks = &mail.marks;
        Self {
            sender: sender(mail),
            certain: false,
            null: true,
            automatic: marks.auto_submitted.is_some() || marks.suppresses_answers || marks.precedence.is_some(),
            subject: dialect::is_subject(&mail.subject),
            passed_on: is_reply_or_forward(&mail.subject),
            answers: !mail.references.is_empty(),
            away: marks.answer_subject.is_some(),
            failed: Vec::new(),
        }
    }

    /// Whether a person seems to pass something on, or to answer.
    pub(super) fn is_passed_on(&self) -> bool {
        self.passed_on
    }

    /// Whether any sign but words is there.
    pub(super) fn is_of_a_machine(&self) -> bool {
        let likely = self.sender == Sender::Likely || self.null || self.automatic;
        self.certain || self.sender == Sender::Daemon || (likely && !self.passed_on)
    }

    /// Whether the signs and the words together are enough for a report that has no form.
    pub(super) fn allow_words(&self, text: &str) -> bool {
        if self.certain {
            return true;
        }
        let silent = self.sender == Sender::Anybody && !self.subject && !self.null && !self.automatic;
        if silent {
            return false;
        }
        let lines = beginning(text);
        let opening = dialect::opening(&lines);
        let begins = opening.is_some();
        match self.sender {
            Sender::Daemon => begins || self.subject || (!self.away && dialect::speaks_of_delivery(text)),
            _ if self.passed_on => self.sender == Sender::Likely && begins && (self.null || self.automatic),
            Sender::Likely => {
                begins || self.subject || ((self.null || self.automatic) && !self.away && dialect::speaks_of_delivery(text))
            }
            _ if self.null => begins || self.subject,
            // Machines write of parcels too that could not be delivered.
            _ if self.automatic => begins || (self.subject && enhanced(&lines.join("\n")).is_some()),
            Sender::Anybody => {
                let at_once = opening.is_some_and(|line| line < FIRST_LINES);
                at_once && self.subject && !self.answers && dialect::speaks_of_delivery(text)
            }
        }
    }
}

fn sender(mail: &Mail) -> Sender {
    let Some(from) = mail.from.first() else { return Sender::Anybody };
    let name = dialect::pattern::plain(&from.name);
    let named = |names: &[&str]| names.iter().any(|known| name.starts_with(known));
    if is_mail_program(from.address.as_str()) || named(NAMES) {
        return Sender::Daemon;
    }
    let local = plain_local(from.address.local());
    let likely = LIKELY.contains(&local.as_str()) || local.starts_with("bounce-") || local.starts_with("bounces-");
    if likely || named(LIKELY_NAMES) { Sender::Likely } else { Sender::Anybody }
}

fn plain_local(local: &str) -> String {
    local.to_ascii_lowercase().replace(['_', '.', '+', '='], "-")
}

/// Whether From or the lost envelope may be those of a program that delivers mail.
pub(super) fn may_be_a_program(mail: &Mail) -> bool {
    mail.marks.null_return_path || sender(mail) != Sender::Anybody
}

/// Whether an address is that of a program that delivers mail.
pub(in crate::decide::parse) fn is_mail_program(address: &str) -> bool {
    let local = plain_local(address.rsplit_once('@').map_or(address, |(local, _)| local));
    DAEMONS.contains(&local.as_str()) || local.starts_with("mailer-daemon-") || local.starts_with("microsoftexchange329e71ec88ae")
}

/// Whether a subject begins as those of people who answer or pass something on, in any language.
fn is_reply_or_forward(subject: &str) -> bool {
    let start = subject.trim_start();
    // `Re[2]:`, `Re (2):`, `RE：`
    let Some((word, _)) = start.split_once([':', '：']) else { return false };
    let word = word.split(['[', '(']).next().unwrap_or_default().trim();
    // The longest has ten letters of two octets.
    (word.len() <= 20 && PREFIXES.contains(&word.to_lowercase().as_str())) || cut::is_forward_subject(start)
}

/// The recipients that Exim names in a field of its own.
fn failed_recipients(head: &Message<'_>) -> Vec<Address> {
    let fields = head.headers().iter().filter(|header| header.name().eq_ignore_ascii_case("X-Failed-Recipients"));
    let values = fields.filter_map(|header| header.value.as_text());
    let words = values.flat_map(|value| value.split([',', ' ', '\t', '\r', '\n']));
    words.filter_map(Address::parse).take(super::MOST_RECIPIENTS).collect()
}

#[cfg(test)]
mod tests {
    use crate::decide::parse::parse;
    use crate::model::desk::Limits;

    fn is_report(head: &str, text: &str) -> bool {
        let raw = format!("To: help@shop.example\r\n{}\r\n\r\n{}", head.replace('\n', "\r\n"), text.replace('\n', "\r\n"));
        parse(raw.as_bytes(), &Limits::default()).report.is_some()
    }

    const WORDS: &str =
        "This is the mail system at host mx.customer.example.\n\n<mia@customer.example>: 550 5.1.1 no such user\n";

    #[test]
    fn words_need_a_sign_of_another_kind() {
        for head in [
            "From: MAILER-DAEMON@mx.customer.example\nSubject: hello",
            "From: Postmaster <postmaster@customer.example>\nSubject: hello",
            "From: Mail Delivery Subsystem <mail@customer.example>\nSubject: Re: hello",
            "From: relay@customer.example\nReturn-Path: <>\nSubject: hello",
            "From: relay@customer.example\nAuto-Submitted: auto-replied\nSubject: hello",
            "From: relay@customer.example\nSubject: failure notice",
            "From: relay@customer.example\nX-Failed-Recipients: mia@customer.example",
        ] {
            assert!(is_report(head, WORDS), "{head}");
        }
        for head in [
            "From: Mia Berg <mia@customer.example>\nSubject: My mail came back",
            "From: Mia Berg <mia@customer.example>\nSubject: Fwd: failure notice",
            "From: Mia Berg <mia@customer.example>\nSubject: WG: Unzustellbar: Rechnung",
            "From: Postmaster <postmaster@customer.example>\nSubject: Re: failure notice",
            "From: Mia Berg <mia@customer.example>\nSubject: failure notice\nIn-Reply-To: <a@customer.example>",
        ] {
            assert!(!is_report(head, WORDS), "{head}");
        }
    }

    #[test]
    fn what_a_person_says_about_a_report_is_none() {
        let person = "From: Mia Berg <mia@customer.example>\nSubject: Undeliverable: my order";
        assert!(!is_report(
            person,
            "Hello,\n\nI wrote to you twice, and each time I get this back, what is wrong?\n\nThis is the mail system at host mx.\n<help@shop.example>: user unknown"
        ));
        assert!(!is_report(
            "From: postmaster@customer.example\nSubject: Question",
            "Who looks after your mailbox, and where do you deliver?"
        ));
    }
}
