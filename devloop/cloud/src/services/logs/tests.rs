//! Tests of metric filters and Insights, through the service's operations.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Logs;
use crate::{aside, clock::Clock, context::Home, services::cloudwatch::CloudWatch};

const NOW: i64 = 1_800_000_000_000;

struct Bench {
    logs: Logs,
    metrics: Arc<CloudWatch>,
    home: Home,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock::manual(NOW);
        let metrics = Arc::new(CloudWatch::new(clock.clone()));
        Self {
            logs: Logs::new(clock, Arc::clone(&metrics)),
            metrics,
            home: Home::new("000000000000", "us-east-1"),
        }
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let output = self.logs.call(&self.home.context("us-east-1"), operation, input).await;
        output.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    async fn refused(&self, operation: &str, input: Value) -> String {
        let outcome = self.logs.call(&self.home.context("us-east-1"), operation, input).await;
        outcome.map_or_else(|error| error.code.into_owned(), |output| panic!("{operation}: {output}"))
    }

    fn log(&self, lines: &[&str]) {
        let events = lines.iter().zip(NOW - 60_000..).map(|(line, at)| (at, (*line).to_owned())).collect();
        self.logs.append("us-east-1", "/g", "s", events);
    }

    /// The count and the sum of a metric.
    fn metric(&self, name: &str, dimensions: &[(&str, &str)]) -> Option<(f64, f64)> {
        let summary = self.metrics.summary("us-east-1", "App", name, dimensions, NOW - 120_000, NOW)?;
        Some((summary.count, summary.sum))
    }

    async fn filter(&self, name: &str, pattern: &str, metric: Value) {
        let mut transformation = json!({ "metricName": name, "metricNamespace": "App" });
        for (member, value) in metric.as_object().into_iter().flatten() {
            transformation[member] = value.clone();
        }
        let input = json!({
            "logGroupName": "/g", "filterName": name, "filterPattern": pattern, "metricTransformations": [transformation],
        });
        self.ok("PutMetricFilter", input).await;
    }

    async fn query(&self, text: &str) -> Vec<Vec<(String, String)>> {
        let input = json!({
            "logGroupName": "/g", "startTime": NOW / 1_000 - 3_600, "endTime": NOW / 1_000, "queryString": text,
        });
        let id = self.ok("StartQuery", input).await;
        let results = self.ok("GetQueryResults", id).await;
        assert_eq!(results["status"], "Complete");
        let cell = |cell: &Value| {
            let text = |name: &str| cell[name].as_str().unwrap().to_owned();
            (text("field"), text("value"))
        };
        let row = |row: &Value| {
            row.as_array().unwrap().iter().map(cell).filter(|(name, _)| name != "@ptr").collect()
        };
        results["results"].as_array().unwrap().iter().map(row).collect()
    }
}

