//! A typed reader over one section: it collects faults and remembers which keys it was asked for, so that what nobody
//! asked for is reported as unknown.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Changed;
use super::document::{Document, Entry, Node, Value};
use super::fault::{Fault, Faults};
use super::value::{self, Read};
use crate::model::suggestion::nearest;

/// Where something stands in the file.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Path of the key.
    pub(super) key: String,
    /// Line, counted from 1.
    pub(super) line: usize,
}

/// What was found out about a file while reading it.
pub(super) struct Report {
    file: String,
    sound: bool,
    faults: RefCell<Vec<Fault>>,
    changed: RefCell<Vec<Changed>>,
}

impl Report {
    /// A report that begins with what is no TOML in the document.
    pub(super) fn new(file: &str, document: &Document) -> Self {
        let report =
            Self { file: file.to_owned(), sound: document.sound, faults: RefCell::default(), changed: RefCell::default() };
        for broken in &document.broken {
            report.fault(&Place { key: broken.key.clone(), line: broken.line }, broken.message.clone());
        }
        report
    }

    /// Something is wrong.
    pub(super) fn fault(&self, place: &Place, message: impl Into<String>) {
        let fault = Fault { file: self.file.clone(), line: place.line, key: place.key.clone(), message: message.into() };
        self.faults.borrow_mut().push(fault);
    }

    /// Something is wrong, unless a broken line elsewhere explains it: something is missing, or stands where nobody looks.
    pub(super) fn doubt(&self, place: &Place, message: impl Into<String>) {
        if self.sound {
            self.fault(place, message);
        }
    }

    /// All faults by line, and the limits that differ from their defaults.
    pub(super) fn finish(self) -> (Faults, Vec<Changed>) {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.line);
        (Faults(faults), self.changed.into_inner())
    }
}

