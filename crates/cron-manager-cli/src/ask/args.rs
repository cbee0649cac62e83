//! What can be written behind the commands that ask a running server.

use clap::{ArgAction, Args, Subcommand, value_parser};
use cron_manager::{ReplicaId, Role, RunState, SkipReason};
use jiff::Timestamp;

use super::{
    fields::FieldArguments,
    words::{role, skip_reason, state},
};
use crate::{args::OutputArguments, settings::ServerArguments};

/// Which server is asked, and how its answer is shown.
#[derive(Args)]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

#[derive(Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    pub(crate) what: ConfigCommand,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// List configs, in the order of their ids
    List {
        /// Deleted ones too
        #[arg(long)]
        show_deleted: bool,
        /// Conditions with AND between them, such as 'enabled = true AND name = "send-*"'
        #[arg(long, value_name = "TEXT", default_value = "")]
        filter: String,
    },
    /// Show one config, also a deleted one
    Get {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        config: String,
    },
    /// Create a config; it is off unless --enabled says otherwise
    Create {
        /// Its name; may be in the file
        #[arg(value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        fields: Box<FieldArguments>,
        /// Say what would be created, and create nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        why: Why,
    },
    /// Change the fields that are given
    Update {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        config: String,
        /// Its new name
        #[arg(long = "name", value_name = "NAME")]
        new_name: Option<String>,
        #[command(flatten)]
        fields: Box<FieldArguments>,
        /// Say what it would become, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        change: Change,
    },
    /// Switch a config on
    Enable {
        /// Its name or id
        #[arg(value_name = "NAME|ID", required_unless_present = "all", conflicts_with = "all")]
        config: Option<String>,
        /// All configs
        #[arg(long, conflicts_with = "if_match")]
        all: bool,
        #[command(flatten)]
        change: Change,
    },
    /// Switch a config off: its ticks are recorded as skipped
    Disable {
        /// Its name or id
        #[arg(value_name = "NAME|ID", required_unless_present = "all", conflicts_with = "all")]
        config: Option<String>,
        /// All configs
        #[arg(long, conflicts_with = "if_match")]
        all: bool,
        #[command(flatten)]
        change: Change,
    },
    /// Delete a config: its name stays taken, its runs stay in the ledger
    Delete {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        config: String,
        /// Say what it would become, and delete nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        change: Change,
    },
    /// Bring a deleted config back
    Undelete {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        config: String,
        #[command(flatten)]
        change: Change,
    },
    /// Pause a config: its ticks are recorded as skipped until it is resumed; --reason is shown with it
    Pause {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        config: String,
        /// When the pause ends by itself
        #[arg(long, value_name = "RFC3339")]
        until: Option<Timestamp>,
        #[command(flatten)]
        change: Change,
    },
    /// End the pause of a config
    Resume {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        config: String,
        #[command(flatten)]
        change: Change,
    },
    /// List the versions of a config, newest first
    Versions {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        config: String,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show the statement of a query job; for admins
    QueryText {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        config: String,
    },
    /// Encrypt the secrets of all jobs with the first of the server's keys, so that the others can be taken away
    Reencrypt(Why),
    /// Ask for one run per instant of the schedule in a span of the past
    Backfill(BackfillArguments),
    /// Ask for a run outside the schedule
    Trigger(TriggerArguments),
}

#[derive(Args)]
pub(crate) struct BackfillArguments {
    /// Its name or id
    #[arg(value_name = "NAME|ID")]
    pub(crate) config: String,
    /// The first instant
    #[arg(long, value_name = "RFC3339")]
    pub(crate) from: Timestamp,
    /// Before this instant
    #[arg(long, value_name = "RFC3339")]
    pub(crate) to: Timestamp,
    /// Ask for nothing when there are more
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=1_000))]
    pub(crate) limit: u32,
    /// A name for this request: the same one again gives the same runs again
    #[arg(long, value_name = "TEXT")]
    pub(crate) request_id: Option<String>,
    #[command(flatten)]
    pub(crate) why: Why,
}

#[derive(Args)]
pub(crate) struct TriggerArguments {
    /// Its name or id
    #[arg(value_name = "NAME|ID")]
    pub(crate) config: String,
    /// What the handler is told in place of the config's context: a JSON object, @FILE that holds one, or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-")]
    pub(crate) context: Option<String>,
    /// A name for this request: the same one again gives the same run again
    #[arg(long, value_name = "TEXT")]
    pub(crate) request_id: Option<String>,
    /// Show what the run logs until it ends; exit code 1 unless it succeeds
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) why: Why,
}

