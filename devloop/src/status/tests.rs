//! Reports of a pipeline that is healthy, broken and lagging: what is found wrong in them, their text and their JSON.

use serde_json::json;

use crate::status::{Drift, Function, Mapping, Section, StatusReport, findings, lines};

const SECTIONS: [Section; 8] = [
    Section::Cloud,
    Section::Code,
    Section::Stages,
    Section::Mappings,
    Section::Queues,
    Section::Memory,
    Section::Latency,
    Section::Problems,
];

/// The content of the cloud's page; counts come from metrics and may be floating-point numbers.
fn page() -> serde_json::Value {
    let function = |binary: &str, digest: &str, calls: f64| {
        json!({
            "name": format!("Pipeline-{binary}Function-0A1B2C3D"), "region": "eu-west-1", "arn": "arn:x",
            "folder": format!("/home/me/target/devloop/dist/{binary}"), "hot_reload": true,
            "on_disk_digest": digest, "deployed_digest": digest, "answering_digest": digest,
            "answered_ms": 1_700_000_000_000_u64,
            "environments": { "idle": 1, "busy": 0, "starting": 0, "waiting": 0, "cold_starts": 1 },
            "invocations": calls, "errors": 0.0, "throttles": 0.0,
            "duration_ms": { "count": calls, "sum": 3000.0, "min": 0.4, "max": 31.0, "p50": 2.6, "p95": 6.1, "p99": 18.7 },
            "last_error": null, "last_error_ms": null,
        })
    };
    let mapping = |function: &str, source: &str| {
        json!({
            "uuid": "7d3f", "function": format!("Pipeline-{function}Function-0A1B2C3D"), "source": source,
            "state": "Enabled", "last_result": "OK", "lag_records": 0, "oldest_unprocessed_ms": null, "shards": [],
        })
    };
    json!({
        "endpoint": "http://127.0.0.1:4566", "at": 1_700_000_060_000_u64, "uptime_ms": 3_720_000,
        "functions": [
            function("upstream", &"91c2ab34".repeat(8), 12_345.0),
            function("midstream", &"5d0e77aa".repeat(8), 148.0),
            function("downstream", &"33ab0000".repeat(8), 147.0),
        ],
        "mappings": [
            mapping("midstream", "arn:aws:kinesis:eu-west-1:000000000000:stream/Events"),
            mapping("downstream", "arn:aws:dynamodb:eu-west-1:000000000000:table/Items/stream/2026-11-20T10:00:00.000"),
        ],
        "latency": {
            "namespace": "Pipeline/Latencies", "metric": "Latency", "window_ms": 300_000,
            "count": 1_482, "p50": 11.0, "p95": 29.6, "p99": 310.0,
        },
    })
}

fn report(change: impl FnOnce(&mut serde_json::Value)) -> StatusReport {
    let mut page = page();
    change(&mut page);
    let mut report: StatusReport = serde_json::from_value(page).unwrap();
    report.problems = findings(&report);
    report
}

fn text(report: &StatusReport) -> String {
    lines(report, &SECTIONS).into_iter().map(|line| line.text + "\n").collect()
}

#[test]
fn a_healthy_pipeline() {
    let report = report(|_| {});
    assert_eq!(report.problems, []);
    insta::assert_snapshot!(text(&report));
}

