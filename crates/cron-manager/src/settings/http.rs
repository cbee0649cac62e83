//! The settings of the HTTP face besides its address: who may ask, how they are protected, and for how much they may ask.

use std::{ffi::OsStr, path::PathBuf, time::Duration};

use super::{
    Kind, Setting,
    table::{count, switch, text},
};
use crate::domain::TokenHash;

/// Who may ask the HTTP face, and for how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSettings {
    /// The operator's own token, whose owner has the role admin: only its hash is kept.
    pub token: Option<TokenHash>,
    /// The name of the service whose two methods the original library would serve: `inventory`.
    pub service: Option<String>,
    /// The proto file of that service, where its messages are not the original library's.
    pub proto: Option<PathBuf>,
    /// The origins of the web pages that may ask, besides the server's own.
    pub allowed_origins: Vec<String>,
    /// The PEM file of the certificate, and of those that vouch for it.
    pub tls_cert: Option<PathBuf>,
    /// The PEM file of the certificate's key.
    pub tls_key: Option<PathBuf>,
    /// Whether other machines may send tokens unencrypted.
    pub insecure: bool,
    /// The largest body of a request, in bytes.
    pub max_body: usize,
    /// The largest head of a request, in bytes.
    pub max_head: usize,
    /// How long a client may take to send a head; whole seconds.
    pub head_timeout: Duration,
    /// How long a client may take to send a body; whole seconds.
    pub body_timeout: Duration,
    /// How many connections may be open at once.
    pub max_connections: usize,
    /// How many requests may be worked on at once.
    pub max_requests: usize,
    /// How many requests an HTTP/2 connection may have under way.
    pub max_streams: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            token: None,
            service: None,
            proto: None,
            allowed_origins: Vec::new(),
            tls_cert: None,
            tls_key: None,
            insecure: false,
            max_body: 1024 * 1024,
            max_head: 16 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            max_connections: 1_000,
            max_requests: 500,
            max_streams: 128,
        }
    }
}

