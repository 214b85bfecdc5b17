//! Large mail outside the database: objects in a folder or in a bucket of S3. The only user of `object_store`.
//!
//! An object is written, and synced, before the COMMIT that names it, under a name that nobody else uses; so a name in the store always
//! stands for octets that are there, and what a crash left between the two is an orphan that nobody names. Each object is one mail,
//! written once and never changed. Every request has a time limit. What cannot be had now is away and tried again; what is gone
//! for good, or is not what was put there, is said so.
//!
//! A file `postdesk` beside the objects tells whose they are. Where it is missing, nothing is written, removed or called lost: a disk
//! that is not mounted looks like a folder whose files are all gone.

mod fetch;
mod place;
mod sweep;
mod wire;

use std::error::Error as _;
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, Error, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::sync::{Notify, OnceCell};
use tokio::time::timeout;

use super::setting::KEYS;
use super::{Fault, Store};
use crate::model::encoding::hex;
use crate::model::seal::sha256;

pub(in crate::store) use fetch::{Busy, Taken};
pub use place::{Bucket, Place};
pub use sweep::ORPHANED;

/// Says whose the objects beside it are: it holds the fingerprint of the desk's keys.
const MARKER: &str = "postdesk";
/// Time for all attempts at putting one mail. A client waits ten minutes for the answer to its final dot.
const PUT: Duration = Duration::from_secs(90);
/// Time for all attempts at getting one mail.
const GET: Duration = Duration::from_secs(60);
/// Time for anything small.
const STEP: Duration = Duration::from_secs(20);

/// `[store] objects`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where they are.
    pub place: Place,
    /// Mail of more octets than this is kept there.
    pub above: usize,
}

/// The objects of a store. Clones share them.
#[derive(Debug, Clone)]
pub(in crate::store) struct Objects(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: Option<Options>,
    bucket: Option<Arc<dyn ObjectStore>>,
    /// Set once the marker has been found to be ours.
    adopted: OnceCell<()>,
    fetching: fetch::Fetching,
}

/// Why an object could not be had or put.
#[derive(Debug)]
enum Unhad {
    /// Not now.
    Away(String),
    /// Not there.
    Missing(String),
    /// We may not.
    Denied(String),
    /// No room.
    Full(String),
}

impl From<Unhad> for Fault {
    fn from(unhad: Unhad) -> Self {
        match unhad {
            // Rights come back like cables do: the mail waits.
            Unhad::Away(why) | Unhad::Denied(why) => Fault::Away(why),
            Unhad::Missing(why) => Fault::Refused(why),
            Unhad::Full(why) => Fault::Full(why),
        }
    }
}

impl Objects {
    /// Makes ready, without asking anybody yet.
    pub(in crate::store) fn open(options: Option<&Options>) -> Result<Self, Fault> {
        let bucket = match options.map(|options| &options.place) {
            Some(Place::Bucket(bucket)) => Some(client(bucket)?),
            Some(Place::Folder(_)) | None => None,
        };
        Ok(Self(Arc::new(Inner {
            options: options.cloned(),
            bucket,
            adopted: OnceCell::new(),
            fetching: fetch::Fetching::default(),
        })))
    }

    /// Whether a mail of this size is kept as an object.
    pub(in crate::store) fn take(&self, size: usize) -> bool {
        self.0.options.as_ref().is_some_and(|options| size > options.above)
    }

    /// The folder, where it is one.
    pub(in crate::store) fn folder(&self) -> Option<&std::path::Path> {
        match self.0.options.as_ref().map(|options| &options.place) {
            Some(Place::Folder(folder)) => Some(folder),
            _ => None,
        }
    }

    /// Wakes the worker whenever an object that it waits for has come. Never ends.
    pub(in crate::store) async fn listen(&self, wake_worker: &Notify) {
        loop {
            self.0.fetching.wait().await;
            wake_worker.notify_one();
        }
    }

    /// Ends what is being fetched.
    pub(in crate::store) async fn end(&self) {
        self.0.fetching.end().await;
    }

    fn place(&self) -> String {
        self.0.options.as_ref().map(|options| options.place.to_string()).unwrap_or_default()
    }

    fn objects(&self) -> Result<Arc<dyn ObjectStore>, Unhad> {
        if let Some(bucket) = &self.0.bucket {
            return Ok(Arc::clone(bucket));
        }
        let Some(folder) = self.folder() else {
            return Err(Unhad::Away(
                "it is kept outside the database, and the configuration has no `[store] objects`".to_owned(),
            ));
        };
        // Looked for each time: it may be mounted later than we start.
        let opened = LocalFileSystem::new_with_prefix(folder).map_err(|error| Unhad::Away(in_words(&error)))?;
        Ok(Arc::new(opened.with_fsync(true)))
    }

