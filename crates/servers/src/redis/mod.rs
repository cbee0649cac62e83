//! A Redis of one's own.

mod ask;
mod cluster;
mod node;
mod sentinel;

use std::io;

pub use cluster::RedisCluster;
pub use sentinel::RedisSentinel;

use ask::ask;
use node::{Mode, Node};

/// A Redis in a folder of its own, on a loopback port of its own, which it keeps. It lets everybody on this machine in, and
/// forgets everything when it ends. Ended, and its folder removed, when this is dropped.
pub struct Redis(Node);

impl Redis {
    /// Starts one that keeps what it holds in memory alone.
    ///
    /// Errors: Redis is not installed; it does not start (with its log).
    pub fn start() -> io::Result<Self> {
        Node::start(Mode::Server, "").map(Self)
    }

    /// Starts one that keeps what it acknowledged through a restart and a kill (`appendonly yes`).
    ///
    /// Errors: as [`Redis::start`].
    pub fn durable() -> io::Result<Self> {
        Node::start(Mode::Server, "appendonly yes\nappendfsync always").map(Self)
    }

    /// Makes one that does not run yet: [`Redis::restart`] starts it, at the address that it has from now on.
    ///
    /// Errors: Redis is not installed.
    pub fn ended() -> io::Result<Self> {
        Node::new(Mode::Server, "").map(Self)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.0.port())
    }

    /// The port where it listens.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// The id of its process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.0.process_id()
    }

    /// Kills it at once, as a crash would. [`Redis::restart`] brings it back.
    ///
    /// Errors: it does not end.
    pub fn kill(&mut self) -> io::Result<()> {
        self.0.kill()
    }

    /// Stops it in order.
    ///
    /// Errors: it does not end.
    pub fn stop(&mut self) -> io::Result<()> {
        self.0.stop()
    }

    /// Stops it in order if it runs, and starts it again on the same port.
    ///
    /// Errors: it does not end, or does not start (with its log).
    pub fn restart(&mut self) -> io::Result<()> {
        self.0.stop()?;
        self.0.launch()
    }

    /// Holds it still, until [`Redis::resume`].
    ///
    /// Errors: the system's.
    pub fn pause(&self) -> io::Result<()> {
        self.0.pause()
    }

    /// Lets it go on.
    ///
    /// Errors: the system's.
    pub fn resume(&self) -> io::Result<()> {
        self.0.resume()
    }

    /// Makes it forget everything (`FLUSHALL`).
    ///
    /// Errors: it does not answer.
    pub fn flush(&self) -> io::Result<()> {
        self.ask(&["FLUSHALL"]).map(drop)
    }

    /// What it answers to a command, its parts one a line; nothing where it answers that there is nothing.
    ///
    /// Errors: no answer within a second; its own, by their text.
    pub fn ask(&self, words: &[&str]) -> io::Result<String> {
        ask(self.0.port(), words)
    }
}
