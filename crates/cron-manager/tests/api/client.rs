//! A server for one test, and a client that sends exactly the bytes it is told to.

use std::{future::pending, net::SocketAddr, sync::Arc};

use cron_manager::{
    CronManager,
    api::{
        OriginalService,
        access::Access,
        rest,
        serve::{self, ServeOptions},
    },
    backends::{
        memory::MemoryStore,
        system::{SystemClock, TokioSpawn},
    },
    contracts::{Spawn, Store},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub(crate) struct Server {
    pub(crate) manager: CronManager,
    pub(crate) store: Arc<dyn Store>,
    address: SocketAddr,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: Vec<(String, String)>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::over(Arc::new(MemoryStore::new(Arc::new(SystemClock)))).await
    }

    pub(crate) async fn over(store: Arc<dyn Store>) -> Self {
        Self::made(store, &[]).await
    }

    /// A server with the original library's methods under these names, too.
    pub(crate) async fn with(services: &[OriginalService]) -> Self {
        Self::made(Arc::new(MemoryStore::new(Arc::new(SystemClock))), services).await
    }

    async fn made(store: Arc<dyn Store>, services: &[OriginalService]) -> Self {
        let manager = CronManager::builder().store(Arc::clone(&store)).build().await.unwrap();
        Self::of(manager, store, services).await
    }

    /// A server with these keys for what is kept encrypted.
    pub(crate) async fn keyed(keys: &str) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
        let manager = CronManager::builder().store(Arc::clone(&store)).encryption_keys(keys).build().await.unwrap();
        Self::of(manager, store, &[]).await
    }

    async fn of(manager: CronManager, store: Arc<dyn Store>, services: &[OriginalService]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let face =
            services.iter().fold(rest::Face::new(manager.clone()), |face, service| face.service(service.clone()));
        let options = ServeOptions::new(Access::new(&manager));
        let served = serve::serve(listener, face.routes(), options, pending());
        TokioSpawn.spawn(Box::pin(async move { served.await.unwrap() }));
        Self { manager, store, address }
    }

    /// A server that takes bodies of up to so many bytes.
    pub(crate) async fn with_max_body(bytes: usize) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
        let manager = CronManager::builder().store(Arc::clone(&store)).build().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut options = ServeOptions::new(Access::new(&manager));
        options.limits.body = bytes;
        let routes = rest::Face::new(manager.clone()).max_body(bytes).routes();
        let served = serve::serve(listener, routes, options, pending());
        TokioSpawn.spawn(Box::pin(async move { served.await.unwrap() }));
        Self { manager, store, address }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[JSON], body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> Answer {
        self.send("PUT", path, &[JSON], body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &str) -> Answer {
        self.send("PATCH", path, &[JSON], body).await
    }

    /// Creates a config and returns what was answered.
    pub(crate) async fn create(&self, body: &str) -> Value {
        let answer = self.post("/v1/cron-config", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["cronConfig"].take()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
        let host = format!("Host: {}", self.address);
        self.send_as(&host, method, path, headers, body.as_ref()).await
    }

    pub(crate) async fn send_as(&self, host: &str, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), "Connection: close".into()];
        lines.extend([host].iter().chain(headers).filter(|line| !line.is_empty()).map(|line| line.to_string()));
        if !body.is_empty() {
            lines.push(format!("Content-Length: {}", body.len()));
        }
        let head = lines.join("\r\n") + "\r\n\r\n";
        Answer::parse(&String::from_utf8(self.exchange(&[head.as_bytes(), body].concat()).await).unwrap())
    }

    /// The bytes of the answer, whatever they are.
    pub(crate) async fn send_raw(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            self.address,
            body.len()
        );
        self.exchange(&[head.as_bytes(), body].concat()).await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    async fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let (mut read, mut write) = TcpStream::connect(self.address).await.unwrap().into_split();
        let mut answer = Vec::new();
        // A server that has refused a body may close before it is all sent.
        let (_, received) = tokio::join!(write.write_all(request), read.read_to_end(&mut answer));
        received.unwrap();
        answer
    }
}

pub(crate) const JSON: &str = "Content-Type: application/json";

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(k, v)| (k.to_lowercase(), v.to_owned()));
        Self { status, headers: headers.collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// Status, word and field of an error in the AIP-193 form.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let error = &self.json()["error"];
        assert_eq!(error["code"], self.status, "{}", self.body);
        assert!(!error["message"].as_str().unwrap().is_empty());
        let field = error["details"][0]["fieldViolations"][0]["field"].as_str().unwrap_or_default();
        (self.status, error["status"].as_str().unwrap().into(), field.into())
    }
}

/// What [`Answer::error`] returns for wrong input in `field`.
pub(crate) fn invalid(field: &str) -> (u16, String, String) {
    (400, "INVALID_ARGUMENT".into(), field.into())
}

/// What [`Answer::error`] returns for an error that is about no field.
pub(crate) fn error(status: u16, word: &str) -> (u16, String, String) {
    (status, word.into(), String::new())
}
