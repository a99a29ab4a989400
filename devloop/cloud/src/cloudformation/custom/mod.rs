//! `AWS::CloudFormation::CustomResource` and every `Custom::…`: resources that a function of the template's author makes, or a
//! subscriber of a topic. The request carries an address of this server, to which the answer is sent [Custom resource request and
//! response reference, CloudFormation User Guide].

mod answers;
mod request;

use std::{
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::timeout;

use answers::Answer;
pub(super) use answers::{Answers, PATH};
use request::{Request, Verb};

use super::service::CloudFormation;
use crate::{
    arn::Arn,
    error::ApiError,
    functions::Invocation,
    resource::{Cause, Created, Doing, Properties, Record, ResourceType, Shape::Text, Task},
};

/// The name that the table of types has for all of them.
pub(super) const KIND: &str = "AWS::CloudFormation::CustomResource";

/// The prefix of the types that a template's author names.
pub(super) const PREFIX: &str = "Custom::";

/// How many bytes of an answer are read. An answer that is longer than CloudFormation allows, but not than this, gets an error
/// that says so.
pub(super) const LONGEST_SENT: usize = 1024 * 1024;

/// How long an answer may take, in seconds: without the property `ServiceTimeout`, and the largest value of that property.
const LONGEST: u64 = 3_600;

/// How long a function that has deleted its resource may still run before its stack goes on, in the machine's time.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The type.
#[derive(Debug)]
pub(super) struct Custom(pub(super) Weak<CloudFormation>);

impl ResourceType for Custom {
    fn properties(&self) -> Properties {
        &[("ServiceTimeout", Text), ("ServiceToken", Text)]
    }

    fn is_open(&self) -> bool {
        true
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let answer = self.ask(task, Verb::Create).await?;
            if let Some(id) = &answer.physical_id {
                // A resource whose creation failed has to be deleted too, if it has an id.
                task.began(id);
            }
            answer.made(None)
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            if task.differs(before, "ServiceToken") {
                return Err(Cause::Property("Modifying service token is not allowed.".to_owned()));
            }
            let physical_id = &before.made.physical_id;
            let answer = self.ask(task, Verb::Update { physical_id, before: &before.properties }).await?;
            answer.made(Some(physical_id))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            let answer = self.ask(task, Verb::Delete { physical_id }).await?;
            answer.made(Some(physical_id)).map(|_| ())
        })
    }
}

impl Custom {
    /// Sends the request and waits for its answer. A function that ends with an error before it has answered is not waited for; AWS
    /// calls it twice more and then waits until the time is over.
    async fn ask(&self, task: &Task<'_>, verb: Verb<'_>) -> Result<Answer, Cause> {
        let stopping = || ApiError::internal("the cloud is stopping");
        let service = self.0.upgrade().ok_or_else(stopping)?;
        let limit = time_limit(task)?;
        let token = task.required("ServiceToken")?;
        let stack = service.stacks.by_name(task.cx, task.stack());
        let stack_id = stack.map(|stack| stack.id.clone()).unwrap_or_default();
        let mut expected = service.answers.expect(&task.cx.endpoint);
        let request = Request { verb, token, url: &expected.url, id: &expected.id, stack_id: &stack_id };
        let document = request.document(task);
        let over = {
            let message = format!(
                "CloudFormation did not receive a response from your Custom Resource within {} s. Please check your logs \
                 for requestId [{}].",
                limit.as_secs(),
                expected.id
            );
            Cause::Property(message)
        };
        let mut time = pin!(service.clock().sleep(limit));
        let mut calling = pin!(call(&service, task, token, &document));
        let mut has_ended = false;
        loop {
            tokio::select! {
                biased;
                answer = &mut expected.answer => {
                    let answer = answer.map_err(|_| stopping())?;
                    if matches!(verb, Verb::Delete { .. }) && !has_ended {
                        // The stack may delete the function next, and with it what it has not logged yet.
                        let _ = timeout(LAST_WORDS, calling.as_mut()).await;
                    }
                    return Ok(answer.with_hint(service.node_packages()));
                }
                outcome = &mut calling, if !has_ended => match outcome? {
                    None => has_ended = true,
                    // The function may have answered before it failed.
                    Some(failure) => return expected.answer.try_recv().map_err(|_| failure),
                },
                () = &mut time => return Err(over),
            }
        }
    }
}

/// Sends the request. Returns why no answer will come, if the function has failed.
async fn call(
    service: &Arc<CloudFormation>,
    task: &Task<'_>,
    token: &str,
    document: &Value,
) -> Result<Option<Cause>, Cause> {
    let refused = || {
        Cause::Property(format!(
            "ServiceToken is `{token}`; expected the ARN of a function or of a topic of SNS"
        ))
    };
    match Arn::parse(token).map(|arn| arn.service) {
        Some("lambda") => {
            let functions = service.functions()?;
            let payload = Bytes::from(document.to_string());
            let invocation = Invocation { payload, ..Invocation::default() };
            let outcome = functions.invoke(task.cx, token, invocation).await?;
            let failed = outcome.function_error.map(|_| {
                let said = String::from_utf8_lossy(&outcome.payload);
                Cause::Property(format!("the function {token} failed before it had answered: {said}"))
            });
            Ok(failed)
        }
        Some("sns") => {
            let subject = "AWS CloudFormation custom resource request";
            let input = json!({ "TopicArn": token, "Subject": subject, "Message": document.to_string() });
            task.call("sns", "Publish", input).await?;
            Ok(None)
        }
        _ => Err(refused()),
    }
}

/// How long the answer may take.
fn time_limit(task: &Task<'_>) -> Result<Duration, Cause> {
    let Some(text) = task.text("ServiceTimeout") else { return Ok(Duration::from_secs(LONGEST)) };
    let seconds = text.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        Cause::Property(format!("ServiceTimeout is `{text}`; expected whole seconds from 1 to {LONGEST}"))
    })?;
    Ok(Duration::from_secs(seconds))
}
