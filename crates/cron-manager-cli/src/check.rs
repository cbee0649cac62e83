//! `check`: the settings, whether what they name answers, and the clocks.

mod listed;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cron_manager::{
    CronManager, Error, ErrorKind, Settings,
    backends::system::SystemClock,
    contracts::{Clock, Home},
    manager::{Part, Readiness},
    settings::Shown,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::runtime;

use crate::{args::CheckArguments, data::Database, failure::Failure, output};

/// Prints each setting with its source, each part with its answer, how far apart the clocks are, and what is listed for jobs. Fails when a part
/// that is needed does not answer, or something that is listed cannot be used. A database that is not there yet is none: the first `serve` makes it. Nothing is written anywhere.
pub(crate) fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let settings = arguments.settings.load()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let database = Database::of(&settings);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let asked = clock.elapsed();
    let found = runtime.block_on(ask(&database, &settings, &clock));
    let took = clock.elapsed() - asked;
    let place = database.to_string();
    let locks = settings.redis_url.as_ref().map_or_else(|| "this process".to_owned(), ToString::to_string);
    let home = match &found {
        Ok((_, home)) => Some(home.as_ref()),
        // The first `serve` makes it, where nobody else works.
        Err(error) if error.kind() == ErrorKind::NotFound => Some(None),
        Err(_) => None,
    };
    let listed = runtime.block_on(listed::rows(&settings, home, &clock));
    let answers = match &found {
        Ok((readiness, _)) => answers(readiness, &place, &locks),
        Err(error) if error.kind() == ErrorKind::NotFound => vec![absent(&place)],
        Err(error) => vec![part("store", false, &error.to_string(), &place, Some(took))],
    };
    let unusable: Vec<String> = listed.iter().filter(|row| row["ok"] == false).map(title).collect();
    let rows: Vec<Value> = settings.shown().map(setting).chain(answers).chain(listed).collect();
    output::print(arguments.output.format, &rows)?;
    verdict(found.map(|(readiness, _)| readiness))?;
    match unusable.is_empty() {
        true => Ok(()),
        false => Err(Failure::Failed(format!("cannot be used: {}", unusable.join(", ")))),
    }
}

/// What a row is about.
fn title(row: &Value) -> String {
    format!("{} {}", row["kind"].as_str().unwrap_or_default(), row["name"].as_str().unwrap_or_default())
}

/// How the parts answer, and where the store lives.
async fn ask(
    database: &Database,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Result<(Readiness, Option<Home>), Error> {
    // What is listed for jobs is asked on its own.
    let settings =
        Settings { commands: BTreeMap::new(), connections: BTreeMap::new(), encryption_keys: None, ..settings.clone() };
    let manager: CronManager = database.read(&settings, Arc::clone(clock)).await?;
    Ok((manager.readiness().await, manager.home().cloned()))
}

fn verdict(found: Result<Readiness, Error>) -> Result<(), Failure> {
    let silent = |readiness: &Readiness| {
        let parts = readiness.parts.iter().filter(|part| part.needed && part.error.is_some());
        parts.map(|part| part.name).collect::<Vec<_>>().join(", ")
    };
    match found {
        Ok(readiness) if readiness.is_ready() => Ok(()),
        Ok(readiness) => Err(Failure::Failed(format!("no answer from: {}", silent(&readiness)))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn answers(readiness: &Readiness, store: &str, locks: &str) -> Vec<Value> {
    let answer = |asked: &Part| {
        let answer = asked.error.as_deref().unwrap_or("answers");
        let place = match asked.name {
            "store" => store,
            "locker" => locks,
            _ => "",
        };
        part(asked.name, asked.error.is_none(), answer, place, Some(asked.took))
    };
    let took = readiness.parts.iter().map(|part| part.took).max().unwrap_or_default();
    let clocks =
        readiness.clock_skew.map(|skew| row("clock", "this machine", true, &apart(skew, took), "the store's", None));
    readiness.parts.iter().map(answer).chain(clocks).collect()
}

fn absent(place: &str) -> Value {
    part("store", true, "not there yet; the first `serve` makes it", place, None)
}

fn setting(setting: Shown) -> Value {
    let mut row = row("setting", setting.name, true, "", &setting.source.to_string(), None);
    row["value"] = setting.value.into();
    row
}

fn part(name: &str, ok: bool, answer: &str, place: &str, took: Option<Duration>) -> Value {
    row("part", name, ok, answer, place, took)
}

fn row(kind: &str, name: &str, ok: bool, value: &str, source: &str, took: Option<Duration>) -> Value {
    let took = took.map(|took| format!("{:.3}s", took.as_secs_f64()));
    json!({"kind": kind, "name": name, "ok": ok, "value": value, "source": source, "took": took})
}

/// How far apart the clocks are. The answer is as old as its way back was long, which nobody knows; it took `took` at most.
fn apart(skew: SignedDuration, took: Duration) -> String {
    let took = SignedDuration::try_from(took).unwrap_or(SignedDuration::MAX);
    if skew.is_negative() {
        format!("{:.3}s behind", skew.abs().as_secs_f64())
    } else if skew <= took {
        format!("agrees to {:.3}s", took.as_secs_f64())
    } else {
        format!("{:.3}s ahead", skew.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_agree_as_far_as_the_answer_can_tell() {
        let apart = |skew, took| apart(SignedDuration::from_millis(skew), Duration::from_millis(took));
        assert_eq!(apart(3, 5), "agrees to 0.005s");
        assert_eq!(apart(1_006, 5), "1.006s ahead");
        assert_eq!(apart(-90_000, 5), "90.000s behind");
    }

    #[test]
    fn a_part_that_does_not_answer_is_a_failure() {
        let part = |error: Option<&str>| Part {
            name: "store",
            needed: true,
            error: error.map(Into::into),
            took: Duration::ZERO,
        };
        let ready = |parts| verdict(Ok(Readiness { parts, clock_skew: None }));
        assert!(ready(vec![part(None)]).is_ok());
        let failure = ready(vec![part(None), part(Some("away"))]).unwrap_err();
        assert!(matches!(&failure, Failure::Failed(message) if message == "no answer from: store"), "{failure}");
        assert!(verdict(Err(Error::not_found("the database"))).is_ok());
        assert!(matches!(verdict(Err(Error::unavailable("away"))), Err(Failure::Failed(_))));
        assert!(matches!(verdict(Err(Error::invalid("databaseUrl", "odd"))), Err(Failure::Usage(_))));
    }
}
