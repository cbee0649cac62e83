//! Which method of the service an HTTP request is for: the rules of `google.api.http`, as far as they are used here.
//!
//! A template is made of literal segments and `{field}` segments, and may end in a `:verb`
//! (<https://github.com/googleapis/googleapis/blob/master/google/api/http.proto>).

use axum::http::Method;
use prost_reflect::{DynamicMessage, FieldDescriptor, MethodDescriptor, ServiceDescriptor};

use crate::api::{proto, wire::JsonText};

/// One way to reach a method.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) verb: Method,
    template: Template,
    pub(crate) body: Body,
    pub(crate) method: MethodDescriptor,
    /// How the answer shows JSON that its message has as text.
    pub(crate) text: JsonText,
}

/// What the body of a request is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// Nothing.
    None,
    /// The request message.
    Whole,
    /// This field of it.
    Field(FieldDescriptor),
}

/// All rules of a service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(Vec<Rule>);

/// What there is at a path.
pub(crate) enum Found<'a> {
    /// A method, and the fields that the path names.
    Rule(&'a Rule, Vec<(&'a str, &'a str)>),
    /// Methods for other verbs.
    Verbs(Vec<&'a Method>),
    Nothing,
}

impl Rules {
    /// The rules that the methods of `service` carry.
    pub(crate) fn of(service: &ServiceDescriptor) -> Self {
        let rules =
            |method: MethodDescriptor| bindings(&method).into_iter().filter_map(move |http| Rule::new(&method, &http));
        Self(service.methods().flat_map(rules).collect())
    }

    /// The same under the name of a service: `/v1/NAME` in the place of `/v1`, with answers as the original library gives them.
    pub(crate) fn under(self, name: &str) -> Self {
        let under = |rule: Rule| Rule { template: rule.template.under(name), text: JsonText::Quoted, ..rule };
        Self(self.0.into_iter().map(under).collect())
    }

    /// The rules of a method in somebody else's proto, for our method `ours`: what its path does not give is a field of the config.
    pub(crate) fn alias(theirs: &MethodDescriptor, ours: &MethodDescriptor) -> Self {
        let alias = |http: DynamicMessage| {
            let rule = Rule::new(theirs, &http)?;
            let body = Body::Field(ours.input().get_field_by_name("cron_config")?);
            Some(Rule { body, method: ours.clone(), text: JsonText::Quoted, ..rule })
        };
        Self(bindings(theirs).into_iter().filter_map(alias).collect())
    }

    /// These and others; where both have a rule, these count.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// What follows `/v1` in the paths.
    pub(crate) fn first_segments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|rule| match rule.template.segments.get(1) {
            Some(Segment::Literal(text)) => Some(text.as_str()),
            _ => None,
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// What there is for `verb` at `path`; where it is one answer or a stream, the one that is wanted. `HEAD` is as `GET` (RFC 9110 section 9.3.2).
    pub(crate) fn find<'a>(&'a self, verb: &Method, path: &'a str, stream: bool) -> Found<'a> {
        let verb = if verb == Method::HEAD { &Method::GET } else { verb };
        let at_path: Vec<_> =
            self.0.iter().filter_map(|rule| rule.template.matches(path).map(|fields| (rule, fields))).collect();
        let verbs: Vec<_> = at_path.iter().map(|(rule, _)| &rule.verb).collect();
        let of = |rule: &Rule, stream| rule.verb == verb && rule.method.is_server_streaming() == stream;
        let place = |stream| at_path.iter().position(|(rule, _)| of(rule, stream));
        match place(stream).or_else(|| place(!stream)) {
            Some(at) => at_path.into_iter().nth(at).map_or(Found::Nothing, |(rule, fields)| Found::Rule(rule, fields)),
            None if verbs.is_empty() => Found::Nothing,
            None => Found::Verbs(verbs),
        }
    }
}

impl Rule {
    fn new(method: &MethodDescriptor, http: &DynamicMessage) -> Option<Self> {
        let text =
            |name: &str| Some(http.get_field_by_name(name)?.as_str()?.to_owned()).filter(|text| !text.is_empty());
        let (verb, template) = ["get", "put", "post", "delete", "patch"]
            .into_iter()
            .find_map(|name| Some((Method::from_bytes(name.to_uppercase().as_bytes()).ok()?, text(name)?)))?;
        let body = match text("body").as_deref() {
            None => Body::None,
            Some("*") => Body::Whole,
            Some(field) => Body::Field(method.input().get_field_by_name(field)?),
        };
        let (template, method) = (Template::parse(&template), method.clone());
        Some(Self { verb, template, body, method, text: JsonText::Inline })
    }

    /// The template, as OpenAPI writes it, too.
    pub(crate) fn path(&self) -> String {
        self.template.to_string()
    }

    /// Whether the path is that of a service with a name of its own.
    pub(crate) fn is_under_a_name(&self) -> bool {
        self.text == JsonText::Quoted
    }

    /// Whether the request has an etag, so that the header `If-Match` may give it.
    pub(crate) fn takes_etag(&self) -> bool {
        let message = match &self.body {
            Body::Field(field) => field.kind().as_message().cloned(),
            _ => Some(self.method.input()),
        };
        message.is_some_and(|message| message.get_field_by_name("etag").is_some())
    }

    /// The fields of the request that the path names.
    pub(crate) fn path_fields(&self) -> impl Iterator<Item = &str> {
        self.template.segments.iter().filter_map(Segment::field)
    }

    /// The fields of the request that parameters may name: those that neither the path nor the body gives.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = FieldDescriptor> {
        let fields: Vec<_> = match &self.body {
            Body::Whole => Vec::new(),
            body => {
                let free = |field: &FieldDescriptor| {
                    !proto::marks(field).original
                        && *body != Body::Field(field.clone())
                        && self.path_fields().all(|name| name != field.name())
                };
                self.method.input().fields().filter(free).collect()
            }
        };
        fields.into_iter()
    }
}

/// The rule of a method, and its further ones.
fn bindings(method: &MethodDescriptor) -> Vec<DynamicMessage> {
    let Some(http) = proto::http(method) else { return Vec::new() };
    let more = http.get_field_by_name("additional_bindings");
    let more: Vec<_> =
        more.iter().filter_map(|more| more.as_list()).flatten().filter_map(|rule| rule.as_message().cloned()).collect();
    [http].into_iter().chain(more).collect()
}

#[derive(Clone, Debug, PartialEq)]
struct Template {
    segments: Vec<Segment>,
    verb: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Segment {
    Literal(String),
    Field(String),
}

impl Segment {
    fn field(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Literal(_) => None,
        }
    }
}

impl Template {
    fn parse(text: &str) -> Self {
        let (path, verb) = split_verb(text);
        let segment = |text: &str| match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => Segment::Field(name.to_owned()),
            None => Segment::Literal(text.to_owned()),
        };
        Self { segments: path.split('/').skip(1).map(segment).collect(), verb: verb.map(ToOwned::to_owned) }
    }

    fn under(mut self, name: &str) -> Self {
        self.segments.insert(1.min(self.segments.len()), Segment::Literal(name.to_owned()));
        self
    }

    /// The fields that `path` gives, still percent-encoded, if it fits.
    fn matches<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let (path, verb) = split_verb(path);
        let segments: Vec<_> = path.split('/').skip(1).collect();
        if verb != self.verb.as_deref() || segments.len() != self.segments.len() {
            return None;
        }
        let mut fields = Vec::new();
        for (segment, given) in self.segments.iter().zip(segments) {
            match segment {
                Segment::Literal(text) if text == given => {}
                Segment::Field(name) if !given.is_empty() => fields.push((name.as_str(), given)),
                _ => return None,
            }
        }
        Some(fields)
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Field(name) => write!(f, "/{{{name}}}")?,
            }
        }
        self.verb.iter().try_for_each(|verb| write!(f, ":{verb}"))
    }
}

