//! The LocalStack target against a server that behaves as LocalStack does: which operations are called, in which order, and what
//! the directories contain meanwhile.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use support::{Function, LIMIT, Lines, Localstack, STACK, Seen, Terminal, Tiny, eventually, look};

/// A name as CloudFormation makes it.
const UP: &str = "TinyStack-Up-1A2B3C4D5E6F";

/// The function that a stream feeds.
const MID: &str = "TinyStack-Mid-6F5E4D3C2B1A";

/// LocalStack with both functions deployed.
fn deployed(tiny: &Tiny) -> Localstack {
    let localstack = Localstack::start();
    localstack.deploy(STACK, "Up", UP, Function { directory: tiny.dist("up"), ..Function::default() });
    let mid = Function { directory: tiny.dist("mid"), sources: 1, ..Function::default() };
    localstack.deploy(STACK, "Mid", MID, mid);
    localstack
}

fn command(tiny: &Tiny, localstack: &Localstack, arguments: &[&str]) -> Command {
    let mut all = arguments.to_vec();
    all.extend(["--target", "localstack", "--endpoint", &localstack.endpoint, "--json"]);
    tiny.devloop(&all)
}

/// A watching session in which both functions are live.
fn watching(tiny: &Tiny, localstack: &Localstack) -> Lines {
    let mut session = Lines::start(command(tiny, localstack, &["watch"]));
    session.wait("ready", "");
    let first = session.wait("live", "");
    session.wait("live", if first["function"] == "up" { "mid" } else { "up" });
    session
}

fn digest(live: &Value) -> String {
    live["digest"].as_str().unwrap().to_owned()
}

#[test]
fn every_swap_points_the_function_at_a_new_directory() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = watching(&tiny, &localstack);
    let own = look(&tiny.dist("mid")).unwrap();
    assert_eq!(own.directory.1, 0o755, "umask 077 must not show");

    let updates = localstack.updates(MID);
    assert_eq!(updates.len(), 1, "{updates:?}");
    let first = updates[0].key.clone().unwrap();
    assert!(first.starts_with(tiny.path("target/devloop/dist/.gen/mid")), "{first:?}");
    let (before, new) = &updates[0].seen;
    let new = new.as_ref().unwrap();
    assert_eq!((new.directory.1, new.program.unwrap().1, new.program.unwrap().2), (0o755, 0o755, 1));
    assert_eq!(before.as_ref().unwrap().program, None, "nothing may change under what ran before");
    assert_eq!(new.device, own.device);

    // The function was looked at before the decision, and is live only after the update has ended.
    let names: Vec<&str> = localstack
        .operations()
        .into_iter()
        .filter(|operation| operation.function == MID)
        .map(|operation| operation.name)
        .collect();
    let at = |name: &str| names.iter().position(|known| *known == name).unwrap();
    assert!(at("GetFunction") < at("UpdateFunctionCode"), "{names:?}");
    let questions =
        names[at("UpdateFunctionCode") + 1..].iter().take_while(|name| **name == "GetFunction").count();
    assert!(questions >= 2, "the update takes two questions: {names:?}");

    // The template's directory gets the same code, when no process runs from it any more.
    eventually("the template's directory has the code", LIMIT, || {
        look(&tiny.dist("mid")).filter(|seen| seen.program.is_some()).ok_or("no program")
    });
    let mirrored = look(&tiny.dist("mid")).unwrap();
    assert_eq!((mirrored.directory, mirrored.program.unwrap().1), (own.directory, 0o755));
    assert_eq!(Tiny::word_in(&tiny.dist("mid")), "one");

    let mut live = Vec::new();
    for word in ["two", "three", "four"] {
        tiny.says("mid", word);
        live.push(digest(&session.wait("live", "mid")));
        assert_eq!(Tiny::word_in(&localstack.function(MID).directory), word);
        eventually("the template's directory follows", LIMIT, || match Tiny::word_in(&tiny.dist("mid")) {
            found if found == word => Ok(()),
            found => Err(found),
        });
    }
    let directories = || -> Vec<String> {
        let entries = fs::read_dir(first.parent().unwrap()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let mut kept = vec![live[1].clone(), live[2].clone()];
    kept.sort();
    eventually("former directories are deleted", LIMIT, || match directories() {
        found if found == kept => Ok(()),
        found => Err(found),
    });
    assert_eq!(look(&tiny.dist("mid")).unwrap().directory, own.directory, "never replaced");
    // A directory that an update leaves has not changed while functions ran from it.
    for pair in localstack.updates(MID).windows(2) {
        assert_eq!(pair[1].seen.0, pair[0].seen.1, "the directory under running code changed");
    }
    assert!(session.end().success());
}

#[test]
fn the_template_s_directory_changes_only_when_no_process_runs_from_it_any_more() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    // Code that was deployed with the function, and whose processes an update leaves running for a moment.
    fs::create_dir_all(tiny.dist("up")).unwrap();
    fs::copy("/bin/sh", tiny.dist("up").join("bootstrap")).unwrap();
    let before = look(&tiny.dist("up")).unwrap();
    let mut session = watching(&tiny, &localstack);
    let update = localstack.updates(UP).remove(0);
    assert!(update.key.as_ref().unwrap().starts_with(tiny.path("target/devloop/dist/.gen/up")));
    let program = |seen: &Seen| seen.program.map(|program| program.0);
    assert_eq!(update.seen.0.as_ref().and_then(program), program(&before), "it was left alone");
    eventually("the template's directory has the new code", LIMIT, || {
        let now = look(&tiny.dist("up")).unwrap();
        if program(&now) == program(&before) { Err("the earlier program") } else { Ok(()) }
    });
    assert!(update.at.elapsed() >= Duration::from_secs(5), "after {:?}", update.at.elapsed());
    assert_eq!(Tiny::word_in(&tiny.dist("up")), "one");
    assert!(session.end().success());
    // What was deployed is kept elsewhere, and can be served again.
    let mut rollback = Lines::start(command(&tiny, &localstack, &["rollback", "up"]));
    assert!(rollback.ended().success(), "{}", rollback.account());
    let served = localstack.function(UP).directory.join("bootstrap");
    assert_eq!(fs::read(served).unwrap(), fs::read("/bin/sh").unwrap());
}

