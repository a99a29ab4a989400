//! `devloop bench` on functions that know nothing of it: one behind a URL, and five in a chain with two branches.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use support::{BRANCHES, HEADS, Session, TINY, Workspace};

const WATCH: [&str; 4] = ["watch", "--port", "0", "--json"];

/// Runs `devloop bench` with these arguments in a directory of its own.
fn bench(session: &Session, directory: &Path, arguments: &[&str]) -> Output {
    let all = [&["bench", "--endpoint", &session.endpoint, "--warm-up", "0"], arguments].concat();
    session.workspace.devloop(&all).current_dir(directory).output().unwrap()
}

/// Runs `devloop bench`. Returns the exit code and the document, which must fit the published schema.
fn document(session: &Session, directory: &Path, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = bench(session, directory, &[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    let file = directory.join("document.json");
    std::fs::write(&file, &output.stdout).unwrap();
    let validate = "import json, sys, jsonschema\n\
        schema, document = [json.load(open(path)) for path in sys.argv[1:]]\n\
        print([error.json_path + ' ' + error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)])";
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/bench.schema.json");
    let said =
        test_tools::python(&["jsonschema"]).args(["-c", validate]).args([&schema, &file]).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "[]", "{document:#}");
    (output.status.code(), document, errors)
}

fn function<'a>(run: &'a Value, name: &str) -> &'a Value {
    let functions = run["chain"]["functions"].as_array().unwrap();
    functions.iter().find(|function| function["function"] == name).unwrap_or_else(|| panic!("{run:#}"))
}

fn is_unknown(run: &Value, text: &str) -> bool {
    run["chain"]["unknown"].as_array().unwrap().iter().any(|unknown| unknown.as_str().unwrap().contains(text))
}

