//! `chaos run`, `chaos skew`, and the replicas that they start.

use std::process::ExitCode;

use chaos::{
    failure::Result,
    replica::{self, ReplicaArguments},
    run::{self, RunArguments},
    skew::{self, SkewArguments},
};
use clap::Parser;

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
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
    let done: Result<bool> = match Command::parse() {
        Command::Run(arguments) => run::run(&arguments),
        Command::Skew(arguments) => skew::skew(&arguments),
        Command::Replica(arguments) => replica::run(&arguments).map(|()| true),
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
