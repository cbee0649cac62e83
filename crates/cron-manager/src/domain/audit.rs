//! Who changed what, when and why.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    AuditId, Author, Calendar, CalendarFields, Control, CronConfig, CronConfigFields, CronConfigId, ReplicaId, Role,
    Token,
};

/// The record of one change. It is written in the transaction of the change, and stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// Given by the store; 0 before the record is stored.
    pub id: AuditId,
    /// By the store's clock.
    pub at: Timestamp,
    /// Who, as [`Author::actor`] says.
    pub actor: String,
    /// In which role.
    pub role: Role,
    /// Why, in their words.
    pub reason: Option<String>,
    /// What was done, in one word: `create`, `update`, `enable`, `disable`, `delete`, `undelete`, `trigger`, `drain`, `create_token` …
    pub action: String,
    /// The config that it was done to.
    pub config_id: Option<CronConfigId>,
    /// The name of that config, or what else it was done to, such as `token/7`.
    pub resource: String,
    /// What it changed.
    pub difference: Difference,
}

impl AuditRecord {
    /// The record of what `author` did to something that is no config.
    pub fn new(author: &Author, action: &str, resource: impl Into<String>, difference: Difference) -> Self {
        let Author { actor, role, reason } = author.clone();
        Self {
            id: AuditId(0),
            at: Timestamp::UNIX_EPOCH,
            actor,
            role,
            reason,
            action: action.into(),
            config_id: None,
            resource: resource.into(),
            difference,
        }
    }

    /// The record of what `author` did to `config`.
    pub fn on(config: &CronConfig, author: &Author, action: &str, difference: Difference) -> Self {
        Self { config_id: Some(config.id), ..Self::new(author, action, config.name.as_str(), difference) }
    }

    /// The record of a new config.
    pub fn created(config: &CronConfig, author: &Author) -> Self {
        Self::on(config, author, "create", Difference::between(&Map::new(), &fields(config)))
    }

    /// The record of an edit; `None`: it changed nothing.
    pub fn edited(old: &CronConfig, new: &CronConfig, author: &Author) -> Option<Self> {
        let difference = Difference::between(&fields(old), &fields(new));
        let action = match (old.deleted_at, new.deleted_at) {
            (None, Some(_)) => "delete",
            (Some(_), None) => "undelete",
            _ if difference.is_only("paused") => ["resume", "pause"][usize::from(new.paused.is_some())],
            _ if difference.is_only("enabled") => ["disable", "enable"][usize::from(new.enabled)],
            _ => "update",
        };
        (!difference.is_empty()).then(|| Self::on(new, author, action, difference))
    }

    /// The record of a replica that was asked to start nothing more, or no longer is.
    pub fn drained(id: ReplicaId, draining: bool, author: &Author) -> Self {
        Self::new(author, "drain", format!("replica/{id}"), Difference::of("draining", !draining, draining))
    }

    /// The control record was changed.
    pub fn controlled(old: &Control, new: &Control, author: &Author) -> Self {
        let fields = |control: &Control| {
            let fields = json!({"enabled": control.enabled, "logLevel": control.log_level});
            fields.as_object().cloned().unwrap_or_default()
        };
        Self::new(author, "control", "control", Difference::between(&fields(old), &fields(new)))
    }

    /// The record of a calendar that was created, when there is no `old` one, changed, or deleted, when there is no `new` one.
    pub fn calendar(old: Option<&Calendar>, new: Option<&Calendar>, author: &Author) -> Option<Self> {
        let action = match (old, new) {
            (None, _) => "create_calendar",
            (Some(_), Some(_)) => "update_calendar",
            (Some(_), None) => "delete_calendar",
        };
        let fields = |calendar: Option<&Calendar>| {
            let fields = calendar.and_then(|calendar| serde_json::to_value(CalendarFields::from(calendar)).ok());
            fields.as_ref().and_then(Value::as_object).cloned().unwrap_or_default()
        };
        let difference = Difference::between(&fields(old), &fields(new));
        let resource = format!("calendar/{}", old.or(new)?.name);
        (!difference.is_empty()).then(|| Self::new(author, action, resource, difference))
    }

