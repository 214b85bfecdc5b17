//! One case for each kind of fault, and one for each form that a value may take.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use postdesk::accept::smtp::{BareNewlines, Lmtp};
use postdesk::model::address::Address;
use postdesk::model::desk::Access;

use super::{good, only_fault, with};

/// Section of `GOOD`, line put in, key of the one fault it must bring, words of its message.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("[gateway]", "hostname = 7", "gateway.hostname", "takes text in quotes, not a number"),
    ("[gateway]", "hostname = \"desk example\"", "gateway.hostname", "is not a host name"),
    ("[gateway]", "hostname = desk.example.org", "gateway.hostname", "not TOML: string values must be quoted"),
    ("[gateway]", "name = \"\"", "gateway.name", "is empty"),
    ("[gateway]", "name = \"a\\r\\nBcc: x\"", "gateway.name", "control character"),
    ("[gateway]", "texts = \"nowhere/at/all\"", "gateway.texts", "cannot be read"),
    ("[gateway]", "Key-File = \"x\"", "gateway.Key-File", "did you mean `key_file`?"),
    ("[store]", "url = \"var/postdesk.db\"", "store.url", "takes \"sqlite:PATH\""),
    ("[store]", "url = \"sqlite://var/postdesk.db\"", "store.url", "without //"),
    ("[store]", "url = \"sqlite::memory:\"", "store.url", "a file"),
    ("[store]", "url = \"postgres://desk:secret@db.example/desk\"", "store.url", "holds a password"),
    ("[store]", "url = \"postgres://desk@db.example\"", "store.url", "names no database"),
    ("[store]", "url = \"postgres://desk@db.example:port/desk\"", "store.url", "no address"),
    ("[store]", "password_file = \"/nowhere/at/all\"", "store.password_file", "cannot be read"),
    ("[store]", "password_file = \"credential:database\"", "store.password_file", "LoadCredential=database:FILE"),
    ("[store]", "password_file = \"credential:../key\"", "store.password_file", "names no credential"),
    ("[gateway]", "data = \"credential:data\"", "gateway.data", "is a credential, and a folder is wanted"),
    ("[store]", "min_free_space = \"91 %\"", "store.min_free_space", "from \"0 %\" to \"90 %\""),
    ("[store]", "min_free_space = \"5\"", "store.min_free_space", "takes a share"),
    ("[store]", "objects = \"var/objects\"", "store.objects", "takes \"file:PATH\" or \"s3://BUCKET/PREFIX\""),
    ("[store]", "objects = \"s3://key:secret@mail/desk\"", "store.objects", "holds credentials"),
    ("[store]", "objects = \"s3://mail/desk?endpoint=http://objects.example\"", "store.objects", "without TLS"),
    ("[store]", "objects = \"s3://mail/desk?secret=x\"", "store.objects", "knows only endpoint=URL and region=NAME"),
    ("[store]", "objects_above = \"1 GiB\"", "store.objects_above", "to 900 MiB"),
    ("[store]", "objects_credentials_file = \"/nowhere/at/all\"", "store.objects_credentials_file", "cannot be read"),
    ("[store]", "objects_credentials_file = \"Cargo.toml\"", "store.objects_credentials_file", "must hold two lines"),
    ("[smtp]", "listen = \"127.0.0.1:25\"", "smtp.listen", "takes a list in [brackets], not text"),
    ("[smtp]", "listen = [\"localhost:25\"]", "smtp.listen[1]", "not an IP address with a port"),
    ("[smtp]", "listen = [\"127.0.0.1:25\", \"127.0.0.1:25\"]", "smtp.listen[2]", "twice"),
    ("[smtp]", "lmtp = \"127.0.0.1:2424\"", "smtp.lmtp", "takes a list in [brackets], not text"),
    ("[smtp]", "lmtp = [\"/run/postdesk/lmtp\"]", "smtp.lmtp[1]", "nor \"unix:/path/of/a/socket\""),
    ("[smtp]", "lmtp = [\"unix:\"]", "smtp.lmtp[1]", "names no socket"),
    ("[smtp]", "lmtp = [\"unix:/a\", \"unix:/a\"]", "smtp.lmtp[2]", "twice"),
    ("[smtp]", "lmtp = [\"[::1]:25\"]", "smtp.lmtp[1]", "must not be spoken on port 25"),
    ("[smtp]", "listen = [\"127.0.0.1:2\"]\nlmtp = [\"127.0.0.1:2\"]", "smtp.lmtp[1]", "is in `listen` as well"),
    ("[smtp]", "lmtp = [\"unix:/a\"]\nlmtp_socket_mode = \"0777\"", "smtp.lmtp_socket_mode", "takes \"0600\""),
    ("[smtp]", "certificate = \"config/postdesk.toml\"", "smtp.certificate", "of no use without private_key"),
    ("[smtp]", "private_key = \"config/postdesk.toml\"", "smtp.private_key", "of no use without certificate"),
    ("[smtp]", "trusted_networks = [\"10.0.0.0/33\"]", "smtp.trusted_networks[1]", "is not a network"),
    ("[smtp]", "bare_newlines = \"keep\"", "smtp.bare_newlines", "\"refuse\" or \"normalise\""),
    ("[smtp]", "max_connections = 0", "smtp.max_connections", "must be from 1 to 100000"),
    ("[smtp]", "max_connections = -1", "smtp.max_connections", "must be from 1"),
    ("[smtp]", "max_connections = \"10\"", "smtp.max_connections", "takes a whole number without quotes, not text"),
    ("[smtp]", "max_connections = 99999999999999999999", "smtp.max_connections", "too large"),
    ("[smtp]", "max_message_size = \"25 MB\"", "smtp.max_message_size", "such as \"25 MiB\""),
    ("[smtp]", "max_message_size = \"99999999999999999999 GiB\"", "smtp.max_message_size", "takes a size"),
    ("[smtp]", "max_message_size = \"1 GiB\"", "smtp.max_message_size", "from 1 KiB to 900 MiB"),
    ("[smtp]", "max_message_size = \"300 MiB\"", "smtp.max_data_in_flight", "at least max_message_size (300 MiB)"),
    ("[smtp]", "max_command_line = 511", "smtp.max_command_line", "from 512 B"),
    ("[smtp]", "idle_timeout = 300", "smtp.idle_timeout", "takes a time such as \"90s\""),
    ("[smtp]", "idle_timeout = \"0s\"", "smtp.idle_timeout", "at least \"1s\""),
    ("[smtp]", "idle_timeout = \"300000d\"", "smtp.idle_timeout", "longer than ten years"),
    ("[smtp]", "relays = \"10.0.0.5\"", "smtp.relays", "takes a list in [brackets]"),
    ("[smtp]", "relays = [\"10.0.0.5\"]", "smtp.relays[1]", "takes { network ="),
    ("[smtp]", "relays = [{ network = \"10.0.0.5\" }]", "smtp.relays[1].authserv_id", "is missing"),
    ("[smtp]", "relays = [{ network = \"mx\", authserv_id = \"mx\" }]", "smtp.relays[1].network", "is not a network"),
    ("[smtp]", "relays = [{ network = \"10.0.0.5\", authserv_id = \"m x\" }]", "smtp.relays[1].authserv_id", "is not a name"),
    ("[smtp]", "relays = [{ network = \"10.0.0.5\", authserv_id = \"mx\", id = 1 }]", "smtp.relays[1].id", "is not a known key"),
    (
        "[smtp]",
        "trusted_networks = [\"10.0.0.0/8\"]\nrelays = [{ network = \"10.0.0.5/32\", authserv_id = \"mx.example\" }]",
        "smtp.relays[1].network",
        "is in trusted_networks as well (`10.0.0.0/8`)",
    ),
    (
        "[smtp]",
        "relays = [{ network = \"10.0.0.0/8\", authserv_id = \"a\" }, { network = \"10.0.0.5\", authserv_id = \"b\" }]",
        "smtp.relays[2].network",
        "overlaps `10.0.0.0/8`",
    ),
    ("[http]", "listen = \"127.0.0.1:9025\"", "http.listen", "of no use without public_url"),
    ("[http]", "public_url = \"https://desk.example\"\nlisten = \"9025\"", "http.listen", "not an IP address with a port"),
    ("[http]", "public_url = \"desk.example\"", "http.public_url", "is not a URL"),
    ("[http]", "public_url = \"http://desk.example\"", "http.public_url", "is without TLS"),
    ("[http]", "public_url = \"ftp://desk.example\"", "http.public_url", "not a URL of the web"),
    ("[http]", "public_url = \"https:///unfollow\"", "http.public_url", "names no host"),
    ("[http]", "public_url = \"https://desk.example:x\"", "http.public_url", "names no host"),
    ("[http]", "public_url = \"https://me@desk.example\"", "http.public_url", "names no host"),
    ("[http]", "public_url = \"https://desk.example?a=b\"", "http.public_url", "names no host"),
    ("[http]", "public_url = \"https://desk.example/a?b\"", "http.public_url", "has a path that links cannot begin with"),
    ("[http]", "public_url = \"https://desk.example/a>, <b\"", "http.public_url", "has a path that links cannot begin with"),
    ("[http]", "public_port = 1", "http.public_port", "did you mean `public_url`?"),
    ("[authentication]", "name_servers = [\"127.0.0.1\"]", "authentication.name_servers[1]", "not an IP address with a port"),
    ("[authentication]", "authserv_id = \"mx.example.org;\"", "authentication.authserv_id", "is not a name such as"),
    ("[authentication]", "timeout = \"31s\"", "authentication.timeout", "must be from \"1s\" to \"30s\""),
    ("[authentication]", "arc_sealers = [\"a list\"]", "authentication.arc_sealers[1]", "is not a host name"),
    ("[authentication]", "max_signature_age = \"0s\"", "authentication.max_signature_age", "must be from"),
    ("[authentication]", "token_lifetime = \"23h\"", "authentication.token_lifetime", "must be from \"86400s\""),
    ("[automatic_mail]", "human_senders = \"@vendor.example\"", "automatic_mail.human_senders", "takes a list in [brackets]"),
    ("[automatic_mail]", "human_senders = [\"vendor.example\"]", "automatic_mail.human_senders[1]", "is not a mail address"),
    ("[automatic_mail]", "human_senders = [\"@\"]", "automatic_mail.human_senders[1]", "is not a host name"),
    ("[automatic_mail]", "human_senders = [\"@*.vendor.example\"]", "automatic_mail.human_senders[1]", "is not a host name"),
    ("[automatic_mail]", "passed_on_per_hour = 0", "automatic_mail.passed_on_per_hour", "must be from 1 to 1000000"),
    ("[automatic_mail]", "told_per_hour = \"60\"", "automatic_mail.told_per_hour", "takes a whole number without quotes"),
    ("[automatic_mail]", "shown = 60", "automatic_mail.shown", "is not a known key"),
    ("[delivery]", "relay = \"relay.example\"", "delivery.relay", "takes \"smtp://host:25\""),
    ("[delivery]", "relay = \"smtp://desk:secret@relay.example\"", "delivery.relay", "password_file"),
    ("[delivery]", "relay = \"smtp://relay.example:0\"", "delivery.relay", "is not a port"),
    ("[delivery]", "relay = \"smtp://::1:25\"", "delivery.relay", "in brackets"),
    ("[delivery]", "relay = \"smtp://[127.0.0.1]:25\"", "delivery.relay", "is not an IPv6 address"),
    ("[delivery]", "relay = \"smtp://\"", "delivery.relay", "is not a host name"),
    ("[delivery]", "relay = \"file:\"", "delivery.relay", "file:FOLDER"),
    ("[delivery]", "relay = \"mx:relay.example\"", "delivery.relay", "with nothing behind it"),
    ("[delivery]", "relay = []", "delivery.relay", "holds no relay"),
    ("[delivery]", "relay = [\"smtp://a.example\", \"discard:\"]", "delivery.relay[2]", "is a mail server"),
    ("[delivery]", "relay = [{ url = \"smtp://a.example\" }, \"smtp://b.example\"]", "delivery.relay[2]", "takes { url"),
    (
        "[delivery]",
        "relay = [{ user = \"desk\", password_file = \"config/postdesk.toml\" }]",
        "delivery.relay[1].url",
        "is missing",
    ),
    ("[delivery]", "max_connections_per_destination = 0", "delivery.max_connections_per_destination", "from 1 to"),
    ("[delivery]", "password_file = \"config/postdesk.toml\"", "delivery.password_file", "of no use without user"),
    ("[delivery]", "ca_file = \"nowhere/at/all\"", "delivery.ca_file", "cannot be read"),
    ("[delivery]", "ca_file = \"Cargo.toml\"", "delivery.ca_file", "holds no certificate"),
    ("[delivery]", "max_per_day = -1", "delivery.max_per_day", "must be from 0"),
    ("[delivery]", "dkim = 7", "delivery.dkim", "takes a list in [brackets], as in [{ domain = \"shop.example\""),
    ("[delivery]", "dkim = [7]", "delivery.dkim[1]", "takes { domain = "),
    ("[delivery]", "dkim = { domain = \"shop.example\", selector = \"s1\" }", "delivery.dkim.private_key", "is missing"),
    (
        "[delivery]",
        "dkim = { domain = \"a shop\", selector = \"s1\", private_key = \"tests/authenticity/rsa.pem\" }",
        "delivery.dkim.domain",
        "is not a host name",
    ),
    (
        "[delivery]",
        "dkim = { domain = \"shop.example\", selector = \"s 1\", private_key = \"tests/authenticity/rsa.pem\" }",
        "delivery.dkim.selector",
        "is no selector",
    ),
    (
        "[delivery]",
        "dkim = { domain = \"shop.example\", selector = \"s1\", private_key = \"/nowhere/key.pem\" }",
        "delivery.dkim.private_key",
        "/nowhere/key.pem cannot be read",
    ),
    (
        "[delivery]",
        "dkim = { domain = \"shop.example\", selector = \"s1\", private_key = \"tests\" }",
        "delivery.dkim.private_key",
        "is not a file",
    ),
    (
        "[delivery]",
        "dkim = [{ domain = \"shop.example\", selector = \"s1\", private_key = \"config/postdesk.toml\" }]",
        "delivery.dkim[1].private_key",
        "holds no private key in PEM",
    ),
    (
        "[delivery]",
        "dkim = [{ domain = \"shop.example\", selector = \"s1\", private_key = \"tests/authenticity/rsa.pem\", key = 1 }]",
        "delivery.dkim[1].key",
        "is not a known key",
    ),
    (
        "[delivery]",
        "dkim = [{ domain = \"shop.example\", selector = \"s1\", private_key = \"tests/authenticity/rsa.pem\" }, { domain = \"SHOP.example\", selector = \"s1\", private_key = \"tests/authenticity/rsa.pem\" }]",
        "delivery.dkim[2].selector",
        "a key needs a selector of its own",
    ),
    ("[limits]", "max_nesting = 0", "limits.max_nesting", "must be from 1 to 100"),
    ("[limits]", "attempts = 0", "limits.attempts", "must be from 1"),
    ("[limits]", "max_attached = \"65 MiB\"", "limits.max_attached", "must be from 0"),
    ("[limits]", "max_parts = 1.5", "limits.max_parts", "not a number with a fraction"),
    ("[held]", "digest = \"hourly\"", "held.digest", "takes a time such as"),
    ("[acknowledgements]", "per_hour = 0", "acknowledgements.per_hour", "must be from 1"),
    ("[[department]]", "key = \"Support\"", "department[1].key", "is not a key"),
    ("[[department]]", "key = \"postdesk\"", "department[1].key", "what postdesk calls itself"),
    ("[[department]]", "prefix = \"sup\"", "department[1].prefix", "is not a prefix"),
    ("[[department]]", "prefix = \"1SUP\"", "department[1].prefix", "is not a prefix"),
    ("[[department]]", "prefix = \"ABCDEFGHIJK\"", "department[1].prefix", "is not a prefix"),
    ("[[department]]", "address = \"support\"", "department[1].address", "is not a mail address"),
    ("[[department]]", "address = \"a234567890123456789012345@desk.example.org\"", "department[1].address", "at most 24"),
    ("[[department]]", "address = \"support+a@desk.example.org\"", "department[1].address", "has a +"),
    ("[[department]]", "address = \"Ana@staff.example\"", "agent[1].address", "taken by department[1].address"),
    ("[[department]]", "mailboxes = [\"support@desk.example.org\"]", "department[1].mailboxes[1]", "taken by"),
    ("[[department]]", "mailboxes = [\"Help <help@shop.example>\"]", "department[1].mailboxes[1]", "without a display name"),
    ("[[department]]", "agents = []", "department[1].agents", "at least one agent"),
    ("[[department]]", "agents = [\"ana\", \"ana\"]", "department[1].agents[2]", "twice"),
    ("[[department]]", "agents = [\"zoe\"]", "department[1].agents[1]", "no agent `zoe`; add an [[agent]]"),
    ("[[department]]", "assignee = \"ann\"", "department[1].assignee", "did you mean `ana`?"),
    ("[[department]]", "internal_assignee = \"ann\"", "department[1].internal_assignee", "no agent `ann`"),
    ("[[department]]", "language = \"de\"", "department[1].language", "no texts for `de`"),
    ("[[department]]", "language = \"../en\"", "department[1].language", "no texts for"),
    ("[[department]]", "time_zone = \"Europe/Zagrb\"", "department[1].time_zone", "did you mean `Europe/Zagreb`?"),
    ("[[department]]", "time_zone = \"here\"", "department[1].time_zone", "is no time zone that is known"),
    ("[[department]]", "business_hours = \"mon-fri 09:00-17:00\"", "department[1].business_hours", "takes a list in [brackets]"),
    ("[[department]]", "business_hours = []", "department[1].business_hours", "nothing would ever be due"),
    ("[[department]]", "business_hours = [\"mon-fri\"]", "department[1].business_hours[1]", "is no working time"),
    ("[[department]]", "business_hours = [\"mo-fr 9-17\"]", "department[1].business_hours[1]", "is no working time"),
    ("[[department]]", "business_hours = [\"mon 09:00-24:01\"]", "department[1].business_hours[1]", "is no working time"),
    ("[[department]]", "business_hours = [\"sat 22:00-06:00\"]", "department[1].business_hours[1]", "ends before it begins"),
    ("[[department]]", "holidays = [\"25.12.\"]", "department[1].holidays[1]", "is no day"),
    ("[[department]]", "holidays = [\"2026-12-25\", \"02-30\"]", "department[1].holidays[2]", "is no day"),
    ("[[department]]", "remind_before = 60", "department[1].remind_before", "takes a time"),
    ("[[department]]", "answer_within = \"8 hours\"", "department[1].answer_within", "takes a time"),
    ("[[department]]", "acknowledge = \"yes\"", "department[1].acknowledge", "takes true or false"),
    ("[[agent]]", "access = \"root\"", "agent[1].access", "\"admin\", \"agent\" or \"viewer\""),
    ("[[agent]]", "other_addresses = [\"ana@staff.example\"]", "agent[1].other_addresses[1]", "taken by agent[1].address"),
    ("[[agent]]", "other_addresses = [\"support+x@desk.example.org\"]", "agent[1].other_addresses[1]", "comes to the department"),
];

