//! `[gateway]` and `[store]`: who we are and where things are kept.

use std::path::{Path, PathBuf};

use super::credential;
use super::table::Table;
use super::value::{self, Read};
use crate::decide::write::texts::built_in;
use crate::store::{self, Place};

/// What `[gateway]` says.
pub(super) struct Gateway {
    pub(super) hostname: Option<String>,
    pub(super) name: Option<String>,
    pub(super) data: PathBuf,
    pub(super) key_file: PathBuf,
    pub(super) texts_folder: Option<PathBuf>,
}

/// Reads `[gateway]`.
pub(super) fn gateway(table: &Table<'_>) -> Gateway {
    let data = data(table);
    let gateway = Gateway {
        hostname: table.required("hostname", |node| value::text(node).and_then(|name| value::host_name(&name).map(|()| name))),
        name: table.optional("name", value::text),
        key_file: table.optional("key_file", credential::file).unwrap_or_else(|| data.join("key")),
        texts_folder: table.optional("texts", |node| path(node).and_then(readable_folder)),
        data,
    };
    table.finish(&[]);
    gateway
}

/// Reads the folder for what the gateway keeps.
pub(super) fn data(table: &Table<'_>) -> PathBuf {
    table.optional("data", path).unwrap_or_else(|| PathBuf::from("var"))
}

/// Reads `[store]`. The database is below `data` when it is not said where.
pub(super) fn store(table: &Table<'_>, data: &Path) -> store::Options {
    let password_file = table.optional("password_file", readable_file);
    let mut place = table.optional("url", database).unwrap_or_else(|| Place::File(data.join("postdesk.db")));
    if let Place::Server(server) = &mut place {
        server.password_file = password_file;
    }
    let min_free_space = table.share("min_free_space", 5);
    let options = store::Options { place, min_free_space, objects: objects(table) };
    table.finish(&[]);
    options
}

/// Reads where large mail is kept. Without `objects` it is in the database.
fn objects(table: &Table<'_>) -> Option<store::objects::Options> {
    let mut place = table.optional("objects", |node| value::text(node).and_then(|text| store::objects::Place::parse(&text)));
    let above = table.size("objects_above", 1024 * 1024, 0..=900 * 1024 * 1024);
    let credentials_file = table.optional("objects_credentials_file", credentials);
    match &mut place {
        Some(store::objects::Place::Bucket(bucket)) => bucket.credentials_file = credentials_file,
        _ if credentials_file.is_some() => {
            let place = table.place("objects_credentials_file");
            table.report.doubt(&place, "is of no use without objects = \"s3://…\"");
        }
        _ => {}
    }
    Some(store::objects::Options { place: place?, above })
}

/// A file with two lines; what they say is known to S3 alone.
fn credentials(node: &super::document::Node) -> Read<PathBuf> {
    let file = readable_file(node)?;
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [id, secret] if ![id, secret].iter().any(|line| line.contains(char::is_whitespace)) => Ok(file),
        _ => Err(format!("{} must hold two lines: the id of the access key and the key", file.display())),
    }
}

fn database(node: &super::document::Node) -> Read<Place> {
    value::text(node).and_then(|url| Place::parse(&url))
}

/// A folder, below the working directory unless it begins with `/`.
fn path(node: &super::document::Node) -> Read<PathBuf> {
    credential::no_credential(node, "a folder is wanted")
}

/// A file that exists and that we may read.
pub(super) fn readable_file(node: &super::document::Node) -> Read<PathBuf> {
    let path = credential::file(node)?;
    let metadata = std::fs::File::open(&path).and_then(|file| file.metadata());
    match metadata {
        Ok(metadata) if metadata.is_file() => Ok(path),
        Ok(_) => Err(format!("{} is not a file", path.display())),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

fn readable_folder(path: PathBuf) -> Read<PathBuf> {
    match std::fs::read_dir(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(format!("the folder {} cannot be read: {error}", path.display())),
    }
}

/// A language that there are texts for: built in, or a folder of its name below the operator's own texts.
pub(super) fn language(node: &super::document::Node, texts: Option<&Path>) -> Read<String> {
    let language = value::text(node)?;
    if built_in::languages().any(|known| known == language) {
        return Ok(language);
    }
    // Only a plain name may become part of a path.
    let plain = language.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    if plain && texts.is_some_and(|folder| folder.join(&language).is_dir()) {
        return Ok(language);
    }
    let built_in = built_in::languages().collect::<Vec<_>>().join(", ");
    Err(format!(
        "there are no texts for `{language}`; built in: {built_in}; others need a folder of that name below [gateway] texts"
    ))
}
