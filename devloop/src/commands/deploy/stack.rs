//! Brings a stack to what its template says, by a change set, and deletes it.

use std::path::Path;

use serde_json::Value;

use super::assembly::{Stack, read_json};
use super::cloud::{Cloud, Deployed, Object, failed};
use super::progress::Progress;
use super::say;
use crate::bus;
use crate::error::UserError;

/// The longest template in a request, in bytes [CloudFormation quotas]. A longer one is read from a bucket.
const LONGEST_BODY: u64 = 51_200;

/// What a template may need leave for. A deployment of a CDK app gives it for all.
const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];

/// A stack as it is to be.
pub(super) struct Order<'a> {
    pub(super) name: &'a str,
    pub(super) region: &'a str,
    pub(super) body: Body,
    pub(super) tags: &'a [(String, String)],
    /// Values of parameters.
    pub(super) parameters: &'a [(String, String)],
    /// The parameters that the template declares. They keep the values that the stack has.
    pub(super) declared: Vec<String>,
    pub(super) is_protected: bool,
}

/// A template.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Text(String),
    /// The URL of an object.
    Url(String),
}

impl<'a> Order<'a> {
    /// A stack of a CDK app, whose files have been uploaded.
    pub(super) fn of(cloud: &Cloud, stack: &'a Stack) -> Result<Self, UserError> {
        let template = read_json(&stack.template)?;
        let declared = template["Parameters"].as_object().into_iter().flatten();
        Ok(Self {
            name: &stack.name,
            declared: declared.map(|(name, _)| name.clone()).collect(),
            region: &stack.region,
            body: Body::of(cloud, &stack.template, stack.template_object.as_ref())?,
            tags: &stack.tags,
            parameters: &stack.parameters,
            is_protected: stack.is_protected,
        })
    }
}

impl Body {
    /// The file's text where it is short; otherwise the object with the same text.
    fn of(cloud: &Cloud, file: &Path, object: Option<&Object>) -> Result<Self, UserError> {
        let unreadable = |error: std::io::Error| {
            UserError::failure("cdk_output", format!("read {}: {error}", file.display()))
        };
        let is_long = file.metadata().map_err(unreadable)?.len() > LONGEST_BODY;
        Ok(match object {
            Some(object) if is_long => Self::Url(format!("{}{}", cloud.client.shown(), object.path())),
            _ => Self::Text(std::fs::read_to_string(file).map_err(unreadable)?),
        })
    }

    fn parameter(&self) -> (&'static str, &str) {
        match self {
            Self::Text(text) => ("TemplateBody", text),
            Self::Url(url) => ("TemplateURL", url),
        }
    }
}

/// A change set that says what would change; `None` if nothing would.
pub(super) async fn plan(
    cloud: &Cloud,
    order: &Order<'_>,
    before: Option<&Deployed>,
) -> Result<Option<Planned>, UserError> {
    let what = format!("compare the stack {} with its template", order.name);
    let is_new = before.is_none_or(|stack| stack.status() == "REVIEW_IN_PROGRESS");
    let name = format!("devloop-{}", bus::wall());
    let mut given: Vec<(String, String)> = vec![
        ("StackName".to_owned(), order.name.to_owned()),
        ("ChangeSetName".to_owned(), name),
        ("ChangeSetType".to_owned(), if is_new { "CREATE" } else { "UPDATE" }.to_owned()),
    ];
    let (member, text) = order.body.parameter();
    given.push((member.to_owned(), text.to_owned()));
    for (at, capability) in CAPABILITIES.iter().enumerate() {
        given.push((format!("Capabilities.member.{}", at + 1), (*capability).to_owned()));
    }
    for (at, (key, value)) in order.tags.iter().enumerate() {
        given.push((format!("Tags.member.{}.Key", at + 1), key.clone()));
        given.push((format!("Tags.member.{}.Value", at + 1), value.clone()));
    }
    for (at, (key, value)) in order.parameters.iter().enumerate() {
        given.push((format!("Parameters.member.{}.ParameterKey", at + 1), key.clone()));
        given.push((format!("Parameters.member.{}.ParameterValue", at + 1), value.clone()));
    }
    let kept = before.filter(|_| !is_new).into_iter().flat_map(Deployed::parameters).filter(|name| {
        let is_given = order.parameters.iter().any(|(given, _)| given == name);
        !is_given && order.declared.iter().any(|declared| declared == name)
    });
    for (at, name) in kept.enumerate() {
        let at = order.parameters.len() + at + 1;
        given.push((format!("Parameters.member.{at}.ParameterKey"), name.to_owned()));
        given.push((format!("Parameters.member.{at}.UsePreviousValue"), "true".to_owned()));
    }
    let given: Vec<(&str, &str)> =
        given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let made = cloud.formation(order.region, "CreateChangeSet", &given).await.map_err(failed(&what))?;
    let id = made["Id"].as_str().unwrap_or_default().to_owned();
    let stack = made["StackId"].as_str().unwrap_or_default().to_owned();
    let mut planned = Planned { id, stack, changes: Vec::new() };
    match described(cloud, order, &mut planned).await {
        Ok(true) => Ok(Some(planned)),
        Ok(false) => {
            planned.discard(cloud, order.region).await;
            Ok(None)
        }
        Err(error) => {
            planned.discard(cloud, order.region).await;
            if is_new {
                // Nothing but the plan made this stack, so that a corrected template finds none.
                let _ = cloud.formation(order.region, "DeleteStack", &[("StackName", &planned.stack)]).await;
            }
            Err(error)
        }
    }
}

