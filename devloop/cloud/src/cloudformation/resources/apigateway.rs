//! `AWS::ApiGateway::RestApi`, `Resource`, `Deployment`, `Stage` and `Account`.

use hyper::Method;
use serde_json::{Map, Value, json};

use super::{
    call::{Rest, text},
    provider::{Cause, Created, Doing, Properties, Provider, Record},
    shape::Shape::{Any, Flag, Integer, Text, Texts},
    task::Task,
};

/// A property's name as the API's member: `PathPart` becomes `pathPart`.
pub(super) fn member(property: &str) -> String {
    let mut letters = property.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// Properties as members of the API's input.
pub(super) fn members(properties: Map<String, Value>) -> Map<String, Value> {
    properties.into_iter().map(|(name, value)| (member(&name), value)).collect()
}

/// Runs an operation of the control plane below `/restapis/<RestApiId>`.
pub(super) async fn on_api(task: &Task<'_>, method: Method, path: &str, body: Value) -> Result<Value, Cause> {
    let api = task.required("RestApiId")?;
    task.rest(Rest::ApiGateway, method, &format!("/restapis/{api}{path}"), body).await
}

/// `AWS::ApiGateway::RestApi`.
#[derive(Debug)]
pub(super) struct RestApi;

impl Provider for RestApi {
    fn properties(&self) -> Properties {
        &[
            ("ApiKeySourceType", Text),
            ("BinaryMediaTypes", Texts),
            ("Description", Text),
            ("DisableExecuteApiEndpoint", Flag),
            ("EndpointConfiguration", Any),
            ("MinimumCompressionSize", Integer),
            ("Name", Text),
            ("Policy", Any),
            ("Tags", Any),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["RestApiId", "RootResourceId"]
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
            if let Some(source) = task.properties.get("ApiKeySourceType") {
                input.insert("apiKeySource".to_owned(), source.clone());
            }
            if let Some(endpoint) = task.properties.get("EndpointConfiguration").and_then(Value::as_object) {
                input.insert("endpointConfiguration".to_owned(), members(endpoint.clone()).into());
            }
            // The same id in every cloud, so that an address which a user copied stays valid.
            let mut tags = task.tags()?.unwrap_or_else(|| json!({}));
            if tags.get("_custom_id_").is_none() {
                tags["_custom_id_"] = task.stable_id().into();
            }
            input.insert("tags".to_owned(), tags);
            let output = task.rest(Rest::ApiGateway, Method::POST, "/restapis", Value::Object(input)).await?;
            let id = text(&output, "/id")?;
            Ok(Created::new(id.clone())
                .with("RestApiId", id)
                .with("RootResourceId", text(&output, "/rootResourceId")?))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.rest(Rest::ApiGateway, Method::DELETE, &format!("/restapis/{physical_id}"), Value::Null)
                .await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::Resource`.
#[derive(Debug)]
pub(super) struct Resource;

impl Provider for Resource {
    fn properties(&self) -> Properties {
        &[("ParentId", Text), ("PathPart", Text), ("RestApiId", Text)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["ResourceId"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let path = format!("/resources/{}", task.required("ParentId")?);
            let input = Value::Object(members(task.pick(&["PathPart"])));
            let id = text(&on_api(task, Method::POST, &path, input).await?, "/id")?;
            Ok(Created::new(id.clone()).with("ResourceId", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, Method::DELETE, &format!("/resources/{physical_id}"), Value::Null).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::Deployment`.
#[derive(Debug)]
pub(super) struct Deployment;

impl Provider for Deployment {
    fn properties(&self) -> Properties {
        &[("Description", Text), ("RestApiId", Text), ("StageName", Text)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["DeploymentId"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let input = Value::Object(members(task.pick(&["Description", "StageName"])));
            let id = text(&on_api(task, Method::POST, "/deployments", input).await?, "/id")?;
            Ok(Created::new(id.clone()).with("DeploymentId", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            // A stage that the deployment made goes with it.
            if let Some(stage) = task.text("StageName") {
                let outcome = on_api(task, Method::DELETE, &format!("/stages/{stage}"), Value::Null).await;
                if let Err(cause) = outcome
                    && !cause.is_absence()
                {
                    return Err(cause);
                }
            }
            on_api(task, Method::DELETE, &format!("/deployments/{physical_id}"), Value::Null).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::Stage`.
#[derive(Debug)]
pub(super) struct Stage;

impl Provider for Stage {
    fn properties(&self) -> Properties {
        &[
            ("CacheClusterEnabled", Flag),
            ("DeploymentId", Text),
            ("Description", Text),
            ("MethodSettings", Any),
            ("RestApiId", Text),
            ("StageName", Text),
            ("Tags", Any),
            ("TracingEnabled", Flag),
            ("Variables", Any),
        ]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["DeploymentId", "Description", "Variables"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = task.properties.clone();
            input.remove("RestApiId");
            input.remove("Tags");
            let mut input = members(input);
            if let Some(tags) = task.tags()? {
                input.insert("tags".to_owned(), tags);
            }
            let output = on_api(task, Method::POST, "/stages", Value::Object(input)).await?;
            Ok(Created::new(text(&output, "/stageName")?))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = &before.made.physical_id;
            let mut patches = vec![json!({
                "op": "replace", "path": "/deploymentId", "value": task.required("DeploymentId")?,
            })];
            match (task.text("Description"), before.properties.contains_key("Description")) {
                (Some(text), _) => {
                    patches.push(json!({ "op": "replace", "path": "/description", "value": text }));
                }
                (None, true) => patches.push(json!({ "op": "replace", "path": "/description", "value": "" })),
                (None, false) => {}
            }
            let variables = |properties: &Map<String, Value>| {
                properties.get("Variables").and_then(Value::as_object).cloned().unwrap_or_default()
            };
            let (old, new) = (variables(&before.properties), variables(task.properties));
            for variable in old.keys().filter(|variable| !new.contains_key(*variable)) {
                patches.push(json!({ "op": "remove", "path": format!("/variables/{variable}") }));
            }
            for (variable, value) in &new {
                patches.push(
                    json!({ "op": "replace", "path": format!("/variables/{variable}"), "value": value }),
                );
            }
            let body = json!({ "patchOperations": patches });
            on_api(task, Method::PATCH, &format!("/stages/{name}"), body).await?;
            Ok(Created::new(name))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, Method::DELETE, &format!("/stages/{physical_id}"), Value::Null).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::Account`: the role for execution logs, one for the whole region.
#[derive(Debug)]
pub(super) struct Account;

impl Provider for Account {
    fn properties(&self) -> Properties {
        &[("CloudWatchRoleArn", Text)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["CloudWatchRoleArn"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            if let Some(role) = task.text("CloudWatchRoleArn") {
                let patch = json!({ "op": "replace", "path": "/cloudwatchRoleArn", "value": role });
                let body = json!({ "patchOperations": [patch] });
                task.rest(Rest::ApiGateway, Method::PATCH, "/account", body).await?;
            }
            let id = task.stable_id();
            Ok(Created::new(id.clone()).with("Id", id))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    /// Leaves the role, as AWS does: other stacks' APIs use it too.
    fn delete<'a>(&'a self, _: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
