//! A port for a server.

use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::{Ipv4Addr, TcpListener},
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
    },
};

/// Below the ports that systems give to outgoing connections: those could take a server's port while it is down, and a client
/// that knocks at such a port long enough connects to itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A loopback port where nobody listens now; not one that this process was given a moment ago.
pub(crate) fn free() -> io::Result<u16> {
    const TRIES: u16 = 100;
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(RandomState::new().hash_one(0) as u16));
    let ports = (0..TRIES).map(|_| PORTS.start + NEXT.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start));
    let mut free = ports.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().ok_or_else(|| io::Error::other(format!("none of {TRIES} loopback ports is free")))
}
