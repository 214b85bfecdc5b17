//! TOML text to a tree that knows its lines. The only file that names the `toml` crate.
//!
//! The parser recovers from what it does not understand, so that the faults of a whole file are found in one run. Where the
//! text is so broken that keys may have ended up in a wrong section, the tree is marked as not [`Document::sound`], and
//! nobody complains about what seems to be missing or unknown.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file as it was read.
pub(super) struct Document {
    /// Its sections and keys.
    pub(super) root: Vec<Entry>,
    /// What is no TOML in it.
    pub(super) broken: Vec<Broken>,
    /// Whether every key is known to stand where its author put it.
    pub(super) sound: bool,
}

/// A place that is no TOML.
pub(super) struct Broken {
    /// Line, counted from 1.
    pub(super) line: usize,
    /// Path of the key on that line, as far as it can be told.
    pub(super) key: String,
    /// What is wrong.
    pub(super) message: String,
}

/// A key with its value.
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// The line it stands on, counted from 1.
    pub(super) line: usize,
    /// Its value.
    pub(super) node: Node,
}

/// A value and the line it begins on; for a section the line of its header.
pub(super) struct Node {
    /// Line, counted from 1.
    pub(super) line: usize,
    /// The value.
    pub(super) value: Value,
}

/// The values that a configuration is made of.
pub(super) enum Value {
    /// Text in quotes.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A list, or the sections of one name in double brackets.
    List(Vec<Node>),
    /// A section.
    Table(Vec<Entry>),
    /// Something that no key takes, by its name for people.
    Other(&'static str),
}

impl Value {
    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "text",
            Value::Number(_) => "a number",
            Value::Flag(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a section",
            Value::Other(name) => name,
        }
    }
}

/// Reads a text, whatever it is.
pub(super) fn parse(text: &str) -> Document {
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut sound = true;
    let mut broken = Vec::new();
    for error in errors {
        let line = lines.at(error.span().map_or(0, |span| span.start));
        // The crate tells its errors apart by their words alone; tests/settings.rs holds these two.
        let duplicate = error.message() == "duplicate key";
        sound &= duplicate || error.message().starts_with("string values must be quoted");
        let message =
            if duplicate { "stands in the file twice; remove one".to_owned() } else { format!("not TOML: {}", error.message()) };
        broken.push(Broken { line, key: key_on_line(text, line), message });
    }
    Document { root: entries(root.get_ref(), &lines), broken, sound }
}

fn entries(table: &DeTable<'_>, lines: &Lines) -> Vec<Entry> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        Entry { key: name.to_string(), line: lines.at(key.span().start), node: node(value, lines) }
    };
    table.iter().map(entry).collect()
}

fn node(value: &Spanned<DeValue<'_>>, lines: &Lines) -> Node {
    let line = lines.at(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Other("a number that is too large"),
        },
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Datetime(_) => Value::Other("a date or time"),
        DeValue::Array(array) => Value::List(array.iter().map(|element| node(element, lines)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, lines)),
    };
    Node { line, value }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The line, counted from 1, that an octet is on.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset).max(1)
    }
}

/// The path of the key on a line: its section, made out from the headers above it, and what stands before the `=`.
fn key_on_line(text: &str, line: usize) -> String {
    let mut headers = Vec::new();
    for row in text.lines().take(line).map(str::trim_start).filter(|row| row.starts_with('[')) {
        headers.push(row.trim_start_matches('[').split([']', '#']).next().unwrap_or_default().trim());
    }
    let row = text.lines().nth(line - 1).unwrap_or_default().trim_start();
    let section = match headers.last() {
        Some(last) if text.contains(&format!("[[{last}]]")) => {
            format!("{last}[{}]", headers.iter().filter(|header| *header == last).count())
        }
        Some(last) => (*last).to_owned(),
        None => String::new(),
    };
    let key = row.split_once('=').map_or("", |(key, _)| key.trim());
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    match (bare, section.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{section}.{key}"),
        (false, _) => section,
    }
}
