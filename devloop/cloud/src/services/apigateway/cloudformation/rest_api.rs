//! `AWS::ApiGateway::RestApi`, with or without an OpenAPI document that describes its resources and methods.

use serde_json::{Map, Value, json};

use super::apis::members;
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Flag, Integer, Text, Texts},
    Task, text,
};

/// `AWS::ApiGateway::RestApi`.
#[derive(Debug)]
pub(super) struct RestApi;

impl ResourceType for RestApi {
    fn properties(&self) -> Properties {
        &[
            ("ApiKeySourceType", Text),
            ("BinaryMediaTypes", Texts),
            ("Body", Any),
            ("Description", Text),
            ("DisableExecuteApiEndpoint", Flag),
            ("EndpointConfiguration", Any),
            ("FailOnWarnings", Flag),
            ("MinimumCompressionSize", Integer),
            ("Mode", Text),
            ("Name", Text),
            ("Parameters", Any),
            ("Policy", Any),
            ("Tags", Shape::TAGS),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["RestApiId", "RootResourceId"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Body", "FailOnWarnings", "Mode"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = members(task.pick(&[
                "BinaryMediaTypes",
                "Description",
                "DisableExecuteApiEndpoint",
                "MinimumCompressionSize",
                "Name",
                "Policy",
            ]));
            let title = task.properties.get("Body").and_then(|body| body.pointer("/info/title"));
            if let Some(title) = title.filter(|_| !input.contains_key("name")) {
                input.insert("name".to_owned(), title.clone());
            }
            if let Some(source) = task.properties.get("ApiKeySourceType") {
                input.insert("apiKeySource".to_owned(), source.clone());
            }
            if let Some(endpoint) = task.properties.get("EndpointConfiguration").and_then(Value::as_object) {
                input.insert("endpointConfiguration".to_owned(), members(endpoint.clone()).into());
            }
            // The id is the same in every cloud, so that an address which a user has copied stays valid.
            let mut tags = task.tags()?.unwrap_or_else(|| json!({}));
            if tags.get("_custom_id_").is_none() {
                tags["_custom_id_"] = task.stable_id().into();
            }
            input.insert("tags".to_owned(), tags);
            let output = task.call("apigateway", "CreateRestApi", Value::Object(input)).await?;
            let id = text(&output, "/id")?;
            task.began(&id);
            put_body(task, &id).await?;
            Ok(Created::new(id.clone())
                .with("RestApiId", id)
                .with("RootResourceId", text(&output, "/rootResourceId")?))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            put_body(task, &before.made.physical_id).await?;
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("apigateway", "DeleteRestApi", json!({ "restApiId": physical_id })).await?;
            Ok(())
        })
    }
}

/// Replaces the API's resources by those of the property `Body`. Other properties of the template win over the document.
async fn put_body(task: &Task<'_>, id: &str) -> Result<(), Cause> {
    let Some(body) = task.properties.get("Body") else { return Ok(()) };
    let mut input = Map::from_iter([
        ("restApiId".to_owned(), id.into()),
        ("mode".to_owned(), task.text("Mode").unwrap_or("overwrite").into()),
        ("body".to_owned(), body.clone()),
    ]);
    if let Some(parameters) = task.properties.get("Parameters").and_then(Value::as_object) {
        input.extend(parameters.clone());
    }
    task.call("apigateway", "PutRestApi", Value::Object(input)).await?;
    let mut patches = Vec::new();
    for (property, path) in [("Name", "/name"), ("Description", "/description")] {
        if let Some(value) = task.text(property) {
            patches.push(json!({ "op": "replace", "path": path, "value": value }));
        }
    }
    for kind in task.texts("BinaryMediaTypes") {
        let path = format!("/binaryMediaTypes/{}", kind.replace('~', "~0").replace('/', "~1"));
        patches.push(json!({ "op": "add", "path": path }));
    }
    if !patches.is_empty() {
        let input = json!({ "restApiId": id, "patchOperations": patches });
        task.call("apigateway", "UpdateRestApi", input).await?;
    }
    Ok(())
}
