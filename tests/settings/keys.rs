//! The key file: made once, read by its owner alone, changed as a whole or not at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Barrier;

use postdesk::model::address::Address;
use postdesk::model::desk::Admission;
use postdesk::model::token::{Keyring, Purpose, Token};
use postdesk::operate::table::Look;
use postdesk::operate::{Code, Format, keys as verbs};
use postdesk::run::require_ours;
use postdesk::settings::keys::rotation::{announce, revoke, rotate};
use postdesk::settings::keys::{KeyFault, State, list, open, open_or_make};
use postdesk::store::{Options, Place, Store};
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
        (format!("1 {key} revokt"), "line 1 is not a number from 1 to 15"),
        (format!("1 {key} next revoked"), "line 1 is not"),
        (format!("1 {key} revoked\n2 {key} next"), "it holds no key that seals"),
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

/// A desk with a first key.
fn desk() -> (tempfile::TempDir, std::path::PathBuf, Keyring) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let first = open_or_make(&file).unwrap();
    (folder, file, first)
}

fn ring(file: &Path) -> Keyring {
    open(file).unwrap().unwrap()
}

fn states_of(file: &Path) -> Vec<(u8, State)> {
    list(file).unwrap().unwrap().iter().map(|key| (key.number, key.state)).collect()
}

/// Whether what the one sealed is opened by the other.
fn opens(reader: &Keyring, writer: &Keyring) -> bool {
    reader.read(&writer.write(&token(writer))).is_some()
}

#[test]
fn a_rotation_makes_a_new_key_that_seals_and_leaves_the_older_ones_and_every_comment() {
    let (folder, file, first) = desk();
    write(&file, &format!("{}\n# ours since May\n", fs::read_to_string(&file).unwrap()));
    let before = fs::read_to_string(&file).unwrap();
    assert_eq!(rotate(&file).unwrap().number, 2);
    let after = fs::read_to_string(&file).unwrap();
    assert!(after.starts_with(&before), "nothing of the old file is lost:\n{after}");
    assert_eq!(states_of(&file), [(1, State::Verifies), (2, State::Seals)]);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft stays behind");
    let second = ring(&file);
    assert!(opens(&second, &first) && !opens(&first, &second));
}

#[test]
fn neither_rotating_nor_revoking_changes_what_the_store_knows_the_keys_by_or_what_recipients_are_called() {
    let (_folder, file, first) = desk();
    for number in 1..=6 {
        if number % 2 == 0 {
            announce(&file).unwrap();
        }
        rotate(&file).unwrap();
        revoke(&file, number).unwrap();
        let now = ring(&file);
        assert_eq!((now.fingerprint(), token(&now)), (first.fingerprint(), token(&first)), "after key {number}");
        assert!(!opens(&now, &first), "the first key is revoked");
    }
}

#[test]
fn an_announced_key_is_known_before_it_seals() {
    let (_folder, file, first) = desk();
    announce(&file).unwrap();
    let announced = ring(&file);
    assert_eq!(states_of(&file), [(1, State::Seals), (2, State::Next)]);
    assert!(opens(&first, &announced), "it does not seal yet");
    let again = announce(&file).unwrap_err().to_string();
    assert!(again.contains("key 2 is announced already") && again.contains("postdesk key rotate"), "{again}");
    assert_eq!(rotate(&file).unwrap().number, 2);
    assert_eq!(states_of(&file), [(1, State::Verifies), (2, State::Seals)]);
    let rotated = ring(&file);
    assert!(opens(&announced, &rotated), "a gateway that was restarted since the announcement knows what another one seals");
    assert!(opens(&rotated, &announced) && !opens(&first, &rotated));
}

#[test]
fn a_revoked_key_opens_nothing_and_the_one_that_seals_cannot_be_revoked() {
    let (_folder, file, first) = desk();
    let refused = revoke(&file, 1).unwrap_err().to_string();
    assert!(refused.contains("is the one that seals") && refused.contains("postdesk key rotate"), "{refused}");
    rotate(&file).unwrap();
    revoke(&file, 1).unwrap();
    assert!(!opens(&ring(&file), &first));
    assert_eq!(states_of(&file), [(1, State::Revoked), (2, State::Seals)]);
    assert!(revoke(&file, 1).unwrap_err().to_string().contains("revoked already"));
    assert!(revoke(&file, 9).unwrap_err().to_string().contains("postdesk key list"));
}

