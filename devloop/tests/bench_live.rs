//! `devloop bench` against the real pipeline of a running `devloop watch`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use serde_json::{Value, json};
use support::{LIMIT, Session, eventually};

/// Runs `devloop bench` with these arguments in a directory of its own, and returns its exit code and its document.
fn bench(session: &Session, directory: &std::path::Path, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let mut all = vec!["bench"];
    all.extend(arguments);
    all.extend(["--endpoint", &session.endpoint, "--warm-up", "0", "--json"]);
    let output = session.workspace.devloop(&all).current_dir(directory).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    (output.status.code(), document, errors)
}

/// The folder and the digest of upstream's serving code.
fn upstream(session: &Session) -> (String, String) {
    let (_, status) = session.status();
    let functions = status["functions"].as_array().unwrap();
    let found = functions.iter().find(|known| known["folder"].as_str().unwrap().ends_with("/upstream"));
    let text = |member: &str| found.unwrap()[member].as_str().unwrap().to_owned();
    (text("folder"), text("deployed_digest"))
}

/// `devloop status` from another terminal, by the cloud's page and by AWS's APIs alone, must report the same as the session's first
/// run: the same counts and the same percentiles, since both rank the same values. Handler durations are hundredths of a ms in the
/// lines that bench reads, and have three digits in its histogram.
fn agrees(session: &Session, run: &Value) {
    let sent = run["counts"]["sunk"].clone();
    for way in [&[][..], &["--apis"]] {
        let arguments = [&["status", "--json", "--endpoint", &session.endpoint], way].concat();
        // The figures of the last call are written when it has ended, a moment after its row.
        eventually("status agrees with bench", LIMIT, || {
            let output = session.workspace.devloop(&arguments).output().unwrap();
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            let well = report["latency"]["count"] == sent && report["problems"] == json!([]);
            let mut seen = vec![("the end".to_owned(), well)];
            for rank in ["p50", "p95", "p99"] {
                let same = report["latency"][rank].as_f64() == run["end_to_end_ms"][rank].as_f64();
                seen.push((format!("end to end {rank}"), same));
            }
            for (stage, name) in ["-Upstream", "-Midstream", "-Downstream"].into_iter().enumerate() {
                let handler = &run["stages"][stage]["handler_ms"];
                let mut functions = report["functions"].as_array().unwrap().iter();
                let function =
                    functions.find(|known| known["name"].as_str().unwrap().contains(name)).unwrap();
                let count = function["invocations"] == handler["count"];
                seen.push((format!("calls of {name}"), count));
                for rank in ["p50", "p95", "p99"] {
                    let [ours, theirs] =
                        [&function["duration_ms"], handler].map(|side| side[rank].as_f64().unwrap_or(-1.0));
                    let near = (ours - theirs).abs() <= 0.01 + ours.max(theirs) / 1_000.0;
                    seen.push((format!("{rank} of {name}: {ours} and {theirs}"), near));
                }
            }
            seen.retain(|(_, agrees)| !agrees);
            if seen.is_empty() { Ok(()) } else { Err(format!("{seen:?} {report:#}")) }
        });
    }
}

