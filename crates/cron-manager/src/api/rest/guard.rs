//! Keeps web pages out: a browser on this machine may be made to send requests here by any page it shows.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::Problem;

/// Lets a request through when it names this machine as its host, and comes from no other origin. No answer may be
/// cached or taken for something else than it says it is.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let mut response = match refuse(request.uri(), request.headers()) {
        Some(why) => Problem::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", why).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Why the request is not let through. A name that an attacker's DNS points at this machine is still the attacker's name
/// in `Host` (DNS rebinding), and a page of another origin cannot hide its `Origin`.
fn refuse(uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
        return Some("the request must have one Host header");
    };
    let named = |authority: &str| is_loopback(authority) && authority.eq_ignore_ascii_case(host);
    if !is_loopback(host) || uri.authority().is_some_and(|authority| !named(authority.as_str())) {
        return Some("the Host header must name this machine: localhost, 127.0.0.1 or [::1]");
    }
    let same = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).is_some_and(named)
    };
    let foreign = headers.get_all(header::ORIGIN).iter().any(|origin| !same(origin));
    foreign.then_some("requests from web pages of another origin are refused")
}

/// Whether an authority, `host:port`, is a loopback name or address.
fn is_loopback(authority: &str) -> bool {
    let Ok(parsed) = authority.parse::<Authority>() else { return false };
    let host = parsed.host();
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    !authority.contains('@')
        && (host.eq_ignore_ascii_case("localhost")
            || host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
            || v6.is_some_and(|host| host.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback())))
}