#[test]
fn numbers_are_used_again_only_after_revoked_keys_and_never_that_of_the_oldest() {
    let (_folder, file, first) = desk();
    for _ in 0..14 {
        rotate(&file).unwrap();
    }
    let full = fs::read_to_string(&file).unwrap();
    assert!(rotate(&file).unwrap_err().to_string().contains("all 15 numbers are in use"));
    assert_eq!(fs::read_to_string(&file).unwrap(), full);
    revoke(&file, 1).unwrap();
    assert!(rotate(&file).unwrap_err().to_string().contains("all 15 numbers are in use"), "the oldest is not thrown away");
    revoke(&file, 4).unwrap();
    let before = ring(&file);
    let changed = rotate(&file).unwrap();
    assert_eq!((changed.number, changed.removed), (4, Some(4)));
    let after = ring(&file);
    assert!(opens(&after, &before) && !opens(&before, &after));
    assert_eq!(after.fingerprint(), first.fingerprint());
}

#[test]
fn of_changes_at_once_none_loses_a_key() {
    for _ in 0..20 {
        let (folder, file, _) = desk();
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    rotate(&file).unwrap();
                });
            }
        });
        let numbers: Vec<u8> = states_of(&file).iter().map(|key| key.0).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft stays behind");
    }
}

#[test]
fn a_file_that_is_damaged_missing_or_open_to_others_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    assert!(matches!(rotate(&file).unwrap_err(), KeyFault::Missing { .. }));
    assert!(!file.exists());
    write(&file, "1 abc");
    assert!(matches!(rotate(&file).unwrap_err(), KeyFault::Damaged { .. }));
    assert_eq!(fs::read_to_string(&file).unwrap(), "1 abc");
    fs::remove_file(&file).unwrap();
    open_or_make(&file).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(rotate(&file).unwrap_err(), KeyFault::TooOpen { .. }));
}

#[test]
fn a_link_to_the_key_file_stays_a_link() {
    let (folder, file, _) = desk();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    rotate(&link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(states_of(&file).len(), 2);
}

#[tokio::test]
async fn a_store_still_knows_the_keys_of_its_desk_when_they_were_rotated_and_revoked() {
    let (folder, file, first) = desk();
    let place = Place::File(folder.path().join("desk.db"));
    let store = Store::open(&Options { place, min_free_space: 0, objects: None }).await.unwrap();
    let with = |keys: Keyring| super::good(super::MANUAL).desk(keys);
    require_ours(&store, &with(first)).await.unwrap();
    rotate(&file).unwrap();
    revoke(&file, 1).unwrap();
    require_ours(&store, &with(ring(&file))).await.unwrap();
    let (_other, file, _) = desk();
    let refused = require_ours(&store, &with(ring(&file))).await.unwrap_err().to_string();
    assert!(refused.contains("other keys"), "{refused}");
}

#[test]
fn the_verbs_say_what_has_to_be_read_again_and_never_show_a_key() {
    let (_folder, file, _) = desk();
    let people = Format::People(Look::PLAIN);
    let mut out = Vec::new();
    verbs::rotate(&file, true, people, &mut out).unwrap();
    verbs::rotate(&file, false, people, &mut out).unwrap();
    verbs::revoke(&file, 1, people, &mut out).unwrap();
    verbs::list(&file, people, &mut out).unwrap();
    verbs::list(&file, Format::Json, &mut out).unwrap();
    let said = String::from_utf8(out).unwrap();
    for part in [
        "Key 2 is announced",
        "reload each",
        "Key 2 seals",
        "Reload it now",
        "Key 1 is revoked",
        "is refused",
        "Its line stays",
        "{\"number\":1,\"state\":\"revoked\",\"oldest\":true}\n{\"number\":2,\"state\":\"seals\",\"oldest\":false}\n",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    for line in fs::read_to_string(&file).unwrap().lines().filter(|line| !line.starts_with('#')) {
        assert!(!said.contains(line.split(' ').nth(1).unwrap()), "a key is shown");
    }
    let mut out = Vec::new();
    let refused = verbs::revoke(&file, 2, people, &mut out).unwrap_err();
    assert_eq!((refused.code, out.len()), (Code::Input, 0));
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
