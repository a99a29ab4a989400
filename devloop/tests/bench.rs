//! `devloop bench` against an artificial pipeline that does known things to the requests: the report must say exactly what was
//! done.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Artificial, Encrypted, Fate, HANDLERS, LIMIT, eventually, signal_to};

/// The program in this directory, with none of the shell's settings.
fn devloop(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    for name in [
        "AWS_ENDPOINT_URL",
        "API_ENDPOINT",
        "APIGW_ENDPOINT",
        "USE_LOCALSTACK",
        "LAMBDA_SRC_PATH",
        "LAMBDA_DIST_PATH",
        "AWS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_REGION",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs 600 requests of 6 users. Returns the output and the document.
fn bench(directory: &Path, endpoint: &str, more: &[&str]) -> (Output, Value) {
    let mut arguments =
        vec!["bench", "--endpoint", endpoint, "--requests", "600", "--vus", "6", "--warm-up", "0", "--json"];
    arguments.extend(more);
    let output = devloop(directory, &arguments).output().unwrap();
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output, document)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Each request has a different delay; nothing else happens.
fn smooth(user: u32, iteration: u32) -> Fate {
    let delays = [i64::from(4 + iteration % 5), i64::from(20 + user), i64::from(9 + iteration % 3)];
    Fate { delays, ..Fate::default() }
}

/// Every kind of fault, each a different number of times.
fn rough(user: u32, iteration: u32) -> Fate {
    let fate = smooth(user, iteration);
    match (user, iteration) {
        (1, 1 | 3 | 5) => Fate { lost_before_store: true, ..fate },
        (2, 1 | 4 | 6 | 8 | 10) => Fate { lost_before_sink: true, ..fate },
        (3, 2) => Fate { again_at_store: 3, ..fate },
        (4, 2 | 5) => Fate { again_at_sink: 2, ..fate },
        (5, 3 | 8) => Fate { overtaken: true, ..fate },
        (6, 1 | 2) => Fate { refused: true, ..fate },
        _ => fate,
    }
}

/// The quantile of sorted values, by rank.
fn at(values: &[i64], quantile: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[((quantile * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len()) - 1] as f64
}

#[test]
fn the_report_says_what_was_done_to_the_requests() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(rough);
    let (output, run) = bench(
        home.path(),
        &pipeline.endpoint,
        &["--run-id", "truth", "--idle", "300ms", "--detail", "detail.jsonl"],
    );
    let truth = pipeline.truth();
    assert_eq!(output.status.code(), Some(1), "lost requests fail a run: {}", errors(&output));
    assert_eq!(run["outcome"], "lost");
    let expected = json!({
        "sent": 600, "missed": 0, "accepted": 598, "refused": 2, "stored": 595, "sunk": 590, "lost": 8,
        "duplicated": 4, "reordered": 2, "unexpected": 0, "backlog": run["counts"]["backlog"], "given_up": null,
    });
    assert_eq!(run["counts"], expected);
    assert_eq!((truth.accepted, truth.refused, truth.stored, truth.sunk), (598, 2, 595, 590));
    let listing = |stage: usize, what: &str| {
        let listing = &run["stages"][stage][what];
        let mut names: Vec<String> = serde_json::from_value(listing["first"].clone()).unwrap();
        names.sort();
        (listing["count"].as_u64().unwrap(), names)
    };
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        (names.len() as u64, names)
    };
    assert_eq!(listing(1, "lost"), sorted(&truth.lost_before_store));
    assert_eq!(listing(2, "lost"), sorted(&truth.lost_before_sink));
    assert_eq!(listing(1, "duplicated"), (3, vec!["truth-3-2".to_owned()]));
    assert_eq!(listing(2, "duplicated"), (4, vec!["truth-4-2".to_owned(), "truth-4-5".to_owned()]));
    assert_eq!(listing(2, "reordered"), sorted(&truth.overtaken));
    assert_eq!(listing(1, "reordered").0, 0);

    for (stage, delays) in truth.delays.iter().enumerate() {
        let seen = &run["stages"][stage];
        let times = &seen["time_ms"];
        assert_eq!(times["count"], delays.len());
        for (name, quantile) in [("min", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
            let (seen, done) = (times[name].as_f64().unwrap(), at(delays, quantile));
            assert!((seen - done).abs() <= 1.0, "stage {stage} {name}: {seen} for {done}");
        }
        let mean = delays.iter().sum::<i64>() as f64 / delays.len() as f64;
        assert!((times["mean"].as_f64().unwrap() - mean).abs() < 0.001);
        let handler = seen["handler_ms"]["p50"].as_f64().unwrap();
        assert!((handler - HANDLERS[stage]).abs() < 0.01, "stage {stage}: handler {handler}");
        // The handlers of this pipeline begin when the stage ends, so all of its time was waiting.
        let wait = seen["wait_ms"]["p50"].as_f64().unwrap();
        let expected = if stage == 0 { 0.0 } else { at(delays, 0.5) };
        assert!((wait - expected).abs() <= if stage == 1 { 1.0 } else { 2.0 }, "stage {stage}: wait {wait}");
    }
    let detail = std::fs::read_to_string(home.path().join("detail.jsonl")).unwrap();
    let count =
        |what: &str| detail.lines().filter(|line| line.contains(&format!("\"outcome\":\"{what}\""))).count();
    assert_eq!((count("lost"), count("duplicated"), count("reordered")), (8, 3, 2));
    assert_eq!(detail.lines().filter(|line| line.contains("\"latencyMs\"")).count(), 590);
    let refusals = run["http"]["refusals"].to_string();
    assert!(refusals.contains("500 {\\\"message\\\":\\\"refused on purpose\\\"}"), "{refusals}");
}

#[test]
fn a_pipeline_that_pauses_for_longer_than_the_idle_time_is_waited_for() {
    let home = tempfile::tempdir().unwrap();
    // Asked four times a second, with an idle time of a quarter second.
    let pipeline = Artificial::with_page(smooth, |asked| if asked < 12 { 5 } else { 0 });
    let (output, run) = bench(home.path(), &pipeline.endpoint, &["--idle", "250ms", "--run-id", "paused"]);
    assert_eq!((output.status.code(), &run["outcome"]), (Some(0), &json!("complete")), "{}", errors(&output));
    assert_eq!(run["counts"]["sunk"], 600);
}

#[test]
fn a_timeout_leaves_a_partial_file_and_names_what_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let lossy =
        |user, iteration| Fate { lost_before_sink: (user, iteration) == (2, 7), ..smooth(user, iteration) };
    let pipeline = Artificial::with_page(lossy, |asked| asked % 2);
    let more = ["--run-id", "late", "--idle", "1m", "--timeout", "2s", "--out", "latencies.json"];
    let (output, run) = bench(home.path(), &pipeline.endpoint, &more);
    assert_eq!(
        (output.status.code(), &run["outcome"]),
        (Some(2), &json!("timed_out")),
        "{}",
        errors(&output)
    );
    assert!(errors(&output).contains("1 accepted requests are missing:\nlate-2-7\n"), "{}", errors(&output));
    assert_eq!(read(&home.path().join("latencies.json")).as_array().unwrap().len(), 599);
}

#[test]
fn a_second_run_of_the_same_name_counts_only_itself() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(smooth);
    for _ in 0..2 {
        let (output, run) = bench(home.path(), &pipeline.endpoint, &["--run-id", "again", "--out", "l.json"]);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        assert_eq!((&run["counts"]["sunk"], &run["counts"]["duplicated"]), (&json!(600), &json!(0)));
        assert_eq!(read(&home.path().join("l.json")).as_array().unwrap().len(), 600);
    }
}

