//! Keys as `dkim key` makes them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use postdesk::deliver::sign::{Key, Kind};
use postdesk::operate::dkim::{Recipe, Wanted, key, record};
use postdesk::operate::table::Look;
use postdesk::operate::{Code, Format, Trouble};

fn wanted(file: &Path) -> Wanted {
    Wanted { domain: "Shop.Example".to_owned(), selector: "pd1".to_owned(), recipe: Recipe::Ed25519, file: Some(file.to_owned()) }
}

fn made(wanted: &Wanted) -> Result<String, Trouble> {
    let mut out = Vec::new();
    key(wanted, Format::People(Look::PLAIN), &mut out).map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn a_key_is_kept_for_its_owner_alone_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let told = made(&wanted(&file)).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = Key::open("shop.example", "pd1", &file).unwrap();
    assert_eq!((key.kind, key.exposed), (Kind::Ed25519, false));
    let record = key.record();
    assert!(told.contains(&format!("name   {}\n  value  {}\n", record.name, record.value)), "{told}");
    assert!(
        told.contains(&record.zone())
            && told.contains("dkim = [{ domain = \"shop.example\", selector = \"pd1\", private_key = \"/")
    );
    let before = std::fs::read(&file).unwrap();
    assert!(!told.contains(String::from_utf8_lossy(&before).lines().nth(1).unwrap()), "the key itself was printed");

    let again = made(&wanted(&file)).unwrap_err();
    assert_eq!(again.code, Code::Input);
    assert!(again.message.contains("is there already"), "{again}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn what_is_no_domain_selector_or_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    for wrong in [
        Wanted { domain: "a shop".to_owned(), ..wanted(&file) },
        Wanted { selector: "../pd".to_owned(), ..wanted(&file) },
        Wanted { recipe: Recipe::Rsa { bits: 1024 }, ..wanted(&file) },
        Wanted { recipe: Recipe::Rsa { bits: 8192 }, ..wanted(&file) },
    ] {
        assert_eq!(made(&wrong).unwrap_err().code, Code::Usage, "{wrong:?}");
    }
    assert!(!file.exists());
    let away = Wanted { file: Some(folder.path().join("no/such/folder/key.pem")), ..wanted(&file) };
    assert_eq!(made(&away).unwrap_err().code, Code::InputOutput);
}

#[test]
fn records_are_told_for_people_and_for_programs() {
    let keys = vec![Key::from_pem("shop.example", "r1", include_bytes!("rsa.pem")).unwrap()];
    let mut out = Vec::new();
    record(&keys, Format::Json, &mut out).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((&told["name"], &told["algorithm"]), (&"r1._domainkey.shop.example".into(), &"rsa".into()));
    assert_eq!(told["value"], keys[0].record().value);
    let strings: String = told["strings"].as_array().unwrap().iter().map(|string| string.as_str().unwrap()).collect();
    assert_eq!(strings, keys[0].record().value);
    let mut out = Vec::new();
    record(&[], Format::People(Look::PLAIN), &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("no mail is signed"));
}
