//! What the gateway signs, as its own readers find it: the code of production on both ends, a name server of the tests between.

use postdesk::deliver::sign::{Key, Kind, Signers};
use postdesk::model::arrival::Authenticity;
use postdesk::model::time::Time;
use proptest::prelude::{prop, proptest};

use super::world::{World, arrival, mail, mail_from, world};

const RSA: &[u8] = include_bytes!("rsa.pem");
/// Made by OpenSSL 3: `genpkey -algorithm ed25519`.
const ED25519: &[u8] = b"-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIDVRD1W+yXOxzL2Sys6H2jL0q0qSO0FrMSIKfnNPGU/n
-----END PRIVATE KEY-----
";

fn key(domain: &str, selector: &str, pem: &[u8]) -> Key {
    Key::from_pem(domain, selector, pem).unwrap()
}

/// The mail with its signatures, and the keys published.
fn signed(world: &World, keys: Vec<Key>, mail: &[u8]) -> Vec<u8> {
    for key in &keys {
        let record = key.record();
        world.names.says(&record.name, &record.value);
    }
    let now = Time::from(std::time::SystemTime::now());
    let signatures = Signers::new(keys).signatures(mail, now).unwrap();
    [signatures.as_bytes(), mail].concat()
}

#[tokio::test]
async fn what_we_sign_with_either_kind_of_key_proves_the_sender() {
    for (selector, pem) in [("r1", RSA), ("e1", ED25519)] {
        let world = world();
        let raw = signed(&world, vec![key("shop.example", selector, pem)], &mail());
        let words = format!("DKIM pass: signed by shop.example, selector {selector}");
        world.expect(&arrival(raw), Authenticity::Dkim, &words).await;
    }
}

#[tokio::test]
async fn a_changed_octet_or_an_added_from_breaks_what_we_sign() {
    let world = world();
    let raw = signed(&world, vec![key("shop.example", "e1", ED25519)], &mail());
    let text = String::from_utf8(raw).unwrap();
    for (from, to, why) in [
        ("does not boil", "does now boil", "the body was changed"),
        ("Subject: Kettle", "Subject: Bottle", "the header was changed"),
        ("Message-ID: <1@", "Message-ID: <2@", "the header was changed"),
    ] {
        assert!(text.contains(from));
        world.expect(&arrival(text.replace(from, to).into_bytes()), Authenticity::Unproven, why).await;
    }
    // Oversigned: there is one From, and the signature speaks of two.
    assert!(text.contains("h=From:") && text.replace(['\r', '\n', '\t'], "").contains(":From;"), "{text}");
}

#[tokio::test]
async fn a_key_of_the_domain_above_signs_and_the_nearest_wins() {
    let world = world();
    let (above, own) = (key("shop.example", "above", ED25519), key("mail.shop.example", "own", ED25519));
    let signers = Signers::new(vec![above, own]);
    let names = |domain: &str| signers.of(domain).iter().map(|key| key.selector.clone()).collect::<Vec<_>>();
    assert_eq!(names("mail.shop.example"), ["own"]);
    assert_eq!(names("MAIL.shop.example"), ["own"]);
    assert_eq!(names("news.shop.example"), ["above"]);
    assert_eq!(names("shop.example"), ["above"]);
    assert!(names("pet-shop.example").is_empty() && names("example").is_empty());
    let raw = signed(&world, vec![key("shop.example", "above", ED25519)], &mail_from("Mia <mia@news.shop.example>"));
    world.names.says("_dmarc.shop.example", "v=DMARC1; p=reject");
    world.expect(&arrival(raw), Authenticity::Dkim, "signed by shop.example, selector above").await;
}

#[test]
fn a_domain_in_other_letters_is_signed_by_the_key_of_its_ascii_form() {
    let signers = Signers::new(vec![key("xn--bcher-kva.example", "e1", ED25519)]);
    assert_eq!(signers.of("bücher.example").len(), 1);
    assert!(signers.signatures(&mail_from("Mia <mia@bücher.example>"), Time(1)).unwrap().contains("d=xn--bcher-kva.example"));
}

