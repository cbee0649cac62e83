//! Sealing by XChaCha20-Poly1305, whose nonces are long enough to be random (draft-irtf-cfrg-xchacha); marks by HMAC-SHA256 (RFC 2104).

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{Error, ErrorKind, Result, Sealed, contracts::Sealer, domain::EncryptionKeys};

const FIELD: &str = "encryption_keys";
const NONCE: usize = 24;
const KEY: usize = 32;
const TAG: usize = 16;
/// Begins each text that is marked, so that the key is good for nothing else in this use.
const MARK: &[u8] = b"cron-manager mark\0";

/// Seals with the first of its keys, and opens with any.
pub struct KeyRing {
    keys: Vec<NamedKey>,
}

struct NamedKey {
    id: String,
    seals: XChaCha20Poly1305,
    marks: Hmac<Sha256>,
}

impl KeyRing {
    /// The keys of `ID:KEY,…`.
    ///
    /// Errors: invalid argument (`encryption_keys`), without the keys.
    pub fn new(keys: &EncryptionKeys) -> Result<Self> {
        let mut ring = Self { keys: Vec::new() };
        for (at, part) in keys.expose().split(',').enumerate() {
            let wrong = |why: &str| {
                let message = format!("key {}: {why}; write ID:KEY, where KEY is 32 random bytes in base64", at + 1);
                Error::invalid(FIELD, message)
            };
            let (id, key) = part.trim().split_once(':').ok_or_else(|| wrong("has no id"))?;
            if !is_id(id) {
                return Err(wrong("its id is not of letters, digits and _ . -"));
            }
            if ring.key(id).is_some() {
                return Err(wrong("its id is that of another key"));
            }
            let bytes = STANDARD.decode(key).map_err(|_| wrong("is no base64"))?;
            let bytes: [u8; KEY] = bytes.try_into().map_err(|_| wrong("has not 32 bytes"))?;
            let marks = Hmac::new_from_slice(&bytes).map_err(|_| wrong("is no key"))?;
            ring.keys.push(NamedKey { id: id.to_owned(), seals: XChaCha20Poly1305::new(&Key::from(bytes)), marks });
        }
        Ok(ring)
    }

    /// The ids of its keys, in their order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    /// The key that seals.
    fn first(&self) -> Result<&NamedKey> {
        self.keys.first().ok_or_else(|| Error::internal("there is no key"))
    }

    fn key(&self, id: &str) -> Option<&NamedKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

impl Sealer for KeyRing {
    fn seal(&self, text: &str, place: &str) -> Result<Sealed> {
        let NamedKey { id, seals, .. } = self.first()?;
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| Error::unavailable("this machine has no randomness"))?;
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let encrypted = seals.encrypt(&XNonce::from(nonce), payload);
        let encrypted = encrypted.map_err(|_| Error::internal("the text is too long to be sealed"))?;
        Ok(Sealed(format!("{id}:{}", STANDARD.encode([&nonce[..], &encrypted].concat()))))
    }

    fn open(&self, sealed: &Sealed, place: &str) -> Result<String> {
        let wrong = |why: String| Error::new(ErrorKind::FailedPrecondition, why);
        // What is no sealed text may be a secret in plain text, of which nothing is to be told.
        let plain = || wrong("what is stored is not sealed".into());
        let (id, text) = sealed.0.split_once(':').filter(|(id, _)| is_id(id)).ok_or_else(plain)?;
        let bytes = STANDARD.decode(text).map_err(|_| plain())?;
        let (nonce, encrypted) =
            bytes.split_first_chunk::<NONCE>().filter(|(_, rest)| rest.len() >= TAG).ok_or_else(plain)?;
        let key = self.key(id).ok_or_else(|| {
            wrong(format!(
                "it was sealed with the key {id:?}, which is not among encryption_keys; add it behind the others"
            ))
        })?;
        let altered = || wrong("what is stored was altered, or sealed for another job or place".into());
        let payload = Payload { msg: encrypted, aad: place.as_bytes() };
        let text = key.seals.decrypt(&XNonce::from(*nonce), payload).map_err(|_| altered())?;
        String::from_utf8(text).map_err(|_| altered())
    }

