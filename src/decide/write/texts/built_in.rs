//! The texts that are built in: one line a language, one folder each below `config/texts`.

/// The files of one language.
#[derive(Debug, Clone, Copy)]
pub struct Folder {
    /// Its name, as settings write it.
    pub language: &'static str,
    /// Name and content of each file.
    pub files: &'static [(&'static str, &'static str)],
}

macro_rules! folder {
    ($language:literal) => {
        folder!($language:
            "acknowledgement.subject", "acknowledgement.body", "request.subject", "request.body", "begun.subject", "begun.body",
            "assigned.subject", "assigned.body", "reply.subject", "reply.body", "answer.subject", "answer.body", "note.subject",
            "note.body", "closed.subject", "closed.body", "reopened.subject", "reopened.body", "due-soon.subject", "due-soon.body",
            "overdue.subject", "overdue.body", "undelivered.subject", "undelivered.body", "receipt.subject", "receipt.body",
            "held.subject", "held.body", "digest.subject", "digest.body", "operated.subject", "operated.body", "alarm.subject",
            "alarm.body", "agent-foot.body", "customer-foot.body", "phrases",
        )
    };
    ($language:literal: $($file:literal,)*) => {
        Folder {
            language: $language,
            files: &[$(($file, include_str!(concat!("../../../../config/texts/", $language, "/", $file)))),*],
        }
    };
}

/// Every language that is built in. The first is the one that the others fall back to.
pub const FOLDERS: &[Folder] = &[folder!("en"), folder!("ro"), folder!("hr"), folder!("bg"), folder!("pt-BR"), folder!("hu")];

/// The languages of [`FOLDERS`].
pub fn languages() -> impl Iterator<Item = &'static str> {
    FOLDERS.iter().map(|folder| folder.language)
}

/// What texts can be called, in every language: the files of the first folder.
pub fn names() -> impl Iterator<Item = &'static str> {
    FOLDERS.iter().take(1).flat_map(|folder| folder.files).map(|(name, _)| *name)
}

/// A built-in file.
pub fn source(language: &str, name: &str) -> Option<&'static str> {
    let folder = FOLDERS.iter().find(|folder| folder.language == language)?;
    folder.files.iter().find(|(file, _)| *file == name).map(|(_, source)| *source)
}
