//! A file system of the test's own: ext4 in an image, mounted over a loop device. It can lose its power.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted image; unmounted at the end.
pub(crate) struct Disk {
    /// Holds the image and the place where it is mounted.
    folder: tempfile::TempDir,
    image: PathBuf,
    cuts: usize,
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    let done = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    assert!(done, "{program} {arguments:?} ended with {status:?}; this test needs root, loop devices and e2fsprogs");
}

impl Disk {
    /// A file system of so many MiB. It writes nothing to its image by itself for minutes: what is there was asked for by a sync.
    pub(crate) fn mount(mebibytes: u64, options: &[&str]) -> Self {
        let folder = crate::trial::folder();
        let image = folder.path().join("image");
        File::create(&image).unwrap().set_len(mebibytes * 1024 * 1024).unwrap();
        let shown = image.display().to_string();
        // Without tables that are written later, in the background.
        let lazy = ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
        run("mkfs.ext4", &[&lazy[..], options, &[&shown]].concat());
        let disk = Self { folder, image, cuts: 0 };
        fs::create_dir(disk.path()).unwrap();
        disk.attach();
        disk
    }

    fn attach(&self) {
        run("mount", &["-o", "loop,commit=300", &self.image.display().to_string(), &self.path().display().to_string()]);
    }

    fn detach(&self) {
        run("umount", &[&self.path().display().to_string()]);
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// The power goes: what the image holds at this moment is kept and nothing else. `still` makes sure that nobody writes meanwhile,
    /// `gone` that nobody has a file open any more.
    pub(crate) fn cut(&mut self, still: impl FnOnce(), gone: impl FnOnce()) {
        still();
        self.cuts += 1;
        let copy = self.folder.path().join(format!("image-{}", self.cuts));
        run("cp", &["--sparse=always", &self.image.display().to_string(), &copy.display().to_string()]);
        gone();
        self.detach();
        fs::remove_file(&self.image).unwrap();
        self.image = copy;
        self.attach();
    }

    /// Takes all the room there is, up to the last block.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.path().join("filler")).unwrap();
        for size in [1 << 20, 4096, 1] {
            while file.write(&vec![0; size]).is_ok_and(|written| written > 0) {}
        }
        // Room is given when blocks are written, and not before.
        let _ = file.sync_all();
    }

    /// Gives the room back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }

    /// Takes all inodes there are.
    pub(crate) fn use_up_inodes(&self) {
        let folder = self.path().join("fillers");
        fs::create_dir_all(&folder).unwrap();
        for number in 0.. {
            if File::create(folder.join(number.to_string())).is_err() {
                return;
            }
        }
    }

    /// Gives the inodes back.
    pub(crate) fn free_inodes(&self) {
        fs::remove_dir_all(self.path().join("fillers")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A gateway that a failed test leaves behind is dropped before this or keeps the mount: lazily then.
        let path: &Path = &self.path();
        let _ = Command::new("umount").arg("-l").arg(path).status();
    }
}
