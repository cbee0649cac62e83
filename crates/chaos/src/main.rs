//! `chaos run`, `chaos skew`, and the replicas that they start.

use std::{io::stderr, process::ExitCode};

use chaos::{
    failure::Result,
    replica::{self, ReplicaArguments},
    run::{self, RunArguments},
    skew::{self, SkewArguments},
};
use clap::Parser;
use tracing_subscriber::filter::LevelFilter;

/// Real processes, a real database and real kills, judged from outside
#[derive(Parser)]
enum Command {
    /// Three replicas with faults
    Run(RunArguments),
    /// Three replicas in peace, whose wall clocks differ
    Skew(SkewArguments),
    /// One replica; the others start it
    #[command(hide = true)]
    Replica(ReplicaArguments),
}

fn main() -> ExitCode {
    let done: Result<bool> = match Command::parse() {
        Command::Run(arguments) => run::run(&arguments),
        Command::Skew(arguments) => skew::skew(&arguments),
        Command::Replica(arguments) => {
            log();
            replica::run(&arguments).map(|()| true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What the library warns of, for the log of the replicas.
fn log() {
    let log = tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_ansi(false);
    log.with_writer(stderr).init();
}
