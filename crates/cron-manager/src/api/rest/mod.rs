//! The plain HTTP face: JSON over HTTP.

mod asked;
mod body;
mod configs;
mod jobs;
mod page;
mod params;
mod probes;
mod problem;

use std::sync::Arc;

use axum::{
    Router,
    http::header,
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde_json::Value;
use tokio::net::TcpListener;

use super::{access::Access, serve::ServeOptions};
use crate::{CronManager, Result};
use problem::Problem;

/// What a handler answers.
type Answer = std::result::Result<Response, Problem>;

/// The routes of `manager`, to be served alone or inside another router, behind [`Access`] by the tokens in its store.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cron_manager::Result<()> {
/// use cron_manager::{CronManager, api::rest};
///
/// let manager = CronManager::builder().build().await?;
/// let router: axum::Router = rest::router(manager);
/// # Ok(())
/// # }
/// ```
pub fn router(manager: CronManager) -> Router {
    Arc::new(Access::new(&manager)).guard(routes(manager))
}

/// The routes alone, for [`serve`](super::serve::serve): nothing but `Access` tells them who asks.
pub fn routes(manager: CronManager) -> Router {
    Router::new()
        .route("/v1/cron-config", get(configs::list).post(configs::create))
        .route("/v1/cron-config:byName", get(configs::by_name))
        .route("/v1/cron-config/{id}", any(configs::one))
        .route("/v1/cron-job", get(jobs::list))
        .route("/v1/cron-job/{id}", get(jobs::get))
        .route("/v1/cron-job/{id}/log", get(jobs::log))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn(asked::check_role))
        .layer(middleware::from_fn(problem::render))
        .with_state(manager)
}

/// Serves [`routes`] on `listener` until `shutdown` ends, as [`serve`](super::serve::serve) does, by the tokens in the manager's store.
///
/// Errors: failed precondition (the listener can be reached from other machines), unavailable (the listener or the store does not answer).
pub async fn serve(
    listener: TcpListener,
    manager: CronManager,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let options = ServeOptions::new(Access::new(&manager));
    super::serve::serve(listener, routes(manager), options, shutdown).await
}

fn json(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
