//! Asking a server, and keeping every byte that it answers.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::canary::Place;

/// What a server has answered. Clones are the same record.
#[derive(Clone, Default)]
pub(super) struct Record(Arc<Mutex<Vec<Place>>>);

impl Record {
    pub(super) fn add(&self, place: &str, bytes: &[u8]) {
        self.0.lock().unwrap().push((place.to_owned(), bytes.to_vec()));
    }

    pub(super) fn places(&self) -> Vec<Place> {
        self.0.lock().unwrap().clone()
    }
}

/// The answer to a request: its status, and all of it.
pub(super) fn send(address: &str, line: &str, headers: &[String], body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

/// Stands before a server, and records what it sends, under the name that is told at the time. Returns where.
pub(super) fn proxy(server: String, record: Record, name: Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let name = name.lock().unwrap().clone();
            let Ok(server) = TcpStream::connect(&server) else { return };
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || copy(from, to, |_| {}));
            let record = record.clone();
            thread::spawn(move || {
                let mut all = Vec::new();
                copy(server, client, |bytes| all.extend_from_slice(bytes));
                record.add(&name, &all);
            });
        }
    });
    address
}

fn copy(mut from: TcpStream, mut to: TcpStream, mut seen: impl FnMut(&[u8])) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        seen(&bytes[..length]);
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// A server that is called by jobs, and records the calls. Returns where.
pub(super) fn receiver(record: Record) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = Vec::new();
            let mut bytes = [0; 4096];
            // The body comes with the head, or is not looked at.
            while let Ok(length @ 1..) = stream.read(&mut bytes) {
                request.extend_from_slice(&bytes[..length]);
                if request.windows(4).any(|window| window == b"\r\n\r\n") {
                    break;
                }
            }
            record.add("a call of a job", &request);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    address
}
