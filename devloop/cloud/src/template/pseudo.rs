//! The pseudo parameters [Pseudo parameters reference, CloudFormation User Guide].

use serde_json::Value;

use crate::context::Context;

/// The pseudo parameters of one stack.
#[derive(Debug, Clone)]
pub(crate) struct Pseudo {
    pub(super) cx: Context,
    stack_name: String,
    stack_id: String,
}

impl Pseudo {
    /// The pseudo parameters of the stack `name`, whose id is `id`.
    pub(crate) fn new(cx: &Context, name: &str, id: String) -> Self {
        Self { cx: cx.clone(), stack_name: name.to_owned(), stack_id: id }
    }

    /// The value of a pseudo parameter other than `AWS::NoValue`.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        Some(Value::from(match name {
            "AWS::AccountId" => &*self.cx.account,
            "AWS::Region" => &*self.cx.region,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => self.stack_name.as_str(),
            "AWS::StackId" => self.stack_id.as_str(),
            "AWS::NotificationARNs" => return Some(Value::Array(Vec::new())),
            _ => return None,
        }))
    }

    /// Whether a name is a pseudo parameter.
    pub(crate) fn knows(&self, name: &str) -> bool {
        name == "AWS::NoValue" || self.get(name).is_some()
    }
}
