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

/// One event for each message, its data the message as JSON; after an error, an event called `error` with what an answer would tell. The head goes
/// out at once, so that a client knows from when on it hears.
pub(super) fn events(answers: Answers, output: MessageDescriptor, text: JsonText) -> Response {
    let events = stream::unfold(Some(answers), move |answers| {
        let output = output.clone();
        async move {
            let mut answers = answers?;
            let message = answers.next().await;
            let event = message.and_then(|message| message.map(|message| to_json(&output, message, text)).transpose());
            match event {
                Ok(None) => None,
                Ok(Some(value)) => Some((event_of(None, &value.to_string()), Some(answers))),
                Err(status) => Some((failure(status), None)),
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

fn failure(status: Status) -> Result<Event, Status> {
    event_of(Some("error"), &Problem::from(status).to_aip().to_string())
}

fn event_of(name: Option<&str>, data: &str) -> Result<Event, Status> {
    let event = Event::default().data(data);
    Ok(name.map_or_else(|| event.clone(), |name| event.clone().event(name)))
}
