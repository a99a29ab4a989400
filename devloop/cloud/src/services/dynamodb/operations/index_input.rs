//! Key schemas, indexes, throughput and streams in the input of table operations.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::super::{
    index::{IndexDefinition, Projection},
    key_schema::{KeyAttribute, KeyKind, KeySchema},
    stream::View,
    throughput::{Capacity, Request, Throughput, Wanted},
    value::invalid,
};
use crate::{error::ApiError, wire};

/// The API's `AttributeDefinition`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeDefinition {
    attribute_name: String,
    attribute_type: String,
}

/// The API's `KeySchemaElement`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyElement {
    pub(super) attribute_name: String,
    key_type: String,
}

/// The API's `ProvisionedThroughput`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ThroughputInput {
    #[serde(default, deserialize_with = "wire::integer")]
    read_capacity_units: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    write_capacity_units: Option<i64>,
}

/// The API's `OnDemandThroughput`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LimitsInput {
    #[serde(default, deserialize_with = "wire::integer")]
    max_read_request_units: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    max_write_request_units: Option<i64>,
}

impl LimitsInput {
    pub(super) fn wanted(given: Option<&Self>) -> Wanted {
        given.map_or_else(Wanted::default, |given| Wanted {
            read: given.max_read_request_units,
            write: given.max_write_request_units,
        })
    }
}

/// The API's `WarmThroughput`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WarmInput {
    #[serde(default, deserialize_with = "wire::integer")]
    read_units_per_second: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    write_units_per_second: Option<i64>,
}

impl WarmInput {
    pub(super) fn wanted(given: Option<&Self>) -> Wanted {
        given.map_or_else(Wanted::default, |given| Wanted {
            read: given.read_units_per_second,
            write: given.write_units_per_second,
        })
    }
}

/// The API's `GlobalSecondaryIndex` and `LocalSecondaryIndex`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IndexInput {
    pub(super) index_name: String,
    key_schema: Vec<KeyElement>,
    projection: ProjectionInput,
    provisioned_throughput: Option<ThroughputInput>,
    on_demand_throughput: Option<LimitsInput>,
    warm_throughput: Option<WarmInput>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProjectionInput {
    projection_type: Option<String>,
    non_key_attributes: Option<Vec<String>>,
}

/// The API's `StreamSpecification`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StreamInput {
    #[serde(default, deserialize_with = "wire::boolean")]
    stream_enabled: Option<bool>,
    stream_view_type: Option<String>,
}

/// How a table's stream changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamChange {
    Enable(View),
    Disable,
}

/// Whether a table is new, which decides the words of some errors [ack-api-quirks, DDB-TABLE-442, measured on AWS].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Created,
    Updated,
}

impl StreamInput {
    /// The change that the input asks for.
    pub(super) fn change(&self, moment: Moment) -> Result<StreamChange, ApiError> {
        let created = moment == Moment::Created;
        match (self.stream_enabled, self.stream_view_type.as_deref()) {
            (None, _) => Err(super::input::missing("streamSpecification.streamEnabled")),
            (Some(false), None) => Ok(StreamChange::Disable),
            (Some(false), Some(_)) => Err(invalid(if created {
                "Table is being created with a stream disabled, UpdateViewType should not be specified"
            } else {
                "If stream is being disabled, then UpdateViewType must not be specified"
            })),
            (Some(true), None) => Err(invalid(if created {
                "Table is being created with a stream enabled, UpdateViewType is required"
            } else {
                "If stream is being enabled then UpdateViewType is required"
            })),
            (Some(true), Some(name)) => View::parse(name).map(StreamChange::Enable).ok_or_else(|| {
                super::input::constraint(
                    name,
                    "streamSpecification.streamViewType",
                    "Member must satisfy enum value set: [OLD_IMAGE, KEYS_ONLY, NEW_AND_OLD_IMAGES, NEW_IMAGE]",
                )
            }),
        }
    }
}

impl ThroughputInput {
    /// Reads and checks both units [`ProvisionedThroughput`, DynamoDB API reference].
    pub(super) fn read(&self) -> Result<Throughput, ApiError> {
        let unit = |units: Option<i64>, name: &str| match units.unwrap_or_default() {
            units if units > MAX_UNITS => {
                Err(ApiError::validation(format!("Given value {units} for {name} is out of bounds")))
            }
            units => Ok(units),
        };
        Ok(Throughput {
            read: unit(self.read_capacity_units, "ReadCapacityUnits")?,
            write: unit(self.write_capacity_units, "WriteCapacityUnits")?,
        })
    }
}

/// The most units that the service accepts as a number.
const MAX_UNITS: i64 = 1_000_000_000_000;

/// The throughput of a table or a global index, checked against the billing mode.
pub(super) fn throughput(on_demand: bool, given: Option<&ThroughputInput>) -> Result<Throughput, ApiError> {
    match (on_demand, given) {
        (true, None) => Ok(Throughput::default()),
        (true, Some(_)) => Err(invalid(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )),
        (false, None) => Err(invalid(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )),
        (false, Some(given)) => given.read(),
    }
}

/// The throughput of the global index `name`, checked against the billing mode.
pub(super) fn index_throughput(
    name: &str,
    on_demand: bool,
    given: Option<&ThroughputInput>,
    moment: Moment,
) -> Result<Option<Throughput>, ApiError> {
    let created = moment == Moment::Created;
    match (on_demand, given) {
        (true, None) => Ok(None),
        (true, Some(_)) => Err(invalid(if created {
            format!(
                "ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
            )
        } else {
            format!(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
            )
        })),
        (false, None) => Err(invalid(if created {
            format!("ProvisionedThroughput is not specified for index: {name}")
        } else {
            format!("Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {name}")
        })),
        (false, Some(given)) => given.read().map(Some),
    }
}