    /// Puts a new object there. When this returns, it is on the disk.
    pub(in crate::store) async fn put(&self, name: &str, octets: Vec<u8>) -> Result<(), Fault> {
        if self.folder().is_some() && self.marker().await?.is_none() {
            return Err(Fault::Away(self.without_marker()));
        }
        Ok(self.write(name, octets, PUT).await?)
    }

    async fn write(&self, name: &str, octets: Vec<u8>, limit: Duration) -> Result<(), Unhad> {
        let objects = self.objects()?;
        within(limit, objects.put(&Path::from(name), PutPayload::from(octets))).await.map(drop)
    }

    /// An object whole. What comes is what was put there, or an error.
    async fn get(&self, name: &str, digest: &[u8]) -> Result<Vec<u8>, Unhad> {
        let objects = self.objects()?;
        let path = Path::from(name);
        let whole = within(GET, async { objects.get(&path).await?.bytes().await }).await;
        let octets: Vec<u8> = self.or_lost(name, whole).await?.into();
        let hashed = tokio::task::spawn_blocking(move || (sha256(&octets), octets)).await;
        let (found, octets) = hashed.map_err(|error| Unhad::Away(error.to_string()))?;
        if found == digest {
            return Ok(octets);
        }
        Err(Unhad::Missing(format!(
            "the object {name} in {} is not the mail that was put there: its digest differs",
            self.place()
        )))
    }

    /// Removes an object. One that is gone already is no fault.
    pub(in crate::store) async fn remove(&self, name: &str) -> Result<(), Fault> {
        let objects = self.objects()?;
        match within(STEP, objects.delete(&Path::from(name))).await {
            Ok(()) | Err(Unhad::Missing(_)) => Ok(()),
            Err(unhad) => Err(unhad.into()),
        }
    }

    /// An object whole, for the store.
    pub(in crate::store) async fn whole(&self, name: &str, digest: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.get(name, digest).await?)
    }

    /// A part of an object.
    pub(in crate::store) async fn range(&self, name: &str, start: i64, end: i64) -> Result<Vec<u8>, Fault> {
        let (Ok(from), Ok(to)) = (u64::try_from(start), u64::try_from(end)) else {
            return Err(Fault::Refused(format!("{start}..{end} is no range of an object")));
        };
        if from >= to {
            return Ok(Vec::new());
        }
        let objects = self.objects()?;
        let part = within(GET, objects.get_range(&Path::from(name), from..to)).await;
        let octets: Vec<u8> = self.or_lost(name, part).await?.into();
        if octets.len() as u64 == to - from {
            return Ok(octets);
        }
        Err(Fault::Refused(format!("the object {name} is shorter than the range {start}..{end}")))
    }

    /// Tells a lost object from a place that is not there.
    async fn or_lost<T>(&self, name: &str, got: Result<T, Unhad>) -> Result<T, Unhad> {
        match got {
            Err(Unhad::Missing(_)) => match self.marker().await? {
                Some(_) => Err(Unhad::Missing(format!("the object {name} is not in {} any more", self.place()))),
                None => Err(Unhad::Away(self.without_marker())),
            },
            got => got,
        }
    }

    /// What the marker says; `None` when there is none.
    async fn marker(&self) -> Result<Option<String>, Unhad> {
        let objects = self.objects()?;
        match within(STEP, async { objects.get(&Path::from(MARKER)).await?.bytes().await }).await {
            Ok(text) => Ok(Some(String::from_utf8_lossy(&text).trim().to_owned())),
            Err(Unhad::Missing(_)) => Ok(None),
            Err(unhad) => Err(unhad),
        }
    }

    fn without_marker(&self) -> String {
        format!(
            "{} has no file `{MARKER}`, so it is not where the large mail of this store is kept; is it mounted?",
            self.place()
        )
    }

    /// Finds out whether the objects are those of the desk with these keys, and whether we may read, write and list them.
    pub(in crate::store) async fn adopt(&self, keys: &str, in_use: bool) -> Result<(), Fault> {
        let place = self.place();
        let refused = |unhad| match unhad {
            Unhad::Denied(why) | Unhad::Missing(why) => Fault::Refused(format!("{place} cannot be used for large mail: {why}")),
            unhad => unhad.into(),
        };
        if let Some(folder) = self.folder().filter(|_| !in_use) {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| Fault::Refused(format!("cannot make the folder {}: {error}", folder.display())))?;
        }
        // First of all: some servers make the bucket that is written to.
        let objects = self.objects()?;
        within(STEP, async { objects.list(None).next().await.transpose() }).await.map_err(refused)?;
        match self.marker().await.map_err(refused)? {
            Some(found) if found == keys => {}
            Some(_) => return Err(Fault::Refused(format!("{place} holds the large mail of a desk with other keys"))),
            None if in_use => return Err(Fault::Away(self.without_marker())),
            None => {}
        }
        self.write(MARKER, format!("{keys}\n").into_bytes(), STEP).await.map_err(refused)
    }
}

