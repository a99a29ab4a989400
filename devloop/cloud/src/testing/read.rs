//! What a test reads: who was invoked with what, what was stored, what was logged.

use std::time::Duration;

use serde_json::{Value, json};

use super::{TestCloud, TestError};

/// How long something may take that was caused and is waited for, in the machine's time.
const PATIENCE: Duration = Duration::from_secs(10);

/// An event that a function got.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Invoked {
    /// The function's name in the cloud.
    pub function: String,
    /// The invocation's id; retries have the same one.
    pub request_id: String,
    /// The event.
    pub event: Value,
    /// Why the function failed, as `errorType: errorMessage`; none when it succeeded, or runs still.
    pub error: Option<String>,
    /// Whether the function works on it still.
    pub is_running: bool,
}

impl Invoked {
    fn of(event: &Value) -> Self {
        let text = |member: &str| event[member].as_str().map(str::to_owned);
        Self {
            function: text("function").unwrap_or_default(),
            request_id: text("request_id").unwrap_or_default(),
            event: event["payload"].clone(),
            error: text("error"),
            is_running: event["state"] == "running",
        }
    }
}

impl TestCloud {
    /// The last events of all functions, the oldest first: at most 20 of each function.
    pub fn events(&self) -> Vec<Invoked> {
        let shown = self.cloud.recent_events();
        shown["events"].as_array().into_iter().flatten().map(Invoked::of).collect()
    }

    /// Those of them that failed.
    pub fn failures(&self) -> Vec<Invoked> {
        self.events().into_iter().filter(|event| event.error.is_some()).collect()
    }

    /// Waits until the function has ended `least` invocations, and returns all that it got, at most the last 20.
    ///
    /// # Errors
    ///
    /// [`TestError::Waited`] when that does not happen within ten seconds, [`TestError::NoFunction`] when there is no such function.
    pub async fn invoked(&self, function: &str, least: usize) -> Result<Vec<Invoked>, TestError> {
        let name = self.name_of(function)?;
        let mut ended = self.cloud.events_ended();
        let waiting = async {
            loop {
                let events: Vec<Invoked> =
                    self.events().into_iter().filter(|event| event.function == name).collect();
                if events.iter().filter(|event| !event.is_running).count() >= least {
                    return events;
                }
                if ended.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.map_err(|_| TestError::Waited(format!("invocation {least} of {function}")))
    }

    /// The items of a DynamoDB table, with their attributes as DynamoDB writes them.
    ///
    /// # Errors
    ///
    /// [`TestError::Refused`] when there is no such table.
    pub async fn items(&self, table: &str) -> Result<Vec<Value>, TestError> {
        let mut items = Vec::new();
        let mut input = json!({ "TableName": table, "ConsistentRead": true });
        loop {
            let mut page = self.call("dynamodb", "Scan", input.clone()).await?;
            if let Some(found) = page["Items"].as_array_mut() {
                items.append(found);
            }
            match page.get_mut("LastEvaluatedKey") {
                Some(key) => input["ExclusiveStartKey"] = key.take(),
                None => return Ok(items),
            }
        }
    }

    /// The bodies of the messages that a queue would deliver now. Reading takes nothing away: they are visible again at once.
    ///
    /// # Errors
    ///
    /// [`TestError::Refused`] when there is no such queue.
    pub async fn messages(&self, queue_url: &str) -> Result<Vec<String>, TestError> {
        let mut found = Vec::new();
        let mut taken = Vec::new();
        loop {
            let input = json!({ "QueueUrl": queue_url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 60 });
            let answer = self.call("sqs", "ReceiveMessage", input).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                found.push(message["Body"].as_str().unwrap_or_default().to_owned());
                taken.push(message["ReceiptHandle"].clone());
            }
        }
        for handle in taken {
            let input = json!({ "QueueUrl": queue_url, "ReceiptHandle": handle, "VisibilityTimeout": 0 });
            self.call("sqs", "ChangeMessageVisibility", input).await?;
        }
        Ok(found)
    }

    /// The lines that a function has logged, with those that Lambda writes, in their order.
    ///
    /// # Errors
    ///
    /// [`TestError::NoFunction`] when there is no such function.
    pub async fn log(&self, function: &str) -> Result<Vec<String>, TestError> {
        let name = self.name_of(function)?;
        let input = json!({ "logGroupName": format!("/aws/lambda/{name}") });
        let answer = match self.call("logs", "FilterLogEvents", input).await {
            // Nothing was logged yet.
            Err(TestError::Refused(error)) if error.code == "ResourceNotFoundException" => {
                return Ok(Vec::new());
            }
            answer => answer?,
        };
        let events = answer["events"].as_array().into_iter().flatten();
        Ok(events.filter_map(|event| event["message"].as_str().map(str::to_owned)).collect())
    }
}
