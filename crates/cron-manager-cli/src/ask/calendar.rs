//! `calendar`: calendars of a running server.

use std::pin::pin;

use clap::{Args, Subcommand};
use cron_manager::{CalendarFields, CalendarId, client::proto};
use futures_util::TryStreamExt;
use serde_json::{Map, Value};

use super::{
    Server, Trouble,
    args::{Asking, Change, Sure, Why},
    ask, block_on,
    fields::file,
    number,
};
use crate::failure::Failure;

#[derive(Args)]
pub(crate) struct CalendarArguments {
    #[command(subcommand)]
    what: CalendarCommand,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Subcommand)]
enum CalendarCommand {
    /// List calendars, in the order of their ids
    List,
    /// Show one calendar
    Get {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        calendar: String,
    },
    /// Create a calendar: times in which no tick of the configs that name it runs
    Create {
        /// Its name; may be in the file
        #[arg(value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        fields: CalendarFieldArguments,
        #[command(flatten)]
        why: Why,
    },
    /// Change the fields that are given
    Update {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        calendar: String,
        /// Its new name
        #[arg(long = "name", value_name = "NAME")]
        new_name: Option<String>,
        #[command(flatten)]
        fields: CalendarFieldArguments,
        #[command(flatten)]
        change: Change,
    },
    /// Delete a calendar that no config names
    Delete {
        /// Its name or id
        #[arg(value_name = "NAME|ID")]
        calendar: String,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        change: Change,
    },
}

/// The fields of a calendar.
#[derive(Args)]
#[command(next_help_heading = "Fields")]
struct CalendarFieldArguments {
    /// The fields as a JSON object, as `calendar get -o json` shows them; - reads standard input; flags count before it
    #[arg(long, value_name = "FILE|-")]
    file: Option<String>,
    /// The IANA time zone whose local time its blackouts mean
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
}

/// What was given of a calendar.
struct Given {
    fields: CalendarFields,
    /// The etag in the file.
    etag: Option<String>,
    /// The id in the file.
    id: Option<i32>,
}

impl CalendarFieldArguments {
    /// The fields of the file with those of the flags in their place, and with `name`, if there is one.
    fn read(&self, name: Option<&str>) -> Result<Given, Failure> {
        let mut object = self.file.as_deref().map_or_else(|| Ok(Map::new()), file)?;
        let texts = [("name", name), ("timezone", self.timezone.as_deref())];
        object.extend(texts.into_iter().filter_map(|(field, text)| Some((field.to_owned(), Value::from(text?)))));
        let names_blackouts = object.get("blackouts").is_some_and(Value::is_array);
        let calendar = proto::Calendar::from_json(object)?;
        let (etag, id) = (calendar.etag.clone().filter(|etag| !etag.is_empty()), calendar.id);
        let fields = CalendarFields::try_from(calendar)?;
        // A list that is empty is none on the wire.
        let blackouts = fields.blackouts.or(names_blackouts.then(Vec::new));
        Ok(Given { fields: CalendarFields { blackouts, ..fields }, etag, id })
    }
}

pub(crate) fn calendar(arguments: &CalendarArguments) -> Result<(), Failure> {
    block_on(answer(&arguments.what, &arguments.asking))
}

async fn answer(command: &CalendarCommand, asking: &Asking) -> Result<(), Trouble> {
    match command {
        CalendarCommand::List => {
            let server = Server::of(asking, None).await?;
            let calendars: Vec<_> = server.client.calendars().try_collect().await?;
            let rows: Vec<Value> = calendars.iter().map(proto::Calendar::to_json).collect();
            server.list("calendars", &rows, &["id", "name", "timezone", "blackouts", "updatedAt"])
        }
        CalendarCommand::Get { calendar } => {
            let server = Server::of(asking, None).await?;
            let id = id_of(&server, calendar).await?;
            server.show(&server.client.calendar(id).await?.to_json())
        }
        CalendarCommand::Create { name, fields, why } => {
            let server = Server::of(asking, why.reason.as_deref()).await?;
            let given = fields.read(name.as_deref())?;
            server.show(&server.client.create_calendar(&given.fields).await?.to_json())
        }
        CalendarCommand::Update { calendar, new_name, fields, change } => {
            let given = fields.read(new_name.as_deref())?;
            if given.fields == CalendarFields::default() {
                return Err(Failure::Usage("nothing to change: give a field, such as --timezone ZONE".into()).into());
            }
            let server = Server::of(asking, change.why.reason.as_deref()).await?;
            let id = id_of(&server, calendar).await?;
            if let Some(other) = given.id.filter(|other| *other != id.0) {
                let message = format!("the file is about calendar {other}, and {calendar} is calendar {id}");
                return Err(Failure::Usage(message).into());
            }
            let etag = change.if_match.as_deref().or(given.etag.as_deref());
            server.show(&server.client.update_calendar(id, &given.fields, etag).await?.to_json())
        }
        CalendarCommand::Delete { calendar, sure, change } => {
            ask(sure, &format!("delete the calendar {calendar}?"))?;
            let server = Server::of(asking, change.why.reason.as_deref()).await?;
            let id = id_of(&server, calendar).await?;
            server.show(&server.client.delete_calendar(id, change.if_match.as_deref()).await?.to_json())
        }
    }
}

/// The id of the calendar with this name or id: what is made of digits alone is an id.
async fn id_of(server: &Server, text: &str) -> Result<CalendarId, Trouble> {
    if let Some(id) = number(text)? {
        return Ok(CalendarId(id));
    }
    let mut calendars = pin!(server.client.calendars());
    while let Some(calendar) = calendars.try_next().await? {
        if calendar.name() == text {
            return Ok(CalendarId(calendar.id()));
        }
    }
    Err(Failure::Failed(format!("the calendar {text} was not found")).into())
}
