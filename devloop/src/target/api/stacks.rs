//! CloudFormation's stacks: their resources and outputs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::{ApiError, Call, document};
use crate::target::api::Client;

/// Error codes that mean that there is no such stack, or no CloudFormation: some servers have Lambda alone.
const NO_STACK: [&str; 3] = ["ValidationError", "UnknownOperationException", "InternalFailure"];

/// CloudFormation in one region.
#[derive(Clone, Copy)]
pub(in crate::target) struct Stacks<'a>(pub(in crate::target) &'a Client);

impl Stacks<'_> {
    /// The names of the stack's Lambda functions by logical id; `None` if there is no such stack.
    pub(in crate::target) async fn functions(
        &self,
        stack: &str,
    ) -> Result<Option<BTreeMap<String, String>>, ApiError> {
        let Some(answer) = self.ask("DescribeStackResources", stack).await? else { return Ok(None) };
        let mut resources = answer["DescribeStackResourcesResult"]["StackResources"].clone();
        if let Some(resources) = resources.as_array_mut() {
            resources.retain(|resource| resource["ResourceType"] == "AWS::Lambda::Function");
        }
        Ok(Some(pairs(&resources, "LogicalResourceId", "PhysicalResourceId")))
    }

    /// The stack's outputs by name; `None` if there is no such stack.
    pub(in crate::target) async fn outputs(
        &self,
        stack: &str,
    ) -> Result<Option<BTreeMap<String, String>>, ApiError> {
        let Some(answer) = self.ask("DescribeStacks", stack).await? else { return Ok(None) };
        let outputs = &answer["DescribeStacksResult"]["Stacks"][0]["Outputs"];
        Ok(Some(pairs(outputs, "OutputKey", "OutputValue")))
    }

    async fn ask(&self, action: &str, stack: &str) -> Result<Option<Value>, ApiError> {
        let call = Call::query("cloudformation", "2010-05-15", action, &[("StackName", stack)]);
        match self.0.send(&call).await {
            Ok(answer) => Ok(Some(document(&String::from_utf8_lossy(&answer.body)))),
            Err(error) if NO_STACK.contains(&error.code()) || error.status() == 501 => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Two texts of every member of a list that has both.
fn pairs(list: &Value, first: &str, second: &str) -> BTreeMap<String, String> {
    let text = |member: &Value, name: &str| member[name].as_str().map(str::to_owned);
    let members = list.as_array().into_iter().flatten();
    members.filter_map(|member| Some((text(member, first)?, text(member, second)?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::pairs;

    #[test]
    fn members_that_lack_a_text_are_left_out() {
        let list = json!([{ "Key": "a", "Value": "1" }, { "Key": "b" }, "odd"]);
        assert_eq!(
            pairs(&list, "Key", "Value").into_iter().collect::<Vec<_>>(),
            [("a".to_owned(), "1".to_owned())]
        );
        assert!(pairs(&json!(""), "Key", "Value").is_empty());
    }
}
