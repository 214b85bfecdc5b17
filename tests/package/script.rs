//! The commands of a page of the manual as one script, in their order, in one shell, as somebody types them who follows the page.
//!
//! What stands behind the language of a block changes how it is tried: `exit=69`, the exit code that the whole block has to end with;
//! `apart=REASON`, a block that is read and not run, with the reason in one word. A comment `<!-- machine: bare -->` in a page says what its
//! machine is to have been made ready with.

use super::page::{Block, Page};

/// What is run for a page.
pub(crate) struct Script {
    pub(crate) page: String,
    /// `bare` or `desk`, as `prepare` takes it.
    pub(crate) machine: String,
    pub(crate) text: String,
    /// Blocks that are run.
    pub(crate) commands: usize,
    /// Blocks that are not, with their reasons.
    pub(crate) only_read: Vec<String>,
}

/// The script of a page, if there is anything to be typed on it.
pub(crate) fn of(page: &Page) -> Option<Script> {
    let comment = page.lines.iter().find_map(|(_, line)| line.strip_prefix("<!-- machine: ")?.strip_suffix(" -->"));
    let mut script = Script {
        page: page.path.clone(),
        machine: comment.unwrap_or("desk").to_owned(),
        text: "cd /srv/page\n".to_owned(),
        commands: 0,
        only_read: Vec::new(),
    };
    for block in &page.blocks {
        let place = format!("{}:{}", page.path, block.line);
        if let Some(file) = block.remark("file") {
            // What is shown as a file of the operator's is written as one.
            script
                .text
                .push_str(&format!("mkdir -p \"$(dirname {file})\"\ncat >{file} <<'END OF FILE'\n{}END OF FILE\n", block.text));
        }
        match (block.commands(), block.remark("apart")) {
            (Some(_), Some(reason)) => script.only_read.push(format!("{place}: {reason}")),
            (Some(commands), None) => {
                script.text.push_str(&tried(&place, block, &commands));
                script.commands += commands.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
            }
            (None, _) => {}
        }
    }
    (script.commands + script.only_read.len() > 0).then_some(script)
}

/// One block: said where it stands, so that the last line tells where a script ended. In a shell of its own only where it is to fail.
fn tried(place: &str, block: &Block, commands: &str) -> String {
    match block.remark("exit") {
        None => format!("echo '::: {place}'\n{commands}"),
        Some(code) => {
            format!(
                "echo '::: {place}'\ncode=0\n( set -e\n{commands}) || code=$?\n[ \"$code\" = {code} ] || {{ echo \"exit code $code, not {code}\" >&2; false; }}\n"
            )
        }
    }
}
