//! Whether a difference between both answers is a known one.

use serde_json::Value;

use super::{
    answers::{Answer, Mistake},
    known::{KNOWN, Told},
};

/// Whether both name the same mistake, and only one of them counts it: beside a value of two types, which is a mistake too,
/// dynoxide leaves out the beginning of the message that it has without such a value.
fn is_only_counted_here(request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    let counted = |message: &str| here.message.strip_prefix("1 validation error detected: ") == Some(message);
    here.kind == dynoxide.kind && counted(&dynoxide.message) && has_value_of_two_types(request)
}

fn has_value_of_two_types(part: &Value) -> bool {
    const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];
    match part {
        Value::Object(members) => {
            members.len() > 1 && members.keys().all(|name| TYPES.contains(&name.as_str()))
                || members.values().any(has_value_of_two_types)
        }
        Value::Array(elements) => elements.iter().any(has_value_of_two_types),
        _ => false,
    }
}

/// Whether both did the same and only the responses show different things.
fn is_shown_otherwise(operation: &str, request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    let names = |members: &Value| -> Vec<String> {
        members.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    match operation {
        // "All of the attributes of the item, as they appeared before the UpdateItem operation": for an item that did not
        // exist, none are returned, where dynoxide returns its key. UpdateItem, API reference, ReturnValues
        "UpdateItem" if request["ReturnValues"] == "ALL_OLD" => {
            here.body["Attributes"].is_null()
                && names(&dynoxide.body["Attributes"]) == names(&request["Key"])
                && here.body == without(dynoxide, "Attributes")
        }
        // Only the written elements of a list are returned, and nothing of a removed one, where dynoxide returns the whole
        // list: scylladb test/alternator (runs on AWS), test_update_item_returnvalues_nested
        "UpdateItem"
            if ["UPDATED_OLD", "UPDATED_NEW"].iter().any(|which| request["ReturnValues"] == *which) =>
        {
            let expression = request["UpdateExpression"].as_str().unwrap_or_default();
            let (ours, theirs) = (&here.body["Attributes"], &dynoxide.body["Attributes"]);
            let is_alike = |name: &String| {
                let is_of_list = expression.contains(&format!("{name}["));
                match ours.get(name) {
                    Some(value) => *value == theirs[name] || is_of_list && is_part(value, &theirs[name]),
                    None => is_of_list && expression.contains("REMOVE "),
                }
            };
            names(theirs).iter().all(is_alike)
                && names(ours).iter().all(|name| theirs.get(name).is_some())
                && without(here, "Attributes") == without(dynoxide, "Attributes")
        }
        // Only the requested attributes are returned, where dynoxide adds the key: TransactGetItems, API reference, Get,
        // ProjectionExpression
        "TransactGetItems" => {
            let mut theirs = dynoxide.body.clone();
            let items = theirs["Responses"].as_array_mut().into_iter().flatten();
            for (at, item) in items.enumerate() {
                let projects = !request["TransactItems"][at]["Get"]["ProjectionExpression"].is_null();
                let ours = &here.body["Responses"][at]["Item"];
                if let Some(item) = item.get_mut("Item").and_then(Value::as_object_mut).filter(|_| projects) {
                    item.retain(|name, _| !["p", "q"].contains(&name.as_str()) || ours.get(name).is_some());
                }
            }
            here.body == theirs
        }
        // Attributes that a local index does not hold are fetched from the table, and these reads are charged: Local
        // secondary indexes, developer guide, attribute projections and provisioned throughput considerations
        "Query" | "Scan" if request["IndexName"] == "byh" => {
            let asks_for_more = !request["ProjectionExpression"].is_null()
                || !request["AttributesToGet"].is_null()
                || request["Select"] == "ALL_ATTRIBUTES";
            let filters = ["FilterExpression", "ScanFilter", "QueryFilter"]
                .iter()
                .any(|member| !request[member].is_null());
            let items = |answer: &Answer| answer.body["Items"].as_array().cloned().unwrap_or_default();
            let (ours, theirs) = (items(here), items(dynoxide));
            let is_in = |item: &Value| ours.iter().any(|whole| is_part(item, whole));
            let units = |answer: &Answer| answer.body["ConsumedCapacity"]["CapacityUnits"].as_f64();
            let same = |member: &str| here.body[member] == dynoxide.body[member];
            // A scan is charged to the index: the same page, read capacity units.
            let charges =
                |answer: &Answer| answer.body["ConsumedCapacity"]["LocalSecondaryIndexes"].is_object();
            let is_charged = charges(here)
                && units(here) == units(dynoxide)
                && without(here, "ConsumedCapacity") == without(dynoxide, "ConsumedCapacity");
            // A filter sees the fetched attributes too, where dynoxide filters on those of the index.
            let is_fetched = asks_for_more
                && (filters || same("Count") && ours.len() == theirs.len() && theirs.iter().all(is_in))
                && ["ScannedCount", "LastEvaluatedKey", "IsAll"].into_iter().all(same)
                && (units(here) >= units(dynoxide) || here.body["ScannedCount"] == 0.0);
            is_fetched || operation == "Scan" && is_charged
        }
        _ => false,
    }
}

/// The members of an answer but one.
fn without(answer: &Answer, member: &str) -> Value {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove(member);
    }
    body
}

