//! Smaller requests: a part of a request is left out, or replaced by a part without a mistake.

use serde_json::{Map, Value, json};

use super::words::{NUMBER, VALUE, bare, elements, is_expression, longer, sets, shorter};

type Requests<'a> = Box<dyn Iterator<Item = Value> + 'a>;

/// How a request is changed.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    /// A part becomes a valid one.
    Repair,
    /// A part is left out.
    Omit,
    /// A word is inserted into an expression that ends too early.
    Complete,
}

/// The requests that differ from this one in one part, which is valid or left out. Large parts come first.
pub(super) fn smaller<'a>(operation: &str, request: &'a Value) -> impl Iterator<Item = Value> + 'a {
    let all = changes(request, Change::Omit)
        .chain(with_required(operation, request))
        .chain(changes(request, Change::Repair));
    all.filter(|request| !only_removes(request))
}

/// The requests that differ from this one by a word more in an expression.
pub(super) fn completed(request: &Value) -> impl Iterator<Item = Value> + '_ {
    changes(request, Change::Complete).filter(|request| !only_removes(request))
}

/// The request with members that it must have and has not: each of them alone, and all.
fn with_required(operation: &str, request: &Value) -> Vec<Value> {
    let Some(members) = request.as_object() else { return Vec::new() };
    let item = json!({ "p": { "S": "x" } });
    let table = ("TableName", json!("sort"));
    let required = match operation {
        "PutItem" => vec![table, ("Item", item)],
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![table, ("Key", item)],
        "Query" if members.contains_key("KeyConditions") => vec![table],
        "Query" => vec![table, ("KeyConditionExpression", format!("p = {VALUE}").into())],
        "Scan" => vec![table],
        "CreateTable" => vec![("BillingMode", json!("PAY_PER_REQUEST"))],
        _ => return Vec::new(),
    };
    let missing: Vec<(&str, Value)> =
        required.into_iter().filter(|(name, _)| !members.contains_key(*name)).collect();
    let with = |some: &[(&str, Value)]| {
        let add = |request: Value, (name, value): &(&str, Value)| match request {
            Value::Object(members) => changed(&members, name, Some(value.clone())),
            request => request,
        };
        some.iter().fold(request.clone(), add)
    };
    let each = missing.iter().map(|one| with(std::slice::from_ref(one)));
    each.chain((missing.len() > 1).then(|| with(&missing))).collect()
}

/// The request with valid expressions in place of all that the mistake does not name. None if it names no expression.
pub(super) fn focused(request: &Value, mistake: &str) -> Option<Value> {
    let (_, rest) = mistake.split_once("Invalid ")?;
    let (named, _) = rest.split_once(": ")?;
    is_expression(named).then(|| with_others_valid(request, named))
}

fn with_others_valid(part: &Value, named: &str) -> Value {
    match part {
        Value::Object(members) => {
            let others = members.iter().filter(|(name, _)| is_expression(name) && *name != named);
            let mut all = part.clone();
            for (name, text) in others {
                if let (Value::Object(now), Some(valid)) = (&all, valid(name, text).into_iter().next()) {
                    all = changed(now, name, Some(valid));
                }
            }
            for member in all.as_object_mut().into_iter().flat_map(Map::values_mut) {
                *member = with_others_valid(member, named);
            }
            all
        }
        Value::Array(elements) => elements.iter().map(|element| with_others_valid(element, named)).collect(),
        _ => part.clone(),
    }
}

/// Whether an update only removes attributes. It creates no item here, but it does in dynoxide: AttributeUpdates, legacy
/// conditional parameters, developer guide, `DELETE`.
fn only_removes(part: &Value) -> bool {
    let Value::Object(members) = part else {
        return part.as_array().is_some_and(|elements| elements.iter().any(only_removes));
    };
    members
        .get("UpdateExpression")
        .and_then(Value::as_str)
        .is_some_and(|text| !text.is_empty() && !sets(text))
        || members.get("AttributeUpdates").and_then(Value::as_object).is_some_and(|updates| {
            !updates.is_empty() && updates.values().all(|update| update["Action"] == "DELETE")
        })
        || members.values().any(only_removes)
}

