//! `UpdateTable` and `DeleteTable`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        index::Index,
        key_schema::KeyAttribute,
        settings::{IndexThroughput, Throughput},
        store::not_found,
        table::{Contents, Table},
        value::invalid,
    },
    Request,
    create_table::EncryptionInput,
    describe::describe,
    index_input::{
        AttributeDefinition, IndexInput, StreamChange, StreamInput, ThroughputInput, attributes, throughput,
    },
    input::Input,
    refused::refuse_members,
    table_constraints,
};
use crate::{error::ApiError, wire};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateTable {
    attribute_definitions: Option<Vec<AttributeDefinition>>,
    billing_mode: Option<String>,
    provisioned_throughput: Option<ThroughputInput>,
    global_secondary_index_updates: Option<Vec<IndexUpdate>>,
    stream_specification: Option<StreamInput>,
    #[serde(default, deserialize_with = "wire::boolean")]
    deletion_protection_enabled: Option<bool>,
    table_class: Option<String>,
    #[serde(rename = "SSESpecification")]
    sse_specification: Option<EncryptionInput>,
    on_demand_throughput: Option<Value>,
    warm_throughput: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexUpdate {
    create: Option<IndexInput>,
    update: Option<ThroughputUpdate>,
    delete: Option<IndexName>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ThroughputUpdate {
    index_name: String,
    provisioned_throughput: Option<ThroughputInput>,
    on_demand_throughput: Option<Value>,
    warm_throughput: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexName {
    index_name: String,
}

/// A change that was checked and can no longer fail.
enum Prepared {
    Create(Index),
    Throughput(String, IndexThroughput),
    Delete(String),
}

/// `UpdateTable`. Checks everything before anything changes. A new index is filled before the answer.
pub(in super::super) fn update_table(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut members = Input::new(input.clone())?;
    let name = members.described_table()?;
    table_constraints::check_update(&input, members.violations());
    members.checked()?;
    refuse_members(&input)?;
    let input: UpdateTable = wire::read(input)?;
    let billing = input.billing_mode.as_deref().map(|mode| mode == "PAY_PER_REQUEST");
    if billing == Some(true) && input.provisioned_throughput.is_some() {
        return Err(invalid(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ));
    }
    check_changes(&input)?;
    let table = request.store.named_table(&name)?;
    let defined = input.attribute_definitions.as_deref().map(attributes).transpose()?;

    let now_on_demand = table.settings.read().on_demand;
    let on_demand = billing.unwrap_or(now_on_demand);
    let provisioned = match &input.provisioned_throughput {
        None if now_on_demand && !on_demand => {
            return Err(invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED"));
        }
        None => None,
        given => Some(throughput(on_demand, given.as_ref())?),
    };
    check_unchanged(&table, provisioned, now_on_demand == on_demand)?;
    let mut limits = table.settings.read().limits.clone();
    limits.change(on_demand, input.on_demand_throughput.as_ref(), "table")?;
    limits.warm = input.warm_throughput.or(limits.warm);
    let encryption = input.sse_specification.as_ref().map(|given| given.read(request)).transpose()?;
    let stream = input.stream_specification.as_ref().map(StreamInput::change).transpose()?;
    let changes = input.global_secondary_index_updates.unwrap_or_default();
    let online = changes.iter().filter(|change| change.update.is_none()).count();
    if online > 1 {
        return Err(ApiError::client(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ));
    }

    let mut known = table.settings.read().attributes.clone();
    for attribute in defined.unwrap_or_default() {
        match known.iter().find(|other| other.name == attribute.name) {
            Some(other) if *other != attribute => {
                return Err(invalid(format!(
                    "Attribute {} is already defined with type {}",
                    attribute.name,
                    other.kind.name()
                )));
            }
            Some(_) => {}
            None => known.push(attribute),
        }
    }
    change_contents(request, &table, stream, changes, &known, on_demand)?;

    let used: Vec<KeyAttribute> = {
        let contents = table.contents.read();
        let is_used = |key: &KeyAttribute| {
            table.schema.contains(&key.name)
                || contents.indexes.iter().any(|index| index.definition.schema.contains(&key.name))
        };
        known.into_iter().filter(is_used).collect()
    };
    let mut settings = table.settings.write();
    settings.attributes = used;
    if on_demand && !settings.on_demand {
        settings.on_demand_since_ms = Some(request.now_ms);
        settings.throughput = Throughput::default();
    }
    settings.on_demand = on_demand;
    settings.throughput = provisioned.unwrap_or(settings.throughput);
    settings.limits = limits;
    if let Some(encryption) = encryption {
        settings.encryption = encryption;
    }
    settings.class = input.table_class.or_else(|| settings.class.take());
    if let Some(protection) = input.deletion_protection_enabled {
        settings.deletion_protection = protection;
    }
    drop(settings);
    Ok(json!({ "TableDescription": describe(&table, "ACTIVE") }))
}

/// Refuses a request that changes nothing, or that changes one index twice.
fn check_changes(input: &UpdateTable) -> Result<(), ApiError> {
    let changes = input.global_secondary_index_updates.as_deref().unwrap_or_default();
    let others = [
        input.billing_mode.is_some(),
        input.provisioned_throughput.is_some(),
        input.stream_specification.is_some(),
        input.table_class.is_some(),
        input.deletion_protection_enabled.is_some(),
        input.sse_specification.is_some(),
        input.on_demand_throughput.is_some(),
        input.warm_throughput.is_some(),
    ];
    if changes.is_empty() && !others.contains(&true) {
        return Err(ApiError::validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
        ));
    }
    let mut names: Vec<&str> = Vec::new();
    for change in changes {
        let name = match (&change.create, &change.update, &change.delete) {
            (Some(create), None, None) => &create.index_name,
            (None, Some(update), None) => &update.index_name,
            (None, None, Some(delete)) => &delete.index_name,
            (None, None, None) => {
                return Err(invalid(
                    "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
                ));
            }
            _ => {
                return Err(invalid(
                    "Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete can be specified",
                ));
            }
        };
        if names.contains(&name.as_str()) {
            return Err(invalid(format!(
                "Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )));
        }
        names.push(name);
    }
    Ok(())
}

/// Refuses throughput that is equal to the table's current one.
fn check_unchanged(table: &Table, requested: Option<Throughput>, same_billing: bool) -> Result<(), ApiError> {
    let current = table.settings.read().throughput;
    if !same_billing || requested != Some(current) {
        return Ok(());
    }
    let Throughput { read, write } = current;
    Err(ApiError::validation(format!(
        "The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: {read}. Requested ReadCapacityUnits: {read}. Current WriteCapacityUnits provisioned for the table: {write}. Requested WriteCapacityUnits: {write}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )))
}

/// Changes the stream and the indexes under the table's lock, so that no write happens in between.
fn change_contents(
    request: &Request<'_>,
    table: &Table,
    stream: Option<StreamChange>,
    changes: Vec<IndexUpdate>,
    attributes: &[KeyAttribute],
    on_demand: bool,
) -> Result<(), ApiError> {
    let mut contents = table.contents.write();
    let enabled = contents.stream.as_ref().is_some_and(|stream| stream.is_enabled());
    match stream {
        Some(StreamChange::Enable(_)) if enabled => {
            return Err(ApiError::validation(format!(
                "Table already has an enabled stream: TableName: {}",
                table.name
            )));
        }
        Some(StreamChange::Disable) if !enabled => {
            return Err(ApiError::validation(format!(
                "Table does not have a stream to disable: TableName: {}",
                table.name
            )));
        }
        _ => {}
    }
    let changes = changes
        .into_iter()
        .map(|change| prepare(change, table, &contents, attributes, on_demand))
        .collect::<Result<Vec<_>, _>>()?;
    for change in changes {
        match change {
            Prepared::Create(index) => contents.indexes.push(index),
            Prepared::Throughput(name, throughput) => {
                for index in contents.indexes.iter_mut().filter(|index| index.definition.name == name) {
                    index.throughput = throughput.clone();
                }
            }
            Prepared::Delete(name) => contents.indexes.retain(|index| index.definition.name != name),
        }
    }
    contents.measure();
    match stream {
        Some(StreamChange::Enable(view)) => {
            let changes = &request.memory.changes;
            let stream = request.store.open_stream(request.cx, table, view, request.now_ms, changes);
            contents.stream = Some(stream);
        }
        Some(StreamChange::Disable) => {
            if let Some(stream) = &contents.stream {
                stream.disable(request.now_ms);
            }
        }
        None => {}
    }
    Ok(())
}

/// Checks a change against the existing indexes; fills a new index.
fn prepare(
    change: IndexUpdate,
    table: &Table,
    contents: &Contents,
    attributes: &[KeyAttribute],
    on_demand: bool,
) -> Result<Prepared, ApiError> {
    let global = |name: &str| contents.index(name).ok().filter(|index| index.definition.global);
    if let Some(create) = change.create {
        if contents.index(&create.index_name).is_ok() {
            return Err(invalid(format!("Index already exists: {}", create.index_name)));
        }
        let (definition, throughput) = create.read(&table.schema, attributes, true, on_demand)?;
        return Ok(Prepared::Create(Index::new(definition, throughput, &contents.items)));
    }
    if let Some(update) = change.update {
        let Some(index) = global(&update.index_name) else {
            return Err(ApiError::validation(
                "This operation cannot be performed with given input values. Please contact DynamoDB service team for more info: Action Blocked: IndexUpdate",
            ));
        };
        let mut kept = index.throughput.clone();
        if let Some(given) = &update.provisioned_throughput {
            kept.provisioned = throughput(on_demand, Some(given))?;
        }
        let what = format!("index {}", update.index_name);
        kept.limits.change(on_demand, update.on_demand_throughput.as_ref(), &what)?;
        kept.limits.warm = update.warm_throughput.or(kept.limits.warm);
        return Ok(Prepared::Throughput(update.index_name, kept));
    }
    let name = change.delete.map(|delete| delete.index_name).unwrap_or_default();
    if global(&name).is_none() {
        return Err(not_found(format!("Requested resource not found: Index: {name} not found")));
    }
    Ok(Prepared::Delete(name))
}

/// `DeleteTable`. The table's stream can be read for another 24 hours.
pub(in super::super) fn delete_table(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let name = Input::new(input)?.described_table()?;
    let table = request.store.named_table(&name)?;
    if table.settings.read().deletion_protection {
        return Err(ApiError::validation(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        ));
    }
    let mut tables = request.store.tables.write();
    if tables.get(&table.name).is_none_or(|current| !Arc::ptr_eq(current, &table)) {
        drop(tables);
        return delete_table(request, json!({ "TableName": name }));
    }
    tables.remove(&table.name);
    drop(tables);
    let description = describe(&table, "DELETING");
    let mut contents = table.contents.write();
    if let Some(stream) = &contents.stream {
        stream.disable(request.now_ms);
    }
    contents.destinations.clear();
    contents.expiry = None;
    contents.deleted = true;
    drop(contents);
    Ok(json!({ "TableDescription": description }))
}
