//! What is said to a person, before it is in any language: the key of a phrase and what comes into it.
//!
//! `decide` makes phrases where something happens, [`super::write`] says them in the language of whoever reads them. The trace of an
//! arrival and the events of a ticket are English: there a phrase is shown by `Display`, in the built-in English whatever an operator's
//! folder says.

use std::borrow::Cow;

use crate::model::time::Time;

/// A phrase and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    pub(super) key: Cow<'static, str>,
    /// The number that asks for a form of the phrase; it comes in as `{n}`.
    pub(super) count: Option<u64>,
    pub(super) values: Vec<(&'static str, Value)>,
}

/// What comes into a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Words that are the same in every language: names, addresses, what somebody wrote, words of commands.
    Foreign(String),
    /// A day, as the language of the reader writes days.
    Day(Time),
    /// How a command is written, by its word: `#assign NAME`.
    Command(&'static str),
    /// Another phrase.
    Phrase(Phrase),
    /// Several of them, put together by a phrase that has `{before}` and `{next}`.
    List {
        /// Its key.
        between: &'static str,
        /// What is put together; nothing is said of none.
        items: Vec<Value>,
    },
}

impl Phrase {
    /// The phrase of this key, as `<language>/phrases` has it.
    pub fn new(key: &'static str) -> Self {
        Self { key: Cow::Borrowed(key), count: None, values: Vec::new() }
    }

    /// The phrase for one of several things that have names: `cause.loop`.
    pub fn of(kind: &str, name: &str) -> Self {
        Self { key: Cow::Owned(format!("{kind}.{name}")), count: None, values: Vec::new() }
    }

    /// A phrase that has a form for this number.
    pub fn counted(key: &'static str, count: usize) -> Self {
        Self { count: Some(u64::try_from(count).unwrap_or(u64::MAX)), ..Self::new(key) }
    }

    /// With words for `{name}`.
    pub fn with(self, name: &'static str, words: impl ToString) -> Self {
        self.value(name, Value::Foreign(words.to_string()))
    }

    /// With a day for `{name}`.
    pub fn day(self, name: &'static str, day: Time) -> Self {
        self.value(name, Value::Day(day))
    }

    /// With another phrase for `{name}`.
    pub fn phrase(self, name: &'static str, phrase: Phrase) -> Self {
        self.value(name, Value::Phrase(phrase))
    }

    /// With words for `{name}` that are put together by the phrase of this key (`list.comma`, `list.or`).
    pub fn list<T: ToString>(self, name: &'static str, between: &'static str, items: impl IntoIterator<Item = T>) -> Self {
        let items = items.into_iter().map(|item| Value::Foreign(item.to_string())).collect();
        self.value(name, Value::List { between, items })
    }

    /// With any value for `{name}`.
    pub fn value(mut self, name: &'static str, value: Value) -> Self {
        self.values.push((name, value));
        self
    }
}
