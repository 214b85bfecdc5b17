//! Characters to lines: white space joined, empty lines between paragraphs, cells of a table beside each other, quotations with `> `.
//!
//! An end of line is only noted, and made when more text comes; so it can still turn out that the next text is the next cell of a row.

/// Deeper quotations are shown as this deep.
const DEEPEST_QUOTE: usize = 10;
/// Deeper lists are shown as this deep.
const DEEPEST_LIST: usize = 8;

/// What comes between two pieces of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    #[default]
    None,
    Line,
    /// An empty line.
    Empty,
}

/// Where a line goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Side {
    #[default]
    Text,
    /// Below everything: it is no word of the author's.
    Tail,
    /// The same, but above what is quoted: a signature, the line above a quotation.
    Aside,
}

/// What is known of a line when its first character comes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) side: Side,
    pub(super) quotes: usize,
    pub(super) lists: usize,
    /// White space at its start is the author's.
    pub(super) preserves: bool,
    /// It stands in a frame around quotations, above the first of them.
    pub(super) heads_frame: bool,
    /// It is the first that stands where something was marked.
    pub(super) is_first: bool,
}

/// A line that is complete.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) place: Place,
    /// What was before its text.
    item: String,
    empty_before: bool,
}

/// The line that is being written.
#[derive(Debug, Default)]
pub(super) struct Open {
    text: String,
    place: Place,
    item: String,
    gap: Gap,
    /// The next text is that of the next cell.
    next_cell: bool,
    space: bool,
    empty_before: bool,
    /// A space that does not break was all that came since the line ended.
    is_blank: bool,
    /// Two cells have met on this line.
    is_joined: bool,
    /// A cell has begun and has no text yet.
    at_cell: bool,
    /// The mark of a list item that has no text yet.
    next_item: String,
    /// How many lines have been begun.
    pub(super) begun: usize,
}

