//! The arguments of `outbox`.

use std::io::Write;

use clap::Subcommand;
use postdesk::operate::{Trouble, View, outbox};
use postdesk::store::Store;

use super::command_line::{Json, ListOptions, Numbers};

#[derive(Subcommand)]
pub(crate) enum OutboxVerb {
    /// List notices, the newest first
    List {
        /// Only those in this state: due, leased, sent, failed, dropped, held
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        list: ListOptions,
    },
    /// Show one notice with its mail as a person reads it
    Show {
        /// Its number
        id: i64,
        /// Write the octets of its mail, and nothing else
        #[arg(long, conflicts_with = "json")]
        raw: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Make notices due at once that wait, are held, have failed or were dropped
    Retry(Numbers),
    /// Never send notices that wait, are held or have failed
    Drop(Numbers),
    /// Send notices that wait no earlier than after a retry
    Hold(Numbers),
}

/// Does what is asked for. `view` says how it is shown.
pub(crate) async fn look<'a>(
    verb: OutboxVerb,
    store: &Store,
    view: impl Fn(Json) -> View<'a>,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    match verb {
        OutboxVerb::List { state, list } => outbox::list(store, state.as_deref(), list.all, &view(list.json), out).await,
        OutboxVerb::Show { id, raw: true, .. } => outbox::raw(store, id, out).await,
        OutboxVerb::Show { id, json, .. } => outbox::show(store, id, &view(json), out).await,
        OutboxVerb::Retry(Numbers { ids, json }) => outbox::retry(store, &ids, &view(json), out).await,
        OutboxVerb::Drop(Numbers { ids, json }) => outbox::drop(store, &ids, &view(json), out).await,
        OutboxVerb::Hold(Numbers { ids, json }) => outbox::hold(store, &ids, &view(json), out).await,
    }
}
