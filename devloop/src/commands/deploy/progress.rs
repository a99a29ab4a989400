//! What a stack's operation does, told while it does it.

use serde_json::Value;

use super::cloud::{Cloud, PAUSE, failed, members};
use super::say;
use crate::aws::ApiError;
use crate::error::UserError;

/// The type of a stack's own events.
const STACK: &str = "AWS::CloudFormation::Stack";

/// One stack whose events are followed.
pub(super) struct Progress<'a> {
    cloud: &'a Cloud,
    region: &'a str,
    /// The stack's id, by which a deleted one is found too.
    stack: String,
    /// The newest event that was told.
    last: Option<String>,
    /// Whether events are told to people.
    is_shown: bool,
    /// What failed, each a part of a sentence.
    pub(super) failures: Vec<String>,
    /// What was kept although it is no longer in the stack.
    pub(super) kept: Vec<String>,
}

impl<'a> Progress<'a> {
    /// Follows the stack from now on.
    pub(super) async fn from_now(
        cloud: &'a Cloud,
        region: &'a str,
        stack: &str,
        is_shown: bool,
    ) -> Result<Self, UserError> {
        let (stack, failures, kept) = (stack.to_owned(), Vec::new(), Vec::new());
        let mut this = Self { cloud, region, stack, last: None, is_shown, failures, kept };
        this.news().await.map_err(failed("read the stack's events"))?;
        Ok(this)
    }

    /// Tells what happens until the request has been answered and the operation has ended; gives back the stack's last state.
    pub(super) async fn follow(
        &mut self,
        what: &str,
        request: impl Future<Output = Result<Value, ApiError>>,
    ) -> Result<String, UserError> {
        let mut request = std::pin::pin!(request);
        loop {
            tokio::select! {
                answer = &mut request => {
                    answer.map_err(failed(what))?;
                    break;
                }
                () = tokio::time::sleep(PAUSE) => self.tell().await?,
            }
        }
        loop {
            let found = self.cloud.stack(self.region, &self.stack).await.map_err(failed(what))?;
            self.tell().await?;
            let status =
                found.map_or_else(|| "DELETE_COMPLETE".to_owned(), |stack| stack.status().to_owned());
            if !status.ends_with("_IN_PROGRESS") {
                return Ok(status);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn tell(&mut self) -> Result<(), UserError> {
        for event in self.news().await.map_err(failed("read the stack's events"))? {
            let Some(Told { line, what }) = told(&event) else { continue };
            if self.is_shown {
                say(&format!("           {line}"));
            }
            match what {
                What::Failed => self.failures.push(line),
                What::Kept => self.kept.push(line),
                What::Done => {}
            }
        }
        Ok(())
    }

    /// The events that came since the last look, the oldest first.
    async fn news(&mut self) -> Result<Vec<Value>, ApiError> {
        let mut news = Vec::new();
        let mut token: Option<String> = None;
        'pages: loop {
            let mut parameters = vec![("StackName", self.stack.as_str())];
            parameters.extend(token.as_deref().map(|token| ("NextToken", token)));
            let page = self.cloud.formation(self.region, "DescribeStackEvents", &parameters).await?;
            for event in members(&page["StackEvents"]) {
                if event["EventId"].as_str() == self.last.as_deref() {
                    break 'pages;
                }
                news.push(event.clone());
            }
            match page["NextToken"].as_str() {
                Some(next) if !next.is_empty() => token = Some(next.to_owned()),
                _ => break,
            }
        }
        if let Some(newest) = news.first().and_then(|event| event["EventId"].as_str()) {
            self.last = Some(newest.to_owned());
        }
        news.reverse();
        Ok(news)
    }
}

/// A line about an event.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    line: String,
    what: What,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Done,
    Failed,
    Kept,
}

/// What people are told of an event; `None` for the beginning of the work on a resource.
fn told(event: &Value) -> Option<Told> {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let (kind, status, reason) = (text("ResourceType"), text("ResourceStatus"), text("ResourceStatusReason"));
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    if kind == STACK && event["PhysicalResourceId"] == event["StackId"] {
        let is_back = ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"].contains(&status);
        return is_back.then(|| Told { line: "undoing everything".to_owned(), what: What::Done });
    }
    let (did, what) = match status {
        "CREATE_COMPLETE" => ("added", What::Done),
        "UPDATE_COMPLETE" => ("changed", What::Done),
        "DELETE_COMPLETE" => ("removed", What::Done),
        "DELETE_SKIPPED" => ("kept, as its policy says", What::Kept),
        "CREATE_FAILED" => ("could not be added", What::Failed),
        "UPDATE_FAILED" => ("could not be changed", What::Failed),
        "DELETE_FAILED" => ("could not be removed", What::Failed),
        _ => return None,
    };
    let because = if what == What::Failed { because } else { String::new() };
    Some(Told { line: format!("{} ({kind}) {did}{because}", text("LogicalResourceId")), what })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let check = |status: &str, expected: Option<(&str, What)>| {
            let event = json!({
                "LogicalResourceId": "Q", "ResourceType": "AWS::SQS::Queue", "ResourceStatus": status,
                "ResourceStatusReason": "taken", "PhysicalResourceId": "q", "StackId": "s",
            });
            let expected = expected.map(|(line, what)| Told { line: line.to_owned(), what });
            assert_eq!(told(&event), expected, "{status}");
        };
        check("CREATE_IN_PROGRESS", None);
        check("CREATE_COMPLETE", Some(("Q (AWS::SQS::Queue) added", What::Done)));
        check("UPDATE_COMPLETE", Some(("Q (AWS::SQS::Queue) changed", What::Done)));
        check("DELETE_COMPLETE", Some(("Q (AWS::SQS::Queue) removed", What::Done)));
        check("DELETE_SKIPPED", Some(("Q (AWS::SQS::Queue) kept, as its policy says", What::Kept)));
        check("CREATE_FAILED", Some(("Q (AWS::SQS::Queue) could not be added: taken", What::Failed)));
        check("UPDATE_FAILED", Some(("Q (AWS::SQS::Queue) could not be changed: taken", What::Failed)));
        check("DELETE_FAILED", Some(("Q (AWS::SQS::Queue) could not be removed: taken", What::Failed)));
        let own = |status: &str| {
            told(&json!({
                "LogicalResourceId": "s", "ResourceType": STACK, "ResourceStatus": status,
                "PhysicalResourceId": "arn", "StackId": "arn",
            }))
        };
        assert_eq!(own("CREATE_COMPLETE"), None);
        assert_eq!(own("UPDATE_ROLLBACK_IN_PROGRESS").unwrap().line, "undoing everything");
    }
}
