//! `[[imap]]`: the mailboxes that mail is fetched from, each an account at a server.

use std::net::IpAddr;
use std::time::Duration;

use super::document::Node;
use super::login;
use super::people;
use super::register::Register;
use super::smtp::authserv_id;
use super::table::{Place, Table};
use super::value::{self, Read};
use crate::accept::imap::{Account, After, Security, Start};
use crate::authenticate::Provider;
use crate::login::Secret;
use crate::model::network::is_this_machine;
use crate::model::suggestion::nearest;

/// The folder of new mail (RFC 3501 section 5.1). Its name alone has no case.
const INBOX: &str = "INBOX";
/// Octets of the name of a folder. Servers allow some 200 to 500.
const LONGEST_FOLDER: usize = 500;

/// How often it is looked for new mail by default, and at least and at most. Where the server announces it, this is the net below.
const POLL: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(5), Duration::from_secs(3_600)];
/// The same for holding all of the numbers against the ledger.
const RECONCILE: [Duration; 3] = [Duration::from_secs(3_600), Duration::from_secs(60), Duration::from_secs(86_400)];

/// What accounts may not have in common.
struct Registers<'a> {
    names: Register<'a>,
    mailboxes: Register<'a>,
    refresh_tokens: Register<'a>,
}

/// Reads every `[[imap]]` of the file. Those that are wrong are reported and left out.
pub(super) fn accounts(root: &Table<'_>, departments: &[String], max_message_size: usize) -> Vec<Account> {
    let exact = |rule| Register::exact(root.report, rule);
    let mut registers = Registers {
        names: Register::new(root.report, "every account needs a name of its own"),
        mailboxes: exact("each of its mails would come in twice; name every folder of a mailbox once"),
        refresh_tokens: exact("the provider may change the token; each account needs a file of its own"),
    };
    let tables = root.tables("imap");
    tables.iter().filter_map(|table| account(table, departments, max_message_size, &mut registers)).collect()
}

/// The providers that are believed in what they found out about senders.
pub(super) fn providers(accounts: &[Account]) -> Vec<Provider> {
    let provider = |account: &Account| {
        let authserv_id = account.authserv_id.clone()?;
        Some(Provider { account: account.name.clone(), authserv_id })
    };
    accounts.iter().filter_map(provider).collect()
}

fn account(table: &Table<'_>, departments: &[String], max_message_size: usize, registers: &mut Registers<'_>) -> Option<Account> {
    let name = table.required("name", people::key);
    let host = table.required("host", host);
    let security = table.optional("security", security).unwrap_or(Security::Tls);
    let port = port(table, security);
    let ca_file = login::ca_file(table);
    let login = login::required(table, ca_file.as_deref());
    let folders = folders(table);
    let after = table.optional("after", after).unwrap_or(After::Seen);
    let start = table.optional("start", start).unwrap_or(Start::New);
    let poll = table.time_between("poll", POLL[0], POLL[1]..=POLL[2]);
    let reconcile = table.time_between("reconcile", RECONCILE[0], RECONCILE[1]..=RECONCILE[2]);
    let authserv_id = table.optional("authserv_id", authserv_id);
    let department = department(table, departments);
    refuse_clear_text(table, security, host.as_deref());
    refuse_moving_in_circles(table, &after, &folders);
    table.finish(&[]);
    if let Some(name) = &name {
        registers.names.take(name, &table.place("name"));
    }
    if let Some(Secret::Token(source)) = login.as_ref().map(|login| &login.secret)
        && let Some(file) = &source.options().refresh_token_file
    {
        registers.refresh_tokens.take(&file.display().to_string(), &table.place("oauth2"));
    }
    let (name, host, login) = (name?, host?, login?);
    for (folder, place) in &folders {
        registers.mailboxes.take(&format!("{folder} of {} at {host}:{port}", login.user), place);
    }
    let folders = folders.into_iter().map(|(folder, _)| folder).collect();
    Some(Account {
        name,
        host,
        port,
        security,
        login,
        ca_file,
        folders,
        department,
        after,
        start,
        poll,
        reconcile,
        authserv_id,
        max_message_size,
    })
}

/// A name, or an IP address, with or without the brackets of an IPv6 one.
fn host(node: &Node) -> Read<String> {
    let text = value::text(node)?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    if text.contains([':', '/']) {
        return Err(format!("`{text}` is not a host name; write the name alone: \"imap.example.org\", the port as port"));
    }
    value::host_name(&text).map(|()| text)
}

