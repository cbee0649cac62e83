//! Runs a command beside throw-away servers: `servers with postgres redis redis-cluster redis-sentinel -- COMMAND [ARGUMENT…]`.

use std::{
    any::Any,
    env,
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt,
    process::{Command, ExitCode, ExitStatus},
};

use servers::{Postgres, Redis, RedisCluster, RedisSentinel};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    beside(&arguments).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

/// Runs the command with each server's URL in `CRON_MANAGER_TEST_POSTGRES_URL` and its like.
fn beside(arguments: &[OsString]) -> io::Result<ExitCode> {
    let usage = || {
        io::Error::other(
            "usage: servers with [postgres] [redis] [redis-cluster] [redis-sentinel] -- COMMAND [ARGUMENT…]",
        )
    };
    let (servers, command) = arguments.split_at(arguments.iter().position(|word| word == "--").ok_or_else(usage)?);
    let ([with, servers @ ..], [_, program, arguments @ ..]) = (servers, command) else { return Err(usage()) };
    if with != "with" {
        return Err(usage());
    }
    let mut command = Command::new(program);
    command.args(arguments);
    // Ended, each, when the command has.
    let mut running = Vec::<Box<dyn Any>>::new();
    for server in servers {
        let (variable, url, server) = match server.to_str() {
            Some("postgres") => with_url("POSTGRES", Postgres::fast()?, Postgres::url),
            Some("redis") => with_url("REDIS", Redis::start()?, Redis::url),
            Some("redis-cluster") => with_url("REDIS_CLUSTER", RedisCluster::start()?, RedisCluster::url),
            Some("redis-sentinel") => with_url("REDIS_SENTINEL", RedisSentinel::start()?, RedisSentinel::url),
            _ => return Err(usage()),
        };
        command.env(variable, url);
        running.push(server);
    }
    let status = command.status().map_err(|error| io::Error::other(format!("{}: {error}", program.display())))?;
    Ok(exit_code(status))
}

fn with_url<T: 'static>(name: &str, server: T, url: impl Fn(&T) -> String) -> (String, String, Box<dyn Any>) {
    (format!("CRON_MANAGER_TEST_{name}_URL"), url(&server), Box::new(server))
}

/// The command's own code; as a shell has it, 128 and the signal's number for one that was killed.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
