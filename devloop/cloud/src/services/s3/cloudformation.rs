//! `AWS::S3::Bucket` and `AWS::S3::BucketPolicy`.

use serde_json::{Map, Value, json};

use super::{custom, lifecycle};
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Flag, Integer, Parts, Text},
    Task,
};

/// The resource types that S3 implements.
pub(super) fn types() -> Vec<(&'static str, Box<dyn ResourceType>)> {
    vec![
        ("AWS::S3::Bucket", Box::new(Bucket)),
        ("AWS::S3::BucketPolicy", Box::new(BucketPolicy)),
        ("Custom::S3AutoDeleteObjects", Box::new(custom::AutoDelete)),
        ("Custom::S3BucketNotifications", Box::new(custom::Notifications)),
    ]
}

/// `AWS::S3::Bucket`.
#[derive(Debug)]
struct Bucket;

/// The properties that can change in place.
const CHANGEABLE: [&str; 9] = [
    "AccessControl",
    "BucketEncryption",
    "CorsConfiguration",
    "LifecycleConfiguration",
    "NotificationConfiguration",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "Tags",
    "VersioningConfiguration",
];

impl Bucket {
    /// Refuses access by lists that the cloud does not have.
    fn check(task: &Task<'_>) -> Result<(), Cause> {
        let lacking = |list: &&str| !matches!(*list, "Private" | "LogDeliveryWrite");
        match task.text("AccessControl").filter(lacking) {
            Some(list) => {
                Err(Cause::Property(format!("the embedded cloud does not support AccessControl {list}")))
            }
            None => Ok(()),
        }
    }

    /// Sets everything but the name as the properties say.
    async fn set(task: &Task<'_>, name: &str) -> Result<(), Cause> {
        if let Some(versioning) = task.properties.get("VersioningConfiguration") {
            let input = json!({ "Bucket": name, "VersioningConfiguration": versioning });
            task.call("s3", "PutBucketVersioning", input).await?;
        }
        let set = async |operation: &str, document: Value| {
            task.call("s3", operation, json!({ "Bucket": name, "Document": document })).await
        };
        if let Some(block) = task.properties.get("PublicAccessBlockConfiguration") {
            let on = |name: &str| block.get(name).is_some_and(|on| *on == Value::Bool(true));
            let names = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
            let block: Map<String, Value> =
                names.iter().map(|name| ((*name).to_owned(), on(name).into())).collect();
            set("PutPublicAccessBlock", block.into()).await?;
        }
        if let Some(encryption) = task.properties.get("BucketEncryption") {
            let rules = list(encryption, "ServerSideEncryptionConfiguration");
            let rules: Vec<Value> = rules
                .iter()
                .map(|rule| {
                    json!({ "ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault"), "BucketKeyEnabled": rule.get("BucketKeyEnabled") })
                })
                .collect();
            set("PutBucketEncryption", json!({ "Rule": rules })).await?;
        }
        if let Some(controls) = task.properties.get("OwnershipControls") {
            set("PutBucketOwnershipControls", json!({ "Rule": list(controls, "Rules") })).await?;
        }
        if let Some(cors) = task.properties.get("CorsConfiguration") {
            let rules: Vec<Value> = list(cors, "CorsRules").iter().map(cors_rule).collect();
            set("PutBucketCors", json!({ "CORSRule": rules })).await?;
        }
        if let Some(lifecycle) = task.properties.get("LifecycleConfiguration") {
            let rules = list(lifecycle, "Rules");
            let rules = rules.iter().map(lifecycle::rule).collect::<Result<Vec<Value>, Cause>>()?;
            set("PutBucketLifecycleConfiguration", json!({ "Rule": rules })).await?;
        }
        if let Some(notifications) = task.properties.get("NotificationConfiguration") {
            let document = from_property(notifications);
            set("PutBucketNotificationConfiguration", document).await?;
        }
        if let Some(tags) = task.properties.get("Tags") {
            set("PutBucketTagging", json!({ "TagSet": { "Tag": tags } })).await?;
        }
        Ok(())
    }

    fn described(task: &Task<'_>, name: &str) -> Created {
        let domain = format!("{name}.s3.localhost.localstack.cloud");
        Created::new(name)
            .with("Arn", format!("arn:aws:s3:::{name}"))
            .with("DomainName", domain.clone())
            .with("DualStackDomainName", domain)
            .with("RegionalDomainName", format!("{name}.s3.{}.localhost.localstack.cloud", task.cx.region))
            .with("WebsiteURL", String::new())
    }
}

