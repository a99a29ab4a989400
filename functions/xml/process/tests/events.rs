//! The function with a test's own buckets and rules.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use functions_common::{Handler as _, Invocation, InvocationError};
use lambda_runtime::Context;
use serde_json::{Value, json};
use xml_model::Rule;
use xml_process::{Event, Fault, Head, Object, Objects, Process, Put, Rules, Source, Written};

/// Buckets in memory; the first `failures` reads fail.
#[derive(Debug, Default)]
struct Buckets {
    objects: Mutex<HashMap<String, Object>>,
    failures: Mutex<usize>,
    /// What another environment writes, by bucket and key, after the next read of a file.
    meanwhile: Mutex<Vec<(String, Object)>>,
}

impl Buckets {
    fn with(files: &[(&str, &str)]) -> Self {
        let buckets = Self::default();
        for (place, text) in files {
            let object =
                Object { bytes: text.as_bytes().to_vec(), etag: "e".to_owned(), ..Object::default() };
            buckets.objects.lock().unwrap().insert((*place).to_owned(), object);
        }
        buckets
    }

    fn text(&self, place: &str) -> Option<String> {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.get(place).map(|object| String::from_utf8(object.bytes.clone()).unwrap())
    }
}

impl Objects for Buckets {
    async fn get(&self, bucket: &str, key: &str, _: usize) -> Result<Object, Fault> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(Fault::Objects("SlowDown".to_owned()));
        }
        let found = self.objects.lock().unwrap().get(&format!("{bucket}/{key}")).cloned();
        self.objects.lock().unwrap().extend(self.meanwhile.lock().unwrap().drain(..));
        found.ok_or_else(|| Fault::Missing(key.to_owned()))
    }

    async fn head(&self, bucket: &str, key: &str) -> Result<Option<Head>, Fault> {
        let objects = self.objects.lock().unwrap();
        let found = objects.get(&format!("{bucket}/{key}"));
        Ok(found.map(|object| Head { etag: object.etag.clone(), metadata: object.metadata.clone() }))
    }

    async fn put(&self, object: Put) -> Result<Written, Fault> {
        let place = format!("{}/{}", object.bucket, object.key);
        let mut objects = self.objects.lock().unwrap();
        if objects.get(&place).map(|there| there.etag.clone()) != object.replaces {
            return Ok(Written::Outrun);
        }
        let etag = format!("{} objects", objects.len());
        let stored = Object { bytes: object.body.into_bytes(), etag, metadata: object.metadata };
        objects.insert(place, stored);
        Ok(Written::Stored)
    }
}

/// A table of rules that counts how often it is read.
#[derive(Debug, Clone)]
struct Table(Arc<Mutex<HashMap<u64, Value>>>, Arc<AtomicUsize>);

impl Table {
    fn with(rules: &[(u64, Value)]) -> Self {
        Self(Arc::new(Mutex::new(rules.iter().cloned().collect())), Arc::default())
    }
}

impl Source for Table {
    async fn rule(&self, table: &str, id: u64) -> Result<Option<Value>, Fault> {
        if table == "missing" {
            return Err(Fault::Rules("ResourceNotFoundException".to_owned()));
        }
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(self.0.lock().unwrap().get(&id).cloned())
    }

    async fn store(&self, _: &str, id: u64, rule: &Value) -> Result<(), Fault> {
        self.0.lock().unwrap().insert(id, rule.clone());
        Ok(())
    }
}

fn function(files: &[(&str, &str)], rules: &[(u64, Value)]) -> Process<Buckets, Table> {
    Process {
        objects: Buckets::with(files),
        rules: Rules::new(Table::with(rules), true),
        to_bucket: "json-data".to_owned(),
        table: "rulesTable".to_owned(),
    }
}

fn record(key: &str, sequencer: &str) -> Value {
    json!({
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": { "bucket": { "name": "xml-data" }, "object": { "key": key, "sequencer": sequencer } },
    })
}

async fn handle(function: &Process<Buckets, Table>, event: Value) -> Result<Value, InvocationError> {
    let event: Option<Event> = serde_json::from_value(event).unwrap();
    function.handle(event, &mut Invocation::new("test", &Context::default())).await
}

#[tokio::test]
async fn a_file_becomes_json_beside_its_name() {
    let function = function(&[("xml-data/a b.xml", "<items/>")], &[]);
    handle(&function, json!({ "Records": [record("a+b.xml", "1")] })).await.unwrap();
    assert_eq!(function.objects.text("json-data/a b.json").unwrap(), "{\n    \"products\": []\n}");
}

#[tokio::test]
async fn the_reference_rule_is_stored_when_the_table_has_none() {
    let function = function(&[("xml-data/a.xml", "<items/>")], &[]);
    handle(&function, json!({ "Records": [record("a.xml", "1")] })).await.unwrap();
    let event = json!({ "Records": [record("a.xml", "2")], "rule_id": 2 });
    let answer = handle(&function, event).await.unwrap();
    assert_eq!(answer["statusCode"], 500);
    assert!(answer["body"].as_str().unwrap().contains("DynamoDB error"), "{answer}");
}

