//! Resource types of the CDK for buckets, which the cloud handles itself, without the functions that the CDK adds for them: these
//! need the SDK that Lambda brings along.

use serde_json::{Value, json};

use super::{cloudformation::list, document::items};
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{Any, Flag, Text},
    Task,
};

/// The API's JSON form, which the CDK's resource has, in the form of the API's document.
fn from_api(value: &Value) -> Value {
    let convert = |list_name: &str, target: &str, element: &str| -> Vec<Value> {
        list(value, list_name)
            .iter()
            .map(|item| {
                let rules = item.pointer("/Filter/Key/FilterRules").cloned().unwrap_or_else(|| json!([]));
                json!({
                    "Id": item.get("Id"), element: item.get(target), "Event": item.get("Events"),
                    "Filter": { "S3Key": { "FilterRule": rules } },
                })
            })
            .collect()
    };
    let mut document = json!({
        "CloudFunctionConfiguration": convert("LambdaFunctionConfigurations", "LambdaFunctionArn", "CloudFunction"),
        "QueueConfiguration": convert("QueueConfigurations", "QueueArn", "Queue"),
        "TopicConfiguration": convert("TopicConfigurations", "TopicArn", "Topic"),
    });
    if value.get("EventBridgeConfiguration").is_some() {
        document["EventBridgeConfiguration"] = json!({});
    }
    document
}

/// `Custom::S3BucketNotifications`: the notifications of a bucket.
#[derive(Debug)]
pub(super) struct Notifications;

impl Notifications {
    async fn put(task: &Task<'_>, bucket: &str, configuration: &Value) -> Result<(), Cause> {
        let input = json!({ "Bucket": bucket, "Document": from_api(configuration) });
        task.call("s3", "PutBucketNotificationConfiguration", input).await?;
        Ok(())
    }
}

impl ResourceType for Notifications {
    fn properties(&self) -> Properties {
        &[
            ("BucketName", Text),
            ("Managed", Flag),
            ("NotificationConfiguration", Any),
            ("ServiceToken", Text),
            ("SkipDestinationValidation", Flag),
        ]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Managed", "NotificationConfiguration", "ServiceToken", "SkipDestinationValidation"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let configuration = task.properties.get("NotificationConfiguration").cloned().unwrap_or_default();
            Self::put(task, task.required("BucketName")?, &configuration).await?;
            Ok(Created::new(task.stable_id()))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async move { Self::put(task, task.required("BucketName")?, &json!({})).await })
    }
}

/// `Custom::S3AutoDeleteObjects`: empties a bucket before the stack deletes it [aws-cdk-lib, custom resource handler
/// `auto-delete-objects-handler`].
#[derive(Debug)]
pub(super) struct AutoDelete;

/// The CDK's tag on a bucket that is to be emptied. A bucket without it keeps its objects.
const TAG: &str = "aws-cdk:auto-delete-objects";

impl ResourceType for AutoDelete {
    fn properties(&self) -> Properties {
        &[("BucketName", Text), ("ServiceToken", Text)]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["ServiceToken"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move { Ok(Created::new(task.required("BucketName")?)) })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let found = task.call("s3", "GetBucketTagging", json!({ "Bucket": physical_id })).await?;
            let tags = found.pointer("/Document/TagSet").map(|set| items(set, "Tag")).unwrap_or_default();
            let wanted = json!({ "Key": TAG, "Value": "true" });
            if !tags.contains(&&wanted) {
                return Ok(());
            }
            let all = task.call("s3", "ListObjectVersions", json!({ "Bucket": physical_id })).await?;
            for version in list(&all, "Versions") {
                let (key, id) = (&version["Key"], &version["VersionId"]);
                let input = json!({ "Bucket": physical_id, "Key": key, "VersionId": id });
                task.call("s3", "DeleteObject", input).await?;
            }
            Ok(())
        })
    }
}
