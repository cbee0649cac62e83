//! Runs a command beside a throw-away server: `servers with-postgres COMMAND [ARGUMENT…]`.

use std::{
    env,
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt,
    process::{Command, ExitCode, ExitStatus},
};

use servers::Postgres;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let done = match (arguments.next().as_ref().and_then(|way| way.to_str()), arguments.next()) {
        (Some("with-postgres"), Some(program)) => with_postgres(&program, arguments),
        _ => Err(io::Error::other("usage: servers with-postgres COMMAND [ARGUMENT…]")),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

/// Runs the command with the server's URL in `CRON_MANAGER_TEST_POSTGRES_URL`.
fn with_postgres(program: &OsString, arguments: impl Iterator<Item = OsString>) -> io::Result<ExitCode> {
    let mut server = Postgres::fast()?;
    let mut command = Command::new(program);
    command.args(arguments).env("CRON_MANAGER_TEST_POSTGRES_URL", server.url());
    let status = command.status().map_err(|error| io::Error::other(format!("{}: {error}", program.display())))?;
    server.stop()?;
    Ok(exit_code(status))
}

/// The command's own code; as a shell has it, 128 and the signal's number for one that was killed.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
