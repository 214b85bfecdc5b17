//! The insert of custody in SQL.

use std::collections::{HashMap, VecDeque};

use sqlx::{QueryBuilder, Row as _};

use super::{Database, KEPT, TRANSACTION, Transaction};
use crate::model::ledger::{Entry, Stage};
use crate::store::Fault;
use crate::store::custody::Sealed;

/// Inserts the mails of a batch; the arrival numbers of each, one for each department, and the name of the transaction.
pub(in crate::store) async fn insert(
    transaction: &mut Transaction<'_>,
    batch: &[Sealed],
) -> Result<(Vec<Vec<i64>>, String), Fault> {
    let (raw_ids, name) = insert_raw(transaction, batch).await?;
    let numbers = insert_rows(transaction, batch, &raw_ids).await?;
    insert_lines(transaction, batch, &numbers).await?;
    Ok((numbers, name))
}

/// Neither database promises that RETURNING keeps the order of VALUES, so rows are matched by digest. Mails with equal digests
/// have equal octets: which of them gets which number makes no difference.
async fn insert_raw(transaction: &mut Transaction<'_>, batch: &[Sealed]) -> Result<(Vec<i64>, String), Fault> {
    let mut query = QueryBuilder::<Database>::new("INSERT INTO raw (sha256, octets, object) ");
    query.push_values(batch, |mut row, sealed| {
        row.push_bind(sealed.digest.to_vec()).push_bind(sealed.incoming.raw.as_slice());
        row.push_bind(sealed.object.as_ref().map(|(name, _)| name.as_str()));
    });
    query.push(" RETURNING id, sha256, ").push(TRANSACTION);
    let mut name = String::new();
    let mut rows: Vec<(i64, Vec<u8>)> = Vec::with_capacity(batch.len());
    for row in query.build().persistent(KEPT).fetch_all(&mut **transaction).await? {
        rows.push((row.try_get(0)?, row.try_get(1)?));
        name = row.try_get(2)?;
    }
    rows.sort_unstable();
    let mut by_digest: HashMap<Vec<u8>, VecDeque<i64>> = HashMap::new();
    for (id, digest) in rows {
        by_digest.entry(digest).or_default().push_back(id);
    }
    let number = |digest: &[u8; 32]| by_digest.get_mut(digest.as_slice()).and_then(VecDeque::pop_front);
    let numbers = batch.iter().map(|sealed| &sealed.digest).map(number).collect::<Option<_>>().ok_or_else(lost_row)?;
    Ok((numbers, name))
}

async fn insert_rows(transaction: &mut Transaction<'_>, batch: &[Sealed], raw_ids: &[i64]) -> Result<Vec<Vec<i64>>, Fault> {
    let rows = batch.iter().zip(raw_ids).flat_map(|(sealed, raw_id)| {
        let departments = sealed.incoming.departments.iter();
        departments.map(move |(department, recipients)| (sealed, *raw_id, department, recipients))
    });
    let mut query = QueryBuilder::<Database>::new(
        "INSERT INTO arrival (raw_id, department, sender, recipients, source, peer_ip, peer_helo, peer_tls, size, received_at, archived) ",
    );
    query.push_values(rows, |mut row, (sealed, raw_id, department, recipients)| {
        let incoming = &sealed.incoming;
        let recipients: Vec<&str> = recipients.iter().map(|address| address.as_str()).collect();
        row.push_bind(raw_id)
            .push_bind(department.as_str())
            .push_bind(incoming.sender.as_ref().map(|address| address.as_str()))
            .push_bind(recipients.join("\n"))
            .push_bind(incoming.source.name().into_owned())
            .push_bind(incoming.peer.ip.map(|ip| ip.to_string()))
            .push_bind(incoming.peer.helo.as_deref())
            .push_bind(i64::from(incoming.peer.tls))
            .push_bind(sealed.size as i64)
            .push_bind(incoming.received_at.0)
            .push_bind(i64::from(incoming.archived));
    });
    query.push(" RETURNING id, raw_id, department");
    let mut numbers: HashMap<(i64, String), i64> = HashMap::new();
    for row in query.build().persistent(KEPT).fetch_all(&mut **transaction).await? {
        numbers.insert((row.try_get(1)?, row.try_get(2)?), row.try_get(0)?);
    }
    let mail_numbers = |(sealed, raw_id): (&Sealed, &i64)| {
        let number = |(department, _): &(String, Vec<_>)| numbers.get(&(*raw_id, department.clone())).copied();
        sealed.incoming.departments.iter().map(number).collect::<Option<Vec<i64>>>()
    };
    batch.iter().zip(raw_ids).map(mail_numbers).collect::<Option<_>>().ok_or_else(lost_row)
}

/// The lines of the ledger. One that is there already stands: whoever fetched the mail too has made a copy, which will be recognised.
async fn insert_lines(transaction: &mut Transaction<'_>, batch: &[Sealed], numbers: &[Vec<i64>]) -> Result<(), Fault> {
    let mut fetched = Vec::new();
    let mut imported = Vec::new();
    for (sealed, numbers) in batch.iter().zip(numbers) {
        let arrival = numbers.first().copied();
        match &sealed.incoming.entry {
            Some(Entry::Imap { place, uid, content }) => {
                fetched.push((place, *uid, content, arrival, sealed.incoming.received_at));
            }
            Some(Entry::Archive(digest)) => imported.push((digest, arrival)),
            None => {}
        }
    }
    if !fetched.is_empty() {
        let mut query =
            QueryBuilder::<Database>::new("INSERT INTO fetched (account, folder, validity, uid, arrival, content, stage, at) ");
        query.push_values(fetched, |mut row, (place, uid, content, arrival, at)| {
            row.push_bind(place.account.as_str()).push_bind(place.folder.as_str());
            row.push_bind(i64::from(place.validity)).push_bind(i64::from(uid)).push_bind(arrival);
            row.push_bind(content.to_vec()).push_bind(Stage::Taken.name()).push_bind(at.0);
        });
        query.push(" ON CONFLICT DO NOTHING").build().persistent(KEPT).execute(&mut **transaction).await?;
    }
    if !imported.is_empty() {
        let mut query = QueryBuilder::<Database>::new("INSERT INTO imported (digest, arrival) ");
        query.push_values(imported, |mut row, (digest, arrival)| {
            row.push_bind(digest.to_vec()).push_bind(arrival);
        });
        query.push(" ON CONFLICT DO NOTHING").build().persistent(KEPT).execute(&mut **transaction).await?;
    }
    Ok(())
}

fn lost_row() -> Fault {
    Fault::Refused("an inserted row was not returned".to_owned())
}
