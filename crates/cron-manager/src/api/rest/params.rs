//! What a request says in its path.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{Uri, request::Parts},
};

use super::{super::wire::Misfit, problem::Problem};

/// The `{id}` of a path.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = Path::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|error| Misfit::new("id", error.body_text()).into())
    }
}

/// The id that `text` says.
pub(super) fn id<T: FromStr>(text: &str) -> Result<T, Misfit> {
    text.parse().map_err(|_| Misfit::new("id", format!("{text:?} is no id: a whole number")))
}

/// The query parameters of a request, each known and there once.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// The parameters of `uri`, of which only the `known` ones may be there.
    pub(super) fn of(uri: &Uri, known: &[&str]) -> Result<Self, Misfit> {
        let Query(given) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| Misfit::new("", format!("the query does not parse: {error}")))?;
        for (at, (name, _)) in given.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Misfit::new(name, format!("unknown parameter; known are: {}", known.join(", "))));
            }
            if given[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(Misfit::new(name, "the parameter is there twice"));
            }
        }
        Ok(Self(given))
    }

    /// The text of a parameter; empty is absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, text)| given == name && !text.is_empty()).map(|(_, text)| text.as_str())
    }

    /// A parameter that must be `what`.
    pub(super) fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Misfit> {
        self.read(name, what, |text| text.parse().ok())
    }

    /// A parameter that `read` understands, which is `what`.
    pub(super) fn read<T>(
        &self,
        name: &str,
        what: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Misfit> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| Misfit::new(name, format!("{text:?} is not {what}")))
    }

    /// All that narrows a list, as text: the same for each page of one list.
    pub(super) fn filter(&self) -> String {
        let mut filters: Vec<_> = self
            .0
            .iter()
            .filter(|(name, text)| !matches!(name.as_str(), "pageSize" | "pageToken") && !text.is_empty())
            .collect();
        filters.sort();
        format!("{filters:?}")
    }
}
