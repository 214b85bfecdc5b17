//! The operator's own texts: `<folder>/<language>/<file>`. Every file of a language counts, also of one that is not built in.
//!
//! Hidden files and what editors leave behind (`~`) are passed over. What cannot be read is a fault.

use std::fs;
use std::path::Path;

use crate::decide::write::texts::check::Fault;

/// The texts of a folder, each with its name below it, in the order of the names; and what cannot be read.
pub fn read(folder: &Path) -> (Vec<(String, String)>, Vec<Fault>) {
    let (mut texts, mut faults) = (Vec::new(), Vec::new());
    for language in names(folder, "", &mut faults) {
        let below = folder.join(&language);
        if !below.is_dir() {
            continue;
        }
        if !language.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-') {
            let what = "the name of the folder is none of a language";
            faults.push(Fault::grave(&language, None, what, "languages are written like `en` or `pt-BR`"));
            continue;
        }
        for file in names(&below, &language, &mut faults) {
            let name = format!("{language}/{file}");
            match fs::read_to_string(below.join(&file)) {
                Ok(source) => texts.push((name, source)),
                Err(error) => {
                    faults.push(Fault::grave(&name, None, format!("it cannot be read: {error}"), "texts are files in UTF-8"))
                }
            }
        }
    }
    (texts, faults)
}

/// What lies in a folder.
fn names(folder: &Path, name: &str, faults: &mut Vec<Fault>) -> Vec<String> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.unwrap_or_else(|error| {
        faults.push(Fault::grave(name, None, format!("the folder cannot be read: {error}"), "give the gateway the right to"));
        Vec::new()
    });
    let mut names: Vec<String> = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.') && !name.ends_with('~'));
    names.sort();
    names
}
