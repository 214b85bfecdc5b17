//! A socket in the file system: for LMTP, and for who asks a running gateway.
//!
//! Promise: the name stands for a socket that somebody listens on, or is not there. What a process left behind that was killed is
//! replaced; a socket that somebody listens on, and a file that is none, are left alone and told. The mode is set before the name can be
//! seen, so nobody connects who may not.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// What the name has behind it until the mode is set.
const UNFINISHED: &str = ".new";
/// Octets of a name: `sun_path` of unix(7) holds 107 of them, and what stands behind an unfinished one needs some.
pub const LONGEST_NAME: usize = 100;

/// A listener, whose name goes when it does, unless it belongs to somebody else.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// The device and number of the file, by which we know it for ours. `None`: it is not ours to remove.
    file: Option<(u64, u64)>,
}

impl Socket {
    /// Listens under this name, with this mode. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When somebody listens there, when there is a file of that name, or when the system lets us not.
    pub fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        require_free(path)?;
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(UNFINISHED);
        let unfinished = PathBuf::from(unfinished);
        if require_free(&unfinished)? == Found::Dead {
            fs::remove_file(&unfinished)?;
        }
        let listener = UnixListener::bind(&unfinished)?;
        let finish = || {
            fs::set_permissions(&unfinished, Permissions::from_mode(mode))?;
            // In place of what is dead, in one step.
            fs::rename(&unfinished, path)?;
            number_of(path)
        };
        match finish() {
            Ok(file) => Ok(Self { listener, path: path.to_owned(), file: Some(file) }),
            Err(error) => {
                // It did not come to be, whether or not this works.
                let _ = fs::remove_file(&unfinished);
                Err(error)
            }
        }
    }

    /// One that somebody else has bound, and whose name stays when we end. To be called within a tokio runtime.
    pub(super) fn handed(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let path = listener.local_addr()?.as_pathname().map(Path::to_owned).unwrap_or_default();
        Ok(Self { listener: UnixListener::from_std(listener)?, path, file: None })
    }

    /// Its name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next client.
    ///
    /// # Errors
    /// When the system has no room for one more.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Somebody who took the name over keeps it.
        if let Some(ours) = self.file
            && number_of(&self.path).is_ok_and(|file| file == ours)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the socket could not be removed; the next start replaces it");
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// The socket of a process that is gone.
    Dead,
}

/// Whether a socket may take this name.
fn require_free(path: &Path) -> io::Result<Found> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
        Ok(file) if file.file_type().is_socket() => {}
        Ok(_) => return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file of that name, which is not a socket")),
    }
    // A socket of another kind is told apart from a dead one (EPROTOTYPE, not ECONNREFUSED) and not connected to, so whoever lives there
    // notices nothing, and one that is too busy to accept is not waited for.
    match UnixDatagram::unbound()?.connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(Found::Dead),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
        _ => Err(io::Error::new(ErrorKind::AddrInUse, "somebody listens there; stop that process, or name another socket")),
    }
}

fn number_of(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_socket_has_its_mode_whatever_the_umask_is_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lmtp");
        for wanted in [0o600, 0o660, 0o666] {
            let socket = Socket::bind(&path, wanted).unwrap();
            assert_eq!(mode(&path), wanted);
            let (client, _) = tokio::join!(UnixStream::connect(&path), socket.accept());
            client.unwrap();
            drop(socket);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[tokio::test]
    async fn what_the_dead_left_is_replaced_and_the_living_and_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lmtp");
        for name in ["lmtp", "lmtp.new"] {
            drop(std::os::unix::net::UnixListener::bind(folder.path().join(name)).unwrap());
        }
        let first = Socket::bind(&path, 0o660).unwrap();
        let error = Socket::bind(&path, 0o660).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
        let (client, _) = tokio::join!(UnixStream::connect(&path), first.accept());
        client.unwrap();
        drop(first);
        fs::write(&path, "a letter").unwrap();
        let error = Socket::bind(&path, 0o660).unwrap_err();
        assert!(error.to_string().contains("not a socket"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"a letter");
    }

    #[tokio::test]
    async fn a_name_that_was_taken_over_stays_with_who_took_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lmtp");
        let first = Socket::bind(&path, 0o660).unwrap();
        fs::remove_file(&path).unwrap();
        let second = Socket::bind(&path, 0o660).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
    }
}
