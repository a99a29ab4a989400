//! The answers of custom resources, and the operations that wait for them [Custom resource response objects, CloudFormation User
//! Guide].

use std::{collections::HashMap, path::Path, sync::Arc};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::{
    resource::{Cause, Created},
    wire,
};

/// Where answers are sent, with the secret part of the address behind it.
pub(in super::super) const PATH: &str = "/_aws/cloudformation-custom-resource-response/";

/// The longest answer, in bytes.
pub(in super::super) const LONGEST: usize = 4_096;

/// The longest id of a resource, in bytes.
const LONGEST_ID: usize = 1_024;

/// An answer as it was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Answer {
    status: Option<String>,
    reason: Option<String>,
    #[serde(rename = "PhysicalResourceId")]
    pub(super) physical_id: Option<String>,
    request_id: Option<String>,
    data: Option<Map<String, Value>>,
}

impl Answer {
    /// Reads an answer. A body that is no valid answer counts as one that reports a failure.
    fn read(body: &[u8]) -> Self {
        let failed = |reason: &str| Self {
            status: Some("FAILED".to_owned()),
            reason: Some(reason.to_owned()),
            ..Self::default()
        };
        if body.len() > LONGEST {
            return failed("Response object is too long.");
        }
        serde_json::from_slice(body)
            .unwrap_or_else(|error| failed(&format!("Invalid Response object: {error}")))
    }

    /// The same answer; if a package of the AWS SDK was missing, its reason says how to install it in `folder`. The CDK's handler for
    /// `AwsCustomResource` says only that it does not exist.
    pub(super) fn with_hint(mut self, folder: Option<&Path>) -> Self {
        let package = |reason: &str| {
            let package = reason.strip_prefix("Package ")?.strip_suffix(" does not exist.")?;
            package.starts_with("@aws-sdk/").then(|| package.to_owned())
        };
        if let (Some(reason), Some(folder)) = (&mut self.reason, folder)
            && let Some(package) = package(reason)
        {
            *reason = format!(
                "{reason} It comes with Lambda's Node.js; here it is installed with: npm install --prefix {} {package}",
                folder.display()
            );
        }
        self
    }

    /// The resource that was made, or why it was not. It keeps the id `before` if the answer names none.
    pub(super) fn made(self, before: Option<&str>) -> Result<Created, Cause> {
        let wrong = |why: String| Err(Cause::Property(why));
        match self.status.as_deref() {
            Some("SUCCESS") => {}
            Some("FAILED") => {
                let id = self.request_id.map(|id| format!(" (RequestId: {id})")).unwrap_or_default();
                return wrong(format!(
                    "Received response status [FAILED] from custom resource. Message returned: {}{id}",
                    self.reason.as_deref().unwrap_or("no Reason was given"),
                ));
            }
            status => {
                let status = status.unwrap_or("null");
                return wrong(format!(
                    "Invalid Response object: Status is {status}; expected SUCCESS or FAILED"
                ));
            }
        }
        let id = self.physical_id.as_deref().or(before).unwrap_or_default();
        if id.is_empty() || id.len() > LONGEST_ID {
            return wrong(format!("Invalid PhysicalResourceId: it has 1 to {LONGEST_ID} bytes"));
        }
        let mut made = Created::new(id);
        for (name, value) in self.data.unwrap_or_default() {
            let text = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            made = made.with(name, text);
        }
        Ok(made)
    }
}

/// The operations that wait for an answer, by the secret part of its address.
#[derive(Debug, Default)]
pub(in super::super) struct Answers(Arc<Mutex<HashMap<String, oneshot::Sender<Answer>>>>);

/// An answer that is awaited until this is dropped.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) answer: oneshot::Receiver<Answer>,
    secret: String,
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<Answer>>>>,
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.secret);
    }
}

impl Answers {
    /// An address for one answer, on the server at `endpoint`. It cannot be guessed.
    pub(super) fn expect(&self, endpoint: &str) -> Expected {
        let (id, secret) = (wire::unique_id().to_string(), wire::unique_id().simple().to_string());
        let (sender, answer) = oneshot::channel();
        self.0.lock().insert(secret.clone(), sender);
        // Some libraries write the word `null` behind an address that has no query.
        let url = format!("{endpoint}{PATH}{secret}?X-Amz-Expires=7200");
        Expected { id, url, answer, secret, waiting: Arc::clone(&self.0) }
    }

