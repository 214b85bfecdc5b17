//! Dialogs: `fixtures/dialogs/*.imap`, each played whole and octet by octet.

use std::fs;
use std::path::Path;

use super::driver::Driver;
use super::fake::Fake;

/// Plays a dialog; what went otherwise than it says.
pub(crate) async fn play(script: &str, split: bool) -> Result<(), String> {
    let fake = Fake::play(script, split);
    let mut driver = Driver::new(fake.port());
    let mut ended = String::new();
    for (number, line) in script.lines().enumerate() {
        let Some((verb, rest)) = line.split_once(": ") else { continue };
        match verb {
            "account" => driver.set_account(rest),
            "patience" => driver.set_patience(rest),
            "do" => ended = driver.act(rest).await,
            "is" => {
                let same = rest.strip_suffix('…').map_or(ended == rest, |beginning| ended.starts_with(beginning));
                if !same {
                    drop(driver);
                    return Err(format!("line {}: it is `{ended}` and not `{rest}`; the server: {:?}", number + 1, fake.end()));
                }
            }
            _ => {}
        }
    }
    drop(driver);
    fake.end()
}

#[tokio::test]
async fn every_dialog_ends_as_it_says_however_it_is_cut() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dialogs");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "imap"));
    files.sort();
    let (mut played, mut wrong) = (0, Vec::new());
    for file in files {
        let script = fs::read_to_string(&file).unwrap();
        // The others are for whole accounts.
        if !script.lines().any(|line| line.starts_with("do: ")) {
            continue;
        }
        assert!(script.starts_with("# "), "{} has no reason", file.display());
        for split in [false, true] {
            played += 1;
            if let Err(why) = play(&script, split).await {
                wrong.push(format!("{}, split {split}: {why}", file.file_name().unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(played > 60, "{played} dialogs were played");
}
