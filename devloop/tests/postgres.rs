//! The pipeline's rows in a real PostgreSQL that devloop starts. P9 of the pipeline's acceptance tests is here, the others are in
//! `scenarios.rs`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::os::unix::fs::MetadataExt;

use serde_json::json;
use support::{Load, Psql, Session, Workspace, processes_in};

const COUNT: &str = "SELECT count(*) FROM pipeline_items";

#[test]
fn p9_a_hundred_items_ten_changed_five_removed_and_replays_change_nothing() {
    let session = Session::live_with(&["--postgres", "--parameter", "Sink=postgres"]);
    let (aws, psql) = (session.aws(), Psql::of(&session));
    let first = Load::run(&session.url(), "first", 10, 10);
    assert_eq!((first.accepted.len(), first.refused), (100, Vec::new()));
    let second = Load::run(&session.url(), "second", 10, 1);
    assert_eq!((second.accepted.len(), second.refused), (10, Vec::new()));
    aws.wait_for_rows(110);
    for client in 0..5 {
        aws.delete_item(&format!("{client}-9"));
    }
    psql.wait_for(COUNT, "95");
    let of_run = |run: &str| psql.rows(&format!("{COUNT} WHERE run_id = '{run}'")).remove(0);
    assert_eq!((of_run("first"), of_run("second")), ("85".to_owned(), "10".to_owned()));
    assert_eq!(psql.rows(&format!("{COUNT} WHERE latency_ms <> completed_ms - received_ms")), ["0"]);
    let stored = psql.rows("SELECT id FROM pipeline_items").into_iter().collect();
    assert_eq!(aws.items(), stored);
    assert_eq!(aws.datapoints(), 0, "the sink postgres writes no metrics");

    let all = "SELECT * FROM pipeline_items ORDER BY id";
    let before = psql.rows(all);
    let changes = aws.changes();
    assert_eq!(changes.len(), 115);
    for batch in changes.chunks(40).chain(changes.chunks(7).rev()) {
        let answer = aws.invoke("Downstream", &json!({ "Records": batch }));
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
    }
    assert_eq!(psql.rows(all), before);
    // A row that is in the table once counts once, however often it was written.
    let home = tempfile::tempdir().unwrap();
    let wait = ["bench", "wait", "l.json", "--run-id", "first", "--expected", "85", "--endpoint"];
    let wait = [&wait[..], &[&session.endpoint]].concat();
    let output = session.workspace.devloop(&wait).current_dir(home.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("count    85\n") && said.contains("duplicates 0\nlosses 0\n"), "{said}");
}

#[test]
fn the_bench_follows_to_both_sinks_and_counts_what_came_twice_where_it_did() {
    let session = Session::live_with(&["--postgres"]);
    let (aws, psql) = (session.aws(), Psql::of(&session));
    let home = tempfile::tempdir().unwrap();
    let bench = |arguments: &[&str]| {
        let arguments = [&["bench"], arguments, &["--endpoint", &session.endpoint]].concat();
        let output = session.workspace.devloop(&arguments).current_dir(home.path()).output().unwrap();
        let [said, errors] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        (output.status.code(), said, errors)
    };
    let load = ["--requests", "100", "--vus", "5", "--warm-up", "0", "--run-id", "both", "--json"];
    let (code, said, errors) = bench(&load);
    assert_eq!(code, Some(0), "{said}{errors}");
    let run: serde_json::Value = serde_json::from_str(&said).unwrap();
    let counts =
        ["accepted", "stored", "sunk", "lost", "duplicated"].map(|name| run["counts"][name].as_u64());
    assert_eq!(counts, [100, 100, 100, 0, 0].map(Some));
    let sink = run["run"]["sink"].as_str().unwrap();
    let [user, database] = ["postgres://devloop@127.0.0.1:", " and cloudwatch"];
    assert!(sink.starts_with(user) && sink.ends_with(database), "{sink}");
    let password = psql.url().split([':', '@']).nth(2).unwrap();
    assert!(password.len() >= 32 && !said.contains(password) && !errors.contains(password), "{said}{errors}");
    assert_eq!((psql.rows(COUNT), aws.datapoints()), (vec!["100".to_owned()], 100));

    // The stream delivers its records again: metrics count them twice, and the table has each row once.
    aws.invoke("Downstream", &json!({ "Records": aws.changes() }));
    assert_eq!((psql.rows(COUNT), aws.datapoints()), (vec!["100".to_owned()], 200));
    let wait = ["wait", "l.json", "--run-id", "both", "--idle", "1s", "--timeout", "20s", "--expected"];
    let (code, said, _) = bench(&[&wait[..], &["101"]].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("count    100\n") && said.contains("duplicates 100\nlosses 1\n"), "{said}");

    // A request whose row was deleted from the table is not complete, whatever the metrics say.
    psql.rows("DELETE FROM pipeline_items WHERE id = 'both-1-0'");
    let (code, said, _) = bench(&[&wait[..], &["100"]].concat());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("count    99\n") && said.contains("losses 1\n"), "{said}");

    // The error about a database that does not answer shows no password.
    let closed = "postgres://u:secret@127.0.0.1:9/d";
    let (code, said, errors) = bench(&["wait", "l.json", "--timeout", "1s", "--database-url", closed]);
    assert_eq!(code, Some(4), "{said}{errors}");
    assert!(errors.contains("read rows from postgres://u@127.0.0.1:9/d"), "{errors}");
    assert!(!said.contains("secret") && !errors.contains("secret"), "{said}{errors}");
}

