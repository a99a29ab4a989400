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
        index::{Index, Projection},
        key_schema::KeyAttribute,
        settings::Settings,
        table::{Contents, Table},
        throughput::{self, Capacity},
        value::invalid,
    },
    Request,
    describe::describe,
    encryption::EncryptionInput,
    index_input::{
        AttributeDefinition, IndexInput, KeyElement, LimitsInput, Moment, StreamChange, StreamInput,
        ThroughputInput, WarmInput, attributes, schema, throughput,
    },
    input::{Violations, has_name_letters},
    refused::refuse_members,
    table_constraints,
    tags::{Tag, check_tags},
};
use crate::{error::ApiError, kept::Kept, wire};

/// [Quotas in Amazon `DynamoDB`]
const MAX_GLOBAL: usize = 20;
const MAX_LOCAL: usize = 5;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateTable {
    table_name: String,
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
    #[serde(rename = "SSESpecification")]
    sse_specification: Option<EncryptionInput>,
    on_demand_throughput: Option<LimitsInput>,
    warm_throughput: Option<WarmInput>,
}

/// `CreateTable`. The table is usable at once, so it is `ACTIVE` from the start.
pub(in super::super) fn create_table(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    check(&input)?;
    refuse_members(&input)?;
    let input: CreateTable = wire::read(input)?;
    let name = input.table_name.as_str();
    let on_demand = input.billing_mode.as_deref() == Some("PAY_PER_REQUEST");
    let provisioned = throughput(on_demand, input.provisioned_throughput.as_ref())?;
    let attributes = attributes(&input.attribute_definitions)?;
    check_defined(&input.key_schema, &attributes)?;
    let schema = schema(&input.key_schema, &attributes, false)?;
    let global = indexes(input.global_secondary_indexes.as_deref(), "GlobalSecondaryIndex", MAX_GLOBAL)?;
    let local = indexes(input.local_secondary_indexes.as_deref(), "LocalSecondaryIndex", MAX_LOCAL)?;
    if !local.is_empty() && schema.sort.is_empty() {
        return Err(invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ));
    }
    let mut indexes: Vec<Index> = Vec::new();
    for (index, is_global) in
        local.iter().map(|index| (index, false)).chain(global.iter().map(|index| (index, true)))
    {
        let (definition, capacity) =
            index.read(&schema, &attributes, is_global, on_demand, Moment::Created)?;
        if indexes.iter().any(|other| other.definition.name == index.index_name) {
            return Err(invalid(format!("Duplicate index name: {}", index.index_name)));
        }
        indexes.push(Index::new(definition, capacity));
    }
    check_included(&indexes)?;
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
    let stream =
        input.stream_specification.as_ref().map(|given| given.change(Moment::Created)).transpose()?;
    let capacity = Capacity::new(&throughput::Request {
        index: None,
        on_demand,
        provisioned: Some(provisioned),
        limits: LimitsInput::wanted(input.on_demand_throughput.as_ref()),
        warm: WarmInput::wanted(input.warm_throughput.as_ref()),
    })?;
    let encryption = match &input.sse_specification {
        Some(encryption) => encryption.read(request)?,
        None => None,
    };
    let tags = input.tags.unwrap_or_default();
    check_tags(&tags)?;
    let table = Arc::new(Table {
        name: name.to_owned(),
        arn: request.cx.arn("dynamodb", &format!("table/{name}")),
        id: uuid::Uuid::new_v4().to_string(),
        created_ms: request.now_ms,
        schema,
        contents: RwLock::new(Contents {
            indexes,
            kept: Kept::within(&request.memory.items),
            ..Contents::default()
        }),
        settings: RwLock::new(Settings {
            attributes,
            on_demand,
            on_demand_since_ms: on_demand.then_some(request.now_ms),
            capacity,
            encryption,
            deletion_protection: input.deletion_protection_enabled.unwrap_or(false),
            recovery: None,
            class: input.table_class,
            tags: tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<_, _>>(),
        }),
    });
    let mut tables = request.store.tables.write();
    if tables.contains_key(name) {
        return Err(ApiError::client("ResourceInUseException", format!("Table already exists: {name}")));
    }
    if let Some(StreamChange::Enable(view)) = stream {
        let changes = &request.memory.changes;
        let stream = request.store.open_stream(request.cx, &table, view, request.now_ms, changes);
        table.write_contents().stream = Some(stream);
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

/// Refuses names and other members that break their constraints.
fn check(input: &Value) -> Result<(), ApiError> {
    let Some(name) = input["TableName"].as_str() else {
        return Err(ApiError::validation(
            "The parameter 'TableName' is required but was not present in the request",
        ));
    };
    let mut violations = Violations::default();
    if !has_name_letters(name) {
        violations.value(
            name,
            "tableName",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        );
    }
    match name.len() {
        0..3 => violations.value(name, "tableName", "Member must have length greater than or equal to 3"),
        256.. => violations.value(name, "tableName", "Member must have length less than or equal to 255"),
        _ => {}
    }
    violations.check()?;
    table_constraints::check_create(input, &mut violations);
    violations.check()
}

/// Refuses a table key with attributes that are not defined.
fn check_defined(key: &[KeyElement], attributes: &[KeyAttribute]) -> Result<(), ApiError> {
    let defined = |element: &KeyElement| attributes.iter().any(|key| key.name == element.attribute_name);
    let twice = matches!(key, [first, second] if first.attribute_name == second.attribute_name);
    if twice || (key.len() > 1 || attributes.is_empty()) && !key.iter().all(defined) {
        return Err(ApiError::validation("Invalid KeySchema: Some index key attribute have no definition"));
    }
    Ok(())
}

/// The indexes of one kind; fails if the list is empty or too long.
fn indexes<'a>(
    given: Option<&'a [IndexInput]>,
    kind: &str,
    most: usize,
) -> Result<&'a [IndexInput], ApiError> {
    match given {
        Some([]) => Err(invalid(format!("List of {kind}es is empty"))),
        Some(given) if given.len() > most => {
            Err(invalid(format!("{kind} count exceeds the per-table limit of {most}")))
        }
        given => Ok(given.unwrap_or_default()),
    }
}

/// The most attributes that all indexes of a table may include by name [Quotas in Amazon DynamoDB].
const MAX_INCLUDED: usize = 100;

fn check_included(indexes: &[Index]) -> Result<(), ApiError> {
    let included = indexes.iter().map(|index| match &index.definition.projection {
        Projection::Include(names) => names.len(),
        _ => 0,
    });
    if included.sum::<usize>() > MAX_INCLUDED {
        return Err(invalid(format!("Number of projected attributes exceeds the limit of {MAX_INCLUDED}")));
    }
    Ok(())
}