/// The port: what is written, or that of the protection (RFC 8314 section 3.2, RFC 3501 section 2.1).
fn port(table: &Table<'_>, security: Security) -> u16 {
    let read = |node: &Node| {
        let port = u16::try_from(value::number(node)?).ok().filter(|port| *port != 0);
        port.ok_or_else(|| "must be from 1 to 65535".to_owned())
    };
    let usual = if security == Security::Tls { 993 } else { 143 };
    table.optional("port", read).unwrap_or(usual)
}

fn security(node: &Node) -> Read<Security> {
    match value::text(node)?.as_str() {
        "tls" => Ok(Security::Tls),
        "starttls" => Ok(Security::StartTls),
        "plain" => Ok(Security::Plain),
        other => Err(format!("takes \"tls\", \"starttls\" or \"plain\", not `{other}`")),
    }
}

/// Secrets and mail in clear text leave this machine only where the configuration says twice that they may.
fn refuse_clear_text(table: &Table<'_>, security: Security, host: Option<&str>) {
    let allowed = table.optional("allow_clear_text", value::flag) == Some(true);
    let beyond = host.filter(|host| security == Security::Plain && !is_this_machine(host));
    if let Some(host) = beyond.filter(|_| !allowed) {
        let message = format!(
            "\"plain\" would show password and mail to everybody on the way to {host}; use \"tls\" or \"starttls\", or set \
             allow_clear_text = true where the way itself is safe"
        );
        table.report.fault(&table.place("security"), message);
    }
    if allowed && host.is_some() && beyond.is_none() {
        let message = "is of no use: nothing leaves this machine in clear text here; remove it";
        table.report.doubt(&table.place("allow_clear_text"), message);
    }
}

/// The folders with their places: one, several, or the one of new mail.
fn folders(table: &Table<'_>) -> Vec<(String, Place)> {
    let one = table.optional("folder", folder);
    let mut folders: Vec<(String, Place)> = Vec::new();
    for (folder, place) in table.list("folders", folder) {
        if folders.iter().any(|(other, _)| *other == folder) {
            table.report.fault(&place, format!("`{folder}` stands in the list twice; remove one"));
        } else {
            folders.push((folder, place));
        }
    }
    if table.has("folder") && table.has("folders") {
        table.report.fault(&table.place("folder"), "is of no use beside folders; name all of them there");
    }
    if table.has_empty_list("folders") {
        table.report.fault(&table.place("folders"), "is empty; name a folder, or remove it for \"INBOX\"");
    }
    match one {
        Some(folder) => vec![(folder, table.place("folder"))],
        None if table.has("folders") => folders,
        None => vec![(INBOX.to_owned(), table.place("folder"))],
    }
}

/// The name of a folder, as people read it: the encoding of the wire is the wire's own.
fn folder(node: &Node) -> Read<String> {
    let text = value::text(node)?;
    if text.len() > LONGEST_FOLDER {
        return Err(format!("has {} octets; no server has names of more than {LONGEST_FOLDER}", text.len()));
    }
    if text.contains(['*', '%']) {
        return Err("holds * or %, which no name of a folder may; name each folder".to_owned());
    }
    Ok(if text.eq_ignore_ascii_case(INBOX) { INBOX.to_owned() } else { text })
}

fn after(node: &Node) -> Read<After> {
    let text = value::text(node)?;
    match (text.as_str(), text.strip_prefix("move:")) {
        ("seen", _) => Ok(After::Seen),
        ("delete", _) => Ok(After::Delete),
        (_, Some(name)) => {
            let name = Node { line: node.line, value: super::document::Value::Text(name.to_owned()) };
            folder(&name).map(After::Move)
        }
        _ => Err(format!("takes \"seen\", \"move:FOLDER\" or \"delete\", not `{text}`")),
    }
}

/// Mail that is moved to a folder that is fetched would come in again as a new message.
fn refuse_moving_in_circles(table: &Table<'_>, after: &After, folders: &[(String, Place)]) {
    let After::Move(target) = after else { return };
    if folders.iter().any(|(folder, _)| folder == target) {
        let message = format!("moves mail to `{target}`, which is fetched itself: it would come in anew; choose another folder");
        table.report.fault(&table.place("after"), message);
    }
}

fn start(node: &Node) -> Read<Start> {
    match value::text(node)?.as_str() {
        "all" => Ok(Start::All),
        "new" => Ok(Start::New),
        other => Err(format!("takes \"all\" or \"new\", not `{other}`")),
    }
}

/// The department of all of its mail, which has to be there.
fn department(table: &Table<'_>, departments: &[String]) -> Option<String> {
    let key = table.optional("department", value::text)?;
    if !departments.contains(&key) {
        let advice = match nearest(&key, departments.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "add a [[department]] with that key, or remove it here".to_owned(),
        };
        table.report.doubt(&table.place("department"), format!("there is no department `{key}`; {advice}"));
    }
    Some(key)
}
