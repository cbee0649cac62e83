//! The keys of what is kept encrypted.

use std::fmt;

/// `ID:KEY,…`, where a KEY is 32 random bytes in base64: the first one encrypts, all decrypt. Shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKeys(String);

impl<T: Into<String>> From<T> for EncryptionKeys {
    fn from(keys: T) -> Self {
        Self(keys.into())
    }
}

impl EncryptionKeys {
    /// The whole text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EncryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
