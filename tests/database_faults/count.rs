//! What is in a desk on PostgreSQL, for the judgement.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use crate::check::{Found, Kept, Notice};
use crate::cluster::Cluster;

type Arrival = (i64, Vec<u8>, Option<String>, Option<i64>);

/// Gathers everything that the judgement needs. Mails without an id of the ledger count under the number of their arrival: there should
/// be none.
pub(crate) fn gather(cluster: &Cluster, database: &str, outgoing: &Path) -> Found {
    let options = PgConnectOptions::new_without_pgpass().socket(cluster.socket_folder()).port(cluster.port());
    let options = options.username("postgres").database(database);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut found = Found { left: mails_that_left(outgoing), ..Found::default() };
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        let text = "SELECT arrival.id, octets, outcome, ticket FROM arrival JOIN raw ON raw.id = arrival.raw_id \
                    WHERE outcome IS DISTINCT FROM 'duplicate'";
        let arrivals: Vec<Arrival> = sqlx::query_as(text).fetch_all(&mut connection).await.unwrap();
        for (number, octets, outcome, ticket) in arrivals {
            let id = ledger_id(&octets).unwrap_or_else(|| format!("arrival {number}"));
            let ticket = ticket.map(|number| number.to_string()).unwrap_or_default();
            let held = outcome.as_deref() == Some("held");
            found.kept.entry(id).or_default().push(Kept { octets, ticket, held });
        }
        let subjects: Vec<String> = sqlx::query_scalar("SELECT subject FROM ticket").fetch_all(&mut connection).await.unwrap();
        for subject in subjects {
            *found.tickets.entry(ledger_id(subject.as_bytes()).unwrap_or(subject)).or_default() += 1;
        }
        let text = "SELECT ticket, event, message_id FROM outbox";
        let notices: Vec<(Option<i64>, String, String)> = sqlx::query_as(text).fetch_all(&mut connection).await.unwrap();
        found.owed = notices.into_iter().map(notice).collect();
        connection.close().await.unwrap();
        found
    })
}

fn notice((ticket, event, message_id): (Option<i64>, String, String)) -> Notice {
    let ticket = ticket.map(|number| number.to_string()).unwrap_or_default();
    Notice { ticket, event, message_id: message_id.trim_matches(['<', '>']).to_owned() }
}

fn mails_that_left(outgoing: &Path) -> HashMap<String, Vec<Vec<u8>>> {
    let mut left: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
    // The first mail makes the folder: where every mail was refused, none left and there is none.
    if !outgoing.exists() {
        return left;
    }
    for entry in fs::read_dir(outgoing).unwrap() {
        let octets = fs::read(entry.unwrap().path()).unwrap();
        let mail = mail_parser::MessageParser::new().parse_headers(&octets);
        let id = mail.and_then(|mail| mail.message_id().map(str::to_owned)).unwrap_or_default();
        left.entry(id).or_default().push(octets);
    }
    left
}

/// The id in a mail or subject: 32 hexadecimal digits behind `ledger-`.
fn ledger_id(octets: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&octets[..octets.len().min(512)]);
    text.split_once("ledger-").and_then(|(_, rest)| rest.get(..32)).map(str::to_owned)
}
