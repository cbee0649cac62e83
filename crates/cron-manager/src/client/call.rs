//! One call: who asks and why, how long it may take, what is asked again.

use std::{future::Future, time::Duration};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tonic::{Code, Request, Response, Status, transport::Channel};

use super::{Client, error, proto::cron_manager_client::CronManagerClient};
use crate::{Error, Result};

pub(super) type Grpc = CronManagerClient<Channel>;

/// The largest answer, in bytes: a page of 100 configs or runs with the largest texts has less.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// How long it waits before it asks again.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(200), Duration::from_millis(400)];

/// What a header carries as `%XX`: it is ASCII, and `%` means itself no more.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Whether a call changes anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Writes,
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

    async fn call<Q: Clone, A, F>(&self, effect: Effect, asked: Q, ask: impl Fn(Grpc, Request<Q>) -> F) -> Result<A>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let attempts = async {
            let mut pauses = PAUSES.into_iter();
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
        let perhaps = if effect == Effect::Writes { "; the change may have been made" } else { "" };
        Error::unavailable(format!("{} did not answer within {:?}{perhaps}", self.url, self.call_timeout))
    }
}

/// What was never sent has done nothing, and reading twice does no harm.
fn may_ask_again(effect: Effect, status: &Status) -> bool {
    let is_away = status.code() == Code::Unavailable || error::has_no_answer(status);
    error::was_not_sent(status) || (effect == Effect::Reads && is_away)
}
