//! `[delivery] dkim`: the keys that sign outgoing mail. Their files are read here, so that a key that cannot sign is a fault at the start
//! and not a mail that is refused somewhere.

use super::credential;
use super::register::Register;
use super::table::Table;
use super::value;
use crate::deliver::sign::Key;

const EXAMPLE: &str = "{ domain = \"shop.example\", selector = \"pd2026\", private_key = \"FILE\" }";

/// Reads the keys: one table, or a list of tables. Those that are wrong are reported and left out.
pub(super) fn keys(delivery: &Table<'_>) -> Vec<Key> {
    let mut names = Register::new(delivery.report, "a key needs a selector of its own");
    let tables = delivery.table_or_tables("dkim", EXAMPLE);
    tables.iter().filter_map(|table| key(table, &mut names)).collect()
}

fn key(table: &Table<'_>, names: &mut Register<'_>) -> Option<Key> {
    let domain = table.required("domain", |node| value::text(node).and_then(domain));
    let selector = table.required("selector", |node| value::text(node).and_then(selector));
    let file = table.required("private_key", credential::file);
    table.finish(&[]);
    let (domain, selector, file) = (domain?, selector?, file?);
    names.take(&format!("{selector}._domainkey.{domain}"), &table.place("selector"));
    match Key::open(&domain, &selector, &file) {
        Ok(key) => Some(key),
        Err(why) => {
            table.report.fault(&table.place("private_key"), why);
            None
        }
    }
}

/// A domain as DNS writes it.
///
/// # Errors
/// Words that say what it takes.
pub fn domain(text: String) -> Result<String, String> {
    value::host_name(&text).map(|()| text.to_ascii_lowercase())
}

/// The name of a key: labels of a domain name (RFC 6376 section 3.1); `_` is seen in practice.
///
/// # Errors
/// Words that say what it takes.
pub fn selector(text: String) -> Result<String, String> {
    match value::host_name(&text.replace('_', "-")) {
        Ok(()) => Ok(text),
        Err(_) => Err(format!("`{text}` is no selector; write letters and digits, such as \"pd2026\"")),
    }
}
