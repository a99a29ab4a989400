//! `AWS::Lambda::Function`, `AWS::Lambda::Version` and `AWS::Lambda::Alias`.

use serde_json::{Map, Value, json};

use crate::{
    aside::aside,
    lambda::language::{Language, inline, interpreter},
    resource::{
        Cause, Created, Doing, Properties, Record, ResourceType,
        Shape::{self, Any, Each, Flag, Integer, Number, Parts, Text, Texts},
        Task, text,
    },
};

/// Properties that belong to the function's configuration and can be updated.
const CONFIGURATION: [&str; 15] = [
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "ImageConfig",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
];

/// `AWS::Lambda::Function`.
#[derive(Debug)]
pub(super) struct Function;

impl ResourceType for Function {
    fn properties(&self) -> Properties {
        &[
            ("Architectures", Texts),
            ("Code", Any),
            ("DeadLetterConfig", Any),
            ("Description", Text),
            ("Environment", Parts(&[("Variables", Each(&Text))])),
            ("EphemeralStorage", Parts(&[("Size", Integer)])),
            ("FileSystemConfigs", Any),
            ("FunctionName", Text),
            ("Handler", Text),
            ("ImageConfig", Any),
            ("Layers", Texts),
            ("LoggingConfig", Any),
            ("MemorySize", Integer),
            ("PackageType", Text),
            ("ReservedConcurrentExecutions", Integer),
            ("Role", Text),
            ("Runtime", Text),
            ("Tags", Shape::TAGS),
            ("Timeout", Integer),
            ("TracingConfig", Any),
            ("VpcConfig", Parts(&[("Ipv6AllowedForDualStack", Flag)])),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &[
            "Architectures",
            "Code",
            "DeadLetterConfig",
            "Description",
            "Environment",
            "EphemeralStorage",
            "Handler",
            "Layers",
            "LoggingConfig",
            "MemorySize",
            "ReservedConcurrentExecutions",
            "Role",
            "Runtime",
            "Timeout",
            "TracingConfig",
        ]
    }

    fn lacks(&self, properties: &Map<String, Value>) -> Option<String> {
        let runtime = properties.get("Runtime").and_then(Value::as_str)?;
        if runtime.starts_with("provided") {
            return None;
        }
        match Language::of(runtime) {
            Some(language) => aside(|| interpreter(language, runtime)).err(),
            None => Some(format!("the runtime {runtime} is not supported")),
        }
    }

    fn runs_at_once(&self, properties: &Map<String, Value>) -> bool {
        let runtime = properties.get("Runtime").and_then(Value::as_str);
        runtime.and_then(Language::of).is_some()
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("FunctionName", 64);
            let mut input = task.pick(&CONFIGURATION);
            input.extend(task.pick(&["Architectures", "PackageType"]));
            input.insert("FunctionName".to_owned(), name.as_str().into());
            input.insert("Code".to_owned(), Value::Object(code(task)?));
            if let Some(tags) = task.tags()? {
                input.insert("Tags".to_owned(), tags);
            }
            task.call("lambda", "CreateFunction", Value::Object(input)).await?;
            task.began(&name);
            let configuration = active(task, &name).await?;
            reserve(task, &name, None).await?;
            Ok(Created::new(name).with("Arn", text(&configuration, "/FunctionArn")?))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = &before.made.physical_id;
            let differs = |property: &str| task.properties.get(property) != before.properties.get(property);
            if CONFIGURATION.iter().any(|property| differs(property)) {
                let mut input = task.pick(&CONFIGURATION);
                // A property that the template no longer has is reset to the default of a new function.
                let defaults = json!({
                    "DeadLetterConfig": { "TargetArn": "" },
                    "Description": "",
                    "Environment": { "Variables": {} },
                    "EphemeralStorage": { "Size": 512 },
                    "Layers": [],
                    "MemorySize": 128,
                    "Timeout": 3,
                    "TracingConfig": { "Mode": "PassThrough" },
                });
                for (property, default) in defaults.as_object().into_iter().flatten() {
                    if differs(property) && !input.contains_key(property) {
                        input.insert(property.clone(), default.clone());
                    }
                }
                input.insert("FunctionName".to_owned(), name.as_str().into());
                task.call("lambda", "UpdateFunctionConfiguration", Value::Object(input)).await?;
                active(task, name).await?;
            }
            if differs("Code") || differs("Architectures") {
                let mut input = code(task)?;
                input.extend(task.pick(&["Architectures"]));
                input.insert("FunctionName".to_owned(), name.as_str().into());
                task.call("lambda", "UpdateFunctionCode", Value::Object(input)).await?;
            }
            if differs("ReservedConcurrentExecutions") {
                reserve(task, name, Some(before)).await?;
            }
            let configuration = active(task, name).await?;
            Ok(Created::new(name).with("Arn", text(&configuration, "/FunctionArn")?))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("lambda", "DeleteFunction", json!({ "FunctionName": physical_id })).await?;
            Ok(())
        })
    }
}

/// Where the code is. Source text becomes a package.
fn code(task: &Task<'_>) -> Result<Map<String, Value>, Cause> {
    let code = task.properties.get("Code").and_then(Value::as_object);
    let code = code.ok_or_else(|| Cause::Property("the property Code is missing".to_owned()))?;
    if let Some(source) = code.get("ZipFile").and_then(Value::as_str) {
        let runtime = task.properties.get("Runtime").and_then(Value::as_str).unwrap_or_default();
        let language = Language::of(runtime).ok_or_else(|| {
            Cause::Property("Code.ZipFile is source text for nodejs and python runtimes only".to_owned())
        })?;
        let package = inline::package(language, source)
            .map_err(|error| Cause::Property(format!("Code.ZipFile cannot be packed: {error}")))?;
        return Ok(Map::from_iter([("ZipFile".to_owned(), package.into())]));
    }
    let known = ["ImageUri", "S3Bucket", "S3Key", "S3ObjectVersion"];
    match code.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(code.clone()),
        Some(name) => Err(Cause::Property(format!("the embedded cloud does not support Code.{name}"))),
    }
}

