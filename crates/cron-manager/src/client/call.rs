//! One call: who asks and why, how long it may take, what is asked again.

use std::{future::Future, time::Duration};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tonic::{Code, Request, Response, Status, transport::Channel};

use super::{Client, error, proto::cron_manager_client::CronManagerClient};
use crate::{Error, Result, backends::system::SystemRandomness, contracts::Randomness};

pub(super) type Grpc = CronManagerClient<Channel>;

/// The largest answer, in bytes: a page of 100 configs or runs with the largest texts has less.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// How long it waits before it asks again for the first time; twice as long each time, up to the longest pause.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a header carries as `%XX`: it is ASCII, and `%` means itself no more.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Whether a call changes anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Writes,
    /// It carries a request id: asked twice, it is done once.
    WritesOnce,
}

impl Effect {
    /// That of a write under this request id; empty: it has none.
    fn under(request_id: &str) -> Self {
        if request_id.is_empty() { Self::Writes } else { Self::WritesOnce }
    }
}

impl Client {
    /// Asks for what only reads; asked again when there is no answer.
    pub(super) async fn read<Q: Clone, A, F>(&self, asked: Q, ask: impl Fn(Grpc, Request<Q>) -> F) -> Result<A>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        self.call(Effect::Reads, asked, ask).await
    }

    /// Asks for a change.
    pub(super) async fn write<Q: Clone, A, F>(&self, asked: Q, ask: impl Fn(Grpc, Request<Q>) -> F) -> Result<A>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        self.call(Effect::Writes, asked, ask).await
    }

    /// Asks for a change that is done once under its request id, if it has one; then it is asked again when there is no answer.
    pub(super) async fn write_once<Q: Clone, A, F>(
        &self,
        request_id: &str,
        asked: Q,
        ask: impl Fn(Grpc, Request<Q>) -> F,
    ) -> Result<A>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        self.call(Effect::under(request_id), asked, ask).await
    }

    async fn call<Q: Clone, A, F>(&self, effect: Effect, asked: Q, ask: impl Fn(Grpc, Request<Q>) -> F) -> Result<A>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let attempts = async {
            let mut pauses = (0..self.repeats).map(pause);
            loop {
                let grpc = CronManagerClient::new(self.channel.clone()).max_decoding_message_size(MAX_BYTES);
                let status = match ask(grpc, self.request(asked.clone())?).await {
                    Ok(answer) => return Ok(answer.into_inner()),
                    Err(status) => status,
                };
                match pauses.next().filter(|_| may_ask_again(effect, &status)) {
                    Some(pause) => self.clock.sleep_until(self.clock.elapsed() + pause).await,
                    None => return Err(error::of(&status, &self.url)),
                }
            }
        };
        tokio::select! {
            answer = attempts => answer,
            () = self.clock.sleep_until(self.clock.elapsed() + self.call_timeout) => Err(self.late(effect)),
        }
    }

    fn request<Q>(&self, asked: Q) -> Result<Request<Q>> {
        let mut request = Request::new(asked);
        let metadata = request.metadata_mut();
        if let Some(authorization) = &self.authorization {
            metadata.insert("authorization", authorization.clone());
        }
        if let Some(reason) = &self.reason {
            let value = utf8_percent_encode(reason, ESCAPED).to_string().parse();
            let value = value.map_err(|_| Error::invalid("reason", "holds what no header can carry"))?;
            metadata.insert("cron-manager-reason", value);
        }
        if let Some(value) = self.asked_in.and_then(|trace| trace.to_string().parse().ok()) {
            metadata.insert("traceparent", value);
        }
        Ok(request)
    }

    fn late(&self, effect: Effect) -> Error {
        let perhaps = if effect != Effect::Reads { "; the change may have been made" } else { "" };
        Error::unavailable(format!("{} did not answer within {:?}{perhaps}", self.url, self.call_timeout))
    }
}

/// The pause after so many repeats: between half and all of its length, so that clients that lost the same server do not come back together.
fn pause(repeats: u32) -> Duration {
    let length = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(repeats)).min(LONGEST_PAUSE);
    length.mul_f64(0.5 + SystemRandomness.fraction() / 2.0)
}

/// What was never sent has done nothing, and reading twice, or asking twice under one request id, does no harm.
fn may_ask_again(effect: Effect, status: &Status) -> bool {
    let is_away = status.code() == Code::Unavailable || error::has_no_answer(status);
    error::was_not_sent(status) || (effect != Effect::Writes && is_away)
}