#[test]
fn the_open_model_sends_by_its_rate_and_says_when_it_could_not() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(smooth);
    let arguments = |rate: &'static str, vus: &'static str| {
        [
            "bench",
            "--endpoint",
            &pipeline.endpoint,
            "--rate",
            rate,
            "--vus",
            vus,
            "--duration",
            "1s",
            "--warm-up",
            "0",
            "--json",
        ]
        .map(str::to_owned)
    };
    let run = |arguments: [String; 12]| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = devloop(home.path(), &arguments).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|_| panic!("{}", errors(&output)))
    };
    let steady = run(arguments("50", "20"));
    let counts = &steady["counts"];
    assert_eq!(counts["sent"].as_u64().unwrap() + counts["missed"].as_u64().unwrap(), 50, "{counts}");
    assert_eq!(steady["run"]["model"], "open");
    let flooded = run(arguments("1000000", "1"));
    let reason = flooded["http"]["generator_saturated"].as_str().unwrap();
    assert!(reason.contains("of 1000000 requests that were due were sent"), "{reason}");
}

#[test]
fn conditions_decide_the_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(smooth);
    let (output, run) =
        bench(home.path(), &pipeline.endpoint, &["--fail-if", "p99>10s", "--fail-if", "p50>1ms"]);
    assert_eq!(output.status.code(), Some(99));
    assert_eq!(
        (&run["thresholds"][0]["failed"], &run["thresholds"][1]["failed"]),
        (&json!(false), &json!(true))
    );
    let output = devloop(home.path(), &["bench", "--endpoint", &pipeline.endpoint, "--fail-if", "p98>1ms"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors(&output).contains("there is no metric \"p98\"; the metrics are p50, p90"),
        "{}",
        errors(&output)
    );
}