/// Waits until no creation or update is pending, and returns the function's configuration.
async fn active(task: &Task<'_>, name: &str) -> Result<Value, Cause> {
    task.settled(|| async move {
        let input = json!({ "FunctionName": name });
        let found = task.call("lambda", "GetFunctionConfiguration", input).await?;
        if found["State"] == "Failed" || found["LastUpdateStatus"] == "Failed" {
            let reason = found["LastUpdateStatusReason"].as_str().or_else(|| found["StateReason"].as_str());
            return Err(Cause::Property(reason.unwrap_or("the function failed to become active").to_owned()));
        }
        let pending = found["State"] == "Pending" || found["LastUpdateStatus"] == "InProgress";
        Ok((!pending).then_some(found))
    })
    .await
}

async fn reserve(task: &Task<'_>, name: &str, before: Option<&Record>) -> Result<(), Cause> {
    match task.properties.get("ReservedConcurrentExecutions") {
        Some(count) => {
            let input = json!({ "FunctionName": name, "ReservedConcurrentExecutions": count });
            task.call("lambda", "PutFunctionConcurrency", input).await?;
        }
        None if before.is_some() => {
            task.call("lambda", "DeleteFunctionConcurrency", json!({ "FunctionName": name })).await?;
        }
        None => {}
    }
    Ok(())
}

/// Sets or removes the provisioned concurrency of a version or an alias.
async fn provision(task: &Task<'_>, qualifier: &str, is_update: bool) -> Result<(), Cause> {
    let mut input = task.pick(&["FunctionName"]);
    input.insert("Qualifier".to_owned(), qualifier.into());
    let Some(config) = task.properties.get("ProvisionedConcurrencyConfig") else {
        if is_update {
            task.call("lambda", "DeleteProvisionedConcurrencyConfig", Value::Object(input)).await?;
        }
        return Ok(());
    };
    let count = config.get("ProvisionedConcurrentExecutions");
    let count = count.ok_or_else(|| {
        Cause::Property("ProvisionedConcurrencyConfig lacks ProvisionedConcurrentExecutions".to_owned())
    })?;
    input.insert("ProvisionedConcurrentExecutions".to_owned(), count.clone());
    task.call("lambda", "PutProvisionedConcurrencyConfig", Value::Object(input)).await?;
    Ok(())
}

/// `AWS::Lambda::Version`.
#[derive(Debug)]
pub(super) struct Version;

impl ResourceType for Version {
    fn properties(&self) -> Properties {
        &[
            ("CodeSha256", Text),
            ("Description", Text),
            ("FunctionName", Text),
            ("ProvisionedConcurrencyConfig", Parts(&[("ProvisionedConcurrentExecutions", Integer)])),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["FunctionArn", "Version"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            task.required("FunctionName")?;
            let input = Value::Object(task.pick(&["CodeSha256", "Description", "FunctionName"]));
            let output = task.call("lambda", "PublishVersion", input).await?;
            let (arn, version) = (text(&output, "/FunctionArn")?, text(&output, "/Version")?);
            task.began(&arn);
            provision(task, &version, false).await?;
            Ok(Created::new(arn.clone()).with("FunctionArn", arn).with("Version", version))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let (function, version) = physical_id.rsplit_once(':').unwrap_or((physical_id, ""));
            let input = json!({ "FunctionName": function, "Qualifier": version });
            task.call("lambda", "DeleteFunction", input).await?;
            Ok(())
        })
    }
}

/// `AWS::Lambda::Alias`.
#[derive(Debug)]
pub(super) struct Alias;

impl Alias {
    const MEMBERS: [&str; 5] = ["Description", "FunctionName", "FunctionVersion", "Name", "RoutingConfig"];

    fn described(output: &Value) -> Result<Created, Cause> {
        let arn = text(output, "/AliasArn")?;
        Ok(Created::new(arn.clone()).with("AliasArn", arn))
    }
}

impl ResourceType for Alias {
    fn properties(&self) -> Properties {
        &[
            ("Description", Text),
            ("FunctionName", Text),
            ("FunctionVersion", Text),
            ("Name", Text),
            ("ProvisionedConcurrencyConfig", Parts(&[("ProvisionedConcurrentExecutions", Integer)])),
            ("RoutingConfig", Parts(&[("FunctionVersion", Text), ("FunctionWeight", Number)])),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["AliasArn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Description", "FunctionVersion", "ProvisionedConcurrencyConfig", "RoutingConfig"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let input = Value::Object(task.pick(&Self::MEMBERS));
            let output = task.call("lambda", "CreateAlias", input).await?;
            let made = Self::described(&output)?;
            task.began(&made.physical_id);
            provision(task, task.required("Name")?, false).await?;
            Ok(made)
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let input = Value::Object(task.pick(&Self::MEMBERS));
            let output = task.call("lambda", "UpdateAlias", input).await?;
            provision(task, task.required("Name")?, true).await?;
            Self::described(&output)
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let input = Value::Object(task.pick(&["FunctionName", "Name"]));
            task.call("lambda", "DeleteAlias", input).await?;
            Ok(())
        })
    }
}
