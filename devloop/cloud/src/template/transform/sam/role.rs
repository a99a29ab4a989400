//! The role that SAM creates for a function without a role.

use serde_json::{Map, Value, json};

use super::{Build, Outcome, function::Function, policies, value::assumed_by};

/// A role whose policies are being collected.
#[derive(Debug)]
pub(super) struct Role {
    properties: Map<String, Value>,
    managed: Vec<Value>,
    inline: Vec<Value>,
}

impl Role {
    /// The role of `function`; `destinations` are the policies for its destinations.
    pub(super) fn of(build: &Build<'_>, function: &Function, destinations: Vec<Value>) -> Outcome<Self> {
        let mut role = Self { properties: Map::new(), managed: Vec::new(), inline: Vec::new() };
        let document = function.property("AssumeRolePolicyDocument").cloned();
        let document = document.unwrap_or_else(|| assumed_by("lambda.amazonaws.com"));
        role.properties.insert("AssumeRolePolicyDocument".to_owned(), document);
        for (from, to) in [("RolePath", "Path"), ("PermissionsBoundary", "PermissionsBoundary")] {
            if let Some(value) = function.property(from) {
                role.properties.insert(to.to_owned(), value.clone());
            }
        }
        role.properties.insert("Tags".to_owned(), function.tags());
        role.manage(policies::managed("AWSLambdaBasicExecutionRole"));
        if function.tracing(build).is_some() {
            role.manage(policies::managed("AWSXrayWriteOnlyAccess"));
        }
        if function.property("VpcConfig").is_some() {
            role.manage(policies::managed("AWSLambdaVPCAccessExecutionRole"));
        }
        if let Some(queue) = function.property("DeadLetterQueue") {
            let action = match queue.get("Type").and_then(Value::as_str) {
                Some("SQS") => "sqs:SendMessage",
                Some("SNS") => "sns:Publish",
                _ => return Err("DeadLetterQueue needs a Type, SQS or SNS".to_owned()),
            };
            role.inline.push(json!({
                "PolicyName": "DeadLetterQueuePolicy",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{ "Action": action, "Resource": queue["TargetArn"], "Effect": "Allow" }],
                },
            }));
        }
        role.inline.extend(destinations);
        for (index, policy) in policies::listed(function.property("Policies")).into_iter().enumerate() {
            match policies::read(build, &policy)? {
                policies::Policy::Managed(arn) => role.manage(arn),
                policies::Policy::Document(document) => role.inline.push(json!({
                    "PolicyName": format!("{}RolePolicy{index}", function.id()),
                    "PolicyDocument": document,
                })),
            }
        }
        Ok(role)
    }

    /// Adds a managed policy, unless it is there already.
    pub(super) fn manage(&mut self, arn: Value) {
        if !self.managed.contains(&arn) {
            self.managed.push(arn);
        }
    }

    /// Adds a policy, unless one with the same document is there already.
    pub(super) fn allow(&mut self, policy: Value) {
        if !self.inline.iter().any(|known| known["PolicyDocument"] == policy["PolicyDocument"]) {
            self.inline.push(policy);
        }
    }

    /// The properties of `AWS::IAM::Role`.
    pub(super) fn into_properties(mut self) -> Value {
        self.properties.insert("ManagedPolicyArns".to_owned(), Value::Array(self.managed));
        if !self.inline.is_empty() {
            self.properties.insert("Policies".to_owned(), Value::Array(self.inline));
        }
        Value::Object(self.properties)
    }
}