    fn is_current(&self, sealed: &Sealed) -> bool {
        let id = sealed.0.split_once(':').map(|(id, _)| id);
        id.is_some_and(|id| self.keys.first().is_some_and(|first| first.id == id))
    }

    fn mark(&self, text: &str) -> Result<String> {
        let NamedKey { id, marks, .. } = self.first()?;
        let mark = marks.clone().chain_update(MARK).chain_update(text).finalize().into_bytes();
        Ok(format!("{id}:{}", STANDARD.encode(mark)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of 32 times that byte.
    fn key(id: &str, byte: u8) -> String {
        format!("{id}:{}", STANDARD.encode([byte; KEY]))
    }

    fn ring(keys: &[String]) -> KeyRing {
        KeyRing::new(&keys.join(",").into()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let ring = ring(&[key("a", 1)]);
        let sealed = ring.seal("SELECT 'hush'", "here").unwrap();
        assert!(!sealed.0.contains("hush") && sealed.0.starts_with("a:"));
        assert_eq!(ring.open(&sealed, "here").unwrap(), "SELECT 'hush'");
        let error = ring.open(&sealed, "there").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    }

    #[test]
    fn what_was_altered_does_not_open() {
        let ring = ring(&[key("a", 1)]);
        let sealed = ring.seal("SELECT 1", "here").unwrap();
        let bytes = STANDARD.decode(&sealed.0[2..]).unwrap();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(ring.open(&Sealed(format!("a:{}", STANDARD.encode(altered))), "here").is_err(), "byte {at}");
        }
        for text in ["", "a:", "a:!", "SELECT 1", &sealed.0[2..], &sealed.0[..sealed.0.len() - 4]] {
            assert!(ring.open(&Sealed(text.into()), "here").is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_is_told_of_what_was_never_sealed() {
        let ring = ring(&[key("a", 1)]);
        for text in ["hush", "hush:hush", "Basic hush:aHVzaA==", "user-hush:aHVzaA=="] {
            let error = ring.open(&Sealed(text.into()), "here").unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }

    #[test]
    fn the_same_text_is_sealed_otherwise_each_time() {
        let ring = ring(&[key("a", 1)]);
        assert_ne!(ring.seal("SELECT 1", "here").unwrap(), ring.seal("SELECT 1", "here").unwrap());
    }

    #[test]
    fn a_text_is_known_again_by_its_mark_which_takes_the_key() {
        let (ours, theirs) = (ring(&[key("a", 1), key("b", 2)]), ring(&[key("a", 2)]));
        let mark = |ring: &KeyRing, text| ring.mark(text).unwrap();
        assert_eq!(mark(&ours, "hush"), mark(&ours, "hush"));
        assert_ne!(mark(&ours, "hush"), mark(&ours, "hush "));
        assert_ne!(mark(&ours, "hush"), mark(&theirs, "hush"));
        assert_eq!(mark(&ours, "hush"), mark(&ring(&[key("a", 1)]), "hush"), "the first key is the one that counts");
    }

    #[test]
    fn keys_rotate_the_first_seals_and_all_open() {
        let (old, new) = (key("old", 1), key("new", 2));
        let sealed = ring(std::slice::from_ref(&old)).seal("SELECT 1", "here").unwrap();
        let both = ring(&[new.clone(), old]);
        assert_eq!(both.open(&sealed, "here").unwrap(), "SELECT 1");
        assert!(!both.is_current(&sealed) && both.is_current(&both.seal("SELECT 1", "here").unwrap()));
        let error = ring(&[new]).open(&sealed, "here").unwrap_err();
        assert!(error.message().contains("\"old\""), "{error}");
        // The id is no proof: another key under it does not open.
        assert!(ring(&[key("old", 3)]).open(&sealed, "here").is_err());
    }

    #[test]
    fn keys_that_are_none_are_refused_and_not_repeated() {
        let short = format!("a:{}", STANDARD.encode([1; 16]));
        for keys in ["", "hush", "a:hush", ":AAAA", "a b:AAAA", &*short, &*format!("{0},{0}", key("a", 1))] {
            let error = KeyRing::new(&keys.into()).err().unwrap();
            assert_eq!(error.field(), Some(FIELD), "{keys}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }
}
