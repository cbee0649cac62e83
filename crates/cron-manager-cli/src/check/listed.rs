//! Whether what is listed for jobs to name can be used, and the keys of what they keep secret.

use std::sync::Arc;

use cron_manager::{
    EncryptionKeys, ListedCommand, ListedConnection, Settings,
    backends::{command, query, sealing::KeyRing},
    contracts::{Clock, Home},
    settings::SecretUrl,
};
use futures_util::future::join_all;
use serde_json::Value;

use super::row;

/// What the name of a row is that is about no key in particular.
const KEYS: &str = "encryption_keys";

/// A row for each command, each connection and each key. `home` is that of the store: `None`, when the store could not be asked.
pub(super) async fn rows(settings: &Settings, home: Option<Option<&Home>>, clock: &Arc<dyn Clock>) -> Vec<Value> {
    let commands = settings.commands.iter().map(|(name, listed)| command_row(name, listed));
    let connections = settings.connections.iter().map(|(name, listed)| connection_row(name, listed, home, &**clock));
    let connections = join_all(connections).await;
    let source = settings.source(KEYS).to_string();
    let keys = match &settings.encryption_keys {
        Some(keys) => key_rows(keys, &source),
        None if connections.is_empty() => Vec::new(),
        None => {
            let mend = "query jobs need a key; set encryption_keys (CRON_MANAGER_ENCRYPTION_KEYS)";
            vec![row("key", KEYS, false, mend, &source, None)]
        }
    };
    commands.chain(connections).chain(keys).collect()
}

fn command_row(name: &str, listed: &ListedCommand) -> Value {
    let found = command::find(listed).map(|file| file.display().to_string());
    let (ok, answer) = (found.is_ok(), found.unwrap_or_else(|why| why));
    row("command", name, ok, &answer, &format!("[commands.{name}]"), None)
}

async fn connection_row(
    name: &str,
    listed: &ListedConnection,
    home: Option<Option<&Home>>,
    clock: &dyn Clock,
) -> Value {
    let asked = clock.elapsed();
    let unknown = ListedConnection { exactly_once: false, ..listed.clone() };
    let listed = if home.is_some() { listed } else { &unknown };
    let answer = query::check(listed, home.flatten(), clock).await;
    let (ok, answer) = (answer.is_ok(), answer.err().unwrap_or_else(|| "answers".to_owned()));
    let place = SecretUrl::from(listed.url.as_str()).to_string();
    row("connection", name, ok, &answer, &place, Some(clock.elapsed() - asked))
}

fn key_rows(keys: &EncryptionKeys, source: &str) -> Vec<Value> {
    let ring = match KeyRing::new(keys) {
        Ok(ring) => ring,
        Err(error) => return vec![row("key", KEYS, false, error.message(), source, None)],
    };
    let does = |at| if at == 0 { "encrypts, and decrypts" } else { "decrypts" };
    ring.ids().enumerate().map(|(at, id)| row("key", id, true, does(at), source, None)).collect()
}
