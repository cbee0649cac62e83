//! Filters of configs: a small part of AIP-160, conditions with AND between them.

use super::Misfit;
use crate::manager::ConfigQuery;

/// `query` narrowed as `filter` says.
pub(crate) fn filtered(mut query: ConfigQuery, filter: &str) -> Result<ConfigQuery, Misfit> {
    for condition in conditions(filter) {
        let (field, value) = condition.split_once('=').ok_or_else(|| wrong(&condition))?;
        let value = value.trim();
        match field.trim() {
            "enabled" => set(&mut query.enabled, switch(value, &condition)?, &condition)?,
            "distributed" => set(&mut query.distributed, switch(value, &condition)?, &condition)?,
            "name" => set(&mut query.name_prefix, prefix(value, &condition)?, &condition)?,
            _ => return Err(wrong(&condition)),
        }
    }
    Ok(query)
}

/// The conditions of a filter. An AND in quotes is none.
fn conditions(filter: &str) -> Vec<String> {
    let (mut conditions, mut quoted) = (vec![String::new()], false);
    for word in filter.split_whitespace() {
        if word == "AND" && !quoted {
            conditions.push(String::new());
            continue;
        }
        quoted ^= word.matches('"').count() % 2 == 1;
        if let Some(last) = conditions.last_mut() {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    if filter.trim().is_empty() { Vec::new() } else { conditions }
}

fn set<T>(place: &mut Option<T>, value: T, condition: &str) -> Result<(), Misfit> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Misfit::new("filter", format!("{condition:?} is the second condition for its field"))),
    }
}

fn switch(value: &str, condition: &str) -> Result<bool, Misfit> {
    value.parse().map_err(|_| wrong(condition))
}

/// The beginning of a name, before the `*`.
fn prefix(value: &str, condition: &str) -> Result<String, Misfit> {
    let text = value.strip_prefix('"').and_then(|text| text.strip_suffix("*\"")).ok_or_else(|| wrong(condition))?;
    let is_part_of_a_name = !text.is_empty() && text.chars().all(crate::JobName::allows);
    if is_part_of_a_name { Ok(text.to_owned()) } else { Err(wrong(condition)) }
}

fn wrong(condition: &str) -> Misfit {
    let forms =
        r#"write conditions such as enabled = true, distributed = false or name = "send-*", with AND between them"#;
    Misfit::new("filter", format!("{condition:?} is no condition; {forms}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Narrowed = (Option<bool>, Option<bool>, Option<String>);

    fn query(filter: &str) -> Result<Narrowed, String> {
        let query = filtered(ConfigQuery::default(), filter).map_err(|misfit| misfit.field)?;
        Ok((query.enabled, query.distributed, query.name_prefix))
    }

    #[test]
    fn conditions_narrow_what_is_listed() {
        assert_eq!(query(""), Ok((None, None, None)));
        assert_eq!(query(" enabled=true "), Ok((Some(true), None, None)));
        let all = r#"enabled = false AND distributed = true AND name = "send-*""#;
        assert_eq!(query(all), Ok((Some(false), Some(true), Some("send-".into()))));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for filter in [
            "enabled",
            "enabled = yes",
            "enabled = true OR distributed = true",
            "enabled = true AND enabled = false",
            "AND",
            "enabled = true AND",
            "colour = \"red*\"",
            "name = send-*",
            "name = \"send-\"",
            "name = \"*\"",
            "name = \"a b*\"",
            "name = \"a%*\"",
        ] {
            assert_eq!(query(filter), Err("filter".into()), "{filter}");
        }
    }
}