#[test]
fn a_strangers_function_behind_a_url_gets_requests_latency_and_its_share() {
    let session = Session::live_in(Workspace::tiny(), &WATCH, &TINY);
    let home = tempfile::tempdir().unwrap();

    // Three functions with a URL each, so the user has to name one.
    let output = bench(&session, home.path(), &["--requests", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    for part in
        ["3 chains could be meant", "--head NAME", "function URL alpha: alpha", "function URL gamma: gamma"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let output = bench(&session, home.path(), &["--requests", "1", "--head", "delta"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("find delta: no chain begins with it") && said.contains("function URL beta: beta"),
        "{said}"
    );

    let load = ["--head", "alpha", "--requests", "60", "--vus", "2"];
    let (code, run, errors) = document(&session, home.path(), &load);
    assert_eq!((code, &run["outcome"]), (Some(0), &json!("complete")), "{errors}");
    let counts = &run["counts"];
    assert_eq!((&counts["accepted"], &counts["sunk"], &counts["lost"]), (&json!(60), &json!(60), &json!(0)));
    assert_eq!(
        (&run["chain"]["head"], &run["chain"]["followed_by"]),
        (&json!("function URL alpha"), &json!("answers"))
    );
    assert_eq!(run["end_to_end_ms"]["count"], 60);
    let alpha = function(&run, "alpha");
    assert_eq!((&alpha["invocations"], &alpha["handler_ms"]["count"]), (&json!(60), &json!(60)), "{alpha}");
    assert_eq!(alpha["errors"], 0, "{alpha}");
    let share = alpha["share_of_answer"].as_f64().unwrap();
    assert!(share > 0.0 && share <= 1.0, "{alpha}");
    assert_eq!(run["chain"]["unknown"], json!([]));

    // The tables have the same values, and the page contains the document.
    let output =
        bench(&session, home.path(), &[&load[..], &["--report", "page.html", "--csv", "run.csv"]].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in ["status was 2xx", "function URL alpha ▸ alpha", "of the answer's time is alpha's handler"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let page = std::fs::read_to_string(home.path().join("page.html")).unwrap();
    assert!(page.contains("<table id=\"functions\">") && page.contains("\"followed_by\":\"answers\""));
    let csv = std::fs::read_to_string(home.path().join("run.csv")).unwrap();
    assert!(csv.contains("function,alpha,invocations,60\r\n"), "{csv}");
}

#[test]
fn a_chain_of_five_functions_with_two_branches_is_followed_through_all_of_them() {
    let watch = [&WATCH[..], &["--template", "branches.template.json"]].concat();
    let session = Session::live_in(Workspace::branches(), &watch, &BRANCHES);
    let home = tempfile::tempdir().unwrap();

    let (code, run, errors) =
        document(&session, home.path(), &["--requests", "40", "--vus", "4", "--run-id", "five"]);
    assert_eq!((code, &run["outcome"]), (Some(0), &json!("complete")), "{errors} {run:#}");
    assert_eq!(
        (&run["chain"]["head"], &run["chain"]["followed_by"]),
        (&json!("function URL entry"), &json!("rows"))
    );
    let functions = run["chain"]["functions"].as_array().unwrap();
    let names: Vec<&str> = functions.iter().map(|function| function["function"].as_str().unwrap()).collect();
    assert_eq!(names, BRANCHES);
    let after: Vec<&Value> = functions.iter().map(|function| &function["after"]).collect();
    assert_eq!(json!(after), json!([[], ["entry"], ["entry"], ["left"], ["right"]]));
    assert_eq!(function(&run, "left-end")["sources"], json!(["table items"]));
    let counts = &run["counts"];
    assert_eq!((&counts["sunk"], &counts["lost"], &counts["duplicated"]), (&json!(40), &json!(0), &json!(0)));
    assert_eq!(function(&run, "entry")["invocations"], 40);
    for name in BRANCHES {
        let function = function(&run, name);
        assert!(function["handler_ms"]["count"].as_u64().unwrap() > 0, "{function}");
        let tells = !["entry", "right"].contains(&name);
        assert_eq!(function["seen"], if tells { json!(40) } else { Value::Null }, "{function}");
        assert_eq!(is_unknown(&run, &format!("each request at {name}:")), !tells, "{run:#}");
        if tells {
            let [begins, done] = ["begins_after_ms", "done_after_ms"].map(|name| &function[name]["count"]);
            assert_eq!((begins, done), (&json!(40), &json!(40)), "{function}");
        }
    }
    // A request is complete when it has arrived at the later one of its two ends.
    let most = |name: &str| function(&run, name)["done_after_ms"]["max"].as_f64().unwrap();
    let whole = run["end_to_end_ms"]["max"].as_f64().unwrap();
    assert!((whole - most("left-end").max(most("right-end"))).abs() < 1.5, "{run:#}");
    assert_eq!(run["end_to_end_ms"]["count"], 40);

    // The same chain from the stream on, followed to the end of one branch only.
    let load =
        ["--head", "orders", "--sink", "left-end", "--requests", "20", "--vus", "2", "--run-id", "four"];
    let (code, run, errors) = document(&session, home.path(), &load);
    assert_eq!((code, &run["counts"]["sunk"]), (Some(0), &json!(20)), "{errors} {run:#}");
    assert_eq!((&run["chain"]["head"], &run["stages"]), (&json!("stream orders"), &json!([])));
    assert_eq!(run["chain"]["functions"].as_array().unwrap().len(), 4);
    assert_eq!(function(&run, "right-end")["seen"], 20);
}

#[test]
fn a_queue_a_topic_a_bucket_an_api_and_a_call_get_the_load_and_their_chains_are_followed() {
    let watch = [&WATCH[..], &["--template", "heads.template.json"]].concat();
    let session = Session::live_in(Workspace::heads(), &watch, &HEADS);
    let home = tempfile::tempdir().unwrap();
    for (name, head, first) in [
        ("jobs", "queue jobs", "taker"),
        ("news", "topic news", "taker"),
        ("pictures", "bucket pictures", "taker"),
        ("asked", "API POST /orders", "asked"),
        ("called", "invoke called", "called"),
    ] {
        let load = ["--head", name, "--requests", "20", "--vus", "2", "--run-id", name];
        let (code, run, errors) = document(&session, home.path(), &load);
        assert_eq!((code, &run["outcome"]), (Some(0), &json!("complete")), "{errors} {run:#}");
        let followed = (&run["chain"]["head"], &run["chain"]["followed_by"]);
        assert_eq!(followed, (&json!(head), &json!("rows")));
        let counts =
            ["accepted", "sunk", "lost", "duplicated"].map(|count| run["counts"][count].as_u64().unwrap());
        assert_eq!(counts, [20, 20, 0, 0], "{head}: {run:#}");
        assert_eq!(run["end_to_end_ms"]["count"], 20);
        let functions = run["chain"]["functions"].as_array().unwrap();
        let names: Vec<&str> =
            functions.iter().map(|function| function["function"].as_str().unwrap()).collect();
        assert_eq!(names, [first, "last"], "{head}");
        // A queue and a stream pass several requests to one call.
        assert!((1..=20).contains(&function(&run, first)["invocations"].as_u64().unwrap()), "{run:#}");
        assert_eq!(
            (&function(&run, first)["errors"], &function(&run, "last")["seen"]),
            (&json!(0), &json!(20)),
            "{run:#}"
        );
    }
}

#[test]
fn a_chain_ends_in_a_metric_that_counts_its_requests() {
    let watch = [&WATCH[..], &["--template", "heads.template.json"]].concat();
    let session = Session::live_in(Workspace::heads(), &watch, &HEADS);
    let home = tempfile::tempdir().unwrap();
    let load = |metric: &str, requests: &str| {
        let load = ["--head", "jobs", "--sink", metric, "--requests", requests, "--vus", "2"];
        document(&session, home.path(), &load)
    };
    // The second run does not count what the first one has written within the same minute.
    for requests in ["20", "10"] {
        let (code, run, errors) = load("metric:Shop/Done", requests);
        let expected = json!(requests.parse::<u64>().unwrap());
        assert_eq!((code, &run["outcome"]), (Some(0), &json!("complete")), "{errors} {run:#}");
        assert_eq!(run["chain"]["followed_by"], "metric");
        assert_eq!(run["chain"]["metric"], json!({ "name": "Shop/Done", "values": expected }));
        assert_eq!((&run["counts"]["sunk"], &run["counts"]["lost"]), (&expected, &json!(0)), "{run:#}");
    }
    let (code, run, errors) = load("metric:Shop/Nothing", "5");
    assert_eq!(
        (code, &run["outcome"], &run["counts"]["lost"]),
        (Some(1), &json!("lost"), &json!(5)),
        "{errors}"
    );
    let finding = run["findings"][0].as_str().unwrap();
    assert!(finding.starts_with("the metric Shop/Nothing got 0 values for 5 accepted requests"), "{finding}");
    let output =
        bench(&session, home.path(), &["--head", "jobs", "--sink", "metric:Shop", "--requests", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("write it as --sink metric:NAMESPACE/NAME"), "{said}");
}

#[test]
fn functions_that_log_nothing_are_waited_for_until_nothing_is_on_its_way() {
    let workspace = Workspace::branches();
    for name in ["left", "left-end", "right-end"] {
        let path = format!("{name}/src/main.rs");
        let silent = |line: &str| {
            if line.contains("println!") { "let _ = id;\n".to_owned() } else { format!("{line}\n") }
        };
        workspace.save(&path, &workspace.read(&path).lines().map(silent).collect::<String>());
    }
    let watch = [&WATCH[..], &["--template", "branches.template.json"]].concat();
    let session = Session::live_in(workspace, &watch, &BRANCHES);
    let home = tempfile::tempdir().unwrap();
    let (code, run, errors) = document(&session, home.path(), &["--requests", "20", "--vus", "2"]);
    assert_eq!((code, &run["outcome"]), (Some(0), &json!("complete")), "{errors} {run:#}");
    assert_eq!((&run["chain"]["followed_by"], &run["counts"]["sunk"]), (&json!("ends"), &json!(0)));
    assert!(
        is_unknown(&run, "when each request was complete: left-end and right-end log no request's id"),
        "{run:#}"
    );
    for name in BRANCHES {
        assert!(function(&run, name)["invocations"].as_u64().unwrap() > 0, "{run:#}");
    }
}
