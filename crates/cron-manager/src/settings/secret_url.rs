//! A URL that may hold a password.

use std::fmt;

/// What stands in the place of a secret.
pub(super) const MASK: &str = "***";

/// The parameters whose values tell no secret. Names are compared as they are written: one that is percent-encoded is none of these.
const HARMLESS: [&str; 13] = [
    "application_name",
    "connect_timeout",
    "db",
    "dbname",
    "host",
    "hostaddr",
    "mode",
    "port",
    "protocol",
    "ssl-mode",
    "sslmode",
    "statement-cache-capacity",
    "target_session_attrs",
];

/// A URL that may hold a password. It is shown without user and password, and with the values of only those parameters that are known to be
/// harmless; the whole text is had by asking for it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl<T: Into<String>> From<T> for SecretUrl {
    fn from(url: T) -> Self {
        Self(url.into())
    }
}

impl SecretUrl {
    /// The whole text, secrets too.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether anything is hidden when it is shown.
    pub fn hides_something(&self) -> bool {
        self.to_string() != self.0
    }

    /// What stands before the first colon, when that can be a scheme (RFC 3986, section 3.1).
    pub(super) fn scheme(&self) -> Option<&str> {
        let (scheme, _) = self.0.split_once(':')?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        is_scheme.then_some(scheme)
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(scheme) = self.scheme() else { return f.write_str(MASK) };
        let rest = &self.0[scheme.len() + 1..];
        let (slashes, rest) = rest.strip_prefix("//").map_or(("", rest), |rest| ("//", rest));
        let (place, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
        write!(f, "{scheme}:{slashes}")?;
        if query.contains('@') {
            // Maybe a password with a `?` or `#` in it that was not encoded: nobody can tell where it ends.
            return f.write_str(MASK);
        }
        match place.rsplit_once('@') {
            Some((_, place)) => write!(f, "{MASK}@{place}")?,
            None => f.write_str(place)?,
        }
        query.split_inclusive(['?', '&', '#']).try_for_each(|part| show_parameter(f, part))
    }
}

/// Shows `name=value` and the sign behind it.
fn show_parameter(f: &mut fmt::Formatter<'_>, part: &str) -> fmt::Result {
    let text = part.trim_end_matches(['?', '&', '#']);
    match text.split_once('=') {
        Some((name, _)) if HARMLESS.contains(&name) => f.write_str(text)?,
        Some((name, _)) => write!(f, "{name}={MASK}")?,
        None if text.is_empty() => {}
        None => f.write_str(MASK)?,
    }
    f.write_str(&part[text.len()..])
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        for (url, shown) in [
            (
                "postgres://me:p@ss@db.example:5433/jobs?sslmode=disable",
                "postgres://***@db.example:5433/jobs?sslmode=disable",
            ),
            (
                "postgres:///jobs?host=/run&password=hush&sslmode=off",
                "postgres:///jobs?host=/run&password=***&sslmode=off",
            ),
            ("postgres:///jobs?p%61ssword=hush", "postgres:///jobs?p%61ssword=***"),
            ("postgres://db/jobs?hush", "postgres://db/jobs?***"),
            ("redis://:hush@cache:6379/2#insecure", "redis://***@cache:6379/2#***"),
            ("redis://hush@cache", "redis://***@cache"),
            ("sqlite:jobs.db", "sqlite:jobs.db"),
            ("sqlite:///var/lib/jobs.db?mode=ro", "sqlite:///var/lib/jobs.db?mode=ro"),
            // Passwords that should have been percent-encoded.
            ("postgres://me:hu/sh@db/jobs", "postgres://***@db/jobs"),
            ("postgres://me:hu?sh@db/jobs", "postgres://***"),
            ("postgres://me:hu#sh@db/jobs", "postgres://***"),
            ("postgres://db/jobs?password=hu@sh", "postgres://***"),
            // No URL at all.
            ("hush", "***"),
            ("host=db password=hu:sh", "***"),
        ] {
            let url = SecretUrl::from(url);
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.into(), shown.into()));
            assert_eq!(url.hides_something(), shown.contains(MASK));
        }
    }
}
