//! A body that is counted and timed.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
};
use hyper::body::{Frame, SizeHint};

use crate::contracts::BoxFuture;

/// Which limit a body broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breach {
    TooLarge,
    TooSlow,
}

/// Tells whether a body that somebody else reads broke a limit.
#[derive(Clone, Default)]
pub(super) struct Watch(Arc<AtomicU8>);

impl Watch {
    pub(super) fn breach(&self) -> Option<Breach> {
        [Breach::TooLarge, Breach::TooSlow]
            .into_iter()
            .find(|breach| *breach as u8 + 1 == self.0.load(Ordering::Relaxed))
    }

    fn tell(&self, breach: Breach) -> BoxError {
        self.0.store(breach as u8 + 1, Ordering::Relaxed);
        io::Error::other("the body is over a limit").into()
    }
}

/// A body that ends with an error when it has more bytes than it may, or takes longer.
pub(super) struct TimedBody {
    body: Body,
    left: usize,
    deadline: BoxFuture<()>,
    watch: Watch,
}

impl TimedBody {
    pub(super) fn new(body: Body, limit: usize, deadline: BoxFuture<()>, watch: Watch) -> Self {
        Self { body, left: limit, deadline, watch }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(self.watch.tell(Breach::TooSlow))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context)?);
        if let Some(data) = frame.as_ref().and_then(Frame::data_ref) {
            match self.left.checked_sub(data.len()) {
                Some(left) => self.left = left,
                None => return Poll::Ready(Some(Err(self.watch.tell(Breach::TooLarge)))),
            }
        }
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
