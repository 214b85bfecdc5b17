//! The envelope of a mail that has lost it: one that is fetched from a mailbox, or read from an archive.

use crate::model::address::Address;
use crate::model::desk::{Admission, Desk};
use crate::model::mail::Mail;

/// Sender and recipients, as far as the header tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The author; `None`, the null sender, where the Return-Path says so.
    pub sender: Option<Address>,
    /// The departments, one at least where the desk has any, each with those recipients that led there.
    pub departments: Vec<(String, Vec<Address>)>,
}

/// Reads the envelope from the header. `department` is whose mail it is whatever the header says. Else the address counts that the nearest
/// server noted; then everybody in To and Cc; and what names nobody of ours is for the first department, where somebody sees it.
pub fn envelope(mail: &Mail, department: Option<&str>, desk: &Desk) -> Envelope {
    let sender = sender(mail);
    let named = named(mail, desk);
    let departments = match department {
        Some(key) => {
            let own = named.into_iter().find(|(named, _)| named == key).map(|(_, addresses)| addresses);
            vec![(key.to_owned(), own.unwrap_or_default())]
        }
        None if named.is_empty() => desk.departments.first().map(|first| (first.key.clone(), Vec::new())).into_iter().collect(),
        None => named,
    };
    Envelope { sender, departments }
}

/// The same for a mail of an archive, which may be one of ours, out of a folder of sent mail: before the first department comes that of the
/// address it is from, or else the first one of the agent who wrote it.
pub fn envelope_of_archived(mail: &Mail, department: Option<&str>, desk: &Desk) -> Envelope {
    let own = department.or_else(|| of_author(mail, desk).filter(|_| named(mail, desk).is_empty()));
    envelope(mail, own, desk)
}

/// The department on whose side somebody of the desk wrote.
fn of_author<'a>(mail: &Mail, desk: &'a Desk) -> Option<&'a str> {
    let author = &mail.from.first()?.address;
    let by_address = match desk.admit(author) {
        Admission::Department(key) | Admission::Bounce(key) => desk.department(&key),
        Admission::Unknown | Admission::Foreign => None,
    };
    let of_agent = || {
        let agent = desk.agent_by_address(author)?;
        desk.departments.iter().find(|department| department.agents.contains(&agent.key))
    };
    by_address.or_else(of_agent).map(|department| department.key.as_str())
}

/// The author, unless the Return-Path is that of a machine.
pub fn sender(mail: &Mail) -> Option<Address> {
    mail.from.first().filter(|_| !mail.marks.null_return_path).map(|mailbox| mailbox.address.clone())
}