impl Open {
    /// Whether something stands on the line.
    pub(super) fn has_text(&self) -> bool {
        !self.text.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// A line or a paragraph ends, or begins. Before the first words of a cell there is none to end.
    pub(super) fn ends(&mut self, gap: Gap) {
        if self.next_cell {
            return;
        }
        let is_blank = gap > Gap::None && std::mem::take(&mut self.is_blank);
        let gap = if is_blank { Gap::Empty } else { gap };
        // Between the rows of a table of data nothing is left free.
        self.gap = self.gap.max(if self.at_cell && self.is_joined { gap.min(Gap::Line) } else { gap });
    }

    /// A row ends. Cells beside each other end their line only, whatever the paragraphs in them would leave free.
    pub(super) fn ends_row(&mut self, is_single: bool) {
        self.next_cell = false;
        self.is_blank = false;
        self.at_cell = false;
        self.gap = if is_single && self.is_joined { Gap::Line } else { self.gap.max(Gap::Line) };
    }

    /// `<br>`: on an empty line it makes one.
    pub(super) fn breaks(&mut self) {
        let gap = if self.gap == Gap::None && self.has_text() { Gap::Line } else { Gap::Empty };
        self.ends(gap);
    }

    /// A cell begins in a row before which so many lines had been begun: beside those before it, as long as each has one line.
    pub(super) fn begins_cell(&mut self, row: usize) {
        self.is_blank = false;
        self.at_cell = true;
        if self.begun == row + 1 || (self.begun == row && self.gap == Gap::None) {
            self.next_cell = self.has_text();
        } else if self.begun > row {
            self.ends(Gap::Line);
        }
    }

    /// What stands on the line names who wrote the quotation that comes.
    pub(super) fn goes_aside(&mut self) {
        if self.place.side == Side::Text && self.place.quotes == 0 {
            self.place.side = Side::Aside;
        }
    }

    /// An item of a list begins, or ends: then with no mark.
    pub(super) fn begins_item(&mut self, mark: String) {
        self.next_item = mark;
    }

    /// The line that was complete had nothing on it but spaces.
    pub(super) fn ends_as_empty(&mut self) {
        self.empty_before = true;
        self.begun = self.begun.saturating_sub(1);
    }

    /// White space of the source.
    pub(super) fn space(&mut self) {
        self.space = true;
    }

    /// Adds behind what stands on the line, also when its end has been noted.
    pub(super) fn append(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Offset of the next character, when it comes on this line.
    pub(super) fn offset(&self) -> Option<usize> {
        (self.has_text() && self.gap == Gap::None && !self.next_cell).then_some(self.text.len())
    }

    /// Takes what is on the line from there on.
    pub(super) fn take_from(&mut self, offset: usize) -> String {
        self.space = false;
        if offset == 0 {
            self.begun = self.begun.saturating_sub(1);
        }
        if self.text.is_char_boundary(offset) { self.text.split_off(offset) } else { String::new() }
    }

    /// Whether a line is complete once text comes.
    pub(super) fn is_due(&self) -> bool {
        self.has_text() && self.gap > Gap::None && !self.next_cell
    }

    /// Whether the next character begins a line.
    pub(super) fn is_at_start(&self) -> bool {
        !self.has_text() || self.is_due()
    }

    /// The complete line.
    pub(super) fn finish(&mut self) -> Line {
        // Of all spaces at ends of lines only this one means something.
        if self.space && self.text == "--" {
            self.text.push(' ');
        }
        let line = Line {
            text: std::mem::take(&mut self.text),
            place: self.place,
            item: std::mem::take(&mut self.item),
            empty_before: std::mem::take(&mut self.empty_before),
        };
        self.empty_before = self.gap == Gap::Empty;
        self.gap = Gap::None;
        self.next_cell = false;
        line
    }

    /// Where the next character stands, asked for when it begins a line.
    pub(super) fn character(&mut self, c: char, place: impl FnOnce() -> Place) {
        if self.text.is_empty() {
            self.place = place();
            self.item = std::mem::take(&mut self.next_item);
            self.empty_before |= self.gap == Gap::Empty;
            self.is_joined = false;
            self.begun += 1;
        } else if self.next_cell {
            self.is_joined = true;
            self.text.push_str(if self.text.ends_with(':') { " " } else { " | " });
        } else if self.space && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        self.gap = Gap::None;
        self.next_cell = false;
        self.space = false;
        self.is_blank = false;
        self.at_cell = false;
        self.text.push(c);
    }

    /// A space that the author wants to see.
    pub(super) fn kept_space(&mut self, c: char) {
        if self.has_text() && self.gap == Gap::None {
            self.text.push(c);
        } else {
            self.space = true;
            self.is_blank = true;
        }
    }
}

/// One side of the mail, line by line.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// Of the line above.
    quotes: usize,
    /// An empty line is left before the next.
    empty_next: bool,
}

impl Written {
    pub(super) fn push(&mut self, line: &Line) {
        let kept = if line.place.preserves { line.text.trim_end() } else { line.text.trim() };
        let kept = kept.trim_end_matches(is_joiner);
        if (std::mem::take(&mut self.empty_next) || line.empty_before) && !self.text.is_empty() {
            self.prefix(self.quotes.min(line.place.quotes));
            self.text.push('\n');
        }
        self.prefix(line.place.quotes);
        if line.place.quotes > 0 {
            self.text.push(' ');
        }
        let lists = line.place.lists.min(DEEPEST_LIST);
        let indent = if line.item.is_empty() { 2 * lists } else { 2 * lists.saturating_sub(1) };
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(&line.item);
        self.text.push_str(kept);
        // A signature begins below it (RFC 3676 section 4.3).
        if kept == "--" && line.text.len() > 2 {
            self.text.push(' ');
        }
        self.text.push('\n');
        self.quotes = line.place.quotes;
    }

    /// The line before the next one went elsewhere.
    pub(super) fn skips(&mut self, line: &Line) {
        self.empty_next |= line.empty_before;
    }

    fn prefix(&mut self, quotes: usize) {
        self.text.extend(std::iter::repeat_n('>', quotes.min(DEEPEST_QUOTE)));
    }
}

/// Characters that join their neighbours, of which nothing is seen at the end of a line.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}') || c.is_whitespace()
}
