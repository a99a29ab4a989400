//! `AWS::ApiGateway::Resource`, `Deployment`, `Stage` and `Account`.

use serde_json::{Map, Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Each, Flag, Integer, Number, Parts, Text},
    Task, text,
};

/// A property's name as a member of the API's input: `PathPart` becomes `pathPart`.
pub(super) fn member(property: &str) -> String {
    let mut letters = property.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// Properties as members of the API's input.
pub(super) fn members(properties: Map<String, Value>) -> Map<String, Value> {
    properties.into_iter().map(|(name, value)| (member(&name), value)).collect()
}

/// Runs an operation on the API that the property `RestApiId` names.
pub(super) async fn on_api(
    task: &Task<'_>,
    operation: &str,
    mut input: Map<String, Value>,
) -> Result<Value, Cause> {
    input.insert("restApiId".to_owned(), task.required("RestApiId")?.into());
    task.call("apigateway", operation, Value::Object(input)).await
}

/// An input with one member.
pub(super) fn naming(member: &str, value: &str) -> Map<String, Value> {
    Map::from_iter([(member.to_owned(), value.into())])
}

/// `AWS::ApiGateway::Resource`.
#[derive(Debug)]
pub(super) struct Resource;

impl ResourceType for Resource {
    fn properties(&self) -> Properties {
        &[("ParentId", Text), ("PathPart", Text), ("RestApiId", Text)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["ResourceId"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            task.required("ParentId")?;
            let input = members(task.pick(&["ParentId", "PathPart"]));
            let id = text(&on_api(task, "CreateResource", input).await?, "/id")?;
            Ok(Created::new(id.clone()).with("ResourceId", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, "DeleteResource", naming("resourceId", physical_id)).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::Deployment`.
#[derive(Debug)]
pub(super) struct Deployment;

impl ResourceType for Deployment {
    fn properties(&self) -> Properties {
        &[("Description", Text), ("RestApiId", Text), ("StageName", Text)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["DeploymentId"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let input = members(task.pick(&["Description", "StageName"]));
            let id = text(&on_api(task, "CreateDeployment", input).await?, "/id")?;
            Ok(Created::new(id.clone()).with("DeploymentId", id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            // A stage that was created by the deployment is deleted with it.
            if let Some(stage) = task.text("StageName") {
                let outcome = on_api(task, "DeleteStage", naming("stageName", stage)).await;
                if let Err(cause) = outcome
                    && !cause.is_absence()
                {
                    return Err(cause);
                }
            }
            on_api(task, "DeleteDeployment", naming("deploymentId", physical_id)).await?;
            Ok(())
        })
    }
}

/// `AWS::ApiGateway::Stage`.
#[derive(Debug)]
pub(super) struct Stage;

impl ResourceType for Stage {
    fn properties(&self) -> Properties {
        &[
            ("CacheClusterEnabled", Flag),
            ("DeploymentId", Text),
            ("Description", Text),
            (
                "MethodSettings",
                Parts(&[
                    ("CacheDataEncrypted", Flag),
                    ("CacheTtlInSeconds", Integer),
                    ("CachingEnabled", Flag),
                    ("DataTraceEnabled", Flag),
                    ("MetricsEnabled", Flag),
                    ("ThrottlingBurstLimit", Integer),
                    ("ThrottlingRateLimit", Number),
                ]),
            ),
            ("RestApiId", Text),
            ("StageName", Text),
            ("Tags", Shape::TAGS),
            ("TracingEnabled", Flag),
            ("Variables", Each(&Text)),
        ]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["DeploymentId", "Description", "MethodSettings", "Variables"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = task.properties.clone();
            input.remove("RestApiId");
            input.remove("Tags");
            input.remove("MethodSettings");
            let mut input = members(input);
            if let Some(tags) = task.tags()? {
                input.insert("tags".to_owned(), tags);
            }
            let settings = settings(task.properties)?;
            let name = text(&on_api(task, "CreateStage", input).await?, "/stageName")?;
            if !settings.is_empty() {
                task.began(&name);
                let mut input = naming("stageName", &name);
                input.insert("patchOperations".to_owned(), settings.into());
                on_api(task, "UpdateStage", input).await?;
            }
            Ok(Created::new(name))
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
            for setting in settings(&before.properties)? {
                let path = setting["path"].as_str().unwrap_or_default();
                let path = path.split("/throttling/").next().unwrap_or_default().to_owned();
                let patch = json!({ "op": "remove", "path": path });
                if !patches.contains(&patch) {
                    patches.push(patch);
                }
            }
            patches.extend(settings(task.properties)?);
            let mut input = naming("stageName", name);
            input.insert("patchOperations".to_owned(), patches.into());
            on_api(task, "UpdateStage", input).await?;
            Ok(Created::new(name))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            on_api(task, "DeleteStage", naming("stageName", physical_id)).await?;
            Ok(())
        })
    }
}

/// The patches for a stage's `MethodSettings`. Only throttling has an effect: logs and metrics are not written, and caches
/// are refused.
fn settings(properties: &Map<String, Value>) -> Result<Vec<Value>, Cause> {
    let mut patches = Vec::new();
    for setting in properties.get("MethodSettings").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| setting[name].as_str().unwrap_or_default();
        if setting["CachingEnabled"] == true {
            return Err(Cause::Property(
                "the embedded cloud has no caches of stages (CachingEnabled)".to_owned(),
            ));
        }
        // `/*` and `/` stay as they are; slashes in other paths are escaped.
        let path = match text("ResourcePath").trim_start_matches('/') {
            "*" => "*".to_owned(),
            path => format!("~1{}", path.replace('/', "~1")),
        };
        let method = text("HttpMethod");
        for (property, limit) in
            [("ThrottlingRateLimit", "rateLimit"), ("ThrottlingBurstLimit", "burstLimit")]
        {
            let value = match &setting[property] {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let path = format!("/{path}/{method}/throttling/{limit}");
            patches.push(json!({ "op": "replace", "path": path, "value": value }));
        }
    }
    Ok(patches)
}

/// `AWS::ApiGateway::Account`: the role for execution logs, one for the whole region.
#[derive(Debug)]
pub(super) struct Account;

impl ResourceType for Account {
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
                let input = json!({ "patchOperations": [patch] });
                task.call("apigateway", "UpdateAccount", input).await?;
            }
            let id = task.stable_id();
            Ok(Created::new(id.clone()).with("Id", id))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    /// Keeps the role, as AWS does, because APIs of other stacks use it too.
    fn delete<'a>(&'a self, _: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