pub(super) fn list(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn cors_rule(rule: &Value) -> Value {
    json!({
        "AllowedHeader": rule.get("AllowedHeaders"), "AllowedMethod": rule.get("AllowedMethods"),
        "AllowedOrigin": rule.get("AllowedOrigins"), "ExposeHeader": rule.get("ExposedHeaders"),
        "ID": rule.get("Id"), "MaxAgeSeconds": rule.get("MaxAge"),
    })
}

/// The `NotificationConfiguration` property in the form of the API's document.
fn from_property(value: &Value) -> Value {
    let convert = |list_name: &str, target: &str, element: &str| -> Vec<Value> {
        list(value, list_name)
            .iter()
            .map(|item| {
                let rules = item.pointer("/Filter/S3Key/Rules").cloned().unwrap_or_else(|| json!([]));
                json!({
                    element: item.get(target), "Event": item.get("Event"),
                    "Filter": { "S3Key": { "FilterRule": rules } },
                })
            })
            .collect()
    };
    let mut document = json!({
        "CloudFunctionConfiguration": convert("LambdaConfigurations", "Function", "CloudFunction"),
        "QueueConfiguration": convert("QueueConfigurations", "Queue", "Queue"),
        "TopicConfiguration": convert("TopicConfigurations", "Topic", "Topic"),
    });
    if value.get("EventBridgeConfiguration").is_some() {
        document["EventBridgeConfiguration"] = json!({});
    }
    document
}

impl ResourceType for Bucket {
    fn properties(&self) -> Properties {
        &[
            ("AccessControl", Text),
            ("BucketEncryption", Parts(&[("BucketKeyEnabled", Flag)])),
            ("BucketName", Text),
            ("CorsConfiguration", Parts(&[("MaxAge", Integer)])),
            (
                "LifecycleConfiguration",
                Parts(&[
                    ("DaysAfterInitiation", Integer),
                    ("ExpirationInDays", Integer),
                    ("NewerNoncurrentVersions", Integer),
                    ("NoncurrentDays", Integer),
                    ("NoncurrentVersionExpirationInDays", Integer),
                    ("TransitionInDays", Integer),
                    ("ExpiredObjectDeleteMarker", Flag),
                ]),
            ),
            ("NotificationConfiguration", Any),
            ("OwnershipControls", Any),
            (
                "PublicAccessBlockConfiguration",
                Parts(&[
                    ("BlockPublicAcls", Flag),
                    ("BlockPublicPolicy", Flag),
                    ("IgnorePublicAcls", Flag),
                    ("RestrictPublicBuckets", Flag),
                ]),
            ),
            ("Tags", Shape::TAGS),
            ("VersioningConfiguration", Any),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &CHANGEABLE
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("BucketName", 63).to_ascii_lowercase();
            Self::check(task)?;
            if task.call("s3", "HeadBucket", json!({ "Bucket": name })).await.is_ok() {
                return Err(Cause::Property(format!("{name} already exists")));
            }
            task.call("s3", "CreateBucket", json!({ "Bucket": name })).await?;
            task.began(&name);
            Self::set(task, &name).await?;
            Ok(Self::described(task, &name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            Self::check(task)?;
            let name = &before.made.physical_id;
            let gone = |property: &str| {
                before.properties.contains_key(property) && !task.properties.contains_key(property)
            };
            for (property, operation) in [
                ("BucketEncryption", "DeleteBucketEncryption"),
                ("CorsConfiguration", "DeleteBucketCors"),
                ("LifecycleConfiguration", "DeleteBucketLifecycle"),
                ("OwnershipControls", "DeleteBucketOwnershipControls"),
                ("PublicAccessBlockConfiguration", "DeletePublicAccessBlock"),
                ("Tags", "DeleteBucketTagging"),
            ] {
                if gone(property) {
                    task.call("s3", operation, json!({ "Bucket": name })).await?;
                }
            }
            if gone("NotificationConfiguration") {
                let input = json!({ "Bucket": name, "Document": {} });
                task.call("s3", "PutBucketNotificationConfiguration", input).await?;
            }
            if gone("VersioningConfiguration") {
                let input = json!({ "Bucket": name, "VersioningConfiguration": { "Status": "Suspended" } });
                task.call("s3", "PutBucketVersioning", input).await?;
            }
            Self::set(task, name).await?;
            Ok(Self::described(task, name))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("s3", "DeleteBucket", json!({ "Bucket": physical_id })).await?;
            Ok(())
        })
    }
}

/// `AWS::S3::BucketPolicy`.
#[derive(Debug)]
struct BucketPolicy;

impl ResourceType for BucketPolicy {
    fn properties(&self) -> Properties {
        &[("Bucket", Text), ("PolicyDocument", Any)]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["PolicyDocument"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let bucket = task.required("Bucket")?;
            let policy = task.properties.get("PolicyDocument").cloned().unwrap_or_default();
            task.call("s3", "PutBucketPolicy", json!({ "Bucket": bucket, "Document": policy })).await?;
            Ok(Created::new(bucket))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("s3", "DeleteBucketPolicy", json!({ "Bucket": physical_id })).await?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use crate::{Cloud, Options, Template};

    /// `AccessControl` changes without interruption [AWS::S3::Bucket].
    #[tokio::test]
    async fn the_access_list_of_a_bucket_with_a_name_changes_in_place() {
        let cloud = Cloud::new(Options::default());
        let apply = async |list: Option<&str>| {
            let properties = json!({ "BucketName": "own", "AccessControl": list.map_or_else(|| json!({ "Ref": "AWS::NoValue" }), Into::into) });
            let template =
                json!({ "Resources": { "B": { "Type": "AWS::S3::Bucket", "Properties": properties } } });
            let template = Template::parse(&template.to_string()).unwrap();
            let applied = cloud.apply_and_tell("s", &template, &BTreeMap::new()).await;
            let told =
                applied.map(|applied| applied.changes.iter().map(ToString::to_string).collect::<String>());
            told.map_err(|error| error.to_string())
        };
        assert_eq!(apply(None).await.unwrap(), "B (AWS::S3::Bucket) added");
        assert_eq!(apply(Some("Private")).await.unwrap(), "B (AWS::S3::Bucket) changed: AccessControl");
        let refused = apply(Some("PublicRead")).await.unwrap_err();
        assert!(refused.contains("does not support AccessControl PublicRead"), "{refused}");
        assert_eq!(apply(Some("Private")).await.unwrap(), "", "the refused change was undone");
    }
}
