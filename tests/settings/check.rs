//! What `check` prints.

use postdesk::operate::check::{check, check_json};
use serde_json::{Value, json};

use super::{MANUAL, good, with};

fn warnings(text: &str) -> Vec<String> {
    let object: Value = serde_json::from_str(&check_json(&good(text))).unwrap();
    object["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_person_sees_what_the_built_in_configuration_resolved_to() {
    let page = check(&good(MANUAL));
    let wanted = "\
The configuration is in order: desk.toml
  desk      Example Desk (desk.example.org)
  data      var
  key file  var/key
  store     sqlite:var/postdesk.db, at least 5 % of the disk kept free
  SMTP      127.0.0.1:2525, no TLS
  trusted   127.0.0.0/8, ::1/128
  monitors  127.0.0.1:9025
  relay     none; outgoing mail becomes files in var/outgoing
  texts     built in

Department support: Example Support (SUP-…)
  address    support@desk.example.org
  mailboxes  help@shop.example
  agents     ana, boris
  assignee   nobody; whoever answers first
  internal   nobody; whoever answers first
  answer     within 8h
  reopened   by a reply within 14d of closing
  language   en

Agents
  ana    Ana Kovač <ana@staff.example>, agent
  boris  Boris Ilić <boris@staff.example>, agent
";
    assert_eq!(page, wanted);
}

#[test]
fn limits_that_differ_and_warnings_are_printed() {
    let page = check(&good(&with("[smtp]", "max_connections = 10").replace("file:var/outgoing", "discard:")));
    assert!(page.contains("\nLimits that differ from their defaults\n  smtp.max_connections  10 (default 1000)\n"), "{page}");
    assert!(page.contains("\n  warning  relay discard: outgoing mail is thrown away"), "{page}");
}

#[test]
fn the_json_form_is_one_line_with_the_same_content() {
    let text = check_json(&good(MANUAL));
    assert!(!text.contains('\n'));
    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["smtp"]["trusted_networks"], json!(["127.0.0.0/8", "::1/128"]));
    assert_eq!(object["delivery"], json!({"relay": "file:var/outgoing", "user": null}));
    assert_eq!(object["departments"][0]["mailboxes"], json!(["help@shop.example"]));
    assert_eq!(object["departments"][0]["answer_within"], json!(28_800));
    assert_eq!(object["agents"][1]["address"], json!("boris@staff.example"));
    assert_eq!(object["warnings"], json!([]));
}

#[test]
fn where_links_lead_is_told_and_a_listener_beyond_this_machine_is_warned_of() {
    assert!(check_json(&good(MANUAL)).contains("\"public_url\":null"));
    let text = with("[http]", "public_url = \"https://desk.example.org/\"");
    assert!(
        check(&good(&text)).contains("\n  links     127.0.0.1:9026, from outside https://desk.example.org\n"),
        "{}",
        check(&good(&text))
    );
    let object: Value = serde_json::from_str(&check_json(&good(&text))).unwrap();
    assert_eq!(
        object["http"],
        json!({"listen": [], "public_listen": "127.0.0.1:9026", "public_url": "https://desk.example.org"})
    );
    assert_eq!(warnings(&text), Vec::<String>::new());
    let open = text.replacen("\npublic_url", "\npublic_listen = \"192.0.2.1:9026\"\npublic_url", 1);
    assert!(warnings(&open)[0].contains("links on 192.0.2.1:9026 can be read on their way"), "{:?}", warnings(&open));
    let told = MANUAL.replace("listen = [\"127.0.0.1:9025\"]", "listen = [\"127.0.0.1:9025\", \"192.0.2.1:9025\"]");
    assert!(warnings(&told)[0].contains("HTTP on 192.0.2.1:9025 tells everybody"), "{:?}", warnings(&told));
}

#[test]
fn where_lmtp_is_spoken_is_told_and_whoever_can_reach_it_is_warned_of() {
    let within = "lmtp = [\"127.0.0.1:2424\", \"unix:/run/postdesk/lmtp\"]";
    let text = with("[smtp]", within).replace("[authentication]\n", "[authentication]\nauthserv_id = \"mx.example.org\"\n");
    let page = check(&good(&text));
    assert!(page.contains("  LMTP        127.0.0.1:2424, unix:/run/postdesk/lmtp (mode 0660)\n"), "{page}");
    assert!(page.contains("  results of  LMTP and pipe as mx.example.org\n"), "{page}");
    let object: Value = serde_json::from_str(&check_json(&good(&text))).unwrap();
    assert_eq!(object["smtp"]["lmtp"], json!(["127.0.0.1:2424", "unix:/run/postdesk/lmtp"]));
    assert_eq!(object["smtp"]["authserv_id"], "mx.example.org");
    assert!(!warnings(&text).iter().any(|warning| warning.contains("LMTP")), "{:?}", warnings(&text));
    let open = text.replace("127.0.0.1:2424", "192.0.2.1:2424");
    let warned = "LMTP on 192.0.2.1:2424: whoever can connect is taken for your mail server";
    assert!(warnings(&open).iter().any(|warning| warning.contains(warned)), "{:?}", warnings(&open));
}

