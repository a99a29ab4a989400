//! Checks the constraints of the API's model for the descriptions of tables and indexes; each violation names the place of
//! its member [`CreateTable` and `UpdateTable`, DynamoDB API reference].

use serde_json::Value;

use super::input::{Violations, has_name_letters};

/// The most violations that the service reports at once.
const MOST: usize = 10;
const BILLING_MODES: &[&str] = &["PROVISIONED", "PAY_PER_REQUEST"];
const TABLE_CLASSES: &[&str] = &["STANDARD", "STANDARD_INFREQUENT_ACCESS"];

/// Adds the violations of a `CreateTable`, except those of the table's name.
pub(super) fn check_create(input: &Value, violations: &mut Violations) {
    check_billing(input, violations);
    check_throughput(&input["ProvisionedThroughput"], "provisionedThroughput", violations);
    check_key_schema(&input["KeySchema"], "keySchema", 2, violations);
    check_attributes(&input["AttributeDefinitions"], violations);
    for (at, index) in elements(&input["GlobalSecondaryIndexes"]) {
        check_global(index, &format!("globalSecondaryIndexes.{at}.member"), violations);
    }
    for (at, index) in elements(&input["LocalSecondaryIndexes"]) {
        let place = format!("localSecondaryIndexes.{at}.member");
        check_index_name(&index["IndexName"], &format!("{place}.indexName"), violations);
        check_index_keys(&index["KeySchema"], &place, 2, violations);
        check_projection(&index["Projection"], &place, violations);
    }
    violations.truncate(MOST);
}

/// Adds the violations of an `UpdateTable`, except those of the table's name.
pub(super) fn check_update(input: &Value, violations: &mut Violations) {
    check_billing(input, violations);
    check_throughput(&input["ProvisionedThroughput"], "provisionedThroughput", violations);
    if !input["AttributeDefinitions"].is_null() {
        check_attributes(&input["AttributeDefinitions"], violations);
    }
    for (at, change) in elements(&input["GlobalSecondaryIndexUpdates"]) {
        let place = format!("globalSecondaryIndexUpdates.{at}.member");
        if !change["Create"].is_null() {
            check_global(&change["Create"], &format!("{place}.create"), violations);
        }
        if !change["Update"].is_null() {
            let place = format!("{place}.update");
            check_index_name(&change["Update"]["IndexName"], &format!("{place}.indexName"), violations);
            let place = format!("{place}.provisionedThroughput");
            check_throughput(&change["Update"]["ProvisionedThroughput"], &place, violations);
        }
        if !change["Delete"].is_null() {
            let place = format!("{place}.delete.indexName");
            check_index_name(&change["Delete"]["IndexName"], &place, violations);
        }
    }
    violations.truncate(MOST);
}

/// The elements of a list with their numbers from 1, as the service counts them.
fn elements(list: &Value) -> impl Iterator<Item = (usize, &Value)> {
    list.as_array().into_iter().flatten().enumerate().map(|(at, element)| (at + 1, element))
}

fn check_billing(input: &Value, violations: &mut Violations) {
    for (member, place, allowed) in
        [("BillingMode", "billingMode", BILLING_MODES), ("TableClass", "tableClass", TABLE_CLASSES)]
    {
        if let Some(word) = input[member].as_str() {
            violations.choice(word, place, allowed);
        }
    }
}

fn check_throughput(throughput: &Value, place: &str, violations: &mut Violations) {
    if !throughput.is_object() {
        return;
    }
    for (member, name) in
        [("WriteCapacityUnits", "writeCapacityUnits"), ("ReadCapacityUnits", "readCapacityUnits")]
    {
        let place = format!("{place}.{name}");
        match &throughput[member] {
            Value::Null => violations.missing(&place),
            units if units.as_i64().is_some_and(|units| units < 1) => violations.value(
                &units.to_string(),
                &place,
                "Member must have value greater than or equal to 1",
            ),
            _ => {}
        }
    }
}

fn check_key_schema(schema: &Value, place: &str, most: usize, violations: &mut Violations) {
    match schema.as_array() {
        None if schema.is_null() => return violations.missing(place),
        None => return,
        Some(list) if list.is_empty() => {
            violations.value("[]", place, "Member must have length greater than or equal to 1");
        }
        Some(list) if list.len() > most => {
            let constraint = format!("Member must have length less than or equal to {most}");
            violations.value(&shown(schema), place, &constraint);
        }
        Some(_) => {}
    }
    for (at, element) in elements(schema) {
        if element["AttributeName"].is_null() {
            violations.missing(&format!("{place}.{at}.member.attributeName"));
        }
        let place = format!("{place}.{at}.member.keyType");
        match element["KeyType"].as_str() {
            Some(kind) => violations.choice(kind, &place, &["HASH", "RANGE"]),
            None => violations.missing(&place),
        }
    }
}

/// A key schema in the form of the service's messages.
fn shown(schema: &Value) -> String {
    let elements: Vec<String> = elements(schema)
        .map(|(_, element)| {
            let text = |member: &str| element[member].as_str().unwrap_or_default().to_owned();
            format!("KeySchemaElement(attributeName={}, keyType={})", text("AttributeName"), text("KeyType"))
        })
        .collect();
    format!("[{}]", elements.join(", "))
}

fn check_attributes(attributes: &Value, violations: &mut Violations) {
    if attributes.is_null() {
        violations.missing("attributeDefinitions");
    }
    for (at, attribute) in elements(attributes) {
        let place = format!("attributeDefinitions.{at}.member");
        if attribute["AttributeName"].is_null() {
            violations.missing(&format!("{place}.attributeName"));
        }
        let place = format!("{place}.attributeType");
        match attribute["AttributeType"].as_str() {
            Some(kind) => violations.choice(kind, &place, &["B", "N", "S"]),
            None => violations.missing(&place),
        }
    }
}

fn check_global(index: &Value, place: &str, violations: &mut Violations) {
    check_index_keys(&index["KeySchema"], place, 8, violations);
    check_projection(&index["Projection"], place, violations);
    check_index_name(&index["IndexName"], &format!("{place}.indexName"), violations);
    check_throughput(&index["ProvisionedThroughput"], &format!("{place}.provisionedThroughput"), violations);
}

fn check_index_keys(schema: &Value, place: &str, most: usize, violations: &mut Violations) {
    check_key_schema(schema, &format!("{place}.keySchema"), most, violations);
}

fn check_index_name(name: &Value, place: &str, violations: &mut Violations) {
    let Some(name) = name.as_str() else { return violations.missing(place) };
    if !has_name_letters(name) && !name.is_empty() {
        violations.value(name, place, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    }
    match name.len() {
        0..3 => violations.value(name, place, "Member must have length greater than or equal to 3"),
        256.. => violations.value(name, place, "Member must have length less than or equal to 255"),
        _ => {}
    }
}

fn check_projection(projection: &Value, place: &str, violations: &mut Violations) {
    if projection.is_null() {
        return violations.missing(&format!("{place}.projection"));
    }
    if let Some(kind) = projection["ProjectionType"].as_str() {
        let place = format!("{place}.projection.projectionType");
        violations.choice(kind, &place, &["ALL", "INCLUDE", "KEYS_ONLY"]);
    }
    if projection["NonKeyAttributes"].as_array().is_some_and(Vec::is_empty) {
        let place = format!("{place}.projection.nonKeyAttributes");
        violations.value("[]", &place, "Member must have length greater than or equal to 1");
    }
}