/// A path and the verb behind its last segment.
fn split_verb(path: &str) -> (&str, Option<&str>) {
    let last = path.rfind('/').unwrap_or(0);
    match path[last..].find(':') {
        Some(colon) => (&path[..last + colon], Some(&path[last + colon + 1..])),
        None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(verb: &str, path: &str) -> String {
        let rules = Rules::of(&proto::service());
        match rules.find(&Method::from_bytes(verb.as_bytes()).unwrap(), path, false) {
            Found::Rule(rule, fields) => format!("{} {fields:?}", rule.method.name()),
            Found::Verbs(verbs) => format!("{verbs:?}"),
            Found::Nothing => String::new(),
        }
    }

    #[test]
    fn a_path_and_a_verb_find_their_method() {
        assert_eq!(found("GET", "/v1/cron-config"), "ListCronConfigs []");
        assert_eq!(found("GET", "/v1/cron-config/7"), r#"GetCronConfig [("id", "7")]"#);
        assert_eq!(found("HEAD", "/v1/cron-config/7"), r#"GetCronConfig [("id", "7")]"#);
        assert_eq!(found("GET", "/v1/cron-config:byName"), "GetCronConfigByName []");
        assert_eq!(found("PUT", "/v1/cron-config/7"), r#"UpdateCronConfig [("id", "7")]"#);
        assert_eq!(found("POST", "/v1/cron-config/7:trigger"), r#"TriggerCronConfig [("id", "7")]"#);
        assert_eq!(found("GET", "/v1/cron-job/7/log"), r#"GetCronJobLog [("id", "7")]"#);
    }

    #[test]
    fn a_path_alone_finds_its_verbs_and_no_more() {
        assert_eq!(found("PUT", "/v1/cron-job"), "[GET]");
        assert_eq!(found("GET", "/v1/cron-config/7:trigger"), "[POST]");
        for path in
            ["/", "/v1", "/v1/", "/v1/cron-config/", "/v1/cron-config/7:nope", "/v1/cron-config/7/", "/v2/cron-config"]
        {
            assert_eq!(found("GET", path), "", "{path}");
        }
    }

    #[test]
    fn every_method_has_a_rule_and_no_two_rules_collide() {
        let rules = Rules::of(&proto::service());
        for method in proto::service().methods() {
            assert!(rules.iter().any(|rule| rule.method == method), "{}", method.name());
        }
        let way = |rule: &Rule| format!("{} {} {}", rule.verb, rule.path(), rule.method.is_server_streaming());
        let mut ways: Vec<_> = rules.iter().map(way).collect();
        ways.sort();
        let all = ways.len();
        ways.dedup();
        assert_eq!(ways.len(), all);
    }
}
