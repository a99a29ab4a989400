//! `AWS::Serverless::SimpleTable` [AWS::Serverless::SimpleTable, AWS SAM Developer Guide].

use serde_json::{Value, json};

use super::{
    Build, Outcome, Written,
    value::{pick, tag_list},
};

/// Adds the table.
pub(super) fn make(build: &mut Build<'_>, written: Written) -> Outcome<()> {
    written.only(&[
        "PointInTimeRecoverySpecification",
        "PrimaryKey",
        "ProvisionedThroughput",
        "SSESpecification",
        "TableName",
        "Tags",
    ])?;
    let property = |name: &str| written.properties.get(name);
    let (name, kind) = match property("PrimaryKey") {
        None => (json!("id"), "S"),
        Some(key) => {
            let kind = match key.get("Type").and_then(Value::as_str) {
                Some("String") => "S",
                Some("Number") => "N",
                Some("Binary") => "B",
                _ => return Err("PrimaryKey needs a Type: String, Number or Binary".to_owned()),
            };
            (key.get("Name").cloned().ok_or("PrimaryKey needs a Name")?, kind)
        }
    };
    let passed =
        ["PointInTimeRecoverySpecification", "ProvisionedThroughput", "SSESpecification", "TableName"];
    let mut table = pick(&written.properties, &passed);
    table
        .insert("AttributeDefinitions".to_owned(), json!([{ "AttributeName": name, "AttributeType": kind }]));
    table.insert("KeySchema".to_owned(), json!([{ "AttributeName": name, "KeyType": "HASH" }]));
    if property("ProvisionedThroughput").is_none() {
        table.insert("BillingMode".to_owned(), "PAY_PER_REQUEST".into());
    }
    if let Some(tags) = property("Tags") {
        table.insert("Tags".to_owned(), tag_list(Some(tags), None));
    }
    build.add(written.id, "AWS::DynamoDB::Table", &written.attributes, Value::Object(table));
    Ok(())
}