impl Store {
    /// Finds out whether the place for large mail is that of this store, and whether we may read, write and list there. Refused: it is
    /// not, or we may not. Away: nobody can say now; asked again before the first large mail. Nothing to do where there is none.
    pub async fn adopt_objects(&self) -> Result<(), Fault> {
        if self.objects.0.options.is_none() {
            return Ok(());
        }
        let adopted = self.objects.0.adopted.get_or_try_init(async || {
            let keys =
                self.setting(KEYS).await?.ok_or_else(|| Fault::Refused("the store does not know its keys yet".to_owned()))?;
            let in_use = on_either!(self, base => base.names_objects())?;
            self.objects.adopt(&keys, in_use).await
        });
        adopted.await.copied()
    }
}

/// A name that nobody else uses: of the mail's digest, for people who look, and of chance.
pub(in crate::store) fn new_name(digest: &[u8; 32]) -> Result<String, Fault> {
    let mut chance = [0; 8];
    let drawn = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut chance));
    drawn.map_err(|error| Fault::Away(format!("no random number can be had: {error}")))?;
    let digest = hex(digest);
    Ok(format!("{}/{digest}-{}", &digest[..2], hex(&chance)))
}

/// Whether a name may be one of ours. What else is beside our objects is left alone.
pub(in crate::store) fn is_name(name: &str) -> bool {
    let digits = |text: &str, length| {
        text.len() == length && text.bytes().all(|octet| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet))
    };
    let parts = name.split_once('/').and_then(|(folder, file)| Some((folder, file.split_once('-')?)));
    parts.is_some_and(|(folder, (digest, chance))| digits(digest, 64) && digits(chance, 16) && digest.get(..2) == Some(folder))
}

/// A client for a bucket.
fn client(bucket: &Bucket) -> Result<Arc<dyn ObjectStore>, Fault> {
    let builder = match &bucket.credentials_file {
        Some(file) => {
            let wrong = |why: &str| Fault::Refused(format!("the credentials file {} {why}", file.display()));
            let text = std::fs::read_to_string(file).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
            let mut lines = text.lines().map(str::trim);
            let (Some(id), Some(secret)) = (lines.next(), lines.next()) else {
                return Err(wrong("must hold the access key id and the secret access key, a line each"));
            };
            AmazonS3Builder::new().with_access_key_id(id).with_secret_access_key(secret)
        }
        None => AmazonS3Builder::from_env(),
    };
    let mut builder = builder
        .with_bucket_name(&bucket.name)
        .with_http_connector(wire::Connector)
        .with_allow_http(bucket.is_plain())
        .with_retry(RetryConfig {
            backoff: BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1), base: 2.0 },
            max_retries: 2,
            retry_timeout: Duration::from_secs(30),
        });
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    }
    let client = builder.build().map_err(|error| Fault::Refused(in_words(&error)))?;
    Ok(Arc::new(PrefixStore::new(client, bucket.prefix.as_str())))
}

/// Does a request within its time.
async fn within<T>(limit: Duration, request: impl Future<Output = object_store::Result<T>>) -> Result<T, Unhad> {
    let late = |_| Unhad::Away(format!("the large mail's store did not answer within {} s", limit.as_secs()));
    timeout(limit, request).await.map_err(late)?.map_err(|error| {
        let why = in_words(&error);
        // A list's answers come without their kind, and a bucket that is gone looks like an object that is.
        let told = |word| error.to_string().contains(word);
        match error {
            _ if told("NoSuchBucket") || told("status code: 403") => Unhad::Denied(why),
            Error::NotFound { .. } => Unhad::Missing(why),
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Unhad::Denied(why),
            error if is_full(&error) => Unhad::Full(why),
            _ => Unhad::Away(why),
        }
    })
}

fn is_full(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        }
        cause = error.source();
    }
    false
}

/// An error on one line of bounded length: a server may answer with a page.
fn in_words(error: &Error) -> String {
    let text = error.to_string();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(400).collect()
}
