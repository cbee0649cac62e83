//! What a caller may ask for: each method of the proto names the least role.

use std::{collections::HashMap, sync::LazyLock};

use axum::{extract::Request, http::Extensions, middleware::Next, response::Response};
use tonic::Status;

use crate::{Author, Role, api::proto};

/// Lets a call through to who may make it.
pub(super) async fn check(mut request: Request, next: Next) -> Response {
    match caller(request.extensions(), request.uri().path()) {
        Ok(author) => {
            request.extensions_mut().insert(author);
            next.run(request).await
        }
        Err(status) => status.into_http(),
    }
}

/// Who calls the method at this path of gRPC, if they may. Whom nobody has let in may read.
pub(super) fn caller(extensions: &Extensions, path: &str) -> Result<Author, Status> {
    let author = extensions.get::<Author>().cloned();
    let author = author.unwrap_or_else(|| Author::new("anonymous", Role::Viewer));
    author.allows(needed(path))?;
    Ok(author)
}

/// The least role for the method at this path of gRPC; what stands beside our service is for all.
fn needed(path: &str) -> Role {
    static ROLES: LazyLock<HashMap<String, Role>> = LazyLock::new(|| {
        let path = |name: &str| format!("/{}/{name}", proto::service().full_name());
        // A method that names none, or one that is none, is for admins.
        let role = |method| Role::from_word(&proto::role(&method)).unwrap_or(Role::Admin);
        proto::service().methods().map(|method| (path(method.name()), role(method))).collect()
    });
    ROLES.get(path).copied().unwrap_or(Role::Viewer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_names_a_role() {
        for method in proto::service().methods() {
            assert!(Role::from_word(&proto::role(&method)).is_some(), "{}", method.name());
        }
    }

    #[test]
    fn reading_is_for_viewers_and_nothing_else_is() {
        for method in proto::service().methods() {
            let reads =
                ["List", "Get", "Watch", "Follow", "Validate"].iter().any(|verb| method.name().starts_with(verb));
            let is_for_viewers = proto::role(&method) == "viewer";
            let is_secret = ["Token", "QueryText"].iter().any(|secret| method.name().contains(secret));
            assert_eq!(is_for_viewers, reads && !is_secret, "{}", method.name());
        }
    }
}
