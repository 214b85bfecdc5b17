//! How we log in at other servers: as whom, and with which secret.
//!
//! It speaks no mail protocol: who does (SMTP today) asks here for the secret of the moment. Secrets are read from their files at each use, so
//! that one that is changed needs no restart; they stand in no error and no log.

pub mod oauth2;

mod answer;
mod keep;

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest secret in a file, in octets: some providers' tokens take a few KiB.
const LONGEST_SECRET: u64 = 64 * 1024;

/// A user and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Name of the user.
    pub user: String,
    /// What proves it.
    pub secret: Secret,
}

/// What proves a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// A password: the first line of this file.
    Password(PathBuf),
    /// An access token, which a provider gives out for a while. Clones share what it gave.
    Token(Arc<oauth2::Source>),
}

/// The first line of a file that holds a secret. The error names the file, never what is in it.
///
/// # Errors
/// When it cannot be read, is empty, or far too long to be a secret.
pub async fn secret_of(file: &Path) -> Result<String, String> {
    let unusable = |why: &dyn std::fmt::Display| format!("the secret in {} cannot be used: {why}", file.display());
    let size = tokio::fs::metadata(file).await.map_err(|error| unusable(&error))?.len();
    if size > LONGEST_SECRET {
        return Err(unusable(&format!("the file is longer than {LONGEST_SECRET} octets")));
    }
    // Not the error itself: it may tell where the octets stop being text.
    let text = tokio::fs::read(file).await.map_err(|error| unusable(&error))?;
    let text = String::from_utf8(text).map_err(|_| unusable(&"it is not UTF-8"))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() { Err(unusable(&"its first line is empty")) } else { Ok(line.to_owned()) }
}
