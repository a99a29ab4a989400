//! Normalizes input: the query protocol names lists and maps after their items (`Attribute.1.Name`), JSON calls them
//! `Attributes`. After [`normalize`] the operations see the JSON form only.

use serde_json::{Map, Value};

/// The names of list items and of their lists [Amazon SQS API reference, query protocol].
const LISTS: [(&str, &str); 9] = [
    ("ActionName", "Actions"),
    ("AWSAccountId", "AWSAccountIds"),
    ("AttributeName", "AttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("TagKey", "TagKeys"),
    ("SendMessageBatchRequestEntry", ENTRIES),
    ("DeleteMessageBatchRequestEntry", ENTRIES),
    ("ChangeMessageVisibilityBatchRequestEntry", ENTRIES),
];

/// The names of map items and of their maps. In JSON, `CreateQueue` writes its tags in lower case.
const MAPS: [(&str, &str); 5] = [
    ("Attribute", "Attributes"),
    ("MessageAttribute", "MessageAttributes"),
    ("MessageSystemAttribute", "MessageSystemAttributes"),
    ("Tag", "Tags"),
    ("tags", "Tags"),
];

const ENTRIES: &str = "Entries";

/// Converts an input of either protocol to the JSON form.
pub(super) fn normalize(input: Value) -> Value {
    let Value::Object(mut members) = input else { return input };
    // Almost every input has the JSON form already, so names are only looked for, and nothing is moved.
    let items: Vec<String> = members.keys().filter(|name| form(name).is_some()).cloned().collect();
    for item in items {
        if let (Some(form), Some(value)) = (form(&item), members.remove(&item)) {
            match form {
                Form::List(list) => members.insert(list.to_owned(), as_list(value)),
                Form::Map(map) => members.insert(map.to_owned(), as_map(value)),
            };
        }
    }
    if let Some(Value::Array(entries)) = members.get_mut(ENTRIES) {
        for entry in entries {
            *entry = normalize(entry.take());
        }
    }
    Value::Object(members)
}

/// What a member of the query protocol becomes, and its name in JSON.
enum Form {
    List(&'static str),
    Map(&'static str),
}

/// The form of the member with this name; `None` if it stays as it is.
fn form(name: &str) -> Option<Form> {
    let named = |(item, _): &&(&str, &str)| *item == name;
    let list = LISTS.iter().find(named).map(|(_, list)| Form::List(list));
    list.or_else(|| MAPS.iter().find(named).map(|(_, map)| Form::Map(map)))
}

/// A list; a list of one item may come without a number.
fn as_list(value: Value) -> Value {
    match value {
        Value::Array(_) | Value::Null => value,
        one => Value::Array(vec![one]),
    }
}

/// `[{Name, Value}, …]` as `{Name: Value, …}`; a map stays as it is.
fn as_map(value: Value) -> Value {
    match value {
        Value::Array(pairs) => Value::Object(pairs.into_iter().filter_map(pair).collect::<Map<_, _>>()),
        Value::Object(one) if one.contains_key("Name") && one.contains_key("Value") => {
            as_map(Value::Array(vec![Value::Object(one)]))
        }
        other => other,
    }
}

fn pair(value: Value) -> Option<(String, Value)> {
    let Value::Object(mut pair) = value else { return None };
    let name = ["Name", "Key", "key"].iter().find_map(|name| pair.remove(*name))?;
    let value = ["Value", "value"].iter().find_map(|name| pair.remove(*name)).unwrap_or("".into());
    Some((name.as_str()?.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_protocols_get_the_same_form() {
        let check = |query: Value, expected: Value| {
            assert_eq!(normalize(query), expected);
            assert_eq!(normalize(expected.clone()), expected, "the JSON form stays as it is");
        };
        check(
            json!({ "QueueName": "q", "Attribute": [{ "Name": "DelaySeconds", "Value": "1" }] }),
            json!({ "QueueName": "q", "Attributes": { "DelaySeconds": "1" } }),
        );
        check(json!({ "Tag": [{ "Key": "a", "Value": "b" }] }), json!({ "Tags": { "a": "b" } }));
        check(json!({ "tags": { "a": "b" } }), json!({ "Tags": { "a": "b" } }));
        check(json!({ "AttributeName": "All" }), json!({ "AttributeNames": ["All"] }));
        // Names of attributes and tags are the user's own.
        let named = json!({ "Tags": { "Name": "a", "Value": "b" } });
        check(named.clone(), named);
        check(
            json!({ "SendMessageBatchRequestEntry": [
                { "Id": "1", "MessageAttribute": [{ "Name": "n", "Value": { "DataType": "String" } }] },
            ] }),
            json!({ "Entries": [{ "Id": "1", "MessageAttributes": { "n": { "DataType": "String" } } }] }),
        );
    }
}