#[test]
fn both_kinds_of_keys_and_both_selectors_of_a_rotation_sign_rsa_on_top() {
    let keys = vec![key("shop.example", "e1", ED25519), key("shop.example", "old", RSA), key("shop.example", "new", RSA)];
    let signatures = Signers::new(keys).signatures(&mail(), Time(1)).unwrap();
    let found: Vec<&str> = signatures.split("; s=").skip(1).map(|rest| rest.split(';').next().unwrap()).collect();
    assert_eq!(found, ["old", "new", "e1"]);
}

#[test]
fn the_octets_are_the_same_at_each_attempt() {
    let keys = || vec![key("shop.example", "e1", ED25519), key("shop.example", "r1", RSA)];
    let queued_at = Time(1_800_000_000_000_000);
    let first = Signers::new(keys()).signatures(&mail(), queued_at).unwrap();
    // Another process, after a restart.
    assert_eq!(first, Signers::new(keys()).signatures(&mail(), queued_at).unwrap());
    assert!(first.contains("t=1800000000;") && !first.contains(" x=") && !first.contains(" l="), "{first}");
    assert_ne!(first, Signers::new(keys()).signatures(&mail(), queued_at.plus(std::time::Duration::from_secs(1))).unwrap());
}

#[test]
fn the_address_in_from_counts_and_not_what_stands_in_its_name() {
    let signers = Signers::new(vec![key("shop.example", "e1", ED25519)]);
    let signs = |from: &str| !signers.signatures(&mail_from(from), Time(1)).unwrap().is_empty();
    assert!(
        signs("mia@shop.example")
            && signs("=?UTF-8?B?w7w=?=\r\n <mia@shop.example>")
            && signs("\"<a@b.example>\" <mia@SHOP.example>")
    );
    assert!(!signs("\"mia@shop.example\" <eva@other.example>") && !signs("\"<mia@shop.example>\" <eva@other.example>"));
}

#[test]
fn keys_come_as_pkcs8_and_pkcs1_and_nothing_else_does() {
    let kind = |pem: &[u8]| Key::from_pem("shop.example", "s", pem).map(|key| key.kind);
    assert_eq!((kind(RSA), kind(ED25519)), (Ok(Kind::Rsa), Ok(Kind::Ed25519)));
    assert_eq!(kind(include_bytes!("rsa-pkcs1.pem")), Ok(Kind::Rsa));
    assert!(kind(b"secret words").unwrap_err().contains("holds no private key"));
    let broken = String::from_utf8(ED25519.to_vec()).unwrap().replace("MC4CAQ", "MC4CAA");
    let told = kind(broken.as_bytes()).unwrap_err();
    assert!(told.contains("is no key to sign with") && !told.contains("MC4"), "{told}");
    assert!(!format!("{:?}", key("shop.example", "s", ED25519)).contains("53"));
}

#[test]
fn a_record_is_cut_into_strings_that_join_to_the_whole() {
    let record = key("shop.example", "r1", RSA).record();
    assert_eq!(record.name, "r1._domainkey.shop.example");
    assert!(record.value.starts_with("v=DKIM1; k=rsa; p=MII") && record.value.len() > 255);
    assert!(record.strings().iter().all(|string| string.len() <= 255));
    assert_eq!(record.strings().concat(), record.value);
    assert_eq!(record.zone().matches('"').count(), 2 * record.strings().len());
    assert_eq!(key("shop.example", "e1", ED25519).record().strings().len(), 1);
}

proptest! {
    #[test]
    fn no_octets_stop_the_signer(head in prop::collection::vec(0_u8..=255, 0..200), body in prop::collection::vec(0_u8..=255, 0..200)) {
        let signers = Signers::new(vec![key("shop.example", "e1", ED25519)]);
        let mail = [b"From: a@shop.example\r\n", head.as_slice(), b"\r\n\r\n", body.as_slice()].concat();
        signers.signatures(&mail, Time(1)).unwrap();
        let _ = signers.signatures(&head, Time(1));
    }
}
