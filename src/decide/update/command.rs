//! Commands at the top of what an agent newly wrote: lines that begin with `#`.
//!
//! The rule above all others: what looks like a command and is not understood stops the whole mail. A mistyped command must never
//! be mailed to a customer.

/// A command that was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `#close`: the ticket is done.
    Close,
}

/// The commands that are known, as receipts list them.
pub const KNOWN: &[&str] = &["#close"];

/// What stands at the top of an agent's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commanded {
    /// The commands, in their order.
    pub commands: Vec<Command>,
    /// What is left for the customer.
    pub text: String,
}

/// A line that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Takes the commands off the top of a text. Empty lines between them count for nothing; the first other line begins the answer.
pub fn commands(text: &str) -> Result<Commanded, NotUnderstood> {
    let mut commands = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if !line.trim().is_empty() {
            if !looks_like_command(line) {
                break;
            }
            commands.push(command(line).ok_or_else(|| NotUnderstood::new(line, "is not a command that is known"))?);
        }
        rest = after;
    }
    // A command that is understood, but stands where it would be mailed instead of obeyed, was surely meant as one.
    if let Some(line) = rest.lines().find(|line| command(line).is_some()) {
        return Err(NotUnderstood::new(line, "stands below the text; commands belong at the top of the mail"));
    }
    Ok(Commanded { commands, text: rest.trim().to_owned() })
}

impl NotUnderstood {
    fn new(line: &str, why: &'static str) -> Self {
        Self { line: line.trim().to_owned(), why }
    }
}

/// A `#` and a letter, with or without a space between: `#close`, `# close`, `#klose`. Not `#1042`, which is a number.
fn looks_like_command(line: &str) -> bool {
    let rest = line.trim_start().strip_prefix(['#', '＃']);
    rest.is_some_and(|rest| rest.trim_start().starts_with(char::is_alphabetic))
}

fn command(line: &str) -> Option<Command> {
    let word = line.trim().strip_prefix('#')?.trim_end_matches(['.', ':', '!']);
    word.eq_ignore_ascii_case("close").then_some(Command::Close)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_above_a_text_is_taken_off() {
        let read = commands("\n#close\n\nGlad it works again.\n").unwrap();
        assert_eq!(read, Commanded { commands: vec![Command::Close], text: "Glad it works again.".to_owned() });
    }

    #[test]
    fn whatever_looks_like_a_command_and_is_none_stops_the_mail() {
        for text in ["#klose\nHello", "# assign Ana", "#Close now please", "＃close", "\n\n#close\n#foo\n"] {
            assert!(commands(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_number_sign_that_is_no_command_is_text() {
        for text in ["#1042 is the order", "Hello\n#hashtag", "", "#"] {
            assert_eq!(commands(text).unwrap(), Commanded { commands: vec![], text: text.to_owned() });
        }
    }

    #[test]
    fn a_known_command_below_the_text_stops_the_mail() {
        assert_eq!(commands("Hello\n#close").unwrap_err().line, "#close");
    }
}