/// Whether the first value is the other one without some members and elements.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, member)| whole.get(name).is_some_and(|whole| is_part(member, whole)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.iter().all(|element| whole.iter().any(|whole| is_part(element, whole)))
        }
        _ => part == whole,
    }
}

/// Sentences that only some regions begin with the number of errors.
const COUNTED: &[&str] = &[
    "Can not use both expression and non-expression parameters",
    "ExpressionAttributeValues can only be specified when using expressions",
];

/// Whether both refuse the request with one sentence, which only this cloud begins with the number of errors. Some regions do
/// and some do not: paritysuite/dynamodb-conformance, error messages (envelope).
fn is_counted_otherwise(here: &Answer, dynoxide: &Answer) -> bool {
    here.message.strip_prefix("1 validation error detected: ") == Some(&dynoxide.message)
        && COUNTED.iter().any(|sentence| dynoxide.message.starts_with(sentence))
        && (here.status, &here.kind) == (dynoxide.status, &dynoxide.kind)
}

/// Whether dynoxide refuses the comparison of a value or a size with itself. Only document paths must differ from each other:
/// dynalite's condition parser, whose tests ran on AWS.
fn is_compared_with_itself(request: &Value, dynoxide: &Answer) -> bool {
    let is_of =
        |operand: &str| dynoxide.message.contains(&format!("operator: contains, first operand: {operand}"));
    is_of("[:") || is_of("[") && request.to_string().contains("contains(size(")
}

/// Whether a mistake is one of an expression's grammar, which the whole expression must follow: Condition and filter expressions,
/// operators, and functions, and Update expressions, developer guide. dynoxide looks for other mistakes while it reads.
pub(super) fn is_of_grammar(mistake: &Mistake) -> bool {
    mistake["Message"].as_str().is_some_and(|message| message.contains("Expression: Syntax error; token: "))
}

/// Errors that depend on the item.
const OF_DATA: [&str; 3] = [
    "The document path provided in the update expression is invalid for update",
    "The provided expression refers to an attribute that does not exist in the item",
    "An operand in the update expression has an incorrect data type",
];

impl Told {
    fn is(self, answer: &Answer) -> bool {
        match self {
            Self::Says(text) => answer.status != 200 && answer.message.contains(text),
            Self::Unseen => {
                answer.kind != "ValidationException"
                    || OF_DATA.iter().any(|text| answer.message.contains(text))
            }
        }
    }
}

