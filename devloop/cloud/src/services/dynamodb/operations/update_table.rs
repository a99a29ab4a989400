//! `UpdateTable` and `DeleteTable`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        index::Index,
        key::KeyAttribute,
        settings::Throughput,
        store::not_found,
        table::{Contents, Table},
        value::invalid,
    },
    Request,
    create_table::{on_demand, refuse_unsupported, table_class},
    describe::describe,
    index_input::{
        AttributeDefinition, IndexInput, StreamChange, StreamInput, ThroughputInput, attributes, throughput,
    },
    input::Input,
};
use crate::{error::ApiError, wire};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateTable {
    table_name: Option<String>,
    attribute_definitions: Option<Vec<AttributeDefinition>>,
    billing_mode: Option<String>,
    provisioned_throughput: Option<ThroughputInput>,
    global_secondary_index_updates: Option<Vec<IndexUpdate>>,
    stream_specification: Option<StreamInput>,
    #[serde(default, deserialize_with = "wire::boolean")]
    deletion_protection_enabled: Option<bool>,
    table_class: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexUpdate {
    create: Option<IndexInput>,
    update: Option<IndexThroughput>,
    delete: Option<IndexName>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexThroughput {
    index_name: String,
    provisioned_throughput: Option<ThroughputInput>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexName {
    index_name: String,
}

/// A change of the indexes that was found to be in order.
enum IndexChange {
    Create(IndexInput),
    Throughput(String, Throughput),
    Delete(String),
}

/// A change that can no longer fail.
enum Prepared {
    Create(Index),
    Throughput(String, Throughput),
    Delete(String),
}

/// `UpdateTable`. Everything is checked before anything changes; a new index is filled before the answer.
pub(in super::super) fn update_table(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    refuse_unsupported(&input)?;
    let input: UpdateTable = wire::read(input)?;
    let name = input.table_name.as_deref().ok_or_else(|| super::input::missing("TableName"))?;
    let table = request.store.named_table(name)?;
    let class = table_class(input.table_class)?;
    let defined = input.attribute_definitions.as_deref().map(attributes).transpose()?;

    let now_on_demand = table.settings.read().on_demand;
    let billing = on_demand(input.billing_mode.as_deref())?;
    let on_demand = billing.unwrap_or(now_on_demand);
    let provisioned = match &input.provisioned_throughput {
        None if now_on_demand && !on_demand => {
            return Err(invalid(
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
            ));
        }
        None => None,
        given => Some(throughput(on_demand, given.as_ref(), "provisionedThroughput")?),
    };
    let stream = input.stream_specification.as_ref().map(StreamInput::change).transpose()?;
    let updates = input.global_secondary_index_updates.unwrap_or_default();
    let changes = updates.into_iter().map(index_change).collect::<Result<Vec<_>, _>>()?;
    let online = changes.iter().filter(|change| !matches!(change, IndexChange::Throughput(..))).count();
    if online > 1 {
        return Err(ApiError::client(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ));
    }
    if changes.is_empty()
        && billing.is_none()
        && provisioned.is_none()
        && stream.is_none()
        && class.is_none()
        && input.deletion_protection_enabled.is_none()
    {
        return Err(ApiError::validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
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
    settings.class = class.or_else(|| settings.class.take());
    if let Some(protection) = input.deletion_protection_enabled {
        settings.deletion_protection = protection;
    }
    drop(settings);
    Ok(json!({ "TableDescription": describe(&table, "ACTIVE") }))
}

fn index_change(update: IndexUpdate) -> Result<IndexChange, ApiError> {
    match (update.create, update.update, update.delete) {
        (Some(create), None, None) => Ok(IndexChange::Create(create)),
        (None, Some(update), None) => {
            let given = update.provisioned_throughput.as_ref();
            let given = given.ok_or_else(|| super::input::missing("provisionedThroughput"))?;
            let throughput = given.read("globalSecondaryIndexUpdates.member.update.provisionedThroughput")?;
            Ok(IndexChange::Throughput(update.index_name, throughput))
        }
        (None, None, Some(delete)) => Ok(IndexChange::Delete(delete.index_name)),
        _ => Err(invalid(
            "One of GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Update or GlobalSecondaryIndexUpdate.Delete must be specified",
        )),
    }
}

/// Changes stream and indexes under the table's lock, so that no write falls between.
fn change_contents(
    request: &Request<'_>,
    table: &Table,
    stream: Option<StreamChange>,
    changes: Vec<IndexChange>,
    attributes: &[KeyAttribute],
    on_demand: bool,
) -> Result<(), ApiError> {
    let mut contents = table.contents.write();
    let enabled = contents.stream.as_ref().is_some_and(|stream| stream.is_enabled());
    match stream {
        Some(StreamChange::Enable(_)) if enabled => {
            return Err(ApiError::client(
                "ResourceInUseException",
                format!("Table already has an enabled stream: TableName: {}", table.name),
            ));
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
                    index.throughput = throughput;
                }
            }
            Prepared::Delete(name) => contents.indexes.retain(|index| index.definition.name != name),
        }
    }
    match stream {
        Some(StreamChange::Enable(view)) => {
            contents.stream = Some(request.store.open_stream(request.cx, table, view, request.now_ms));
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

/// Checks a change against the indexes that are there; a new index is filled.
fn prepare(
    change: IndexChange,
    table: &Table,
    contents: &Contents,
    attributes: &[KeyAttribute],
    on_demand: bool,
) -> Result<Prepared, ApiError> {
    let is_global = |name: &str| contents.index(name).is_ok_and(|index| index.definition.global);
    match change {
        IndexChange::Create(create) if contents.index(&create.index_name).is_ok() => {
            Err(ApiError::validation(format!(
                "Attempting to create an index which already exists: {}",
                create.index_name
            )))
        }
        IndexChange::Create(create) => {
            let (definition, throughput) = create.read(&table.schema, attributes, true, on_demand)?;
            Ok(Prepared::Create(Index::new(definition, throughput, &contents.items)))
        }
        IndexChange::Throughput(name, _) | IndexChange::Delete(name) if !is_global(&name) => {
            Err(not_found(format!("Requested resource not found: Index: {name} not found")))
        }
        IndexChange::Throughput(name, throughput) => Ok(Prepared::Throughput(name, throughput)),
        IndexChange::Delete(name) => Ok(Prepared::Delete(name)),
    }
}

/// `DeleteTable`. The table's stream can be read for another 24 hours.
pub(in super::super) fn delete_table(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let name = Input::new(input)?.required_text("TableName")?;
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
    contents.expiry = None;
    contents.deleted = true;
    drop(contents);
    Ok(json!({ "TableDescription": description }))
}
