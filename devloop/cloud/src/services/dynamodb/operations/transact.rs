//! `TransactWriteItems` and `TransactGetItems`: all or nothing, across several tables.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use serde_json::{Map, Value, json};

use super::{
    super::{item::Item, store::table_name, table::Table},
    Request,
    capacity::{Report, Units, collection_metrics, read_units},
    draft::{Draft, Members, RequestKind},
    input::{Input, constraint},
    read::{Read, ReadDraft},
    write::{METRICS, Outcome, Refusal, SHOWN_ON_FAILURE, Write},
};
use crate::error::ApiError;

/// [`TransactWriteItems`, `DynamoDB` API reference]
pub(super) const MAX_ACTIONS: usize = 100;
const MAX_BYTES: usize = 4 * 1024 * 1024;

const ONE_ITEM: &str = "Transaction request cannot include multiple operations on one item";

/// `TransactWriteItems`.
pub(in super::super) fn transact_write_items(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let items = actions(&mut input)?;
    let mut hasher = DefaultHasher::new();
    items.hash(&mut hasher);
    let mut actions = items
        .into_iter()
        .enumerate()
        .map(|(at, item)| take_action(&mut input, at, item))
        .collect::<Result<Vec<_>, _>>()?;
    let token = take_token(&mut input)?;
    let report = Report::take(&mut input)?;
    let metrics = input.choice("ReturnItemCollectionMetrics", METRICS)? == Some("SIZE");
    input.checked()?;
    for action in &actions {
        action.check_kind()?;
    }
    for (at, action) in actions.iter_mut().enumerate() {
        action.take_members(&mut input, at)?;
    }
    input.checked()?;
    let drafts = actions.into_iter().map(Action::draft).collect::<Result<Vec<_>, _>>()?;
    write(request, drafts, token.as_deref(), hasher.finish(), report, metrics)
}

