//! Text for a terminal: tables, colour, and what strangers wrote made harmless. The only user of `comfy_table`.
//!
//! Everything that other modules hand in here is taken to be foreign: what comes out holds no control character but the line ends
//! and colours that were put in here, and no character that turns the direction of the text around it.

use std::io::{self, IsTerminal as _, Write};

use comfy_table::{Attribute, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row, Table, presets};

/// Characters of one cell that are shown; the subject of a mail may be as long as its header.
const CELL_LENGTH: usize = 200;

/// Columns between two columns of a table.
const GAP: u16 = 2;

/// The width of `awaiting-customer`: columns up to it are not shortened where that can be helped.
const SHORT: u16 = 17;

/// Columns that text keeps to at least, however narrow the terminal.
const NARROWEST: usize = 20;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether colours may be used.
    pub colour: bool,
    /// Columns of the terminal; `None` when the text goes elsewhere, and then nothing is shortened or wrapped.
    pub width: Option<u16>,
}

impl Look {
    /// For files and pipes.
    pub const PLAIN: Look = Look { colour: false, width: None };

    /// What standard output can show. For the edges: it asks the terminal, and the environment for `NO_COLOR` (no-color.org) and `TERM`.
    pub fn of_standard_output() -> Self {
        if !io::stdout().is_terminal() {
            return Self::PLAIN;
        }
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|name| name == "dumb");
        Self { colour: !refused && !dumb, width: Table::new().width() }
    }

    /// What stands out: a title.
    pub fn bold(self, text: &str) -> String {
        self.shown(text, Tone::Title)
    }

    /// What stands back: labels, times.
    pub fn dim(self, text: &str) -> String {
        self.shown(text, Tone::Quiet)
    }

    /// A text in a tone. Lines stay lines.
    pub fn shown(self, text: &str, tone: Tone) -> String {
        let text = many_lines(text);
        match tone.sequence() {
            Some(sequence) if self.colour && !text.is_empty() => {
                // The end of the line stays outside, or a pager loses the colour of the next one.
                let (body, end) = text.split_at(text.trim_end_matches('\n').len());
                format!("\u{1b}[{sequence}m{body}\u{1b}[0m{end}")
            }
            _ => text,
        }
    }
}

/// What a piece of text means to the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// What one looks for.
    Title,
    /// What one reads over.
    Quiet,
    /// As it should be.
    Good,
    /// Somebody should act.
    Waiting,
    /// Something went wrong, or is late.
    Wrong,
    /// It has to be done today.
    Today,
}

impl Tone {
    /// The parameters of the sequence that selects it (ECMA-48 section 8.3.117).
    fn sequence(self) -> Option<&'static str> {
        match self {
            Tone::Plain => None,
            Tone::Title => Some("1"),
            Tone::Quiet => Some("2"),
            Tone::Good => Some("32"),
            Tone::Waiting => Some("33"),
            Tone::Wrong => Some("31"),
            Tone::Today => Some("94"),
        }
    }

    /// The tone of a status, an outcome or the state of a notice.
    pub fn of(name: &str) -> Tone {
        match name {
            "new" | "open" | "pending" | "due" | "leased" => Tone::Waiting,
            "held" | "failed" | "bounce" => Tone::Wrong,
            "closed" | "duplicate" | "automatic" | "dropped" | "discarded" => Tone::Quiet,
            "awaiting-customer" | "sent" => Tone::Good,
            _ => Tone::Plain,
        }
    }
}

/// A cell of a table.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tone: Tone,
    right: bool,
}

impl Cell {
    /// A text on one line, shortened when it is very long.
    pub fn new(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }

    /// A text in a tone.
    pub fn toned(text: &str, tone: Tone) -> Self {
        let mut shown = one_line(text);
        if let Some((at, _)) = shown.char_indices().nth(CELL_LENGTH) {
            shown.truncate(at);
            shown.push('…');
        }
        Self { text: shown, tone, right: false }
    }

