//! Words that have to be one of a few.

use cron_manager::{Role, RunState, SkipReason};

pub(super) fn state(word: &str) -> Result<RunState, String> {
    RunState::from_word(word).ok_or_else(|| one_of(RunState::ALL))
}

pub(super) fn skip_reason(word: &str) -> Result<SkipReason, String> {
    SkipReason::from_word(word).ok_or_else(|| one_of(SkipReason::ALL))
}

pub(super) fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).ok_or_else(|| one_of(&Role::ALL))
}

fn one_of(words: &[impl ToString]) -> String {
    format!("it is one of {}", words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}