/// Runs all writes or none of them, and only once for each client request token.
pub(super) fn write(
    request: &Request<'_>,
    drafts: Vec<Draft>,
    token: Option<&str>,
    hash: u64,
    report: Report,
    metrics: bool,
) -> Result<Value, ApiError> {
    let drafts = drafts.into_iter().map(|draft| (draft.table.clone(), draft));
    let mut resolved = resolve(request, drafts, Draft::resolve)?;
    // A write with an empty key is a validation error of the request; a read with one only cancels the transaction.
    let is_empty_key = |one: &Result<Write, Refusal>| matches!(one, Err(Refusal::Invalid(error)) if error.message.contains("cannot contain an empty"));
    if let Some(at) = resolved.iter().position(is_empty_key)
        && let Err(refusal) = resolved.swap_remove(at)
    {
        return Err(refusal.into());
    }
    if resolved.iter().any(Result::is_err) {
        // The cancellation reasons also contain the failed conditions of the other writes.
        let refusal = |one: Result<Write, Refusal>| match one {
            Ok(write) => write.plan(&write.table.read_contents()).err(),
            Err(refusal) => Some(refusal),
        };
        return Err(cancelled(&resolved.into_iter().map(refusal).collect::<Vec<_>>()));
    }
    let writes: Vec<Write> = resolved.into_iter().flatten().collect();
    let mut seen = HashSet::new();
    if !writes.iter().all(|write| seen.insert((&write.table.name, &write.key))) {
        return Err(ApiError::validation(ONE_ITEM));
    }
    let run = || {
        let outcomes = run(&writes, request.now_ms)?;
        let mut units: BTreeMap<&str, Units> = BTreeMap::new();
        for (write, outcome) in writes.iter().zip(&outcomes) {
            write.count(outcome, 2.0, units.entry(&write.table.name).or_default());
        }
        Ok((units, "WriteCapacityUnits"))
    };
    // A repeated transaction consumes the read units of its items.
    let repeated = || {
        let mut units: BTreeMap<&str, Units> = BTreeMap::new();
        for write in &writes {
            let item = write.table.read_contents().items.get(&write.key).cloned();
            let cost = 2.0 * read_units(item.as_ref().map_or(0, Item::bytes), true);
            units.entry(&write.table.name).or_default().add(cost);
        }
        Ok((units, "ReadCapacityUnits"))
    };
    let (units, kind) = request.store.once(token, hash, request.now_ms, run, repeated)?;
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

/// Takes the client request token, which makes a transaction run only once.
pub(super) fn take_token(input: &mut Input) -> Result<Option<String>, ApiError> {
    let token = input.text("ClientRequestToken")?;
    if let Some(text) = &token {
        let constraint = match text.len() {
            0 => "Member must have length greater than or equal to 1",
            37.. => "Member must have length less than or equal to 36",
            _ => return Ok(token),
        };
        input.violations().value(text, "clientRequestToken", constraint);
    }
    Ok(token)
}

fn actions(input: &mut Input) -> Result<Vec<Value>, ApiError> {
    let items = input.required_list("TransactItems")?;
    input.checked()?;
    check_count(&items, "transactItems")?;
    Ok(items)
}

/// Refuses a transaction without items, and one with too many.
pub(super) fn check_count(items: &[Value], place: &str) -> Result<(), ApiError> {
    let (word, limit) = match items.len() {
        0 => ("greater", 1),
        1..=MAX_ACTIONS => return Ok(()),
        _ => ("less", MAX_ACTIONS),
    };
    let shown = Value::from(items.to_vec()).to_string();
    Err(constraint(&shown, place, &format!("Member must have length {word} than or equal to {limit}")))
}

const ACTIONS: [(&str, &str); 4] =
    [("Put", "put"), ("Update", "update"), ("Delete", "delete"), ("ConditionCheck", "conditionCheck")];

/// One item of a transaction's list.
struct Action {
    /// The given members of [`ACTIONS`], of which there must be exactly one.
    given: Vec<(&'static str, &'static str, Input)>,
    members: Members,
}

/// Takes the actions of an item, and adds the violations in `ReturnValuesOnConditionCheckFailure`.
fn take_action(input: &mut Input, at: usize, item: Value) -> Result<Action, ApiError> {
    let mut item = Input::new(item)?;
    let mut given = Vec::new();
    let mut show_on_failure = false;
    for (name, place) in ACTIONS {
        let Some(action) = item.take(name) else { continue };
        let mut action = Input::new(action)?;
        if let Some(shown) = action.text("ReturnValuesOnConditionCheckFailure")? {
            let member =
                format!("transactItems.{}.member.{place}.returnValuesOnConditionCheckFailure", at + 1);
            input.violations().choice(&shown, &member, SHOWN_ON_FAILURE);
            show_on_failure = shown == "ALL_OLD";
        }
        given.push((name, place, action));
    }
    Ok(Action { given, members: Members { table: String::new(), object: Map::new(), show_on_failure } })
}

impl Action {
    fn check_kind(&self) -> Result<(), ApiError> {
        match self.given.len() {
            0 => Err(ApiError::validation(
                "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request",
            )),
            1 => Ok(()),
            _ => Err(ApiError::validation(
                "TransactItems can only contain one of Check, Put, Update or Delete",
            )),
        }
    }

    /// Takes the members that every action has, and adds their violations.
    fn take_members(&mut self, input: &mut Input, at: usize) -> Result<(), ApiError> {
        let Some((name, place, action)) = self.given.first_mut() else { return Ok(()) };
        let place = |member: &str| format!("transactItems.{}.member.{place}.{member}", at + 1);
        let object = if *name == "Put" { "Item" } else { "Key" };
        match action.object(object)? {
            Some(object) => self.members.object = object,
            None => input.violations().missing(&place(&object.to_ascii_lowercase())),
        }
        match action.text("TableName")? {
            Some(table) => {
                input.violations().name(table_name(&table), &place("tableName"));
                self.members.table = table;
            }
            None => input.violations().missing(&place("tableName")),
        }
        let expression = match *name {
            "Update" => "UpdateExpression",
            "ConditionCheck" => "ConditionExpression",
            _ => return Ok(()),
        };
        if !action.has(expression) {
            let member = if *name == "Update" { "updateExpression" } else { "conditionExpression" };
            input.violations().missing(&place(member));
        }
        Ok(())
    }

    fn draft(self) -> Result<Draft, ApiError> {
        let kind = RequestKind::Transaction;
        let Some((name, _, mut input)) = self.given.into_iter().next() else {
            return Err(ApiError::internal("a transaction's element has no action"));
        };
        match name {
            "Put" => Draft::put(&mut input, self.members, kind, None),
            "Delete" => Draft::delete(&mut input, self.members, kind),
            "ConditionCheck" => Draft::check(&mut input, self.members, kind),
            _ => Draft::update(&mut input, self.members, kind),
        }
    }
}

/// Finds the table of each draft, and applies `of` to both. A key that does not fit its table cancels the transaction
/// [`TransactWriteItems`, DynamoDB API reference: `CancellationReasons`].
fn resolve<D, T>(
    request: &Request<'_>,
    drafts: impl IntoIterator<Item = (String, D)>,
    of: impl Fn(D, Arc<Table>) -> Result<T, ApiError>,
) -> Result<Vec<Result<T, Refusal>>, ApiError> {
    let found = drafts
        .into_iter()
        .map(|(table, draft)| Ok((request.store.table(&table)?, draft)))
        .collect::<Result<Vec<_>, ApiError>>()?;
    Ok(found.into_iter().map(|(table, draft)| of(draft, table).map_err(Refusal::Invalid)).collect())
}

/// Plans every write under the locks of all tables, and commits them if none is refused.
fn run(writes: &[Write], now_ms: i64) -> Result<Vec<Outcome>, ApiError> {
    // Locked in the order of the names, so that two transactions cannot deadlock.
    let tables: BTreeMap<&str, &Arc<Table>> =
        writes.iter().map(|write| (write.table.name.as_str(), &write.table)).collect();
    let mut locked: BTreeMap<&str, _> =
        tables.into_iter().map(|(name, table)| (name, table.write_contents())).collect();
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
    let bytes: usize = outcomes.iter().map(|outcome| outcome.new.as_ref().map_or(0, Item::bytes)).sum();
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
            Some(Refusal::Duplicate) => {
                json!({ "Code": "DuplicateItem", "Message": "Duplicate primary key exists in table" })
            }
            Some(Refusal::Invalid(error)) => json!({ "Code": "ValidationError", "Message": error.message }),
        })
        .collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    // Unlike other errors, this one also has its message in a member with a capital letter.
    ApiError::client("TransactionCanceledException", message.clone())
        .detail("Message", message)
        .detail("CancellationReasons", reasons)
}