#[test]
fn every_kind_of_fault_has_its_line_its_key_and_its_words() {
    for (section, line, key, words) in CASES {
        let text = with(section, line);
        let (at, found, message) = only_fault(&text);
        assert_eq!(found, *key, "{line}: {message}");
        assert!(message.contains(words), "{line}: {message}");
        assert!(!message.contains("secret"), "{line}: {message}");
        let leaf = key.rsplit('.').next().unwrap().split('[').next().unwrap();
        // That of a table in a list stands on the line of the list.
        let table = key.rsplit('.').nth(1).unwrap().split('[').next().unwrap();
        // A key that is not in the file is reported at its section.
        let row = text.lines().nth(at - 1).unwrap();
        assert!(
            row.starts_with(leaf) || row.starts_with(table) || (row == *section && !text.contains(leaf)) || row == "[smtp]",
            "{line}: line {at}: {row}"
        );
    }
}

#[test]
fn links_are_served_only_where_a_public_url_says_what_they_begin_with() {
    let http = |lines: &str| good(&with("[http]", lines)).http;
    assert!(http("").is_none());
    for (written, read) in [
        ("https://desk.example.org", "https://desk.example.org"),
        ("https://desk.example.org/", "https://desk.example.org"),
        ("https://shop.example:8443/help/desk/", "https://shop.example:8443/help/desk"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]", "http://[::1]"),
    ] {
        let options = http(&format!("public_url = \"{written}\"")).unwrap();
        assert_eq!((options.public_url.as_str(), options.listen), (read, SocketAddr::from(([127, 0, 0, 1], 9025))));
    }
    let options = http("public_url = \"https://desk.example\"\nlisten = \"[::1]:80\"").unwrap();
    assert_eq!(options.listen, "[::1]:80".parse().unwrap());
}

