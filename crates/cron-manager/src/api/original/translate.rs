//! Between the messages of a team's own proto and ours, by the names of their fields.

use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, SerializeOptions};
use serde_json::{Map, Value};
use tonic::Status;

use crate::api::{
    proto,
    wire::{JsonText, Misfit, fit, from_json, to_json},
};

/// The messages of one of their methods.
#[derive(Clone, Debug)]
pub(crate) struct Translation {
    input: MessageDescriptor,
    output: MessageDescriptor,
}

const CONFIG: &str = "cron_config";

impl Translation {
    /// Checks that each field of the messages of `theirs` has one of ours by its name.
    pub(super) fn new(theirs: &MethodDescriptor) -> Result<Self, String> {
        let (input, output) = (theirs.input(), theirs.output());
        let config = config();
        let strange = |message: &MessageDescriptor, known: &dyn Fn(&FieldDescriptor) -> bool| match message
            .fields()
            .find(|field| !known(field))
        {
            Some(field) => Err(format!("the field {} has a name that is not ours", field.full_name())),
            None => Ok(()),
        };
        strange(&input, &|field| config.get_field_by_name(field.name()).is_some())?;
        strange(&output, &|field| field.name() == CONFIG)?;
        match output.get_field_by_name(CONFIG).map(|field| field.kind()) {
            Some(Kind::Message(shown)) => strange(&shown, &|field| config.get_field_by_name(field.name()).is_some())?,
            _ => return Err(format!("{} needs a message called {CONFIG}", output.full_name())),
        }
        Ok(Self { input, output })
    }

    /// Their encoded request as a request of `ours`.
    pub(crate) fn request(&self, ours: &MethodDescriptor, bytes: &[u8]) -> Result<Vec<u8>, Status> {
        let wrong = |error: &dyn std::fmt::Display| Misfit::new("", format!("the request does not decode: {error}"));
        let message = DynamicMessage::decode(self.input.clone(), bytes).map_err(|error| wrong(&error))?;
        let named = SerializeOptions::new().use_proto_field_name(true);
        let value =
            message.serialize_with_options(serde_json::value::Serializer, &named).map_err(|error| wrong(&error))?;
        let Value::Object(theirs) = value else { return Err(wrong(&"it is no object").into()) };
        let mut request = Map::new();
        let mut fields = Map::new();
        for (name, value) in theirs {
            match config().get_field_by_name(&name) {
                Some(field) if name == "id" && ours.input().get_field_by_name("id").is_some() => {
                    request.insert(field.json_name().to_owned(), value);
                }
                Some(field) => {
                    fields.insert(field.json_name().to_owned(), value);
                }
                None => {}
            }
        }
        fit(&config(), &mut fields, "")?;
        request.insert("cronConfig".to_owned(), Value::Object(fields));
        Ok(from_json(&ours.input(), request, "cronConfig")?.encode_to_vec())
    }

    /// An encoded answer of `ours` as their answer: the fields that it has.
    pub(crate) fn answer(&self, ours: &MethodDescriptor, bytes: prost::bytes::Bytes) -> Result<Vec<u8>, Status> {
        let misfit = |error: &dyn std::fmt::Display| {
            Status::internal(format!("the answer does not fit the proto file: {error}"))
        };
        let Some(field) = self.output.get_field_by_name(CONFIG) else { return Err(misfit(&"it has no config")) };
        let Kind::Message(shown) = field.kind() else { return Err(misfit(&"its config is no message")) };
        let text = |name: &str| match shown.get_field_by_name(name).map(|field| field.kind()) {
            Some(Kind::Message(_)) => JsonText::Inline,
            _ => JsonText::Quoted,
        };
        let mut value = to_json(&ours.output(), bytes, text("context"))?;
        let mut theirs = Map::new();
        for field in shown.fields() {
            let ours = config().get_field_by_name(field.name());
            let given = ours.and_then(|ours| value["cronConfig"].get_mut(ours.json_name()).map(Value::take));
            if let Some(given) = given {
                theirs.insert(field.json_name().to_owned(), given);
            }
        }
        let answer = Map::from_iter([(field.json_name().to_owned(), Value::Object(theirs))]);
        let answer = from_json(&self.output, answer, "").map_err(|error| misfit(&error.message))?;
        Ok(answer.encode_to_vec())
    }
}

fn config() -> MessageDescriptor {
    proto::message("cron.CronConfig")
}
