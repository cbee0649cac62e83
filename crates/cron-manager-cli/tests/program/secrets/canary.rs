//! Texts that must not be found.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

/// A secret that is given to the program, and the only places in which it may be found: it must be there.
pub(super) struct Canary {
    name: &'static str,
    /// The whole of it.
    pub(super) text: String,
    /// What is looked for: its middle, of letters and digits alone, so that it is the same percent-encoded.
    middle: String,
    allowed: &'static [&'static str],
}

/// Where something was found, or looked for: what the place is called, and what lies there.
pub(super) type Place = (String, Vec<u8>);

impl Canary {
    /// A text that would have to be percent-encoded in a URL.
    pub(super) fn new(name: &'static str, allowed: &'static [&'static str]) -> Self {
        let middle = format!("c4n4ry0{name}0c4n4ry");
        Self { name, text: format!("a/{middle}+z"), middle, allowed }
    }

    /// One that the program has made.
    pub(super) fn made(name: &'static str, text: &str, allowed: &'static [&'static str]) -> Self {
        Self { name, text: text.into(), middle: text.into(), allowed }
    }

    /// It, as a URL has it.
    pub(super) fn in_url(&self) -> String {
        self.text.replace('/', "%2F").replace('+', "%2B")
    }

    /// It, and all that it would look like in hex, and in base64 at each of its three offsets.
    fn spellings(&self) -> Vec<String> {
        let bytes = self.middle.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let encoded = (0..3).map(|offset| {
            let text = STANDARD.encode([&vec![0; offset], bytes].concat());
            // Its ends depend on what stands beside it.
            let text = text.trim_end_matches('=');
            text[if offset == 0 { 0 } else { 4 }..text.len() - 2].to_owned()
        });
        [self.middle.clone(), hex.to_uppercase(), hex].into_iter().chain(encoded).collect()
    }

    /// What is wrong with where it is.
    fn faults(&self, places: &[(&str, Cow<'_, str>)]) -> Vec<String> {
        let spellings = self.spellings();
        let found = places.iter().filter(|(_, text)| spellings.iter().any(|spelling| text.contains(spelling)));
        let found: Vec<&str> = found.map(|(place, _)| *place).collect();
        let wrong = found.iter().filter(|place| !self.allowed.contains(place));
        let missing = self.allowed.iter().filter(|place| !found.contains(place));
        let wrong = wrong.map(|place| format!("{} is in {place}", self.name));
        wrong.chain(missing.map(|place| format!("{} is not in {place}", self.name))).collect()
    }
}

/// What is wrong with where they are, all at once.
pub(super) fn faults(canaries: &[&Canary], places: &[Place]) -> Vec<String> {
    // What is no text around them does no harm to them.
    let places: Vec<_> = places.iter().map(|(place, bytes)| (&**place, String::from_utf8_lossy(bytes))).collect();
    canaries.iter().flat_map(|canary| canary.faults(&places)).collect()
}

#[test]
fn a_canary_is_found_in_each_spelling() {
    let canary = Canary::new("x", &[]);
    let text = &canary.text;
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let encoded = ["", "a", "ab"].map(|before| STANDARD.encode(format!("{before}{text} and more")));
    for spelled in encoded.into_iter().chain([text.clone(), canary.in_url(), hex]) {
        let place = ("there".to_owned(), format!("something {spelled} something").into_bytes());
        assert_eq!(faults(&[&canary], &[place]), ["x is in there"], "{spelled}");
    }
    let other = ("there".to_owned(), b"something else".to_vec());
    assert!(faults(&[&canary], &[other]).is_empty());
    assert_eq!(faults(&[&Canary::new("x", &["here"])], &[]), ["x is not in here"]);
}
