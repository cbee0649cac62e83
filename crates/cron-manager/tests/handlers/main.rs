//! What a handler may take and return, and how jobs are declared, held to what the docs promise, on a clock that is turned by hand.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![forbid(unsafe_code)]

mod declared;
mod extractors;
mod functions;
mod service;
mod services;
