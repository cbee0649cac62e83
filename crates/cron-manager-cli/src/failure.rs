//! Why the program ends with another exit code than 0.

use std::{fmt, process::ExitCode};

use cron_manager::{ErrorKind, domain::schedule::ScheduleError};

/// A message for people, and by its kind the exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something did not work, or is not as it should be: exit code 1.
    Failed(String),
    /// The input is wrong: exit code 2.
    Usage(String),
}

impl Failure {
    /// The exit code of the program.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::FAILURE,
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) | Self::Usage(message) => f.write_str(message),
        }
    }
}

impl From<cron_manager::Error> for Failure {
    fn from(error: cron_manager::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidArgument => Self::Usage(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<ScheduleError> for Failure {
    /// What is wrong, and below it the place.
    fn from(error: ScheduleError) -> Self {
        let place = error.pointer().map(|pointer| format!("\n\n  {}", pointer.replace('\n', "\n  ")));
        Self::Usage(error.message().to_owned() + &place.unwrap_or_default())
    }
}
