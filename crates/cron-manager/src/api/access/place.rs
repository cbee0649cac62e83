//! Keeps web pages out: a browser may be made to send requests here by any page it shows.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts, uri::Authority};

use crate::{ErrorKind, api::problem::Problem};

fn refused(why: &str) -> Problem {
    Problem::new(ErrorKind::PermissionDenied, why)
}

/// The host that a request names: the target's, as HTTP/2 has it, or the one of the header.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (uri.authority(), hosts.next(), hosts.next()) {
        (Some(authority), None, _) => Some(authority.as_str()),
        (authority, Some(host), None) => {
            let host = host.to_str().ok()?;
            authority.is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(host)).then_some(host)
        }
        _ => None,
    }
}

/// Lets a request through that names this machine as its host. A name that an attacker's DNS points at this machine is still the
/// attacker's name (DNS rebinding).
pub(super) fn check_host(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    match host(uri, headers) {
        None => Err(refused("the request must have one Host header, the same as in its target")),
        Some(host) if is_loopback(host) => Ok(()),
        Some(_) => Err(refused("the Host header must name this machine: localhost, 127.0.0.1 or [::1]")),
    }
}

/// Lets a request through that comes from no web page, from one of this server's own, or from one of the origins that are `allowed`. A page
/// of another origin cannot hide its `Origin`.
pub(super) fn check_origin(allowed: &[String], uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let own = host(uri, headers);
    let may = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        is_allowed(allowed, origin)
            || authority.zip(own).is_some_and(|(authority, own)| authority.eq_ignore_ascii_case(own))
    };
    if headers.get_all(header::ORIGIN).iter().all(may) {
        return Ok(());
    }
    Err(refused("requests from web pages of another origin are refused; the setting allowed_origins lets them in"))
}

fn is_allowed(allowed: &[String], origin: &str) -> bool {
    allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
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

/// What a browser must be told so that it lets a page of an allowed origin ask (the Fetch standard, "CORS protocol").
pub(super) struct Sharing(Option<HeaderValue>);

impl Sharing {
    pub(super) fn of(allowed: &[String], headers: &HeaderMap) -> Self {
        let origin = headers.get(header::ORIGIN);
        Self(origin.filter(|origin| origin.to_str().is_ok_and(|origin| is_allowed(allowed, origin))).cloned())
    }

    /// Whether a page of an allowed origin asks whether it may ask; that shows no token.
    pub(super) fn is_preflight(&self, head: &Parts) -> bool {
        let asks = head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        self.0.is_some() && head.method == Method::OPTIONS && asks
    }

    pub(super) fn add(self, to: &mut HeaderMap) {
        const NAMES: &str =
            "Authorization, Content-Type, If-Match, Cron-Manager-Reason, X-Grpc-Web, X-User-Agent, Grpc-Timeout";
        let Some(origin) = self.0 else { return };
        to.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let fixed: [(HeaderName, &str); 4] = [
            (header::VARY, "Origin"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, NAMES),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag, Grpc-Status, Grpc-Message"),
        ];
        for (name, value) in fixed {
            to.append(name, HeaderValue::from_static(value));
        }
    }
}
