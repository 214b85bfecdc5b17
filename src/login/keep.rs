//! Keeping a new secret in place of an old one: whoever looks, now or after a crash, finds one of the two, whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes the secret as the only line of the file, mode 0600. Blocks.
///
/// # Errors
/// When the folder cannot be written to; the file is as it was then.
pub(super) fn keep(file: &Path, secret: &str) -> io::Result<()> {
    // A link stays a link.
    let file = &fs::canonicalize(file)?;
    let beside = beside(file)?;
    // One that a crash has left may have been made with other rights.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = writeln!(new, "{secret}").and_then(|()| new.sync_all()).and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // The fault to tell of is the first one.
        let _ = fs::remove_file(&beside);
    }
    written?;
    File::open(folder(file))?.sync_all()
}

fn beside(file: &Path) -> io::Result<PathBuf> {
    let mut name = OsString::from(".");
    name.push(file.file_name().ok_or_else(|| io::Error::other("it is no file"))?);
    name.push(".new");
    Ok(folder(file).join(name))
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_new_secret_takes_the_place_of_the_old_one_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("token"), folder.path().join("link"));
        fs::write(&file, "old\n").unwrap();
        fs::write(folder.path().join(".token.new"), "left by a crash").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        keep(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
