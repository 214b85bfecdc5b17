//! One door for each outside crate: whoever wants to know how we use it, or replace it, has one place to read.

use std::fs;

use super::source::{Source, line_of, root, words};
use super::violation::Violation;

/// A crate, and the only module (or file) that may name it.
const DOORS: [(&str, &str); 46] = [
    ("ammonia", "src/decide/parse/html"),
    ("chardetng", "src/decide/parse/charset"),
    ("clap", "src/main"),
    ("clap_complete", "src/main/manual"),
    ("clap_mangen", "src/main/manual"),
    ("comfy_table", "src/operate/table"),
    ("compressed_rtf", "src/decide/parse/tnef"),
    ("data_encoding", "src/model/encoding"),
    ("encoding_rs", "src/decide/parse/charset"),
    ("hickory_resolver", "src/authenticate"),
    ("hickory_resolver", "src/deliver/mx"),
    ("hyper", "src/web"),
    // As a server; as a client it is in `web`.
    ("hyper", "src/accept/http"),
    ("hyper", "src/inspect"),
    ("hyper_util", "src/accept/http"),
    ("hyper_util", "src/inspect"),
    ("idna", "src/model/address"),
    ("indicatif", "src/operate/progress"),
    ("jiff", "src/model/time"),
    ("lettre", "src/deliver"),
    // To verify, and to sign.
    ("mail_auth", "src/authenticate"),
    ("mail_auth", "src/deliver/sign"),
    ("listenfd", "src/run/sockets"),
    ("mail_parser", "src/decide/parse"),
    ("metrics", "src/observe/numbers"),
    ("metrics_exporter_prometheus", "src/observe/numbers"),
    ("minijinja", "src/decide/write"),
    ("object_store", "src/store/objects"),
    ("ring", "src/model/seal"),
    ("rsa", "src/operate/dkim/make"),
    ("rustix", "src/store"),
    // As a server, and as a client.
    ("rustls", "src/accept/smtp/tls"),
    ("rustls", "src/web"),
    // For its reader of PEM, whose types mail_auth takes.
    ("rustls", "src/deliver/sign/key"),
    ("rustls_native_certs", "src/web"),
    ("sd_notify", "src/run/notify"),
    ("sqlx", "src/store"),
    ("subtle", "src/model/seal"),
    ("tokio_rustls", "src/accept/smtp/tls"),
    ("tokio_rustls", "src/web"),
    ("toml", "src/settings"),
    ("tracing_journald", "src/main/log"),
    ("tracing_subscriber", "src/main/log"),
    ("unicode_normalization", "src/decide/parse"),
    ("whatlang", "src/decide/language"),
    // The async block of the sender's tasks and of the custody queue.
    ("futures_util", "src"),
];

/// Crates that are the language of the whole house.
const FREE: [&str; 7] = ["tokio", "tracing", "serde", "serde_json", "thiserror", "async_trait", "memchr"];

/// Checks the production code of one file.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    let leads =
        |door: &str| source.path == door || source.path == format!("{door}.rs") || source.path.starts_with(&format!("{door}/"));
    for (name, door) in DOORS {
        let through = DOORS.iter().any(|(other, door)| *other == name && leads(door));
        for offset in named(source, name).into_iter().filter(|_| !through) {
            let what = format!("{name} is named outside its door");
            let remedy = format!("go through {door}");
            violations.push(Violation::new(&source.path, line_of(&source.code, offset), what, remedy));
        }
    }
    violations
}

/// Every dependency has a door or is free, and somebody uses it.
pub(crate) fn check_manifest(sources: &[Source]) -> Vec<Violation> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut violations = Vec::new();
    for (number, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim();
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or("").replace('-', "_");
        if section != "[dependencies]" || !line.contains('=') || line.starts_with(['#', ' ']) {
            continue;
        }
        if !FREE.contains(&name.as_str()) && !DOORS.iter().any(|(door, _)| *door == name) {
            let remedy = "name its one module in DOORS";
            violations.push(Violation::new("Cargo.toml", number + 1, format!("{name} has no door"), remedy));
        }
        if sources.iter().all(|source| named(source, &name).is_empty()) {
            let remedy = "remove it";
            violations.push(Violation::new("Cargo.toml", number + 1, format!("nobody names {name}"), remedy));
        }
    }
    violations
}

/// Where the production code names a crate: in a path or in a `use`. A value or field of that name does not count.
fn named(source: &Source, name: &str) -> Vec<usize> {
    let code = &source.production;
    let is_crate = |offset: &usize| {
        let (before, behind) = (code[..*offset].trim_end(), &code[offset + name.len()..]);
        !before.ends_with("::") && !before.ends_with('.') && (behind.starts_with("::") || before.ends_with("use"))
    };
    words(code, name).into_iter().filter(is_crate).collect()
}

#[test]
fn a_crate_that_is_named_outside_its_door_is_found() {
    let found = |path: &str, text: &str| check(&Source::new(path, text)).len();
    assert_eq!(found("src/process.rs", "use sqlx::Row;"), 1);
    assert_eq!(found("src/process.rs", "fn f() -> sqlx::Result<()> { Ok(()) }"), 1);
    assert_eq!(found("src/store/lite.rs", "use sqlx::Row;"), 0);
    assert_eq!(found("src/storeroom.rs", "use sqlx::Row;"), 1);
    assert_eq!(found("src/accept/smtp/tls.rs", "use tokio_rustls::rustls::ServerConfig;"), 0);
    assert_eq!(found("src/process.rs", "// sqlx::Row\n#[cfg(test)]\nmod tests { use sqlx::Row; }"), 0);
}
