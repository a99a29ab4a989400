//! `TransactWriteItems` and `TransactGetItems`: all or nothing, over several tables.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use serde_json::{Map, Value, json};

use super::{
    super::{item::Item, table::Table},
    Request,
    capacity::{Report, Units, collection_metrics, read_units},
    input::{Input, constraint},
    read::Read,
    write::{Outcome, Refusal, Write},
};
use crate::error::ApiError;

/// [`TransactWriteItems`, `DynamoDB` API reference]
const MAX_ACTIONS: usize = 100;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// `TransactWriteItems`.
pub(in super::super) fn transact_write_items(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let report = Report::take(&mut input)?;
    let metrics = input.choice("ReturnItemCollectionMetrics", &["NONE", "SIZE"])? == "SIZE";
    let token = input.text("ClientRequestToken")?;
    if let Some(token) = &token
        && !(1..=36).contains(&token.len())
    {
        return Err(constraint(
            token,
            "ClientRequestToken",
            "Member must have length less than or equal to 36 and greater than or equal to 1",
        ));
    }
    let items = actions(&mut input)?;
    let mut hasher = DefaultHasher::new();
    if token.is_some() {
        items.hash(&mut hasher);
    }
    let writes = items.into_iter().map(|item| write(request, item)).collect::<Result<Vec<_>, _>>()?;
    let mut seen = HashSet::new();
    if !writes.iter().all(|write| seen.insert((&write.table.name, &write.key))) {
        return Err(ApiError::validation(
            "Transaction request cannot include multiple operations on one item",
        ));
    }
    let run = || {
        let outcomes = run(&writes, request.now_ms)?;
        let mut units: BTreeMap<&str, Units> = BTreeMap::new();
        for (write, outcome) in writes.iter().zip(&outcomes) {
            write.count(outcome, 2.0, units.entry(&write.table.name).or_default());
        }
        Ok((units, "WriteCapacityUnits"))
    };
    // A repeated transaction costs what reading its items costs.
    let repeated = || {
        let mut units: BTreeMap<&str, Units> = BTreeMap::new();
        for write in &writes {
            let item = write.table.contents.read().items.get(&write.key).cloned();
            let cost = 2.0 * read_units(item.as_deref().map_or(0, Item::bytes), true);
            units.entry(&write.table.name).or_default().add(cost);
        }
        Ok((units, "ReadCapacityUnits"))
    };
    let (units, kind) =
        request.store.once(token.as_deref(), hasher.finish(), request.now_ms, run, repeated)?;
    let mut output = Map::new();
    if report != Report::None {
        let capacities: Value =
            units.iter().filter_map(|(table, units)| units.describe(report, table, Some(kind))).collect();
        output.insert("ConsumedCapacity".to_owned(), capacities);
    }
    if metrics {
        let mut collections: Map<String, Value> = Map::new();
        for write in &writes {
            let Some(found) = collection_metrics(&write.table, &write.key_attributes) else { continue };
            if let Value::Array(list) =
                collections.entry(write.table.name.as_str()).or_insert_with(|| json!([]))
            {
                list.push(found);
            }
        }
        output.insert("ItemCollectionMetrics".to_owned(), collections.into());
    }
    Ok(Value::Object(output))
}

fn actions(input: &mut Input) -> Result<Vec<Value>, ApiError> {
    let items = input.required_list("TransactItems")?;
    if items.is_empty() || items.len() > MAX_ACTIONS {
        return Err(constraint(
            &format!("[{} items]", items.len()),
            "TransactItems",
            "Member must have length less than or equal to 100 and greater than or equal to 1",
        ));
    }
    Ok(items)
}

fn write(request: &Request<'_>, item: Value) -> Result<Write, ApiError> {
    let mut item = Input::new(item)?;
    let given: Vec<(&str, Value)> = ["ConditionCheck", "Put", "Delete", "Update"]
        .into_iter()
        .filter_map(|action| Some((action, item.take(action)?)))
        .collect();
    let Ok([(action, given)]) = <[_; 1]>::try_from(given) else {
        return Err(ApiError::validation(
            "TransactItems can only contain one of Check, Put, Update or Delete",
        ));
    };
    let input = &mut Input::new(given)?;
    match action {
        "Put" => Write::put(request, input),
        "Delete" => Write::delete(request, input),
        "ConditionCheck" => Write::check(request, input),
        _ => {
            if !input.has("UpdateExpression") {
                return Err(super::input::missing("UpdateExpression"));
            }
            Write::update(request, input)
        }
    }
}

