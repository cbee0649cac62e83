//! `control`, `replica`, `token` and `audit` of a running server.

use cron_manager::{
    ControlFields, TokenId,
    client::{AuditFilter, proto},
};
use serde_json::Value;

use super::{
    AuditArguments, ControlArguments, ReplicaArguments, Server, TokenArguments,
    args::{ReplicaCommand, TokenCommand},
    ask, block_on, first,
};
use crate::{failure::Failure, terminal::say};

pub(crate) fn control(arguments: &ControlArguments) -> Result<(), Failure> {
    block_on(async {
        let server = Server::of(&arguments.asking, arguments.change.why.reason.as_deref()).await?;
        let fields = ControlFields { enabled: arguments.enabled, log_level: arguments.log_level.clone() };
        let control = match fields == ControlFields::default() {
            true => server.client.control().await?,
            false => server.client.update_control(&fields, arguments.change.if_match.as_deref()).await?,
        };
        server.show(&control.to_json())
    })
}

pub(crate) fn replica(arguments: &ReplicaArguments) -> Result<(), Failure> {
    block_on(async {
        match &arguments.what {
            ReplicaCommand::List => {
                let server = Server::of(&arguments.asking, None).await?;
                let replicas = server.client.replicas().await?;
                let rows: Vec<Value> = replicas.iter().map(proto::Replica::to_json).collect();
                let columns = ["id", "host", "version", "running", "draining", "clockSkew", "seenAt"];
                server.list("live replicas", &rows, &columns)
            }
            ReplicaCommand::Drain { id, undo, why } => {
                let server = Server::of(&arguments.asking, why.reason.as_deref()).await?;
                server.client.drain_replica(*id, !undo).await?;
                say(format_args!("replica {id} {}", if *undo { "starts runs again" } else { "starts nothing more" }));
                Ok(())
            }
        }
    })
}

pub(crate) fn token(arguments: &TokenArguments) -> Result<(), Failure> {
    block_on(async {
        match &arguments.what {
            TokenCommand::List => {
                let server = Server::of(&arguments.asking, None).await?;
                let tokens = server.client.tokens().await?;
                let rows: Vec<Value> = tokens.iter().map(proto::Token::to_json).collect();
                server.list("tokens", &rows, &["id", "name", "role", "createdAt", "expiresAt", "revokedAt"])
            }
            TokenCommand::Create { name, role, expires_at, why } => {
                let server = Server::of(&arguments.asking, why.reason.as_deref()).await?;
                let (token, secret) = server.client.create_token(name, *role, *expires_at).await?;
                let mut shown = token.to_json();
                shown["secret"] = secret.expose().into();
                server.show(&shown)?;
                say("the secret is not shown again");
                Ok(())
            }
            TokenCommand::Revoke { id, sure, why } => {
                ask(sure, &format!("take token {id} back?"))?;
                let server = Server::of(&arguments.asking, why.reason.as_deref()).await?;
                server.show(&server.client.revoke_token(TokenId(*id)).await?.to_json())
            }
        }
    })
}

pub(crate) fn audit(arguments: &AuditArguments) -> Result<(), Failure> {
    block_on(async {
        let server = Server::of(&arguments.asking, None).await?;
        let config_id = match &arguments.config {
            Some(config) => Some(server.config_id(config).await?),
            None => None,
        };
        let (from, to) = (arguments.span.from, arguments.span.to);
        let filter = AuditFilter { config_id, actor: arguments.actor.clone(), from, to };
        let records = first(server.client.audit(&filter), arguments.limit.limit).await?;
        let rows: Vec<Value> = records.iter().map(proto::AuditRecord::to_json).collect();
        server.list("changes", &rows, &["at", "actor", "action", "resource", "reason", "difference"])
    })
}
