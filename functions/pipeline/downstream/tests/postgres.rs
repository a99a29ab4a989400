//! The sink on a real PostgreSQL server.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

#[path = "support/database.rs"]
mod database;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use database::Database;
use downstream::{Batch, Change, Downstream, Postgres, Sink};
use lambda_runtime::Context;
use pipeline_model::{Handler, Invocation, PartialBatch, now_ms};
use serde_json::{Value, json};

const COMPLETED: i64 = 1_763_632_800_900;

fn image(id: &str, message: &str) -> Value {
    json!({
        "id": {"S": id}, "message": {"S": message}, "timestamp": {"N": "1763632800"},
        "requestId": {"S": format!("{id}-{message}")}, "runId": {"S": "run"}, "receivedMs": {"N": "1763632800123"},
    })
}

fn record(sequence: u64, new: Option<Value>, old: Option<Value>) -> Value {
    let mut images = json!({ "SequenceNumber": format!("{sequence:021}") });
    if let Some(new) = new {
        images["NewImage"] = new;
    }
    if let Some(old) = old {
        images["OldImage"] = old;
    }
    json!({ "eventID": sequence.to_string(), "dynamodb": images })
}

fn changes(records: &[Value]) -> Vec<Change> {
    let batch: Batch = serde_json::from_value(json!({ "Records": records })).unwrap();
    batch.records.iter().map(|record| Change::from_record(record, COMPLETED).unwrap()).collect()
}

/// A hundred items of which ten are changed and five removed afterwards, in batches as a stream delivers them.
fn history() -> Vec<Vec<Value>> {
    let id = |number: u64| format!("i{number}");
    let inserted = (0..100).map(|number| record(100 + number, Some(image(&id(number), "first")), None));
    let changed = (0..10).map(|number| {
        record(300 + number, Some(image(&id(number), "second")), Some(image(&id(number), "first")))
    });
    let removed = (50..55).map(|number| record(400 + number, None, Some(image(&id(number), "first"))));
    let all: Vec<Value> = inserted.chain(changed).chain(removed).collect();
    all.chunks(30).map(<[Value]>::to_vec).collect()
}

const ALL: &str = "SELECT * FROM pipeline_items ORDER BY id";

#[tokio::test]
async fn replaying_all_batches_in_any_order_changes_nothing() {
    let database = Database::start();
    let sink = Postgres::new(&database.url()).unwrap();
    let history = history();
    for batch in &history {
        sink.emit(&changes(batch)).await.unwrap();
    }
    let count = |condition: &str| {
        database.query(&format!("SELECT count(*) FROM pipeline_items WHERE {condition}")).remove(0)
    };
    assert_eq!(
        (count("true"), count("message = 'second'"), count("id IN ('i50', 'i54')")),
        ("95".into(), "10".into(), "0".into())
    );
    let rows = database.query(ALL);
    assert!(
        rows.contains(&format!("i0|second|1763632800000|1763632800123|{COMPLETED}|777|run|300")),
        "{rows:#?}"
    );

    // Batches in their order, backwards, and each change alone, as another environment would write them later.
    let later = Postgres::new(&database.url()).unwrap();
    let replays = history.iter().chain(history.iter().rev()).cloned();
    let single = history.iter().flatten().rev().map(|record| vec![record.clone()]);
    for batch in replays.chain(single) {
        later.emit(&changes(&batch)).await.unwrap();
    }
    assert_eq!(database.query(ALL), rows);

    // A write after all of that is new, even under the id of a removed item.
    let again = record(500, Some(image("i50", "third")), None);
    later.emit(&changes(&[again])).await.unwrap();
    assert_eq!((count("true"), count("id = 'i50'")), ("96".into(), "1".into()));
}

#[tokio::test]
async fn notes_of_removals_are_kept_no_longer_than_a_replay_can_come() {
    let database = Database::start();
    let sink = Postgres::new(&database.url()).unwrap();
    let removal = |sequence, id: &str| changes(&[record(sequence, None, Some(image(id, "m")))]);
    sink.emit(&removal(1, "old")).await.unwrap();
    database.query("UPDATE pipeline_removed_items SET removed_at = now() - interval '49 hours'");
    sink.emit(&removal(2, "new")).await.unwrap();
    assert_eq!(database.query("SELECT id FROM pipeline_removed_items"), ["new"]);
}

#[tokio::test]
async fn many_environments_make_the_tables_at_once() {
    let database = Database::start();
    let url = database.url();
    let environments = (0..12).map(|number| {
        let sink = Postgres::new(&url).unwrap();
        async move {
            let batch = changes(&[record(number, Some(image(&format!("i{number}"), "m")), None)]);
            sink.emit(&batch).await
        }
    });
    for written in futures_util::future::join_all(environments).await {
        written.unwrap();
    }
    assert_eq!(database.query("SELECT count(*) FROM pipeline_items"), ["12"]);
}

