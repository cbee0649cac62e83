//! What Redis does in one step.

use redis::{Cmd, FromRedisValue, Script, ToRedisArgs, cmd};

use super::{error::Failure, line::Line};

/// A Lua script, which is sent by its hash where the server knows it.
pub(super) struct OneStep {
    text: &'static str,
    hash: String,
}

impl OneStep {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, hash: Script::new(text).get_hash().to_owned() }
    }

    pub(super) async fn run<T: FromRedisValue>(
        &self,
        line: &Line,
        keys: &[&str],
        arguments: &[impl ToRedisArgs],
    ) -> Result<T, Failure> {
        match line.ask(&call("EVALSHA", &self.hash, keys, arguments)).await {
            Err(failure) if failure.is_unknown_script() => line.ask(&call("EVAL", self.text, keys, arguments)).await,
            answer => answer,
        }
    }
}

fn call(name: &str, script: &str, keys: &[&str], arguments: &[impl ToRedisArgs]) -> Cmd {
    let mut command = cmd(name);
    command.arg(script).arg(keys.len()).arg(keys).arg(arguments);
    command
}
