//! Clients that would wear a server out.

use std::time::Duration;

use cron_manager::api::serve::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::wire::{SOON, Serving};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The frames that the server sent, by their types.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while bytes.len() >= 9 {
        let length = usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2]);
        let end = (9 + length).min(bytes.len());
        frames.push((bytes[3], bytes[9..end].to_vec()));
        bytes = &bytes[end..];
    }
    frames
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_ends_the_connection() {
    let serving = Serving::start(Limits { head_timeout: SOON, ..Limits::default() }).await;
    let begun = [PREFACE, &frame(4, 0, 0, &[])].concat();
    let starts: [&[u8]; 5] = [b"", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", &PREFACE[..9], &begun];
    for start in starts {
        let mut client = serving.connect().await;
        client.write_all(start).await.unwrap();
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).contains("200 OK"), "{start:?}");
    }
    // Also on a connection that had a request before.
    let answer = serving.answer(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT").await;
    assert_eq!(answer.matches("200 OK").count(), 1, "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_given_up() {
    let serving = Serving::start(Limits { body_timeout: SOON, ..Limits::default() }).await;
    let answer = serving.answer(b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not arrive within"), "{answer}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let serving = Serving::start(Limits { body: 10, ..Limits::default() }).await;
    let send = async |head: &str, body: &str| {
        let head = format!("POST /length HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n\r\n");
        serving.answer((head + body).as_bytes()).await
    };
    assert!(send("Content-Length: 10", "1234567890").await.ends_with("10"));
    assert!(send("Transfer-Encoding: chunked", "a\r\n1234567890\r\n0\r\n\r\n").await.ends_with("10"));
    for (head, body) in [
        ("Content-Length: 11", ""),
        ("Content-Length: 99999999999999", ""),
        ("Transfer-Encoding: chunked", "6\r\n123456\r\n6\r\n123456\r\n"),
    ] {
        let answer = send(head, body).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let serving = Serving::start(Limits { head: 8 * 1024, ..Limits::default() }).await;
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(9 * 1024));
    let answer = serving.answer(long.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn streams_that_are_opened_and_taken_back_end_the_connection() {
    let serving = Serving::start(Limits { streams: 50, reset_streams: 10, ..Limits::default() }).await;
    let head = [&[0x82, 0x86, 0x84, 0x41, 9], &b"localhost"[..]].concat();
    let mut flood = [PREFACE, &frame(4, 0, 0, &[])].concat();
    for at in 0..500_u32 {
        flood.extend(frame(1, 5, 2 * at + 1, &head));
        flood.extend(frame(3, 0, 2 * at + 1, &8_u32.to_be_bytes()));
    }
    let (mut read, mut write) = serving.connect().await.into_split();
    let mut answer = Vec::new();
    let (_, _) = tokio::join!(write.write_all(&flood), read.read_to_end(&mut answer));
    let frames = frames(&answer);
    let (_, settings) = frames.iter().find(|(kind, _)| *kind == 4).expect("settings");
    assert!(
        settings.chunks(6).any(|setting| setting == [0, 3, 0, 0, 0, 50]),
        "the limit on streams is told: {settings:?}"
    );
    let (_, away) = frames.iter().find(|(kind, _)| *kind == 7).expect("GOAWAY");
    assert_eq!(away[4..8], 11_u32.to_be_bytes(), "ENHANCE_YOUR_CALM");
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused_and_probes_are_not() {
    let serving = Serving::start(Limits { requests: 1, ..Limits::default() }).await;
    let mut busy = serving.connect().await;
    busy.write_all(b"GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let get = async |path: &str| {
        serving.answer(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).await
    };
    // Until the first one is under way.
    let refused = loop {
        let answer = get("/").await;
        if !answer.starts_with("HTTP/1.1 200") {
            break answer;
        }
    };
    assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("retry-after: 1"), "{refused}");
    assert!(get("/livez").await.starts_with("HTTP/1.1 200"));
    drop(busy);
    while !get("/").await.starts_with("HTTP/1.1 200") {}
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits() {
    let serving = Serving::start(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = serving.connect().await;
    first.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut begun = [0; 15];
    first.read_exact(&mut begun).await.unwrap();
    let second = serving.answer(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut second = Box::pin(second);
    #[expect(clippy::disallowed_methods, reason = "that nothing happens can only be waited for")]
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut second).await;
    assert!(waited.is_err(), "{waited:?}");
    drop(first);
    assert!(second.await.starts_with("HTTP/1.1 200"));
}
