//! The pipeline's acceptance tests P1 to P12, with the real program: each with CloudWatch metrics and with the rows of a real
//! PostgreSQL.
//!
//! Each scenario is a test with a session of its own. All share one workspace, in which everything is built once, and take turns in
//! it. P9 is only about rows and is in `postgres.rs`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

#[allow(dead_code, reason = "downstream's own tests use the rest")]
#[path = "../../functions/pipeline/downstream/tests/support/database.rs"]
mod database;
mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use database::Database;
use serde_json::{Value, json};
use support::{LIMIT, Load, Psql, Row, Session, eventually, kill, message, now_ms, processes_in, send};
use tempfile::TempDir;

const ANSWER: &str = "functions/pipeline/upstream/src/answer.rs";

/// An address at which nothing listens.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Makes a test of each scenario for both sinks.
macro_rules! scenarios {
    ($($scenario:ident)+) => {
        mod over_cloudwatch {
            $(#[test] fn $scenario() { super::$scenario(&mut super::World::new(None)); })+
        }

        mod over_postgres {
            $(#[test] fn $scenario() { super::$scenario(&mut super::World::new(Some(super::Database::start()))); })+
        }
    };
}

scenarios! {
    p1_a_request_runs_through
    p2_what_is_no_message_is_refused_with_its_reason
    p3_two_hundred_requests_are_two_hundred_of_everything
    p4_a_second_run_of_the_same_ids_counts_itself_only
    p5_a_poison_record_is_reported_once_and_holds_nothing_up
    p6_a_function_killed_half_way_loses_and_repeats_nothing
    p6_under_load_the_bench_sees_what_was_written_again
    p7_a_pause_longer_than_the_idle_time_is_waited_for
    p8_a_sink_that_is_down_for_ten_seconds_delays_and_loses_nothing
    p10_p11_sixty_seconds_of_ten_users_and_a_save_meanwhile
    p12_a_missing_stream_is_reported_without_a_crash_loop
}

/// A session with one sink: the database, or without one the metrics.
struct World {
    session: Session,
    database: Option<Database>,
    /// The folder that `devloop bench` writes to.
    home: TempDir,
}

impl World {
    fn new(database: Option<Database>) -> Self {
        let url = database.as_ref().map(Database::url);
        let arguments: Vec<&str> = match &url {
            Some(url) => vec!["--database-url", url, "--parameter", "Sink=postgres"],
            None => Vec::new(),
        };
        Self { session: Session::live_with(&arguments), database, home: tempfile::tempdir().unwrap() }
    }

    fn sink(&self) -> &'static str {
        if self.database.is_some() { "postgres" } else { "cloudwatch" }
    }

    /// How many requests of the run are in the sink; checks that the other sink has none.
    fn sunk(&self, run: &str) -> u64 {
        let datapoints = self.session.aws().datapoints_of(run);
        let Some(database) = &self.database else { return datapoints };
        assert_eq!(datapoints, 0, "the sink postgres writes no metrics");
        let psql = Psql::new(&database.url());
        let odd = "completed_ms IS NULL OR latency_ms < 0 OR latency_ms <> completed_ms - received_ms";
        match psql.ask(&format!("SELECT * FROM pipeline_items WHERE {odd}")) {
            // The first batch creates the table.
            Err(error) if error.contains("does not exist") => return 0,
            odd => assert_eq!(odd, Ok(Vec::new())),
        }
        psql.rows(&format!("SELECT count(*) FROM pipeline_items WHERE run_id = '{run}'"))[0].parse().unwrap()
    }

    /// Waits until this many requests of the run are in the sink.
    fn wait_for_sunk(&self, run: &str, expected: u64) {
        eventually(&format!("{expected} of {run} are in the sink"), LIMIT, || match self.sunk(run) {
            all if all == expected => Ok(()),
            other => Err(other),
        });
    }

    /// Downstream's measurements of the run. Checks that no request was measured twice and that no time is negative.
    fn rows(&self, run: &str) -> Vec<Row> {
        let rows: Vec<Row> = self.session.aws().rows().into_iter().filter(|row| row.run_id == run).collect();
        let requests: BTreeSet<_> = rows.iter().map(|row| row.request_id.as_deref().unwrap()).collect();
        assert_eq!(requests.len(), rows.len(), "a request of {run} was measured twice");
        for row in &rows {
            assert!(row.latency_ms >= 0 && row.completed_ms > 1_700_000_000_000, "in ms: {row:?}");
        }
        rows
    }

    fn wait_for_rows(&self, run: &str, expected: usize) -> Vec<Row> {
        eventually(&format!("{expected} rows of {run}"), LIMIT, || {
            let rows = self.rows(run);
            if rows.len() >= expected { Ok(rows) } else { Err(rows.len()) }
        })
    }

    /// How many items have an id with this prefix.
    fn items(&self, prefix: &str) -> usize {
        self.session.aws().items().iter().filter(|id| id.starts_with(prefix)).count()
    }

    /// Starts `devloop bench` on the session's pipeline.
    fn start(&self, arguments: &[&str]) -> Child {
        let arguments = [&["bench"], arguments, &["--endpoint", &self.session.endpoint]].concat();
        let mut command = self.session.workspace.devloop(&arguments);
        command.current_dir(self.home.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The document of a run; checks that all requests came through.
    fn well(&self, bench: Child) -> Value {
        let output = bench.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        let run: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
        let counts = &run["counts"];
        assert_eq!(output.status.code(), Some(0), "{counts} {}\n{errors}", run["findings"]);
        assert_eq!(run["outcome"], "complete");
        for none in ["refused", "lost", "duplicated", "unexpected"] {
            assert_eq!(counts[none], 0, "{counts}");
        }
        assert_eq!((&counts["accepted"], &counts["sunk"]), (&counts["sent"], &counts["sent"]), "{counts}");
        assert!(run["run"]["sink"].as_str().unwrap().starts_with(self.sink()), "{}", run["run"]);
        run
    }

    /// Starts a run that prints its document.
    fn run(&self, id: &str, arguments: &[&str]) -> Child {
        self.start(&[&["--run-id", id, "--warm-up", "0", "--json"], arguments].concat())
    }

    /// The numbers of a file of latencies.
    fn latencies(&self, file: &str) -> Vec<f64> {
        let text = std::fs::read_to_string(self.home.path().join(file)).unwrap();
        for number in text.trim_matches(['[', ']', '\n']).split(",\n") {
            assert_eq!(number.split('.').nth(1).map(str::len), Some(3), "milliseconds: {number}");
        }
        serde_json::from_str(&text).unwrap()
    }
}

fn p1_a_request_runs_through(world: &mut World) {
    let (began, sent) = (Instant::now(), now_ms());
    let body = format!("{{\"id\":\"1\",\"message\":\"Hello World\",\"timestamp\":{sent}}}");
    let answer = world.session.post(body);
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"message\":\"success\"}"));
    assert_eq!(answer.header("content-length"), Some("21"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let row = eventually("one row", Duration::from_secs(2), || {
        match (world.sunk("default"), world.rows("default").as_slice()) {
            (1, [row]) => Ok(row.clone()),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(began.elapsed() < Duration::from_secs(2), "{row:?} after {:?}", began.elapsed());
    assert_eq!(row.key, "1");
    assert!(row.latency_ms < 2000 && row.completed_ms >= sent && row.completed_ms <= now_ms(), "{row:?}");
    let item = world.session.aws().item("1").unwrap();
    assert_eq!(
        (&item["message"]["S"], &item["timestamp"]["N"]),
        (&"Hello World".into(), &sent.to_string().into())
    );
    let (well, report) = world.session.status();
    assert!(well, "{report:#}");
}

fn p2_what_is_no_message_is_refused_with_its_reason(world: &mut World) {
    let session = &world.session;
    let before = session.aws().records();
    let check = |body: &str, why: &str| {
        let answer = session.post(body);
        let refusal = json!({ "message": format!("failed to unmarshal request body: {why}") }).to_string();
        assert_eq!((answer.status, answer.body), (400, refusal), "{body}");
    };
    check("", "unexpected end of JSON input");
    check("{}", "id is required");
    check(r#"{"message":"m","timestamp":5}"#, "id is required");
    check(r#"{"id":"","message":"m","timestamp":5}"#, "id is required");
    check(r#"{"id":"1","timestamp":5}"#, "message is required");
    check(r#"{"id":"1","message":"","timestamp":5}"#, "message is required");
    check(r#"{"id":"1","message":"m"}"#, "timestamp is required");
    check(r#"{"id":"1","message":"m","timestamp":0}"#, "timestamp is required");
    check(r#"{"ID":"1","message":"m","timestamp":5}"#, "id is required");
    check(
        r#"{"id":5,"message":"m","timestamp":5}"#,
        "invalid type: integer `5`, expected a string at line 1 column 7",
    );
    check(
        r#"{"id":"1","message":5,"timestamp":5}"#,
        "invalid type: integer `5`, expected a string at line 1 column 21",
    );
    check(
        r#"{"id":"1","message":"m","timestamp":1.5}"#,
        "invalid type: floating point `1.5`, expected i64 at line 1 column 39",
    );
    check(
        r#"{"id":"1","message":"m","timestamp":"5"}"#,
        "invalid type: string \"5\", expected i64 at line 1 column 39",
    );
    check("null", "null is not a JSON object");
    check("[]", "an array is not a JSON object");
    check("hello", "expected value at line 1 column 1");
    assert_eq!(session.aws().records(), before, "nothing of it reached the stream");
    // Any content type is accepted, and none too.
    for (id, headers) in [("p2-1", &[("content-type", "text/plain")][..]), ("p2-2", &[])] {
        assert_eq!(send("POST", &session.url(), headers, message(id).to_string()).unwrap().status, 200);
    }
    assert_eq!(session.aws().records(), before + 2);
    world.wait_for_sunk("default", 2);
}

fn p3_two_hundred_requests_are_two_hundred_of_everything(world: &mut World) {
    let before = world.session.aws().records();
    let load = ["--requests", "200", "--vus", "10", "--out", "p3.json"];
    let run = world.well(world.run("p3", &load));
    assert_eq!((&run["counts"]["sent"], &run["counts"]["stored"]), (&json!(200), &json!(200)));
    for stage in 0..3 {
        assert_eq!(run["stages"][stage]["time_ms"]["count"], 200, "{}", run["stages"][stage]);
    }
    assert_eq!(world.session.aws().records(), before + 200);
    assert_eq!((world.items("p3-"), world.rows("p3").len(), world.sunk("p3")), (200, 200, 200));
    let latencies = world.latencies("p3.json");
    assert_eq!(latencies.len(), 200);
    assert!(latencies.iter().all(|seconds| *seconds >= 0.0));
}

fn p4_a_second_run_of_the_same_ids_counts_itself_only(world: &mut World) {
    let load = ["--requests", "100", "--vus", "1", "--out", "p4.json", "--detail", "p4.jsonl"];
    world.well(world.run("p4", &load));
    let second = world.well(world.run("p4", &load));
    assert_eq!(second["counts"]["sunk"], 100);
    assert_eq!(world.latencies("p4.json").len(), 100);
    let detail = std::fs::read_to_string(world.home.path().join("p4.jsonl")).unwrap();
    for line in detail.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert!(row["receivedMs"].as_i64() >= second["run"]["began_ms"].as_i64(), "of the first run: {line}");
    }
    // The second run changed the items and their rows; the requests of both runs were measured.
    assert_eq!((detail.lines().count(), world.items("p4-"), world.rows("p4").len()), (100, 100, 200));
    assert_eq!(world.sunk("p4"), if world.database.is_some() { 100 } else { 200 });
}

fn p5_a_poison_record_is_reported_once_and_holds_nothing_up(world: &mut World) {
    let aws = world.session.aws();
    let bench = world.run("p5", &["--requests", "99", "--rate", "33", "--vus", "10"]);
    eventually("the load is half way", LIMIT, || match world.items("p5-") {
        some if some > 30 => Ok(()),
        some => Err(some),
    });
    aws.put_records(std::iter::once("poison".to_owned()));
    let run = world.well(bench);
    assert_eq!((&run["counts"]["sunk"], &run["counts"]["given_up"]), (&json!(99), &json!(1)), "{run:#}");
    assert!(run["findings"].to_string().contains("1 failure records are new"), "{}", run["findings"]);
    assert_eq!((world.items("p5-"), world.rows("p5").len(), world.sunk("p5")), (99, 99, 99));
    let failures = aws.messages("pipeline-midstream-failures");
    let [failure] = failures.as_slice() else { panic!("not one: {failures:#?}") };
    assert_eq!(failure["requestContext"]["condition"], "RetryAttemptsExhausted", "{failure:#}");
    assert_eq!(failure["KinesisBatchInfo"]["batchSize"], 1, "{failure:#}");
    assert_eq!(aws.messages("pipeline-downstream-failures"), Vec::<Value>::new());
    // Later records are not held up by the given-up one.
    let later = world.well(world.run("p5-later", &["--requests", "1", "--vus", "1"]));
    assert!(later["end_to_end_ms"]["max"].as_f64() < Some(2_000.0), "{}", later["end_to_end_ms"]);
}

fn p6_a_function_killed_half_way_loses_and_repeats_nothing(world: &mut World) {
    let aws = world.session.aws();
    let midstream = world.session.workspace.dist().join("midstream");
    // One put for each record, as on AWS itself, because a transaction is never half done.
    let former = processes_in(&midstream);
    aws.set_variable("Midstream", "BATCH_WRITES", "single");
    let process = eventually("the environment that puts one by one is alone", LIMIT, || {
        let processes = processes_in(&midstream);
        match processes[..] {
            [one] if !former.contains(&one) => Ok(one),
            _ => Err(processes),
        }
    });
    let before = aws.count();
    aws.put_records((0..100).map(|number| {
        json!({
            "id": format!("p6-{number}"), "message": "m", "timestamp": now_ms(),
            "requestId": format!("request-{number}"), "runId": "p6", "receivedMs": now_ms(),
        })
        .to_string()
    }));
    // Without a pause between the questions, because the right moment lasts only a few milliseconds.
    let began = Instant::now();
    let stored = loop {
        let stored = aws.count() - before;
        if stored >= 40 {
            break stored;
        }
        assert!(began.elapsed() < LIMIT, "{stored} items; {:?}", aws.log("Midstream", ""));
    };
    kill(process);
    let rows = world.wait_for_rows("p6", 100);
    assert_eq!((rows.len(), world.items("p6-")), (100, 100));
    world.wait_for_sunk("p6", 100);
    let log = aws.log("Midstream", "");
    assert!(
        log.iter().any(|line| line.contains("signal: killed")),
        "the kill came too late, after {stored} items: {log:#?}"
    );
    assert!(!processes_in(&midstream).contains(&process));
}

fn p6_under_load_the_bench_sees_what_was_written_again(world: &mut World) {
    let aws = world.session.aws();
    let midstream = world.session.workspace.dist().join("midstream");
    let bench = world.run("p6-load", &["--requests", "600", "--vus", "10"]);
    eventually("the load is under way", LIMIT, || match world.items("p6-load-") {
        some if some >= 60 => Ok(()),
        some => Err(some),
    });
    processes_in(&midstream).into_iter().for_each(kill);
    let run = world.well(bench);
    assert_eq!((world.items("p6-load-"), world.sunk("p6-load")), (600, 600));
    // A record that was written, but whose line was lost by the kill, has one line later, which says that it was stored already.
    let lines = aws.log("Midstream", "stored");
    let keys: Vec<Value> = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["runId"] == "p6-load")
        .map(|line| line["key"].clone())
        .collect();
    let again = keys.len() - keys.iter().map(Value::to_string).collect::<BTreeSet<_>>().len();
    assert_eq!(run["stages"][1]["duplicated"]["count"], again, "{}", run["stages"][1]);
    aws.set_variable("Midstream", "BATCH_WRITES", "transact");
}

fn p7_a_pause_longer_than_the_idle_time_is_waited_for(world: &mut World) {
    const PAUSE: Duration = Duration::from_secs(20);
    let aws = world.session.aws();
    aws.enable("Downstream", false);
    let load = Load::run(&world.session.url(), "p7", 10, 5);
    assert_eq!((load.accepted.len(), load.refused), (50, Vec::new()));
    let began = Instant::now();
    let mut wait = world.start(&["wait", "p7.json", "--expected", "50", "--run-id", "p7", "--idle", "5s"]);
    eventually("downstream has paused for long", PAUSE * 2, || {
        assert_eq!(wait.try_wait().unwrap(), None, "quiet is not done");
        if began.elapsed() < PAUSE { Err(began.elapsed()) } else { Ok(()) }
    });
    assert_eq!(world.sunk("p7"), 0);
    aws.enable("Downstream", true);
    let output = wait.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("count    50\n") && said.contains("duplicates 0\nlosses 0\n"), "{said}");
    assert_eq!((world.latencies("p7.json").len(), world.sunk("p7")), (50, 50));
}

fn p8_a_sink_that_is_down_for_ten_seconds_delays_and_loses_nothing(world: &mut World) {
    const DOWN: Duration = Duration::from_secs(10);
    let own = world.session.endpoint.clone();
    match &mut world.database {
        Some(database) => database.stop(),
        None => world.session.aws().set_variable("Downstream", "AWS_ENDPOINT_URL_CLOUDWATCH", NOWHERE),
    }
    let aws = world.session.aws();
    let began = Instant::now();
    let mut bench = world.run("p8", &["--requests", "100", "--rate", "50", "--vus", "10"]);
    eventually("every item is stored", LIMIT, || match world.items("p8-") {
        100 => Ok(()),
        other => Err(other),
    });
    eventually("the sink has been down for a while", DOWN * 2, || {
        assert_eq!(bench.try_wait().unwrap(), None, "nothing is given up");
        if began.elapsed() < DOWN { Err(began.elapsed()) } else { Ok(()) }
    });
    assert_eq!(world.rows("p8"), []);
    match &mut world.database {
        Some(database) => database.resume(&[]),
        None => aws.set_variable("Downstream", "AWS_ENDPOINT_URL_CLOUDWATCH", &own),
    }
    let run = world.well(bench);
    assert_eq!((run["counts"]["sunk"].as_u64(), world.sunk("p8")), (Some(100), 100));
    let slowest = run["stages"][2]["time_ms"]["max"].as_f64().unwrap();
    assert!(slowest > 7_000.0 && run["end_to_end_ms"]["max"].as_f64() >= Some(slowest), "{slowest}");
    assert_eq!(aws.messages("pipeline-downstream-failures"), Vec::<Value>::new());
}

/// How long the load lasts, in s.
fn seconds() -> u64 {
    std::env::var("DEVLOOP_LOAD")
        .map_or(60, |text| text.parse().expect("DEVLOOP_LOAD is a number of seconds"))
}

fn p10_p11_sixty_seconds_of_ten_users_and_a_save_meanwhile(world: &mut World) {
    let duration = format!("{}s", seconds());
    let load = ["--duration", &duration, "--vus", "10", "--out", "p10.json"];
    let mut bench = world.run("p10", &load);
    eventually("the load is under way", LIMIT, || match world.session.aws().count() {
        some if some > 500 => Ok(()),
        some => Err(some),
    });
    world.session.edit(ANSWER, "\"success\"", "\"success 2\"");
    world.session.next_live("upstream");
    let answer = world.session.post_message("p11");
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"message\":\"success 2\"}"));
    assert!(bench.try_wait().unwrap().is_none(), "the load was over before the save was live");

    let run = world.well(bench);
    for check in run["checks"].as_array().unwrap() {
        assert_eq!((&check["fails"], &check["passes"]), (&json!(0), &run["counts"]["sent"]), "{check}");
    }
    let number = |pointer: &str| run.pointer(pointer).and_then(Value::as_f64).unwrap();
    let (sent, complete) = (number("/counts/sent"), number("/counts/sunk"));
    assert!(number("/run/load_ms") >= seconds() as f64 * 1_000.0 && number("/rates/complete") > 0.0);
    assert!(number("/run/drain_ms") >= 0.0 && number("/counts/backlog") <= sent);
    assert_eq!(run["counts"]["sunk"], world.latencies("p10.json").len());
    world.wait_for_sunk("p10", complete as u64);
    // The report for people: sent, completed, throughput, and the backlog in seconds.
    let few = ["--requests", "10", "--vus", "1", "--warm-up", "0", "--run-id", "p10-text", "--plain"];
    let output = world.start(&few).wait_with_output().unwrap();
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in [
        "http_reqs",
        "accepted           10 (",
        "stored, complete   10, 10",
        "/s until drained; backlog ",
        " s of work",
    ] {
        assert!(table.contains(part), "{part} in {table}");
    }
    // Written around the test runner, which hides a test's output.
    let _ = writeln!(
        std::io::stderr(),
        "over {}: {sent} sent, {complete} complete, {:.0} a second, {:.2} s of backlog",
        world.sink(),
        number("/rates/complete"),
        number("/run/drain_ms") / 1_000.0
    );
}

fn p12_a_missing_stream_is_reported_without_a_crash_loop(world: &mut World) {
    let session = &world.session;
    assert_eq!(session.post_message("p12").status, 200);
    let upstream = session.workspace.dist().join("upstream");
    session.aws().delete_stream();
    let before = processes_in(&upstream);
    for number in 0..5 {
        let answer = session.post_message(&number.to_string());
        assert_eq!(answer.status, 500, "{answer:?}");
        let text = answer.json()["message"].as_str().unwrap().to_owned();
        let prefix = "failed to put record to KinesisStream Kinesis Stream: ";
        let cause = text.strip_prefix(prefix).unwrap_or_else(|| panic!("{text}"));
        assert!(!cause.is_empty() && !cause.contains("http"), "few words, no internals: {text}");
    }
    assert_eq!(session.aws().log("Upstream", "\"Runtime.ExitError\""), Vec::<String>::new());
    assert!(!before.is_empty() && processes_in(&upstream).iter().all(|process| before.contains(process)));
    session.assert_alive();
}