#[test]
fn what_is_allowed_and_seldom_meant_brings_a_warning() {
    let trusted = "trusted_networks = [\"127.0.0.0/8\"]";
    let calm = with("[smtp]", trusted);
    assert_eq!(warnings(&calm), Vec::<String>::new());
    for (text, words) in [
        (calm.replace("file:var/outgoing", "discard:"), "relay discard"),
        (calm.replace("127.0.0.0/8", "0.0.0.0/0"), "trusted network 0.0.0.0/0 reaches into the internet"),
        (calm.replace("127.0.0.0/8", "::/0"), "trusted network ::/0"),
        (
            calm.replace(trusted, "relays = [{ network = \"0.0.0.0/0\", authserv_id = \"mx.example\" }]"),
            "relay 0.0.0.0/0 reaches",
        ),
        (calm.replace(trusted, &format!("{trusted}\nlisten = [\"192.0.2.1:25\"]")), "in clear text"),
        (calm.replace("key = \"ana\"", "key = \"ana\"\naccess = \"viewer\""), "nobody may answer"),
        (
            format!("{calm}[[agent]]\nkey = \"zoe\"\nname = \"Zoe\"\naddress = \"zoe@staff.example\"\n"),
            "agent zoe is in no department",
        ),
    ] {
        let list = warnings(&text);
        assert!(list.len() == 1 && list[0].contains(words), "{list:?}");
    }
    let responsible = "assignee = \"zoe\"\nkey = \"support\"";
    let viewer = "[[agent]]\nkey = \"zoe\"\nname = \"Zoe\"\naddress = \"zoe@staff.example\"\naccess = \"viewer\"\n";
    let list = warnings(&format!("{}{viewer}", calm.replace("key = \"support\"", responsible)));
    assert!(list[0].contains("zoe is made responsible and may not answer"), "{list:?}");
}

#[test]
fn the_keys_are_told_by_number_and_state_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let text = with("[gateway]", &format!("key_file = \"{}\"", file.display()));
    assert_eq!(serde_json::from_str::<Value>(&check_json(&good(&text))).unwrap()["keys"], json!([]));
    postdesk::settings::keys::open_or_make(&file).unwrap();
    postdesk::settings::keys::rotation::announce(&file).unwrap();
    let (page, object) = (check(&good(&text)), check_json(&good(&text)));
    assert!(page.contains("keys      1 seals, 2 next\n"), "{page}");
    let keys = serde_json::from_str::<Value>(&object).unwrap()["keys"].clone();
    assert_eq!(keys, json!([{"number": 1, "state": "seals"}, {"number": 2, "state": "next"}]));
    for line in std::fs::read_to_string(&file).unwrap().lines().filter(|line| !line.starts_with('#')) {
        let secret = line.split(' ').nth(1).unwrap();
        assert!(!page.contains(secret) && !object.contains(secret));
    }
}

/// The configuration of the tests with a public mailbox, a real relay, and what stands behind `dkim =`.
fn with_keys(keys: &str) -> String {
    let text = with("[delivery]", "relay = \"smtp://relay.example\"").replace("relay = ", &format!("{keys}\nrelay = "));
    text.replace("agents = [\"ana\"]", "mailboxes = [\"help@mail.shop.example\"]\nagents = [\"ana\"]")
}

#[test]
fn who_signs_is_said_for_each_address_and_who_lacks_a_key_is_warned() {
    let lacking = |text: &str| warnings(text).into_iter().filter(|warning| warning.contains("DMARC")).collect::<Vec<_>>();
    let told = lacking(&with_keys(""));
    assert!(told.len() == 1 && told[0].contains("mail from mail.shop.example fails"), "{told:?}");
    assert!(!check(&good(&with_keys(""))).contains("signed"));
    // Nothing leaves.
    assert_eq!(lacking(&with_keys("").replace("smtp://relay.example", "file:var/outgoing")), [""; 0]);

    let text =
        with_keys("dkim = { domain = \"shop.example\", selector = \"pd1\", private_key = \"tests/authenticity/rsa.pem\" }");
    let page = check(&good(&text));
    assert!(page.contains("\n  signed     help@mail.shop.example by pd1 of shop.example (rsa)\n"), "{page}");
    assert!(page.contains("\n  signed     support@desk.example.org by nobody\n"), "{page}");
    assert_eq!(lacking(&text), [""; 0]);
    let object: Value = serde_json::from_str(&check_json(&good(&text))).unwrap();
    assert_eq!(object["dkim"], json!([{"domain": "shop.example", "selector": "pd1", "algorithm": "rsa"}]));
    assert!(!page.contains("PRIVATE") && !object.to_string().contains("PRIVATE"));
}

#[test]
fn a_mailbox_below_or_above_the_departments_domain_is_aligned_without_a_key() {
    for mailbox in ["help@desk.example.org", "help@example.org", "help@shop.desk.example.org"] {
        let text = with_keys("").replace("help@mail.shop.example", mailbox);
        assert!(!warnings(&text).iter().any(|warning| warning.contains("DMARC")), "{mailbox}");
    }
}

#[test]
fn a_key_that_everybody_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    std::fs::copy("tests/authenticity/rsa.pem", &file).unwrap();
    let keys = format!("dkim = {{ domain = \"shop.example\", selector = \"pd1\", private_key = \"{}\" }}", file.display());
    let warned = |mode| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        warnings(&with_keys(&keys)).iter().any(|warning| warning.contains("pd1 of shop.example can be read by everybody"))
    };
    assert_eq!([0o600, 0o640, 0o644].map(warned), [false, false, true]);
}