    /// The record of a new token.
    pub fn token_created(token: &Token, author: &Author) -> Self {
        let new = Difference::of("name", Value::Null, &*token.name).and("role", Value::Null, token.role.as_str());
        let new = match token.expires_at {
            Some(end) => new.and("expiresAt", Value::Null, end.to_string()),
            None => new,
        };
        Self::new(author, "create_token", token.resource(), new)
    }

    /// The record of a token that was taken back.
    pub fn token_revoked(token: &Token, author: &Author) -> Self {
        let revoked_at = token.revoked_at.map(|at| at.to_string());
        Self::new(author, "revoke_token", token.resource(), Difference::of("revokedAt", Value::Null, revoked_at))
    }
}

/// A config's fields by their names on the wire.
fn fields(config: &CronConfig) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(CronConfigFields::from(config)) else { return Map::new() };
    if let Some(deleted_at) = config.deleted_at {
        fields.insert("deletedAt".into(), deleted_at.to_string().into());
    }
    if let Some(pause) = &config.paused {
        let until = pause.until.map(|until| until.to_string());
        fields.insert("paused".into(), json!({"until": until, "reason": pause.reason}));
    }
    fields.retain(|_, value| !value.is_null());
    fields
}

/// What a change did: for each field by its name on the wire, `{"old": …, "new": …}`. Secrets are not in it, and it has no more than
/// [`Difference::LIMIT`] bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    fields: Map<String, Value>,
    truncated: bool,
}

impl Difference {
    /// The most it has, in bytes of its JSON text.
    pub const LIMIT: usize = 64 * 1024;

    /// One field that changed.
    pub fn of(field: &str, old: impl Into<Value>, new: impl Into<Value>) -> Self {
        Self::default().and(field, old, new)
    }

    /// One more field that changed.
    #[must_use]
    pub fn and(mut self, field: &str, old: impl Into<Value>, new: impl Into<Value>) -> Self {
        self.fields.insert(field.into(), json!({"old": hide(field, old.into()), "new": hide(field, new.into())}));
        self.bound();
        self
    }

    /// The fields that are not the same in both.
    pub fn between(old: &Map<String, Value>, new: &Map<String, Value>) -> Self {
        let mut difference = Self::default();
        for field in new.keys().chain(old.keys().filter(|field| !new.contains_key(*field))) {
            let value = |of: &Map<String, Value>| of.get(field).cloned().unwrap_or_default();
            if value(old) != value(new) {
                difference = difference.and(field, value(old), value(new));
            }
        }
        difference
    }

    /// A difference as a store kept it: its text, and whether it was cut.
    pub fn restore(text: &str, truncated: bool) -> serde_json::Result<Self> {
        Ok(Self { fields: serde_json::from_str(text)?, truncated })
    }

    /// The fields that changed.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// Whether values had to be cut: they are then texts that begin as the value's JSON does.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Its JSON text.
    pub fn to_json(&self) -> String {
        Value::Object(self.fields.clone()).to_string()
    }

    fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn is_only(&self, field: &str) -> bool {
        self.fields.len() == 1 && self.fields.contains_key(field)
    }

    /// Cuts the long values first; then, if there are so many fields, the last ones.
    fn bound(&mut self) {
        if self.to_json().len() <= Self::LIMIT {
            return;
        }
        self.truncated = true;
        self.fields.values_mut().filter_map(Value::as_object_mut).flat_map(|pair| pair.values_mut()).for_each(cut);
        while self.to_json().len() > Self::LIMIT
            && let Some(last) = self.fields.keys().next_back().cloned()
        {
            self.fields.remove(&last);
        }
    }
}

/// A value of which only the beginning is kept.
fn cut(value: &mut Value) {
    const KEPT: usize = 512;
    let text = value.to_string();
    if text.len() > KEPT {
        *value = format!("{}…", &text[..text.floor_char_boundary(KEPT)]).into();
    }
}

/// The names of fields, at any depth outside of a context, whose values may be secret.
const SECRET: [&str; 2] = ["headers", "sql"];

