//! Carrying a store over, in SQL made from the description of the tables.

use sqlx::{QueryBuilder, Row as _};

use super::super::carry::{BY_OCTETS, COLUMNS, RANDOM, renumber};
use super::{Base, Database, KEPT, Record};
use crate::store::Fault;
use crate::store::carry::tables::{Kind, TABLES, Table};
use crate::store::carry::{Begun, ROWS, Row, Value, how_many};

/// Tables that have rows in an empty store: where numbers begin, and what it knows of itself.
const NEVER_EMPTY: [&str; 2] = ["counter", "setting"];

impl Base {
    pub(in crate::store) async fn columns(&self) -> Result<Vec<(String, String)>, Fault> {
        let mut reader = self.reader().await?;
        let columns = sqlx::query_as(COLUMNS).fetch_all(&mut *reader).await?;
        reader.release();
        Ok(columns)
    }

    pub(in crate::store) async fn identity(&self) -> Result<String, Fault> {
        if let Some(identity) = self.setting("identity").await? {
            return Ok(identity);
        }
        let mut reader = self.reader().await?;
        let random: String = sqlx::query_scalar(RANDOM).fetch_one(&mut *reader).await?;
        reader.release();
        self.set_once("identity", &random).await
    }

    pub(in crate::store) async fn begin_move(&self, from: &str) -> Result<Begun, Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let setting = |name| sqlx::query_scalar::<_, String>("SELECT value FROM setting WHERE name = $1").bind(name);
        let begun = setting("moving-from").fetch_optional(&mut *transaction).await?;
        let moved = setting("moved-from").fetch_optional(&mut *transaction).await?;
        let mut full = None;
        for table in TABLES.iter().filter(|table| !NEVER_EMPTY.contains(&table.name)) {
            let mut query = QueryBuilder::<Database>::new("SELECT EXISTS (SELECT 1 FROM ");
            let rows: bool = query.push(table.name).push(")").build_query_scalar().fetch_one(&mut *transaction).await?;
            full = full.or(rows.then_some(table.name));
        }
        let found = match (begun, full) {
            (Some(from), _) => Begun::Before(from),
            (None, Some(table)) => Begun::NotEmpty(table, moved),
            (None, None) => {
                for table in TABLES.iter().filter(|table| NEVER_EMPTY.contains(&table.name)) {
                    let mut query = QueryBuilder::<Database>::new("DELETE FROM ");
                    query.push(table.name).push(" WHERE ").push(table.only);
                    query.build().execute(&mut *transaction).await?;
                }
                let query = sqlx::query("INSERT INTO setting (name, value) VALUES ('moving-from', $1)").bind(from);
                query.execute(&mut *transaction).await?;
                Begun::Now
            }
        };
        transaction.commit().await?;
        writer.release();
        Ok(found)
    }

    pub(in crate::store) async fn end_move(&self) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        renumber(&mut transaction).await?;
        sqlx::query("DELETE FROM setting WHERE name = 'moved-from'").execute(&mut *transaction).await?;
        sqlx::query("UPDATE setting SET name = 'moved-from' WHERE name = 'moving-from'").execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }

    /// The key of the last row there is.
    pub(in crate::store) async fn last_key(&self, table: &Table) -> Result<Option<Row>, Fault> {
        let mut reader = self.reader().await?;
        let mut query = QueryBuilder::<Database>::new("SELECT ");
        query.push(names(table, table.key)).push(" FROM ").push(table.name).push(" WHERE ").push(table.only);
        query.push(" ORDER BY ").push(key(table, " DESC")).push(" LIMIT 1");
        let row = query.build().fetch_optional(&mut *reader).await?;
        reader.release();
        row.map(|row| read(table, &row, table.key)).transpose()
    }

    /// The rows behind a key, in the order of their keys, as many as are well in memory; none at the end.
    pub(in crate::store) async fn page(&self, table: &Table, after: Option<&[Value]>) -> Result<Vec<Row>, Fault> {
        let mut reader = self.reader().await?;
        // Their sizes first: neither database has to read a mail to know how long it is.
        let sizes = select(&size(table), table, after, ROWS).build_query_scalar().fetch_all(&mut *reader).await?;
        let count = how_many(&sizes);
        let mut query = select(&names(table, table.columns.len()), table, after, count);
        let rows = if count > 0 { query.build().fetch_all(&mut *reader).await? } else { Vec::new() };
        reader.release();
        rows.iter().map(|row| read(table, row, table.columns.len())).collect()
    }

    /// Inserts rows, all of them or none.
    pub(in crate::store) async fn put(&self, table: &Table, rows: Vec<Row>) -> Result<(), Fault> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin().await?;
        let mut query = QueryBuilder::<Database>::new("INSERT INTO ");
        query.push(table.name).push(" (").push(names(table, table.columns.len())).push(") ");
        query.push_values(rows, |mut list, row| {
            for ((_, kind), value) in table.columns.iter().zip(row) {
                match (kind, value) {
                    (_, Value::Number(number)) => list.push_bind(number),
                    (_, Value::Text(text)) => list.push_bind(text),
                    (_, Value::Octets(octets)) => list.push_bind(octets),
                    // A server wants to know of what kind it is that is not there.
                    (Kind::Number, Value::None) => list.push_bind(None::<i64>),
                    (Kind::Text, Value::None) => list.push_bind(None::<String>),
                    (Kind::Octets, Value::None) => list.push_bind(None::<Vec<u8>>),
                };
            }
        });
        query.build().persistent(KEPT).execute(&mut *transaction).await?;
        transaction.commit().await?;
        writer.release();
        Ok(())
    }
}

