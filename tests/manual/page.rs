//! Pages of the manual as tests read them: fenced blocks with their language and place, running text, links.

use std::fs;
use std::path::Path;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page, read.
pub(crate) struct Page {
    /// As `docs/imap.md`.
    pub(crate) path: String,
    pub(crate) blocks: Vec<Block>,
    /// Lines outside of blocks, with their numbers.
    pub(crate) lines: Vec<(usize, String)>,
}

/// A fenced block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Of the line with the fence.
    pub(crate) line: usize,
    /// What stands behind the opening fence: language, then remarks to the tests.
    pub(crate) words: Vec<String>,
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn language(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The value of a remark such as `exit=69`.
    pub(crate) fn remark(&self, name: &str) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    /// What a person types of it: all of a `sh` block, and what stands behind a `$` in a `console` block.
    pub(crate) fn commands(&self) -> Option<String> {
        match self.language() {
            "sh" => Some(self.text.clone()),
            "console" => {
                Some(self.text.lines().filter_map(|line| line.strip_prefix("$ ")).map(|line| format!("{line}\n")).collect())
            }
            _ => None,
        }
    }
}

/// README.md and every page below `docs`.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![root().join("README.md")];
    paths.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    assert!(paths.len() > 20, "the manual has more pages than {}", paths.len());
    paths.iter().map(|path| read(path)).collect()
}

/// One page. A block may stand in a list, then its lines are set in like its fence.
pub(crate) fn read(path: &Path) -> Page {
    let text = fs::read_to_string(path).unwrap();
    let name = path.strip_prefix(root()).unwrap().display().to_string();
    let mut page = Page { path: name, blocks: Vec::new(), lines: Vec::new() };
    let mut open: Option<(Block, usize)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let bare = line.trim_start();
        match (&mut open, bare.strip_prefix("```")) {
            (None, Some(words)) => {
                let words = words.split_whitespace().map(str::to_owned).collect();
                open = Some((Block { line: number, words, text: String::new() }, line.len() - bare.len()));
            }
            (None, None) => page.lines.push((number, line.to_owned())),
            (Some(_), Some(_)) => page.blocks.extend(open.take().map(|(block, _)| block)),
            (Some((block, indent)), None) => {
                block.text.push_str(line.get(*indent..).unwrap_or_default());
                block.text.push('\n');
            }
        }
    }
    assert!(open.is_none(), "{}: a block is not closed", page.path);
    page
}

/// What links of Markdown lead to: `[words](target)`.
pub(crate) fn links(line: &str) -> Vec<&str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).collect()
}

/// The anchor that a heading has, as it is made by those who show Markdown.
pub(crate) fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
