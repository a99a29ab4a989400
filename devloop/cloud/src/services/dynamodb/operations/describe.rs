//! Operations that describe and list tables, and those that describe the service.

use serde_json::{Map, Value, json};

use super::{
    super::{
        index::{Index, Projection},
        key_schema::{KeyAttribute, KeySchema},
        table::Table,
    },
    Request,
    input::Input,
};
use crate::{error::ApiError, source::Source as _, wire::epoch_seconds};

/// [`ListTables`, `DynamoDB` API reference]
const MAX_NAMES: usize = 100;

/// `DescribeTable`.
pub(in super::super) fn describe_table(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let table = request.store.named_table(&Input::new(input)?.described_table()?)?;
    Ok(json!({ "Table": describe(&table, "ACTIVE") }))
}

/// `ListTables`: the names in alphabetical order, up to 100 at a time.
pub(in super::super) fn list_tables(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let start = input.text("ExclusiveStartTableName")?;
    if let Some(start) = &start {
        input.violations().name(start, "exclusiveStartTableName");
    }
    let limit = input.count("Limit", 1, MAX_NAMES as i64, true)?.unwrap_or(MAX_NAMES);
    input.checked()?;
    let start = start.unwrap_or_default();
    let tables = request.store.tables.read();
    let behind = (std::ops::Bound::Excluded(start), std::ops::Bound::Unbounded);
    let mut names = tables.range(behind).map(|(name, _)| name.as_str());
    let page: Vec<&str> = names.by_ref().take(limit).collect();
    let mut output = json!({ "TableNames": page });
    if names.next().is_some() {
        output["LastEvaluatedTableName"] = page.last().copied().into();
    }
    Ok(output)
}

/// `DescribeLimits`: the quotas of a new AWS account. They are not enforced here.
pub(in super::super) fn limits() -> Value {
    json!({
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    })
}

/// `DescribeEndpoints`: the endpoint is this cloud.
pub(in super::super) fn endpoints(request: &Request<'_>) -> Value {
    let address = request.cx.endpoint.trim_start_matches("http://");
    json!({ "Endpoints": [{ "Address": address, "CachePeriodInMinutes": 1440 }] })
}

/// The API's `TableDescription`.
pub(super) fn describe(table: &Table, status: &str) -> Value {
    let mut described = Map::new();
    let mut member = |name: &str, value: Value| {
        described.insert(name.to_owned(), value);
    };
    member("TableName", table.name.as_str().into());
    member("TableArn", table.arn.as_str().into());
    member("TableId", table.id.as_str().into());
    member("TableStatus", status.into());
    member("CreationDateTime", epoch_seconds(table.created_ms));
    member("KeySchema", key_schema(&table.schema));
    {
        let settings = table.settings.read();
        member("AttributeDefinitions", settings.attributes.iter().map(attribute_definition).collect());
        member("DeletionProtectionEnabled", settings.deletion_protection.into());
        if let Some(since_ms) = settings.on_demand_since_ms {
            let mode = if settings.on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" };
            let summary =
                json!({ "BillingMode": mode, "LastUpdateToPayPerRequestDateTime": epoch_seconds(since_ms) });
            member("BillingModeSummary", summary);
        }
        if let Some(class) = &settings.class {
            member("TableClassSummary", json!({ "TableClass": class }));
        }
        if let Some(encryption) = &settings.encryption {
            let description =
                json!({ "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": encryption.key });
            member("SSEDescription", description);
        }
        settings.capacity.describe(&mut described);
    }
    let mut member = |name: &str, value: Value| {
        described.insert(name.to_owned(), value);
    };
    let contents = table.read_contents();
    member("ItemCount", contents.items.len().into());
    member("TableSizeBytes", contents.bytes.into());
    for (name, global) in [("GlobalSecondaryIndexes", true), ("LocalSecondaryIndexes", false)] {
        let indexes: Vec<Value> = contents
            .indexes
            .iter()
            .filter(|index| index.definition.global == global)
            .map(|index| describe_index(table, index))
            .collect();
        if !indexes.is_empty() {
            member(name, indexes.into());
        }
    }
    if let Some(stream) = &contents.stream {
        member("LatestStreamArn", stream.arn().into());
        member("LatestStreamLabel", stream.label().into());
        if stream.is_enabled() {
            let specification = json!({ "StreamEnabled": true, "StreamViewType": stream.view().name() });
            member("StreamSpecification", specification);
        }
    }
    Value::Object(described)
}

fn describe_index(table: &Table, index: &Index) -> Value {
    let definition = &index.definition;
    let mut described = json!({
        "IndexName": definition.name,
        "IndexArn": format!("{}/index/{}", table.arn, definition.name),
        "KeySchema": key_schema(&definition.schema),
        "Projection": match &definition.projection {
            Projection::All => json!({ "ProjectionType": "ALL" }),
            Projection::KeysOnly => json!({ "ProjectionType": "KEYS_ONLY" }),
            Projection::Include(names) => json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": names }),
        },
        "ItemCount": index.entries.len(),
        "IndexSizeBytes": index.bytes,
    });
    if definition.global {
        described["IndexStatus"] = if index.is_filling { "CREATING" } else { "ACTIVE" }.into();
        if index.is_filling {
            described["Backfilling"] = true.into();
        }
        if let Value::Object(described) = &mut described {
            index.capacity.describe(described);
        }
    }
    described
}

/// The API's `KeySchema`.
pub(super) fn key_schema(schema: &KeySchema) -> Value {
    let element = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    let partition = schema.partition.iter().map(|key| element(&key.name, "HASH"));
    partition.chain(schema.sort.iter().map(|key| element(&key.name, "RANGE"))).collect()
}

fn attribute_definition(attribute: &KeyAttribute) -> Value {
    json!({ "AttributeName": attribute.name, "AttributeType": attribute.kind.name() })
}
