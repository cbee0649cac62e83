//! The limits of one request.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::header,
    middleware::{self, Next},
    response::Response,
};
use tokio::sync::Semaphore;

use super::{
    super::problem::Problem,
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
        let busy = Problem::new(ErrorKind::ResourceExhausted, "too many requests are under way; try again later");
        return busy.with_header(header::RETRY_AFTER, "1").respond(&headers);
    }
    if body.size_hint().lower() > limiter.body as u64 {
        return Problem::too_large(limiter.body).respond(&headers);
    }
    let watch = Watch::default();
    let deadline = limiter.clock.sleep_until(limiter.clock.elapsed() + limiter.body_timeout);
    let body = Body::new(TimedBody::new(body, limiter.body, deadline, watch.clone()));
    let response = next.run(Request::from_parts(head, body)).await;
    match watch.breach() {
        None => response,
        Some(Breach::TooLarge) => Problem::too_large(limiter.body).respond(&headers),
        Some(Breach::TooSlow) => Problem::too_slow(limiter.body_timeout).respond(&headers),
    }
}
