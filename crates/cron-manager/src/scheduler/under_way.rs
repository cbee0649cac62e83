//! Under way: what a shutdown has to wait for besides live runs.

use std::time::Duration;

use tokio::sync::watch;

use crate::contracts::Clock;

/// How many pieces of some work are being done.
pub(super) struct UnderWay(watch::Sender<usize>);

/// One piece of it, as long as it lives.
pub(super) struct Piece<'a>(&'a UnderWay);

impl UnderWay {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Begins a piece.
    pub(super) fn begin(&self) -> Piece<'_> {
        self.0.send_modify(|count| *count += 1);
        Piece(self)
    }

    /// Ends when there is none, or after `limit`.
    pub(super) async fn none(&self, limit: Duration, clock: &dyn Clock) {
        let mut count = self.0.subscribe();
        tokio::select! {
            biased;
            // The sender lives as long as `self`, so waiting cannot fail.
            _ = count.wait_for(|count| *count == 0) => {}
            () = clock.sleep_until(clock.elapsed() + limit) => {}
        }
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}
