//! The messages of a gRPC answer, as they come.

use axum::{
    body::{Body, Bytes},
    http::Response,
};
use http_body_util::BodyExt;
use prost::bytes::{Buf, BytesMut};
use tonic::{Code, Status};

/// The head of a message: whether it is compressed, and its length.
const HEAD: usize = 5;

/// The messages that are still to come.
pub(super) struct Answers {
    body: Body,
    /// What came and is no whole message yet.
    buffer: BytesMut,
}

impl Answers {
    /// Those of an answer, unless it is an error alone.
    pub(super) fn of(response: Response<Body>) -> Result<Self, Status> {
        match Status::from_header_map(response.headers()) {
            Some(status) if status.code() != Code::Ok => Err(status),
            _ => Ok(Self { body: response.into_body(), buffer: BytesMut::new() }),
        }
    }

    /// The next message; none after the last one, when all went well.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.whole()? {
                return Ok(Some(message));
            }
            let frame = self.body.frame().await.ok_or_else(|| Status::unknown("the answer has no status"))?;
            let frame = frame.map_err(|error| Status::unknown(format!("the answer broke off: {error}")))?;
            match frame.into_data() {
                Ok(data) => self.buffer.extend_from_slice(&data),
                Err(frame) => {
                    let status = frame.trailers_ref().and_then(Status::from_header_map);
                    let status = status.ok_or_else(|| Status::unknown("the answer has no status"))?;
                    return if status.code() == Code::Ok { Ok(None) } else { Err(status) };
                }
            }
        }
    }

    /// The message at the front of the buffer, when it is all there.
    fn whole(&mut self) -> Result<Option<Bytes>, Status> {
        let Some([compressed, length @ ..]) = self.buffer.first_chunk::<HEAD>() else { return Ok(None) };
        if *compressed != 0 {
            return Err(Status::internal("the answer is compressed"));
        }
        let end = HEAD + u32::from_be_bytes(*length) as usize;
        if self.buffer.len() < end {
            return Ok(None);
        }
        let mut message = self.buffer.split_to(end);
        message.advance(HEAD);
        Ok(Some(message.freeze()))
    }
}
