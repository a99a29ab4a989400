//! `Fn::ForEach`, which makes a member for each item of a list [Fn::ForEach, CloudFormation User Guide].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{LANGUAGE, failed};
use crate::template::error::TemplateError;

/// The most members that all loops of a template may make; nested loops multiply.
const MOST: usize = 5000;

/// Expands every loop in the document.
pub(super) fn expand(
    document: &mut Value,
    parameters: &BTreeMap<String, Value>,
) -> Result<(), TemplateError> {
    let mut loops = Loops { parameters, made: 0 };
    loops.within(document)
}

struct Loops<'l> {
    parameters: &'l BTreeMap<String, Value>,
    made: usize,
}

fn wrong<T>(name: &str, why: &str) -> Result<T, TemplateError> {
    Err(failed(LANGUAGE, None, format!("`{name}` {why}")))
}

impl Loops<'_> {
    fn within(&mut self, value: &mut Value) -> Result<(), TemplateError> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.within(item)),
            Value::Object(members) => {
                let names: Vec<String> =
                    members.keys().filter(|name| name.starts_with("Fn::ForEach::")).cloned().collect();
                for name in names {
                    let Some(call) = members.remove(&name) else { continue };
                    for (key, member) in self.written_out(&name, &call)? {
                        if members.insert(key.clone(), member).is_some() {
                            return wrong(&name, &format!("makes `{key}`, which is there already"));
                        }
                    }
                }
                members.values_mut().try_for_each(|member| self.within(member))
            }
            _ => Ok(()),
        }
    }

    /// The members that a loop makes; nested loops are expanded too.
    fn written_out(&mut self, name: &str, call: &Value) -> Result<Map<String, Value>, TemplateError> {
        let parts = call.as_array().map(Vec::as_slice);
        let Some([Value::String(identifier), collection, Value::Object(output)]) = parts else {
            return wrong(name, "needs an identifier, a list, and a map of one member");
        };
        let mut made = Map::new();
        for item in self.items(name, collection)? {
            for (key, member) in output {
                let key = replaced(key, identifier, &item);
                let mut member = member.clone();
                put(&mut member, identifier, &item);
                self.made += 1;
                if self.made > MOST {
                    return wrong(name, &format!("makes more than {MOST} members"));
                }
                let members = if key.starts_with("Fn::ForEach::") {
                    self.written_out(&key, &member)?
                } else {
                    Map::from_iter([(key, member)])
                };
                for (key, member) in members {
                    if made.insert(key.clone(), member).is_some() {
                        return wrong(name, &format!("makes `{key}` twice"));
                    }
                }
            }
        }
        Ok(made)
    }

    fn items(&self, name: &str, collection: &Value) -> Result<Vec<String>, TemplateError> {
        let parameter = |value: &Value| self.parameters.get(value.get("Ref")?.as_str()?).cloned();
        let list = match collection {
            Value::Array(items) => items.clone(),
            other => match parameter(other) {
                Some(Value::Array(items)) => items,
                _ => return wrong(name, "needs a list, or a parameter that is one and has a value"),
            },
        };
        let mut texts = Vec::new();
        for item in list {
            match (crate::template::document::scalar(&item), parameter(&item)) {
                (Some(text), _) | (None, Some(Value::String(text))) => texts.push(text),
                (None, Some(Value::Array(items))) => {
                    texts.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                _ => return wrong(name, "needs a list of strings"),
            }
        }
        Ok(texts)
    }
}

/// Replaces the loop's identifier by an item.
fn put(value: &mut Value, identifier: &str, item: &str) {
    match value {
        Value::String(text) => *text = replaced(text, identifier, item),
        Value::Array(items) => items.iter_mut().for_each(|inner| put(inner, identifier, item)),
        Value::Object(members)
            if members.len() == 1 && members.get("Ref").is_some_and(|name| name == identifier) =>
        {
            *value = item.into();
        }
        Value::Object(members) => {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(key, mut member)| {
                    put(&mut member, identifier, item);
                    (replaced(&key, identifier, item), member)
                })
                .collect();
        }
        _ => {}
    }
}

/// Replaces `${Name}` by the item and `&{Name}` by the item's letters and digits.
fn replaced(text: &str, identifier: &str, item: &str) -> String {
    let plain: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
    text.replace(&format!("${{{identifier}}}"), item).replace(&format!("&{{{identifier}}}"), &plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(document: Value, expected: Result<Value, &str>) {
        let parameters = BTreeMap::from([("Names".to_owned(), json!(["a", "b.c"]))]);
        let mut found = document.clone();
        let outcome = expand(&mut found, &parameters).map_err(|error| error.to_string());
        let expected = expected.map_err(|why| format!("the transform AWS::LanguageExtensions: {why}"));
        assert_eq!(outcome.map(|()| found), expected, "{document}");
    }

    #[test]
    fn a_loop_makes_a_member_for_each_item() {
        check(
            json!({"Resources": {"Fn::ForEach::Q": ["Name", {"Ref": "Names"}, {
                "Queue&{Name}": {"Type": "Q", "Properties": {"Name": {"Ref": "Name"}, "Url": {"Fn::Sub": "${Name}-${AWS::Region}"}}},
            }]}}),
            Ok(json!({"Resources": {
                "Queuea": {"Type": "Q", "Properties": {"Name": "a", "Url": {"Fn::Sub": "a-${AWS::Region}"}}},
                "Queuebc": {"Type": "Q", "Properties": {"Name": "b.c", "Url": {"Fn::Sub": "b.c-${AWS::Region}"}}},
            }})),
        );
        check(
            json!({"Fn::ForEach::X": ["X", ["1", "2"], {"Fn::ForEach::Y${X}": ["Y", ["3"], {"K${X}${Y}": "${Y}"}]}]}),
            Ok(json!({"K13": "3", "K23": "3"})),
        );
        check(
            json!({"P": {"A": 1, "Fn::ForEach::X": ["X", ["B"], {"${X}": [{"Ref": "X"}]}]}}),
            Ok(json!({"P": {"A": 1, "B": ["B"]}})),
        );
    }

    #[test]
    fn invalid_loops_are_refused() {
        check(
            json!({"Fn::ForEach::X": []}),
            Err("`Fn::ForEach::X` needs an identifier, a list, and a map of one member"),
        );
        check(
            json!({"Fn::ForEach::X": ["X", {"Ref": "None"}, {}]}),
            Err("`Fn::ForEach::X` needs a list, or a parameter that is one and has a value"),
        );
        check(
            json!({"Fn::ForEach::X": ["X", ["1", "1"], {"K${X}": 1}]}),
            Err("`Fn::ForEach::X` makes `K1` twice"),
        );
        let many: Vec<u32> = (0..6000).collect();
        check(
            json!({"Fn::ForEach::X": ["X", many, {"K${X}": 1}]}),
            Err("`Fn::ForEach::X` makes more than 5000 members"),
        );
    }
}
