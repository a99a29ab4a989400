//! `AWS::ApiGateway::ApiKey`, `UsagePlan` and `UsagePlanKey`.

use serde_json::{Map, Value, json};

use super::apis::{member, members};
use crate::resource::{
    Created, Doing, Properties, ResourceType,
    Shape::{self, Any, Flag, Integer, Number, Parts, Text},
    Task, text,
};

/// `AWS::ApiGateway::ApiKey`.
#[derive(Debug)]
pub(super) struct ApiKey;

impl ResourceType for ApiKey {
    fn properties(&self) -> Properties {
        &[
            ("CustomerId", Text),
            ("Description", Text),
            ("Enabled", Flag),
            ("GenerateDistinctId", Flag),
            ("Name", Text),
            ("StageKeys", Any),
            ("Tags", Shape::TAGS),
            ("Value", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["APIKeyId"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input =
                members(task.pick(&["CustomerId", "Description", "Enabled", "GenerateDistinctId", "Value"]));
            if let Some(stages) = task.properties.get("StageKeys") {
                input.insert("stageKeys".to_owned(), deep(stages));
            }
            input.insert("name".to_owned(), task.name("Name", 1024).into());
            if let Some(tags) = task.tags()? {
                input.insert("tags".to_owned(), tags);
            }
            let output = task.call("apigateway", "CreateApiKey", Value::Object(input)).await?;
            let id = text(&output, "/id")?;
            Ok(Created::new(id.clone()).with("APIKeyId", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("apigateway", "DeleteApiKey", json!({ "apiKey": physical_id })).await?;
            Ok(())
        })
    }
}

/// Renames the properties of a structure to the members of the API's input. Keys that are paths, as in throttle settings,
/// stay unchanged.
fn deep(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| {
                let name = if name.contains('/') { name.clone() } else { member(name) };
                (name, deep(value))
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(deep).collect(),
        // Templates often write numbers as text.
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => value.clone(),
        },
        other => other.clone(),
    }
}

/// `AWS::ApiGateway::UsagePlan`.
#[derive(Debug)]
pub(super) struct UsagePlan;

impl ResourceType for UsagePlan {
    fn properties(&self) -> Properties {
        &[
            ("ApiStages", Parts(&[("BurstLimit", Integer), ("RateLimit", Number)])),
            ("Description", Text),
            ("Quota", Parts(&[("Limit", Integer), ("Offset", Integer)])),
            ("Tags", Shape::TAGS),
            ("Throttle", Parts(&[("BurstLimit", Integer), ("RateLimit", Number)])),
            ("UsagePlanName", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = members(task.pick(&["Description"]));
            input.insert("name".to_owned(), task.name("UsagePlanName", 1024).into());
            for name in ["Quota", "Throttle"] {
                if let Some(value) = task.properties.get(name) {
                    input.insert(member(name), deep(value));
                }
            }
            let stages = task.properties.get("ApiStages").and_then(Value::as_array);
            let stages = stages.into_iter().flatten().map(|stage| {
                let throttle = stage.get("Throttle").map_or_else(|| json!({}), deep);
                json!({ "apiId": stage["ApiId"], "stage": stage["Stage"], "throttle": throttle })
            });
            input.insert("apiStages".to_owned(), stages.collect());
            if let Some(tags) = task.tags()? {
                input.insert("tags".to_owned(), tags);
            }
            let output = task.call("apigateway", "CreateUsagePlan", Value::Object(input)).await?;
            let id = text(&output, "/id")?;
            Ok(Created::new(id.clone()).with("Id", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let plan = json!({ "usagePlanId": physical_id });
            let found = task.call("apigateway", "GetUsagePlan", plan.clone()).await?;
            // A usage plan can be deleted only when it has no stages.
            let stages = found["apiStages"].as_array().into_iter().flatten().map(|stage| {
                let name = |member: &str| stage[member].as_str().unwrap_or_default().to_owned();
                json!({ "op": "remove", "path": "/apiStages", "value": format!("{}:{}", name("apiId"), name("stage")) })
            });
            let mut input = plan.clone();
            input["patchOperations"] = stages.collect();
            task.call("apigateway", "UpdateUsagePlan", input).await?;
            task.call("apigateway", "DeleteUsagePlan", plan).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::UsagePlanKey`.
#[derive(Debug)]
pub(super) struct UsagePlanKey;

impl ResourceType for UsagePlanKey {
    fn properties(&self) -> Properties {
        &[("KeyId", Text), ("KeyType", Text), ("UsagePlanId", Text)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let (key, plan) = (task.required("KeyId")?, task.required("UsagePlanId")?);
            let input = json!({ "keyId": key, "usagePlanId": plan, "keyType": task.required("KeyType")? });
            task.call("apigateway", "CreateUsagePlanKey", input).await?;
            let id = format!("{key}:{plan}");
            Ok(Created::new(id.clone()).with("Id", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let (key, plan) = physical_id.split_once(':').unwrap_or((physical_id, ""));
            let input = json!({ "keyId": key, "usagePlanId": plan });
            task.call("apigateway", "DeleteUsagePlanKey", input).await?;
            Ok(())
        })
    }
}