#[test]
fn a_save_just_before_the_end_reaches_the_template_s_directory() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = watching(&tiny, &localstack);
    tiny.says("up", "two");
    session.wait("live", "up");
    assert!(session.end().success());
    assert_eq!(Tiny::word_in(&tiny.dist("up")), "two");
}

#[test]
fn what_serves_already_is_left_alone() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = watching(&tiny, &localstack);
    let served =
        || [UP, MID].map(|name| (localstack.updates(name).len(), look(&localstack.function(name).directory)));
    let before = served();
    for function in ["up", "mid"] {
        tiny.write(&format!("{function}/src/main.rs"), "fn main() { println!(\"one\") } // said otherwise\n");
        session.wait("unchanged", function);
    }
    assert!(session.end().success());
    assert_eq!(served(), before);

    // A new session has to find out what serves.
    let mut session = Lines::start(command(&tiny, &localstack, &["up"]));
    assert!(session.ended().success(), "{}", session.account());
    let unchanged = session.seen().iter().filter(|line| line["event"] == "unchanged").count();
    assert_eq!(unchanged, 2, "{}", session.account());
    assert_eq!(served(), before);
}

#[test]
fn an_update_that_collides_is_tried_again() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = watching(&tiny, &localstack);
    localstack.change(MID, |function| function.conflicts = 3);
    tiny.says("mid", "two");
    session.wait("live", "mid");
    let updates = localstack.updates(MID);
    let tries: Vec<u16> = updates.iter().skip(1).map(|update| update.status).collect();
    assert_eq!(tries, [409, 409, 409, 200]);
    let pauses: Vec<Duration> = updates[1..].windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    for (pause, least) in pauses.iter().zip([50, 100, 200]) {
        assert!(*pause >= Duration::from_millis(least), "{pauses:?}");
    }
    localstack.change(MID, |function| function.conflicts = u32::MAX);
    tiny.says("mid", "three");
    let error = session.wait("error", "mid");
    assert!(error["message"].as_str().unwrap().contains("ResourceConflictException"), "{error}");
    assert_eq!(Tiny::word_in(&localstack.function(MID).directory), "two", "what served before still serves");
    assert!(session.end().success());
}

#[test]
fn a_failed_function_is_explained_and_taken_up_again_after_its_deployment() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = watching(&tiny, &localstack);
    localstack.change(MID, |function| function.failed = true);
    tiny.says("mid", "two");
    let error = session.wait("error", "mid");
    assert_eq!(error["code"], "function_failed", "{error}");
    assert!(error["hint"].as_str().unwrap().contains("redeploy"), "{error}");
    localstack.change(MID, |function| {
        function.failed = false;
        function.directory = tiny.dist("mid");
    });
    let build = session.wait("build", "mid");
    assert_eq!(build["reason"], "deployed now", "{build}");
    // The deployment uses the code in the directory.
    session.wait("unchanged", "mid");
    assert_eq!(Tiny::word_in(&localstack.function(MID).directory), "two");
    assert!(session.end().success());
}

