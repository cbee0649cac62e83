//! What of a job is kept encrypted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// An encrypted text: the id of its key, a colon, and what only the holder of the key can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

/// Sealed texts, each by the place that it is bound to.
pub type Seals = BTreeMap<String, Sealed>;

/// A secret of a job, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What the sealed text is bound to, so that it is of no use anywhere else.
    pub place: String,
    /// The text.
    pub sealed: Sealed,
}

/// A secret that has to be sealed before it can be stored.
pub(crate) struct Unsealed {
    /// What its sealed text is to be bound to.
    pub(crate) place: String,
    /// What is to be sealed.
    pub(crate) text: UnsealedText,
    /// The field that it was given in, or would be.
    pub(super) field: &'static str,
    /// What it is, in words.
    pub(super) what: String,
}

/// The text of a secret that has to be sealed.
pub(crate) enum UnsealedText {
    /// As it was given.
    Given(String),
    /// The one that is kept, in the same place or in another.
    Kept(Secret),
}

/// Seals a secret, or has it sealed already.
pub(super) type Seal<'a> = &'a mut dyn FnMut(Unsealed) -> Result<Sealed>;

impl Unsealed {
    /// Its text, sealed: the one for its place, or the kept one, if that stays where it is.
    ///
    /// Errors: failed precondition: nobody has sealed it.
    pub(in crate::domain) fn find(self, seals: &Seals) -> Result<Sealed> {
        match (seals.get(&self.place), self.kept_here()) {
            (Some(sealed), _) => Ok(sealed.clone()),
            (None, Some(kept)) => Ok(kept.clone()),
            (None, None) => Err(self.no_key()),
        }
    }

    /// The sealed text that it has already, for this very place.
    pub(in crate::domain) fn kept_here(&self) -> Option<&Sealed> {
        match &self.text {
            UnsealedText::Kept(kept) if kept.place == self.place => Some(&kept.sealed),
            UnsealedText::Kept(_) | UnsealedText::Given(_) => None,
        }
    }

    fn no_key(&self) -> Error {
        let message = format!(
            "{} is kept encrypted, and this program has no key; set encryption_keys (CRON_MANAGER_ENCRYPTION_KEYS) to ID:KEY, \
             where KEY is 32 random bytes in base64",
            self.what
        );
        Error::new(ErrorKind::FailedPrecondition, message).on_field(self.field)
    }

    /// An error on the way to its sealed text, told what it is about.
    pub(crate) fn failed(&self, error: &Error) -> Error {
        let message = format!("{} cannot be kept: {}", self.what, error.message());
        Error::new(error.kind(), message).on_field(self.field)
    }
}
