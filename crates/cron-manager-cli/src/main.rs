//! The program `cron-manager`: runs a crontab, with one recorded outcome for every time a job is due.
//!
//! | module | does |
//! |---|---|
//! | `args` | says what can be written on the command line |
//! | `crontab` | reads a crontab as Debian's cron does: `docs/crontab.md` says what, and what differs |
//! | `command` | runs a command as cron does, in a process group that ends with the run |
//! | `serve` | puts the jobs of a crontab in place, runs them, shows each run, and ends in order |
//! | `next`, `explain` | answer when an expression is due |
//! | `ask` | asks a running server: configs, runs, replicas, tokens, the audit |
//! | `settings` | makes flags the nearest layer of the settings |
//! | `check` | shows the settings, and asks whether what they name answers |
//! | `ledger` | adds the ledger up |
//! | `output`, `terminal`, `failure` | answers on standard output, messages on standard error, exit codes |
//!
//! It uses the library as everybody can, and decides nothing about ticks itself.

mod args;
mod ask;
mod check;
mod command;
mod crontab;
mod data;
mod explain;
mod failure;
mod ledger;
mod next;
mod output;
mod serve;
mod settings;
mod terminal;

use std::{io::stderr, process::ExitCode};

use clap::{CommandFactory, Parser};
use clap_complete::Shell;
use cron_manager::backends::system::SystemClock;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use args::{Arguments, Check, CheckArguments, Command};
use failure::Failure;

fn main() -> ExitCode {
    log();
    match run(Arguments::parse().command()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::say(format_args!("error: {}", terminal::harmless(&failure.to_string())));
            failure.exit_code()
        }
    }
}

/// Shows the library's warnings, or what `RUST_LOG` asks for.
fn log() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(terminal::has_colours());
    log.with_writer(stderr).log_internal_errors(false).init();
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Next(arguments) => next::run(&arguments, &SystemClock),
        Command::Explain(arguments) => explain::run(&arguments, &SystemClock),
        Command::Check(CheckArguments { what: Some(Check::Ledger(arguments)), .. }) => ledger::check(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Config(arguments) => ask::config(&arguments),
        Command::Run(arguments) => ask::run(&arguments),
        Command::Calendar(arguments) => ask::calendar(&arguments),
        Command::Control(arguments) => ask::control(&arguments),
        Command::Replica(arguments) => ask::replica(&arguments),
        Command::Token(arguments) => ask::token(&arguments),
        Command::Audit(arguments) => ask::audit(&arguments),
        Command::Completions { shell } => completions(shell),
    }
}

fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut <Arguments as CommandFactory>::command(), args::NAME, &mut script);
    output::print_text(&String::from_utf8_lossy(&script))
}
