//! Tokens: by what a caller is known.

use std::{fmt, fmt::Write};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Role, TokenId};
use crate::{Error, Result};

/// A token, without what is secret of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Given by the store; 1 and up.
    pub id: TokenId,
    /// What its owner is called; several tokens may have the same name.
    pub name: String,
    /// What its owner may do.
    pub role: Role,
    /// By the store's clock.
    pub created_at: Timestamp,
    /// From when on it counts no more. `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Whether it counts at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// How the audit names its owner.
    pub fn actor(&self) -> String {
        format!("{}#{}", self.name, self.id)
    }

    /// How the audit names the token itself.
    pub fn resource(&self) -> String {
        format!("token/{}", self.id)
    }
}

/// A token that a store is to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    name: String,
    role: Role,
    expires_at: Option<Timestamp>,
    hash: TokenHash,
}

impl NewToken {
    /// The longest name, in characters.
    pub const NAME_LIMIT: usize = 128;

    /// Errors: invalid argument (`name`): empty, too long, or with `#` or a control character in it.
    pub fn new(name: &str, role: Role, expires_at: Option<Timestamp>, hash: TokenHash) -> Result<Self> {
        let length = name.chars().count();
        if name.trim().is_empty() || length > Self::NAME_LIMIT {
            let message = format!("a token's name has 1 to {} characters, this has {length}", Self::NAME_LIMIT);
            return Err(Error::invalid("name", message));
        }
        if let Some(c) = name.chars().find(|c| *c == '#' || c.is_control()) {
            return Err(Error::invalid("name", format!("{c:?} is not allowed in a token's name; leave it out")));
        }
        // As precise as a column keeps it.
        let expires_at = expires_at.and_then(|end| Timestamp::from_microsecond(end.as_microsecond()).ok());
        Ok(Self { name: name.to_owned(), role, expires_at, hash })
    }

    /// What a store keeps of the secret.
    pub fn hash(&self) -> TokenHash {
        self.hash
    }

    /// The token as it is kept under `id` from `now` on.
    ///
    /// Errors: invalid argument (`expiresAt`): it lies in the past.
    pub fn begin(&self, id: TokenId, now: Timestamp) -> Result<Token> {
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::invalid("expiresAt", format!("lies in the past: it is {now} now")));
        }
        let Self { name, role, expires_at, .. } = self.clone();
        Ok(Token { id, name, role, created_at: now, expires_at, revoked_at: None })
    }
}

/// What is kept of a secret: its SHA-256. The secrets that are handed out have 256 random bits, so nothing is gained by a slow hash.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of `secret`.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// The hash that was kept as these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In constant time: how long it takes tells nothing about where they differ.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

/// The text by which a caller shows that a token is theirs: `cm_ID_SECRET`. It is shown once, when the token is made; nobody keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken {
    id: TokenId,
    secret: String,
}

impl SecretToken {
    /// The text of the token `id`, whose secret is `secret`.
    pub fn new(id: TokenId, secret: impl Into<String>) -> Self {
        Self { id, secret: secret.into() }
    }

    /// Reads such a text; `None`: it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("cm_")?.split_once('_')?;
        let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
        let id = id.parse().ok().filter(|_| is_number).map(TokenId)?;
        Some(Self::new(id, secret))
    }

    /// Which token it claims to be.
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// What the store keeps of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.secret)
    }

    /// The whole text.
    pub fn expose(&self) -> String {
        format!("cm_{}_{}", self.id, self.secret)
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cm_{}_***", self.id)
    }
}

/// A secret of random `bytes`, in base64url without padding (RFC 4648, section 5).
pub(crate) fn secret_text(bytes: &[u8; 32]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(43);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..=group.len() {
            // A string takes whatever is written to it.
            let _ = text.write_char(char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_in_base64url() {
        // By Python's base64.urlsafe_b64encode.
        assert_eq!(secret_text(&[0xff; 32]), "__________________________________________8");
        let counted = std::array::from_fn(|at| at as u8);
        assert_eq!(secret_text(&counted), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    }

    #[test]
    fn a_token_s_text_is_read_back() {
        let token = SecretToken::new(TokenId(7), "a_b-c");
        assert_eq!(token.expose(), "cm_7_a_b-c");
        assert_eq!(SecretToken::parse("cm_7_a_b-c"), Some(token));
        for other in ["", "cm_", "cm_7", "cm__x", "cm_+7_x", "cm_-7_x", "CM_7_x", "cm_99999999999999999999_x"] {
            assert_eq!(SecretToken::parse(other), None, "{other}");
        }
    }

    #[test]
    fn nothing_that_is_printed_for_people_holds_a_secret() {
        let token = SecretToken::new(TokenId(7), "hush");
        assert_eq!(format!("{token:?} {:?}", token.hash()), "cm_7_*** TokenHash(***)");
    }

    #[test]
    fn a_hash_is_the_hash_of_its_secret_alone() {
        // By sha256sum.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hex: String = TokenHash::of("abc").as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, abc);
        assert_ne!(TokenHash::of("abc"), TokenHash::of("abd"));
    }

    #[test]
    fn a_name_is_one_that_the_audit_can_tell_from_others() {
        let named = |name: &str| NewToken::new(name, Role::Viewer, None, TokenHash::of("x"));
        for name in ["ci", "Ada Lovelace", "ü@example.org", &"x".repeat(128)] {
            assert!(named(name).is_ok(), "{name}");
        }
        for name in ["", " ", "a#7", "a\nb", &"x".repeat(129)] {
            assert_eq!(named(name).unwrap_err().field(), Some("name"), "{name:?}");
        }
    }

    #[test]
    fn a_token_counts_until_it_expires_or_is_revoked() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let new = NewToken::new("a", Role::Viewer, Some(at(100)), TokenHash::of("x")).unwrap();
        assert_eq!(new.begin(TokenId(1), at(100)).unwrap_err().field(), Some("expiresAt"));
        let token = new.begin(TokenId(1), at(7)).unwrap();
        assert!(token.is_live(at(99)) && !token.is_live(at(100)));
        assert!(!Token { revoked_at: Some(at(8)), ..token }.is_live(at(9)));
    }
}
