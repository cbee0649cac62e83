//! The program `cron-manager`.

mod args;
mod command;
mod crontab;
mod explain;
mod failure;
mod next;
mod output;

use std::process::ExitCode;

use clap::Parser;
use cron_manager::backends::system::SystemClock;

use args::{Arguments, Check, Command};
use failure::Failure;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command.unwrap_or_else(|| Command::Serve(args::ServeArguments::default())) {
        Command::Serve(_) => Err(Failure::Failed("not yet".to_owned())),
        Command::Next(arguments) => next::run(&arguments, &SystemClock),
        Command::Explain(arguments) => explain::run(&arguments, &SystemClock),
        Command::Check(Check::Ledger(_)) => Err(Failure::Failed("not yet".to_owned())),
    }
}
