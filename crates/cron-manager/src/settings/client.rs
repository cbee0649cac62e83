//! The settings of who asks a running server.

use std::{fmt, path::PathBuf};

use super::{Kind, Setting, table::text};

/// How a running server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// Where it is: scheme, host and port.
    pub server: String,
    /// The PEM file of the certificates that vouch for its own; without it, Mozilla's list counts.
    pub server_ca: Option<PathBuf>,
    /// The token to show.
    pub token: Option<SecretText>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self { server: "http://127.0.0.1:8787".into(), server_ca: None, token: None }
    }
}

/// A secret, which is never shown: it is had by asking for it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for SecretText {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

pub(super) const SERVER: Setting = Setting {
    name: "server",
    variable: "CRON_MANAGER_SERVER",
    flag: "server",
    value: "URL",
    about: "The running server that is asked: scheme, host and port",
    unset: "",
    kind: Kind::Text,
    secret: false,
    take: |settings, value| server(text(value)?).map(|url| settings.client.server = url.into()),
    text: |settings| Some(settings.client.server.clone().into()),
};

pub(super) const SERVER_CA: Setting = Setting {
    name: "server_ca",
    variable: "CRON_MANAGER_SERVER_CA",
    flag: "server-ca",
    value: "FILE",
    about: "The PEM file of the certificates that vouch for that of the running server",
    unset: "Mozilla's list",
    kind: Kind::Text,
    secret: false,
    take: |settings, value| {
        settings.client.server_ca = Some(value.into());
        Ok(())
    },
    text: |settings| settings.client.server_ca.as_ref().map(|file| file.clone().into()),
};

fn server(url: &str) -> Result<&str, String> {
    match url.split_once("://") {
        Some(("http" | "https", host)) if !host.is_empty() && !host.contains('@') => Ok(url),
        _ => Err(format!("is no address of a server; write one such as {}", ClientSettings::default().server)),
    }
}