/// The departments that the header names.
fn named(mail: &Mail, desk: &Desk) -> Vec<(String, Vec<Address>)> {
    let of = |address: &Address| match desk.admit(address) {
        Admission::Department(key) | Admission::Bounce(key) => Some((key, address.clone())),
        Admission::Unknown | Admission::Foreign => None,
    };
    if let Some((key, address)) = mail.delivered_to.iter().find_map(of) {
        return vec![(key, vec![address])];
    }
    let mut departments: Vec<(String, Vec<Address>)> = Vec::new();
    let written_to = mail.to.iter().chain(&mail.cc).map(|mailbox| &mailbox.address);
    for (key, address) in written_to.filter_map(of) {
        match departments.iter_mut().find(|(known, _)| *known == key) {
            Some((_, addresses)) if addresses.contains(&address) => {}
            Some((_, addresses)) => addresses.push(address),
            None => departments.push((key, vec![address])),
        }
    }
    departments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::parse::{header_of, parse};
    use crate::model::desk::{Access, AcknowledgementCaps, Agent, Department, Limits};
    use crate::model::seal::Key;
    use crate::model::token::Keyring;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn desk() -> Desk {
        let mut support = Department::new("support", "Support", "SUP", address("support@desk.example.org"));
        support.mailboxes.push(address("help@shop.example"));
        let mut sales = Department::new("sales", "Sales", "SAL", address("sales@desk.example.org"));
        sales.agents.push("boris".to_owned());
        let agent = |key: &str| Agent {
            key: key.to_owned(),
            name: key.to_owned(),
            address: address(&format!("{key}@staff.example")),
            other_addresses: Vec::new(),
            access: Access::Agent,
            language: None,
        };
        let agents = vec![agent("boris"), agent("olga")];
        let caps = AcknowledgementCaps { per_hour: 1, per_day: 5, total_per_day: 40 };
        let keys = Keyring::new(Key::new(0, &[7; 32]), Vec::new());
        Desk::new("desk.example.org".to_owned(), vec![support, sales], agents, keys, Limits::default(), caps)
    }

    fn departments(header: &str, department: Option<&str>) -> Vec<(String, Vec<String>)> {
        let mail = header_of(format!("{header}\r\n\r\nwords\r\n").as_bytes(), &Limits::default());
        let found = envelope(&mail, department, &desk()).departments;
        found.into_iter().map(|(key, to)| (key, to.iter().map(ToString::to_string).collect())).collect()
    }

    fn one(key: &str, to: &[&str]) -> Vec<(String, Vec<String>)> {
        vec![(key.to_owned(), to.iter().map(|to| (*to).to_owned()).collect())]
    }

    #[test]
    fn what_the_nearest_server_noted_comes_before_what_the_author_wrote() {
        let both = "To: help@shop.example, Sales <sales@desk.example.org>";
        assert_eq!(departments(both, None).len(), 2);
        for noted in ["Delivered-To", "X-Original-To", "X-Forwarded-To", "Envelope-To", "Resent-To"] {
            let header = format!("{noted}: box@elsewhere.example\r\n{noted}: sales@desk.example.org\r\n{both}");
            assert_eq!(departments(&header, None), one("sales", &["sales@desk.example.org"]), "{noted}");
        }
        let all = "Envelope-To: help@shop.example\r\nDelivered-To: sales@desk.example.org";
        assert_eq!(departments(all, None), one("sales", &["sales@desk.example.org"]));
    }

    #[test]
    fn an_account_of_one_department_has_mail_for_no_other_one() {
        let header = "To: sales@desk.example.org\r\nCc: help@shop.example";
        assert_eq!(departments(header, Some("support")), one("support", &["help@shop.example"]));
        assert_eq!(departments("To: box@elsewhere.example", Some("sales")), one("sales", &[]));
    }

    #[test]
    fn mail_that_names_nobody_is_for_the_first_department() {
        for header in ["To: box@elsewhere.example", "To: undisclosed-recipients:;", "Subject: nobody"] {
            assert_eq!(departments(header, None), one("support", &[]), "{header}");
        }
    }

    #[test]
    fn archived_mail_of_the_desk_is_for_the_department_that_wrote_it_unless_it_names_another() {
        let told = |header: &str, department| {
            let mail = header_of(format!("{header}\r\n\r\nwords\r\n").as_bytes(), &Limits::default());
            let found = envelope_of_archived(&mail, department, &desk()).departments;
            found.into_iter().map(|(key, to)| format!("{key} {}", to.len())).collect::<Vec<_>>().join(", ")
        };
        let to = "To: mia@customer.example";
        assert_eq!(told(&format!("From: sales@desk.example.org\r\n{to}"), None), "sales 0");
        assert_eq!(told(&format!("From: boris@staff.example\r\n{to}"), None), "sales 0");
        assert_eq!(told(&format!("From: boris@staff.example\r\n{to}\r\nCc: help@shop.example"), None), "support 1");
        assert_eq!(told(&format!("From: boris@staff.example\r\n{to}"), Some("support")), "support 0");
        // An agent of no department, and somebody from outside.
        assert_eq!(told(&format!("From: olga@staff.example\r\n{to}"), None), "support 0");
        assert_eq!(told(&format!("From: zoe@customer.example\r\n{to}"), None), "support 0");
    }

    #[test]
    fn the_header_alone_tells_the_same_as_the_whole_mail() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mail");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|kind| kind != "eml") {
                continue;
            }
            let raw = std::fs::read(&path).unwrap();
            let (head, whole) = (header_of(&raw, &Limits::default()), parse(&raw, &Limits::default()));
            let told = |mail: &Mail| (mail.content_key, mail.from.clone(), mail.to.clone(), mail.delivered_to.clone());
            assert_eq!(told(&head), told(&whole), "{}", path.display());
            assert_eq!(sender(&head), sender(&whole), "{}", path.display());
            seen += 1;
        }
        assert!(seen > 100, "{seen}");
    }
}
