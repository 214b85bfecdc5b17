//! What a start opens and looks at before anything runs: keys, texts, certificates, and the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::RunError;
use crate::accept::smtp;
use crate::authenticate::Authenticator;
use crate::decide::write::texts::Texts;
use crate::decide::write::texts::check::Fault as TextFault;
use crate::model::desk::Desk;
use crate::model::seal::Key;
use crate::model::token::Keyring;
use crate::process::House;
use crate::settings::{Settings, keys, texts_folder};
use crate::store::setting::{KEYS, MOVED_TO};
use crate::store::{self, Fault, Place, Store};

/// How long a start waits for a database.
const AWAITED: Duration = Duration::from_secs(30);

/// The rules for those who take or decide mail: with the keys of the desk, which are made with a new store.
pub async fn house(settings: &Settings) -> Result<House, RunError> {
    let keys = match keys::open(&settings.key_file)? {
        Some(keys) => keys,
        None => first_keys(settings).await?,
    };
    house_with(settings, keys)
}

/// A store that has been worked on has its keys somewhere: new ones would know none of its mail.
async fn first_keys(settings: &Settings) -> Result<Keyring, RunError> {
    let store = open(&settings.store).await?;
    let known = store.setting(KEYS).await?;
    store.close().await;
    if known.is_some() {
        return Err(RunError::Keys(format!(
            "there is no key file {}, and the addresses of this store are sealed with one",
            settings.key_file.display()
        )));
    }
    Ok(keys::open_or_make(&settings.key_file)?)
}

/// Whether the store is one to take mail into. All its gateways seal with the same keys, or they would not know each other's mail; and one
/// that was carried over to another place would tell everybody everything a second time.
pub async fn require_ours(store: &Store, desk: &Desk) -> Result<(), RunError> {
    if let Some(place) = store.setting(MOVED_TO).await? {
        return Err(RunError::Unfit(format!("it was carried over to {place}; name that one in `[store] url`")));
    }
    let ours = desk.keys.fingerprint();
    if store.set_once(KEYS, &ours).await? == ours {
        return Ok(());
    }
    Err(RunError::Keys("the key file holds other keys than the addresses of this store are sealed with".to_owned()))
}

/// What is refused is refused at the start, when somebody looks; what is away comes back, and small mail is taken meanwhile.
pub async fn require_own_objects(store: &Store) -> Result<(), RunError> {
    match store.adopt_objects().await {
        Ok(()) => Ok(()),
        Err(Fault::Refused(why)) => Err(RunError::Objects(why)),
        Err(fault) => {
            tracing::warn!(%fault, "large mail is not taken until its place is back");
            Ok(())
        }
    }
}

/// Opens the store. A server may be about to come up, beside us or at the other end of a failover.
pub(super) async fn open(options: &store::Options) -> Result<Store, RunError> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        match Store::open(options).await {
            Err(fault @ Fault::Away(_)) if matches!(options.place, Place::Server(_)) && begun.elapsed() < AWAITED => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%fault, "waiting for the database");
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(Fault::Refused(why)) => return Err(RunError::Unfit(why)),
            opened => return Ok(opened?),
        }
    }
}

/// The rules for those who only look. Before the first start there are no keys, and so no token that could be read.
pub fn house_for_looking(settings: &Settings) -> Result<House, RunError> {
    let none = || Keyring::new(Key::new(0, &[0; 32]), Vec::new());
    house_with(settings, keys::open(&settings.key_file)?.unwrap_or_else(none))
}

pub(super) fn house_with(settings: &Settings, keys: Keyring) -> Result<House, RunError> {
    Ok(House {
        desk: Arc::new(settings.desk(keys)),
        texts: Arc::new(texts(settings)?),
        authenticate: Arc::new(Authenticator::new(settings.authenticate.clone())),
        attempts: settings.attempts,
    })
}

/// Looks at everything the settings name, as a start would, without starting anything.
pub fn look_over(settings: &Settings) -> Result<(), RunError> {
    house_for_looking(settings)?;
    Ok(smtp::look_over(&settings.smtp)?)
}

/// The texts, those in the operator's folder instead of the built-in ones of the same name.
pub fn texts(settings: &Settings) -> Result<Texts, RunError> {
    let Some(folder) = &settings.texts_folder else { return Texts::new(Vec::new()).map_err(RunError::Texts) };
    let (overrides, unread) = texts_folder::read(folder);
    let in_folder = |faults: String| {
        RunError::Texts(faults.lines().map(|fault| format!("{}/{fault}", folder.display())).collect::<Vec<_>>().join("\n"))
    };
    if !unread.is_empty() {
        return Err(in_folder(unread.iter().map(TextFault::to_string).collect::<Vec<_>>().join("\n")));
    }
    Texts::new(overrides).map_err(in_folder)
}
