//! The headers that a job says, as they are sent.

use std::collections::BTreeMap;

use crate::{HttpJob, contracts::Sealer};

/// Names and values in plain text.
pub(super) type Opened = BTreeMap<String, String>;

/// All headers of the job of that name, the secret ones opened.
///
/// Errors: a text that names a header whose value may not or cannot be sent.
pub(super) fn opened(job: &HttpJob, name: &str, sealer: Option<&dyn Sealer>) -> Result<Opened, String> {
    if let Some(header) = job.unsealed_secret() {
        return Err(format!(
            "the value of {header:?} is secret and lies in the store in plain text, so it is not sent; give http.headers anew"
        ));
    }
    let mut headers = job.headers.clone();
    for (header, sealed) in &job.secrets {
        let wrong = |why: &str| format!("the value of {header:?} cannot be read: {why}");
        let sealer = sealer
            .ok_or_else(|| wrong("this program has no key; set encryption_keys (CRON_MANAGER_ENCRYPTION_KEYS)"))?;
        let value = sealer.open(sealed, &HttpJob::place(name, header, &job.url));
        headers.insert(header.clone(), value.map_err(|error| wrong(error.message()))?);
    }
    Ok(headers)
}
