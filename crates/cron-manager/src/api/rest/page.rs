//! Pages of a list (AIP-158).

use axum::http::Uri;
use serde_json::{Value, json};

use super::{super::wire::Misfit, params::Params};

const DEFAULT_SIZE: i32 = 50;
const MAX_SIZE: i32 = 1_000;

/// Which page of which list is asked for.
pub(super) struct Page {
    size: usize,
    list: String,
    /// The id of the last row of the page before.
    pub(super) after: Option<i64>,
}

impl Page {
    /// The page that the parameters ask for, of the list at this path under these filters.
    pub(super) fn of(uri: &Uri, params: &Params) -> Result<Self, Misfit> {
        let size = match params.parsed("pageSize", "a whole number")?.unwrap_or(0) {
            i32::MIN..0 => return Err(Misfit::new("pageSize", "must not be negative")),
            0 => DEFAULT_SIZE,
            size => size.min(MAX_SIZE),
        };
        let list = format!("{} {}", uri.path(), params.filter());
        let after = match params.text("pageToken") {
            Some(text) => Some(last_of(&list, text).ok_or_else(|| {
                Misfit::new("pageToken", "no page token of this list; the filters must be those of the page before")
            })?),
            None => None,
        };
        Ok(Self { size: size as usize, list, after })
    }

    /// How many rows to read: one more than the page holds, to know whether there is a next one.
    pub(super) fn limit(&self) -> usize {
        self.size + 1
    }

    /// The answer: the rows under `name`, and the token of the next page, empty when there is none.
    pub(super) fn show<T>(&self, name: &str, rows: &[T], show: impl Fn(&T) -> Value, id: impl Fn(&T) -> i64) -> Value {
        let page = &rows[..rows.len().min(self.size)];
        let more = page.last().filter(|_| rows.len() > self.size);
        let token = more.map(|last| token(&self.list, id(last))).unwrap_or_default();
        json!({name: page.iter().map(show).collect::<Vec<_>>(), "nextPageToken": token})
    }
}

/// The last id and a checksum over it and the list. The sum keeps mistakes out, not malice: a forged token shows no row that
/// a filter would not.
fn token(list: &str, last: i64) -> String {
    format!("{last:016x}{:016x}", checksum(&format!("{last} {list}")))
}

fn last_of(list: &str, text: &str) -> Option<i64> {
    let last = i64::from_str_radix(text.get(..16)?, 16).ok()?;
    (token(list, last) == text).then_some(last)
}

/// FNV-1a, 64 bits: the same on all replicas of all versions.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
