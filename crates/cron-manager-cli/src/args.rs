//! What can be written on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use cron_manager::domain::schedule::DstGap;
use jiff::Timestamp;

use crate::{
    ask::{
        AuditArguments, CalendarArguments, ConfigArguments, ControlArguments, ReplicaArguments, RunArguments,
        TokenArguments,
    },
    crontab::CrontabFormat,
    output::Format,
    settings::SettingsArguments,
};

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage or input.";

pub(crate) const NAME: &str = "cron-manager";

/// Runs a crontab, with one recorded outcome for every time a job is due: it ran, once, or it was skipped for a stated reason.
#[derive(Parser)]
#[command(name = NAME, version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

impl Arguments {
    /// The command that was given, or to serve as the environment says.
    pub(crate) fn command(self) -> Command {
        #[derive(Parser)]
        struct Bare {
            #[command(flatten)]
            serve: ServeArguments,
        }
        self.command.unwrap_or_else(|| Command::Serve(Bare::parse_from([NAME]).serve))
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a crontab; without one, a sample (this is also what happens without any command)
    Serve(ServeArguments),
    /// Print when an expression is due next
    Next(NextArguments),
    /// Say in plain English when an expression is due
    Explain(ExplainArguments),
    /// Show the settings and where they come from, and ask whether what they name answers; exit code 1 otherwise
    Check(CheckArguments),
    /// Ask a running server for configs, and change them
    Config(ConfigArguments),
    /// Ask a running server for runs: the ledger
    Run(RunArguments),
    /// Ask a running server for its calendars, or change them
    Calendar(CalendarArguments),
    /// Show whether jobs run at all, and what the programs log; or change it, for all replicas
    Control(ControlArguments),
    /// Ask a running server for its replicas
    Replica(ReplicaArguments),
    /// Ask a running server for tokens, and make them
    Token(TokenArguments),
    /// Ask a running server who changed what, when and why: newest first
    Audit(AuditArguments),
    /// Print what a shell needs to complete these commands
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CheckArguments {
    #[command(subcommand)]
    pub(crate) what: Option<Check>,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Subcommand)]
pub(crate) enum Check {
    /// Add the ledger up: for each job, ticks due = runs + skips; exit code 1 otherwise
    Ledger(LedgerArguments),
}

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The crontab to run, as crontab(5) describes it
    #[arg(long, value_name = "FILE")]
    pub(crate) crontab: Option<PathBuf>,
    /// The columns of the crontab
    #[arg(long, value_name = "FORMAT", default_value = "detect", requires = "crontab")]
    pub(crate) crontab_format: CrontabFormat,
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
}

#[derive(Debug, Args)]
pub(crate) struct NextArguments {
    /// Five to seven fields, or a name such as @daily, as one argument
    // Not an option, whatever it begins with: a wrong expression is to be shown its place.
    #[arg(allow_hyphen_values = true)]
    pub(crate) expr: String,
    /// The IANA time zone
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) timezone: String,
    /// Strictly after this instant [default: now]
    #[arg(long, value_name = "RFC3339")]
    pub(crate) from: Option<Timestamp>,
    /// How many, from 1 to 10000
    #[arg(short, value_name = "N", default_value_t = 5, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) n: u16,
    /// What fixed times in a forward gap of the clock do: run_after or skip
    #[arg(long, value_name = "RULE", default_value_t)]
    pub(crate) dst_gap: DstGap,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// Five to seven fields, or a name such as @daily, as one argument
    #[arg(allow_hyphen_values = true)]
    pub(crate) expr: String,
    /// The IANA time zone
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) timezone: String,
}

#[derive(Args)]
pub(crate) struct LedgerArguments {
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// The form of the output
    #[arg(short = 'o', long = "output", value_name = "FORM", default_value = "table", global = true)]
    pub(crate) format: Format,
}
