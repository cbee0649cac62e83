//! How texts are kept secret from the store.

use crate::{Result, Sealed};

/// Seals texts, so that the store holds only what nobody without the key can read or change.
///
/// # Laws
/// - What was sealed for a place opens there, and nowhere else.
/// - What was changed does not open.
/// - The same text is sealed otherwise each time.
/// - The same text has the same mark, as long as the same key seals; without the key a mark tells nothing of its text.
pub trait Sealer: Send + Sync + 'static {
    /// Seals a text for its place.
    ///
    /// Errors: unavailable, without randomness.
    fn seal(&self, text: &str, place: &str) -> Result<Sealed>;

    /// Opens what was sealed for that place.
    ///
    /// Errors: failed precondition: its key is not here, or it was changed, or sealed for another place.
    fn open(&self, sealed: &Sealed, place: &str) -> Result<String>;

    /// By which a text is known again that must not be kept.
    ///
    /// Errors: internal, without a key.
    fn mark(&self, text: &str) -> Result<String>;

    /// Whether it was sealed with the key that seals now. Of what was not, the key is still needed.
    fn is_current(&self, sealed: &Sealed) -> bool;
}