/// Reads what the change set says; gives back whether there is something to change.
async fn described(cloud: &Cloud, order: &Order<'_>, planned: &mut Planned) -> Result<bool, UserError> {
    let what = format!("compare the stack {} with its template", order.name);
    let mut token: Option<String> = None;
    loop {
        let mut asked = vec![("ChangeSetName", planned.id.as_str()), ("IncludePropertyValues", "true")];
        asked.extend(token.as_deref().map(|token| ("NextToken", token)));
        let page = cloud.formation(order.region, "DescribeChangeSet", &asked).await.map_err(failed(&what))?;
        if page["Status"] == "FAILED" {
            let reason = page["StatusReason"].as_str().unwrap_or_default();
            if reason.contains("didn't contain changes") {
                return Ok(false);
            }
            let message = format!("deploy the stack {}: {reason}", order.name);
            return Err(UserError::failure("stack_refused", message));
        }
        planned.changes.extend(page["Changes"].as_array().into_iter().flatten().cloned());
        match page["NextToken"].as_str() {
            Some(next) if !next.is_empty() => token = Some(next.to_owned()),
            _ => return Ok(true),
        }
    }
}

/// A change set.
pub(super) struct Planned {
    id: String,
    /// The stack's id.
    stack: String,
    /// The changes as `DescribeChangeSet` shows them.
    pub(super) changes: Vec<Value>,
}

impl Planned {
    /// Deletes the change set. That it stays would do no harm.
    pub(super) async fn discard(&self, cloud: &Cloud, region: &str) {
        let _ = cloud.formation(region, "DeleteChangeSet", &[("ChangeSetName", &self.id)]).await;
    }
}

/// Brings the stack to what its template says, and tells of every resource if `is_shown`; `None` if nothing was to be changed.
pub(super) async fn apply(
    cloud: &Cloud,
    order: &Order<'_>,
    is_shown: bool,
) -> Result<Option<Deployed>, UserError> {
    let what = format!("deploy the stack {}", order.name);
    let mut before = cloud.stack(order.region, order.name).await.map_err(failed(&what))?;
    if let Some(stack) = before.take_if(|stack| stack.status() == "ROLLBACK_COMPLETE") {
        say(&format!("stack      {}: removing what is left of its failed creation", order.name));
        remove(cloud, order.region, &stack, order.name, false).await?;
    }
    let done = match plan(cloud, order, before.as_ref()).await? {
        None => None,
        Some(planned) => {
            if is_shown {
                say(&format!("stack      {}: {}", order.name, counted(planned.changes.len(), "change")));
            }
            let mut progress = Progress::from_now(cloud, order.region, &planned.stack, is_shown).await?;
            let given = [("ChangeSetName", planned.id.as_str())];
            let executed = cloud.formation(order.region, "ExecuteChangeSet", &given);
            let status = progress.follow(&what, executed).await?;
            if status.contains("ROLLBACK") || status.ends_with("_FAILED") {
                return Err(unsuccessful(&what, &progress.failures, &status));
            }
            cloud.stack(order.region, &planned.stack).await.map_err(failed(&what))?
        }
    };
    let now = done.as_ref().or(before.as_ref());
    if now.is_some_and(|stack| stack.is_protected() != order.is_protected) {
        let is_on = order.is_protected.to_string();
        let given = [("StackName", order.name), ("EnableTerminationProtection", is_on.as_str())];
        let action = "UpdateTerminationProtection";
        cloud.formation(order.region, action, &given).await.map_err(failed(&what))?;
    }
    Ok(done)
}

/// Deletes the stack, and tells of every resource if `is_shown`; gives back what was kept.
pub(super) async fn remove(
    cloud: &Cloud,
    region: &str,
    stack: &Deployed,
    name: &str,
    is_shown: bool,
) -> Result<Vec<String>, UserError> {
    let what = format!("destroy the stack {name}");
    let mut progress = Progress::from_now(cloud, region, stack.id(), is_shown).await?;
    let given = [("StackName", stack.id())];
    let status = progress.follow(&what, cloud.formation(region, "DeleteStack", &given)).await?;
    if status == "DELETE_COMPLETE" {
        return Ok(progress.kept);
    }
    Err(unsuccessful(&what, &progress.failures, &status))
}

fn unsuccessful(what: &str, failures: &[String], status: &str) -> UserError {
    let end = match status {
        "ROLLBACK_COMPLETE" => "everything new was removed again",
        "UPDATE_ROLLBACK_COMPLETE" => "the stack is as it was before",
        _ => "the stack stays as it is",
    };
    let why = if failures.is_empty() { "the cloud gives no reason".to_owned() } else { failures.join("; ") };
    UserError::failure("stack_failed", format!("{what}: {why}; {end} ({status})"))
}

/// A count with its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_why_and_how_it_ended() {
        let check = |failures: &[&str], status: &str, expected: &str| {
            let failures: Vec<String> = failures.iter().map(|&failure| failure.to_owned()).collect();
            assert_eq!(unsuccessful("deploy the stack s", &failures, status).problem.message, expected);
        };
        check(
            &["Q (T) could not be added: taken", "P (T) could not be added: cancelled"],
            "UPDATE_ROLLBACK_COMPLETE",
            "deploy the stack s: Q (T) could not be added: taken; P (T) could not be added: cancelled; the stack is as it \
             was before (UPDATE_ROLLBACK_COMPLETE)",
        );
        check(
            &[],
            "DELETE_FAILED",
            "deploy the stack s: the cloud gives no reason; the stack stays as it is (DELETE_FAILED)",
        );
    }
}