#[tokio::test]
async fn metric_filters_count_and_take_values_from_lines() {
    let bench = Bench::new();
    bench.ok("CreateLogGroup", json!({ "logGroupName": "/g" })).await;
    bench.filter("Errors", "ERROR", json!({ "metricValue": "1", "defaultValue": 0 })).await;
    bench
        .filter(
            "Latency",
            "{ $.ms = * }",
            json!({ "metricValue": "$.ms", "unit": "Milliseconds", "dimensions": { "Route": "$.route" } }),
        )
        .await;
    bench.filter("Bytes", "[ip, ..., bytes > 100]", json!({ "metricValue": "$bytes" })).await;
    bench.log(&[
        "an ERROR",
        r#"{"ms": 7.5, "route": "a"}"#,
        r#"{"ms": 2, "route": "a"}"#,
        r#"{"ms": 2}"#,
        "127.0.0.1 GET 1534",
        "127.0.0.1 GET 15",
    ]);
    assert_eq!(bench.metric("Errors", &[]), Some((6.0, 1.0)));
    assert_eq!(bench.metric("Latency", &[("Route", "a")]), Some((2.0, 9.5)));
    assert_eq!(bench.metric("Bytes", &[]), Some((1.0, 1534.0)));
    let put = json!({
        "logGroupName": "/g", "logStreamName": "s", "logEvents": [{ "timestamp": NOW - 50_000, "message": "one more ERROR" }],
    });
    bench.ok("PutLogEvents", put).await;
    assert_eq!(bench.metric("Errors", &[]), Some((7.0, 2.0)));

    let described =
        bench.ok("DescribeMetricFilters", json!({ "logGroupName": "/g", "filterNamePrefix": "L" })).await;
    assert_eq!(
        described["metricFilters"][0]["metricTransformations"][0]["dimensions"],
        json!({ "Route": "$.route" })
    );
    bench.ok("DeleteMetricFilter", json!({ "logGroupName": "/g", "filterName": "Errors" })).await;
    bench.log(&["an ERROR"]);
    assert_eq!(bench.metric("Errors", &[]), Some((7.0, 2.0)));
    let again =
        bench.refused("DeleteMetricFilter", json!({ "logGroupName": "/g", "filterName": "Errors" })).await;
    assert_eq!(again, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_pattern_can_be_tested_and_wrong_filters_are_refused() {
    let bench = Bench::new();
    let input = json!({ "filterPattern": "[..., request=*.html*, status_code=4*,]", "logEventMessages": [
        "no", "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534",
    ] });
    let tested = bench.ok("TestMetricFilter", input).await;
    assert_eq!(tested["matches"][0]["eventNumber"], 1, "the first message has the number 0");
    let values = &tested["matches"][0]["extractedValues"];
    assert_eq!(
        (&values["$status_code"], &values["$4"]),
        (&json!("404"), &json!("10/Oct/2000:13:25:15 -0700"))
    );
    assert_eq!(tested["matches"].as_array().unwrap().len(), 1);
    bench.ok("CreateLogGroup", json!({ "logGroupName": "/g" })).await;
    for value in ["many", "$", "$.", ""] {
        let input = json!({ "logGroupName": "/g", "filterName": "f", "filterPattern": "", "metricTransformations": [
            { "metricName": "m", "metricNamespace": "App", "metricValue": value },
        ] });
        assert_eq!(bench.refused("PutMetricFilter", input).await, "InvalidParameterException", "{value}");
    }
    for (member, value) in [
        ("applyOnTransformedLogs", json!(true)),
        ("fieldSelectionCriteria", json!("@aws.region = \"x\"")),
        ("emitSystemFieldDimensions", json!(["@aws.account"])),
    ] {
        let mut input = json!({ "logGroupName": "/g", "filterName": "f", "filterPattern": "", "metricTransformations": [
            { "metricName": "m", "metricNamespace": "App", "metricValue": "1" },
        ] });
        input[member] = value;
        assert_eq!(bench.refused("PutMetricFilter", input).await, "NotImplementedException", "{member}");
    }
    for (member, value) in
        [("unit", "Parsecs"), ("metricNamespace", "a:b"), ("metricNamespace", "a$"), ("metricName", "a*")]
    {
        let mut metric =
            json!({ "metricName": "m", "metricNamespace": "App", "metricValue": "1", "unit": "Bits" });
        metric[member] = value.into();
        let input = json!({
            "logGroupName": "/g", "filterName": "f", "filterPattern": "", "metricTransformations": [metric],
        });
        assert_eq!(bench.refused("PutMetricFilter", input).await, "InvalidParameterException", "{value}");
    }
}

#[tokio::test]
async fn insights_shows_filters_sorts_and_counts() {
    let bench = Bench::new();
    bench.log(&[
        r#"{"level":"info","ms":5,"user":{"id":"u1"}}"#,
        r#"{"level":"error","ms":30,"user":{"id":"u2"}}"#,
        r#"{"level":"error","ms":10,"user":{"id":"u1"}}"#,
        "REPORT RequestId: r-1\tDuration: 7.60 ms\tBilled Duration: 8 ms\tMemory Size: 128 MB\tMax Memory Used: 17 MB\t",
    ]);
    let row = |cells: &[(&str, &str)]| -> Vec<(String, String)> {
        cells.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let check = async |query: &str, expected: &[&[(&str, &str)]]| {
        let expected: Vec<_> = expected.iter().map(|cells| row(cells)).collect();
        assert_eq!(bench.query(query).await, expected, "{query}");
    };
    check(
        "fields user.id as id, ms | filter level = 'error' | sort ms asc",
        &[&[("id", "u1"), ("ms", "10")], &[("id", "u2"), ("ms", "30")]],
    )
    .await;
    check("filter ms > 5 and not (user.id like /1$/) | display ms", &[&[("ms", "30")]]).await;
    check("fields ms | filter ispresent(ms) | sort ms | limit 1", &[&[("ms", "30")]]).await;
    check("stats sum(nope), sum(ms) as sum", &[&[("sum(nope)", "0"), ("sum", "45")]]).await;
    check(
        "stats count(*) as n, avg(ms), max(ms) by level | sort n",
        &[
            &[("level", "error"), ("n", "2"), ("avg(ms)", "20"), ("max(ms)", "30")],
            &[("n", "1")],
            &[("level", "info"), ("n", "1"), ("avg(ms)", "5"), ("max(ms)", "5")],
        ],
    )
    .await;
    check("stats count(*) by bin(1h)", &[&[("bin(1h)", "2027-01-15 07:00:00.000"), ("count(*)", "4")]]).await;
    check(
        "filter @type = 'REPORT' | fields @requestId, @duration, @maxMemoryUsed",
        &[&[("@requestId", "r-1"), ("@duration", "7.6"), ("@maxMemoryUsed", "17000000")]],
    )
    .await;
    check(
        "fields @timestamp | filter user.id in ['u1', 'u9'] and level != 'info'",
        &[&[("@timestamp", "2027-01-15 07:59:00.002")]],
    )
    .await;
    check("filter ms = 99 | stats count(*)", &[&[("count(*)", "0")]]).await;
    let latest = bench.query("fields @message | limit 1").await;
    assert!(latest[0][0].1.starts_with("REPORT"));
}

#[tokio::test]
async fn queries_that_cannot_be_read_or_found_are_refused() {
    let bench = Bench::new();
    bench.log(&["x"]);
    let start =
        |query: &str| json!({ "logGroupName": "/g", "startTime": 0, "endTime": 1, "queryString": query });
    for query in [
        "",
        "fields",
        "filter a",
        "parse @message \"*\" as x",
        "stats median(a)",
        "limit 0",
        "fields a b",
        "filter (a = 1",
    ] {
        assert_eq!(bench.refused("StartQuery", start(query)).await, "MalformedQueryException", "{query}");
    }
    let deep = format!("filter {}", "(".repeat(5_000));
    assert_eq!(bench.refused("StartQuery", start(&deep)).await, "MalformedQueryException");
    assert_eq!(
        bench.refused("GetQueryResults", json!({ "queryId": "none" })).await,
        "ResourceNotFoundException"
    );
    let id = bench.ok("StartQuery", start("fields @message")).await;
    assert_eq!(bench.refused("StopQuery", id.clone()).await, "InvalidParameterException");
    let described = bench.ok("DescribeQueries", json!({ "logGroupName": "/g" })).await;
    assert_eq!(described["queries"][0]["queryId"], id["queryId"]);
}

#[tokio::test]
async fn a_search_in_a_large_group_goes_aside_and_one_in_a_small_group_does_not() {
    let search = json!({ "logGroupName": "/g", "filterPattern": "none" });
    for (lines, expected) in [(2_000, 1), (10, 0)] {
        let bench = Bench::new();
        bench.log(&vec!["a line"; lines]);
        let before = aside::tests::times();
        bench.ok("FilterLogEvents", search.clone()).await;
        assert_eq!(aside::tests::times() - before, expected, "{lines} lines");
    }
}
