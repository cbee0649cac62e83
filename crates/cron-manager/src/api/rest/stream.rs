//! Streams as server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use axum::{
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use prost_reflect::MessageDescriptor;
use tonic::Status;

use super::answers::Answers;
use crate::api::{
    problem::Problem,
    wire::{JsonText, to_json},
};

/// Whether a stream is wanted where there is a choice.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accept.flat_map(|value| value.split(',')).any(|range| range.trim().starts_with("text/event-stream"))
}

/// One event for each message, its data the message as JSON; after an error, an event called `error` with what an answer would tell. A stream that
/// fails at once is an error and no stream.
pub(super) async fn events(
    mut answers: Answers,
    output: MessageDescriptor,
    text: JsonText,
) -> Result<Response, Problem> {
    let first = answers.next().await?;
    let state = first.map(|first| (Some(first), answers));
    let events = stream::unfold(state, move |state| {
        let output = output.clone();
        async move {
            let (ready, mut answers) = state?;
            let message = match ready {
                Some(message) => Ok(Some(message)),
                None => answers.next().await,
            };
            let event = message.and_then(|message| message.map(|message| to_json(&output, message, text)).transpose());
            match event {
                Ok(None) => None,
                Ok(Some(value)) => Some((event_of(None, &value.to_string()), Some((None, answers)))),
                Err(status) => Some((failure(status), None)),
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

fn failure(status: Status) -> Result<Event, Status> {
    event_of(Some("error"), &Problem::from(status).to_aip().to_string())
}

fn event_of(name: Option<&str>, data: &str) -> Result<Event, Status> {
    let event = Event::default().data(data);
    Ok(name.map_or_else(|| event.clone(), |name| event.clone().event(name)))
}
