//! `AWS::Serverless::Function` [AWS::Serverless::Function, AWS SAM Developer Guide].

use serde_json::{Map, Value, json};

use super::{
    Build, Outcome, Written, events, invoke_config, publish, role, url,
    value::{attribute, pick, reference, s3_place, tag_list},
};

/// Properties that are passed to the Lambda function under the same name.
const PASSED: [&str; 22] = [
    "Architectures",
    "CodeSigningConfigArn",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "FunctionName",
    "Handler",
    "ImageConfig",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "RecursiveLoop",
    "ReservedConcurrentExecutions",
    "Runtime",
    "RuntimeManagementConfig",
    "SnapStart",
    "TenancyConfig",
    "Timeout",
    "VpcConfig",
];

/// The other supported properties.
const OTHERS: [&str; 23] = [
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CodeUri",
    "DeadLetterQueue",
    "EventInvokeConfig",
    "Events",
    "FunctionUrlConfig",
    "ImageUri",
    "InlineCode",
    "PermissionsBoundary",
    "Policies",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "Role",
    "RolePath",
    "SourceKMSKeyArn",
    "Tags",
    "Tracing",
    "VersionDeletionPolicy",
    "VersionDescription",
    "DeploymentPreference",
];

/// A function whose resources are being created.
pub(super) struct Function {
    pub(super) written: Written,
    /// The properties of the Lambda function.
    pub(super) lambda: Map<String, Value>,
    /// The logical id of the alias, if there is one.
    pub(super) alias: Option<String>,
    /// The role that is created for it; `None` if the function names a role.
    pub(super) role: Option<role::Role>,
    /// The attributes of every resource that is created for it.
    pub(super) passed_on: Map<String, Value>,
}

impl Function {
    pub(super) fn id(&self) -> &str {
        &self.written.id
    }

    /// A reference to the function, or to the alias, as mappings and permissions need it.
    pub(super) fn name(&self) -> Value {
        reference(self.alias.as_deref().unwrap_or(self.id()))
    }

    /// The ARN of the function or its alias.
    pub(super) fn arn(&self) -> Value {
        self.alias.as_deref().map_or_else(|| attribute(self.id(), "Arn"), reference)
    }

    /// A property as the template has it.
    pub(super) fn property(&self, name: &str) -> Option<&Value> {
        self.written.properties.get(name)
    }

    /// The attributes of the resources that are created for events.
    pub(super) fn of_events(&self) -> Map<String, Value> {
        pick(&self.passed_on, &["Condition", "DeletionPolicy", "UpdateReplacePolicy"])
    }

    /// The mode of X-Ray tracing, unless it is disabled.
    pub(super) fn tracing(&self, build: &Build<'_>) -> Option<&Value> {
        self.property("Tracing").filter(|mode| build.resolved(mode) != "Disabled")
    }

    /// Its tags as a list. With `PropagateTags`, SAM's own tag is left out.
    pub(super) fn tags(&self) -> Value {
        let propagates =
            self.property("PropagateTags") == Some(&Value::Bool(true)) && self.property("Tags").is_some();
        tag_list(self.property("Tags"), (!propagates).then_some("lambda:createdBy"))
    }
}

/// Adds the function and everything that it generates to the template.
pub(super) fn make(build: &mut Build<'_>, written: Written) -> Outcome<()> {
    written.only(&[&PASSED[..], &OTHERS[..]].concat())?;
    if written.properties.contains_key("DeploymentPreference") {
        return Err("DeploymentPreference needs CodeDeploy, which is not supported; leave it out here with a condition".to_owned());
    }
    if written.properties.get("Role").is_some_and(|role| role.get("Fn::If").is_some()) {
        return Err("a Role that is chosen by Fn::If is not supported".to_owned());
    }
    let passed_on = written.passed_on();
    let mut lambda = pick(&written.properties, &PASSED);
    let mut attributes = written.attributes.clone();
    let code = code(&written, &mut attributes)?;
    lambda.insert("Code".to_owned(), code);
    let mut function = Function { written, lambda, alias: None, role: None, passed_on };
    if let Some(mode) = function.tracing(build) {
        let mode = json!({ "Mode": mode });
        function.lambda.insert("TracingConfig".to_owned(), mode);
    }
    if let Some(queue) = function.property("DeadLetterQueue") {
        let target = queue.get("TargetArn").ok_or("DeadLetterQueue needs Type and TargetArn")?;
        let target = json!({ "TargetArn": target });
        function.lambda.insert("DeadLetterConfig".to_owned(), target);
    }
    let tags = function.tags();
    function.lambda.insert("Tags".to_owned(), tags);

    let published = publish::version_and_alias(build, &mut function)?;
    url::make(build, &function)?;
    let policies = invoke_config::make(build, &function)?;
    match function.property("Role").cloned() {
        Some(role) => {
            function.lambda.insert("Role".to_owned(), role);
        }
        None => {
            function.role = Some(role::Role::of(build, &function, policies)?);
            let arn = attribute(&format!("{}Role", function.id()), "Arn");
            function.lambda.insert("Role".to_owned(), arn);
        }
    }
    events::make(build, &mut function)?;
    for (id, kind, attributes, properties) in published {
        build.add(id, kind, &attributes, properties);
    }
    if let Some(role) = function.role.take() {
        build.add(
            format!("{}Role", function.id()),
            "AWS::IAM::Role",
            &function.passed_on,
            role.into_properties(),
        );
    }
    let id = function.id().to_owned();
    build.add(id, "AWS::Lambda::Function", &attributes, Value::Object(function.lambda));
    Ok(())
}

/// The location of the code. A path on this machine goes into the metadata, as the CDK and SAM's own tool write it.
fn code(written: &Written, attributes: &mut Map<String, Value>) -> Outcome<Value> {
    let property = |name: &str| written.properties.get(name);
    let mut code = if property("PackageType").is_some_and(|kind| kind == "Image") {
        json!({ "ImageUri": property("ImageUri").ok_or("ImageUri is missing")? })
    } else if let Some(text) = property("InlineCode") {
        json!({ "ZipFile": text })
    } else {
        match property("CodeUri") {
            Some(place) => match s3_place(place, ["S3Bucket", "S3Key", "S3ObjectVersion"]) {
                Some(code) => code,
                None => {
                    let metadata = attributes.entry("Metadata").or_insert(json!({}));
                    if let Some(metadata) = metadata.as_object_mut() {
                        metadata.entry("aws:asset:path").or_insert(place.clone());
                    }
                    json!({})
                }
            },
            // SAM's own tool builds a function without `CodeUri` from the template's folder.
            None => json!({}),
        }
    };
    if let Some(key) = property("SourceKMSKeyArn") {
        code["SourceKMSKeyArn"] = key.clone();
    }
    Ok(code)
}