    /// A number, set to the right.
    pub fn number(number: i64) -> Self {
        Self { text: number.to_string(), tone: Tone::Plain, right: true }
    }

    fn drawn(self) -> comfy_table::Cell {
        let cell = comfy_table::Cell::new(self.text);
        let cell = if self.right { cell.set_alignment(CellAlignment::Right) } else { cell };
        match self.tone {
            Tone::Plain => cell,
            Tone::Title => cell.add_attribute(Attribute::Bold),
            Tone::Quiet => cell.add_attribute(Attribute::Dim),
            Tone::Good => cell.fg(Color::DarkGreen),
            Tone::Waiting => cell.fg(Color::DarkYellow),
            Tone::Wrong => cell.fg(Color::DarkRed),
            Tone::Today => cell.fg(Color::Blue),
        }
    }
}

/// A table without borders, a line a row; on a terminal its longest columns are shortened to fit.
pub fn table(titles: &[&str], rows: Vec<Vec<Cell>>, look: Look) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty().set_truncation_indicator("…");
    if let Some(width) = look.width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    if look.colour {
        table.enforce_styling();
    }
    let header = titles.iter().map(|title| Cell::toned(title, Tone::Quiet).drawn());
    table.set_header(one_line_high(Row::from(header)));
    for row in rows {
        table.add_row(one_line_high(Row::from(row.into_iter().map(Cell::drawn))));
    }
    let widths = table.column_max_content_widths();
    let kept = kept_widths(&widths, look.width);
    for (column, width) in table.column_iter_mut().zip(widths) {
        column.set_padding((0, GAP));
        if kept && width <= SHORT {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// Whether the short columns can keep their width: references, ids and states mean nothing when they are cut, subjects still do.
fn kept_widths(widths: &[u16], room: Option<u16>) -> bool {
    let least: u16 = widths.iter().map(|width| GAP + (*width).min(SHORT)).sum();
    room.is_none_or(|room| least <= room)
}

fn one_line_high(mut row: Row) -> Row {
    row.max_height(1);
    row
}

/// A line `label value` of a block; nothing when there is no value.
pub fn field(label: &str, value: &str, look: Look) -> String {
    if value.is_empty() {
        return String::new();
    }
    format!("{} {}\n", look.dim(&format!("  {label:<11}")), one_line(value))
}

/// A number of octets in the unit that suits it.
pub fn octets(size: i64) -> String {
    // Tenths in whole numbers: 1,024 octets are 1.0 KiB.
    let tenths = |unit: i64| format!("{}.{}", size / unit, size % unit * 10 / unit);
    match size {
        ..1_024 => format!("{size} B"),
        1_024..1_048_576 => format!("{} KiB", tenths(1_024)),
        1_048_576..1_073_741_824 => format!("{} MiB", tenths(1_048_576)),
        _ => format!("{} GiB", tenths(1_073_741_824)),
    }
}

/// Text set in by `indent` spaces, its long lines broken between words where the terminal ends.
pub fn indented(text: &str, indent: usize, look: Look) -> String {
    let room = look.width.map_or(usize::MAX, |width| usize::from(width).saturating_sub(indent).max(NARROWEST));
    let mut shown = String::with_capacity(text.len() + text.len() / 8);
    for line in many_lines(text).lines() {
        for piece in wrapped(line.trim_end(), room) {
            if !piece.is_empty() {
                shown.extend(std::iter::repeat_n(' ', indent));
            }
            shown.push_str(piece);
            shown.push('\n');
        }
    }
    shown
}

/// Cuts a line after the last space that fits, or within a word that fits nowhere. Linear in the length of the line.
fn wrapped(line: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut used, mut last_space) = (0, 0, None);
    for (at, character) in line.char_indices() {
        let columns = columns_of(character);
        while used + columns > room && at > start {
            let end = last_space.map_or(at, |space: usize| space + 1);
            pieces.push(line[start..end].trim_end());
            start = end;
            // What is carried over may still leave no room for a wide character: hence the loop, of two turns at most.
            used = line[start..at].chars().map(columns_of).sum();
            last_space = None;
        }
        if character == ' ' {
            last_space = Some(at);
        }
        used += columns;
    }
    pieces.push(&line[start..]);
    pieces
}

/// Columns that a character takes: two for those of East Asia and for pictures.
fn columns_of(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// Foreign text on one line.
pub fn one_line(text: &str) -> String {
    many_lines(text).replace('\n', " ")
}

/// Foreign text of any number of lines, without anything that a terminal would obey.
pub fn many_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\u{2028}' | '\u{2029}' => shown.push('\n'),
            // Ends of lines and what has no width: nothing to see.
            '\r' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
            '\t' => shown.push_str("    "),
            character if is_dangerous(character) => shown.push(stand_in(character)),
            character => shown.push(character),
        }
    }
    shown
}

