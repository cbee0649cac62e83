//! Who asks, and what they may ask for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// What a caller may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read everything.
    Viewer,
    /// Switch, trigger and cancel, too.
    Operator,
    /// Change what jobs are and who may ask, too.
    Admin,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its word on the wire and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who asks for a change, as the audit names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who: `code` for the service's own code, `operator` for the token of the settings, `anonymous` where no token is asked for,
    /// `NAME#ID` for the caller with that token.
    pub actor: String,
    /// What they may do.
    pub role: Role,
    /// Why they ask, in their own words.
    pub reason: Option<String>,
}

impl Author {
    /// The longest reason, in bytes.
    pub const REASON_LIMIT: usize = 1024;

    /// Somebody in that role, who gives no reason.
    pub fn new(actor: impl Into<String>, role: Role) -> Self {
        Self { actor: actor.into(), role, reason: None }
    }

    /// The service's own code, which may do everything.
    pub fn code() -> Self {
        Self::new("code", Role::Admin)
    }

    /// The same author with a reason.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// Lets those through who have `needed` or a higher role.
    ///
    /// Errors: permission denied.
    pub fn allows(&self, needed: Role) -> Result<()> {
        if self.role >= needed {
            return Ok(());
        }
        let message = format!("this needs the role {needed}; {} has the role {}", self.actor, self.role);
        Err(Error::new(ErrorKind::PermissionDenied, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_may_do_what_those_before_it_may() {
        for (at, has) in Role::ALL.into_iter().enumerate() {
            for (least, needed) in Role::ALL.into_iter().enumerate() {
                let allowed = Author::new("a", has).allows(needed);
                assert_eq!(allowed.is_ok(), at >= least, "{has} asks for what needs {needed}");
                assert!(allowed.err().is_none_or(|error| error.kind() == ErrorKind::PermissionDenied));
            }
        }
    }

    #[test]
    fn a_role_is_found_by_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.as_str()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!(Role::from_word("Admin"), None);
    }
}