#[test]
fn human_senders_are_addresses_and_whole_domains() {
    let text = with("[automatic_mail]", "human_senders = [\"@Vendor.example\", \"desk@partner.example\"]");
    let senders = good(&text).automatic_mail.human_senders;
    let named = |address: &str| senders.iter().any(|sender| sender.matches(&Address::parse(address).unwrap()));
    assert!(["anybody@vendor.example", "a@VENDOR.EXAMPLE", "Desk@partner.example"].iter().all(|address| named(address)));
    assert!(!["x@below.vendor.example", "x@myvendor.example", "other@partner.example"].iter().any(|address| named(address)));
}

#[test]
fn sizes_times_and_shares_take_their_units() {
    let size = |text: &str| good(&with("[smtp]", &format!("max_message_size = {text}"))).smtp.max_message_size;
    assert_eq!(
        [size("\"25 MiB\""), size("\"25MiB\""), size("4096"), size("\"4096\""), size("\"64 KiB\""), size("\"2048 B\"")],
        [25 << 20, 25 << 20, 4096, 4096, 64 << 10, 2048]
    );
    let time = |text: &str| good(&with("[smtp]", &format!("idle_timeout = \"{text}\""))).smtp.idle_timeout.as_secs();
    assert_eq!([time("90s"), time("5m"), time("5 m"), time("8h"), time("14d")], [90, 300, 300, 28_800, 1_209_600]);
    let share = |text: &str| good(&with("[store]", &format!("min_free_space = {text}"))).store.min_free_space;
    assert_eq!([share("\"7 %\""), share("\"7%\""), share("7"), share("0")], [7, 7, 7, 0]);
}