/// Why something is changed.
#[derive(Args)]
pub(crate) struct Why {
    /// Why, for the audit
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// Why something is changed, and from what.
#[derive(Args)]
pub(crate) struct Change {
    /// Only if this is still the etag of the config
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_match: Option<String>,
    #[command(flatten)]
    pub(crate) why: Why,
}

/// Whether somebody is sure.
#[derive(Args)]
pub(crate) struct Sure {
    /// Do it without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct RunArguments {
    #[command(subcommand)]
    pub(crate) what: RunCommand,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Subcommand)]
pub(crate) enum RunCommand {
    /// List runs and skipped ticks, newest first
    List {
        /// Only of the config with this name or id
        #[arg(long, value_name = "NAME|ID")]
        config: Option<String>,
        /// Only in this state: pending, running, succeeded, failed, timed_out, cancelled, abandoned, skipped
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<RunState>,
        /// Only skipped for this reason, such as overlap or missed
        #[arg(long, value_name = "REASON", value_parser = skip_reason)]
        reason: Option<SkipReason>,
        #[command(flatten)]
        span: Span,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one run
    Get {
        /// Its id
        id: i64,
    },
    /// End a run: one that waits never starts, one that runs is told
    Cancel {
        /// Its id
        id: i64,
        #[command(flatten)]
        why: Why,
    },
    /// Ask for a run again
    Retry {
        /// Its id
        id: i64,
        /// A name for this request: the same one again gives the same run again
        #[arg(long, value_name = "TEXT")]
        request_id: Option<String>,
        #[command(flatten)]
        why: Why,
    },
    /// Show what a run has logged; of no run in particular, the newest runs
    Tail {
        /// The id of a run, or the name of a config, whose newest run is meant
        #[arg(value_name = "ID|NAME")]
        run: Option<String>,
        /// Go on until the run ends, with exit code 1 unless it succeeds; without a run, until Ctrl-C
        #[arg(long, short)]
        follow: bool,
    },
}

/// A span of time.
#[derive(Args)]
pub(crate) struct Span {
    /// Only at or after this instant
    #[arg(long, value_name = "RFC3339")]
    pub(crate) from: Option<Timestamp>,
    /// Only before this instant
    #[arg(long, value_name = "RFC3339")]
    pub(crate) to: Option<Timestamp>,
}

/// How many.
#[derive(Args)]
pub(crate) struct Limit {
    /// At most so many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

#[derive(Args)]
pub(crate) struct ControlArguments {
    /// Whether jobs run at all, on any replica
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    pub(crate) enabled: Option<bool>,
    /// What the programs log: off, error, warn, info, debug or trace; empty: as they were started
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    #[command(flatten)]
    pub(crate) change: Change,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Args)]
pub(crate) struct ReplicaArguments {
    #[command(subcommand)]
    pub(crate) what: ReplicaCommand,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Subcommand)]
pub(crate) enum ReplicaCommand {
    /// List the live replicas
    List,
    /// Ask a replica to start nothing more; what runs on it goes on
    Drain {
        /// Its id
        id: ReplicaId,
        /// Take that back
        #[arg(long)]
        undo: bool,
        #[command(flatten)]
        why: Why,
    },
}

#[derive(Args)]
pub(crate) struct TokenArguments {
    #[command(subcommand)]
    pub(crate) what: TokenCommand,
    #[command(flatten)]
    pub(crate) asking: Asking,
}

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// List tokens, without their secrets
    List,
    /// Make a token; its secret is shown once, here
    Create {
        /// Whose it is
        name: String,
        /// What its owner may do: viewer, operator or admin
        #[arg(long, value_name = "ROLE", value_parser = role)]
        role: Role,
        /// When it stops counting [default: never]
        #[arg(long, value_name = "RFC3339")]
        expires_at: Option<Timestamp>,
        #[command(flatten)]
        why: Why,
    },
    /// Take a token back
    Revoke {
        /// Its id
        id: i64,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        why: Why,
    },
}

#[derive(Args)]
pub(crate) struct AuditArguments {
    /// Only of the config with this name or id
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) config: Option<String>,
    /// Only by this actor, such as ada#7
    #[arg(long, value_name = "ACTOR", action = ArgAction::Set)]
    pub(crate) actor: Option<String>,
    #[command(flatten)]
    pub(crate) span: Span,
    #[command(flatten)]
    pub(crate) limit: Limit,
    #[command(flatten)]
    pub(crate) asking: Asking,
}
