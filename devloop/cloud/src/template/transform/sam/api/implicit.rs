//! The APIs that SAM creates for events without an API.

use serde_json::{Map, Value, json};

use super::{HttpApi, RestApi};
use crate::template::transform::sam::{Build, Outcome, Written, events::listed, globals, value::pick};

/// The REST API's logical id.
pub(in super::super) const IMPLICIT_REST: &str = "ServerlessRestApi";

/// The HTTP API's logical id.
pub(in super::super) const IMPLICIT_HTTP: &str = "ServerlessHttpApi";

/// Adds the implicit APIs that the functions' events need.
pub(in super::super) fn prepare(
    build: &mut Build<'_>,
    functions: &[Written],
    global: &Map<String, Value>,
) -> Outcome<()> {
    for (id, event_kind, property, kind) in
        [(IMPLICIT_REST, "Api", "RestApiId", "Api"), (IMPLICIT_HTTP, "HttpApi", "ApiId", "HttpApi")]
    {
        let mut conditions: Vec<Option<&Value>> = Vec::new();
        let mut kept: Map<String, Value> = Map::new();
        for function in functions {
            let events = listed(function.properties.get("Events"), &function.id)?;
            if events.iter().any(|event| event.kind == event_kind && !event.properties.contains_key(property))
            {
                conditions.push(function.condition());
                for (name, policy) in pick(&function.attributes, &["DeletionPolicy", "UpdateReplacePolicy"]) {
                    // If the policies of functions differ, the API gets the one that keeps more.
                    let known = kept.entry(name).or_insert_with(|| policy.clone());
                    if policy == "Retain" || (policy == "Snapshot" && *known == "Delete") {
                        *known = policy;
                    }
                }
            }
        }
        if conditions.is_empty() {
            continue;
        }
        let mut written = Written { id: id.to_owned(), properties: Map::new(), attributes: kept };
        if kind == "Api" {
            written.properties.insert("StageName".to_owned(), "Prod".into());
        }
        if let Some(condition) = joined(build, &conditions, &format!("{id}Condition")) {
            written.attributes.insert("Condition".to_owned(), condition);
        }
        let written = globals::merged(written, kind, global)?;
        if kind == "Api" {
            let api = RestApi::read(written, build)?;
            build.rest.insert(id.to_owned(), api);
        } else {
            let api = HttpApi::read(written, build)?;
            build.http.insert(id.to_owned(), api);
        }
    }
    Ok(())
}

/// A condition that holds when one of several does: their own condition if all have the same, or else a new one called
/// `name`. `None` if one of them has no condition.
pub(super) fn joined(build: &mut Build<'_>, conditions: &[Option<&Value>], name: &str) -> Option<Value> {
    let mut distinct: Vec<&Value> = Vec::new();
    for condition in conditions {
        let condition = (*condition)?;
        if !distinct.contains(&condition) {
            distinct.push(condition);
        }
    }
    if distinct.len() == 1 {
        return Some(distinct[0].clone());
    }
    let each: Vec<Value> = distinct.iter().map(|condition| json!({ "Condition": condition })).collect();
    build.conditions.insert(name.to_owned(), json!({ "Fn::Or": each }));
    Some(name.into())
}
