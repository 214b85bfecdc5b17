//! A database for one test, of either kind: opened by gateways, and looked at beside them.

use postdesk::store::{Options, Place, Store};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;

/// A database of its own. It goes with the test: a file with its folder, a database with its cluster.
pub(crate) enum Base {
    File(TempDir),
    #[cfg(feature = "peers")]
    Database(String),
}

impl Base {
    /// An empty file of SQLite.
    pub(crate) fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    /// An empty database of the cluster that the tests share.
    #[cfg(feature = "peers")]
    pub(crate) fn database() -> Self {
        Self::Database(crate::cluster::Cluster::shared().database())
    }

    /// The URL for `[store]`.
    fn url(&self) -> String {
        match self {
            Base::File(folder) => format!("sqlite:{}", folder.path().join("postdesk.db").display()),
            #[cfg(feature = "peers")]
            Base::Database(url) => url.clone(),
        }
    }

    /// Opens the store, and does not join its gateways.
    pub(crate) async fn try_open(&self) -> Result<Store, postdesk::store::Fault> {
        Store::open(&Options { place: Place::parse(&self.url()).unwrap(), min_free_space: 0, objects: None }).await
    }

    /// The same, where that goes well.
    pub(crate) async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    /// A gateway that has joined.
    pub(crate) async fn gateway(&self) -> Store {
        let store = self.open().await;
        store.join("a gateway of the tests").await.unwrap();
        store
    }

    /// Two that work side by side: two gateways, or on a file, which has one, two tasks of it.
    pub(crate) async fn two(&self) -> [Store; 2] {
        let one = self.gateway().await;
        match self {
            Base::File(_) => [one.clone(), one],
            #[cfg(feature = "peers")]
            Base::Database(_) => [one, self.gateway().await],
        }
    }

    /// Runs statements beside the gateways.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Base::File(_) => sqlx::raw_sql(sql).execute(&mut self.connection().await).await.map(drop).unwrap(),
            #[cfg(feature = "peers")]
            Base::Database(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.map(drop).unwrap();
            }
        }
    }

    /// The number that a statement selects.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let texts = self.texts(&format!("SELECT CAST(({sql}) AS TEXT)")).await;
        texts[0].parse().unwrap_or_else(|_| panic!("{sql}: {texts:?}"))
    }

    /// The texts of the one column that a statement selects; what is NULL is empty.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let query = sqlx::AssertSqlSafe(sql.to_owned());
        let texts: Vec<Option<String>> = match self {
            Base::File(_) => sqlx::query_scalar(query).fetch_all(&mut self.connection().await).await.unwrap(),
            #[cfg(feature = "peers")]
            Base::Database(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap()
            }
        };
        texts.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// How many arrivals have no outcome.
    pub(crate) async fn pending(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM arrival WHERE outcome IS NULL").await
    }

    /// The name of a database.
    #[cfg(feature = "peers")]
    pub(crate) fn name(&self) -> &str {
        match self {
            Base::File(folder) => panic!("{folder:?} is no database of a server"),
            Base::Database(url) => url.rsplit_once('/').unwrap().1,
        }
    }

    /// The folder of a file.
    pub(crate) fn folder(&self) -> &std::path::Path {
        match self {
            Base::File(folder) => folder.path(),
            #[cfg(feature = "peers")]
            Base::Database(url) => panic!("{url} is in no folder"),
        }
    }

    async fn connection(&self) -> SqliteConnection {
        let file = self.folder().join("postdesk.db");
        let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
        // Rows of a few columns are made without the rows that they belong to.
        sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(&mut connection).await.unwrap();
        connection
    }
}
