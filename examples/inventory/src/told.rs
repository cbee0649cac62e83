//! Waits until the service is told to end.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Ends at Ctrl-C or SIGTERM.
pub(crate) fn to_end() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
