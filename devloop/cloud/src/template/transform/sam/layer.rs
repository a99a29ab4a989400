//! `AWS::Serverless::LayerVersion` [AWS::Serverless::LayerVersion, AWS SAM Developer Guide].

use serde_json::{Value, json};

use super::{
    Build, Outcome, Written,
    names::digest,
    value::{pick, s3_place},
};

/// Adds the layer, with a logical id that depends on its content.
pub(super) fn make(build: &mut Build<'_>, written: Written) -> Outcome<()> {
    let passed = ["CompatibleArchitectures", "CompatibleRuntimes", "Description", "LayerName", "LicenseInfo"];
    let own = ["ContentUri", "PublishLambdaVersion", "RetentionPolicy"];
    written.only(&[&passed[..], &own[..]].concat())?;
    let mut attributes = written.attributes.clone();
    let content = written.properties.get("ContentUri").ok_or("ContentUri is missing")?;
    let content = s3_place(content, ["S3Bucket", "S3Key", "S3ObjectVersion"]).unwrap_or_else(|| {
        let metadata = attributes.entry("Metadata").or_insert(json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.entry("aws:asset:path").or_insert(content.clone());
        }
        json!({})
    });
    let mut layer = pick(&written.properties, &passed);
    layer.entry("LayerName").or_insert(written.id.as_str().into());
    layer.insert("Content".to_owned(), content);
    let policy = written.properties.get("RetentionPolicy").map(|policy| build.resolved(policy));
    let policy = match policy.as_ref().and_then(Value::as_str) {
        None | Some("Retain" | "retain") => "Retain",
        Some("Delete" | "delete") => "Delete",
        Some(other) => return Err(format!("RetentionPolicy is Retain or Delete, not `{other}`")),
    };
    attributes.insert("DeletionPolicy".to_owned(), policy.into());
    let mut digested = written.attributes.clone();
    digested
        .retain(|name, _| !["DeletionPolicy", "UpdateReplacePolicy", "Metadata"].contains(&name.as_str()));
    digested.insert("Type".to_owned(), "AWS::Serverless::LayerVersion".into());
    digested.insert("Properties".to_owned(), build.resolved(&Value::Object(written.properties)));
    let id = format!("{}{}", written.id, digest(&json!({ &written.id: digested })));
    build.referable.insert(written.id, id.clone());
    build.add(id, "AWS::Lambda::LayerVersion", &attributes, Value::Object(layer));
    Ok(())
}
