//! Calls of the gRPC services, from outside and within the process: the same routes, so the same checks.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{Extensions, HeaderMap, HeaderValue, Method, Version, header},
    middleware,
    response::IntoResponse,
};
use http_body_util::{BodyExt, Full};
use prost_reflect::MethodDescriptor;
use tonic::Status;
use tower::ServiceExt;

use super::{answers::Answers, roles};
use crate::{
    CronManager,
    api::{
        grpc,
        original::{OriginalMethod, OriginalService},
        proto,
    },
};

/// What the paths of reflection begin with.
const REFLECTION: &str = "/grpc.reflection.";

/// What is handed on of a request's head.
const HANDED_ON: [&str; 2] = ["traceparent", "tracestate"];

/// The gRPC services: ours, those that clients expect beside it, and those under users' names.
#[derive(Clone)]
pub(super) struct Calls {
    ours: Router,
    /// Made when it is first asked for: it holds every descriptor several times over, and few ask.
    reflection: Arc<OnceLock<Router>>,
    services: Arc<[OriginalService]>,
    max_body: usize,
}

impl Calls {
    pub(super) fn new(manager: CronManager, services: Vec<OriginalService>, max_body: usize) -> Self {
        let ours = grpc::routes(manager, max_body).into_axum_router().layer(middleware::from_fn(roles::check));
        Self { ours, reflection: Arc::default(), services: services.into(), max_body }
    }

    /// The routes for those who come by gRPC.
    pub(super) fn router(self) -> Router {
        Router::new().fallback(async move |request| self.answer(request).await)
    }

    async fn answer(&self, mut request: Request) -> axum::response::Response {
        let path = request.uri().path().to_owned();
        let Some(method) = self.services.iter().find_map(|service| service.method(&path)) else {
            let routes = if path.starts_with(REFLECTION) { self.reflection() } else { &self.ours };
            let Ok(response) = routes.clone().oneshot(request).await;
            return response;
        };
        if let Some(translation) = &method.translation {
            return self.translate(method, translation, request).await.unwrap_or_else(|status| status.into_http());
        }
        match grpc_path(&method.ours).parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => return Status::internal(format!("a method has no path: {error}")).into_http(),
        }
        let Ok(response) = self.ours.clone().oneshot(request).await;
        response
    }

    fn reflection(&self) -> &Router {
        let described = || {
            let services = self.services.iter().map(|service| &*service.descriptors);
            grpc::reflection([proto::DESCRIPTORS].into_iter().chain(services)).into_axum_router()
        };
        self.reflection.get_or_init(described)
    }

    /// Answers a call whose messages are not ours.
    async fn translate(
        &self,
        method: &OriginalMethod,
        translation: &crate::api::original::Translation,
        request: Request,
    ) -> Result<axum::response::Response, Status> {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, self.max_body).await;
        let body = body
            .map_err(|_| Status::resource_exhausted(format!("the request is larger than {} bytes", self.max_body)))?;
        let message = translation.request(&method.ours, &unframed(body)?)?;
        let answered = self.call(&method.ours, &head.headers, head.extensions, &message).await?;
        let answer = framed(&translation.answer(&method.ours, answered)?);
        let trailers =
            HeaderMap::from_iter([(header::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
        let body = Full::new(Bytes::from(answer)).with_trailers(async move { Some(Ok(trailers)) });
        Ok(([(header::CONTENT_TYPE, "application/grpc")], Body::new(body)).into_response())
    }

    /// Calls a method of ours with an encoded message: its one answer.
    pub(super) async fn call(
        &self,
        method: &MethodDescriptor,
        headers: &HeaderMap,
        extensions: Extensions,
        message: &[u8],
    ) -> Result<Bytes, Status> {
        let mut answers = self.stream(method, headers, extensions, message).await?;
        let answer = answers.next().await?.ok_or_else(|| Status::internal("the answer has no message"))?;
        // The status comes after the message.
        answers.next().await?;
        Ok(answer)
    }

    /// Calls a method of ours with an encoded message: its answers.
    pub(super) async fn stream(
        &self,
        method: &MethodDescriptor,
        headers: &HeaderMap,
        extensions: Extensions,
        message: &[u8],
    ) -> Result<Answers, Status> {
        let mut request = Request::new(Body::from(framed(message)));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() =
            grpc_path(method).parse().map_err(|error| Status::internal(format!("a method has no path: {error}")))?;
        *request.extensions_mut() = extensions;
        for name in HANDED_ON {
            if let Some(value) = headers.get(name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        request.headers_mut().insert(header::TE, HeaderValue::from_static("trailers"));
        let Ok(response) = self.ours.clone().oneshot(request).await;
        Answers::of(response)
    }
}

/// The path of a method in gRPC.
pub(super) fn grpc_path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// A message behind the head that gRPC gives it: not compressed, and its length
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0], &length.to_be_bytes()[..], message].concat()
}

/// The one message of a body.
fn unframed(body: Bytes) -> Result<Bytes, Status> {
    match body.get(..5) {
        Some([0, length @ ..])
            if u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize == body.len() - 5 =>
        {
            Ok(body.slice(5..))
        }
        Some([1, ..]) => Err(Status::unimplemented("compressed messages are not taken; send them as they are")),
        _ => Err(Status::invalid_argument("the body is not one message of gRPC")),
    }
}
