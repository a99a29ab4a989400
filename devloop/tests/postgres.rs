//! The pipeline's rows in a real PostgreSQL: the one that devloop starts, and one that is there already.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

#[allow(dead_code, reason = "downstream's own tests use the rest")]
#[path = "../../functions/pipeline/downstream/tests/support/database.rs"]
mod database;
mod support;

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use database::Database;
use serde_json::json;
use support::{LIMIT, Load, Psql, Session, Workspace, eventually, processes_in};

const COUNT: &str = "SELECT count(*) FROM pipeline_items";

#[test]
fn a_hundred_items_ten_changed_five_removed_and_replays_change_nothing() {
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
}

#[test]
fn a_database_that_is_down_for_ten_seconds_delays_and_loses_nothing() {
    const DOWN: Duration = Duration::from_secs(10);
    const REQUESTS: usize = 50;
    let mut database = Database::start();
    let url = database.url();
    let session = Session::live_with(&["--database-url", &url, "--parameter", "Sink=postgres"]);
    let (aws, psql) = (session.aws(), Psql::new(&url));
    assert_eq!(session.post_message("before").status, 200);
    psql.wait_for(COUNT, "1");

    database.stop();
    let began = Instant::now();
    let load = Load::run(&session.url(), "down", 10, REQUESTS / 10);
    assert_eq!((load.accepted.len(), load.refused), (REQUESTS, Vec::new()), "the entrance stays open");
    eventually("every item is stored", LIMIT, || match aws.count() {
        count if count == REQUESTS + 1 => Ok(()),
        other => Err(other),
    });
    eventually("the database has been down for a while", DOWN * 2, || {
        assert_eq!(aws.rows().len(), 1);
        if began.elapsed() < DOWN { Err(began.elapsed()) } else { Ok(()) }
    });
    database.resume(&[]);
    psql.wait_for(COUNT, &(REQUESTS + 1).to_string());
    assert_eq!(aws.wait_for_rows(REQUESTS + 1).len(), REQUESTS + 1);
    assert_eq!(psql.rows(&format!("{COUNT} WHERE run_id = 'down'")), [REQUESTS.to_string()]);
    assert_eq!(aws.messages("pipeline-downstream-failures"), Vec::<serde_json::Value>::new());
}

#[test]
fn the_server_is_private_and_its_password_is_asked_for() {
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

    // Somebody else ends it: that is told.
    let servers = processes_in(&folder);
    support::signal_to(*servers.iter().min().unwrap(), rustix::process::Signal::INT);
    let died = session
        .wait("the end of the server is told", |line| (line["event"] == "error").then(|| line.clone()));
    assert_eq!(died["code"], "postgres_died", "{died}");
}

#[test]
fn what_cannot_be_is_told_with_the_next_step() {
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
