//! Replaces references: to parameters during the transform, and afterwards to resources that got another logical id.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The value with every `Ref` and `${…}` of a known parameter replaced.
pub(super) fn with_parameters(value: &Value, parameters: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| with_parameters(item, parameters)).collect(),
        Value::Object(members) => {
            let known = members.get("Ref").filter(|_| members.len() == 1).and_then(Value::as_str);
            if let Some(found) = known.and_then(|name| parameters.get(name)) {
                return found.clone();
            }
            if let Some(Value::String(text)) = members.get("Fn::Sub").filter(|_| members.len() == 1) {
                let mut text = text.clone();
                for (name, value) in parameters {
                    if let Some(value) = crate::template::document::scalar(value) {
                        text = text.replace(&format!("${{{name}}}"), &value);
                    }
                }
                return if text.contains("${") { json!({ "Fn::Sub": text }) } else { text.into() };
            }
            let members =
                members.iter().map(|(name, member)| (name.clone(), with_parameters(member, parameters)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// Replaces references to `Resource.Name`, and to resources that have another logical id now.
pub(super) fn replace(value: &mut Value, referable: &BTreeMap<String, String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, referable)),
        Value::Object(members) => {
            let is_call = members.len() == 1;
            for (name, member) in members.iter_mut() {
                match (name.as_str(), &mut *member) {
                    ("Ref", Value::String(id)) if is_call => {
                        if let Some(now) = referable.get(id) {
                            *id = now.clone();
                        }
                    }
                    ("Fn::GetAtt", Value::Array(parts)) if is_call => {
                        let texts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                        let path: Vec<&str> = texts.iter().flat_map(|text| text.split('.')).collect();
                        let renamed = match path.as_slice() {
                            [id, name, attribute @ ..] if !attribute.is_empty() => referable
                                .get(&format!("{id}.{name}"))
                                .map(|now| (now.clone(), attribute.join("."))),
                            [id, attribute] => {
                                referable.get(*id).map(|now| (now.clone(), (*attribute).to_owned()))
                            }
                            _ => None,
                        };
                        if let Some((now, attribute)) = renamed {
                            *parts = vec![now.into(), attribute.into()];
                        }
                    }
                    ("Fn::Sub", Value::String(text)) if is_call => *text = in_text(text, referable),
                    ("Fn::Sub", Value::Array(parts)) if is_call => {
                        if let Some(Value::String(text)) = parts.first_mut() {
                            *text = in_text(text, referable);
                        }
                        parts.iter_mut().skip(1).for_each(|part| replace(part, referable));
                    }
                    (_, member) => replace(member, referable),
                }
            }
        }
        _ => {}
    }
}

fn in_text(text: &str, referable: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (before, now) in referable {
        text = text.replace(&format!("${{{before}}}"), &format!("${{{now}}}"));
        text = text.replace(&format!("${{{before}."), &format!("${{{now}."));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_follow_resources_to_their_new_ids() {
        let referable = BTreeMap::from(
            [("Api.Stage", "ApiprodStage"), ("L", "Lab")].map(|(a, b)| (a.to_owned(), b.to_owned())),
        );
        let check = |value: Value, expected: Value| {
            let mut found = value.clone();
            replace(&mut found, &referable);
            assert_eq!(found, expected, "{value}");
        };
        check(json!({"Ref": "Api.Stage"}), json!({"Ref": "ApiprodStage"}));
        check(json!([{"Ref": "L"}, {"Ref": "M"}]), json!([{"Ref": "Lab"}, {"Ref": "M"}]));
        check(
            json!({"Fn::Sub": "${Api.Stage}-${L}-${LL}"}),
            json!({"Fn::Sub": "${ApiprodStage}-${Lab}-${LL}"}),
        );
        check(json!({"Fn::GetAtt": ["Api", "Stage.Arn"]}), json!({"Fn::GetAtt": ["ApiprodStage", "Arn"]}));
        check(
            json!({"Fn::GetAtt": ["Api", "RootResourceId"]}),
            json!({"Fn::GetAtt": ["Api", "RootResourceId"]}),
        );
    }
}