#[test]
fn the_server_is_private_and_its_password_is_asked_for() {
    support::need_postgres();
    let mut session = Session::start(Workspace::take(), &["up", "--postgres", "--port", "0", "--json"]);
    let folder = session.workspace.root().join("target/devloop/postgres");
    let made: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap()).collect();
    let [data] = made.as_slice() else { panic!("{made:?}") };
    let metadata = data.metadata().unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o700);
    for process in processes_in(&folder) {
        let owner = std::fs::metadata(format!("/proc/{process}")).unwrap().uid();
        assert!(owner != 0 && owner == metadata.uid(), "process {process} of user {owner}");
    }

    let line = session.outputs["Psql"].as_str().unwrap();
    let url = line.trim_start_matches("psql '").trim_end_matches('\'').to_owned();
    let psql = Psql::new(&url);
    assert_eq!(psql.rows("SHOW listen_addresses"), ["127.0.0.1"]);
    assert_eq!(psql.rows("SHOW unix_socket_directories"), [""]);
    let (user, host) = url.trim_start_matches("postgres://").split_once('@').unwrap();
    let password = user.split_once(':').unwrap().1;
    assert!(password.len() >= 32, "{password}");
    let error = Psql::new(&format!("postgres://devloop:wrong@{host}")).ask("SELECT 1").unwrap_err();
    assert!(error.contains("password authentication failed"), "{error}");

    // If the server is ended by another process, that is reported.
    let servers = processes_in(&folder);
    support::signal_to(*servers.iter().min().unwrap(), rustix::process::Signal::INT);
    let died = session
        .wait("the end of the server is told", |line| (line["event"] == "error").then(|| line.clone()));
    assert_eq!(died["code"], "postgres_died", "{died}");
}

#[test]
fn impossible_options_are_refused_with_the_next_step() {
    let workspace = Workspace::take();
    let check = |arguments: &[&str], path: Option<&str>, code: i32, parts: &[&str]| {
        let arguments = [&["up", "--port", "0", "--plain"], arguments].concat();
        let mut command = workspace.devloop(&arguments);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        for part in parts.iter().copied().chain(["hint: "]) {
            assert!(said.contains(part), "{arguments:?}: {part} in {said}");
        }
        assert!(!said.contains("secret"), "{said}");
    };
    check(&["--parameter", "Sikn=both"], None, 2, &["no template declares it", "did you mean `Sink`?"]);
    workspace.save("stack/templates/bare.json", r#"{ "Resources": {} }"#);
    let bare = ["--template", "stack/templates/bare.json", "--database-url", "postgres://u:secret@h/d"];
    check(&bare, None, 2, &["no template declares the parameter DatabaseUrl"]);
    let output = workspace.devloop(&["up", "--database-url", "mysql://u:secret@h/d"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("postgres://user:password@host:port/database") && !said.contains("secret"),
        "{said}"
    );
}
