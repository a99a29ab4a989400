//! `BatchGetItem` and `BatchWriteItem`: many single operations that are independent of each other.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::{
    super::{
        expressions::PathTree,
        item::Item,
        store::table_name,
        value::{self, Attributes, into_list, into_object},
    },
    Request,
    capacity::{Report, Units, collection_metrics, read_units},
    draft::{Draft, RequestKind},
    input::{Input, has_name_letters},
    read::{show, take_projection},
    write::{METRICS, Write},
};
use crate::error::{ApiError, violation_without_value};

/// [`BatchGetItem`, `DynamoDB` API reference]
const MAX_GETS: usize = 100;
const MAX_GET_BYTES: usize = 16 * 1024 * 1024;
/// [`BatchWriteItem`, `DynamoDB` API reference]
const MAX_WRITES: usize = 25;

const DUPLICATES: &str = "Provided list of item keys contains duplicates";
const NAME_CONSTRAINT: &str = "Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]";

/// The keys that a request asks for in one table.
struct Asked {
    /// The table's name or ARN, as the request gives it.
    name: String,
    /// The request for this table, to be returned as unprocessed when the answer is full.
    given: Value,
    keys: Vec<(Attributes, Value)>,
    projection: Option<PathTree>,
    consistent: bool,
}

/// `BatchGetItem`.
pub(in super::super) fn batch_get_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let tables = input.required_object("RequestItems")?;
    check_gets(&mut input, &tables)?;
    check_names(&mut input, &tables);
    let report = Report::take(&mut input)?;
    input.checked()?;
    let asked =
        tables.into_iter().map(|(name, given)| keys(name, given)).collect::<Result<Vec<_>, ApiError>>()?;
    let mut plans = Vec::with_capacity(asked.len());
    for asked in asked {
        let table = request.store.table(&asked.name)?;
        let mut seen = HashSet::new();
        let mut keys = Vec::with_capacity(asked.keys.len());
        for (attributes, wire) in asked.keys {
            let key = table.schema.of_key(&attributes)?;
            if !seen.insert(key.clone()) {
                return Err(ApiError::validation(DUPLICATES));
            }
            keys.push((key, wire));
        }
        plans.push((asked.name, table, keys, asked.projection, asked.consistent, asked.given));
    }
    let (mut responses, mut left) = (Map::new(), Map::new());
    let (mut capacities, mut bytes) = (Vec::new(), 0);
    for (name, table, keys, projection, consistent, mut unprocessed) in plans {
        let mut units = Units::default();
        let (mut items, mut left_keys) = (Vec::new(), Vec::new());
        for (key, wire) in keys {
            if bytes >= MAX_GET_BYTES {
                left_keys.push(wire);
                continue;
            }
            let item = table.read_contents().items.get(&key).cloned();
            let size = item.as_ref().map_or(0, Item::bytes);
            bytes += size;
            units.add(read_units(size, consistent));
            items.extend(item.map(|item| Value::Object(show(projection.as_ref(), &item))));
        }
        responses.insert(name.clone(), items.into());
        capacities.extend(units.describe(report, &table.name, None));
        if !left_keys.is_empty() {
            unprocessed["Keys"] = left_keys.into();
            left.insert(name, unprocessed);
        }
    }
    let mut output = json!({ "Responses": responses, "UnprocessedKeys": left });
    if report != Report::None {
        output["ConsumedCapacity"] = capacities.into();
    }
    Ok(output)
}

/// Refuses a batch without tables or keys, and one with too many keys.
fn check_gets(input: &mut Input, tables: &Map<String, Value>) -> Result<(), ApiError> {
    let count = |given: &Value| given["Keys"].as_array().map_or(0, Vec::len);
    let too_short = "have length greater than or equal to 1";
    if tables.is_empty() {
        input.checked()?;
        input.violations().push(violation_without_value("RequestItems", too_short));
    } else if let Some((name, _)) = tables.iter().find(|(_, given)| count(given) == 0) {
        let member = format!("RequestItems.{name}.member.Keys");
        input.violations().push(violation_without_value(&member, too_short));
    } else if tables.values().map(count).sum::<usize>() > MAX_GETS {
        let most = tables.iter().max_by_key(|(_, given)| count(given)).map_or("", |(name, _)| name.as_str());
        let member = format!("RequestItems.{most}.member.Keys");
        let must = format!("have length less than or equal to {MAX_GETS}");
        input.violations().push(violation_without_value(&member, must));
    }
    input.checked()
}

