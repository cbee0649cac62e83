//! The one error of this crate.

use std::{borrow::Cow, error, fmt};

use crate::domain::schedule::ScheduleError;

/// What went wrong, told apart so that each kind has one gRPC code and one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input is wrong; [`Error::field`] names the place.
    InvalidArgument,
    /// Nothing has that id or name.
    NotFound,
    /// Something has that name already.
    AlreadyExists,
    /// The thing changed since the caller read it; nothing was written.
    Conflict,
    /// The system is not in a state that allows this.
    FailedPrecondition,
    /// Nobody knows who asks: the token is missing or wrong.
    Unauthenticated,
    /// Whoever asks may not do this.
    PermissionDenied,
    /// A limit is reached; asking again later may work.
    ResourceExhausted,
    /// A part that is needed does not answer; trying again later may work.
    Unavailable,
    /// A defect or damaged data.
    Internal,
}

/// An error with its kind, a message for people, and the field it is about, if any.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    field: Option<Cow<'static, str>>,
    place: Option<String>,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

/// The result of nearly everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), field: None, place: None, source: None }
    }

    /// Wrong input in `field` (its name on the wire).
    pub fn invalid(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(ErrorKind::InvalidArgument, message) }
    }

    /// Nothing there.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("{what} was not found"))
    }

    /// A part that is needed does not answer.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// A defect or damaged data.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// The same error, told where in the program it comes from; an inner place stays.
    #[must_use]
    pub fn at(self, place: impl fmt::Display) -> Self {
        Self { place: Some(self.place.unwrap_or_else(|| place.to_string())), ..self }
    }

    /// The kind, for callers that decide by it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message alone, without place, field or cause.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The wire name of the field that is wrong, when the input was.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The same error, told which field it is about.
    pub(crate) fn on_field(self, field: String) -> Self {
        Self { field: Some(field.into()), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

impl From<ScheduleError> for Error {
    fn from(error: ScheduleError) -> Self {
        // What is wrong, and below it the place in the expression.
        let pointer = error.pointer().map(|pointer| format!("\n{pointer}")).unwrap_or_default();
        Self::invalid(error.field(), format!("{}{pointer}", error.message()))
    }
}
