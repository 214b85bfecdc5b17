//! Looking up what was imported, in SQL.

use sqlx::{QueryBuilder, Row as _};

use super::{Base, CLOCK, Database, KEPT};
use crate::store::Fault;
use crate::store::imported::{Asked, Known};

impl Base {
    pub(in crate::store) async fn imported(&self, asked: &[Asked<'_>]) -> Result<Known, Fault> {
        let mut reader = self.reader().await?;
        let mut known = Known::default();
        let mut query = QueryBuilder::<Database>::new("SELECT digest FROM imported WHERE digest IN (");
        push_all(&mut query, asked.iter().map(|asked| asked.entry));
        for row in query.build().persistent(KEPT).fetch_all(&mut *reader).await? {
            known.imported.extend(digest(row.try_get(0)?));
        }
        let mut query = QueryBuilder::<Database>::new("SELECT content_key, department FROM arrival WHERE content_key IN (");
        push_all(&mut query, asked.iter().map(|asked| asked.content));
        for row in query.build().persistent(KEPT).fetch_all(&mut *reader).await? {
            let Some(content) = digest(row.try_get(0)?) else { continue };
            known.arrived.insert((content, row.try_get(1)?));
        }
        reader.release();
        Ok(known)
    }

    pub(in crate::store) async fn has_gateway(&self) -> Result<bool, Fault> {
        let mut reader = self.reader().await?;
        let mut query = QueryBuilder::<Database>::new("SELECT COUNT(*) FROM gateway WHERE seen_until > ");
        query.push(CLOCK);
        let gateways: i64 = query.build_query_scalar().fetch_one(&mut *reader).await?;
        reader.release();
        Ok(gateways > 0)
    }
}

fn push_all(query: &mut QueryBuilder<Database>, digests: impl Iterator<Item = [u8; 32]>) {
    let mut list = query.separated(", ");
    for digest in digests {
        list.push_bind(digest.to_vec());
    }
    query.push(")");
}

fn digest(octets: Vec<u8>) -> Option<[u8; 32]> {
    octets.try_into().ok()
}