#[test]
fn what_cannot_be_found_names_the_variables() {
    let home = tempfile::tempdir().unwrap();
    let output = devloop(home.path(), &["bench", "--endpoint", "http://127.0.0.1:9"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let said = errors(&output);
    assert!(said.contains("AWS_ENDPOINT_URL") && said.contains("API_ENDPOINT or APIGW_ENDPOINT"), "{said}");
}

/// Starts a run of ten minutes and interrupts it while it sends.
fn interrupted(home: &Path, pipeline: &Artificial) -> Child {
    let load = ["--duration", "10m", "--vus", "2", "--warm-up", "0", "--json", "--out", "latencies.json"];
    let arguments = [&["bench", "--endpoint", &pipeline.endpoint], &load[..]].concat();
    let child = devloop(home, &arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("requests are sent", LIMIT, || {
        if pipeline.truth().accepted > 50 { Ok(()) } else { Err("none yet") }
    });
    signal_to(child.id() as i32, Signal::INT);
    child
}

#[test]
fn the_first_interrupt_ends_the_load_and_everything_accepted_is_still_reported() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(smooth);
    let child = interrupted(home.path(), &pipeline);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["run"]["interrupted"], true);
    assert_eq!(run["counts"]["sunk"], pipeline.truth().accepted);
}

#[test]
fn the_second_interrupt_ends_everything_at_once() {
    let home = tempfile::tempdir().unwrap();
    // The waiting records never arrive, so the run would wait for minutes after the load.
    let pipeline = Artificial::with_page(smooth, |_| 1);
    let mut child = interrupted(home.path(), &pipeline);
    let accepted = || pipeline.truth().accepted;
    eventually("no more requests are sent, and the others are waited for", LIMIT, || {
        let before = (accepted(), pipeline.asked());
        eventually("it asks once more", LIMIT, || {
            if pipeline.asked() > before.1 + 1 { Ok(()) } else { Err(before) }
        });
        assert_eq!(child.try_wait().unwrap(), None, "the first interrupt only ends the load");
        if accepted() == before.0 { Ok(()) } else { Err(before) }
    });
    signal_to(child.id() as i32, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", errors(&output));
    assert_eq!((output.stdout.len(), home.path().join("latencies.json").exists()), (0, false));
}

#[test]
fn the_apis_are_asked_with_the_keys_that_there_are() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(smooth);
    let load =
        ["bench", "--endpoint", &pipeline.endpoint, "--requests", "20", "--vus", "2", "--warm-up", "0"];
    let output = devloop(home.path(), &load).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let unsigned = pipeline.authorizations();
    assert!(
        unsigned.iter().all(|given| given.ends_with("Signature=0")) && unsigned.len() > 5,
        "{unsigned:?}"
    );
    let mut signed = devloop(home.path(), &load);
    signed.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    let output = signed.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let signed = &pipeline.authorizations()[unsigned.len()..];
    for service in ["lambda", "apigateway", "logs", "monitoring"] {
        let scope = format!("/us-east-1/{service}/aws4_request");
        assert!(signed.iter().any(|given| given.contains(&scope)), "{service}: {signed:?}");
    }
    let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/";
    assert!(signed.iter().all(|given| given.starts_with(start) && !given.ends_with("=0")), "{signed:?}");

    // AWS itself is only asked if a stack is named, and with keys.
    let aws = |more: &[&str]| {
        let mut command =
            devloop(home.path(), &[&["bench", "--aws", "--region", "eu-west-1"], more].concat());
        command.env("AWS_SHARED_CREDENTIALS_FILE", home.path().join("none")).env("HOME", home.path());
        command.env("AWS_CONFIG_FILE", home.path().join("none")).env("AWS_EC2_METADATA_DISABLED", "true");
        let output = command.output().unwrap();
        (output.status.code(), errors(&output))
    };
    let (code, said) = aws(&[]);
    assert!(code == Some(2) && said.contains("--stack <NAME>"), "{said}");
    let (code, said) = aws(&["--stack", "Mine"]);
    assert!(code == Some(2) && said.contains("find keys for AWS"), "{said}");
}

#[test]
fn an_encrypted_pipeline_is_loaded_and_followed_and_a_strange_certificate_is_explained() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(smooth);
    let encrypted = Encrypted::before(&pipeline.endpoint);
    let authority = home.path().join("authority.pem");
    std::fs::write(&authority, &encrypted.authority).unwrap();
    let bench = |endpoint: &str, environment: &[(&str, &Path)], more: &[&str]| {
        let mut arguments = vec!["bench", "--endpoint", endpoint, "--requests", "60", "--vus", "3"];
        arguments.extend(["--warm-up", "0", "--json"]);
        arguments.extend(more);
        devloop(home.path(), &arguments).envs(environment.iter().copied()).output().unwrap()
    };
    for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        let output = bench(&encrypted.endpoint, &[(variable, &authority)], &[]);
        assert_eq!(output.status.code(), Some(0), "{variable}: {}", errors(&output));
        let run: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&run["counts"]["sunk"], &run["counts"]["lost"]), (&json!(60), &json!(0)));
        assert!(run["run"]["api"].as_str().unwrap().starts_with("https://localhost:"), "{}", run["run"]);
    }
    let refused = |output: &Output, parts: &[&str]| {
        assert_eq!(output.status.code(), Some(4), "{}", errors(output));
        for part in parts {
            assert!(errors(output).contains(part), "{part} in {}", errors(output));
        }
    };
    let step = "AWS_CA_BUNDLE or SSL_CERT_FILE names the PEM file of an authority to trust";
    let strange = "invalid peer certificate: UnknownIssuer";
    refused(&bench(&encrypted.endpoint, &[], &[]), &["find the pipeline", strange, step]);
    // Only the API is encrypted: the error is reported once, before the load.
    let api = format!("{}/_aws/execute-api/api/prod/", encrypted.endpoint);
    let output = bench(&pipeline.endpoint, &[], &["--api", &api]);
    refused(&output, &["connect to https://localhost:", strange, step]);
    let name = encrypted.endpoint.replace("localhost", "127.0.0.1");
    let output = bench(&name, &[("AWS_CA_BUNDLE", &authority)], &[]);
    refused(&output, &["invalid peer certificate: certificate not valid for name"]);
    let missing = home.path().join("missing.pem");
    refused(&bench(&encrypted.endpoint, &[("AWS_CA_BUNDLE", &missing)], &[]), &["read certificates from"]);
    assert_eq!(pipeline.truth().accepted, 120, "a server that is not trusted gets nothing");
}

