//! Routes of configs.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    super::wire::{ConfigBody, Misfit, etag, show_config, show_run, version},
    Answer, body, json,
    page::Page,
    params::{Id, Params, id},
    problem::Problem,
};
use crate::{CronConfig, CronConfigId, CronManager, manager::ConfigQuery};

pub(super) async fn create(State(manager): State<CronManager>, request: Request) -> Answer {
    Params::of(request.uri(), &[])?;
    let fields = ConfigBody::new(body::json(request).await?)?.fields()?;
    Ok(written(&manager.create_cron_config(&fields).await?))
}

pub(super) async fn list(State(manager): State<CronManager>, uri: Uri) -> Answer {
    let params = Params::of(&uri, &["pageSize", "pageToken", "showDeleted"])?;
    let page = Page::of(&uri, &params)?;
    let after = i32::try_from(page.after.unwrap_or(0)).unwrap_or(i32::MAX);
    let query = ConfigQuery {
        after: CronConfigId(after),
        limit: page.limit(),
        show_deleted: params.parsed("showDeleted", "true or false")?.unwrap_or(false),
        ..ConfigQuery::default()
    };
    let configs = manager.cron_configs(&query).await?;
    Ok(json(&page.show("cronConfigs", &configs, show_config, |config| config.id.0.into())))
}

pub(super) async fn by_name(State(manager): State<CronManager>, uri: Uri) -> Answer {
    let params = Params::of(&uri, &["name"])?;
    let name = params.text("name").ok_or_else(|| Misfit::new("name", "give the name of a config"))?;
    Ok(read(&manager.cron_config_named(name).await?))
}

/// One config. Its custom methods are told apart here, since a route cannot be `/{id}:method`.
pub(super) async fn one(
    State(manager): State<CronManager>,
    Id(segment): Id,
    method: Method,
    request: Request,
) -> Answer {
    let (text, verb) = segment.rsplit_once(':').unwrap_or((&segment, ""));
    let id = || id(text).map(CronConfigId);
    match (verb, method) {
        ("", Method::GET | Method::HEAD) => get(&manager, id()?, request).await,
        ("", Method::PUT) => update(&manager, id()?, request, &[]).await,
        ("", Method::PATCH) => update(&manager, id()?, request, &["updateMask"]).await,
        ("", _) => Err(Problem::method_not_allowed().allow("GET,HEAD,PUT,PATCH")),
        ("trigger", Method::POST) => trigger(&manager, id()?, request).await,
        ("trigger", _) => Err(Problem::method_not_allowed().allow("POST")),
        _ => Err(Problem::no_route()),
    }
}

async fn get(manager: &CronManager, id: CronConfigId, request: Request) -> Answer {
    Params::of(request.uri(), &[])?;
    Ok(read(&manager.cron_config(id).await?))
}

async fn update(manager: &CronManager, id: CronConfigId, request: Request, known: &[&str]) -> Answer {
    let params = Params::of(request.uri(), known)?;
    let if_match = if_match(request.headers())?;
    let body = ConfigBody::new(body::json(request).await?)?;
    if body.id.is_some_and(|given| given != i64::from(id.0)) {
        return Err(Misfit::new("id", format!("the path says {id}")).into());
    }
    let in_body = body.etag.as_deref().map(version).transpose()?.flatten();
    if if_match.is_some() && in_body.is_some() && if_match != in_body {
        return Err(Misfit::new("etag", "the If-Match header says another one").into());
    }
    let fields = match params.text("updateMask") {
        Some(mask) => body.masked(mask)?,
        None => body.fields()?,
    };
    Ok(written(&manager.update_cron_config(id, &fields, if_match.or(in_body)).await?))
}

async fn trigger(manager: &CronManager, id: CronConfigId, request: Request) -> Answer {
    Params::of(request.uri(), &[])?;
    body::empty(request).await?;
    Ok(json(&show_run(&manager.trigger(id).await?)))
}

/// The version that the caller insists on.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Misfit> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    version(value.to_str().unwrap_or_default())
}

/// The answer to a read: the config itself (AIP-131).
fn read(config: &CronConfig) -> Response {
    ([(header::ETAG, etag(config.version))], json(&show_config(config))).into_response()
}

/// The answer to a write: the config in the original library's message.
fn written(config: &CronConfig) -> Response {
    ([(header::ETAG, etag(config.version))], json(&json!({"cronConfig": show_config(config)}))).into_response()
}