#[test]
fn what_is_not_said_follows_from_what_is() {
    let settings = good(&with("[gateway]", "hostname = \"mx.example.org\"\ndata = \"/srv/desk\""));
    assert_eq!(settings.name, "mx.example.org");
    assert_eq!(settings.delivery.hostname, "mx.example.org");
    assert_eq!(settings.key_file, PathBuf::from("/srv/desk/key"));
    assert_eq!(settings.store.place.to_string(), "sqlite:/srv/desk/postdesk.db");
    assert_eq!(settings.smtp.listen, [SocketAddr::from(([127, 0, 0, 1], 2525))]);
    assert_eq!(settings.smtp.bare_newlines, BareNewlines::Refuse);
    // Whom to believe is never guessed.
    assert!(settings.authenticate.trusted_networks.is_empty());
    assert!(good(&with("[smtp]", "listen = []")).smtp.listen.is_empty());
    let lmtp = good(&with("[smtp]", "lmtp = [\"[::1]:2424\", \"unix:var/lmtp\"]\nlmtp_socket_mode = \"0666\"")).smtp;
    assert_eq!(lmtp.lmtp, [Lmtp::Net("[::1]:2424".parse().unwrap()), Lmtp::Socket("var/lmtp".into())]);
    assert_eq!((lmtp.lmtp_socket_mode, settings.smtp.lmtp_socket_mode, settings.smtp.lmtp.len()), (0o666, 0o660, 0));
    assert_eq!(good(&with("[[department]]", "remind_before = \"0s\"")).departments[0].remind_before, Duration::ZERO);
    let hours = |line| good(&with("[[department]]", line)).departments[0].hours.clone();
    assert_eq!(hours("time_zone = \"europe/zagreb\"").zone.name(), "Europe/Zagreb");
    let written = "business_hours = [\"Mon,wed-Fri 9:00-17:00\", \"sat-sun 10:30-24:00\"]";
    assert_eq!(hours(written).to_string(), "mon 09:00-17:00, wed-fri 09:00-17:00, sat-sun 10:30-24:00");
    assert_eq!(hours("holidays = [\"2026-12-25\", \"02-29\"]").holidays(), 2);
    assert_eq!(good(&with("[[department]]", "reopen_within = \"0s\"")).departments[0].reopen_within, Duration::ZERO);
    assert_eq!(good(&with("[[agent]]", "access = \"viewer\"")).agents[0].access, Access::Viewer);
}

#[test]
fn a_language_of_ones_own_needs_a_folder_of_texts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("de")).unwrap();
    let text = with("[[department]]", "language = \"de\"");
    let text = text.replace("[gateway]\n", &format!("[gateway]\ntexts = \"{}\"\n", folder.path().display()));
    let settings = good(&text);
    assert_eq!((settings.departments[0].language.as_str(), settings.texts_folder.as_deref()), ("de", Some(folder.path())));
}

#[test]
fn limits_that_differ_from_their_defaults_are_noted() {
    let settings = good(&with("[smtp]", "max_connections = 10\nmax_message_size = \"1 MiB\"\nbacklog = 1024"));
    let changed: Vec<String> =
        settings.changed.iter().map(|limit| format!("{} {} {}", limit.key, limit.value, limit.default)).collect();
    assert_eq!(changed, ["smtp.max_message_size 1 MiB 25 MiB", "smtp.max_connections 10 1000"]);
}
