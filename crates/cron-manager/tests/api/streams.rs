use cron_manager::{
    ActiveRun,
    api::proto::{self, cron_job_update::Update, cron_manager_client::CronManagerClient, watch_event::Event},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::mpsc,
};
use tonic::transport::Endpoint;

use crate::client::{Server, error, invalid};

/// A server whose job `j` logs what it is told to, until it is told nothing more.
async fn server() -> (Server, mpsc::UnboundedSender<&'static str>) {
    let server = Server::start().await;
    let (lines, told) = mpsc::unbounded_channel();
    let told = std::sync::Arc::new(tokio::sync::Mutex::new(told));
    let handler = move |run: ActiveRun| {
        let told = std::sync::Arc::clone(&told);
        async move {
            while let Some(line) = told.lock().await.recv().await {
                run.log(line);
            }
        }
    };
    server.manager.job("j").run(handler).await.unwrap();
    server.manager.start();
    (server, lines)
}

/// The events of a stream over HTTP.
struct Events {
    lines: Lines<BufReader<OwnedReadHalf>>,
    /// A stream ends when its client has gone.
    _write: tokio::net::tcp::OwnedWriteHalf,
}

impl Events {
    async fn of(server: &Server, path: &str) -> Self {
        let (read, mut write) = TcpStream::connect(server.address()).await.unwrap().into_split();
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
        write.write_all(head.as_bytes()).await.unwrap();
        let mut this = Self { lines: BufReader::new(read).lines(), _write: write };
        assert_eq!(this.line().await, "HTTP/1.1 200 OK");
        loop {
            let line = this.line().await;
            if line.is_empty() {
                return this;
            }
            assert!(!line.starts_with("content-type") || line == "content-type: text/event-stream", "{line}");
        }
    }

    async fn line(&mut self) -> String {
        self.lines.next_line().await.unwrap().unwrap()
    }

    /// The data of the next event.
    async fn next(&mut self) -> Value {
        loop {
            if let Some(data) = self.line().await.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_run_is_followed_to_its_end_by_server_sent_events() {
    let (server, lines) = server().await;
    server.post("/v1/cron-config/1:trigger", "").await;
    let mut events = Events::of(&server, "/v1/cron-job/1/log").await;
    assert_eq!(events.next().await["cronJob"]["id"], "1");
    lines.send("one").unwrap();
    let (mut log, mut state) = (String::new(), String::new());
    let mut lines = Some(lines);
    while state != "succeeded" {
        let event = events.next().await;
        if let Some(text) = event["log"]["text"].as_str() {
            log += text;
        }
        if log == "one\n" {
            lines = None;
        }
        if let Some(word) = event["cronJob"]["state"].as_str() {
            state = word.to_owned();
        }
    }
    assert_eq!((log, lines.is_none()), ("one\n".to_owned(), true));
    assert_eq!(
        server.get("/v1/cron-job/1/log").await.json(),
        json!({"log": "one\n"}),
        "JSON, where no stream is asked for"
    );
}

#[tokio::test]
async fn a_run_is_followed_to_its_end_over_grpc() {
    let (server, lines) = server().await;
    server.post("/v1/cron-config/1:trigger", "").await;
    let channel = Endpoint::from_shared(format!("http://{}", server.address())).unwrap().connect().await.unwrap();
    let mut updates = CronManagerClient::new(channel)
        .follow_cron_job(proto::FollowCronJobRequest { id: 1 })
        .await
        .unwrap()
        .into_inner();
    drop(lines);
    let mut last = None;
    while let Some(update) = updates.message().await.unwrap() {
        last = update.update;
    }
    let Some(Update::CronJob(run)) = last else { panic!("{last:?}") };
    assert_eq!((run.id, &*run.state), (1, "succeeded"));
}

#[tokio::test]
async fn all_runs_are_watched_over_both_faces() {
    let (server, lines) = server().await;
    let channel = Endpoint::from_shared(format!("http://{}", server.address())).unwrap().connect().await.unwrap();
    let mut over_grpc =
        CronManagerClient::new(channel).watch_cron_jobs(proto::WatchCronJobsRequest {}).await.unwrap().into_inner();
    server.post("/v1/cron-config/1:trigger", "").await;
    let Some(Event::Started(started)) = over_grpc.message().await.unwrap().unwrap().event else { panic!("no start") };
    assert_eq!((started.id, &*started.state), (1, "running"));
    drop(lines);
    let Some(Event::Ended(ended)) = over_grpc.message().await.unwrap().unwrap().event else { panic!("no end") };
    assert_eq!((ended.id, &*ended.state), (1, "succeeded"));
}

#[tokio::test]
async fn a_stream_that_cannot_begin_is_an_error_like_any_other() {
    let server = Server::start().await;
    let accept = ["Accept: text/event-stream"];
    let missing = server.send("GET", "/v1/cron-job/7/log", &accept, "").await;
    assert_eq!(missing.error(), error(404, "NOT_FOUND"));
    let wrong = server.send("GET", "/v1/cron-job/x/log", &accept, "").await;
    assert_eq!(wrong.error(), invalid("id"));
}