/// One section. One that is not in the file is like an empty one.
pub(super) struct Table<'a> {
    pub(super) report: &'a Report,
    path: String,
    line: usize,
    entries: &'a [Entry],
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    /// The whole file.
    pub(super) fn root(report: &'a Report, entries: &'a [Entry]) -> Self {
        Self { report, path: String::new(), line: 1, entries, asked: RefCell::default() }
    }

    /// Where a key stands, or where its section begins when it is not there.
    pub(super) fn place(&self, key: &str) -> Place {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        Place { key: self.path_of(key), line: entry.map_or(self.line, |entry| entry.line) }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// Whether the key is in the file, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Whether the key is in the file and its list has no elements.
    pub(super) fn has_empty_list(&self, key: &str) -> bool {
        let empty = |entry: &Entry| matches!(&entry.node.value, Value::List(elements) if elements.is_empty());
        self.entries.iter().any(|entry| entry.key == key && empty(entry))
    }

    /// Whether the key is in the file and is a list.
    pub(super) fn has_list(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key && matches!(entry.node.value, Value::List(_)))
    }

    /// Whether the key is in the file and is a list that holds a table.
    pub(super) fn has_list_of_tables(&self, key: &str) -> bool {
        let is_table = |node: &Node| matches!(node.value, Value::Table(_));
        let holds = |entry: &Entry| matches!(&entry.node.value, Value::List(elements) if elements.iter().any(is_table));
        self.entries.iter().any(|entry| entry.key == key && holds(entry))
    }

    /// The value of a key; `None` when it is missing, or wrong and reported.
    pub(super) fn optional<T>(&self, key: &'static str, read: impl FnOnce(&Node) -> Read<T>) -> Option<T> {
        self.read_node(self.node(key)?, self.path_of(key), read).map(|(value, _)| value)
    }

    /// The value of a key; `None` when it is missing or wrong, and reported.
    pub(super) fn required<T>(&self, key: &'static str, read: impl FnOnce(&Node) -> Read<T>) -> Option<T> {
        if !self.has(key) {
            self.report.doubt(&self.place(key), "is missing; every configuration needs it");
        }
        self.optional(key, read)
    }

    /// The elements of a list with their places; those that are wrong are reported and left out.
    pub(super) fn list<T>(&self, key: &'static str, read: impl Fn(&Node) -> Read<T>) -> Vec<(T, Place)> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::List(elements) = &node.value else {
            self.report.fault(&self.place(key), format!("takes a list in [brackets], not {}", node.value.kind()));
            return Vec::new();
        };
        let path = |index| format!("{}[{}]", self.path_of(key), index + 1);
        elements.iter().enumerate().filter_map(|(index, element)| self.read_node(element, path(index), &read)).collect()
    }

    fn read_node<T>(&self, node: &Node, key: String, read: impl FnOnce(&Node) -> Read<T>) -> Option<(T, Place)> {
        let place = Place { key, line: node.line };
        match read(node) {
            Ok(value) => Some((value, place)),
            Err(message) => {
                self.report.fault(&place, message);
                None
            }
        }
    }

    /// A number within bounds. One that differs from the default is noted.
    pub(super) fn count(&self, key: &'static str, default: u32, bounds: RangeInclusive<u32>) -> u32 {
        let read = |node: &Node| {
            let count = u32::try_from(value::number(node)?).ok().filter(|count| bounds.contains(count));
            count.ok_or_else(|| format!("must be from {} to {}", bounds.start(), bounds.end()))
        };
        self.limit(key, default, read, u32::to_string)
    }

    /// Octets within bounds. A size that differs from the default is noted.
    pub(super) fn size(&self, key: &'static str, default: usize, bounds: RangeInclusive<usize>) -> usize {
        let read = |node: &Node| {
            let size = usize::try_from(value::size(node)?).ok().filter(|size| bounds.contains(size));
            size.ok_or_else(|| format!("must be from {} to {}", value::octets(*bounds.start()), value::octets(*bounds.end())))
        };
        self.limit(key, default, read, |size| value::octets(*size))
    }

    /// A time of at least a second. One that differs from the default is noted.
    pub(super) fn time_limit(&self, key: &'static str, default: Duration) -> Duration {
        self.limit(key, default, at_least_a_second, |span| format!("{}s", span.as_secs()))
    }

    /// A time within bounds. One that differs from the default is noted.
    pub(super) fn time_between(&self, key: &'static str, default: Duration, bounds: RangeInclusive<Duration>) -> Duration {
        let show = |span: &Duration| format!("{}s", span.as_secs());
        let read = |node: &Node| {
            let span = value::duration(node)?;
            let fits = bounds.contains(&span).then_some(span);
            fits.ok_or_else(|| format!("must be from \"{}\" to \"{}\"", show(bounds.start()), show(bounds.end())))
        };
        self.limit(key, default, read, show)
    }

    /// A share in percent. One that differs from the default is noted.
    pub(super) fn share(&self, key: &'static str, default: u8) -> u8 {
        self.limit(key, default, value::percent, |share| format!("{share} %"))
    }

    fn limit<T: PartialEq>(
        &self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&Node) -> Read<T>,
        show: impl Fn(&T) -> String,
    ) -> T {
        let Some(value) = self.optional(key, read) else { return default };
        if value != default {
            let changed = Changed { key: self.path_of(key), value: show(&value), default: show(&default) };
            self.report.changed.borrow_mut().push(changed);
        }
        value
    }

    /// A section below this one.
    pub(super) fn table(&self, key: &'static str) -> Table<'a> {
        let place = self.place(key);
        let Some(node) = self.node(key) else { return self.below(place.key, place.line, &[]) };
        if let Value::Table(entries) = &node.value {
            return self.below(place.key, node.line, entries);
        }
        self.report.fault(&place, format!("is a section and is written [{key}], not {}", node.value.kind()));
        self.below(place.key, place.line, &[])
    }

    /// The sections in double brackets of one name.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let place = self.place(key);
        let Value::List(elements) = &node.value else {
            let message = format!("there may be several of it: write [[{key}]] in double brackets, not {}", node.value.kind());
            self.report.fault(&place, message);
            return Vec::new();
        };
        self.each(&place.key, elements, |kind| format!("is a section and is written [[{key}]], not {kind}"))
    }

    /// The tables in braces of one list.
    pub(super) fn tables_in(&self, key: &'static str, example: &str) -> Vec<Table<'a>> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let place = self.place(key);
        let Value::List(elements) = &node.value else {
            self.report.fault(&place, format!("takes a list in [brackets], as in [{example}], not {}", node.value.kind()));
            return Vec::new();
        };
        self.each(&place.key, elements, |kind| format!("takes {example}, not {kind}"))
    }

    /// One table in braces, or several in a list.
    pub(super) fn table_or_tables(&self, key: &'static str, example: &str) -> Vec<Table<'a>> {
        match self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node.value) {
            Some(Value::Table(_)) => vec![self.table(key)],
            _ => self.tables_in(key, example),
        }
    }

    /// The elements of a list that are tables; the others are faults.
    fn each(&self, list: &str, elements: &'a [Node], fault: impl Fn(&str) -> String) -> Vec<Table<'a>> {
        let mut tables = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let path = format!("{list}[{}]", index + 1);
            match &element.value {
                Value::Table(entries) => tables.push(self.below(path, element.line, entries)),
                other => self.report.fault(&Place { key: path, line: element.line }, fault(other.kind())),
            }
        }
        tables
    }

    fn below(&self, path: String, line: usize, entries: &'a [Entry]) -> Table<'a> {
        Table { report: self.report, path, line, entries, asked: RefCell::default() }
    }

    /// Reports every key that was not asked for. Keys that postdesk is to have and this version has not are called by their name
    /// rather than unknown.
    pub(super) fn finish(&self, not_yet: &[&str]) {
        let asked = self.asked.borrow();
        for entry in self.entries.iter().filter(|entry| !asked.contains(&entry.key.as_str())) {
            if not_yet.contains(&entry.key.as_str()) {
                self.report.fault(&self.place(&entry.key), "this version of postdesk does not have it yet; remove it");
                continue;
            }
            let advice = match nearest(&entry.key, asked.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: {}", asked.join(", ")),
            };
            self.report.doubt(&self.place(&entry.key), format!("is not a known key; {advice}"));
        }
    }
}

/// A span of time that is not zero.
pub(super) fn at_least_a_second(node: &Node) -> Read<Duration> {
    let span = value::duration(node)?;
    if span.is_zero() { Err("must be at least \"1s\"".to_owned()) } else { Ok(span) }
}
