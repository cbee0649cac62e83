//! The API over plain HTTP, on one port with gRPC.
//!
//! Requests become calls of the gRPC service within the process, by the HTTP rules of the proto; nothing is known here of any single method.

mod answer;
mod answers;
mod calls;
mod openapi;
mod probes;
mod request;
mod roles;
pub(crate) mod rules;
mod stream;

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    http::{Method, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;
use tonic_web::GrpcWebLayer;
use tower::ServiceExt;

use super::{
    OriginalService,
    access::Access,
    grpc::MAX_BYTES,
    problem::{self, Problem},
    proto,
    serve::ServeOptions,
};
use crate::{CronManager, Result};
use answer::answer;
use calls::Calls;
use rules::{Found, Rules};

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
    Face::new(manager).router()
}

/// The API as it is to be served: gRPC, gRPC-Web and plain HTTP in one router.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cron_manager::Result<()> {
/// use cron_manager::{
///     CronManager,
///     api::{OriginalService, rest::Face},
/// };
///
/// let manager = CronManager::builder().build().await?;
/// let router: axum::Router = Face::new(manager).service(OriginalService::named("inventory")?).router();
/// # Ok(())
/// # }
/// ```
#[must_use = "a face is served by its router"]
pub struct Face {
    manager: CronManager,
    services: Vec<OriginalService>,
    max_body: usize,
}

impl Face {
    /// The API of `manager`.
    pub fn new(manager: CronManager) -> Self {
        Self { manager, services: Vec::new(), max_body: MAX_BYTES }
    }

    /// With the original library's two methods under the name of one's own service.
    pub fn service(mut self, service: OriginalService) -> Self {
        self.services.push(service);
        self
    }

    /// The largest body of a request, in bytes; 1 MiB otherwise. A server before it may allow less
    /// ([`Limits::body`](super::serve::Limits::body)).
    pub fn max_body(self, bytes: usize) -> Self {
        Self { max_body: bytes, ..self }
    }

    /// The routes, behind [`Access`] by the tokens in the manager's store.
    pub fn router(self) -> Router {
        let access = Arc::new(Access::new(&self.manager));
        access.guard(self.routes())
    }

    /// The routes alone, for [`serve`](super::serve::serve): nothing but [`Access`] tells them who asks, and whom nobody has let in may read only.
    pub fn routes(self) -> Router {
        let rules = self.services.iter().fold(Rules::default(), |rules, service| rules.and(service.rules.clone()));
        let rules = rules.and(Rules::of(&proto::service()));
        let calls = Calls::new(self.manager.clone(), self.services, self.max_body);
        let grpc = calls.clone().router().layer(GrpcWebLayer::new());
        let routes = Arc::new(Routes { openapi: OnceLock::new(), rules, calls, grpc, max_body: self.max_body });
        let described = Arc::clone(&routes);
        Router::new()
            .route("/livez", get(probes::livez))
            .route("/readyz", get(probes::readyz))
            .route("/metrics", get(probes::metrics))
            .with_state(self.manager)
            .route("/openapi.json", get(async move || answer::json_text(described.openapi())))
            .fallback(move |request| dispatch(Arc::clone(&routes), request))
            .method_not_allowed_fallback(async || Problem::method_not_allowed(&[&Method::GET]))
            .layer(middleware::from_fn(problem::render))
    }
}

/// What a request may be for.
struct Routes {
    rules: Rules,
    calls: Calls,
    /// The gRPC services, by gRPC-Web, too.
    grpc: Router,
    /// The description, made when it is first asked for: few ask.
    openapi: OnceLock<Bytes>,
    max_body: usize,
}

/// Sends gRPC its way, and answers all else by the method that the rules find for it.
async fn dispatch(routes: Arc<Routes>, request: Request) -> Response {
    if is_grpc(&request) {
        let Ok(response) = routes.grpc.clone().oneshot(request).await;
        return response;
    }
    routes.transcode(request).await.unwrap_or_else(IntoResponse::into_response)
}

/// Whether a request is gRPC or gRPC-Web.
fn is_grpc(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

impl Routes {
    fn openapi(&self) -> Bytes {
        self.openapi.get_or_init(|| openapi::describe(&self.rules).to_string().into()).clone()
    }

    async fn transcode(&self, request: Request) -> std::result::Result<Response, Problem> {
        let (head, body) = request.into_parts();
        let (rule, fields) = match self.rules.find(&head.method, head.uri.path(), stream::is_asked_for(&head.headers)) {
            Found::Rule(rule, fields) => (rule, fields),
            Found::Verbs(verbs) => return Err(Problem::method_not_allowed(&verbs)),
            Found::Nothing => return Err(Problem::no_route()),
        };
        // Before anything is read or told of the request.
        roles::caller(&head.extensions, &calls::grpc_path(&rule.method))?;
        let body = to_bytes(body, self.max_body).await.map_err(|_| Problem::too_large(self.max_body))?;
        let message = request::message(rule, &fields, &head.uri, &head.headers, &body)?;
        if rule.method.is_server_streaming() {
            let answers = self.calls.stream(&rule.method, &head.headers, head.extensions.clone(), &message).await?;
            return Ok(stream::events(answers, rule.method.output(), rule.text));
        }
        let answered = self.calls.call(&rule.method, &head.headers, head.extensions.clone(), &message).await?;
        Ok(answer(&rule.method.output(), answered, rule.text)?)
    }
}

/// Serves the API of `manager` on `listener` until `shutdown` ends, as [`serve`](super::serve::serve) does, by the tokens in the manager's store.
///
/// Errors: failed precondition (the listener can be reached from other machines), unavailable (the listener or the store does not answer).
pub async fn serve(
    listener: TcpListener,
    manager: CronManager,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    let options = ServeOptions::new(Access::new(&manager));
    super::serve::serve(listener, Face::new(manager).routes(), options, shutdown).await
}