#[tokio::test]
async fn a_bad_file_leaves_a_report_and_is_not_tried_again() {
    let function = function(&[("xml-data/bad.xml", "<a>\n<b></a>"), ("xml-data/good.xml", "<items/>")], &[]);
    let event = json!({ "Records": [record("bad.xml", "1"), record("good.xml", "1")] });
    handle(&function, event).await.unwrap();
    let report: Value =
        serde_json::from_str(&function.objects.text("json-data/errors/bad.xml.error.json").unwrap()).unwrap();
    assert_eq!((&report["line"], &report["rule"], &report["etag"]), (&json!(2), &json!(1), &json!("e")));
    assert!(function.objects.text("json-data/good.json").is_some(), "the others are converted all the same");
    assert_eq!(function.objects.text("json-data/bad.json"), None);
}

#[tokio::test]
async fn a_fault_that_may_pass_fails_the_invocation_of_s3() {
    let function = function(&[("xml-data/a.xml", "<items/>")], &[]);
    *function.objects.failures.lock().unwrap() = 2;
    let event = json!({ "Records": [record("a.xml", "1")] });
    assert_eq!(handle(&function, event.clone()).await.unwrap_err().kind, "ObjectsFailed");
    handle(&function, event.clone()).await.unwrap_err();
    handle(&function, event).await.unwrap();
    assert!(function.objects.text("json-data/a.json").is_some());
}

#[tokio::test]
async fn a_person_reads_what_went_wrong() {
    let function = function(&[("xml-data/a.xml", "<items/>")], &[(1, Rule::reference())]);
    let check = async |event: Value, status: u16, message: &str| {
        let answer = handle(&function, event).await.unwrap();
        assert_eq!(answer["statusCode"], status);
        assert!(answer["body"].as_str().unwrap().contains(message), "{answer}");
    };
    check(Value::Null, 400, "Missing mandatory parameter: EVENT").await;
    check(json!({}), 400, "Missing mandatory parameter: EVENT").await;
    let manual = |more: (&str, &str)| json!({ "Records": [record("a.xml", "1")], more.0: more.1 });
    check(manual(("to_bucket", "other")), 200, "SUCCESS! Events: ObjectCreated:Put a.xml were processed")
        .await;
    assert!(function.objects.text("other/a.json").is_some());
    check(manual(("dynamodb_resource", "missing")), 500, "DynamoDB error").await;
    let gone = json!({ "Records": [record("gone.xml", "1")], "to_bucket": "other" });
    check(gone, 500, "S3 error").await;
}

#[tokio::test]
async fn an_older_change_does_not_undo_a_newer_one() {
    let function = function(&[("xml-data/a.xml", "<new/>")], &[]);
    handle(&function, json!({ "Records": [record("a.xml", "0F")] })).await.unwrap();
    let newest = function.objects.text("json-data/a.json");
    let old = Object { bytes: b"<old/>".to_vec(), ..Object::default() };
    function.objects.objects.lock().unwrap().insert("xml-data/a.xml".to_owned(), old);
    handle(&function, json!({ "Records": [record("a.xml", "E")] })).await.unwrap();
    assert_eq!(function.objects.text("json-data/a.json"), newest);
    handle(&function, json!({ "Records": [record("a.xml", "10")] })).await.unwrap();
    assert_ne!(function.objects.text("json-data/a.json"), newest);
}

/// What another environment writes between a conversion's comparison and its write.
fn written_meanwhile(function: &Process<Buckets, Table>, sequencer: &str) {
    let metadata = [("source-sequencer".to_owned(), format!("{sequencer:0>32}"))].into();
    let other = Object { bytes: b"other".to_vec(), etag: sequencer.to_owned(), metadata };
    function.objects.meanwhile.lock().unwrap().push(("json-data/a.json".to_owned(), other));
}

#[tokio::test]
async fn an_older_change_does_not_undo_a_newer_one_that_is_converted_at_the_same_time() {
    let function = function(&[("xml-data/a.xml", "<old/>")], &[]);
    written_meanwhile(&function, "2");
    handle(&function, json!({ "Records": [record("a.xml", "1")] })).await.unwrap();
    assert_eq!(function.objects.text("json-data/a.json").unwrap(), "other");
    written_meanwhile(&function, "3");
    handle(&function, json!({ "Records": [record("a.xml", "4")] })).await.unwrap();
    assert_eq!(function.objects.text("json-data/a.json").unwrap(), "{\n    \"old\": null\n}");
}

#[tokio::test]
async fn a_rule_is_read_once_for_many_files() {
    let table = Table::with(&[(1, Rule::reference())]);
    let function =
        Process { rules: Rules::new(table.clone(), true), ..function(&[("xml-data/a.xml", "<a/>")], &[]) };
    for sequencer in ["1", "2", "3"] {
        handle(&function, json!({ "Records": [record("a.xml", sequencer)] })).await.unwrap();
    }
    assert_eq!(table.1.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_result_never_takes_the_place_of_its_source() {
    let function = function(&[("json-data/a.json", "<a/>")], &[]);
    let mut event = record("a.json", "1");
    event["s3"]["bucket"]["name"] = json!("json-data");
    handle(&function, json!({ "Records": [event] })).await.unwrap();
    assert!(function.objects.text("json-data/a.json.json").is_some());
    assert_eq!(function.objects.text("json-data/a.json").unwrap(), "<a/>");
}
