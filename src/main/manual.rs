//! `postdesk manual`: manual pages and completions, made from the same definitions that the command line is read by, so that neither can
//! say what the program does not do.
//!
//! A page for each verb in section 1, one for the configuration in section 5, and completions for bash, zsh and fish. Hidden from the help:
//! packages are made with it. Files that are there already are written anew; what cannot be written ends it with 74.

#[path = "manual/configuration.rs"]
mod configuration;
#[path = "manual/words.rs"]
mod words;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use postdesk::operate::{Code, Trouble};

use super::command_line::CommandLine;

#[derive(Args)]
pub(crate) struct Manual {
    /// Folder for them: man/*.1, man/postdesk.toml.5 and completions/*
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// Writes all of it below the folder.
pub(crate) fn write(manual: &Manual) -> Result<(), Trouble> {
    pages_and_completions(&manual.to)
        .map_err(|error| Trouble::new(Code::InputOutput, format!("{} cannot be written: {error}", manual.to.display())))
}

fn pages_and_completions(folder: &Path) -> io::Result<()> {
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    let mut command = CommandLine::command();
    command.build();
    for page in pages(&command) {
        fs::write(man.join(format!("{}.1", page.name)), page.roff()?)?;
    }
    fs::write(man.join("postdesk.toml.5"), configuration::page())?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut CommandLine::command(), "postdesk", &completions)?;
    }
    Ok(())
}

/// A page: a verb, or a group of verbs.
struct Page {
    /// As `postdesk-ticket-list`.
    name: String,
    /// As `ticket list`.
    verb: String,
    command: Command,
}

/// Every verb with all that is below it, the whole program first.
fn pages(command: &Command) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut open = vec![(String::new(), command.clone())];
    while let Some((verb, command)) = open.pop() {
        let below = |child: &Command| format!("{verb} {}", child.get_name()).trim().to_owned();
        let shown = command.get_subcommands().filter(|child| !child.is_hide_set() && child.get_name() != "help");
        open.extend(shown.map(|child| (below(child), child.clone())));
        pages.push(Page { name: page_name(&verb), verb, command });
    }
    pages.sort_by(|one, other| one.name.cmp(&other.name));
    pages
}

/// `ticket list` has the page `postdesk-ticket-list`.
fn page_name(verb: &str) -> String {
    format!("postdesk {verb}").trim().replace(' ', "-")
}

impl Page {
    /// The page in roff: what clap knows, then what only people know.
    fn roff(&self) -> io::Result<Vec<u8>> {
        let name = self.name.clone();
        let called = format!("postdesk {}", self.verb).trim().to_owned();
        // A verb's page is no page of a program with a version of its own.
        let command = self.command.clone().display_name(name.clone()).bin_name(called).disable_help_subcommand(true);
        let man =
            Man::new(command).title(name).date("").source(concat!("postdesk ", env!("CARGO_PKG_VERSION"))).manual("postdesk");
        let mut out = Vec::new();
        man.render_title(&mut out)?;
        man.render_name_section(&mut out)?;
        man.render_synopsis_section(&mut out)?;
        man.render_description_section(&mut out)?;
        man.render_options_section(&mut out)?;
        let mut rest = String::new();
        self.verbs(&mut rest);
        self.words(&mut rest);
        out.extend_from_slice(rest.as_bytes());
        Ok(out)
    }

    /// The verbs below this one, by the names of their pages.
    fn verbs(&self, out: &mut String) {
        let mut shown =
            self.command.get_subcommands().filter(|child| !child.is_hide_set() && child.get_name() != "help").peekable();
        if shown.peek().is_none() {
            return;
        }
        out.push_str(".SH VERBS\n");
        for child in shown {
            let page = page_name(format!("{} {}", self.verb, child.get_name()).trim());
            let about = child.get_about().map(ToString::to_string).unwrap_or_default();
            out.push_str(&format!(".TP\n\\fB{}\\fR(1)\n{}\n", escaped(&page), escaped(&about)));
        }
    }

    /// Exit codes, files, environment, examples, and where to read on.
    fn words(&self, out: &mut String) {
        out.push_str(".SH EXIT STATUS\n");
        for (code, meaning) in words::EXIT_CODES {
            out.push_str(&format!(".TP\n\\fB{code}\\fR\n{}\n", escaped(meaning)));
        }
        for (heading, lines) in [("FILES", words::FILES), ("ENVIRONMENT", words::ENVIRONMENT)] {
            out.push_str(&format!(".SH {heading}\n"));
            for (name, meaning) in lines {
                out.push_str(&format!(".TP\n\\fI{}\\fR\n{}\n", escaped(name), escaped(meaning)));
            }
        }
        let mut examples = words::EXAMPLES.iter().filter(|(verb, ..)| self.verb.is_empty() || *verb == self.verb).peekable();
        if examples.peek().is_some() {
            out.push_str(".SH EXAMPLES\n");
        }
        for (_, line, meaning) in examples {
            out.push_str(&format!(".PP\n{}\n.PP\n.RS 4\n.nf\n{}\n.fi\n.RE\n", escaped(meaning), escaped(line)));
        }
        let group = self.verb.rsplit_once(' ').map(|(group, _)| format!("\\fB{}\\fR(1), ", escaped(&page_name(group))));
        let group = group.unwrap_or_default();
        let whole = if self.verb.is_empty() { "" } else { "\\fBpostdesk\\fR(1), " };
        out.push_str(&format!(".SH SEE ALSO\n{group}{whole}\\fBpostdesk.toml\\fR(5), {}\n", escaped(words::DOCS)));
    }
}

/// Text as roff prints it: nothing of it is a request, an escape or a hyphen that is broken or copied as another character.
fn escaped(text: &str) -> String {
    let line = |line: &str| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn all() -> Vec<Page> {
        let mut command = CommandLine::command();
        command.build();
        pages(&command)
    }

    #[test]
    fn every_verb_has_words_and_an_example_and_every_example_is_understood() {
        for page in all() {
            assert!(page.command.get_about().is_some(), "`{}` has no help", page.verb);
            for argument in page.command.get_arguments() {
                assert!(argument.get_help().is_some(), "`{}` of `{}` has no help", argument.get_id(), page.verb);
            }
            let is_leaf = !page.command.has_subcommands();
            let has_example = words::EXAMPLES.iter().any(|(verb, ..)| *verb == page.verb);
            assert!(!is_leaf || has_example, "`{}` has no example in src/main/manual/words.rs", page.verb);
        }
        for (verb, line, _) in words::EXAMPLES {
            let own = line.split(['|', '<', '>']).find(|part| part.contains("postdesk ")).unwrap_or_default();
            let words = own.split_whitespace().map(|word| word.trim_matches('\''));
            assert!(own.contains(verb), "`{line}` is no example of `{verb}`");
            if let Err(error) = CommandLine::try_parse_from(words) {
                panic!("`{line}` is not understood: {error}");
            }
        }
    }

    #[test]
    fn no_line_of_the_help_is_wider_than_a_hundred_columns() {
        for mut page in all() {
            for line in page.command.render_long_help().to_string().lines() {
                assert!(line.chars().count() <= 100, "`{}`: {line}", page.verb);
            }
        }
    }

    #[test]
    fn no_text_becomes_a_request_of_roff() {
        assert_eq!(escaped(".eml files\n'a \\fB--to"), "\\&.eml files\n\\&'a \\efB\\-\\-to");
    }
}
