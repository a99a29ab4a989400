//! Handles one event: each of its objects becomes JSON, or a report says why it cannot.

use std::collections::HashMap;
use std::time::Instant;

use functions_common::{Handler, Invocation, InvocationError, Level, Row, Times};
use serde_json::{Value, json};
use xml_model::{LARGEST, convert, error_key, output_key, read, to_json};

use crate::event::{Event, Record};
use crate::objects::{Fault, Head, Objects, Put, Written};
use crate::rules::{Rules, Source};

/// How often a conversion starts again because another environment has written the result meanwhile.
const TRIES: usize = 5;

/// The function's answer: an HTTP response for a person, null for S3.
pub type Answer = Value;

/// The function.
#[derive(Debug)]
pub struct Process<O, S> {
    /// The buckets.
    pub objects: O,
    /// The rules.
    pub rules: Rules<S>,
    /// The bucket of JSON files, unless the event names another one.
    pub to_bucket: String,
    /// The table of rules, unless the event names another.
    pub table: String,
}

/// How an object ended.
enum Ending {
    Converted,
    /// The existing result was made from a newer change.
    Superseded,
    /// It can never be converted; a report was written.
    Refused(String),
}

impl<O: Objects, S: Source> Handler for Process<O, S> {
    type Event = Option<Event>;
    type Answer = Answer;

    async fn handle(
        &self,
        event: Option<Event>,
        invocation: &mut Invocation,
    ) -> Result<Answer, InvocationError> {
        let event = event.unwrap_or_default();
        let manual = event.records.is_empty() || event.is_manual();
        if event.records.is_empty() {
            return Ok(envelope(400, "Missing mandatory parameter: EVENT"));
        }
        invocation.expect_records(event.records.len());
        let mut first = None;
        for record in &event.records {
            let started = Instant::now();
            let outcome = self.one(&event, record).await;
            let (outcome, level, error) = match &outcome {
                Ok(Ending::Converted) => ("converted", Level::Info, None),
                Ok(Ending::Superseded) => ("superseded", Level::Info, None),
                Ok(Ending::Refused(why)) => ("refused", Level::Error, Some(why.clone())),
                Err(fault) => {
                    first = first.or_else(|| Some(fault.clone()));
                    ("failed", Level::Error, Some(fault.to_string()))
                }
            };
            invocation.log(&Row {
                level,
                record_id: &record.sequencer(),
                key: Some(&record.key()),
                outcome,
                elapsed: started.elapsed(),
                message: None,
                error: error.as_deref(),
                times: Times::default(),
            });
        }
        match (first, manual) {
            (None, _) => {
                let done: Vec<String> = event
                    .records
                    .iter()
                    .map(|record| format!("{} {}", record.name(), record.key()))
                    .collect();
                Ok(envelope(200, &format!("SUCCESS! Events: {} were processed", done.join(", "))))
            }
            (Some(Fault::Rules(_)), true) => Ok(envelope(500, "DynamoDB error")),
            (Some(_), true) => Ok(envelope(500, "S3 error")),
            (Some(fault), false) => {
                Err(InvocationError { kind: "ObjectsFailed", message: fault.to_string() })
            }
        }
    }
}

fn envelope(status: u16, message: &str) -> Answer {
    json!({ "statusCode": status, "body": json!({ "message": message }).to_string() })
}

impl<O: Objects, S: Source> Process<O, S> {
    async fn one(&self, event: &Event, record: &Record) -> Result<Ending, Fault> {
        let key = record.key();
        let to_bucket = event.to_bucket.as_deref().unwrap_or(&self.to_bucket);
        let target = output_key(&key);
        if to_bucket == record.bucket() && target == key {
            return Ok(Ending::Refused("the result would overwrite its source".to_owned()));
        }
        // Two changes of one object may be converted at the same time. The later write is only accepted if it replaces what its
        // conversion has compared itself with, so the result of an older change never takes the place of a newer one.
        for _ in 0..TRIES {
            let there = self.objects.head(to_bucket, &target).await?;
            if is_newer(there.as_ref(), &record.sequencer()) {
                return Ok(Ending::Superseded);
            }
            let replaces = there.map(|there| there.etag);
            if let Some(ending) = self.attempt(event, record, to_bucket, target.clone(), replaces).await? {
                return Ok(ending);
            }
        }
        Err(Fault::Objects(format!("{target} was written by others {TRIES} times meanwhile")))
    }

    /// Converts the object as it is now; `None` if the result was written by another environment meanwhile.
    async fn attempt(
        &self,
        event: &Event,
        record: &Record,
        to_bucket: &str,
        target: String,
        replaces: Option<String>,
    ) -> Result<Option<Ending>, Fault> {
        let (bucket, key, sequencer) = (record.bucket(), record.key(), record.sequencer());
        let object = self.objects.get(bucket, &key, LARGEST + 1).await?;
        let wanted = object.metadata.get("rule-id").map(|id| id.parse::<u64>());
        let id = match wanted {
            Some(Ok(id)) => id,
            Some(Err(_)) => {
                let why = "the metadata rule-id is not a number".to_owned();
                return self.refuse(to_bucket, &key, &why, None, &object.etag, &sequencer).await;
            }
            None => event.rule_id.unwrap_or(1),
        };
        let table = event.dynamodb_resource.as_deref().unwrap_or(&self.table);
        let rule = self.rules.get(table, id).await?;
        let tree = match read(&object.bytes, &rule) {
            Ok(tree) => tree,
            Err(error) => {
                let place = Some((error.line, error.column, id));
                return self.refuse(to_bucket, &key, &error.reason, place, &object.etag, &sequencer).await;
            }
        };
        let body = to_json(&convert(tree, &rule));
        let metadata = stamped(&object.etag, &sequencer);
        let put = Put { bucket: to_bucket.to_owned(), key: target, body, metadata, replaces };
        Ok(match self.objects.put(put).await? {
            Written::Stored => Some(Ending::Converted),
            Written::Outrun => None,
        })
    }

    /// Writes a report of why an object is not converted, since trying again would change nothing; `None` if another environment
    /// has written the report meanwhile.
    async fn refuse(
        &self,
        bucket: &str,
        key: &str,
        reason: &str,
        place: Option<(usize, usize, u64)>,
        etag: &str,
        sequencer: &str,
    ) -> Result<Option<Ending>, Fault> {
        let there = self.objects.head(bucket, &error_key(key)).await?;
        if is_newer(there.as_ref(), sequencer) {
            return Ok(Some(Ending::Superseded));
        }
        let mut report = json!({ "key": key, "reason": reason, "etag": etag });
        if let Some((line, column, rule)) = place {
            report["line"] = line.into();
            report["column"] = column.into();
            report["rule"] = rule.into();
        }
        let put = Put {
            bucket: bucket.to_owned(),
            key: error_key(key),
            body: format!("{report:#}"),
            metadata: stamped(etag, sequencer),
            replaces: there.map(|there| there.etag),
        };
        Ok(match self.objects.put(put).await? {
            Written::Stored => Some(Ending::Refused(reason.to_owned())),
            Written::Outrun => None,
        })
    }
}

/// Whether an object was made from a change that came after the one with this sequencer.
fn is_newer(there: Option<&Head>, sequencer: &str) -> bool {
    let newer = there.and_then(|there| there.metadata.get("source-sequencer"));
    newer.is_some_and(|newer| newer.as_str() > sequencer)
}

/// Metadata that says from which change of the source a result was made.
fn stamped(etag: &str, sequencer: &str) -> HashMap<String, String> {
    [("source-etag", etag), ("source-sequencer", sequencer)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}
