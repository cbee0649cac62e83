//! Which trace something belongs to, as W3C's Trace Context writes it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The `traceparent` of a request or a run: a trace, and the span in it that is the parent of what comes of it
/// (<https://www.w3.org/TR/trace-context/>).
///
/// ```
/// use cron_manager::TraceParent;
///
/// let parent: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
/// assert_eq!(parent.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(parent.span_id(), "00f067aa0ba902b7");
/// assert!(parent.is_sampled());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceParent {
    /// Its length when it is written, in bytes.
    const LENGTH: usize = 55;
    /// The flags that are passed on: sampled, and (level 2) that the trace id is random. The others have no meaning yet.
    const FLAGS: u8 = 0b11;
    const SAMPLED: u8 = 0b01;

    /// A span of a trace. An id of 0, which is none, becomes 1.
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self { trace_id: trace_id.max(1), span_id: span_id.max(1), flags: if sampled { Self::SAMPLED } else { 0 } }
    }

    /// The same trace, at the span of another.
    #[must_use]
    pub fn at_span_of(self, other: Self) -> Self {
        Self { span_id: other.span_id, ..self }
    }

    /// The trace: 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The span in it: 16 hexadecimal digits.
    pub fn span_id(self) -> String {
        format!("{:016x}", self.span_id)
    }

    /// Whether whoever began the trace may have recorded it.
    pub fn is_sampled(self) -> bool {
        self.flags & Self::SAMPLED != 0
    }
}

/// Always in version 00.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

impl FromStr for TraceParent {
    type Err = Error;

    /// Errors: invalid argument (`traceparent`). Of a version that is not known yet, what this one knows is read.
    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            let message = "this is no traceparent of W3C's Trace Context; write 00-TRACE-SPAN-FLAGS with 32, 16 and 2 digits in lower-case \
                           hexadecimal, trace and span not all zeros";
            Error::invalid("traceparent", message)
        })
    }
}

fn parse(text: &str) -> Option<TraceParent> {
    let (known, rest) = text.split_at_checked(TraceParent::LENGTH)?;
    let [version, trace_id, span_id, flags] = known.split('-').collect::<Vec<_>>().try_into().ok()?;
    let version = hexadecimal(version, 2)?;
    let may_be_longer = version > 0 && rest.starts_with('-');
    if version == 0xff || !(rest.is_empty() || may_be_longer) {
        return None;
    }
    let (trace_id, span_id) = (hexadecimal(trace_id, 32)?, u64::try_from(hexadecimal(span_id, 16)?).ok()?);
    let flags = u8::try_from(hexadecimal(flags, 2)?).ok()? & TraceParent::FLAGS;
    (trace_id != 0 && span_id != 0).then_some(TraceParent { trace_id, span_id, flags })
}

/// The number that so many lower-case digits stand for.
fn hexadecimal(digits: &str, length: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digits.len() == length && digits.bytes().all(is_digit)).then(|| u128::from_str_radix(digits, 16).ok())?
}

impl From<TraceParent> for String {
    fn from(parent: TraceParent) -> Self {
        parent.to_string()
    }
}

impl TryFrom<String> for TraceParent {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn read(text: &str) -> Option<String> {
        text.parse::<TraceParent>().ok().map(|parent| parent.to_string())
    }

    #[test]
    fn a_trace_parent_is_written_as_it_was_read() {
        for flags in ["00", "01", "02", "03"] {
            let text = format!("00-{TRACE}-{SPAN}-{flags}");
            assert_eq!(read(&text), Some(text));
        }
    }

    #[test]
    fn flags_without_a_meaning_are_not_passed_on() {
        assert_eq!(read(&format!("00-{TRACE}-{SPAN}-ff")), Some(format!("00-{TRACE}-{SPAN}-03")));
        assert_eq!(read(&format!("00-{TRACE}-{SPAN}-08")), Some(format!("00-{TRACE}-{SPAN}-00")));
    }

    #[test]
    fn of_a_later_version_what_is_known_is_read() {
        let known = Some(format!("00-{TRACE}-{SPAN}-01"));
        for later in ["", "-", "-what-comes", "-ü"] {
            assert_eq!(read(&format!("cc-{TRACE}-{SPAN}-01{later}")), known, "{later}");
        }
        for wrong in [".what", "0", "ü"] {
            assert_eq!(read(&format!("cc-{TRACE}-{SPAN}-01{wrong}")), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_none_is_refused_and_named() {
        let zeros = "0".repeat(32);
        for wrong in [
            String::new(),
            "00".into(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0G"),
            format!("00-{TRACE}-{SPAN}-+1"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01 "),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{SPAN}-{TRACE}-01"),
            format!("00-{TRACE}_{SPAN}-01"),
            format!("00-{}ü-{SPAN}-01", &TRACE[..30]),
        ] {
            let error = wrong.parse::<TraceParent>().unwrap_err();
            assert_eq!(error.field(), Some("traceparent"), "{wrong}");
        }
    }

    #[test]
    fn an_id_is_never_all_zeros() {
        assert_eq!(read(&TraceParent::new(0, 0, true).to_string()), Some(format!("00-{:032x}-{:016x}-01", 1, 1)));
    }
}