#[test]
fn a_function_that_is_not_deployed_goes_live_when_it_is() {
    let tiny = Tiny::new();
    let localstack = Localstack::start();
    let mut session = Lines::start(command(&tiny, &localstack, &["watch", "up"]));
    let error = session.wait("error", "up");
    assert_eq!(error["code"], "function_not_deployed", "{error}");
    assert!(error["hint"].as_str().unwrap().contains("cdklocal"), "{error}");
    // A deployment looks into this directory, and its first request would hang without a program.
    assert_eq!(Tiny::word_in(&tiny.dist("up")), "one");
    localstack.deploy(STACK, "Up", UP, Function { directory: tiny.dist("up"), ..Function::default() });
    session.wait("build", "up");
    // The deployment uses the code in the directory, so there is nothing more to do.
    session.wait("unchanged", "up");
    assert!(session.end().success());
    assert!(localstack.updates(UP).is_empty());
}

#[test]
fn a_binary_for_another_architecture_is_refused() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    localstack.change(UP, |function| function.arm = !cfg!(target_arch = "aarch64"));
    let mut session = Lines::start(command(&tiny, &localstack, &["up", "up"]));
    assert_eq!(session.ended().code(), Some(1), "{}", session.account());
    let error = session.seen().iter().find(|line| line["event"] == "error").unwrap();
    assert_eq!(error["code"], "wrong_machine", "{error}");
    assert!(!tiny.dist("up").join("bootstrap").exists());
}

#[test]
fn directories_of_published_versions_are_kept() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = watching(&tiny, &localstack);
    let published = localstack.function(MID).directory;
    localstack.change(MID, |function| function.versions.push(published.clone()));
    for word in ["two", "three", "four"] {
        tiny.says("mid", word);
        session.wait("live", "mid");
    }
    assert!(session.end().success());
    assert_eq!(Tiny::word_in(&published), "one");
}

#[test]
fn a_rollback_leads_to_the_directory_before() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = watching(&tiny, &localstack);
    tiny.says("mid", "two");
    session.wait("live", "mid");
    assert!(session.end().success());
    let mut rollback = Lines::start(command(&tiny, &localstack, &["rollback", "mid"]));
    assert!(rollback.ended().success(), "{}", rollback.account());
    assert_eq!(rollback.seen()[0]["event"], "rolled_back", "{}", rollback.account());
    assert_eq!(Tiny::word_in(&localstack.function(MID).directory), "one");
    assert_eq!(Tiny::word_in(&tiny.dist("mid")), "one", "and the template's directory follows");
    // Roll back, and roll back again to the first code.
    assert!(Lines::start(command(&tiny, &localstack, &["rollback", "mid"])).ended().success());
    assert_eq!(Tiny::word_in(&localstack.function(MID).directory), "two");
    let mut nothing = Lines::start(command(&tiny, &localstack, &["rollback", "up"]));
    assert_eq!(nothing.ended().code(), Some(4));
    assert!(nothing.account().contains("no former code"), "{}", nothing.account());
}

#[test]
fn the_screen_leads_back_to_the_directory_before() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut screen = Terminal::run(
        tiny.devloop(&["watch", "mid", "--target", "localstack", "--endpoint", &localstack.endpoint]),
        Box::new(()),
    );
    let runs = |word: &str| {
        eventually(word, LIMIT, || {
            let runs = Tiny::word_in(&localstack.function(MID).directory);
            if runs == word { Ok(()) } else { Err(runs) }
        });
    };
    screen.wait_for("● live");
    tiny.says("mid", "two");
    screen.wait_for("(p95");
    runs("two");
    screen.press("R");
    screen.wait_for("rolled back");
    runs("one");
    screen.press("T");
    screen.wait_for("localstack: LocalStack");
    tiny.says("mid", "two");
    runs("two");
    screen.press("q");
    screen.ends();
}

