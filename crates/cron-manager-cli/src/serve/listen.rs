//! Where the HTTP face listens.

use std::{io::ErrorKind, net::SocketAddr};

use tokio::net::{TcpListener, lookup_host};

use crate::{failure::Failure, terminal::say};

const DEFAULT: &str = "127.0.0.1:8787";
const FREE: &str = "127.0.0.1:0";

/// Listens at `address`, or at the default address, and at a free port when that is taken.
pub(super) async fn listen(address: Option<&str>) -> Result<TcpListener, Failure> {
    let Some(address) = address else {
        return match TcpListener::bind(DEFAULT).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                say(format_args!("{DEFAULT} is taken; a free port is used instead"));
                bind(&[SocketAddr::from(([127, 0, 0, 1], 0))], FREE).await
            }
            listener => listener.map_err(|error| cannot(DEFAULT, &error)),
        };
    };
    bind(&loopback(address).await?, address).await
}

async fn bind(addresses: &[SocketAddr], shown: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(addresses).await.map_err(|error| cannot(shown, &error))
}

fn cannot(address: &str, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("cannot listen on {address}: {error}"))
}

/// What the address stands for, if only this machine can reach it.
async fn loopback(address: &str) -> Result<Vec<SocketAddr>, Failure> {
    let found = lookup_host(address).await.map_err(|error| {
        Failure::Usage(format!("`{address}` is no address to listen on ({error}); write one such as {DEFAULT}"))
    })?;
    let addresses: Vec<SocketAddr> = found.collect();
    match addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()) {
        Some(open) => Err(Failure::Usage(format!(
            "{open} can be reached from other machines, and there are no access tokens yet: listen on a loopback \
             address such as {DEFAULT}"
        ))),
        None => Ok(addresses),
    }
}