    /// Takes an answer. Returns false if no operation waits for it.
    pub(in super::super) fn take(&self, path: &str, body: &[u8]) -> bool {
        let sender = path.strip_prefix(PATH).and_then(|secret| self.0.lock().remove(secret));
        sender.is_some_and(|sender| sender.send(Answer::read(body)).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_says_what_was_made_or_why_not() {
        type Expected<'e> = Result<(&'e str, &'e [(&'e str, &'e str)]), &'e str>;
        let check = |answer: Value, before: Option<&str>, expected: Expected| {
            let found = Answer::read(answer.to_string().as_bytes()).made(before);
            let found = found.map_err(|cause| cause.to_string());
            let expected = expected.map(|(id, attributes)| {
                let made = Created::new(id);
                attributes.iter().fold(made, |made, (name, value)| made.with((*name).to_owned(), *value))
            });
            assert_eq!(found, expected.map_err(str::to_owned), "{answer}");
        };
        check(
            json!({ "Status": "SUCCESS", "PhysicalResourceId": "p", "Data": { "A": "a", "N": 1, "a.b": true } }),
            None,
            Ok(("p", &[("A", "a"), ("N", "1"), ("a.b", "true")])),
        );
        check(json!({ "Status": "SUCCESS" }), Some("before"), Ok(("before", &[])));
        check(
            json!({ "Status": "SUCCESS" }),
            None,
            Err("Invalid PhysicalResourceId: it has 1 to 1024 bytes"),
        );
        check(
            json!({ "Status": "FAILED", "Reason": "no luck", "RequestId": "r" }),
            None,
            Err(
                "Received response status [FAILED] from custom resource. Message returned: no luck (RequestId: r)",
            ),
        );
        check(
            json!({ "Status": "success" }),
            None,
            Err("Invalid Response object: Status is success; expected SUCCESS or FAILED"),
        );
        check(
            json!({ "Status": "SUCCESS", "Data": { "A": "a".repeat(5_000) } }),
            None,
            Err(
                "Received response status [FAILED] from custom resource. Message returned: Response object is too long.",
            ),
        );
        check(json!([]), None, Err("Invalid Response object: Status is null; expected SUCCESS or FAILED"));
    }

    #[test]
    fn the_reason_says_how_to_install_a_missing_package() {
        let check = |reason: &str, expected: &str| {
            let answer = Answer { reason: Some(reason.to_owned()), ..Answer::default() };
            let told = answer.with_hint(Some(Path::new("/app"))).reason;
            assert_eq!(told.as_deref(), Some(expected));
        };
        check(
            "Package @aws-sdk/client-ssm does not exist.",
            "Package @aws-sdk/client-ssm does not exist. It comes with Lambda's Node.js; here it is installed with: \
             npm install --prefix /app @aws-sdk/client-ssm",
        );
        check("Package left-pad does not exist.", "Package left-pad does not exist.");
        check("out of paint", "out of paint");
    }

    #[test]
    fn an_answer_reaches_the_one_who_waits_once() {
        let answers = Answers::default();
        let mut expected = answers.expect("http://127.0.0.1:1");
        let path =
            expected.url.strip_prefix("http://127.0.0.1:1").unwrap().split('?').next().unwrap().to_owned();
        assert!(!answers.take(&format!("{PATH}other"), b"{}"));
        assert!(answers.take(&path, br#"{"Status":"SUCCESS"}"#));
        assert_eq!(expected.answer.try_recv().unwrap().status.as_deref(), Some("SUCCESS"));
        assert!(!answers.take(&path, b"{}"));
        let dropped = answers.expect("http://127.0.0.1:1");
        let path =
            dropped.url.strip_prefix("http://127.0.0.1:1").unwrap().split('?').next().unwrap().to_owned();
        drop(dropped);
        assert!(!answers.take(&path, b"{}"));
    }
}