#[test]
fn status_knows_the_code_after_a_swap() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = watching(&tiny, &localstack);
    tiny.says("mid", "two");
    let swapped = digest(&session.wait("live", "mid"));
    // A call after the swap, whose log stream began later than the update.
    localstack.change(MID, |function| {
        function.updated_at = Some(support::now_ms() - 2_000);
        function.called_at = Some(support::now_ms() - 1_000);
    });
    let output = tiny.devloop(&["status", "--json", "--endpoint", &localstack.endpoint]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let function = |name: &str| {
        report["functions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|function| function["name"] == name)
            .unwrap()
            .clone()
    };
    let (mid, up) = (function(MID), function(UP));
    assert_eq!(mid["drift"]["deployed"], localstack.function(MID).directory.to_str().unwrap(), "{report}");
    assert_eq!(mid["drift"]["template"], tiny.dist("mid").to_str().unwrap(), "{report}");
    for place in ["on_disk_digest", "deployed_digest", "answering_digest"] {
        assert_eq!(mid[place], swapped, "{place}: {report}");
    }
    assert_eq!(up["drift"]["deployed"], localstack.function(UP).directory.to_str().unwrap(), "{report}");
    assert_eq!(up["on_disk_digest"].as_str().map(str::len), Some(64), "{report}");
    assert_eq!(up["deployed_digest"], up["on_disk_digest"], "{report}");
    assert_eq!(up["answering_digest"], Value::Null, "nobody called it: {report}");
    assert_eq!(
        (&report["mappings"][0]["function"], &report["problems"]),
        (&MID.into(), &serde_json::json!([])),
        "{report}"
    );
    let requests = report["calls"]["requests"].as_u64().unwrap();
    assert!(requests <= 13, "two functions and a mapping take {requests} requests");
    assert!(output.status.success());
    let output = tiny.devloop(&["status", "--endpoint", &localstack.endpoint]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.contains("mid") && line.contains(&swapped[..8])).unwrap();
    assert!(line.trim_end().ends_with("same"), "{text}");
    assert!(session.end().success());
}

/// Checks that devloop ends at once with this exit code, and with these texts on the standard error.
fn check_refused(tiny: &Tiny, arguments: &[&str], environment: &[(&str, &str)], code: i32, said: &[&str]) {
    let output = tiny.devloop(arguments).envs(environment.iter().copied()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    for said in said {
        assert!(errors.contains(said), "{arguments:?}: {errors}");
    }
}

#[test]
fn localstack_is_recognised_by_its_header() {
    let tiny = Tiny::new();
    let localstack = deployed(&tiny);
    let mut session = Lines::start(tiny.devloop(&["up", "up", "--endpoint", &localstack.endpoint, "--json"]));
    assert!(session.ended().success(), "{}", session.account());
    let ready = &session.seen()[0];
    assert_eq!(
        (&ready["endpoint"], &ready["outputs"]["Target"]),
        (&localstack.endpoint.as_str().into(), &"localstack".into())
    );
    assert_eq!(ready["outputs"]["Environment"], "LocalStack", "the stack's own outputs are shown");
    // If the embedded cloud is asked for by name, LocalStack is not used instead.
    let arguments = ["up", "--target", "embedded", "--endpoint", &localstack.endpoint];
    check_refused(&tiny, &arguments, &[], 4, &["has the port"]);
}

#[test]
fn what_is_not_localstack_is_named() {
    let tiny = Tiny::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let environment = [("USE_LOCALSTACK", "true"), ("AWS_ENDPOINT_URL", endpoint.as_str())];
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = std::io::Write::write_all(
                &mut stream.unwrap(),
                b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            );
        }
    });
    let own = format!("(process {}) answers there", std::process::id());
    check_refused(&tiny, &["up"], &environment, 4, &[&own, "not as LocalStack does"]);

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{nobody}");
    let environment = [("USE_LOCALSTACK", "true"), ("AWS_ENDPOINT_URL", endpoint.as_str())];
    check_refused(&tiny, &["watch"], &environment, 4, &["Connection refused", "code 55", "localstack:4.14"]);
    check_refused(&tiny, &["up", "--target", "localstack", "--yes"], &[], 2, &["for the target aws only"]);
    check_refused(
        &tiny,
        &["rollback", "--target", "embedded"],
        &[],
        4,
        &["belongs to the running session", "press R"],
    );
}

#[test]
fn devloops_own_cloud_is_no_localstack_unless_it_is_asked_for() {
    let tiny = Tiny::new();
    let mut cloud = Lines::start(tiny.devloop(&["watch", "--no-template", "--port", "0", "--json"]));
    let endpoint = cloud.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
    check_refused(&tiny, &["up", "--endpoint", &endpoint], &[], 4, &["devloop (process", "has the port"]);
    // It behaves as LocalStack does, so it can be used as the target localstack.
    let arguments = ["up", "up", "--target", "localstack", "--endpoint", &endpoint];
    check_refused(&tiny, &arguments, &[], 1, &["up did not go live"]);
    assert!(cloud.end().success());
    assert!(Path::new(&tiny.dist("up")).is_dir());
}