/// `TransactGetItems`.
pub(in super::super) fn transact_get_items(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let items = actions(&mut input)?;
    let report = Report::take(&mut input)?;
    input.checked()?;
    let mut gets = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let place = |member: &str| format!("transactItems.{}.member.get{member}", at + 1);
        let Some(get) = Input::new(item)?.take("Get") else {
            input.violations().missing(&place(""));
            continue;
        };
        let mut get = Input::new(get)?;
        let key = get.object("Key")?;
        if key.is_none() {
            input.violations().missing(&place(".key"));
        }
        let table = get.text("TableName")?;
        match &table {
            Some(table) => input.violations().name(table_name(table), &place(".tableName")),
            None => input.violations().missing(&place(".tableName")),
        }
        gets.push((get, table.unwrap_or_default(), key.unwrap_or_default()));
    }
    input.checked()?;
    let drafts = gets
        .into_iter()
        .map(|(mut get, table, key)| ReadDraft::read(&mut get, table, key, RequestKind::Transaction))
        .collect::<Result<Vec<_>, ApiError>>()?;
    let (responses, capacities) = read(request, drafts, report)?;
    let mut output = json!({ "Responses": responses });
    if report != Report::None {
        output["ConsumedCapacity"] = capacities;
    }
    Ok(output)
}

/// Reads all items at one moment. Returns a response for each, and the consumed capacity.
pub(super) fn read(
    request: &Request<'_>,
    drafts: Vec<ReadDraft>,
    report: Report,
) -> Result<(Vec<Value>, Value), ApiError> {
    let drafts = drafts.into_iter().map(|draft| (draft.table.clone(), draft));
    let resolved = resolve(request, drafts, ReadDraft::resolve)?;
    if resolved.iter().any(Result::is_err) {
        return Err(cancelled(&resolved.into_iter().map(Result::err).collect::<Vec<_>>()));
    }
    let reads: Vec<Read> = resolved.into_iter().flatten().collect();
    let mut seen = HashSet::new();
    if !reads.iter().all(|read| seen.insert((&read.table.name, &read.key))) {
        return Err(ApiError::validation(ONE_ITEM));
    }
    let items: Vec<Option<Item>> = {
        let tables: BTreeMap<&str, &Arc<Table>> =
            reads.iter().map(|read| (read.table.name.as_str(), &read.table)).collect();
        let locked: BTreeMap<&str, _> =
            tables.into_iter().map(|(name, table)| (name, table.read_contents())).collect();
        let find = |read: &Read| locked.get(read.table.name.as_str())?.items.get(&read.key).cloned();
        reads.iter().map(find).collect()
    };
    let mut units: BTreeMap<&str, Units> = BTreeMap::new();
    let mut responses = Vec::with_capacity(items.len());
    for (read, item) in reads.iter().zip(&items) {
        let cost = 2.0 * read_units(item.as_ref().map_or(0, Item::bytes), true);
        units.entry(&read.table.name).or_default().add(cost);
        // If the item has none of the projected attributes, the response has no item.
        let shown = item.as_ref().and_then(|item| read.show(item)).filter(|shown| !shown.is_empty());
        responses.push(shown.map_or_else(|| json!({}), |item| json!({ "Item": item })));
    }
    let capacities = units
        .iter()
        .filter_map(|(table, units)| units.describe(report, table, Some("ReadCapacityUnits")))
        .collect();
    Ok((responses, capacities))
}
