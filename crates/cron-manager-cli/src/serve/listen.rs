//! Where the HTTP face listens.

use std::{io::ErrorKind, net::SocketAddr};

use tokio::net::{TcpListener, lookup_host};

use cron_manager::{Settings, settings::Source};

use crate::{failure::Failure, terminal::say};

const FREE: &str = "127.0.0.1:0";

/// Listens where the settings say; at a free port when nobody said anything and the default address is taken.
pub(super) async fn listen(settings: &Settings) -> Result<TcpListener, Failure> {
    let address = settings.listen.as_str();
    match TcpListener::bind(&*resolve(settings).await?).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse && settings.source("listen") == Source::Default => {
            say(format_args!("{address} is taken; a free port is used instead"));
            TcpListener::bind(FREE).await.map_err(|error| cannot(FREE, &error))
        }
        listener => listener.map_err(|error| cannot(address, &error)),
    }
}

fn cannot(address: &str, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("cannot listen on {address}: {error}"))
}

/// What the address stands for. What other machines reach must not see tokens travel in the clear: that is refused before anything is opened.
async fn resolve(settings: &Settings) -> Result<Vec<SocketAddr>, Failure> {
    let address = settings.listen.as_str();
    let found = lookup_host(address).await.map_err(|error| {
        Failure::Usage(format!("`{address}` is no address to listen on ({error}); write one such as {FREE}"))
    })?;
    let addresses: Vec<SocketAddr> = found.collect();
    let in_the_clear = settings.http.tls_cert.is_none() && !settings.http.insecure;
    match addresses.iter().find(|address| in_the_clear && !address.ip().to_canonical().is_loopback()) {
        Some(open) => Err(Failure::Usage(format!(
            "{open} can be reached from other machines, and tokens would travel unencrypted: set tls_cert and tls_key, or insecure where a \
             proxy encrypts, or listen on a loopback address such as {FREE}"
        ))),
        None => Ok(addresses),
    }
}
