//! CloudFormation's stacks: their resources and outputs.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::aws::{ApiError, Call};
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
        let Some(text) = self.ask("DescribeStackResources", stack).await? else { return Ok(None) };
        let resources = members(&text, "StackResources");
        Ok(Some(
            resources
                .into_iter()
                .filter(|resource| {
                    resource.get("ResourceType").is_some_and(|kind| kind == "AWS::Lambda::Function")
                })
                .filter_map(|mut resource| {
                    Some((resource.remove("LogicalResourceId")?, resource.remove("PhysicalResourceId")?))
                })
                .collect(),
        ))
    }

    /// The stack's outputs by name; `None` if there is no such stack.
    pub(in crate::target) async fn outputs(
        &self,
        stack: &str,
    ) -> Result<Option<BTreeMap<String, String>>, ApiError> {
        let Some(text) = self.ask("DescribeStacks", stack).await? else { return Ok(None) };
        let outputs = members(&text, "Outputs").into_iter();
        let pair = |mut output: BTreeMap<String, String>| {
            Some((output.remove("OutputKey")?, output.remove("OutputValue")?))
        };
        Ok(Some(outputs.filter_map(pair).collect()))
    }

    async fn ask(&self, action: &str, stack: &str) -> Result<Option<String>, ApiError> {
        let call = Call::query("cloudformation", "2010-05-15", action, &[("StackName", stack)]);
        match self.0.send(&call).await {
            Ok(answer) => Ok(Some(String::from_utf8_lossy(&answer.body).into_owned())),
            Err(error) if NO_STACK.contains(&error.code()) || error.status() == 501 => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The texts of every `member` of the list, by the name of their element.
fn members(xml: &str, list: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = Reader::from_str(xml);
    let (mut path, mut found): (Vec<String>, Vec<BTreeMap<String, String>>) = (Vec::new(), Vec::new());
    loop {
        let inside = path.iter().position(|name| name == list).map(|at| path.len() - at - 1);
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                if inside == Some(0) {
                    found.push(BTreeMap::new());
                }
                path.push(start.local_name().as_ref().to_owned());
            }
            Ok(Event::End(_)) => {
                path.pop();
            }
            Ok(Event::Text(text)) if inside == Some(2) => {
                if let (Some(member), Some(name)) = (found.last_mut(), path.last()) {
                    member.entry(name.clone()).or_default().push_str(text.as_ref());
                }
            }
            Ok(Event::GeneralRef(reference)) if inside == Some(2) => {
                let character = quick_xml::escape::resolve_predefined_entity(reference.as_ref());
                if let (Some(member), Some(name), Some(text)) = (found.last_mut(), path.last(), character) {
                    member.entry(name.clone()).or_default().push_str(text);
                }
            }
            Ok(Event::Eof) | Err(_) => return found,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::members;

    #[test]
    fn members_of_a_list_are_read_with_their_texts() {
        let xml = "<R><Result><Stacks><member><Outputs>\
            <member><OutputKey>Url</OutputKey><OutputValue>http://a/?b=1&amp;c=2</OutputValue></member>\
            <member><OutputKey>Name</OutputKey><Tags><member>x</member></Tags></member>\
            </Outputs></member></Stacks></Result><Rest>y</Rest></R>";
        let found = members(xml, "Outputs");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0]["OutputValue"], "http://a/?b=1&c=2");
        assert_eq!(found[1].iter().collect::<Vec<_>>(), [(&"OutputKey".to_owned(), &"Name".to_owned())]);
        assert!(members("<a><b>", "Outputs").is_empty());
    }
}
