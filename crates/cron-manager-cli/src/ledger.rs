//! `check ledger`: whether every tick has an outcome.

use std::sync::Arc;

use cron_manager::{
    CronConfigId, CronManager, backends::system::SystemClock, contracts::ConfigQuery, domain::ledger::Account,
};
use serde_json::{Value, json};
use tokio::runtime;

use crate::{args::LedgerArguments, data::Database, failure::Failure, output};

/// Prints each config's ticks beside what is recorded, and fails when they differ anywhere. It only reads, so it works beside
/// a program that serves.
pub(crate) fn check(arguments: &LedgerArguments) -> Result<(), Failure> {
    let settings = arguments.settings.load()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let accounts = runtime.block_on(async {
        let manager = Database::of(&settings).read(&settings, Arc::new(SystemClock)).await?;
        accounts(&manager).await
    })?;
    let rows: Vec<Value> = accounts.iter().map(row).collect();
    output::print(arguments.output.format, &rows)?;
    verdict(&accounts)
}

fn verdict(accounts: &[Account]) -> Result<(), Failure> {
    match accounts.iter().filter(|account| !account.imbalances().is_empty()).count() {
        0 => Ok(()),
        1 => Err(Failure::Failed("the ledger of 1 job does not add up".to_owned())),
        wrong => Err(Failure::Failed(format!("the ledgers of {wrong} jobs do not add up"))),
    }
}

/// The accounts of all configs, deleted ones too.
async fn accounts(manager: &CronManager) -> Result<Vec<Account>, Failure> {
    const PAGE: usize = 1_000;
    let mut accounts = Vec::new();
    let mut after = CronConfigId(0);
    loop {
        let page = manager
            .cron_configs(&ConfigQuery { after, limit: PAGE, show_deleted: true, ..ConfigQuery::default() })
            .await?;
        let Some(last) = page.last() else { return Ok(accounts) };
        after = last.id;
        for config in page {
            accounts.extend(manager.accounts(config.id).await?.into_iter().filter(counts));
        }
    }
}

/// A page on which no tick was ever due says nothing.
fn counts(account: &Account) -> bool {
    account.page_id.lane.is_some() || account.versions.iter().any(|version| version.distributed)
}

fn row(account: &Account) -> Value {
    let ticks: u64 = account.ticks().map(|(_, ticks)| ticks).sum();
    let recorded: u64 = account.recorded.iter().map(|(_, recorded)| recorded).sum();
    json!({
        "name": account.name.as_str(),
        "replica": account.page_id.lane.map(|lane| lane.to_string()),
        "through": account.watermark.to_string(),
        "ticks": ticks,
        "recorded": recorded,
        "balanced": account.imbalances().is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cron_manager::{Schedule, domain::ledger::ConfigVersion};

    use super::*;

    /// A job that was due three times.
    fn account(recorded: u64) -> Account {
        let since = "2025-06-01T00:00:00Z".parse().unwrap();
        let schedule = Some(Schedule::every(Duration::from_secs(5)).unwrap());
        Account {
            page_id: CronConfigId(1).into(),
            name: "job".parse().unwrap(),
            since,
            watermark: since + Duration::from_secs(17),
            versions: vec![ConfigVersion {
                version: 1,
                since,
                schedule,
                distributed: true,
                tz_database: String::new(),
            }],
            recorded: vec![(1, recorded)],
        }
    }

    #[test]
    fn a_tick_too_few_and_a_tick_too_many_are_failures() {
        assert!(verdict(&[account(3), account(3)]).is_ok());
        for recorded in [0, 2, 4] {
            let failure = verdict(&[account(3), account(recorded)]).unwrap_err();
            assert_eq!(failure.to_string(), "the ledger of 1 job does not add up");
            assert_eq!(row(&account(recorded))["balanced"], false);
        }
    }
}