/// Plans every write under the locks of all tables, and commits them when none is refused.
fn run(writes: &[Write], now_ms: i64) -> Result<Vec<Outcome>, ApiError> {
    // Locked in the order of the names, so that two transactions cannot wait for each other.
    let tables: BTreeMap<&str, &Arc<Table>> =
        writes.iter().map(|write| (write.table.name.as_str(), &write.table)).collect();
    let mut locked: BTreeMap<&str, _> =
        tables.into_iter().map(|(name, table)| (name, table.contents.write())).collect();
    let mut outcomes = Vec::with_capacity(writes.len());
    let mut refusals = Vec::new();
    for write in writes {
        let Some(contents) = locked.get(write.table.name.as_str()) else { continue };
        match write.plan(contents) {
            Ok(outcome) => {
                outcomes.push(outcome);
                refusals.push(None);
            }
            Err(refusal) => refusals.push(Some(refusal)),
        }
    }
    if refusals.iter().any(Option::is_some) {
        return Err(cancelled(&refusals));
    }
    let bytes: usize = outcomes.iter().map(|outcome| outcome.new.as_deref().map_or(0, Item::bytes)).sum();
    if bytes > MAX_BYTES {
        return Err(ApiError::validation("Transaction request size has exceeded the maximum allowed size"));
    }
    for (write, outcome) in writes.iter().zip(&outcomes) {
        if let Some(contents) = locked.get_mut(write.table.name.as_str()) {
            write.commit(contents, outcome, now_ms);
        }
    }
    Ok(outcomes)
}

fn cancelled(refusals: &[Option<Refusal>]) -> ApiError {
    let reasons: Vec<Value> = refusals
        .iter()
        .map(|refusal| match refusal {
            None => json!({ "Code": "None" }),
            Some(Refusal::Condition(item)) => {
                let mut reason =
                    json!({ "Code": "ConditionalCheckFailed", "Message": "The conditional request failed" });
                if let Some(item) = item {
                    reason["Item"] = item.to_json().into();
                }
                reason
            }
            Some(Refusal::Invalid(error)) => json!({ "Code": "ValidationError", "Message": error.message }),
        })
        .collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    // The error's shape spells its message with a capital letter, unlike the others.
    ApiError::client("TransactionCanceledException", message.clone())
        .detail("Message", message)
        .detail("CancellationReasons", reasons)
}

/// `TransactGetItems`.
pub(in super::super) fn transact_get_items(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let report = Report::take(&mut input)?;
    let reads = actions(&mut input)?
        .into_iter()
        .map(|item| {
            let get = Input::new(item)?.take("Get").ok_or_else(|| super::input::missing("Get"))?;
            Read::take(request, &mut Input::new(get)?)
        })
        .collect::<Result<Vec<_>, ApiError>>()?;
    let mut seen = HashSet::new();
    if !reads.iter().all(|read| seen.insert((&read.table.name, &read.key))) {
        return Err(ApiError::validation(
            "Transaction request cannot include multiple operations on one item",
        ));
    }
    let items: Vec<Option<Arc<Item>>> = {
        let tables: BTreeMap<&str, &Arc<Table>> =
            reads.iter().map(|read| (read.table.name.as_str(), &read.table)).collect();
        let locked: BTreeMap<&str, _> =
            tables.into_iter().map(|(name, table)| (name, table.contents.read())).collect();
        let find = |read: &Read| locked.get(read.table.name.as_str())?.items.get(&read.key).cloned();
        reads.iter().map(find).collect()
    };
    let mut units: BTreeMap<&str, Units> = BTreeMap::new();
    let mut responses = Vec::with_capacity(items.len());
    for (read, item) in reads.iter().zip(&items) {
        let cost = 2.0 * read_units(item.as_deref().map_or(0, Item::bytes), true);
        units.entry(&read.table.name).or_default().add(cost);
        responses.push(item.as_deref().map_or_else(|| json!({}), |item| json!({ "Item": read.show(item) })));
    }
    let mut output = json!({ "Responses": responses });
    if report != Report::None {
        output["ConsumedCapacity"] = units
            .iter()
            .filter_map(|(table, units)| units.describe(report, table, Some("ReadCapacityUnits")))
            .collect();
    }
    Ok(output)
}
