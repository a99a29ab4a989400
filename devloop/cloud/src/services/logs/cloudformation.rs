//! `AWS::Logs::LogGroup`, `AWS::Logs::MetricFilter`, and the CDK's `Custom::LogRetention`.

use serde_json::{Map, Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Integer, Number, Parts, Text},
    Task,
};

/// `AWS::Logs::LogGroup`.
#[derive(Debug)]
pub(super) struct LogGroup;

impl LogGroup {
    async fn retain(task: &Task<'_>, name: &str) -> Result<Created, Cause> {
        match task.properties.get("RetentionInDays") {
            Some(days) => {
                let input = json!({ "logGroupName": name, "retentionInDays": days });
                task.call("logs", "PutRetentionPolicy", input).await?;
            }
            None => {
                task.call("logs", "DeleteRetentionPolicy", json!({ "logGroupName": name })).await?;
            }
        }
        Ok(described(task, name))
    }
}

fn described(task: &Task<'_>, name: &str) -> Created {
    Created::new(name).with("Arn", task.cx.arn("logs", &format!("log-group:{name}:*")))
}

impl ResourceType for LogGroup {
    fn properties(&self) -> Properties {
        &[
            ("KmsKeyId", Text),
            ("LogGroupClass", Text),
            ("LogGroupName", Text),
            ("RetentionInDays", Integer),
            ("Tags", Shape::TAGS),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["RetentionInDays", "Tags"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("LogGroupName", 512);
            let mut input = json!({ "logGroupName": name });
            for (property, member) in [("KmsKeyId", "kmsKeyId"), ("LogGroupClass", "logGroupClass")] {
                if let Some(value) = task.text(property) {
                    input[member] = Value::from(value);
                }
            }
            if let Some(tags) = task.tags()? {
                input["tags"] = tags;
            }
            task.call("logs", "CreateLogGroup", input).await?;
            task.began(&name);
            if task.properties.contains_key("RetentionInDays") {
                return Self::retain(task, &name).await;
            }
            Ok(described(task, &name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = &before.made.physical_id;
            let (gone, tags) = task.tag_changes(before)?;
            if !gone.is_empty() {
                task.call("logs", "UntagLogGroup", json!({ "logGroupName": name, "tags": gone })).await?;
            }
            if !tags.is_empty() {
                task.call("logs", "TagLogGroup", json!({ "logGroupName": name, "tags": tags })).await?;
            }
            Self::retain(task, name).await
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("logs", "DeleteLogGroup", json!({ "logGroupName": physical_id })).await?;
            Ok(())
        })
    }
}

/// `AWS::Logs::MetricFilter`.
#[derive(Debug)]
pub(super) struct MetricFilter;

impl MetricFilter {
    async fn put(task: &Task<'_>, name: &str) -> Result<Created, Cause> {
        let group = task.required("LogGroupName")?;
        let transformations = task.properties.get("MetricTransformations").cloned().unwrap_or_default();
        let transformations = transformations.as_array().cloned().unwrap_or_default();
        let input = json!({
            "logGroupName": group,
            "filterName": name,
            "filterPattern": task.required("FilterPattern")?,
            "metricTransformations": transformations.iter().map(transformation).collect::<Vec<_>>(),
        });
        task.call("logs", "PutMetricFilter", input).await?;
        Ok(Created::new(name))
    }
}

/// A transformation in the API's form: members start with a small letter, and dimensions are a map.
fn transformation(given: &Value) -> Value {
    let mut members = Map::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let mut letters = name.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        let dimensions = || {
            let pair =
                |item: &Value| Some((item.get("Key")?.as_str()?.to_owned(), item.get("Value")?.clone()));
            value.as_array().into_iter().flatten().filter_map(pair).collect::<Map<_, _>>()
        };
        let value = if name == "Dimensions" { Value::Object(dimensions()) } else { value.clone() };
        members.insert(first.into_iter().chain(letters).collect(), value);
    }
    Value::Object(members)
}

impl ResourceType for MetricFilter {
    fn properties(&self) -> Properties {
        &[
            ("FilterName", Text),
            ("FilterPattern", Text),
            ("LogGroupName", Text),
            (
                "MetricTransformations",
                Parts(&[("DefaultValue", Number), ("MetricValue", Text), ("Value", Text)]),
            ),
        ]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["FilterPattern", "MetricTransformations"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move { Self::put(task, &task.name("FilterName", 512)).await })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(Self::put(task, &before.made.physical_id))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let input = json!({ "logGroupName": task.required("LogGroupName")?, "filterName": physical_id });
            task.call("logs", "DeleteMetricFilter", input).await?;
            Ok(())
        })
    }
}

/// `Custom::LogRetention`: the retention of a log group that may be there already, such as a function's. The cloud handles it itself,
/// without the function that the CDK adds for it [aws-cdk-lib, aws-logs, LogRetention].
#[derive(Debug)]
pub(super) struct LogRetention;

impl LogRetention {
    /// Makes the group, unless there is one, and sets how long it keeps events.
    async fn put(task: &Task<'_>) -> Result<Created, Cause> {
        let name = task.required("LogGroupName")?;
        if let Some(other) = task.text("LogGroupRegion").filter(|region| *region != &*task.cx.region) {
            return Err(Cause::Property(format!(
                "LogGroupRegion is {other}; the embedded cloud supports the stack's own region only"
            )));
        }
        match task.call("logs", "CreateLogGroup", json!({ "logGroupName": name })).await {
            Ok(_) => task.began(name),
            Err(Cause::Service(error)) if error.code == "ResourceAlreadyExistsException" => {}
            Err(cause) => return Err(cause),
        }
        LogGroup::retain(task, name).await?;
        Ok(Created::new(name).with("LogGroupName", name))
    }
}

impl ResourceType for LogRetention {
    fn properties(&self) -> Properties {
        &[
            ("LogGroupName", Text),
            ("LogGroupRegion", Text),
            ("RemovalPolicy", Text),
            ("RetentionInDays", Integer),
            ("SdkRetry", Any),
            ("ServiceToken", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["LogGroupName"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["RemovalPolicy", "RetentionInDays", "SdkRetry", "ServiceToken"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(Self::put(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        Box::pin(Self::put(task))
    }

    /// The group stays, unless the property `RemovalPolicy` says otherwise.
    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            if task.text("RemovalPolicy") == Some("destroy") {
                task.call("logs", "DeleteLogGroup", json!({ "logGroupName": physical_id })).await?;
            }
            Ok(())
        })
    }
}
