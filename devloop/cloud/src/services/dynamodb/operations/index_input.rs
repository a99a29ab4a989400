//! Key schemas, indexes, throughput and streams as the table operations are given them.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::super::{
    index::{IndexDefinition, Projection},
    key::{KeyAttribute, KeyKind, KeySchema},
    settings::Throughput,
    stream::View,
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
    attribute_name: String,
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

/// The API's `GlobalSecondaryIndex` and `LocalSecondaryIndex`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IndexInput {
    pub(super) index_name: String,
    key_schema: Vec<KeyElement>,
    projection: ProjectionInput,
    provisioned_throughput: Option<ThroughputInput>,
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

/// What becomes of a table's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamChange {
    Enable(View),
    Disable,
}

impl StreamInput {
    /// What is asked for.
    pub(super) fn change(&self) -> Result<StreamChange, ApiError> {
        // CloudFormation names only the view, and means an enabled stream.
        match (self.stream_enabled, self.stream_view_type.as_deref()) {
            (Some(false) | None, None) => Ok(StreamChange::Disable),
            (Some(false), Some(_)) => Err(invalid(
                "StreamViewType must not be specified when StreamEnabled is false",
            )),
            (Some(true), None) => Err(invalid("StreamEnabled requires StreamViewType")),
            (_, Some(name)) => View::parse(name).map(StreamChange::Enable).ok_or_else(|| {
                super::input::constraint(
                    name,
                    "streamSpecification.streamViewType",
                    "Member must satisfy enum value set: [NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY]",
                )
            }),
        }
    }
}

impl ThroughputInput {
    /// Both units, which must be at least 1.
    pub(super) fn read(&self, place: &str) -> Result<Throughput, ApiError> {
        let unit = |units: Option<i64>, name: &str| match units {
            Some(units) if units >= 1 => Ok(units),
            Some(units) => Err(super::input::constraint(
                &units.to_string(),
                &format!("{place}.{name}"),
                "Member must have value greater than or equal to 1",
            )),
            None => Err(super::input::missing(&format!("{place}.{name}"))),
        };
        Ok(Throughput {
            read: unit(self.read_capacity_units, "readCapacityUnits")?,
            write: unit(self.write_capacity_units, "writeCapacityUnits")?,
        })
    }
}

/// The throughput of a table or a global index, which must fit the billing mode.
pub(super) fn throughput(
    on_demand: bool,
    given: Option<&ThroughputInput>,
    place: &str,
) -> Result<Throughput, ApiError> {
    match (on_demand, given) {
        (true, None) => Ok(Throughput::default()),
        // CDK and older SDKs send zeros with a table that is billed by request.
        (true, Some(given))
            if given.read_capacity_units == Some(0) && given.write_capacity_units == Some(0) =>
        {
            Ok(Throughput::default())
        }
        (true, Some(_)) => Err(invalid(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )),
        (false, None) => Err(invalid(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )),
        (false, Some(given)) => given.read(place),
    }
}

/// The types of key attributes.
pub(super) fn attributes(definitions: &[AttributeDefinition]) -> Result<Vec<KeyAttribute>, ApiError> {
    let mut attributes: Vec<KeyAttribute> = Vec::with_capacity(definitions.len());
    for definition in definitions {
        let kind = KeyKind::parse(&definition.attribute_type).ok_or_else(|| {
            super::input::constraint(
                &definition.attribute_type,
                "attributeDefinitions.member.attributeType",
                "Member must satisfy enum value set: [B, N, S]",
            )
        })?;
        let name = definition.attribute_name.clone();
        if attributes.iter().any(|other| other.name == name) {
            return Err(invalid(format!("Duplicate AttributeName in AttributeDefinitions: {name}")));
        }
        attributes.push(KeyAttribute { name, kind });
    }
    Ok(attributes)
}

/// A key schema over defined attributes.
pub(super) fn schema(elements: &[KeyElement], attributes: &[KeyAttribute]) -> Result<KeySchema, ApiError> {
    let (first, second) = match elements {
        [first] => (first, None),
        [first, second] => (first, Some(second)),
        [] => {
            return Err(super::input::constraint(
                "[]",
                "keySchema",
                "Member must have length greater than or equal to 1",
            ));
        }
        _ => return Err(ApiError::unsupported("DynamoDB keys of more than two attributes")),
    };
    if first.key_type != "HASH" {
        return Err(ApiError::validation(
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ));
    }
    if let Some(second) = second {
        if second.key_type != "RANGE" {
            return Err(ApiError::validation(
                "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
            ));
        }
        if second.attribute_name == first.attribute_name {
            return Err(ApiError::validation(
                "Both the Hash Key and the Range Key element in the KeySchema have the same name",
            ));
        }
    }
    let defined = |element: &KeyElement| {
        attributes.iter().find(|attribute| attribute.name == element.attribute_name).cloned().ok_or_else(|| {
            let names: Vec<&str> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            invalid(format!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
                element.attribute_name,
                names.join(", ")
            ))
        })
    };
    Ok(KeySchema { partition: defined(first)?, sort: second.map(defined).transpose()? })
}

impl IndexInput {
    /// The index that is asked for, with its throughput when it is a global one.
    pub(super) fn read(
        &self,
        table: &KeySchema,
        attributes: &[KeyAttribute],
        global: bool,
        on_demand: bool,
    ) -> Result<(IndexDefinition, Throughput), ApiError> {
        check_name(&self.index_name, "indexName")?;
        let schema = schema(&self.key_schema, attributes)?;
        if !global && schema.partition != table.partition {
            return Err(invalid(format!(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: {}. index hash key: {}, table hash key: {}",
                self.index_name, schema.partition.name, table.partition.name
            )));
        }
        if !global && schema.sort.is_none() {
            return Err(invalid(format!(
                "Index KeySchema does not have a range key for index: {}",
                self.index_name
            )));
        }
        let throughput = if global {
            let place = "globalSecondaryIndexes.member.provisionedThroughput";
            throughput(on_demand, self.provisioned_throughput.as_ref(), place)?
        } else {
            Throughput::default()
        };
        let definition = IndexDefinition {
            name: self.index_name.clone(),
            schema,
            table_schema: table.clone(),
            projection: self.projection.read()?,
            global,
        };
        Ok((definition, throughput))
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

/// Refuses a name that no table or index may have.
pub(super) fn check_name(name: &str, member: &str) -> Result<(), ApiError> {
    if !(3..=255).contains(&name.len()) {
        return Err(super::input::constraint(
            name,
            member,
            "Member must have length less than or equal to 255 and greater than or equal to 3",
        ));
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)) {
        return Err(super::input::constraint(
            name,
            member,
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ));
    }
    Ok(())
}
