//! `CreateTable`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        index::{Entries, Index},
        settings::Settings,
        table::{Contents, Table},
        value::invalid,
    },
    Request,
    describe::describe,
    index_input::{
        AttributeDefinition, IndexInput, KeyElement, StreamChange, StreamInput, ThroughputInput, attributes,
        check_name, schema, throughput,
    },
    tags::{Tag, check_tags},
};
use crate::{error::ApiError, wire};

/// [Quotas in Amazon `DynamoDB`]
const MAX_GLOBAL: usize = 20;
const MAX_LOCAL: usize = 5;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateTable {
    table_name: Option<String>,
    #[serde(default)]
    attribute_definitions: Vec<AttributeDefinition>,
    #[serde(default)]
    key_schema: Vec<KeyElement>,
    billing_mode: Option<String>,
    provisioned_throughput: Option<ThroughputInput>,
    #[serde(default)]
    global_secondary_indexes: Option<Vec<IndexInput>>,
    #[serde(default)]
    local_secondary_indexes: Option<Vec<IndexInput>>,
    stream_specification: Option<StreamInput>,
    #[serde(default)]
    tags: Option<Vec<Tag>>,
    #[serde(default, deserialize_with = "wire::boolean")]
    deletion_protection_enabled: Option<bool>,
    table_class: Option<String>,
}

/// `CreateTable`. The table can be used as soon as the answer is there, so it is `ACTIVE` from the start.
pub(in super::super) fn create_table(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    refuse_unsupported(&input)?;
    let input: CreateTable = wire::read(input)?;
    let name = input.table_name.as_deref().ok_or_else(|| super::input::missing("TableName"))?;
    check_name(name, "tableName")?;
    let attributes = attributes(&input.attribute_definitions)?;
    let schema = schema(&input.key_schema, &attributes)?;
    let on_demand = on_demand(input.billing_mode.as_deref())?.unwrap_or(false);
    let throughput = throughput(on_demand, input.provisioned_throughput.as_ref(), "provisionedThroughput")?;
    let (global, local) = (
        input.global_secondary_indexes.as_deref().unwrap_or_default(),
        input.local_secondary_indexes.as_deref().unwrap_or_default(),
    );
    if !local.is_empty() && schema.sort.is_none() {
        return Err(invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ));
    }
    if global.len() > MAX_GLOBAL || local.len() > MAX_LOCAL {
        let kind = if global.len() > MAX_GLOBAL { "GlobalSecondaryIndex" } else { "LocalSecondaryIndex" };
        let most = if global.len() > MAX_GLOBAL { MAX_GLOBAL } else { MAX_LOCAL };
        return Err(invalid(format!("{kind} count exceeds the per-table limit of {most}")));
    }
    let mut indexes: Vec<Index> = Vec::new();
    for (index, is_global) in
        global.iter().map(|index| (index, true)).chain(local.iter().map(|index| (index, false)))
    {
        if indexes.iter().any(|other| other.definition.name == index.index_name) {
            return Err(invalid(format!("Duplicate index name: {}", index.index_name)));
        }
        let (definition, throughput) = index.read(&schema, &attributes, is_global, on_demand)?;
        indexes.push(Index::new(definition, throughput, &Entries::new()));
    }
    let schemas = std::iter::once(&schema).chain(indexes.iter().map(|index| &index.definition.schema));
    let used: BTreeSet<&str> =
        schemas.flat_map(|schema| schema.attributes().map(|key| key.name.as_str())).collect();
    if used.len() < attributes.len() {
        return Err(unused(
            &attributes.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(),
            &used,
            !indexes.is_empty(),
        ));
    }
    let stream = input.stream_specification.as_ref().map(StreamInput::change).transpose()?;
    let tags = input.tags.unwrap_or_default();
    check_tags(&tags)?;
    let table = Arc::new(Table {
        name: name.to_owned(),
        arn: request.cx.arn("dynamodb", &format!("table/{name}")),
        id: uuid::Uuid::new_v4().to_string(),
        created_ms: request.now_ms,
        schema,
        contents: RwLock::new(Contents { indexes, ..Contents::default() }),
        settings: RwLock::new(Settings {
            attributes,
            on_demand,
            on_demand_since_ms: on_demand.then_some(request.now_ms),
            throughput,
            deletion_protection: input.deletion_protection_enabled.unwrap_or(false),
            class: table_class(input.table_class)?,
            tags: tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<_, _>>(),
        }),
    });
    let mut tables = request.store.tables.write();
    if tables.contains_key(name) {
        return Err(ApiError::client("ResourceInUseException", format!("Table already exists: {name}")));
    }
    if let Some(StreamChange::Enable(view)) = stream {
        let stream = request.store.open_stream(request.cx, &table, view, request.now_ms);
        table.contents.write().stream = Some(stream);
    }
    tables.insert(name.to_owned(), Arc::clone(&table));
    drop(tables);
    Ok(json!({ "TableDescription": describe(&table, "ACTIVE") }))
}

fn unused(defined: &[&str], used: &BTreeSet<&str>, indexed: bool) -> ApiError {
    if !indexed {
        return invalid(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
        );
    }
    let used: Vec<&str> = used.iter().copied().collect();
    invalid(format!(
        "Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
        defined.join(", "),
        used.join(", ")
    ))
}

/// Whether a billing mode is by request.
pub(super) fn on_demand(mode: Option<&str>) -> Result<Option<bool>, ApiError> {
    match mode {
        None => Ok(None),
        Some("PAY_PER_REQUEST") => Ok(Some(true)),
        Some("PROVISIONED") => Ok(Some(false)),
        Some(other) => Err(super::input::constraint(
            other,
            "billingMode",
            "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]",
        )),
    }
}

/// A table class, which changes only what a table costs.
pub(super) fn table_class(class: Option<String>) -> Result<Option<String>, ApiError> {
    match class.as_deref() {
        None | Some("STANDARD" | "STANDARD_INFREQUENT_ACCESS") => Ok(class),
        Some(other) => Err(super::input::constraint(
            other,
            "tableClass",
            "Member must satisfy enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]",
        )),
    }
}

/// Refuses what a table would have to do and does not.
pub(super) fn refuse_unsupported(input: &Value) -> Result<(), ApiError> {
    const MEMBERS: [&str; 8] = [
        "OnDemandThroughput",
        "WarmThroughput",
        "ResourcePolicy",
        "ReplicaUpdates",
        "MultiRegionConsistency",
        "GlobalTableWitnessUpdates",
        "GlobalTableSettingsReplicationMode",
        "GlobalTableSourceArn",
    ];
    if let Some(member) = MEMBERS.iter().find(|member| !input[**member].is_null()) {
        return Err(ApiError::unsupported(format_args!("{member} of DynamoDB tables")));
    }
    let indexes = ["GlobalSecondaryIndexes", "GlobalSecondaryIndexUpdates"].map(|member| &input[member]);
    for index in indexes.into_iter().filter_map(Value::as_array).flatten() {
        for index in [index, &index["Create"], &index["Update"]] {
            if let Some(member) = MEMBERS[..2].iter().find(|member| !index[**member].is_null()) {
                return Err(ApiError::unsupported(format_args!("{member} of DynamoDB indexes")));
            }
        }
    }
    if input["SSESpecification"]["Enabled"] == true {
        return Err(ApiError::unsupported("SSESpecification of DynamoDB tables"));
    }
    Ok(())
}