/// Control characters (C0, DEL, C1), and what turns the direction of the text after it.
fn is_dangerous(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The picture of a C0 control character (Unicode block Control Pictures), so that one sees that something was there.
fn stand_in(character: char) -> char {
    match u32::from(character) {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    }
}

/// JSON that a terminal does not obey: `serde_json` escapes C0 control characters, and this the others too. The value is the same.
pub(super) struct Harmless;

impl serde_json::ser::Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // What is dangerous begins with one of these octets; most texts have none of them, and are not looked at letter by letter.
        if memchr::memchr3(0x7f, 0xc2, 0xe2, fragment.as_bytes()).is_none() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_dangerous) {
            let (before, from) = rest.split_at(at);
            let mut after = from.chars();
            writer.write_all(before.as_bytes())?;
            if let Some(character) = after.next() {
                write!(writer, "\\u{:04x}", u32::from(character))?;
            }
            rest = after.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize as _;

    use super::*;

    fn json(text: &str) -> String {
        let mut out = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Harmless)).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Text as strangers write it: anything, with what is dangerous more often than by chance.
    fn foreign() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![any::<char>(), "[\u{0}-\u{9f}\u{202a}-\u{2069} 世🔥]".prop_map(|s| s.chars().next().unwrap_or(' '))],
            0..200,
        )
        .prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_is_shown(text in foreign(), width in 1_u16..100) {
            let look = Look { colour: false, width: Some(width) };
            let cells = vec![vec![Cell::new(&text), Cell::toned(&text, Tone::Wrong)]];
            let shown = [one_line(&text), many_lines(&text), indented(&text, 4, look), field(&text, &text, look), table(&["a", "b"], cells, look)];
            for shown in &shown {
                prop_assert!(!shown.chars().any(|c| c != '\n' && is_dangerous(c)), "{shown:?}");
            }
            prop_assert!(!shown[0].contains('\n'));
        }

        #[test]
        fn json_keeps_its_value_and_loses_what_a_terminal_obeys(text in foreign()) {
            let written = json(&text);
            prop_assert!(!written.chars().any(is_dangerous), "{written:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }

        #[test]
        fn breaking_a_line_keeps_every_word_within_the_room(line in "[a-zé世 ]{0,300}", room in 2_usize..60) {
            let pieces = wrapped(&line, room);
            let without_space = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(without_space(&pieces.concat()), without_space(&line));
            for piece in &pieces[..pieces.len() - 1] {
                prop_assert!(piece.chars().map(columns_of).sum::<usize>() <= room, "{piece:?} in {room}");
            }
        }
    }

    #[test]
    fn a_megabyte_without_a_space_is_broken_into_lines() {
        let look = Look { colour: false, width: Some(80) };
        assert_eq!(indented(&"x".repeat(1 << 20), 4, look).lines().count(), (1_usize << 20).div_ceil(76));
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_suits_them() {
        assert_eq!([1_023, 1_536, 26_214_400, 1_610_612_736].map(octets), ["1023 B", "1.5 KiB", "25.0 MiB", "1.5 GiB"]);
    }
}
