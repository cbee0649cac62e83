//! A Redis Cluster of one's own.

use std::io;

use super::{
    ask::ask,
    node::{Mode, Node},
};
use crate::port;

/// Hash slots of a cluster (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>).
const SLOTS: usize = 16_384;

/// Three masters without replicas, which share the slots. Ended when this is dropped.
pub struct RedisCluster(Vec<Node>);

impl RedisCluster {
    /// Starts one (Redis 7 or newer), and waits until it answers for all slots.
    ///
    /// Errors: Redis is not installed; it does not start (with its log).
    pub fn start() -> io::Result<Self> {
        const NODES: usize = 3;
        let mut nodes = Vec::new();
        for at in 0..NODES {
            let bus = port::free()?.to_string();
            let node = Node::start(Mode::Server, &format!("cluster-enabled yes\ncluster-port {bus}"))?;
            let (first, last) = (SLOTS * at / NODES, SLOTS * (at + 1) / NODES - 1);
            ask(node.port(), &["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()])?;
            ask(node.port(), &["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()])?;
            if let Some(other) = nodes.first().map(Node::port) {
                ask(other, &["CLUSTER", "MEET", "127.0.0.1", &node.port().to_string(), &bus])?;
            }
            nodes.push(node);
        }
        let cluster = Self(nodes);
        cluster.wait()?;
        Ok(cluster)
    }

    /// Where it listens, as the library has it.
    pub fn url(&self) -> String {
        let nodes: Vec<_> = self.0.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis-cluster://{}", nodes.join(","))
    }

    /// The URLs of its nodes.
    pub fn urls(&self) -> Vec<String> {
        self.0.iter().map(|node| format!("redis://127.0.0.1:{}", node.port())).collect()
    }

    /// Stops all nodes and starts them again on the same ports; what they held is gone.
    ///
    /// Errors: they do not end, or do not start (with their log).
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop()?;
        self.0.iter_mut().try_for_each(Node::launch)?;
        self.wait()
    }

    /// Stops all nodes.
    ///
    /// Errors: they do not end.
    pub fn stop(&mut self) -> io::Result<()> {
        self.0.iter_mut().try_for_each(Node::stop)
    }

    fn wait(&self) -> io::Result<()> {
        let nodes = format!("cluster_known_nodes:{}\r", self.0.len());
        for node in &self.0 {
            node.wait_for(&["CLUSTER", "INFO"], |info| info.contains("cluster_state:ok\r") && info.contains(&nodes))?;
        }
        Ok(())
    }
}
