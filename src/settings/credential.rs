//! `credential:NAME`: a secret or certificate that the service manager hands over (systemd's `LoadCredential=`), as the value of a key that
//! names a file.
//!
//! Promise: it stands for the file NAME in the folder that `$CREDENTIALS_DIRECTORY` names, and for nothing else; without the folder or the
//! file there is a fault that says what is missing. Such a file is the manager's: it is not made, not written, and its mode is not judged,
//! because an access list that lets only us read it looks like a right of the group.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::document::Node;
use super::value::{self, Read};

/// What such a value begins with.
const PREFIX: &str = "credential:";
/// The variable that names the folder.
const FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// The file that a value names: a credential, or a path below the working directory unless it begins with `/`.
pub(super) fn file(node: &Node) -> Read<PathBuf> {
    let text = value::text(node)?;
    match text.strip_prefix(PREFIX) {
        Some(name) => credential(name, folder().as_deref()),
        None => Ok(PathBuf::from(text)),
    }
}

/// A path that is no credential. `why` one cannot stand here.
pub(super) fn no_credential(node: &Node, why: &str) -> Read<PathBuf> {
    let text = value::text(node)?;
    if text.starts_with(PREFIX) { Err(format!("`{text}` is a credential, and {why}")) } else { Ok(PathBuf::from(text)) }
}

/// Whether the service manager keeps this file for us.
pub(super) fn is_one(file: &Path) -> bool {
    folder().is_some_and(|folder| file.starts_with(folder))
}

fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

fn credential(name: &str, folder: Option<&Path>) -> Read<PathBuf> {
    // What systemd takes for a name (systemd.exec(5)): one that stays in the folder.
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        return Err(format!("`{PREFIX}{name}` names no credential; write it like \"{PREFIX}relay-password\""));
    }
    let Some(folder) = folder else {
        return Err(format!(
            "the credential `{name}` is not there: ${FOLDER} is not set, as systemd does for a unit with LoadCredential={name}:FILE. \
             By hand: {FOLDER}=/run/credentials/postdesk.service, as root, while the service runs"
        ));
    };
    let file = folder.join(name);
    match File::open(&file) {
        Ok(_) => Ok(file),
        Err(error) => {
            let folder = folder.display();
            Err(format!(
                "the credential `{name}` cannot be read in {folder}: {error}; does the unit have LoadCredential={name}:FILE?"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_a_file_in_the_folder_and_nothing_outside_of_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("relay-password"), "secret").unwrap();
        assert_eq!(credential("relay-password", Some(folder.path())), Ok(folder.path().join("relay-password")));
        for (name, fault) in [
            ("", "names no credential"),
            ("..", "names no credential"),
            ("../relay-password", "names no credential"),
            ("/etc/shadow", "names no credential"),
            ("key", "LoadCredential=key:FILE"),
        ] {
            assert!(credential(name, Some(folder.path())).unwrap_err().contains(fault), "{name}");
        }
    }

    #[test]
    fn without_a_service_manager_the_fault_says_how_it_would_be_there() {
        let fault = credential("key", None).unwrap_err();
        assert!(fault.contains("$CREDENTIALS_DIRECTORY is not set") && fault.contains("LoadCredential=key:FILE"), "{fault}");
    }
}
