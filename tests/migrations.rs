//! Migrations of a file with data in it, killed at the system calls that change a file: each start goes on from there, and at the end
//! everything is as it would be without a kill.
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus};

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

/// A desk in the tables of the first version: whatever later ones add has to cope with it.
const DATA: &str = "
    INSERT INTO raw (id, sha256, octets) VALUES (1, CAST('a' AS BLOB), zeroblob(100000)), (2, CAST('b' AS BLOB), CAST('raw' AS BLOB));
    INSERT INTO ticket (number, department, subject, status, priority, origin, visibility, requester_name, requester_address, mailbox, created_at, updated_at)
        VALUES (1, 'support', 'Kettle', 'open', 'medium', 'email', 'external', 'Mia', 'mia@customer.example', 'help@shop.example', 0, 0);
    INSERT INTO arrival (id, raw_id, department, recipients, source, peer_tls, size, received_at, outcome, ticket)
        VALUES (1, 1, 'support', 'help@shop.example', 'smtp', 0, 100000, 0, 'request', 1), (2, 2, 'support', 'help@shop.example', 'smtp', 0, 3, 0, 'reply', 1);
    INSERT INTO message (arrival, ticket, kind, public, author_name, at, message_id, subject, text, quoted, authenticated)
        VALUES (1, 1, 'request', 1, 'Mia', 0, 'one@customer.example', 'Kettle', 'It does not boil.', '', 0), (2, 1, 'reply', 1, 'Mia', 0, 'two@customer.example', 'Kettle', 'Still.', '', 0);
    INSERT INTO outbox (id, ticket, arrival, event, recipient, recipient_key, sender, message_id, state, next_attempt_at, created_at)
        VALUES (1, 1, 1, 'request', 'ana@staff.example', 'ana@staff.example', 's@desk.example.org', 'n1', 'failed', 0, 0);
    INSERT INTO letter (outbox, head, parts, tail) VALUES (1, 'head', '[]', 'tail');
    UPDATE counter SET next = 2";

/// What a store holds, whatever its version.
const HELD: &str = "SELECT (SELECT COUNT(*) FROM arrival) || ' ' || (SELECT GROUP_CONCAT(text) FROM message) || ' ' || \
    (SELECT SUM(LENGTH(octets)) FROM raw) || ' ' || (SELECT SUM(next) FROM counter) || ' ' || (SELECT COUNT(*) FROM letter)";

async fn connected(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).create_if_missing(true).page_size(16_384).connect().await.unwrap()
}

/// A file of the version that had so many migrations.
async fn file_of(version: i64, file: &Path) {
    let migrations = Migrator::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite")).await.unwrap();
    let mut connection = connected(file).await;
    sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut connection).await.unwrap();
    migrations.run_to(1, &mut connection).await.unwrap();
    sqlx::raw_sql(DATA).execute(&mut connection).await.unwrap();
    migrations.run_to(version, &mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The schema, every index and the version, and what is held, in words.
async fn told(file: &Path) -> Vec<String> {
    let mut connection = connected(file).await;
    let schema = "SELECT COALESCE(sql, name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name";
    let mut told: Vec<String> = sqlx::query_scalar(schema).fetch_all(&mut connection).await.unwrap();
    for asked in [
        "PRAGMA integrity_check",
        HELD,
        "SELECT GROUP_CONCAT(version || success) FROM _sqlx_migrations",
        "SELECT value FROM setting WHERE name = 'needs'",
    ] {
        told.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(asked.to_owned())).fetch_all(&mut connection).await.unwrap());
    }
    connection.close().await.unwrap();
    told
}

/// Brings the store in a folder up to date, as every verb does; killed at the system call of this number among those that change a file.
fn brought_up_to_date(folder: &Path, killed_at: Option<usize>) -> ExitStatus {
    let binary = env!("CARGO_BIN_EXE_postdesk");
    let mut command = match killed_at {
        None => Command::new(binary),
        Some(number) => {
            let mut command = Command::new("strace");
            let calls = "pwrite64,fdatasync,fsync,ftruncate,unlink,rename";
            command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
            command.args(["-e", &format!("inject={calls}:signal=SIGKILL:when={number}"), binary]);
            command
        }
    };
    command.args(["--config", "postdesk.toml", "ticket", "list", "--json"]).current_dir(folder).output().unwrap().status
}

#[tokio::test]
async fn migrations_are_safe_at_every_write_from_every_version() {
    let newest = postdesk::store::schema::newest();
    let mut kills = 0;
    for version in 1..newest {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (original, file) = (folder.path().join("original.db"), folder.path().join("var/postdesk.db"));
        fs::copy("config/postdesk.toml", folder.path().join("postdesk.toml")).unwrap();
        fs::create_dir(folder.path().join("var")).unwrap();
        file_of(version, &original).await;
        fs::copy(&original, &file).unwrap();
        assert!(brought_up_to_date(folder.path(), None).success());
        let wanted = told(&file).await;
        assert!(wanted.iter().any(|line| line == "ok") && wanted.contains(&newest.to_string()), "{wanted:?}");
        // The first version goes through all of them; of the others every seventh call, each time another.
        let step = if version == 1 { 1 } else { 7 };
        for number in (version as usize..).step_by(step) {
            for ending in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(file.with_file_name(format!("postdesk.db{ending}")));
            }
            fs::copy(&original, &file).unwrap();
            let killed = !brought_up_to_date(folder.path(), Some(number)).success();
            assert!(
                brought_up_to_date(folder.path(), None).success(),
                "after a kill at call {number} of a store of version {version}"
            );
            assert_eq!(told(&file).await, wanted, "after a kill at call {number} of a store of version {version}");
            if !killed {
                break;
            }
            kills += 1;
            assert!(number < 1_000, "it never came to its end");
        }
    }
    println!("kills={kills} versions={}", newest - 1);
    assert!(kills > 20, "only {kills} kills");
}