fn changes(part: &Value, change: Change) -> Requests<'_> {
    match part {
        Value::Object(members) => Box::new(
            members
                .iter()
                .flat_map(move |(name, member)| {
                    match change {
                        Change::Repair => valid(name, member).into_iter().map(Some).collect(),
                        Change::Omit => vec![None],
                        Change::Complete => Vec::new(),
                    }
                    .into_iter()
                    .map(move |value| changed(members, name, value))
                })
                .chain(members.iter().flat_map(move |(name, member)| {
                    inner(name, member, change).map(move |smaller| changed(members, name, Some(smaller)))
                }))
                .chain(if change == Change::Repair { with_placeholders(members) } else { Vec::new() }),
        ),
        Value::Array(elements) => Box::new(
            (0..if change == Change::Omit { elements.len() } else { 0 })
                .map(|at| {
                    let mut rest = elements.clone();
                    rest.remove(at);
                    rest.into()
                })
                .chain(elements.iter().enumerate().flat_map(move |(at, element)| {
                    let repaired = if change == Change::Repair { valid("", element) } else { Vec::new() };
                    repaired.into_iter().chain(changes(element, change)).map(move |smaller| {
                        let mut changed = elements.clone();
                        changed[at] = smaller;
                        changed.into()
                    })
                })),
        ),
        _ => Box::new(std::iter::empty()),
    }
}

/// The members with values and names for the placeholders that have none, and with expressions that use the placeholders.
fn with_placeholders(members: &Map<String, Value>) -> Vec<Value> {
    let mut complete = members.clone();
    for word in words(members) {
        let (member, value) = match word.chars().next() {
            Some(':') => ("ExpressionAttributeValues", json!({ "S": "x" })),
            Some('#') => ("ExpressionAttributeNames", json!("n")),
            _ => continue,
        };
        if let Value::Object(given) = complete.entry(member).or_insert_with(|| json!({})) {
            given.entry(word).or_insert(value);
        }
    }
    let mut all = vec![complete.into()];
    let given = |member: &str| members.get(member).and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let uses: Vec<String> = given("ExpressionAttributeValues")
        .map(|value| format!("zz = {value}"))
        .chain(given("ExpressionAttributeNames").map(|name| format!("attribute_exists({name})")))
        .collect();
    for expression in ["ConditionExpression", "FilterExpression"] {
        if !uses.is_empty() && !members.contains_key(expression) {
            let mut used = members.clone();
            used.insert(expression.to_owned(), uses.join(" AND ").into());
            all.push(used.into());
        }
    }
    all
}

fn inner<'a>(name: &str, member: &'a Value, change: Change) -> Requests<'a> {
    match member.as_str() {
        Some(text) if is_expression(name) => match change {
            Change::Repair => Box::new(std::iter::empty()),
            Change::Omit if name == "KeyConditionExpression" => {
                Box::new(shorter(text, &["", "p", "q", "=", VALUE]).map(Value::String))
            }
            Change::Omit => Box::new(
                shorter(text, &["", "a", "a = a", VALUE, NUMBER]).chain(bare(text)).map(Value::String),
            ),
            Change::Complete => Box::new(longer(text).map(Value::String)),
        },
        _ => changes(member, change),
    }
}

/// The object without a member or with another value for it. The placeholders that only the former value used go with it, and
/// the one of a valid expression comes.
fn changed(members: &Map<String, Value>, name: &str, value: Option<Value>) -> Value {
    let mut changed = members.clone();
    match value {
        // An update that only removes attributes creates an item in dynoxide alone.
        Some(Value::String(text)) if name == "UpdateExpression" && !sets(&text) => {
            changed.insert(name.to_owned(), format!("{text} SET hits = {VALUE}").into());
        }
        Some(value) => drop(changed.insert(name.to_owned(), value)),
        None => drop(changed.remove(name)),
    }
    if !is_expression(name) {
        return changed.into();
    }
    let (before, after) = (words(members), words(&changed));
    for member in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let Some(Value::Object(placeholders)) = changed.get_mut(member) else { continue };
        let had_some = !placeholders.is_empty();
        placeholders.retain(|placeholder, _| !before.contains(placeholder) || after.contains(placeholder));
        if had_some && placeholders.is_empty() {
            changed.remove(member);
        }
    }
    for (placeholder, value) in [(VALUE, json!({ "S": "x" })), (NUMBER, json!({ "N": "1" }))] {
        let is_in = |words: &[String]| words.iter().any(|word| word == placeholder);
        if is_in(&after) && !is_in(&before) {
            let values = changed.entry("ExpressionAttributeValues").or_insert_with(|| json!({}));
            if let Value::Object(values) = values {
                values.insert(placeholder.to_owned(), value);
            }
        }
    }
    changed.into()
}

