//! `devloop status` from the cloud's own page, from AWS's APIs alone, and from an independent implementation of these APIs; and the
//! page for Prometheus.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use serde_json::{Value, json};
use support::{LIMIT, Load, Session, Workspace, eventually, send};

/// The report of `devloop status` with these arguments.
fn status(workspace: &Workspace, arguments: &[&str]) -> Value {
    let arguments = [&["status", "--json"], arguments].concat();
    let output = workspace.devloop(&arguments).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The entry of a report's list whose member has this text.
fn part<'a>(report: &'a Value, list: &str, member: &str, text: &str) -> &'a Value {
    let all = report[list].as_array().unwrap();
    all.iter()
        .find(|each| each[member].as_str().unwrap().contains(text))
        .unwrap_or_else(|| panic!("{report:#}"))
}

#[test]
fn the_page_and_the_apis_alone_give_the_same_report() {
    const REQUESTS: u64 = 60;
    let session = Session::live();
    let aws = session.aws();
    let load = Load::run(&session.url(), "status", 6, REQUESTS as usize / 6);
    assert_eq!(load.accepted.len() as u64, REQUESTS);
    aws.wait_for_rows(REQUESTS as usize);
    let endpoint = session.endpoint.as_str();
    let figures = |report: &Value, function: &str| {
        let function = part(report, "functions", "name", &format!("-{function}"));
        let whole = |pointer: &str| function.pointer(pointer).and_then(Value::as_u64);
        ["/invocations", "/errors", "/throttles", "/duration_ms/count"].map(whole)
    };
    let functions = ["Upstream", "Midstream", "Downstream"];
    // The figures of the last call are written when it has ended, a moment after its row.
    let (by_page, by_apis) = eventually("both ways agree", LIMIT, || {
        let by_page = status(&session.workspace, &["--endpoint", endpoint]);
        let by_apis = status(&session.workspace, &["--endpoint", endpoint, "--apis"]);
        let seen = functions.map(|name| (figures(&by_page, name), figures(&by_apis, name)));
        if seen.iter().all(|(page, apis)| page == apis) {
            Ok((by_page, by_apis))
        } else {
            Err(format!("{seen:?}"))
        }
    });
    assert_eq!(figures(&by_page, "Upstream"), [Some(REQUESTS), Some(0), Some(0), Some(REQUESTS)]);
    assert!(by_page["calls"].is_null() && by_page["window_ms"].is_null(), "{by_page:#}");
    assert_eq!(by_apis["window_ms"], 3_600_000);
    assert!(by_apis["calls"]["requests"].as_u64().unwrap() >= 8, "{by_apis:#}");
    assert_eq!(
        by_apis["calls"]["a_minute"].as_u64().unwrap(),
        by_apis["calls"]["requests"].as_u64().unwrap() * 12,
        "every 5 s"
    );
    for function in functions {
        let cold = |report: &Value| {
            let function = part(report, "functions", "name", &format!("-{function}"));
            function["environments"]["cold_starts"].as_u64().unwrap()
        };
        // The page counts environments that were started because a request waited. Lambda's line shows a cold start only if a
        // request that had waited was the environment's first.
        assert!(cold(&by_apis) <= cold(&by_page), "{by_page:#}{by_apis:#}");
    }
    for report in [&by_page, &by_apis] {
        assert_eq!(report["latency"]["count"], REQUESTS, "{report:#}");
        assert_eq!(report["problems"], json!([]), "{report:#}");
        for function in functions {
            let function = part(report, "functions", "name", &format!("-{function}"));
            assert!(function["rate_per_s"].as_f64().unwrap() > 0.0, "{function:#}");
            assert!(function["concurrency"].as_u64().unwrap() >= 1, "{function:#}");
            let duration = &function["duration_ms"];
            let at = |name: &str| duration[name].as_f64().unwrap();
            assert!(at("p50") > 0.0 && at("p50") <= at("p95") && at("p95") <= at("p99"), "{duration}");
        }
        for function in ["Midstream", "Downstream"] {
            let mapping = part(report, "mappings", "function", &format!("-{function}"));
            assert_eq!((&mapping["state"], &mapping["last_result"]), (&json!("Enabled"), &json!("OK")));
            let queue = format!("pipeline-{}-failures", function.to_lowercase());
            let counts = &part(report, "queues", "name", &queue)["counts"];
            assert_eq!(counts, &json!({ "visible": 0, "in_flight": 0, "delayed": 0 }));
        }
    }
    let text = session.workspace.devloop(&["status", "--endpoint", endpoint, "--apis"]).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("through AWS's APIs, totals of the last 1 h") && text.contains("a minute"),
        "{text}"
    );
}

