//! The plain HTTP face: JSON over HTTP, for this machine only.
//!
//! There is no authentication yet, so [`serve`] refuses to listen anywhere but on a loopback address, and every request
//! must name a loopback host.

mod body;
mod configs;
mod guard;
mod jobs;
mod page;
mod params;
mod probes;
mod problem;

use axum::{
    Router,
    http::header,
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{CronManager, Error, ErrorKind, Result};
use problem::Problem;

/// What a handler answers.
type Answer = std::result::Result<Response, Problem>;

/// The routes of `manager`, to be served alone or inside another router. They answer only requests to a loopback host.
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
        .layer(middleware::from_fn(guard::check))
        .layer(middleware::from_fn(problem::render))
        .with_state(manager)
}

/// Serves [`router`] on `listener` until `shutdown` ends, then lets requests that are under way finish. A client that is
/// slow to send can hold that up: the caller bounds it.
///
/// Errors: failed precondition (the listener is open to other machines), unavailable (the listener broke).
pub async fn serve(
    listener: TcpListener,
    manager: CronManager,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let broken = |error| Error::unavailable("the HTTP listener does not work").with_source(error);
    let address = listener.local_addr().map_err(broken)?;
    if !address.ip().to_canonical().is_loopback() {
        return Err(Error::new(
            ErrorKind::FailedPrecondition,
            format!(
                "{address} can be reached from other machines, and there is no authentication: listen on 127.0.0.1"
            ),
        ));
    }
    axum::serve(listener, router(manager)).with_graceful_shutdown(shutdown).await.map_err(broken)
}

fn json(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
