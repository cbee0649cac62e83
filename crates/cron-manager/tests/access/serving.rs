//! One port for HTTP/1.1 and HTTP/2, and its end.

use std::{future::ready, time::Duration};

use axum::http::Request;
use cron_manager::{
    ErrorKind,
    api::serve::{Limits, ServeOptions, serve},
    domain::TokenHash,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::wire::{Serving, open, routes};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn both_versions_of_http_are_served_on_one_port() {
    let serving = Serving::start(Limits::default()).await;
    let answer = serving.answer(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("hello"), "{answer}");
    let (mut client, connection) = h2::client::handshake(serving.connect().await).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test on a runtime of its own")]
    tokio::spawn(connection);
    let request = Request::post("http://localhost/length").body(()).unwrap();
    let (response, mut body) = client.send_request(request, false).unwrap();
    body.send_data("12345".into(), true).unwrap();
    let response = response.await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["x-content-type-options"].as_bytes()),
        (200, &b"nosniff"[..])
    );
    let mut body = response.into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "5");
}

#[tokio::test]
async fn at_the_end_idle_connections_are_closed_and_requests_under_way_finish() {
    // No limit ends the idle one.
    let serving = Serving::start(Limits { head_timeout: Duration::from_secs(3_600), ..Limits::default() }).await;
    let mut idle = serving.connect().await;
    idle.write_all(GET).await.unwrap();
    let mut first = [0; 17];
    idle.read_exact(&mut first).await.unwrap();
    let mut busy = serving.connect().await;
    busy.write_all(b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n123").await.unwrap();
    // It is under way when a third connection, begun later, is answered.
    serving.answer(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let finish = async {
        let mut rest = String::new();
        idle.read_to_string(&mut rest).await.unwrap();
        busy.write_all(b"45").await.unwrap();
        rest.clear();
        busy.read_to_string(&mut rest).await.unwrap();
        assert!(rest.starts_with("HTTP/1.1 200") && rest.ends_with('5'), "{rest}");
    };
    tokio::join!(serving.stop(), finish);
}

#[tokio::test]
async fn who_drops_the_server_ends_all_connections() {
    let serving = Serving::start(Limits::default()).await;
    let mut busy = serving.connect().await;
    busy.write_all(b"GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    serving.answer(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    serving.drop().await;
    let mut answer = Vec::new();
    let _ = busy.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
}

#[tokio::test]
async fn other_machines_are_let_in_only_with_tokens_that_nobody_can_read() {
    let operator = || open().operator(TokenHash::of("an-operator-s-own"));
    for address in ["0.0.0.0:0", "[::]:0"] {
        let Ok(listener) = TcpListener::bind(address).await else { continue };
        let address = listener.local_addr().unwrap();
        for (options, mend) in [
            (ServeOptions::new(open()), "tls_cert"),
            (ServeOptions::new(operator()), "insecure"),
            (ServeOptions { insecure: true, ..ServeOptions::new(open()) }, "CRON_MANAGER_TOKEN"),
        ] {
            let refused = options.check(address).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::FailedPrecondition);
            assert!(refused.to_string().contains(mend), "{refused}");
            let listener =
                TcpListener::bind(address.ip().to_string() + ":0").await.or(TcpListener::bind("[::]:0").await).unwrap();
            let refused = serve(listener, routes(), options, ready(())).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::FailedPrecondition);
        }
        let options = ServeOptions { insecure: true, ..ServeOptions::new(operator()) };
        serve(listener, routes(), options, ready(())).await.unwrap();
    }
}
