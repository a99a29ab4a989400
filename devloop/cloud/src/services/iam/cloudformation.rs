//! `AWS::IAM::Role`, `AWS::IAM::Policy` and `AWS::IAM::ManagedPolicy`.

use serde_json::{Map, Value, json};

use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Integer, Text, Texts},
    Task, tag_list, text,
};

fn document(task: &Task<'_>, property: &str) -> Result<String, Cause> {
    let document = task.properties.get(property);
    document
        .map(Value::to_string)
        .ok_or_else(|| Cause::Property(format!("the property {property} is missing")))
}

/// `AWS::IAM::Role`.
#[derive(Debug)]
pub(super) struct Role;

impl Role {
    /// The inline policies of the role: name and document.
    fn policies(properties: &Map<String, Value>) -> Result<Vec<(String, String)>, Cause> {
        let malformed =
            || Cause::Property("Policies must be a list of PolicyName and PolicyDocument".to_owned());
        let Some(policies) = properties.get("Policies") else { return Ok(Vec::new()) };
        let policies = policies.as_array().ok_or_else(malformed)?;
        let read = |policy: &Value| {
            let name = policy.get("PolicyName")?.as_str()?.to_owned();
            Some((name, policy.get("PolicyDocument")?.to_string()))
        };
        policies.iter().map(|policy| read(policy).ok_or_else(malformed)).collect()
    }
}

impl ResourceType for Role {
    fn properties(&self) -> Properties {
        &[
            ("AssumeRolePolicyDocument", Any),
            ("Description", Text),
            ("ManagedPolicyArns", Texts),
            ("MaxSessionDuration", Integer),
            ("Path", Text),
            ("PermissionsBoundary", Text),
            ("Policies", Any),
            ("RoleName", Text),
            ("Tags", Shape::TAGS),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn", "RoleId"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &[
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Policies",
            "Tags",
        ]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.name("RoleName", 64);
            let policies = Self::policies(task.properties)?;
            let mut input =
                task.pick(&["Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags"]);
            input.insert("RoleName".to_owned(), name.as_str().into());
            let trust = document(task, "AssumeRolePolicyDocument")?;
            input.insert("AssumeRolePolicyDocument".to_owned(), trust.into());
            let output = task.call("iam", "CreateRole", Value::Object(input)).await?;
            task.began(&name);
            for arn in task.texts("ManagedPolicyArns") {
                task.call("iam", "AttachRolePolicy", json!({ "RoleName": name, "PolicyArn": arn })).await?;
            }
            for (policy, document) in policies {
                let input = json!({ "RoleName": name, "PolicyName": policy, "PolicyDocument": document });
                task.call("iam", "PutRolePolicy", input).await?;
            }
            Ok(Created::new(name)
                .with("Arn", text(&output, "/Role/Arn")?)
                .with("RoleId", text(&output, "/Role/RoleId")?))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = before.made.physical_id.as_str();
            let call = async |operation: &str, mut input: Value| {
                input["RoleName"] = name.into();
                task.call("iam", operation, input).await
            };
            if task.differs(before, "AssumeRolePolicyDocument") {
                let trust = document(task, "AssumeRolePolicyDocument")?;
                call("UpdateAssumeRolePolicy", json!({ "PolicyDocument": trust })).await?;
            }
            if task.differs(before, "Description") || task.differs(before, "MaxSessionDuration") {
                let seconds =
                    task.properties.get("MaxSessionDuration").cloned().unwrap_or_else(|| 3_600.into());
                let description = task.text("Description").unwrap_or_default();
                let input = json!({ "Description": description, "MaxSessionDuration": seconds });
                call("UpdateRole", input).await?;
            }
            let arns = task.texts("ManagedPolicyArns");
            for arn in
                texts_of(before, "ManagedPolicyArns").iter().filter(|arn| !arns.contains(&arn.as_str()))
            {
                absent_is_fine(call("DetachRolePolicy", json!({ "PolicyArn": arn })).await)?;
            }
            for arn in arns {
                call("AttachRolePolicy", json!({ "PolicyArn": arn })).await?;
            }
            let policies = Self::policies(task.properties)?;
            for (policy, _) in Self::policies(&before.properties)? {
                if !policies.iter().any(|(kept, _)| *kept == policy) {
                    absent_is_fine(call("DeleteRolePolicy", json!({ "PolicyName": policy })).await)?;
                }
            }
            for (policy, document) in policies {
                call("PutRolePolicy", json!({ "PolicyName": policy, "PolicyDocument": document })).await?;
            }
            let (gone, tags) = task.tag_changes(before)?;
            if !gone.is_empty() {
                call("UntagRole", json!({ "TagKeys": gone })).await?;
            }
            if !tags.is_empty() {
                call("TagRole", json!({ "Tags": tag_list(&tags) })).await?;
            }
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            for arn in task.texts("ManagedPolicyArns") {
                let input = json!({ "RoleName": physical_id, "PolicyArn": arn });
                absent_is_fine(task.call("iam", "DetachRolePolicy", input).await)?;
            }
            for (policy, _) in Self::policies(task.properties)? {
                let input = json!({ "RoleName": physical_id, "PolicyName": policy });
                absent_is_fine(task.call("iam", "DeleteRolePolicy", input).await)?;
            }
            task.call("iam", "DeleteRole", json!({ "RoleName": physical_id })).await?;
            Ok(())
        })
    }
}

