//! Pages of a list (AIP-158).

use prost::Message;

use super::Misfit;

const DEFAULT_SIZE: i32 = 50;
const MAX_SIZE: i32 = 1_000;

/// Which page of which list is asked for.
pub(crate) struct Page {
    size: usize,
    list: Vec<u8>,
    /// The id of the last row of the page before.
    pub(crate) after: Option<i64>,
}

impl Page {
    /// The page of the list called `name`, narrowed as `filters` says: the request without its page.
    pub(crate) fn new(name: &str, filters: &impl Message, size: i32, token: &str) -> Result<Self, Misfit> {
        let size = match size {
            i32::MIN..0 => return Err(Misfit::new("pageSize", "must not be negative")),
            0 => DEFAULT_SIZE,
            size => size.min(MAX_SIZE),
        };
        let list = [name.as_bytes(), &filters.encode_to_vec()].concat();
        let after = match token {
            "" => None,
            text => Some(last_of(&list, text).ok_or_else(|| {
                Misfit::new("pageToken", "no page token of this list; the filters must be those of the page before")
            })?),
        };
        Ok(Self { size: size as usize, list, after })
    }

    /// How many rows to read: one more than the page holds, to know whether there is a next one.
    pub(crate) fn limit(&self) -> usize {
        self.size + 1
    }

    /// The rows of the page as they are shown, and the token of the next page, empty when there is none.
    pub(crate) fn show<T, S>(&self, rows: &[T], show: impl Fn(&T) -> S, id: impl Fn(&T) -> i64) -> (Vec<S>, String) {
        let page = &rows[..rows.len().min(self.size)];
        let more = page.last().filter(|_| rows.len() > self.size);
        (page.iter().map(show).collect(), more.map(|last| token(&self.list, id(last))).unwrap_or_default())
    }
}

/// The last id and a checksum over it and the list. The sum keeps mistakes out, not malice: a forged token shows no row that
/// a filter would not.
fn token(list: &[u8], last: i64) -> String {
    format!("{last:016x}{:016x}", checksum(&[&last.to_be_bytes(), list].concat()))
}

fn last_of(list: &[u8], text: &str) -> Option<i64> {
    let last = i64::from_str_radix(text.get(..16)?, 16).ok()?;
    (token(list, last) == text).then_some(last)
}

/// FNV-1a, 64 bits: the same on all replicas of all versions.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
