//! The shape of a text: which lines are quoted, which name who is quoted, which are a program's, and which are the author's own.

use super::{forms, prefix};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing but white space.
    Blank,
    /// Begins with `>` or what a program uses in its place.
    Quote,
    /// `On … wrote:`, or one of the lines that it is wrapped to.
    Attribution,
    /// Anything else.
    Own,
    /// A signature, a banner, a line of a program: recognised, and not the author's words.
    Aside,
}

/// The roles of the lines of a text.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) roles: Vec<Role>,
    /// The lines among which a quotation may begin.
    pub(super) quotable: usize,
    /// How many lines are the author's own.
    own: usize,
}

impl Shape {
    /// Gives every line its role. Where the author `passes_on` a mail, the first line that it could begin with is where it does.
    pub(super) fn of(lines: &[&str], passes_on: bool) -> Self {
        let mut roles: Vec<Role> = lines.iter().map(|line| role(line)).collect();
        let begins = |at: usize| forms::is_forward(lines[at]) || (passes_on && forms::separates(lines, at));
        let written = (0..lines.len()).find(|at| match roles[*at] {
            Role::Own => begins(*at),
            Role::Quote => passes_on && forms::is_quoted_forward(lines[*at]),
            _ => false,
        });
        let written = written.unwrap_or(lines.len());
        let ends = forms::possible_ends(&lines[..written]);
        let mut at = 0;
        while at < written {
            let may_begin = roles[at] == Role::Own && forms::may_begin(&ends, at);
            let length = if may_begin { forms::attribution(&lines[at..]) } else { 0 };
            let is_one = length > 0;
            if is_one {
                roles[at..at + length].fill(Role::Attribution);
            }
            at += if is_one { length } else { 1 };
        }
        prefix::find(&lines[..written], &mut roles[..written]);
        // What is passed on is the author's matter, whatever it looks like.
        roles[written..].iter_mut().filter(|role| **role == Role::Quote).for_each(|role| *role = Role::Own);
        let own = roles.iter().filter(|role| **role == Role::Own).count();
        Self { roles, quotable: written, own }
    }

    /// Forgets the lines from there on.
    pub(super) fn truncate(&mut self, end: usize) {
        let gone = self.roles.get(end..).unwrap_or_default();
        self.own -= gone.iter().filter(|role| **role == Role::Own).count();
        self.roles.truncate(end);
        self.quotable = self.quotable.min(end);
    }

    /// Says that these lines are not the author's, and gives `false` and changes nothing when none of his would be left.
    pub(super) fn set_aside(&mut self, start: usize, end: usize) -> bool {
        let block = &mut self.roles[start..end];
        let own = block.iter().filter(|role| **role == Role::Own).count();
        if own == self.own {
            return false;
        }
        self.own -= own;
        block.iter_mut().filter(|role| **role == Role::Own).for_each(|role| *role = Role::Aside);
        true
    }

    /// Whether the author wrote something above the line.
    pub(super) fn has_own_text(&self, end: usize) -> bool {
        self.roles[..end.min(self.roles.len())].contains(&Role::Own)
    }

    /// Where the quotation begins that this line opens: with the attribution above it, when there is one.
    pub(super) fn start_of_quotation(&self, line: usize) -> usize {
        let above = |from: usize, passed: &[Role]| {
            self.roles[..from].iter().rposition(|role| !passed.contains(role)).map_or(0, |last| last + 1)
        };
        // Quoted lines between the two are empty ones: our notices begin with the marker.
        let end = above(line, &[Role::Blank, Role::Quote]);
        let start = above(end, &[Role::Attribution]);
        if start < end { start } else { line }
    }

    /// The first attribution that no quoted line follows: the client quotes without a prefix.
    pub(super) fn attribution_of_tail(&self) -> Option<usize> {
        let mut start = None;
        for (at, role) in self.roles.iter().enumerate() {
            match role {
                Role::Attribution => start = start.or(Some(at)),
                Role::Blank | Role::Aside => {}
                Role::Quote => start = None,
                Role::Own if start.is_some() => return start,
                Role::Own => {}
            }
        }
        start
    }

    /// Where the signature ends that begins there: at the quotation below it when the author answers between or below the
    /// quoted lines, else nowhere.
    pub(super) fn end_of_signature(&self, start: usize) -> Option<usize> {
        let quotation = start + self.roles[start..].iter().position(|role| matches!(role, Role::Quote | Role::Attribution))?;
        let is_short = self.roles[start..quotation].iter().filter(|role| **role == Role::Own).count() <= 16;
        let answers = (quotation..self.roles.len()).any(|at| {
            // A single line between two quoted ones may be the rest of the one above it.
            let between = self.roles[at - 1] == Role::Quote && self.roles.get(at + 1) == Some(&Role::Quote);
            self.roles[at] == Role::Own && !between
        });
        let has_quotes = self.roles[quotation..].contains(&Role::Quote);
        (is_short && answers && has_quotes).then_some(quotation)
    }

    /// Which of `length` lines are kept when quotations go: all of them that stand below or above everything that
    /// the author wrote, and none that the author wrote between. Lines beyond the shape are not kept.
    pub(super) fn without_quotes(&self, length: usize) -> Vec<bool> {
        let own = |role: &Role| *role == Role::Own;
        let mut keep = vec![true; self.roles.len()];
        if let (Some(first), Some(last)) = (self.roles.iter().position(own), self.roles.iter().rposition(own)) {
            // Interleaved: the lines that are answered stay with their answers, also those above the first of them.
            let interleaved = self.roles[first..last].contains(&Role::Quote);
            for (at, role) in self.roles.iter().enumerate() {
                keep[at] = match role {
                    Role::Own | Role::Blank => true,
                    Role::Attribution | Role::Aside => false,
                    Role::Quote => interleaved && at < last,
                };
            }
        }
        keep.resize(length, false);
        keep
    }
}

fn role(line: &str) -> Role {
    let line = line.trim_start();
    match line.chars().next() {
        None => Role::Blank,
        Some('>') if forms::is_group_wise(line) => Role::Own,
        Some('>' | '＞') => Role::Quote,
        // What a careless script leaves of HTML.
        Some('&') if line.starts_with("&gt;") => Role::Quote,
        Some(_) => Role::Own,
    }
}