/// Another implementation of the APIs, filled by its script; it ends when this is dropped.
struct Moto {
    endpoint: String,
    id: String,
    secret: String,
    lines: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl Moto {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/status_moto.py");
        let mut process = test_tools::python(&["boto3", "moto"])
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next().expect("moto ends before it has started");
        let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { endpoint: text("endpoint"), id: text("id"), secret: text("secret"), lines, process }
    }

    /// From now on signatures are verified, except those of the first two requests.
    fn verify(&mut self) {
        writeln!(self.process.stdin.as_mut().unwrap()).unwrap();
        assert_eq!(self.lines.next().unwrap().unwrap(), "signatures are verified");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn another_implementation_verifies_the_signatures_of_requests() {
    let mut moto = Moto::start();
    let workspace = Workspace::take();
    let secret = moto.secret.clone();
    let mut unknown = |secret: &str| {
        moto.verify();
        let arguments =
            ["status", "--json", "--apis", "--endpoint", &moto.endpoint, "--region", "eu-central-1"];
        let mut command = workspace.devloop(&[&arguments[..], &["--stack", "Pipeline"]].concat());
        command.env("AWS_ACCESS_KEY_ID", &moto.id).env("AWS_SECRET_ACCESS_KEY", secret);
        let report: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        let problems = report["problems"].as_array().unwrap().iter();
        let unknown = problems.filter(|problem| problem["message"].as_str().unwrap().contains("answers 403"));
        unknown.map(|problem| problem["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(unknown(&secret), Vec::<String>::new());
    let all = ["metrics_unknown", "lines_unknown", "lag_unknown", "queue_unknown", "latency_unknown"];
    assert_eq!(unknown("wrong"), all);

    // The same keys in a profile in AWS's configuration files.
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("credentials");
    let profile = format!("[reader]\naws_access_key_id = {}\naws_secret_access_key = {secret}\n", moto.id);
    std::fs::write(&file, profile).unwrap();
    moto.verify();
    let arguments = ["status", "--json", "--apis", "--endpoint", &moto.endpoint, "--region", "eu-central-1"];
    let ask = |profile: &str| {
        let mut command = workspace.devloop(&arguments);
        command.env("AWS_PROFILE", profile).env("AWS_SHARED_CREDENTIALS_FILE", &file);
        command.env("AWS_CONFIG_FILE", home.path().join("none")).env("AWS_EC2_METADATA_DISABLED", "true");
        command.output().unwrap()
    };
    let report: Value = serde_json::from_slice(&ask("reader").stdout).unwrap();
    assert_eq!(report["problems"], json!([]), "{report:#}");
    let nobody = ask("nobody");
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert_eq!(nobody.status.code(), Some(2), "{said}");
    assert!(said.contains("find keys for AWS") && said.contains("AWS_PROFILE"), "{said}");
}

#[test]
fn another_cloud_is_asked_through_its_apis_and_durations_come_from_its_log_lines() {
    let moto = Moto::start();
    let workspace = Workspace::take();
    let arguments = ["--endpoint", &moto.endpoint, "--region", "eu-central-1", "--stack", "Pipeline"];
    let report = status(&workspace, &arguments);
    let functions = report["functions"].as_array().unwrap();
    assert_eq!(functions.len(), 1, "the other stack's function is left out: {report:#}");
    let function = &functions[0];
    assert_eq!(function["name"], "Pipeline-Upstream-ABCDEFGHIJKL");
    let figures = ["invocations", "errors", "throttles"].map(|name| function[name].as_u64().unwrap());
    assert_eq!(figures, [200, 3, 0]);
    assert_eq!(function["environments"]["cold_starts"], 2);
    let duration = &function["duration_ms"];
    let at = |name: &str| duration[name].as_f64().unwrap();
    assert_eq!((at("count"), at("min"), at("max")), (200.0, 1.0, 200.0), "{duration}");
    assert_eq!((at("p50"), at("p95"), at("p99")), (100.0, 190.0, 198.0), "{duration}");
    assert_eq!(function["deployed_digest"].as_str().unwrap().len(), 64);
    // The newest log stream began after the function's last update, so its code is the deployed one.
    assert_eq!(function["answering_digest"], function["deployed_digest"], "{function}");
    let mapping = &report["mappings"][0];
    assert_eq!(
        (&mapping["state"], mapping["function"].as_str()),
        (&json!("Enabled"), function["name"].as_str())
    );
    assert_eq!((&mapping["lag_records"], &mapping["at_least"]), (&json!(3), &json!(true)), "{mapping}");
    assert!(mapping["oldest_unprocessed_ms"].as_u64().unwrap() < 60_000, "{mapping}");
    let queue = part(&report, "queues", "name", "pipeline-failures");
    assert_eq!((&queue["counts"]["visible"], &queue["oldest_ms"]), (&json!(2), &json!(42_000)), "{queue}");
    assert_eq!(report["endpoint"], moto.endpoint);
}

#[test]
fn prometheus_reads_the_page_and_other_hosts_are_refused() {
    let session = Session::live_with(&["--metrics=0"]);
    for number in 0..7 {
        assert_eq!(session.post_message(&number.to_string()).status, 200);
    }
    session.aws().wait_for_rows(7);
    let url = session.outputs["Metrics"].as_str().unwrap().to_owned();
    let page = send("GET", &url, &[], "").unwrap();
    assert_eq!(
        (page.status, page.header("content-type").unwrap().split(';').next()),
        (200, Some("text/plain"))
    );
    let script = "import json, sys\n\
        from prometheus_client.parser import text_string_to_metric_families as parse\n\
        families = list(parse(sys.stdin.read()))\n\
        print(json.dumps([[f.name, f.type, [[s.name, s.labels, s.value] for s in f.samples]] for f in families]))";
    let mut python = test_tools::python(&["prometheus_client"])
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(page.body.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "the parser refuses:\n{}", page.body);
    let families: Value = serde_json::from_slice(&output.stdout).unwrap();
    let family = |name: &str, kind: &str| {
        let found = families.as_array().unwrap().iter().find(|family| family[0] == name);
        let found = found.unwrap_or_else(|| panic!("{name}: {families:#}"));
        assert_eq!(found[1], kind, "{name}");
        found[2].as_array().unwrap().clone()
    };
    let calls = family("devloop_function_invocations", "counter");
    let upstream = calls.iter().find(|sample| sample[1]["function"] == "upstream").unwrap();
    assert_eq!(
        (&upstream[0], upstream[2].as_f64()),
        (&json!("devloop_function_invocations_total"), Some(7.0))
    );
    let durations = family("devloop_function_duration_seconds", "summary");
    assert!(
        durations
            .iter()
            .all(|sample| sample[0] != "devloop_function_duration_seconds" || sample[2].as_f64() < Some(3.0))
    );
    assert_eq!(family("devloop_up", "gauge")[0][2], 1.0);
    assert_eq!(family("devloop_mapping_enabled", "gauge").len(), 2);
    assert_eq!(family("devloop_latency_requests", "gauge")[0][2], 7.0);

    let elsewhere = send("GET", &url, &[("host", "rebound.example:9464")], "").unwrap();
    assert_eq!(elsewhere.status, 403, "{elsewhere:?}");
    assert_eq!(send("GET", &url.replace("/metrics", "/"), &[], "").unwrap().status, 404);
    assert_eq!(send("POST", &url, &[], "").unwrap().status, 405);
}
