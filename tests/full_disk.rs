//! A disk that is really full: a small file system of the test's own. Needs root, and so the feature `peers`.
#![cfg(test)]

#[path = "crashes/gateway.rs"]
#[expect(dead_code, reason = "shared with the ledger, which needs more of it")]
mod gateway;
#[path = "faults/wire.rs"]
mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gateway::{DEADLINE, Gateway, wait_for};
use wire::Wire;

/// A file system of 32 MiB in memory, unmounted at the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]).arg(folder.path()).status().unwrap();
        assert!(mounted.success(), "a tmpfs cannot be mounted; this test needs root");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room there is, up to the last block.
    fn fill(&self) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while std::io::Write::write(&mut file, &[0; 4096]).is_ok_and(|written| written > 0) {}
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

fn gateway_on(disk: &SmallDisk, min_free_space: &str) -> Gateway {
    let mut gateway = Gateway::new(disk.path(), "discard:");
    let file = disk.path().join("postdesk.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[store]", &format!("[store]\nmin_free_space = \"{min_free_space}\""))).unwrap();
    gateway.start();
    gateway
}

/// Mail is taken, refused with 452 while the disk is full, and taken again without a restart; what was refused is nowhere.
fn full_and_free_again(min_free_space: &str) {
    let disk = SmallDisk::mount();
    let gateway = gateway_on(&disk, min_free_space);
    assert_eq!(Wire::connect(gateway.port()).mail("before"), 250);
    let filler = disk.fill();
    // SQLite may have room left in the file of its log: what is taken then is taken for good.
    let mut taken = 1;
    let refused = wait_for("the disk to be full", DEADLINE, || match Wire::connect(gateway.port()).mail("meanwhile") {
        250 => {
            taken += 1;
            None
        }
        code => Some(code),
    });
    assert_eq!(refused, 452);
    fs::remove_file(filler).unwrap();
    wait_for("mail to be taken again", DEADLINE, || (Wire::connect(gateway.port()).mail("after") == 250).then_some(()));
    taken += 1;
    wait_for("every mail to be decided", DEADLINE, || {
        let arrivals = gateway.json(&["arrival", "list", "--json", "--all"]);
        assert_eq!(arrivals.len(), taken, "{arrivals:?}");
        arrivals.iter().all(|arrival| !arrival["outcome"].is_null()).then_some(())
    });
}

#[test]
fn a_disk_without_a_block_left_is_452_until_there_is_room() {
    full_and_free_again("0 %");
}

#[test]
fn a_disk_below_its_reserve_is_452_until_there_is_room() {
    full_and_free_again("5 %");
}