pub(super) const TOKEN: Setting = Setting {
    name: "token",
    variable: "CRON_MANAGER_TOKEN",
    flag: "token",
    value: "TEXT",
    about: "A token of your own choosing, of 16 characters or more: who shows it to the HTTP face may do everything; who asks a server shows it, or another one",
    unset: "no token",
    kind: Kind::Secret,
    secret: true,
    take: |settings, value| {
        let token = text(value)?;
        settings.http.token = Some(operator_token(token)?);
        settings.client.token = Some(token.into());
        Ok(())
    },
    text: |settings| {
        let hash = settings.http.token?;
        Some(hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
    },
};

pub(super) const SERVICE: Setting = Setting {
    name: "service",
    variable: "CRON_MANAGER_SERVICE",
    flag: "service",
    value: "NAME",
    about: "A name such as inventory, under which the methods of the original library are served, too: cron.InventoryService over gRPC and \
            /v1/inventory over HTTP",
    unset: "no such service",
    kind: Kind::Text,
    secret: false,
    take: |settings, value| text(value).map(|name| settings.http.service = Some(name.into())),
    text: |settings| settings.http.service.as_ref().map(|name| name.clone().into()),
};

pub(super) const PROTO: Setting = Setting {
    name: "proto",
    variable: "CRON_MANAGER_PROTO",
    flag: "proto",
    value: "FILE",
    about: "A proto file of your own with the methods CreateCronConfig and UpdateCronConfig, which are served as it says; its fields are matched by name",
    unset: "no such file",
    kind: Kind::Text,
    secret: false,
    take: |settings, value| file(value).map(|file| settings.http.proto = Some(file)),
    text: |settings| settings.http.proto.as_ref().map(|file| file.clone().into()),
};

pub(super) const ALLOWED_ORIGINS: Setting = Setting {
    name: "allowed_origins",
    variable: "CRON_MANAGER_ALLOWED_ORIGINS",
    flag: "allowed-origins",
    value: "LIST",
    about: "The origins of web pages that may ask the HTTP face, besides its own, with commas between: https://jobs.example",
    unset: "only its own",
    kind: Kind::Text,
    secret: false,
    take: |settings, value| origins(text(value)?).map(|origins| settings.http.allowed_origins = origins),
    text: |settings| {
        Some(settings.http.allowed_origins.join(",").into()).filter(|text: &std::ffi::OsString| !text.is_empty())
    },
};

pub(super) const TLS_CERT: Setting = Setting {
    name: "tls_cert",
    variable: "CRON_MANAGER_TLS_CERT",
    flag: "tls-cert",
    value: "FILE",
    about: "The PEM file with the certificate of the HTTP face, followed by those that vouch for it; needs tls_key",
    unset: "not encrypted",
    kind: Kind::Text,
    secret: false,
    take: |settings, value| file(value).map(|file| settings.http.tls_cert = Some(file)),
    text: |settings| settings.http.tls_cert.as_ref().map(|file| file.clone().into()),
};

pub(super) const TLS_KEY: Setting = Setting {
    name: "tls_key",
    variable: "CRON_MANAGER_TLS_KEY",
    flag: "tls-key",
    value: "FILE",
    about: "The PEM file with the key of the certificate",
    unset: "not encrypted",
    kind: Kind::Text,
    secret: false,
    take: |settings, value| file(value).map(|file| settings.http.tls_key = Some(file)),
    text: |settings| settings.http.tls_key.as_ref().map(|file| file.clone().into()),
};

pub(super) const INSECURE: Setting = Setting {
    name: "insecure",
    variable: "CRON_MANAGER_INSECURE",
    flag: "insecure",
    value: "BOOL",
    about: "Whether other machines may send tokens unencrypted, as where a proxy encrypts",
    unset: "",
    kind: Kind::Switch,
    secret: false,
    take: |settings, value| switch(text(value)?).map(|insecure| settings.http.insecure = insecure),
    text: |settings| Some(settings.http.insecure.to_string().into()),
};

/// A setting that is a whole number: its names, what it is about, and where it lies in the settings.
macro_rules! limit {
    ($const:ident, $name:literal, $variable:literal, $flag:literal, $about:literal, $field:ident) => {
        limit!($const, $name, $variable, $flag, $about, $field, "N", |count| count, |count| count);
    };
    ($const:ident, $name:literal, $variable:literal, $flag:literal, $about:literal, $field:ident, $value:literal, $from:expr, $to:expr) => {
        pub(super) const $const: Setting = Setting {
            name: $name,
            variable: $variable,
            flag: $flag,
            value: $value,
            about: $about,
            unset: "",
            kind: Kind::Count,
            secret: false,
            take: |settings, value| count(text(value)?).map(|count| settings.http.$field = ($from)(count)),
            text: |settings| Some(($to)(settings.http.$field).to_string().into()),
        };
    };
    (seconds $const:ident, $name:literal, $variable:literal, $flag:literal, $about:literal, $field:ident) => {
        limit!($const, $name, $variable, $flag, $about, $field, "SECONDS", seconds, |length: Duration| length
            .as_secs());
    };
}

fn seconds(count: usize) -> Duration {
    Duration::from_secs(count as u64)
}

limit!(MAX_BODY, "max_body", "CRON_MANAGER_MAX_BODY", "max-body", "The largest body of a request, in bytes", max_body);
limit!(MAX_HEAD, "max_head", "CRON_MANAGER_MAX_HEAD", "max-head", "The largest head of a request, in bytes", max_head);
limit!(seconds HEAD_TIMEOUT, "head_timeout", "CRON_MANAGER_HEAD_TIMEOUT", "head-timeout",
    "How many seconds a client may take to send the head of a request", head_timeout);
limit!(seconds BODY_TIMEOUT, "body_timeout", "CRON_MANAGER_BODY_TIMEOUT", "body-timeout",
    "How many seconds a client may take to send the body of a request", body_timeout);
limit!(
    MAX_CONNECTIONS,
    "max_connections",
    "CRON_MANAGER_MAX_CONNECTIONS",
    "max-connections",
    "How many connections to the HTTP face may be open at once; more wait",
    max_connections
);
limit!(
    MAX_REQUESTS,
    "max_requests",
    "CRON_MANAGER_MAX_REQUESTS",
    "max-requests",
    "How many requests may be worked on at once; more are refused",
    max_requests
);
limit!(
    MAX_STREAMS,
    "max_streams",
    "CRON_MANAGER_MAX_STREAMS",
    "max-streams",
    "How many requests an HTTP/2 connection may have under way",
    max_streams
);

fn operator_token(token: &str) -> Result<TokenHash, String> {
    /// The shortest; the longest fits into the header that shows it.
    const LENGTHS: std::ops::RangeInclusive<usize> = 16..=512;
    const MEND: &str = "`openssl rand -base64 24` makes one";
    let length = token.chars().count();
    if !LENGTHS.contains(&length) {
        let (least, most) = (LENGTHS.start(), LENGTHS.end());
        return Err(format!("has {length} characters, and needs {least} to {most}; {MEND}"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("holds a space or a character that is not ASCII, which its header cannot carry; {MEND}"));
    }
    Ok(TokenHash::of(token))
}

fn origins(list: &str) -> Result<Vec<String>, String> {
    let origin = |origin: &str| {
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        match authority.filter(|authority| !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' ', '*']))
        {
            Some(_) => Ok(origin.to_owned()),
            None => Err(format!("`{origin}` is no origin; write one such as https://jobs.example, without a path")),
        }
    };
    list.split(',').map(str::trim).filter(|part| !part.is_empty()).map(origin).collect()
}

fn file(value: &OsStr) -> Result<PathBuf, String> {
    Ok(value.into())
}