fn select(what: &str, table: &Table, after: Option<&[Value]>, limit: i64) -> QueryBuilder<Database> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(what).push(" FROM ").push(table.name).push(" WHERE ").push(table.only);
    if let Some(after) = after {
        query.push(" AND (").push(key(table, "")).push(") > (");
        let mut list = query.separated(", ");
        for value in after {
            match value {
                Value::Number(number) => list.push_bind(*number),
                Value::Text(text) => list.push_bind(text.clone()),
                Value::Octets(octets) => list.push_bind(octets.clone()),
                Value::None => list.push("NULL"),
            };
        }
        query.push(")");
    }
    query.push(" ORDER BY ").push(key(table, "")).push(" LIMIT ").push_bind(limit);
    query
}

/// The first columns, separated by commas. In quotation marks, since some of them are words of SQL as well.
fn names(table: &Table, count: usize) -> String {
    let names: Vec<String> = table.columns[..count].iter().map(|(name, _)| format!("\"{name}\"")).collect();
    names.join(", ")
}

/// The columns of the key, as what is compared and ordered by. Text is ordered by its octets, which is the same everywhere.
fn key(table: &Table, direction: &str) -> String {
    let part = |(name, kind): &(&str, Kind)| {
        let collation = if *kind == Kind::Text { BY_OCTETS } else { "" };
        format!("\"{name}\"{collation}{direction}")
    };
    let parts: Vec<String> = table.columns[..table.key].iter().map(part).collect();
    parts.join(", ")
}

/// How many octets of text and mail a row has.
fn size(table: &Table) -> String {
    let long = table.columns.iter().filter(|(_, kind)| *kind != Kind::Number);
    let sizes = long.map(|(name, _)| format!(" + COALESCE(CAST(OCTET_LENGTH(\"{name}\") AS BIGINT), 0)"));
    format!("CAST(0 AS BIGINT){}", sizes.collect::<String>())
}

fn read(table: &Table, row: &Record, count: usize) -> Result<Row, Fault> {
    let value = |(at, (_, kind)): (usize, &(&str, Kind))| -> Result<Value, Fault> {
        Ok(match kind {
            Kind::Number => row.try_get::<Option<i64>, _>(at)?.map_or(Value::None, Value::Number),
            Kind::Text => match row.try_get::<Option<String>, _>(at)? {
                // PostgreSQL has no NUL in a text, SQLite may. It stays what it is in the original mail.
                Some(text) if at >= table.key && text.contains('\0') => Value::Text(text.replace('\0', "\u{fffd}")),
                Some(text) => Value::Text(text),
                None => Value::None,
            },
            Kind::Octets => row.try_get::<Option<Vec<u8>>, _>(at)?.map_or(Value::None, Value::Octets),
        })
    };
    table.columns[..count].iter().enumerate().map(value).collect()
}
