//! The limits of one request.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use tokio::sync::Semaphore;

use super::{
    super::refusal::Refusal,
    Limits,
    body::{Breach, TimedBody, Watch},
};
use crate::{ErrorKind, contracts::Clock};

struct Limiter {
    room: Semaphore,
    body: usize,
    body_timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// The routes, each request to them within the limits.
pub(super) fn limit(router: Router, limits: &Limits, clock: Arc<dyn Clock>) -> Router {
    let room = Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS));
    let limiter = Limiter { room, body: limits.body, body_timeout: limits.body_timeout, clock };
    router.layer(middleware::from_fn_with_state(Arc::new(limiter), check))
}

async fn check(State(limiter): State<Arc<Limiter>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let headers = head.headers.clone();
    // Whether the process is well is asked for all the more when it is busy.
    let is_probe = matches!(head.uri.path(), "/livez" | "/readyz");
    let permit = limiter.room.try_acquire().ok();
    if permit.is_none() && !is_probe {
        let busy = Refusal::new(ErrorKind::ResourceExhausted, "too many requests are under way; try again later");
        let mut response = busy.respond(&headers);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    }
    if body.size_hint().lower() > limiter.body as u64 {
        return too_large(limiter.body).respond(&headers);
    }
    let watch = Watch::default();
    let deadline = limiter.clock.sleep_until(limiter.clock.elapsed() + limiter.body_timeout);
    let body = Body::new(TimedBody::new(body, limiter.body, deadline, watch.clone()));
    let response = next.run(Request::from_parts(head, body)).await;
    match watch.breach() {
        None => response,
        Some(Breach::TooLarge) => too_large(limiter.body).respond(&headers),
        Some(Breach::TooSlow) => too_slow(limiter.body_timeout).respond(&headers),
    }
}

fn too_large(limit: usize) -> Refusal {
    let message = format!("the body is larger than {limit} bytes");
    Refusal::of(StatusCode::PAYLOAD_TOO_LARGE, "INVALID_ARGUMENT", message)
}

fn too_slow(limit: Duration) -> Refusal {
    let message = format!("the body did not arrive within {limit:?}");
    Refusal::of(StatusCode::REQUEST_TIMEOUT, "DEADLINE_EXCEEDED", message)
}
