//! A server that says what it is told to, whatever it is asked.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

/// A server on a port of its own. It takes one request per connection.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
    closed: mpsc::UnboundedReceiver<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// One that answers each request with these bytes and closes, or with nothing and waits.
    pub(crate) async fn answering(answer: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, requests) = mpsc::unbounded_channel();
        let (left, closed) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                asked.send(request).unwrap();
                match &answer {
                    // The client may have had enough of it.
                    Some(answer) => drop(stream.write_all(answer).await),
                    None => drop(stream.read_to_end(&mut Vec::new()).await),
                }
                left.send(()).unwrap();
            }
        });
        Self { address, requests, closed, task }
    }

    pub(crate) async fn saying(answer: &str) -> Self {
        Self::answering(Some(answer.as_bytes().to_vec())).await
    }

    /// The next request, head and body.
    pub(crate) async fn request(&mut self) -> String {
        self.requests.recv().await.unwrap()
    }

    /// How many requests came that nobody has looked at.
    pub(crate) fn unseen(&self) -> usize {
        self.requests.len()
    }

    /// Ends when a connection was closed by the client.
    pub(crate) async fn was_left(&mut self) {
        self.closed.recv().await.unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?a=b", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request; `None`: the client said nothing.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        if body.len() >= length {
            return Some(text);
        }
    }
}
