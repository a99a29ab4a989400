//! `BatchGetItem` and `BatchWriteItem`: many single operations that do not know of each other.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::{
    super::{
        item::Item,
        value::{self, into_list, into_object},
    },
    Request,
    capacity::{Report, Units, collection_metrics, read_units},
    input::Input,
    read::{show, take_projection},
    write::Write,
};
use crate::error::ApiError;

/// [`BatchGetItem`, `DynamoDB` API reference]
const MAX_GETS: usize = 100;
const MAX_GET_BYTES: usize = 16 * 1024 * 1024;
/// [`BatchWriteItem`, `DynamoDB` API reference]
const MAX_WRITES: usize = 25;

const DUPLICATES: &str = "Provided list of item keys contains duplicates";

/// `BatchGetItem`.
pub(in super::super) fn batch_get_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let report = Report::take(&mut input)?;
    let tables = requests(&mut input)?;
    let keys = |value: &Value| value.get("Keys").and_then(Value::as_array).map_or(0, Vec::len);
    if tables.values().map(keys).sum::<usize>() > MAX_GETS {
        return Err(ApiError::validation("Too many items requested for the BatchGetItem call"));
    }
    let mut plans = Vec::with_capacity(tables.len());
    for (name, given) in tables {
        let unprocessed = given.clone();
        let mut given = Input::new(given)?;
        given.refuse_legacy()?;
        let consistent = given.flag("ConsistentRead")?;
        let projection = take_projection(&mut given)?;
        let table = request.store.table(&name)?;
        let mut keys = Vec::new();
        let mut seen = HashSet::new();
        for wire in given.required_list("Keys")? {
            let key = table.schema.of_key(&value::from_json(into_object(wire.clone())?)?)?;
            if !seen.insert(key.clone()) {
                return Err(ApiError::validation(DUPLICATES));
            }
            keys.push((key, wire));
        }
        if keys.is_empty() {
            return Err(super::input::constraint(
                "[]",
                &format!("requestItems.{name}.member.keys"),
                "Member must have length greater than or equal to 1",
            ));
        }
        plans.push((name, table, keys, projection, consistent, unprocessed));
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
            let item = table.contents.read().items.get(&key).cloned();
            let size = item.as_deref().map_or(0, Item::bytes);
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

/// `BatchWriteItem`. Nothing is written unless all of it can be.
pub(in super::super) fn batch_write_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let report = Report::take(&mut input)?;
    let metrics = input.choice("ReturnItemCollectionMetrics", &["NONE", "SIZE"])? == "SIZE";
    let mut writes: Vec<(String, Write)> = Vec::new();
    let mut seen = HashSet::new();
    for (name, given) in requests(&mut input)? {
        let table = request.store.table(&name)?;
        for given in into_list(given)? {
            let mut given = Input::new(given)?;
            let write = match (given.take("PutRequest"), given.take("DeleteRequest")) {
                (Some(put), None) => {
                    Write::put_into(table.clone(), Input::new(put)?.required_attributes("Item")?)?
                }
                (None, Some(delete)) => {
                    let key_attributes = Input::new(delete)?.required_attributes("Key")?;
                    let key = table.schema.of_key(&key_attributes)?;
                    Write::delete_from(table.clone(), key, key_attributes)
                }
                _ => {
                    return Err(ApiError::validation(
                        "Supplied WriteRequest must contain exactly one of PutRequest or DeleteRequest",
                    ));
                }
            };
            if !seen.insert((table.name.clone(), write.key.clone())) {
                return Err(ApiError::validation(DUPLICATES));
            }
            writes.push((name.clone(), write));
        }
    }
    if writes.len() > MAX_WRITES {
        return Err(ApiError::validation("Too many items requested for the BatchWriteItem call"));
    }
    for (_, write) in &writes {
        write.plan(&write.table.contents.read())?;
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

fn requests(input: &mut Input) -> Result<Map<String, Value>, ApiError> {
    let tables = input.required_object("RequestItems")?;
    if tables.is_empty() {
        return Err(super::input::constraint(
            "{}",
            "RequestItems",
            "Member must have length greater than or equal to 1",
        ));
    }
    Ok(tables)
}
