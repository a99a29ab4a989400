//! `UpdateTable` and `DeleteTable`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        fill::each_item,
        index::{Index, IndexDefinition},
        key_schema::KeyAttribute,
        store::not_found,
        table::{Contents, Table},
        throughput::{self, Capacity, Throughput},
        value::invalid,
    },
    Request,
    describe::describe,
    encryption::EncryptionInput,
    index_input::{
        AttributeDefinition, IndexInput, LimitsInput, Moment, StreamChange, StreamInput, ThroughputInput,
        WarmInput, attributes, index_throughput, throughput,
    },
    input::Input,
    refused::refuse_members,
    table_constraints, update_checks,
};
use crate::{aside::drop_aside, error::ApiError, wire};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateTable {
    attribute_definitions: Option<Vec<AttributeDefinition>>,
    pub(super) billing_mode: Option<String>,
    pub(super) provisioned_throughput: Option<ThroughputInput>,
    pub(super) global_secondary_index_updates: Option<Vec<IndexUpdate>>,
    pub(super) stream_specification: Option<StreamInput>,
    #[serde(default, deserialize_with = "wire::boolean")]
    pub(super) deletion_protection_enabled: Option<bool>,
    pub(super) table_class: Option<String>,
    #[serde(rename = "SSESpecification")]
    pub(super) sse_specification: Option<EncryptionInput>,
    pub(super) on_demand_throughput: Option<LimitsInput>,
    pub(super) warm_throughput: Option<WarmInput>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IndexUpdate {
    pub(super) create: Option<IndexInput>,
    pub(super) update: Option<ThroughputUpdate>,
    pub(super) delete: Option<IndexName>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ThroughputUpdate {
    pub(super) index_name: String,
    pub(super) provisioned_throughput: Option<ThroughputInput>,
    pub(super) on_demand_throughput: Option<LimitsInput>,
    pub(super) warm_throughput: Option<WarmInput>,
}

impl ThroughputUpdate {
    fn changes_nothing(&self) -> bool {
        let limits = LimitsInput::wanted(self.on_demand_throughput.as_ref());
        let warm = WarmInput::wanted(self.warm_throughput.as_ref());
        self.provisioned_throughput.is_none() && limits.is_empty() && warm.is_empty()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IndexName {
    pub(super) index_name: String,
}

/// A table's billing mode after an update.
#[derive(Debug, Clone, Copy)]
struct Billing {
    on_demand: bool,
    changes: bool,
}

/// A change that was checked and can no longer fail.
enum Prepared {
    Create(Index),
    Capacity(String, Capacity),
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
        return Err(invalid("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST"));
    }
    update_checks::check_changes(&input)?;
    let table = request.store.named_table(&name)?;
    let defined = input.attribute_definitions.as_deref().map(attributes).transpose()?;

    let now_on_demand = table.settings.read().on_demand;
    let on_demand = billing.unwrap_or(now_on_demand);
    let provisioned = match &input.provisioned_throughput {
        None if billing == Some(false) => {
            return Err(invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED"));
        }
        None => None,
        given => Some(throughput(on_demand, given.as_ref())?),
    };
    check_unchanged(&table, provisioned, now_on_demand == on_demand)?;
    let capacity = table.settings.read().capacity.updated(&throughput::Request {
        index: None,
        on_demand,
        provisioned,
        limits: LimitsInput::wanted(input.on_demand_throughput.as_ref()),
        warm: WarmInput::wanted(input.warm_throughput.as_ref()),
    })?;
    let encryption = {
        let settings = table.settings.read();
        let now = settings.encryption.as_ref();
        input.sse_specification.as_ref().map(|given| given.change(request, now)).transpose()?
    };
    let stream =
        input.stream_specification.as_ref().map(|given| given.change(Moment::Updated)).transpose()?;
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
    let billing = Billing { on_demand, changes: now_on_demand != on_demand };
    change_contents(request, &table, stream, changes, &known, billing)?;

    let used: Vec<KeyAttribute> = {
        let contents = table.read_contents();
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
    }
    settings.on_demand = on_demand;
    settings.capacity = capacity;
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

/// Refuses throughput that is equal to the table's current one.
fn check_unchanged(table: &Table, requested: Option<Throughput>, same_billing: bool) -> Result<(), ApiError> {
    let current = table.settings.read().capacity.provisioned;
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
    billing: Billing,
) -> Result<(), ApiError> {
    let mut contents = table.write_contents();
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
                "Table has no stream to disable: TableName: {}",
                table.name
            )));
        }
        _ => {}
    }
    let mut changes = changes
        .into_iter()
        .map(|change| prepare(change, table, &contents, attributes, billing.on_demand))
        .collect::<Result<Vec<_>, _>>()?;
    if billing.changes {
        for index in contents.indexes.iter().filter(|index| index.definition.global) {
            let name = &index.definition.name;
            let is_changed = changes.iter().any(|change| match change {
                Prepared::Capacity(changed, _) | Prepared::Delete(changed) => changed == name,
                Prepared::Create(_) => false,
            });
            if is_changed {
                continue;
            }
            if !billing.on_demand {
                return Err(invalid(format!("ProvisionedThroughput must be specified for index: {name}")));
            }
            let request = throughput::Request { on_demand: true, ..throughput::Request::default() };
            changes.push(Prepared::Capacity(name.clone(), index.capacity.updated(&request)?));
        }
    }
    let mut created = Vec::new();
    for change in changes {
        match change {
            Prepared::Create(index) => {
                created.push(Arc::clone(&index.definition));
                contents.indexes.push(Index { is_filling: true, ..index });
            }
            Prepared::Capacity(name, capacity) => {
                for index in contents.indexes.iter_mut().filter(|index| index.definition.name == name) {
                    index.capacity = capacity.clone();
                }
            }
            Prepared::Delete(name) => {
                let gone = contents.indexes.extract_if(.., |index| index.definition.name == name);
                drop_aside(gone.collect::<Vec<_>>());
            }
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
    drop(contents);
    for definition in &created {
        fill(table, definition);
    }
    Ok(())
}

/// Gives a new index an entry for every item of the table that has the index's key.
fn fill(table: &Table, definition: &Arc<IndexDefinition>) {
    let place = |contents: &Contents| {
        contents.indexes.iter().position(|index| Arc::ptr_eq(&index.definition, definition))
    };
    each_item(table, |contents, key, item| {
        let index = place(contents).and_then(|place| contents.indexes.get_mut(place));
        index.map(|index| index.replace(key, None, Some(item))).is_some()
    });
    let mut contents = table.write_contents();
    if let Some(index) = place(&contents).and_then(|place| contents.indexes.get_mut(place)) {
        index.is_filling = false;
    }
}

/// Checks a change against the existing indexes.
fn prepare(
    change: IndexUpdate,
    table: &Table,
    contents: &Contents,
    attributes: &[KeyAttribute],
    on_demand: bool,
) -> Result<Prepared, ApiError> {
    let global = |action: &str, name: &str| match contents.index(name) {
        Ok(index) if index.definition.global => Ok(Some(index)),
        Ok(_) => Err(ApiError::validation(format!(
            "Cannot {action} an index that is not a GlobalSecondaryIndex: {name}"
        ))),
        Err(_) => Ok(None),
    };
    if let Some(create) = change.create {
        if contents.index(&create.index_name).is_ok() {
            return Err(ApiError::validation("Attempting to create an index which already exists"));
        }
        let (definition, capacity) =
            create.read(&table.schema, attributes, true, on_demand, Moment::Updated)?;
        return Ok(Prepared::Create(Index::new(definition, capacity)));
    }
    if let Some(update) = change.update {
        let name = update.index_name.as_str();
        let Some(index) = global("update", name)? else {
            let table = &table.name;
            return Err(not_found(format!("Requested resource not found: Index {name} for table {table}")));
        };
        let provisioned = match update.provisioned_throughput.as_ref() {
            None if update.changes_nothing() && on_demand => {
                return Err(invalid(format!(
                    "The only Updates for index: {name} when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput"
                )));
            }
            None if !update.changes_nothing() => None,
            given => index_throughput(name, on_demand, given, Moment::Updated)?,
        };
        let capacity = index.capacity.updated(&throughput::Request {
            index: Some(name),
            on_demand,
            provisioned,
            limits: LimitsInput::wanted(update.on_demand_throughput.as_ref()),
            warm: WarmInput::wanted(update.warm_throughput.as_ref()),
        })?;
        return Ok(Prepared::Capacity(update.index_name, capacity));
    }
    let name = change.delete.map(|delete| delete.index_name).unwrap_or_default();
    if global("delete", &name)?.is_none() {
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
    let mut contents = table.write_contents();
    if let Some(stream) = &contents.stream {
        stream.disable(request.now_ms);
    }
    contents.destinations.clear();
    contents.deleted = true;
    // Millions of items take a second to drop.
    let gone =
        (std::mem::take(&mut contents.items), std::mem::take(&mut contents.indexes), contents.expiry.take());
    contents.bytes = 0;
    contents.measure();
    drop(contents);
    drop_aside(gone);
    Ok(json!({ "TableDescription": description }))
}