/// The defined attributes with their types.
pub(super) fn attributes(definitions: &[AttributeDefinition]) -> Result<Vec<KeyAttribute>, ApiError> {
    let mut attributes: Vec<KeyAttribute> = Vec::with_capacity(definitions.len());
    for definition in definitions {
        let kind = KeyKind::parse(&definition.attribute_type)
            .ok_or_else(|| invalid(format!("Unknown AttributeType: {}", definition.attribute_type)))?;
        let name = definition.attribute_name.clone();
        if attributes.iter().any(|other| other.name == name) {
            return Err(invalid(format!("Attribute Name is duplicated: {name}")));
        }
        attributes.push(KeyAttribute { name, kind });
    }
    Ok(attributes)
}

/// The most partition key and the most sort key attributes of a global index [Multi-attribute keys, DynamoDB developer
/// guide].
const MAX_COMPOSED: usize = 4;

/// A key schema with defined attributes. A `global` index may have several partition key and sort key attributes.
pub(super) fn schema(
    elements: &[KeyElement],
    attributes: &[KeyAttribute],
    global: bool,
) -> Result<KeySchema, ApiError> {
    let Some(first) = elements.first().filter(|first| first.key_type == "HASH") else {
        return Err(ApiError::validation(
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ));
    };
    if let [_, second] = elements {
        if second.attribute_name == first.attribute_name {
            return Err(ApiError::validation(
                "Both the Hash Key and the Range Key element in the KeySchema have the same name",
            ));
        }
        if !global && second.key_type != "RANGE" {
            return Err(ApiError::validation(
                "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
            ));
        }
    }
    let names: Vec<&str> = elements.iter().map(|element| element.attribute_name.as_str()).collect();
    if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
        return Err(ApiError::validation(
            "The KeySchema contains multiple key attributes with the same name",
        ));
    }
    let (partition, sort): (Vec<_>, Vec<_>) = elements.iter().partition(|element| element.key_type == "HASH");
    if elements[..partition.len()].iter().any(|element| element.key_type != "HASH") {
        return Err(invalid("All HASH key attributes must precede RANGE key attributes in the KeySchema"));
    }
    for (kind, elements) in [("HASH", &partition), ("RANGE", &sort)] {
        if elements.len() > MAX_COMPOSED {
            return Err(invalid(format!(
                "The KeySchema exceeds the maximum allowed number of {kind} key attributes"
            )));
        }
    }
    let defined = |elements: Vec<&KeyElement>| -> Result<Vec<KeyAttribute>, ApiError> {
        let find = |element: &KeyElement| {
            attributes.iter().find(|attribute| attribute.name == element.attribute_name).cloned()
        };
        elements
            .into_iter()
            .map(|element| find(element).ok_or_else(|| undefined(&names, attributes)))
            .collect()
    };
    Ok(KeySchema { partition: defined(partition)?, sort: defined(sort)? })
}

fn undefined(names: &[&str], attributes: &[KeyAttribute]) -> ApiError {
    if attributes.len() < names.len() {
        return ApiError::validation("Invalid KeySchema: Some index key attribute have no definition");
    }
    let defined: Vec<&str> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    invalid(format!(
        "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
        names.join(", "),
        defined.join(", ")
    ))
}

impl IndexInput {
    /// Reads an index, and its throughput if it is a global one.
    pub(super) fn read(
        &self,
        table: &KeySchema,
        attributes: &[KeyAttribute],
        global: bool,
        on_demand: bool,
        moment: Moment,
    ) -> Result<(IndexDefinition, Capacity), ApiError> {
        let schema = schema(&self.key_schema, attributes, global)?;
        if !global && schema.sort.is_empty() {
            return Err(invalid(format!(
                "Index KeySchema does not have a range key for index: {}",
                self.index_name
            )));
        }
        if !global && schema.partition != table.partition {
            let name = |schema: &KeySchema| schema.partition.first().map_or("", |key| &key.name).to_owned();
            return Err(invalid(format!(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: {}. index hash key: {}, table hash key: {}",
                self.index_name,
                name(&schema),
                name(table)
            )));
        }
        let projection = self.projection.read()?;
        let capacity = if global {
            let given = self.provisioned_throughput.as_ref();
            Capacity::new(&Request {
                index: Some(&self.index_name),
                on_demand,
                provisioned: index_throughput(&self.index_name, on_demand, given, moment)?,
                limits: LimitsInput::wanted(self.on_demand_throughput.as_ref()),
                warm: WarmInput::wanted(self.warm_throughput.as_ref()),
            })?
        } else {
            Capacity::default()
        };
        let definition = IndexDefinition {
            name: self.index_name.clone(),
            schema,
            table_schema: table.clone(),
            projection,
            global,
        };
        Ok((definition, capacity))
    }
}

impl ProjectionInput {
    fn read(&self) -> Result<Projection, ApiError> {
        let kind = self.projection_type.as_deref().unwrap_or("null");
        match (kind, &self.non_key_attributes) {
            ("ALL", None) => Ok(Projection::All),
            ("KEYS_ONLY", None) => Ok(Projection::KeysOnly),
            ("INCLUDE", Some(names)) if !names.is_empty() => {
                let names: BTreeSet<String> = names.iter().cloned().collect();
                Ok(Projection::Include(names))
            }
            ("INCLUDE", _) => {
                Err(invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"))
            }
            ("ALL" | "KEYS_ONLY", Some(_)) => {
                Err(invalid(format!("ProjectionType is {kind}, but NonKeyAttributes is specified")))
            }
            _ => Err(invalid(format!("Unknown ProjectionType: {kind}"))),
        }
    }
}