#[test]
fn the_fallback_and_its_services_are_named() {
    let second = |services: serde_json::Value| {
        let report = report(|page| {
            page["fallback"] = json!({ "endpoint": "http://127.0.0.1:5000", "services": services });
        });
        text(&report).lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(second(json!(["glue", "kms"])), "fallback http://127.0.0.1:5000 for glue, kms");
    assert_eq!(second(json!([])), "fallback http://127.0.0.1:5000 for nothing so far");
}

#[test]
fn a_broken_pipeline_names_each_thing_that_is_wrong() {
    let report = report(|page| {
        let [upstream, midstream, downstream] = [0, 1, 2].map(|index| page["functions"][index].clone());
        page["functions"][0] = upstream;
        page["functions"][0]["on_disk_digest"] = json!(null);
        page["functions"][0]["bootstrap_missing"] = json!(true);
        page["functions"][1] = midstream;
        page["functions"][1]["on_disk_digest"] = json!("feed".repeat(16));
        page["functions"][2] = downstream;
        page["functions"][2]["last_error"] =
            json!("Runtime.ExitError: exit\u{1b} status 101\u{7}\n  panicked\r at src/lib.rs:4\u{9b}");
        page["functions"][2]["last_error_ms"] = json!(1_700_000_000_001_u64);
        page["functions"][2]["errors"] = json!(3.0);
        page["mappings"][1]["state"] = json!("Disabled");
        page["mappings"][1]["last_result"] = json!("PROBLEM: Function call failed");
    });
    insta::assert_snapshot!(text(&report));
    let codes: Vec<&str> = report.problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(
        codes,
        ["bootstrap_missing", "not_deployed", "function_failed", "mapping_not_enabled", "mapping_failing"]
    );
}

#[test]
fn a_lagging_pipeline() {
    let report = report(|page| {
        page["mappings"][0]["lag_records"] = json!(48_210);
        page["mappings"][0]["oldest_unprocessed_ms"] = json!(61_000);
        page["mappings"][1]["lag_records"] = json!(3);
        page["mappings"][1]["oldest_unprocessed_ms"] = json!(60_000);
        page["functions"][1]["answering_digest"] = json!("feed".repeat(16));
        page["functions"][2]["answering_digest"] = json!(null);
        page["functions"][2]["environments"] = json!({});
        page["functions"][2]["duration_ms"] = json!(null);
        page["latency"] = json!(null);
    });
    insta::assert_snapshot!(text(&report));
}

#[test]
fn shards_with_retries_and_windows_and_answers_that_nobody_reads() {
    let report = report(|page| {
        page["mappings"][0]["ignored_failures"] = json!(2);
        page["mappings"][0]["shards"] = json!([
            { "id": "shardId-000000000000", "in_flight": 10, "retried": 3, "bisected": 1, "checkpointed": 2,
                "discarded": 1, "filtered": 0, "window": null },
            { "id": "shardId-000000000001", "in_flight": 0 },
            { "id": "shardId-000000000012", "window": { "start_ms": 1_700_000_040_000_u64,
                "end_ms": 1_700_000_100_000_u64, "records": 1_500, "state_bytes": 2_048 } },
        ]);
    });
    let text = text(&report);
    let shown: Vec<Vec<&str>> = text
        .lines()
        .skip_while(|line| !line.starts_with("SHARD"))
        .take(3)
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(shown.len(), 3, "{text}");
    assert_eq!(shown[1], ["Events/0", ">", "midstream", "10", "3", "1", "2", "1", "0", "-"], "{text}");
    assert_eq!(shown[2][..9], ["Events/12", ">", "midstream", "0", "0", "0", "0", "0", "0"], "{text}");
    assert!(shown[2].join(" ").contains("1,500 records"), "{text}");
    assert_eq!(report.problems[0].code, "failures_ignored");
    assert!(text.contains("Set its FunctionResponseTypes to [\"ReportBatchItemFailures\"]"), "{text}");
}

#[test]
fn a_busy_pipeline_with_queues_and_what_is_kept() {
    let report = report(|page| {
        for (index, rate) in [1_482.4, 12.4, 0.05].into_iter().enumerate() {
            page["functions"][index]["rate_per_s"] = json!(rate);
            page["functions"][index]["concurrency"] = json!(10);
        }
        page["commit"] = json!({ "short": "7f3a1c9", "dirty": true });
        page["queues"] = json!([
            { "region": "eu-west-1", "name": "midstream-failures", "counts": { "visible": 1_200, "in_flight": 3, "delayed": 0 }, "oldest_ms": 63_000 },
            { "region": "eu-west-1", "name": "jobs", "counts": { "visible": 0, "in_flight": 0, "delayed": 14 } },
        ]);
        page["limits"] = json!({
            "shard_bytes": 512 << 20, "table_stream_retention_ms": 86_400_000, "log_group_bytes": 64 << 20,
            "metrics_per_region": 1_000, "metric_seconds_retention_ms": 10_800_000, "metric_minutes_retention_ms": 1_296_000_000,
            "metric_memory": 512 << 20,
            "secret_bytes": 64 << 20, "parameter_bytes": 64 << 20, "stream_memory": 2_u64 << 30, "table_memory": 4_u64 << 30,
            "table_stream_memory": 2_u64 << 30, "log_memory": 1 << 30, "queue_bytes": 512 << 20, "queue_memory": 1 << 30,
            "object_bytes_in_memory": 128 << 20, "object_bytes_on_disk": 64_u64 << 30, "code_bytes_on_disk": 75_u64 << 30,
            "asynchronous_event_bytes": 256 << 20, "invocation_bytes": 1 << 30,
        });
        page["retained"] = json!({
            "stream_records": 12_345, "stream_bytes": 4_500_000, "table_items": 12_340, "table_bytes": 1_700_000_000_u64,
            "table_stream_records": 12_340, "table_stream_bytes": 9_000_000, "log_events": 7, "log_bytes": 900, "metrics": 21,
            "metric_memory": 700_000,
            "parameters": 3, "parameter_bytes": 12_000, "queue_messages": 1_217, "queue_bytes": 2_000_000,
            "asynchronous_events": 4, "asynchronous_event_bytes": 8_000, "invocations_running": 2, "invocation_bytes": 700,
            "objects": 12, "object_bytes_in_memory": 5_000, "object_bytes_on_disk": 90_000_000, "code_packages": 3,
            "code_bytes_on_disk": 40_000_000,
        });
    });
    assert_eq!(report.problems, []);
    insta::assert_snapshot!(text(&report));
}

#[test]
fn messages_of_topics_are_counted_once_there_are_any() {
    let with = |sns: serde_json::Value| text(&report(|page| page["sns"] = sns));
    let mut sns =
        json!({ "published": 0, "delivered": 0, "filtered": 0, "redriven": 0, "lost": 0, "mails": 0 });
    assert!(!with(sns.clone()).contains("TOPICS"));
    sns["published"] = json!(1_200);
    sns["delivered"] = json!(1);
    let line = "TOPICS  1,200 published, 1 delivered, 0 filtered, 0 in dead-letter queues, 0 lost";
    assert!(with(sns.clone()).contains(&format!("{line}\n")), "{}", with(sns));
    sns["mails"] = json!(1);
    assert!(with(sns.clone()).contains(&format!("{line}; 1 mail (devloop mail)\n")), "{}", with(sns));
}

#[test]
fn a_pipeline_asked_through_the_apis() {
    let report = report(|page| {
        page["window_ms"] = json!(3_600_000);
        page["calls"] = json!({ "requests": 14, "metrics": 39, "a_minute": 28 });
        page["functions"][0]["concurrency"] = json!(10);
        page["functions"][0]["rate_per_s"] = json!(9.96);
        for index in 0..3 {
            page["functions"][index]["environments"] = json!({ "cold_starts": 2 });
            page["functions"][index]["answering_digest"] = json!(null);
            page["functions"][index]["folder"] = json!(null);
            page["functions"][index]["on_disk_digest"] = json!(null);
        }
        page["mappings"][0]["oldest_unprocessed_ms"] = json!(1_800);
        page["mappings"][1]["at_least"] = json!(true);
        page["mappings"][1]["lag_records"] = json!(7);
        page["mappings"][1]["oldest_unprocessed_ms"] = json!(2_500);
    });
    insta::assert_snapshot!(text(&report));
}

#[test]
fn an_empty_cloud_is_well() {
    let report: StatusReport =
        serde_json::from_value(json!({ "endpoint": "http://e", "functions": [] })).unwrap();
    assert_eq!(findings(&report), []);
    insta::assert_snapshot!(text(&report));
}

#[test]
fn the_json_document() {
    let report = report(|page| page["mappings"][0]["state"] = json!("Disabled"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

fn check_label(name: &str, expected: &str) {
    let mut report = report(|_| {});
    let mut twin = report.functions[0].clone();
    twin.name = "Twin".to_owned();
    report.functions.push(twin);
    assert_eq!(report.label(name), expected);
}

fn check_source(arn: &str, expected: &str) {
    let mapping = Mapping { source: arn.to_owned(), ..Mapping::default() };
    assert_eq!(mapping.source_name(), expected);
}

#[test]
fn a_source_is_called_by_its_name() {
    check_source("arn:aws:kinesis:eu-west-1:0:stream/Events", "Events");
    check_source("arn:aws:sqs:eu-west-1:0:jobs", "jobs");
    check_source(
        "arn:aws:dynamodb:eu-west-1:0:table/My-Stack-Items4F16-1A2B3C4D5E6F/stream/2026-11-20T10:00",
        "Items4F16",
    );
    check_source("arn:aws:kinesis:eu-west-1:0:stream/a-b-orders", "a-b-orders");
    check_source("arn:aws:kinesis:eu-west-1:0:stream/Items-1A2B3C4D5E6F", "Items-1A2B3C4D5E6F");
    check_source("odd", "odd");
}

#[test]
fn a_function_is_called_by_its_binary_unless_two_share_it() {
    check_label("Pipeline-midstreamFunction-0A1B2C3D", "midstream");
    check_label("Pipeline-upstreamFunction-0A1B2C3D", "Pipeline-upstreamFunction-0A1B2C3D");
    check_label("Twin", "Twin");
    check_label("Elsewhere", "Elsewhere");
}

#[test]
fn a_function_beside_the_templates_folder_keeps_its_name() {
    let drift = Drift::of("/d/dist/.gen/mid/ab12").unwrap();
    assert_eq!((drift.deployed.as_str(), drift.template.as_str()), ("/d/dist/.gen/mid/ab12", "/d/dist/mid"));
    assert_eq!(Drift::of("/d/dist/mid"), None);
    let folder = Some(drift.deployed.clone());
    let function = Function { folder, hot_reload: true, drift: Some(drift), ..Function::default() };
    assert_eq!(function.binary(), Some("mid"));
}

#[test]
fn what_is_built_for_the_first_time_is_no_problem() {
    let report = report(|page| {
        for function in [0, 1] {
            let function = &mut page["functions"][function];
            for digest in ["on_disk_digest", "deployed_digest", "answering_digest"] {
                function[digest] = json!(null);
            }
            function["bootstrap_missing"] = json!(true);
            function["being_built"] = json!(true);
        }
    });
    assert_eq!(report.problems, []);
    let text = text(&report);
    assert!(text.ends_with("upstream, midstream are being built for the first time\n"), "{text}");
    assert_eq!(text.matches("being built\n").count(), 2, "{text}");
    assert!(!text.contains("PROBLEMS") && !text.contains("nothing to run"), "{text}");
}
