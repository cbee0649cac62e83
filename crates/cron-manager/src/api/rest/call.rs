//! A call of the gRPC service within the process: the same routes, so the same checks, as for those who come by gRPC.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, header},
};
use http_body_util::BodyExt;
use tonic::{Code, Status};
use tower::ServiceExt;

/// What is handed on of a request's head.
const HANDED_ON: [&str; 3] = ["authorization", "traceparent", "tracestate"];

/// Calls the method at `path` with an encoded message.
pub(super) async fn call(
    routes: Router,
    path: &str,
    headers: &HeaderMap,
    extensions: Extensions,
    message: &[u8],
) -> Result<Bytes, Status> {
    let mut request = Request::new(Body::from(framed(message)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = path.parse().map_err(|_| Status::internal("a method has no path"))?;
    *request.extensions_mut() = extensions;
    for name in HANDED_ON {
        if let Some(value) = headers.get(name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    request.headers_mut().insert(header::TE, HeaderValue::from_static("trailers"));
    let Ok(response) = routes.oneshot(request).await;
    unary(response).await
}

/// A message behind the head that gRPC gives it: not compressed, and its length
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0], &length.to_be_bytes()[..], message].concat()
}

/// The one message of an answer.
async fn unary(response: Response<Body>) -> Result<Bytes, Status> {
    if let Some(status) = Status::from_header_map(response.headers()) {
        refuse(status)?;
    }
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| Status::unknown(format!("the answer broke off: {error}")))?;
    match body.trailers().and_then(Status::from_header_map) {
        Some(status) => refuse(status)?,
        None => return Err(Status::unknown("the answer has no status")),
    }
    let bytes = body.to_bytes();
    if bytes.len() < 5 { Err(Status::internal("the answer has no message")) } else { Ok(bytes.slice(5..)) }
}

fn refuse(status: Status) -> Result<(), Status> {
    if status.code() == Code::Ok { Ok(()) } else { Err(status) }
}
