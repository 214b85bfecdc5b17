//! The key file: made once, read by its owner alone, never replaced.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Barrier;

use postdesk::model::address::Address;
use postdesk::model::desk::Admission;
use postdesk::model::token::{Keyring, Purpose, Token};
use postdesk::settings::keys::{KeyFault, open, open_or_make};
use proptest::prelude::*;

fn token(keys: &Keyring) -> Token {
    let recipient = keys.recipient(&Address::parse("ana@staff.example").unwrap());
    Token::Reply { purpose: Purpose::Reply, ticket: 1042, recipient, day: 20_000 }
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}

fn refusal(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    write(&file, text);
    let fault = open_or_make(&file).unwrap_err();
    assert!(matches!(fault, KeyFault::Damaged { .. }), "{fault}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "a damaged file is left as it is");
    fault.to_string()
}

#[test]
fn the_key_is_made_with_its_folder_for_its_owner_alone_and_is_the_same_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("var/desk/key");
    assert!(open(&file).unwrap().is_none());
    let made = open_or_make(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().mode() & 0o077, 0);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft stays behind");
    let text = fs::read_to_string(&file).unwrap();
    let (comment, key) = text.trim_end().split_once('\n').unwrap();
    assert!(comment.starts_with('#') && key.starts_with("1 ") && key.len() == 66, "{comment}");
    let again = open_or_make(&file).unwrap();
    assert_eq!(again.read(&made.write(&token(&made))), Some(token(&made)));
    assert_eq!(open(&file).unwrap().unwrap().write(&token(&made)), made.write(&token(&made)));
}

#[test]
fn the_desk_knows_its_addresses_and_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let desk = super::good(super::MANUAL).desk(open_or_make(&folder.path().join("key")).unwrap());
    let admit = |address: &str| desk.admit(&Address::parse(address).unwrap());
    let support = Admission::Department("support".to_owned());
    assert_eq!([admit("support@desk.example.org"), admit("Help@shop.example")], [support.clone(), support.clone()]);
    assert_eq!(admit(&format!("support+{}@desk.example.org", desk.keys.write(&token(&desk.keys)))), support);
    assert_eq!([admit("sales@shop.example"), admit("ana@staff.example")], [Admission::Unknown, Admission::Foreign]);
}

#[test]
fn two_desks_do_not_get_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| open_or_make(&folder.path().join(name)).unwrap());
    assert_eq!(other.read(&one.write(&token(&one))), None);
}

#[test]
fn threads_that_start_at_once_get_the_same_key() {
    for _ in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("var/key");
        let start = Barrier::new(4);
        let rings: Vec<Keyring> = std::thread::scope(|scope| {
            let start_and_open = || {
                start.wait();
                open_or_make(&file).unwrap()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(start_and_open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let sealed = rings[0].write(&token(&rings[0]));
        assert!(rings.iter().all(|keys| keys.read(&sealed).is_some()));
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft stays behind");
    }
}

#[test]
fn a_key_file_that_others_can_get_at_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    open_or_make(&file).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o620, 0o644] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let fault = open_or_make(&file).unwrap_err();
        assert!(matches!(fault, KeyFault::TooOpen { mode: found, .. } if found == mode));
        assert!(fault.to_string().ends_with(&format!("run: chmod 600 {}", file.display())), "{fault}");
    }
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    assert!(open(&file).unwrap().is_some());
}

#[test]
fn a_damaged_key_file_is_refused_in_plain_words_and_left_alone() {
    let key = "ab".repeat(32);
    for (text, words) in [
        (String::new(), "it holds no key"),
        ("# nothing\n\n".to_owned(), "it holds no key"),
        (format!("1 {}", &key[2..]), "line 1 is not a number from 1 to 15"),
        (format!("# keys\n16 {key}"), "line 2 is not a number from 1 to 15"),
        (format!("0 {key}"), "line 1"),
        (format!("one {key}"), "line 1"),
        (format!("1 {}", key.to_uppercase()), "line 1"),
        (format!("1{key}"), "line 1"),
        (format!("1 {key}\n1 {key}"), "line 2 has the number 1 a second time"),
        ("#".repeat(70_000), "larger than"),
    ] {
        let message = refusal(&text);
        assert!(message.contains("is damaged") && message.contains(words), "{message}");
        assert!(!message.contains("abab"), "no part of a key is shown: {message}");
    }
}

#[test]
fn older_keys_still_open_what_they_sealed_and_the_last_line_seals() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let before = open_or_make(&file).unwrap();
    let rotated = format!("{}2 {}\n", fs::read_to_string(&file).unwrap(), "cd".repeat(32));
    write(&file, &rotated);
    let after = open(&file).unwrap().unwrap();
    assert_eq!(after.read(&before.write(&token(&before))), Some(token(&before)));
    assert_eq!(before.read(&after.write(&token(&after))), None);
    // Tokens name a recipient by the oldest key, so a rotation does not make strangers of customers.
    assert_eq!(token(&after), token(&before));
}

#[test]
fn a_folder_or_an_unwritable_place_is_said_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let fault = open_or_make(folder.path()).unwrap_err().to_string();
    assert!(fault.contains("it is not a file"), "{fault}");
    let fault = open_or_make(Path::new("/proc/postdesk/key")).unwrap_err();
    assert!(matches!(fault, KeyFault::NotMade { .. }), "{fault}");
}

proptest! {
    #[test]
    fn no_octets_whatever_make_the_key_reader_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, octets).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let _ = open(&file);
    }
}
