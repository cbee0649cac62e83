//! Configs: create, change, read.

use futures_util::Stream;

use super::{Client, pages, proto};
use crate::{CronConfigFields, CronConfigId, Error, Result};

impl Client {
    /// Creates a config. It is off unless the fields say otherwise.
    ///
    /// Errors: invalid argument (names the field), already exists (the name is taken, maybe by a deleted config).
    pub async fn create_cron_config(&self, fields: &CronConfigFields) -> Result<proto::CronConfig> {
        let asked = proto::CreateCronConfigRequest { cron_config: Some(fields.try_into()?), ..Default::default() };
        let answer = self.write(asked, |mut grpc, asked| async move { grpc.create_cron_config(asked).await }).await?;
        present(answer.cron_config)
    }

    /// Changes the fields that are given. With an `etag`, only if that is still the config's.
    ///
    /// Errors: invalid argument (names the field), not found, conflict (the etag is another), already exists (the new name).
    pub async fn update_cron_config(
        &self,
        id: CronConfigId,
        fields: &CronConfigFields,
        etag: Option<&str>,
    ) -> Result<proto::CronConfig> {
        let fields = proto::CronConfig { etag: etag.map(ToOwned::to_owned), ..fields.try_into()? };
        let asked = proto::UpdateCronConfigRequest { id: Some(id.0), cron_config: Some(fields), ..Default::default() };
        let answer = self.write(asked, |mut grpc, asked| async move { grpc.update_cron_config(asked).await }).await?;
        present(answer.cron_config)
    }

    /// Deletes a config; with an `etag`, only if that is still its own. Its name stays taken and its runs stay in the ledger.
    ///
    /// Errors: not found, conflict.
    pub async fn delete_cron_config(&self, id: CronConfigId, etag: Option<&str>) -> Result<proto::CronConfig> {
        let asked = proto::DeleteCronConfigRequest { id: id.0, etag: etag.map(ToOwned::to_owned) };
        self.write(asked, |mut grpc, asked| async move { grpc.delete_cron_config(asked).await }).await
    }

    /// One config, also a deleted one.
    ///
    /// Errors: not found.
    pub async fn cron_config(&self, id: CronConfigId) -> Result<proto::CronConfig> {
        let asked = proto::GetCronConfigRequest { id: id.0 };
        self.read(asked, |mut grpc, asked| async move { grpc.get_cron_config(asked).await }).await
    }

    /// One config by its name, also a deleted one.
    ///
    /// Errors: not found.
    pub async fn cron_config_named(&self, name: &str) -> Result<proto::CronConfig> {
        let asked = proto::GetCronConfigByNameRequest { name: name.to_owned() };
        self.read(asked, |mut grpc, asked| async move { grpc.get_cron_config_by_name(asked).await }).await
    }

    /// All configs in the order of their ids, page by page; deleted ones too, if asked for.
    ///
    /// ```
    /// # async fn list(client: cron_manager::Client) -> cron_manager::Result<()> {
    /// use futures_util::TryStreamExt;
    ///
    /// let mut configs = std::pin::pin!(client.cron_configs(false));
    /// while let Some(config) = configs.try_next().await? {
    ///     println!("{}: {}", config.name(), config.description());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cron_configs(&self, show_deleted: bool) -> impl Stream<Item = Result<proto::CronConfig>> + Send + use<> {
        let client = self.clone();
        pages::rows(move |page_token| {
            let client = client.clone();
            async move {
                let asked = proto::ListCronConfigsRequest { page_size: pages::PAGE, page_token, show_deleted, ..Default::default() };
                let ask = |mut grpc: super::call::Grpc, asked| async move { grpc.list_cron_configs(asked).await };
                let page = client.read(asked, ask).await?;
                Ok((page.cron_configs, page.next_page_token))
            }
        })
    }

    /// Asks for a run outside the schedule.
    ///
    /// Errors: not found, failed precondition (the config is disabled).
    pub async fn trigger(&self, id: CronConfigId) -> Result<proto::CronJob> {
        let asked = proto::TriggerCronConfigRequest { id: id.0, ..Default::default() };
        self.write(asked, |mut grpc, asked| async move { grpc.trigger_cron_config(asked).await }).await
    }
}

fn present(config: Option<proto::CronConfig>) -> Result<proto::CronConfig> {
    config.ok_or_else(|| Error::internal("the server's answer has no config in it"))
}