#[tokio::test]
async fn a_lost_connection_is_replaced_once_and_a_server_that_is_down_is_reported() {
    let mut database = Database::start();
    let sink = Postgres::new(&database.url()).unwrap();
    let batch = |number: u64| changes(&[record(number, Some(image(&format!("i{number}"), "m")), None)]);
    sink.emit(&batch(1)).await.unwrap();
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'downstream'";
    assert_eq!(database.query(connections), ["1"]);
    sink.emit(&batch(2)).await.unwrap();
    assert_eq!(database.query(connections), ["1"], "one connection an environment");

    database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'downstream'",
    );
    sink.emit(&batch(3)).await.unwrap();

    database.stop();
    let cause = sink.emit(&batch(4)).await.unwrap_err();
    assert!(cause.detail.starts_with("failed to connect to Postgres: "), "{}", cause.detail);
    database.resume(&[]);
    sink.emit(&batch(4)).await.unwrap();
    assert_eq!(database.query("SELECT id FROM pipeline_items ORDER BY id"), ["i1", "i2", "i3", "i4"]);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_within_the_limit() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let sink = Postgres::new(&format!("postgres://test@127.0.0.1:{port}/postgres")).unwrap();
    let began = Instant::now();
    let cause = sink.emit(&changes(&history()[0])).await.unwrap_err();
    assert_eq!(cause.detail, "failed to connect to Postgres: no answer within 2 s");
    assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn certificates_are_checked_where_tls_is_required() {
    let mut database = Database::start();
    database.stop();
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = database.file("server.crt", &signed.cert.pem());
    let key = database.file("server.key", &signed.signing_key.serialize_pem());
    let file = |name: &str, path: &std::path::Path| format!("{name}={}", path.display());
    database.resume(&["ssl=on", &file("ssl_cert_file", &certificate), &file("ssl_key_file", &key)]);
    let emit = async |host: &str, query: &str| {
        let url = format!("{}?application_name=tls&{query}", database.url().replace("127.0.0.1", host));
        let sink = Postgres::new(&url).unwrap();
        let written = sink.emit(&changes(&history()[0])).await.map_err(|cause| cause.detail);
        let encrypted =
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'tls'";
        written.map(|()| database.query(encrypted))
    };
    let known = format!("sslrootcert={}", certificate.display());
    assert_eq!(emit("localhost", &format!("sslmode=require&{known}")).await.unwrap(), ["t"]);
    assert_eq!(emit("localhost", "sslmode=prefer").await.unwrap(), ["t"]);
    for (host, query, why) in [
        ("localhost", "sslmode=require", "UnknownIssuer"),
        ("127.0.0.1", format!("sslmode=verify-full&{known}").as_str(), "not valid for name"),
        ("localhost", "sslmode=require&sslrootcert=/nowhere.pem", "/nowhere.pem"),
    ] {
        let error = emit(host, query).await.unwrap_err();
        assert!(error.contains(why), "{query}: {error}");
    }
}

#[tokio::test]
async fn what_no_row_can_hold_is_handed_back_alone() {
    let database = Database::start();
    let poison = record(3, Some(image("i3", "zero \0 byte")), None);
    let good = |sequence| record(sequence, Some(image(&format!("i{sequence}"), "m")), None);
    let event = json!({ "Records": [good(1), good(2), poison, good(4)] });
    let mut context = Context::default();
    context.deadline = u64::try_from(now_ms() + 3000).unwrap();
    let mut invocation = Invocation::new("downstream", &context);
    let sink = Postgres::new(&database.url()).unwrap();
    let function = Downstream { sink, partial: PartialBatch::On };
    let answer = function.handle(serde_json::from_value(event).unwrap(), &mut invocation).await.unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": format!("{:021}", 3)}]}));
    assert_eq!(database.query("SELECT id FROM pipeline_items ORDER BY id"), ["i1", "i2"]);
}

#[tokio::test]
async fn tables_that_are_there_are_used_without_the_right_to_make_them() {
    let database = Database::start();
    Postgres::new(&database.url()).unwrap().emit(&changes(&history()[0])).await.unwrap();
    for statement in [
        "CREATE ROLE limited LOGIN PASSWORD 'limited'",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON pipeline_items, pipeline_removed_items TO limited",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ] {
        database.query(statement);
    }
    let host = database.url().split_once('@').unwrap().1.to_owned();
    let limited = Postgres::new(&format!("postgres://limited:limited@{host}")).unwrap();
    limited.emit(&changes(&history()[1])).await.unwrap();
    assert_eq!(database.query("SELECT count(*) FROM pipeline_items"), ["60"]);
}