#[test]
fn wait_prints_the_reference_s_lines_and_writes_its_file() {
    let home = tempfile::tempdir().unwrap();
    let output = devloop(home.path(), &["bench", "wait"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        errors(&output),
        "Error: No JSON output file specified.\nUsage: devloop bench wait <latencies.json>\n"
    );

    let lossy =
        |user, iteration| Fate { lost_before_sink: (user, iteration) == (1, 0), ..smooth(user, iteration) };
    let pipeline = Artificial::start(lossy);
    bench(home.path(), &pipeline.endpoint, &["--idle", "300ms"]);
    let wait = |more: &[&str]| {
        let mut arguments =
            vec!["bench", "wait", "latencies.json", "--endpoint", &pipeline.endpoint, "--idle", "300ms"];
        arguments.extend(more);
        devloop(home.path(), &arguments).output().unwrap()
    };
    let output = wait(&["--detail", "detail.jsonl"]);
    assert_eq!(output.status.code(), Some(1), "one is lost: {}", errors(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    let words = "Monitoring CloudWatch metrics for new datapoints...\nNo new datapoints added. Exiting.\n\
                 Exporting CloudWatch metrics to latencies.json...\ncount    599\n";
    assert!(said.starts_with(words), "{said}");
    assert!(said.contains("\nduplicates 0\nlosses 1\n"), "{said}");
    assert_eq!(read(&home.path().join("latencies.json")).as_array().unwrap().len(), 599);
    let detail = std::fs::read_to_string(home.path().join("detail.jsonl")).unwrap();
    assert!(detail.contains("\"outcome\":\"lost\""));
    assert_eq!(wait(&["--expected", "599"]).status.code(), Some(0));
    let partial = wait(&["--expected", "700", "--idle", "1m", "--timeout", "1s"]);
    assert_eq!(partial.status.code(), Some(2));
}

/// Runs a Python script with these arguments.
fn python(module: &str, script: &str, arguments: &[&Path]) -> String {
    let mut command = test_tools::python(&[module]);
    let output = command.arg("-c").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_reference_s_own_snippet_prints_the_tool_s_figures() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(smooth);
    let (output, run) = bench(home.path(), &pipeline.endpoint, &["--out", "latencies.json"]);
    assert!(output.status.success(), "{}", errors(&output));
    let snippet = "import json, sys, pandas as pd\n\
        latencies = json.load(open(sys.argv[1]))\n\
        print(pd.Series(latencies).describe(percentiles=[.5, .9, .95, .99]).to_json(double_precision=15))";
    let table: Value =
        serde_json::from_str(&python("pandas", snippet, &[&home.path().join("latencies.json")])).unwrap();
    let names = [
        ("count", "count"),
        ("mean", "mean"),
        ("std", "std"),
        ("min", "min"),
        ("50%", "p50"),
        ("90%", "p90"),
        ("95%", "p95"),
        ("99%", "p99"),
        ("max", "max"),
    ];
    assert_eq!(table.as_object().unwrap().len(), names.len(), "{table}");
    for (theirs, ours) in names {
        let (theirs, ours) = (table[theirs].as_f64().unwrap(), run["latencies"][ours].as_f64().unwrap());
        assert!((theirs - ours).abs() < 1e-9, "{theirs} and {ours} in {table} and {}", run["latencies"]);
    }
    assert_eq!(run["latencies"]["count"], 600);
    let p99 = run["end_to_end_ms"]["p99"].as_f64().unwrap();
    assert!(
        (p99 / 1000.0 - run["latencies"]["p99"].as_f64().unwrap()).abs() <= 0.001,
        "the same figure in both tables"
    );
}

#[test]
fn every_document_keeps_to_the_published_schema() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(rough);
    let more = ["--idle", "300ms", "--save", "./kept.json", "--run-id", "rough"];
    let (_, rough) = bench(home.path(), &pipeline.endpoint, &more);
    let calm = Artificial::with_page(smooth, |_| 0);
    let more = ["--against", "./kept.json", "--fail-if", "lost>0", "--run-id", "calm"];
    let (_, smooth) = bench(home.path(), &calm.endpoint, &more);
    assert!(smooth["comparison"]["metrics"].as_array().is_some_and(|metrics| metrics.len() == 6));
    assert_eq!(read(&home.path().join("kept.json")), rough);
    std::fs::write(home.path().join("calm.json"), smooth.to_string()).unwrap();
    let mut broken = smooth.clone();
    broken["counts"]["lost"] = json!("none");
    std::fs::write(home.path().join("broken.json"), broken.to_string()).unwrap();
    let validate = "import json, sys, jsonschema\n\
        schema = json.load(open(sys.argv[1]))\n\
        jsonschema.Draft202012Validator.check_schema(schema)\n\
        valid = jsonschema.Draft202012Validator(schema)\n\
        print([[error.json_path for error in valid.iter_errors(json.load(open(path)))] for path in sys.argv[2:]])";
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/bench.schema.json");
    let files = ["kept.json", "calm.json", "broken.json"].map(|name| home.path().join(name));
    let said = python("jsonschema", validate, &[&schema, &files[0], &files[1], &files[2]]);
    assert_eq!(said.trim(), "[[], [], ['$.counts.lost']]");
}

/// The page's DOM in Chromium after loading.
fn dom(page: &Path) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut command = test_tools::command("chromium");
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    let output = command.arg("--dump-dom").arg(format!("file://{}", page.display())).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_page_shows_every_chart_and_the_document_s_values() {
    let home = tempfile::tempdir().unwrap();
    let pipeline = Artificial::start(smooth);
    bench(home.path(), &pipeline.endpoint, &["--save", "./before.json"]);
    let (output, run) =
        bench(home.path(), &pipeline.endpoint, &["--against", "./before.json", "--report", "report.html"]);
    assert!(output.status.success(), "{}", errors(&output));
    let dom = dom(&home.path().join("report.html"));
    let embedded = |id: &str| -> Value {
        let json = dom.split(&format!("id=\"{id}\">")).nth(1).unwrap().split("</script>").next().unwrap();
        serde_json::from_str(json).unwrap()
    };
    assert_eq!(embedded("run"), run);
    assert_eq!(embedded("before"), read(&home.path().join("before.json")));
    for figure in [
        "throughput",
        "latency",
        "backlog",
        "cdf",
        "heat-gateway_to_stream",
        "heat-stream_to_store",
        "heat-store_to_sink",
    ] {
        let figure =
            dom.split(&format!("<figure id=\"{figure}\">")).nth(1).unwrap_or_else(|| panic!("no {figure}"));
        let figure = figure.split("</figure>").next().unwrap();
        assert!(
            figure.contains("<svg") && (figure.contains("<path") || figure.contains("<rect")),
            "{figure}"
        );
    }
    assert_eq!(dom.matches("class=\"interval\"").count(), 6, "one for each compared metric");
    let mut shown = 0;
    for cell in dom.split("data-metric=\"").skip(1) {
        let (metric, rest) = cell.split_once("\" data-value=\"").unwrap();
        let value: f64 = rest.split('"').next().unwrap().parse().unwrap();
        let pointer = format!("/{}", metric.replace('.', "/"));
        let truth = run.pointer(&pointer).unwrap_or_else(|| panic!("{metric} is not in the document"));
        assert_eq!(Some(value), truth.as_f64(), "{metric}");
        shown += 1;
    }
    assert_eq!(shown, 8 + 4 * 5, "tiles and stages");
    for (drawn, values) in
        [("stages.0.time_ms.p50", "/stages/0/time_ms/p50"), ("end_to_end_ms.p99", "/end_to_end_ms/p99")]
    {
        assert!(dom.contains(&format!("data-metric=\"{drawn}\"")) && run.pointer(values).is_some());
    }
}
