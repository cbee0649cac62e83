//! How a run ended.

use serde_json::{Value, json};

use super::{RunState, SkipReason};

/// How a run ended, as its handler's replica reports it. What is kept is bounded, and free of what stores cannot hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// One of succeeded, failed, `timed_out` and cancelled; skipped, when the handler was not called after all.
    pub state: RunState,
    /// Why it was skipped, when it was.
    pub reason: Option<SkipReason>,
    /// Events or a value, as JSON text.
    pub result: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// What it logged.
    pub log: Option<String>,
    /// How many characters it logged before what is kept.
    pub log_start: u64,
    /// Whether one of these lost a part to its limit, or characters that cannot be kept.
    pub truncated: bool,
}

impl Outcome {
    /// The largest result, in bytes of its JSON text.
    pub const RESULT_LIMIT: usize = 256 * 1024;
    /// The longest error, in bytes.
    pub const ERROR_LIMIT: usize = 16 * 1024;

    /// An outcome without result, error or log.
    pub fn new(state: RunState) -> Self {
        Self { state, reason: None, result: None, error: None, log: None, log_start: 0, truncated: false }
    }

    /// The handler was not called after all.
    pub fn skipped(reason: SkipReason) -> Self {
        Self { reason: Some(reason), ..Self::new(RunState::Skipped) }
    }

    /// With the events captured while running and the value returned: a returned array is more events, any other value
    /// stands alone when there were no events, else it is the last of them.
    #[must_use]
    pub fn with_result(self, events: Vec<Value>, returned: Value) -> Self {
        let value = match (events.is_empty(), returned) {
            (true, Value::Null) => return self,
            (true, value) => value,
            (false, Value::Null) => Value::Array(events),
            (false, Value::Array(more)) => Value::Array(events.into_iter().chain(more).collect()),
            (false, value) => Value::Array(events.into_iter().chain([value]).collect()),
        };
        let text = value.to_string();
        if text.len() <= Self::RESULT_LIMIT {
            return Self { result: Some(text), ..self };
        }
        Self { result: Some(shorten(value, text.len()).to_string()), truncated: true, ..self }
    }

    /// With the events captured while running and what the handler failed with. A text that is a JSON array is more events, as the original library's
    /// handlers throw them: the error then says how many.
    #[must_use]
    pub fn with_failure(self, events: Vec<Value>, error: &str) -> Self {
        match serde_json::from_str::<Vec<Value>>(error) {
            Err(_) => self.with_result(events, Value::Null).with_error(error),
            Ok(thrown) => {
                let said = match thrown.len() {
                    0 => "the handler failed with no events".to_owned(),
                    1 => "the handler failed with 1 event, which is in its result".to_owned(),
                    many => format!("the handler failed with {many} events, which are in its result"),
                };
                self.with_result(events, Value::Array(thrown)).with_error(&said)
            }
        }
    }

    /// With an error text.
    #[must_use]
    pub fn with_error(self, error: &str) -> Self {
        let (error, cut) = clean(error, Self::ERROR_LIMIT);
        Self { error: Some(error), truncated: self.truncated || cut, ..self }
    }

    /// With what it printed, of which the beginning may have been dropped already.
    #[must_use]
    pub fn with_log(self, log: &str, cut: bool) -> Self {
        if log.is_empty() {
            return self;
        }
        let (log, cleaned) = clean(log, usize::MAX);
        Self { log: Some(log), truncated: self.truncated || cut || cleaned, ..self }
    }
}

/// `text` without NUL, which PostgreSQL's text cannot hold, and at most `limit` bytes long.
fn clean(text: &str, limit: usize) -> (String, bool) {
    let end = (0..=limit.min(text.len())).rfind(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let kept = &text[..end];
    (kept.replace('\0', "\u{fffd}"), end < text.len() || kept.contains('\0'))
}

/// A result that is too large: the first events that fit in half the limit, or nothing but its size.
fn shorten(value: Value, bytes: usize) -> Value {
    let mark = json!({"truncated": true, "bytes": bytes});
    let Value::Array(events) = value else { return mark };
    let mut room = Outcome::RESULT_LIMIT / 2;
    let fits = |event: &Value| {
        room = room.saturating_sub(event.to_string().len() + 1);
        room > 0
    };
    Value::Array(events.into_iter().take_while(fits).chain([mark]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(events: Vec<Value>, returned: Value) -> Option<String> {
        Outcome::new(RunState::Succeeded).with_result(events, returned).result
    }

    #[test]
    fn events_captured_and_events_returned_are_kept_in_order() {
        assert_eq!(result(vec![json!(1)], json!([2, 3])).as_deref(), Some("[1,2,3]"));
        assert_eq!(result(vec![json!(1)], json!({"a": 2})).as_deref(), Some(r#"[1,{"a":2}]"#));
        assert_eq!(result(vec![json!(1)], json!(null)).as_deref(), Some("[1]"));
        assert_eq!(result(vec![], json!({"a": 2})).as_deref(), Some(r#"{"a":2}"#));
        assert_eq!(result(vec![], json!(null)), None);
    }

    #[test]
    fn an_error_whose_text_is_a_json_array_is_events_after_the_captured_ones() {
        let failed = |events, error: &str| {
            let outcome = Outcome::new(RunState::Failed).with_failure(events, error);
            (outcome.result, outcome.error.unwrap())
        };
        let kept = |text: &str| Some(text.to_owned());
        let (result, error) = failed(vec![json!("begun")], r#" [{"shop": 7}, "no paper"] "#);
        assert_eq!(result, kept(r#"["begun",{"shop":7},"no paper"]"#));
        assert_eq!(error, "the handler failed with 2 events, which are in its result");
        let (result, error) = failed(vec![], "[1]");
        assert_eq!((result, &*error), (kept("[1]"), "the handler failed with 1 event, which is in its result"));
        for text in ["no paper", r#"{"shop": 7}"#, "[7 shops]", "[1] and more"] {
            assert_eq!(failed(vec![json!("begun")], text), (kept(r#"["begun"]"#), text.to_owned()));
        }
    }

    #[test]
    fn a_result_over_the_limit_keeps_its_first_events_and_is_marked() {
        let events: Vec<Value> = (0..10).map(|_| json!("x".repeat(50_000))).collect();
        let outcome = Outcome::new(RunState::Succeeded).with_result(events, Value::Null);
        let kept: Vec<Value> = serde_json::from_str(&outcome.result.unwrap()).unwrap();
        assert!(outcome.truncated);
        assert_eq!(kept.len(), 3);
        assert_eq!(kept[2]["truncated"], true);
    }

    #[test]
    fn a_nul_in_an_error_is_replaced_and_marked() {
        let outcome = Outcome::new(RunState::Failed).with_error("a\0b");
        assert_eq!(outcome.error.as_deref(), Some("a\u{fffd}b"));
        assert!(outcome.truncated);
    }
}