#[test]
fn the_real_pipeline_is_loaded_followed_swapped_and_compared() {
    let session = Session::live();
    let home = tempfile::tempdir().unwrap();

    // 200 requests of 10 users give as many rows; no time is negative, and all are in milliseconds.
    let load =
        ["--requests", "200", "--out", "latencies.json", "--report", "report.html", "--run-id", "first"];
    let (code, run, errors) = bench(&session, home.path(), &load);
    assert_eq!((code, &run["counts"]["sunk"]), (Some(0), &json!(200)), "{errors}");
    let latencies = std::fs::read_to_string(home.path().join("latencies.json")).unwrap();
    let numbers: Vec<f64> = serde_json::from_str(&latencies).unwrap();
    assert_eq!(numbers.len(), 200);
    assert!(numbers.iter().all(|seconds| *seconds >= 0.0));
    assert!(
        latencies.trim_matches(['[', ']', '\n']).split(",\n").all(|number| number
            .split('.')
            .nth(1)
            .unwrap()
            .len()
            == 3)
    );
    for (stage, function) in ["upstream", "midstream", "downstream"].iter().enumerate() {
        let seen = &run["stages"][stage];
        assert_eq!((&seen["function"], &seen["time_ms"]["count"]), (&json!(function), &json!(200)), "{seen}");
        assert!(
            seen["handler_ms"]["count"].as_u64().unwrap() > 0
                && seen["wait_ms"]["count"].as_u64() == Some(200),
            "{seen}"
        );
    }
    let sum: f64 = (0..3).map(|stage| run["stages"][stage]["time_ms"]["mean"].as_f64().unwrap()).sum();
    let whole = run["end_to_end_ms"]["mean"].as_f64().unwrap();
    assert!((sum - whole).abs() < 0.01, "the stages are the whole: {sum} and {whole}");
    agrees(&session, &run);
    for used in ["cloud", "functions", "generator"] {
        assert!(run["usage"][used]["rss_mb"].as_f64().unwrap() > 0.0, "{}", run["usage"]);
    }

    // With the same ids, only the second run's requests count, although its items are changes of the first run's.
    let (code, again, errors) = bench(&session, home.path(), &["--requests", "100", "--run-id", "first"]);
    assert_eq!((code, &again["counts"]["sunk"]), (Some(0), &json!(100)), "{errors}");

    // Replacing code under load loses no answer, and the function runs its own code afterwards.
    let own = upstream(&session);
    let (code, swaps, errors) = bench(&session, home.path(), &["swap", "--swaps", "3", "--vus", "2"]);
    assert_eq!(
        (code, &swaps["refused"], &swaps["lost"]),
        (Some(0), &json!(0), &json!(0)),
        "{errors} {swaps}"
    );
    assert_eq!(swaps["to_live_ms"]["count"], 3);
    assert_eq!(upstream(&session), own);

    // The same with an edit that `watch` builds: two saves, the second of which puts the file back.
    let source = "functions/pipeline/upstream/src/answer.rs";
    let before = session.workspace.read(source);
    let path = session.workspace.root().join(source);
    let edit = path.to_str().unwrap();
    let save = [
        "swap",
        "--swaps",
        "2",
        "--vus",
        "1",
        "--edit",
        edit,
        "--from",
        "\"success\"",
        "--to",
        "\"SUCCESS\"",
    ];
    let (code, saves, errors) = bench(&session, home.path(), &save);
    assert_eq!(
        (code, &saves["from"], &saves["refused"]),
        (Some(0), &json!("save"), &json!(0)),
        "{errors} {saves}"
    );
    assert_eq!((session.workspace.read(source), upstream(&session)), (before, own.clone()));

    // Two builds by turns: one that cargo builds with a profile, and a binary.
    let binary = |name: &str, mark: &str| {
        let path = home.path().join(name);
        let mut bytes = std::fs::read(std::path::Path::new(&own.0).join("bootstrap")).unwrap();
        bytes.extend_from_slice(mark.as_bytes());
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let b = binary("b", "b");
    let load = ["--rounds", "2", "--requests", "40", "--vus", "2"];
    let (code, ab, errors) =
        bench(&session, session.workspace.root(), &[&["ab", "dev", &b][..], &load].concat());
    assert_eq!((code, &ab["rounds"]), (Some(0), &json!(2)), "{errors} {ab}");
    assert_eq!(ab["a_runs"][0]["run"]["functions"].as_array().map(Vec::len), Some(3));
    assert_eq!(ab["comparison"]["metrics"].as_array().map(Vec::len), Some(6));
    assert_eq!(upstream(&session), own);
    session.assert_alive();
}