/// The words of all expressions of an object. Each element of a path is a word of its own, as it may be a placeholder.
fn words(members: &Map<String, Value>) -> Vec<String> {
    let texts = members.iter().filter(|(name, _)| is_expression(name)).filter_map(|(_, text)| text.as_str());
    texts.flat_map(elements).map(str::to_owned).collect()
}

/// Valid values for a member, other than the one that it has.
fn valid(name: &str, member: &Value) -> Vec<Value> {
    let key = json!({ "p": { "S": "x" } });
    let longer_key = json!({ "p": { "S": "x" }, "q": { "N": "1" } });
    let comparison = json!({ "ComparisonOperator": "EQ", "AttributeValueList": [{ "S": "x" }] });
    let values = match name {
        "KeyConditionExpression" => vec![json!(format!("p = {VALUE}")), json!(format!("g = {VALUE}"))],
        "UpdateExpression" => vec![json!(format!("SET hits = {VALUE}"))],
        "ConditionExpression" | "FilterExpression" => vec![json!("attribute_exists(zz)")],
        "ProjectionExpression" => vec![json!("zz")],
        "KeyConditions" => {
            let others = member.as_object().into_iter().flatten().filter(|(name, _)| *name != "p");
            let with = |(name, other): (&String, &Value)| json!({ "p": comparison, name: other });
            [json!({ "p": comparison })].into_iter().chain(others.map(with)).collect()
        }
        "AttributesToGet" => vec![json!(["zz"])],
        "Key" | "Item" => {
            let mut complete = member.clone();
            if let Some(members) = complete.as_object_mut() {
                for (name, value) in longer_key.as_object().into_iter().flatten() {
                    members.entry(name).or_insert_with(|| value.clone());
                }
            }
            vec![key, longer_key, complete]
        }
        "Keys" => vec![json!([key]), json!([longer_key])],
        "BillingMode" => vec![json!("PAY_PER_REQUEST")],
        "KeyType" => vec![json!("HASH"), json!("RANGE")],
        "AttributeType" => vec![json!("S")],
        "ProjectionType" => vec![json!("ALL")],
        "IndexName" => vec![json!("one")],
        "Action" => vec![json!("PUT")],
        "ComparisonOperator" => vec![json!("EQ")],
        "TableName" => vec![json!("sort"), json!("hash")],
        "RequestItems" => {
            let tables = member.as_object().into_iter().flat_map(Map::values);
            tables.map(|requests| json!({ "sort": requests })).collect()
        }
        "Put" | "Delete" | "Update" | "ConditionCheck" | "Get" => {
            let Some(members) = member.as_object() else { return Vec::new() };
            let mut complete = members.clone();
            let is_simple = complete.entry("TableName").or_insert_with(|| "sort".into()) == "hash";
            let of_item = if name == "Put" { "Item" } else { "Key" };
            complete.entry(of_item).or_insert(if is_simple { key } else { longer_key });
            vec![complete.into()]
        }
        _ if ["ComparisonOperator", "Exists"].iter().any(|name| member.get(name).is_some()) => {
            vec![comparison]
        }
        // "S" is also the name of a type, which `attribute_type` takes.
        _ if is_value(member) => vec![json!({ "S": "S" }), json!({ "N": "1" }), json!({ "SS": ["x"] })],
        _ => return Vec::new(),
    };
    values.into_iter().filter(|value| value != member).collect()
}

/// Whether this has the form of an attribute's value.
fn is_value(part: &Value) -> bool {
    const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];
    part.as_object().is_some_and(|members| members.keys().all(|name| TYPES.contains(&name.as_str())))
}
