//! `AWS::ECR::Repository`.

use serde_json::{Map, Value, json};

use crate::resource::{
    Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Flag, Parts, Text},
    Task, text,
};

/// `AWS::ECR::Repository`.
#[derive(Debug)]
pub(super) struct Repository;

impl ResourceType for Repository {
    fn properties(&self) -> Properties {
        &[
            ("EmptyOnDelete", Flag),
            ("EncryptionConfiguration", Any),
            ("ImageScanningConfiguration", Parts(&[("ScanOnPush", Flag)])),
            ("ImageTagMutability", Text),
            ("LifecyclePolicy", Any),
            ("RepositoryName", Text),
            ("RepositoryPolicyText", Any),
            ("Tags", Shape::TAGS),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "RepositoryUri"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &[
            "EmptyOnDelete",
            "ImageScanningConfiguration",
            "ImageTagMutability",
            "LifecyclePolicy",
            "RepositoryPolicyText",
            "Tags",
        ]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("RepositoryName", 256).to_ascii_lowercase();
            let mut input = Map::from_iter([("repositoryName".to_owned(), name.as_str().into())]);
            if let Some(encryption) = task.properties.get("EncryptionConfiguration") {
                let encryption = json!({
                    "encryptionType": encryption.get("EncryptionType"), "kmsKey": encryption.get("KmsKey"),
                });
                input.insert("encryptionConfiguration".to_owned(), encryption);
            }
            if let Some(tags) = task.properties.get("Tags") {
                input.insert("tags".to_owned(), tags.clone());
            }
            let output = task.call("ecr", "CreateRepository", Value::Object(input)).await?;
            task.began(&name);
            let none = Map::new();
            set(task, &name, &none).await?;
            Ok(Created::new(&*name)
                .with("Arn", text(&output, "/repository/repositoryArn")?)
                .with("RepositoryUri", text(&output, "/repository/repositoryUri")?))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            set(task, &before.made.physical_id, &before.properties).await?;
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("ecr", "DeleteRepository", json!({ "repositoryName": physical_id })).await?;
            Ok(())
        })
    }
}

/// Changes the settings that differ between `before` and the current properties.
async fn set(task: &Task<'_>, name: &str, before: &Map<String, Value>) -> Result<(), crate::resource::Cause> {
    let changed = |property: &str| {
        let (now, then) = (task.properties.get(property), before.get(property));
        (now != then).then_some((now, then))
    };
    let call = async |operation: &str, members: Value| {
        let mut input = json!({ "repositoryName": name });
        if let (Value::Object(input), Value::Object(members)) = (&mut input, members) {
            input.extend(members);
        }
        task.call("ecr", operation, input).await.map(|_| ())
    };
    if let Some((now, _)) = changed("ImageTagMutability") {
        let mutability = now.cloned().unwrap_or_else(|| "MUTABLE".into());
        call("PutImageTagMutability", json!({ "imageTagMutability": mutability })).await?;
    }
    if let Some((now, _)) = changed("ImageScanningConfiguration") {
        let on = now.and_then(|now| now.get("ScanOnPush")).is_some_and(|on| *on == true);
        call("PutImageScanningConfiguration", json!({ "imageScanningConfiguration": { "scanOnPush": on } }))
            .await?;
    }
    if let Some((now, _)) = changed("LifecyclePolicy") {
        match now.and_then(|policy| policy.get("LifecyclePolicyText")) {
            Some(text) => call("PutLifecyclePolicy", json!({ "lifecyclePolicyText": text })).await?,
            None => call("DeleteLifecyclePolicy", json!({})).await?,
        }
    }
    if let Some((now, _)) = changed("RepositoryPolicyText") {
        match now {
            Some(Value::String(text)) => call("SetRepositoryPolicy", json!({ "policyText": text })).await?,
            Some(policy) => call("SetRepositoryPolicy", json!({ "policyText": policy.to_string() })).await?,
            None => call("DeleteRepositoryPolicy", json!({})).await?,
        }
    }
    if let Some((now, then)) = changed("Tags")
        && !before.is_empty()
    {
        let arn = task.cx.arn("ecr", &format!("repository/{name}"));
        let keys = |tags: Option<&Value>| -> Vec<Value> {
            let tags = tags.and_then(Value::as_array);
            tags.into_iter().flatten().filter_map(|tag| tag.get("Key").cloned()).collect()
        };
        task.call("ecr", "UntagResource", json!({ "resourceArn": arn, "tagKeys": keys(then) })).await?;
        let tags = now.cloned().unwrap_or_else(|| json!([]));
        task.call("ecr", "TagResource", json!({ "resourceArn": arn, "tags": tags })).await?;
    }
    Ok(())
}
