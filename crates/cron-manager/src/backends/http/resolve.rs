//! From names to addresses.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use async_trait::async_trait;
use url::{Host, Url};

use super::address::{Place, place};

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All of them. It is asked once for each call; who answers otherwise the next time gains nothing.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The machine's own way: its hosts file, its name servers.
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// The addresses that a URL leads to, each of which may be called. One that may not is enough to refuse them all.
///
/// Errors: a text that says why not.
pub(super) async fn addresses(
    url: &Url,
    resolver: &dyn Resolve,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, String> {
    let port = url.port_or_known_default().unwrap_or(80);
    let (host, found) = match url.host() {
        Some(Host::Ipv4(address)) => (address.to_string(), vec![(IpAddr::V4(address), port).into()]),
        Some(Host::Ipv6(address)) => (address.to_string(), vec![(IpAddr::V6(address), port).into()]),
        Some(Host::Domain(name)) => {
            let found = resolver.resolve(name, port).await;
            (name.to_owned(), found.map_err(|error| format!("the name {name} cannot be resolved: {error}"))?)
        }
        None => return Err("the URL names no host".into()),
    };
    if found.is_empty() {
        return Err(format!("the name {host} has no address"));
    }
    match found.iter().find_map(|address| refusal(address.ip(), allow_private)) {
        Some(why) => Err(format!("{host} {why}")),
        None => Ok(found),
    }
}

fn refusal(address: IpAddr, allow_private: bool) -> Option<String> {
    match place(address) {
        Place::Public => None,
        Place::Private(_) if allow_private => None,
        Place::Private(what) => Some(format!(
            "leads to {address}, which is {what}; such addresses are called only where the operator has set \
             http_allow_private_addresses (CRON_MANAGER_HTTP_ALLOW_PRIVATE_ADDRESSES=true)"
        )),
        Place::Nowhere(what) => Some(format!("leads to {address}, which is {what} and never called")),
    }
}