/// Records a violation when a table name is invalid.
fn check_names(input: &mut Input, tables: &Map<String, Value>) {
    let good = |name: &str| (3..=255).contains(&name.len()) && has_name_letters(name);
    if !tables.keys().all(|name| good(table_name(name))) {
        let shown = Value::Object(tables.clone()).to_string();
        input.violations().value(&shown, "requestItems", NAME_CONSTRAINT);
    }
}

fn keys(name: String, given: Value) -> Result<Asked, ApiError> {
    let mut input = Input::new(given.clone())?;
    let mut keys = Vec::new();
    for wire in input.required_list("Keys")? {
        let key = value::from_json(into_object(wire.clone())?)?;
        if keys.iter().any(|(other, _)| *other == key) {
            return Err(ApiError::validation(DUPLICATES));
        }
        keys.push((key, wire));
    }
    let consistent = input.flag("ConsistentRead")?;
    let projection = take_projection(&mut input, RequestKind::Single)?;
    Ok(Asked { name, given, keys, projection, consistent })
}

/// `BatchWriteItem`. Writes nothing if any of its writes is invalid.
pub(in super::super) fn batch_write_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let tables = input.required_object("RequestItems")?;
    check_writes(&mut input, &tables)?;
    let report = Report::take(&mut input)?;
    let metrics = input.choice("ReturnItemCollectionMetrics", METRICS)? == Some("SIZE");
    input.checked()?;
    check_names(&mut input, &tables);
    input.checked()?;
    let mut drafts = Vec::new();
    for (name, given) in tables {
        for given in into_list(given)? {
            drafts.push((name.clone(), draft(&name, given)?));
        }
    }
    let mut writes: Vec<(String, Write)> = Vec::with_capacity(drafts.len());
    let mut seen = HashSet::new();
    for (name, draft) in drafts {
        let table = request.store.table(&draft.table)?;
        let write = draft.resolve_in_batch(table)?;
        if !seen.insert((write.table.name.clone(), write.key.clone())) {
            return Err(ApiError::validation(DUPLICATES));
        }
        writes.push((name, write));
    }
    for (_, write) in &writes {
        write.plan(&write.table.read_contents())?;
    }
    let mut units: BTreeMap<&str, Units> = BTreeMap::new();
    let mut collections: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (name, write) in &writes {
        let outcome = write.run(request.now_ms)?;
        if report != Report::None {
            write.count(&outcome, 1.0, units.entry(&write.table.name).or_default());
        }
        if metrics {
            let found = collection_metrics(&write.table, &write.key_attributes);
            collections.entry(name).or_default().extend(found);
        }
    }
    let mut output = json!({ "UnprocessedItems": {} });
    if report != Report::None {
        output["ConsumedCapacity"] =
            units.iter().filter_map(|(table, units)| units.describe(report, table, None)).collect();
    }
    if metrics {
        output["ItemCollectionMetrics"] =
            collections.into_iter().map(|(name, list)| (name.to_owned(), Value::from(list))).collect();
    }
    Ok(output)
}

fn check_writes(input: &mut Input, tables: &Map<String, Value>) -> Result<(), ApiError> {
    input.checked()?;
    if tables.is_empty() {
        return Err(ApiError::validation("The requestItems parameter is required for BatchWriteItem"));
    }
    let counts: Vec<usize> = tables.values().map(|given| given.as_array().map_or(0, Vec::len)).collect();
    if counts.contains(&0) || counts.iter().sum::<usize>() > MAX_WRITES {
        let shown = Value::Object(tables.clone()).to_string();
        let constraint = format!(
            "Map value must satisfy constraint: [Member must have length less than or equal to {MAX_WRITES}, Member must have length greater than or equal to 1]"
        );
        input.violations().value(&shown, "requestItems", &constraint);
    }
    Ok(())
}

fn draft(table: &str, given: Value) -> Result<Draft, ApiError> {
    let mut given = Input::new(given)?;
    match (given.take("PutRequest"), given.take("DeleteRequest")) {
        (Some(put), None) => {
            let mut put = Input::new(put)?;
            let item = put.required_object("Item")?;
            put.checked()?;
            Draft::batch_put(table, item)
        }
        (None, Some(delete)) => {
            let mut delete = Input::new(delete)?;
            let key = delete.required_object("Key")?;
            delete.checked()?;
            Draft::batch_delete(table, key)
        }
        _ => Err(ApiError::validation(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        )),
    }
}
