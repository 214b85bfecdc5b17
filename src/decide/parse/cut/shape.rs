//! The shape of a text: which lines are quoted, which name who is quoted, and which are the author's own.

use super::forms;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing but white space.
    Blank,
    /// Begins with `>`.
    Quote,
    /// `On … wrote:`, or one of the lines that it is wrapped to.
    Attribution,
    /// Anything else.
    Own,
}

/// The roles of the lines of a text.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) roles: Vec<Role>,
    /// The lines among which a quotation may begin.
    pub(super) quotable: usize,
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
        let mut at = 0;
        while at < written {
            let length = if roles[at] == Role::Own { forms::attribution(&lines[at..]) } else { 0 };
            let is_one = length > 0;
            if is_one {
                roles[at..at + length].fill(Role::Attribution);
            }
            at += if is_one { length } else { 1 };
        }
        // What is passed on is the author's matter, whatever it looks like.
        roles[written..].iter_mut().filter(|role| **role == Role::Quote).for_each(|role| *role = Role::Own);
        Self { roles, quotable: written }
    }

    /// Forgets the lines from there on.
    pub(super) fn truncate(&mut self, end: usize) {
        self.roles.truncate(end);
        self.quotable = self.quotable.min(end);
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
                Role::Blank => {}
                Role::Quote => start = None,
                Role::Own if start.is_some() => return start,
                Role::Own => {}
            }
        }
        start
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
                    Role::Attribution => false,
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
        Some('>') if !forms::is_group_wise(line) => Role::Quote,
        Some(_) => Role::Own,
    }
}
