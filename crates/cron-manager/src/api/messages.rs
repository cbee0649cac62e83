//! The API's messages as those who ask for them use them: as JSON, and as the fields of a config.

use prost::Message;
#[cfg(feature = "client")]
use prost_reflect::DynamicMessage;
#[cfg(feature = "client")]
use prost_types::FieldMask;
use serde_json::{Map, Value};

use super::{
    proto::{self, message},
    wire::{self, JsonText, Misfit},
};
use crate::{CalendarFields, CronConfigFields, Error};

macro_rules! shown {
    ($($name:ident),+ $(,)?) => {$(
        impl proto::$name {
            /// The message as the API shows it over plain HTTP: proto3 JSON, in which contexts, results and differences are JSON themselves.
            pub fn to_json(&self) -> Value {
                show(concat!("cron.", stringify!($name)), self)
            }
        }
    )+};
}

shown!(
    CronConfig,
    CronConfigVersion,
    CronJob,
    CronJobUpdate,
    WatchEvent,
    Calendar,
    Control,
    ValidateCronConfigResponse,
    Replica,
    AuditRecord,
    Token
);

fn show(name: &str, shown: &impl Message) -> Value {
    #[expect(clippy::expect_used, reason = "the build made the message and its description of one proto")]
    wire::to_json(&message(name), shown.encode_to_vec().into(), JsonText::Inline).expect("a message of this build")
}

impl proto::CronConfig {
    /// Reads a config as [`Self::to_json`] shows it. What only the server writes is left out, and null is absent.
    ///
    /// Errors: invalid argument, which names the field: it is not known, or has a value of another type.
    pub fn from_json(mut object: Map<String, Value>) -> crate::Result<Self> {
        let description = message("cron.CronConfig");
        wire::fit(&description, &mut object, "")?;
        let read = wire::from_json(&description, object, "")?;
        read.transcode_to().map_err(|error| Error::internal(error.to_string()))
    }
}

#[cfg(feature = "client")]
impl proto::CronConfig {
    /// The mask of the fields that are present, and of one more.
    pub(crate) fn mask_with(&self, field: &str) -> FieldMask {
        let present = DynamicMessage::decode(message("cron.CronConfig"), self.encode_to_vec().as_slice());
        let present = present.iter().flat_map(DynamicMessage::fields).map(|(field, _)| field.name().to_owned());
        FieldMask { paths: present.chain([field.to_owned()]).collect() }
    }
}

impl TryFrom<&CronConfigFields> for proto::CronConfig {
    type Error = Error;

    fn try_from(fields: &CronConfigFields) -> crate::Result<Self> {
        match serde_json::to_value(fields) {
            Ok(Value::Object(fields)) => Self::from_json(fields),
            other => Err(Error::internal(format!("the fields of a config are no object: {other:?}"))),
        }
    }
}

/// The fields that a caller may set, as they are.
impl TryFrom<proto::CronConfig> for CronConfigFields {
    type Error = Error;

    fn try_from(config: proto::CronConfig) -> crate::Result<Self> {
        Ok(wire::fields(config)?)
    }
}

impl proto::Calendar {
    /// Reads a calendar as [`Self::to_json`] shows it, as [`proto::CronConfig::from_json`] does.
    pub fn from_json(mut object: Map<String, Value>) -> crate::Result<Self> {
        let description = message("cron.Calendar");
        wire::fit(&description, &mut object, "")?;
        let read = wire::from_json(&description, object, "")?;
        read.transcode_to().map_err(|error| Error::internal(error.to_string()))
    }
}

impl TryFrom<&CalendarFields> for proto::Calendar {
    type Error = Error;

    fn try_from(fields: &CalendarFields) -> crate::Result<Self> {
        match serde_json::to_value(fields) {
            Ok(Value::Object(fields)) => Self::from_json(fields),
            other => Err(Error::internal(format!("the fields of a calendar are no object: {other:?}"))),
        }
    }
}

/// The fields that a caller may set, as they are.
impl TryFrom<proto::Calendar> for CalendarFields {
    type Error = Error;

    fn try_from(calendar: proto::Calendar) -> crate::Result<Self> {
        Ok(wire::calendar_fields(calendar)?)
    }
}

impl From<Misfit> for Error {
    fn from(Misfit { field, message }: Misfit) -> Self {
        Self::invalid(field, message)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::{CronConfig, domain::schedule::DstGap};

    fn fields() -> CronConfigFields {
        CronConfigFields {
            dst_gap: Some(DstGap::Skip),
            timeout: Some(Duration::from_millis(1_500)),
            ..CronConfigFields::named("j").enabled(false).cron("0 2 * * *", "Europe/Berlin")
        }
        .context(json!({"z": 1, "a": "ü"}))
    }

    #[test]
    fn the_fields_of_a_config_are_the_same_after_both_ways() {
        let message = proto::CronConfig::try_from(&fields()).unwrap();
        assert_eq!(message.timeout.unwrap().nanos, 500_000_000);
        assert_eq!(message.context.as_deref(), Some(r#"{"z":1,"a":"ü"}"#), "in its order");
        let text = json!(r#"{"z":1,"a":"ü"}"#);
        assert_eq!(CronConfigFields::try_from(message).unwrap(), fields().context(text));
    }

    #[test]
    fn what_was_shown_can_be_read_back() {
        let config: CronConfig = fields().create(jiff::Timestamp::UNIX_EPOCH).unwrap();
        let shown = wire::show_config(&config).to_json();
        assert_eq!((&shown["context"], &shown["timeout"]), (&json!({"z": 1, "a": "ü"}), &json!("1.500s")));
        let Value::Object(shown) = shown else { panic!("{shown}") };
        let read = CronConfigFields::try_from(proto::CronConfig::from_json(shown).unwrap()).unwrap();
        assert_eq!(read.create(jiff::Timestamp::UNIX_EPOCH).unwrap(), config);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let read = |value: Value| proto::CronConfig::from_json(value.as_object().unwrap().clone()).unwrap_err();
        assert_eq!(read(json!({"enabeld": true})).field(), Some("enabeld"));
        assert_eq!(read(json!({"enabled": "yes"})).field(), Some("enabled"));
    }
}
