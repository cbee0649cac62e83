//! A Redis behind a Sentinel of one's own.

use std::io;

use super::{
    ask::ask,
    node::{Mode, Node},
};

/// What the Sentinel calls the service.
const SERVICE: &str = "cron";

/// A master, its replica, and a Sentinel that watches them. Ended when this is dropped.
pub struct RedisSentinel {
    servers: [Node; 2],
    sentinel: Node,
}

impl RedisSentinel {
    /// Starts them, and waits until the Sentinel knows the replica as one that it could promote.
    ///
    /// Errors: Redis is not installed; they do not start (with their log).
    pub fn start() -> io::Result<Self> {
        let master = Node::start(Mode::Server, "")?;
        let replica = format!("replicaof 127.0.0.1 {}\nrepl-diskless-sync-delay 0", master.port());
        let replica = Node::start(Mode::Server, &replica)?;
        replica.wait_for(&["INFO", "replication"], |info| info.contains("master_link_status:up"))?;
        let settings = format!(
            "sentinel monitor {SERVICE} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {SERVICE} 500\n\
             sentinel failover-timeout {SERVICE} 5000",
            master.port()
        );
        let sentinel = Node::start(Mode::Sentinel, &settings)?;
        sentinel.wait_for(&["SENTINEL", "REPLICAS", SERVICE], |replicas| {
            replicas.contains("master-link-status\nok") && replicas.contains("flags\nslave\n")
        })?;
        Ok(Self { servers: [master, replica], sentinel })
    }

    /// Where the Sentinel listens and what it calls the service, as the library has it.
    pub fn url(&self) -> String {
        format!("redis-sentinel://127.0.0.1:{}/{SERVICE}", self.sentinel.port())
    }

    /// The URL of the present master.
    ///
    /// Errors: the Sentinel does not answer.
    pub fn master_url(&self) -> io::Result<String> {
        let answer = self.sentinel.wait_for(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE], |_| true)?;
        Ok(format!("redis://{}", answer.replace('\n', ":")))
    }

    /// Kills the first master, and waits until the other server is master and the Sentinel says so.
    ///
    /// Errors: that does not happen within a minute.
    pub fn fail_over(&mut self) -> io::Result<()> {
        self.servers[0].kill()?;
        self.wait_for_successor()
    }

    /// Makes the first master the replica of the other server, which is then master, and the Sentinel says so. Both go on.
    ///
    /// Errors: that does not happen within a minute.
    pub fn switch_over(&self) -> io::Result<()> {
        ask(self.sentinel.port(), &["SENTINEL", "FAILOVER", SERVICE])?;
        self.wait_for_successor()?;
        self.servers[0].wait_for(&["INFO", "replication"], |info| info.contains("role:slave")).map(drop)
    }

    fn wait_for_successor(&self) -> io::Result<()> {
        let replica = &self.servers[1];
        let port = replica.port().to_string();
        self.sentinel.wait_for(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE], |answer| answer.ends_with(&port))?;
        replica.wait_for(&["INFO", "replication"], |info| info.contains("role:master"))?;
        Ok(())
    }
}