/// The value without what may be secret in it. A context is the handler's, and everybody who may read the config reads it.
fn hide(field: &str, value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        _ if SECRET.contains(&field) => "***".into(),
        Value::Object(fields) if field != "context" => {
            fields.into_iter().map(|(name, value)| (name.clone(), hide(&name, value))).collect::<Map<_, _>>().into()
        }
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(context: Value) -> CronConfig {
        let fields = CronConfigFields::named("j").every(std::time::Duration::from_secs(60)).context(context);
        fields.create(Timestamp::UNIX_EPOCH).unwrap()
    }

    fn author() -> Author {
        Author::new("ada#7", Role::Operator).because("so")
    }

    #[test]
    fn a_record_says_who_changed_which_fields_from_what_to_what() {
        let old = config(json!({"shop": 1}));
        let new = CronConfig { enabled: true, schedule: None, ..config(json!({"shop": 2})) };
        let record = AuditRecord::edited(&old, &new, &author()).unwrap();
        assert_eq!(
            (record.actor.as_str(), record.role, record.reason.as_deref()),
            ("ada#7", Role::Operator, Some("so"))
        );
        assert_eq!((record.action.as_str(), record.resource.as_str(), record.config_id), ("update", "j", Some(old.id)));
        let expected = json!({
            "enabled": {"old": false, "new": true},
            "context": {"old": {"shop": 1}, "new": {"shop": 2}},
            "every": {"old": "60s", "new": null},
        });
        assert_eq!(Value::Object(record.difference.fields().clone()), expected);
        assert!(!record.difference.is_truncated());
    }

    #[test]
    fn an_action_is_named_by_what_changed() {
        let old = config(json!({}));
        let action = |old: &CronConfig, new: &CronConfig| AuditRecord::edited(old, new, &author()).map(|r| r.action);
        let on = CronConfig { enabled: true, ..old.clone() };
        let gone = CronConfig { deleted_at: Some(Timestamp::UNIX_EPOCH), ..old.clone() };
        assert_eq!(action(&old, &on).as_deref(), Some("enable"));
        assert_eq!(action(&on, &old).as_deref(), Some("disable"));
        assert_eq!(action(&old, &gone).as_deref(), Some("delete"));
        assert_eq!(action(&gone, &old).as_deref(), Some("undelete"));
        assert_eq!(action(&old, &CronConfig { external: true, ..on }).as_deref(), Some("update"));
        assert_eq!(action(&old, &CronConfig { version: 9, ..old.clone() }), None, "nothing that people set changed");
    }

    #[test]
    fn a_difference_is_bounded_and_says_so() {
        let large = |c: &str| config(json!({"text": c.repeat(60_000)}));
        let whole = AuditRecord::created(&large("a"), &author()).difference;
        assert!(!whole.is_truncated());
        let cut = AuditRecord::edited(&large("a"), &large("b"), &author()).unwrap().difference;
        assert!(cut.is_truncated() && cut.to_json().len() <= Difference::LIMIT);
        let old = cut.fields()["context"]["old"].as_str().unwrap();
        assert!(old.starts_with(r#"{"text":"aaa"#) && old.ends_with('…'), "{old}");
        let many = (0..2_000).fold(Difference::default(), |all, at| all.and(&format!("f{at}"), "ü".repeat(99), 1));
        assert!(many.is_truncated() && many.to_json().len() <= Difference::LIMIT);
        assert_eq!(Difference::restore(&many.to_json(), true).unwrap(), many);
    }

    #[test]
    fn what_may_be_secret_is_not_in_a_difference() {
        let old = json!({"http": {"url": "u", "headers": {"Authorization": "hush"}}, "context": {"sql": "kept"}});
        let new = json!({"query": {"sql": "SELECT 'hush'"}});
        let difference = Difference::between(old.as_object().unwrap(), new.as_object().unwrap());
        assert!(!difference.to_json().contains("hush"), "{difference:?}");
        assert_eq!(difference.fields()["http"]["old"], json!({"url": "u", "headers": "***"}));
        assert_eq!(difference.fields()["context"]["old"], json!({"sql": "kept"}));
    }
}