/// The texts of a list property before the change.
fn texts_of(before: &Record, property: &str) -> Vec<String> {
    let items = before.properties.get(property).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn absent_is_fine(outcome: Result<Value, Cause>) -> Result<(), Cause> {
    match outcome {
        Err(cause) if !cause.is_absence() => Err(cause),
        _ => Ok(()),
    }
}

/// `AWS::IAM::Policy`: an inline policy of roles.
#[derive(Debug)]
pub(super) struct Policy;

impl ResourceType for Policy {
    fn properties(&self) -> Properties {
        &[("PolicyDocument", Any), ("PolicyName", Text), ("Roles", Texts)]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["PolicyDocument", "Roles"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let name = task.required("PolicyName")?;
            let document = document(task, "PolicyDocument")?;
            task.began(name);
            for role in task.texts("Roles") {
                let input = json!({ "RoleName": role, "PolicyName": name, "PolicyDocument": document });
                task.call("iam", "PutRolePolicy", input).await?;
            }
            Ok(Created::new(name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let made = self.create(task).await?;
            let roles = task.texts("Roles");
            for role in texts_of(before, "Roles").iter().filter(|role| !roles.contains(&role.as_str())) {
                let input = json!({ "RoleName": role, "PolicyName": before.made.physical_id });
                absent_is_fine(task.call("iam", "DeleteRolePolicy", input).await)?;
            }
            Ok(made)
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            for role in task.texts("Roles") {
                let input = json!({ "RoleName": role, "PolicyName": physical_id });
                absent_is_fine(task.call("iam", "DeleteRolePolicy", input).await)?;
            }
            Ok(())
        })
    }
}

/// `AWS::IAM::ManagedPolicy`: a policy that is attached to roles.
#[derive(Debug)]
pub(super) struct ManagedPolicy;

impl ResourceType for ManagedPolicy {
    fn properties(&self) -> Properties {
        &[
            ("Description", Text),
            ("ManagedPolicyName", Text),
            ("Path", Text),
            ("PolicyDocument", Any),
            ("Roles", Texts),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["PolicyArn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["PolicyDocument", "Roles"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = task.pick(&["Description", "Path"]);
            input.insert("PolicyName".to_owned(), task.name("ManagedPolicyName", 128).into());
            input.insert("PolicyDocument".to_owned(), document(task, "PolicyDocument")?.into());
            let output = task.call("iam", "CreatePolicy", Value::Object(input)).await?;
            let arn = text(&output, "/Policy/Arn")?;
            task.began(&arn);
            for role in task.texts("Roles") {
                task.call("iam", "AttachRolePolicy", json!({ "RoleName": role, "PolicyArn": arn })).await?;
            }
            Ok(Created::new(arn.clone()).with("PolicyArn", arn))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let arn = &before.made.physical_id;
            if task.differs(before, "PolicyDocument") {
                let found = task.call("iam", "GetPolicy", json!({ "PolicyArn": arn })).await?;
                let version = text(&found, "/Policy/DefaultVersionId")?;
                let document = document(task, "PolicyDocument")?;
                let input = json!({ "PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true });
                task.call("iam", "CreatePolicyVersion", input).await?;
                // A managed policy has at most five versions.
                task.call("iam", "DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": version }))
                    .await?;
            }
            let roles = task.texts("Roles");
            for role in texts_of(before, "Roles").iter().filter(|role| !roles.contains(&role.as_str())) {
                let input = json!({ "RoleName": role, "PolicyArn": arn });
                absent_is_fine(task.call("iam", "DetachRolePolicy", input).await)?;
            }
            for role in roles {
                task.call("iam", "AttachRolePolicy", json!({ "RoleName": role, "PolicyArn": arn })).await?;
            }
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            for role in task.texts("Roles") {
                let input = json!({ "RoleName": role, "PolicyArn": physical_id });
                absent_is_fine(task.call("iam", "DetachRolePolicy", input).await)?;
            }
            task.call("iam", "DeletePolicy", json!({ "PolicyArn": physical_id })).await?;
            Ok(())
        })
    }
}