/// Whether the difference between two answers, or between two elements of them, is on the list.
fn is_listed(operation: &str, request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    KNOWN.iter().any(|known| {
        (known.operations.is_empty() || known.operations.split(' ').any(|name| name == operation))
            && known.here.is(here)
            && known.dynoxide.is(dynoxide)
            && (known.when)(request, here, dynoxide)
    })
}

/// Whether a mistake of the request, which one of both named, is on the list as one that the other does not see.
pub(super) fn is_seen_by_one(operation: &str, request: &Value, mistake: &Mistake, by_here: bool) -> bool {
    let (named, unseen) = (Answer::of_mistake(mistake), Answer::of(Ok(serde_json::json!({}))));
    let (here, dynoxide) = if by_here { (&named, &unseen) } else { (&unseen, &named) };
    is_listed(operation, request, here, dynoxide)
}

/// Whether both refuse the request with one sentence, which only this cloud begins with the expression's name: Query, API
/// reference, and dynalite's tests, which ran on AWS.
fn is_named_here(here: &Answer, dynoxide: &Answer) -> bool {
    let bare =
        |answer: &Answer| answer.message.trim_start_matches("1 validation error detected: ").to_owned();
    let (ours, theirs) = (bare(here), bare(dynoxide));
    here.kind == dynoxide.kind
        && ours
            .split_once("Expression: ")
            .is_some_and(|(name, rest)| name.starts_with("Invalid ") && rest == theirs)
}

/// Whether the difference is a known one. If transactions are cancelled, it is so for every element that differs.
pub(super) fn is_known(operation: &str, request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    let are_known = |ours: &[Answer], theirs: &[Answer]| {
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .all(|(ours, theirs)| ours == theirs || is_known_alone(operation, request, ours, theirs))
    };
    let done = |elements: &Vec<Answer>| vec![Answer::of(Ok(serde_json::json!({}))); elements.len()];
    match (here.elements(), dynoxide.elements()) {
        (Some(ours), Some(theirs)) => are_known(&ours, &theirs),
        (Some(ours), None) if dynoxide.status == 200 => are_known(&ours, &done(&ours)),
        (None, Some(theirs)) if here.status == 200 => are_known(&done(&theirs), &theirs),
        _ => is_known_alone(operation, request, here, dynoxide),
    }
}

/// What each names for the elements of a cancelled transaction whose difference is not a known one. None if they differ in more
/// than the mistakes that they name.
pub(super) fn unknown_mistakes(
    operation: &str,
    request: &Value,
    here: &Answer,
    dynoxide: &Answer,
) -> Option<(Vec<Mistake>, Vec<Mistake>)> {
    let (ours, theirs) = (here.elements()?, dynoxide.elements()?);
    let unknown: Vec<(&Answer, &Answer)> = ours
        .iter()
        .zip(&theirs)
        .filter(|(ours, theirs)| ours != theirs && !is_known_alone(operation, request, ours, theirs))
        .collect();
    let is_mistake = |answer: &Answer| answer.kind == "ValidationException";
    let are_mistakes = unknown.iter().all(|(ours, theirs)| is_mistake(ours) && is_mistake(theirs));
    let all = |side: fn(&(&Answer, &Answer)) -> Vec<Mistake>| unknown.iter().flat_map(side).collect();
    (ours.len() == theirs.len() && are_mistakes)
        .then(|| (all(|(ours, _)| ours.mistakes()), all(|(_, theirs)| theirs.mistakes())))
}

fn is_known_alone(operation: &str, request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    if here.status == 200 && dynoxide.status == 200 {
        return is_shown_otherwise(operation, request, here, dynoxide);
    }
    is_listed(operation, request, here, dynoxide)
        || is_named_here(here, dynoxide)
        || is_counted_otherwise(here, dynoxide)
        || is_compared_with_itself(request, dynoxide)
        || is_only_counted_here(request, here, dynoxide)
}
