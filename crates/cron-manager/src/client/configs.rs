//! Configs: create, change, read.

use futures_util::Stream;

use super::{Client, pages, proto};
use crate::{CronConfigFields, CronConfigId, Error, Result};

/// Which configs to list.
#[derive(Clone, Debug, Default)]
pub struct ConfigFilter {
    /// Deleted ones too.
    pub show_deleted: bool,
    /// Conditions with AND between them, such as `enabled = true AND name = "send-*"`; empty: none.
    pub filter: String,
}

impl Client {
    /// Creates a config. It is off unless the fields say otherwise.
    ///
    /// Errors: invalid argument (names the field), already exists (the name is taken, maybe by a deleted config).
    pub async fn create_cron_config(&self, fields: &CronConfigFields) -> Result<proto::CronConfig> {
        self.create_cron_config_once(fields, "").await
    }

    /// The same with the caller's name for this request: the same one again gives the same config again.
    ///
    /// Errors: invalid argument (`requestId`), and as [`Self::create_cron_config`].
    pub async fn create_cron_config_once(
        &self,
        fields: &CronConfigFields,
        request_id: &str,
    ) -> Result<proto::CronConfig> {
        let asked = proto::CreateCronConfigRequest {
            cron_config: Some(fields.try_into()?),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        let ask = |mut grpc: super::call::Grpc, asked| async move { grpc.create_cron_config(asked).await };
        present(self.write_once(request_id, asked, ask).await?.cron_config)
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
        let asked = update(id, fields, etag)?;
        let answer = self.write(asked, |mut grpc, asked| async move { grpc.update_cron_config(asked).await }).await?;
        present(answer.cron_config)
    }

    /// Deletes a config; with an `etag`, only if that is still its own. Its name stays taken and its runs stay in the ledger.
    ///
    /// Errors: not found, conflict.
    pub async fn delete_cron_config(&self, id: CronConfigId, etag: Option<&str>) -> Result<proto::CronConfig> {
        self.write(delete(id, etag), |mut grpc, asked| async move { grpc.delete_cron_config(asked).await }).await
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

    /// Configs in the order of their ids, page by page.
    ///
    /// ```
    /// # async fn list(client: cron_manager::Client) -> cron_manager::Result<()> {
    /// use futures_util::TryStreamExt;
    ///
    /// let mut configs = std::pin::pin!(client.cron_configs(&Default::default()));
    /// while let Some(config) = configs.try_next().await? {
    ///     println!("{}: {}", config.name(), config.description());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cron_configs(&self, filter: &ConfigFilter) -> impl Stream<Item = Result<proto::CronConfig>> + Send + use<> {
        let (client, filter) = (self.clone(), filter.clone());
        pages::rows(move |page_token| {
            let (client, ConfigFilter { show_deleted, filter }) = (client.clone(), filter.clone());
            async move {
                let page_size = pages::PAGE;
                let asked = proto::ListCronConfigsRequest { page_size, page_token, show_deleted, filter };
                let ask = |mut grpc: super::call::Grpc, asked| async move { grpc.list_cron_configs(asked).await };
                let page = client.read(asked, ask).await?;
                Ok((page.cron_configs, page.next_page_token))
            }
        })
    }

    /// What [`Self::create_cron_config`] would create, with the same checks and errors; nothing is written. It has no id, times and etag.
    pub async fn would_create_cron_config(&self, fields: &CronConfigFields) -> Result<proto::CronConfig> {
        let cron_config = Some(fields.try_into()?);
        let asked = proto::CreateCronConfigRequest { cron_config, validate_only: true, ..Default::default() };
        let answer = self.read(asked, |mut grpc, asked| async move { grpc.create_cron_config(asked).await }).await?;
        present(answer.cron_config)
    }

    /// What [`Self::update_cron_config`] would make of a config, with the same checks and errors; nothing is written.
    pub async fn would_update_cron_config(
        &self,
        id: CronConfigId,
        fields: &CronConfigFields,
        etag: Option<&str>,
    ) -> Result<proto::CronConfig> {
        let asked = proto::UpdateCronConfigRequest { validate_only: true, ..update(id, fields, etag)? };
        let answer = self.read(asked, |mut grpc, asked| async move { grpc.update_cron_config(asked).await }).await?;
        present(answer.cron_config)
    }

    /// What [`Self::delete_cron_config`] would make of a config, with the same checks and errors; nothing is written.
    pub async fn would_delete_cron_config(&self, id: CronConfigId, etag: Option<&str>) -> Result<proto::CronConfig> {
        let asked = proto::DeleteCronConfigRequest { validate_only: true, ..delete(id, etag) };
        self.read(asked, |mut grpc, asked| async move { grpc.delete_cron_config(asked).await }).await
    }

    /// Brings a deleted config back; with an `etag`, only if that is still its own.
    ///
    /// Errors: not found, conflict.
    pub async fn undelete_cron_config(&self, id: CronConfigId, etag: Option<&str>) -> Result<proto::CronConfig> {
        let asked = proto::UndeleteCronConfigRequest { id: id.0, etag: etag.map(ToOwned::to_owned) };
        self.write(asked, |mut grpc, asked| async move { grpc.undelete_cron_config(asked).await }).await
    }

    /// What a config with these fields would be: its schedule in words, its next `count` ticks, what changes of the clock do to it. Nothing is
    /// created.
    ///
    /// Errors: invalid argument (names the field).
    pub async fn validate(&self, fields: &CronConfigFields, count: usize) -> Result<proto::ValidateCronConfigResponse> {
        let count = count.try_into().unwrap_or(i32::MAX);
        let asked = proto::ValidateCronConfigRequest { cron_config: Some(fields.try_into()?), count };
        self.read(asked, |mut grpc, asked| async move { grpc.validate_cron_config(asked).await }).await
    }

    /// The versions of a config, newest first, page by page.
    ///
    /// Errors: not found.
    pub fn versions(&self, id: CronConfigId) -> impl Stream<Item = Result<proto::CronConfigVersion>> + Send + use<> {
        let client = self.clone();
        pages::rows(move |page_token| {
            let client = client.clone();
            async move {
                let asked = proto::ListCronConfigVersionsRequest { id: id.0, page_size: pages::PAGE, page_token };
                let ask =
                    |mut grpc: super::call::Grpc, asked| async move { grpc.list_cron_config_versions(asked).await };
                let page = client.read(asked, ask).await?;
                Ok((page.versions, page.next_page_token))
            }
        })
    }

    /// The statement of a query job.
    ///
    /// Errors: not found, permission denied (only an admin may read it), failed precondition (it is no query job).
    pub async fn query_text(&self, id: CronConfigId) -> Result<String> {
        let asked = proto::GetQueryTextRequest { id: id.0 };
        let answer = self.read(asked, |mut grpc, asked| async move { grpc.get_query_text(asked).await }).await?;
        Ok(answer.sql)
    }

    /// Encrypts the secrets of jobs with the first of the server's keys, where that was done with another one; how many configs were changed.
    ///
    /// Errors: permission denied (only an admin may), failed precondition (there is no key, or something could not be read; all else was
    /// changed).
    pub async fn reencrypt(&self) -> Result<usize> {
        let asked = proto::ReencryptCronConfigsRequest {};
        let answer = self.write(asked, |mut grpc, asked| async move { grpc.reencrypt_cron_configs(asked).await });
        Ok(answer.await?.changed.try_into().unwrap_or_default())
    }
}

fn update(id: CronConfigId, fields: &CronConfigFields, etag: Option<&str>) -> Result<proto::UpdateCronConfigRequest> {
    let config: proto::CronConfig = fields.try_into()?;
    // A list that is to be empty is told by a mask alone.
    let names_none = fields.calendars.as_ref().is_some_and(Vec::is_empty);
    let update_mask = names_none.then(|| config.mask_with("calendars"));
    let config = proto::CronConfig { etag: etag.map(ToOwned::to_owned), ..config };
    let cron_config = Some(config);
    Ok(proto::UpdateCronConfigRequest { id: Some(id.0), cron_config, update_mask, ..Default::default() })
}

fn delete(id: CronConfigId, etag: Option<&str>) -> proto::DeleteCronConfigRequest {
    proto::DeleteCronConfigRequest { id: id.0, etag: etag.map(ToOwned::to_owned), ..Default::default() }
}

fn present(config: Option<proto::CronConfig>) -> Result<proto::CronConfig> {
    config.ok_or_else(|| Error::internal("the server's answer has no config in it"))
}
