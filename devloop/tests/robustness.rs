//! Problems around the edit loop: full and read-only disks, limits of the system, a second devloop, jobs of a shell, and hundreds
//! of files at once. Each is named, nothing is left half done, and the old code serves meanwhile.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{
    LIMIT, Session, TINY, Workspace, eventually, fill, has_namespaces, kernel_state, program, remount,
    seen_by, shared, signal_to, with_disk,
};

/// The arguments of a session in the small workspace.
const WATCH: [&str; 4] = ["watch", "--port", "0", "--json"];

/// Saves a source with another answer.
fn save(session: &Session, function: &str, text: &str) {
    session.workspace.save(&format!("{function}/src/main.rs"), &program(text));
}

#[test]
fn a_full_disk_and_a_read_only_one_are_named_and_change_nothing() {
    if !has_namespaces("full and read-only disks") {
        return;
    }
    // The functions' folders get a file system of their own, large enough for all of them and one further copy.
    let workspace = Workspace::tiny();
    let dist = workspace.root().join("dist");
    fs::create_dir_all(&dist).unwrap();
    let starter = with_disk(&dist, "64m");
    let starter: Vec<&str> = starter.iter().map(String::as_str).collect();
    let mut session = Session::live_through(
        workspace,
        &starter,
        &[("LAMBDA_DIST_PATH", dist.to_str().unwrap())],
        &WATCH,
        &TINY,
    );
    let inside = seen_by(session.process(), &dist);
    assert_eq!(session.ask("alpha"), "alpha 0 one");
    let before = fs::read(inside.join("alpha/bootstrap")).unwrap();

    let filler = fill(&inside);
    save(&session, "alpha", "alpha 1");
    let error = failed_swap(&mut session);
    assert_eq!((&error["code"], &error["function"]), (&json!("disk_full"), &json!("alpha")), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("free some space"), "{error}");
    assert!(error["serving"].is_string(), "{error}");
    let full = format!("the disk that holds {} is full", dist.join(".stage").display());
    assert!(error["message"].as_str().unwrap().contains(&full), "the right disk is named: {error}");
    assert_eq!(session.ask("alpha"), "alpha 0 one");
    assert_eq!(fs::read(inside.join("alpha/bootstrap")).unwrap(), before, "nothing is half written");
    assert_eq!(fs::read_dir(inside.join(".stage")).unwrap().count(), 0, "and nothing lies about");
    fs::remove_file(filler).unwrap();
    save(&session, "alpha", "alpha 2");
    session.next_live("alpha");
    assert_eq!(session.ask("alpha"), "alpha 2 one");

    remount(session.process(), &dist, "ro");
    save(&session, "alpha", "alpha 3");
    let error = failed_swap(&mut session);
    assert_eq!(error["code"], "dist_read_only", "{error}");
    assert_eq!(session.ask("alpha"), "alpha 2 one");
    remount(session.process(), &dist, "rw");
    save(&session, "alpha", "alpha 4");
    session.next_live("alpha");
    assert_eq!(session.ask("alpha"), "alpha 4 one");
}

#[test]
fn lines_that_the_session_s_log_loses_are_told_while_its_disk_is_full() {
    if !has_namespaces("a full disk for the log") {
        return;
    }
    let workspace = Workspace::tiny();
    let home = workspace.root().join("target/devloop");
    let dist = workspace.root().join("dist");
    fs::create_dir_all(&home).unwrap();
    let script = format!("mount -t tmpfs -o size=64m devloop-test {} && exec \"$@\"", home.display());
    let mut session = Session::live_through(
        workspace,
        &["unshare", "--map-root-user", "--mount", "sh", "-c", &script, "sh"],
        &[("LAMBDA_DIST_PATH", dist.to_str().unwrap())],
        &WATCH,
        &TINY,
    );
    let inside = PathBuf::from(format!("/proc/{}/root{}", session.process(), home.display()));
    let filler = inside.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[7; 1 << 12]).is_ok() {}
    drop(file);
    // The file's last page has room for some lines more.
    let mut count = 0;
    let error = loop {
        count += 1;
        assert!(count < 40, "the log was written to a full disk");
        save(&session, "alpha", &format!("alpha {count}"));
        let line = session.wait("a loss, or the next save's end", |line| {
            let is_told = line["code"] == "log_lines_lost";
            (is_told || (line["event"] == "live" && line["function"] == "alpha")).then(|| line.clone())
        });
        if line["event"] == "error" {
            break line;
        }
    };
    assert!(error["message"].as_str().unwrap().contains("session.jsonl: No space left on device"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("make room"), "{error}");
    fs::remove_file(filler).unwrap();
    // Each line goes to the output first and then to the file, so the second save shows that the file has the first one's lines.
    for text in ["alpha again", "alpha once more"] {
        save(&session, "alpha", text);
        session.wait("the save is live", |line| {
            (line["event"] == "live" && line["function"] == "alpha").then_some(())
        });
    }
    let log = fs::read_to_string(inside.join("session.jsonl")).unwrap();
    assert!(log.contains("\"event\":\"lines_lost\""), "the file says what it lacks: {log}");
}

fn failed_swap(session: &mut Session) -> Value {
    session.wait("the swap fails", |line| {
        assert!(line["event"] != "live" && line["event"] != "swapped", "{line}");
        (line["event"] == "error").then(|| line.clone())
    })
}

#[test]
fn a_folder_that_cannot_be_written_is_named_at_the_start() {
    let workspace = Workspace::tiny();
    let output = workspace.devloop(&WATCH).env("LAMBDA_DIST_PATH", "/sys/devloop-test").output().unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(line["code"], "dist_read_only", "{line}");
    assert!(line["hint"].as_str().unwrap().contains("LAMBDA_DIST_PATH"), "{line}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn at_the_limit_of_watches_the_loop_goes_on_by_polling() {
    if !has_namespaces("the limit of inotify's watches") {
        return;
    }
    let script = "echo 2 > /proc/sys/user/max_inotify_watches && exec \"$@\"";
    let mut session = Session::live_through(
        Workspace::tiny(),
        &["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"],
        &[],
        &WATCH,
        &[],
    );
    let mut live = BTreeSet::new();
    let mut limit = Value::Null;
    while live.len() < TINY.len() || limit.is_null() {
        let line = session.wait("the limit is told, and all functions go live", |line| Some(line.clone()));
        match line["event"].as_str().unwrap() {
            "live" | "unchanged" => {
                live.insert(line["function"].as_str().unwrap().to_owned());
            }
            "error" => limit = line,
            _ => {}
        }
    }
    assert_eq!(limit["code"], "watch_limit", "{limit}");
    assert!(limit["message"].as_str().unwrap().contains("polled every 500 ms instead"), "{limit}");
    assert!(limit["hint"].as_str().unwrap().contains("fs.inotify.max_user_watches"), "{limit}");
    save(&session, "beta", "beta polled");
    eventually("the save is found", LIMIT, || match session.ask("beta").as_str() {
        "beta polled one" => Ok(()),
        other => Err(other.to_owned()),
    });
}

#[test]
fn a_second_devloop_in_the_same_workspace_is_refused_and_names_the_first() {
    let mut session = Session::live_in(Workspace::tiny(), &WATCH, &TINY);
    let output = session.workspace.devloop(&WATCH).output().unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!((&line["code"], output.status.code()), (&json!("workspace_busy"), Some(3)), "{line}");
    let message = line["message"].as_str().unwrap();
    let first = format!("process {}, {}", session.process(), session.endpoint);
    assert!(message.contains(&first), "{message}");
    // An empty cloud builds nothing, so it may run at the same time.
    let mut beside = session.workspace.devloop(&["up", "--no-template", "--port", "0", "--json"]);
    let mut beside = beside.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(beside.stdout.take().unwrap()), &mut ready)
        .unwrap();
    assert!(ready.contains("\"event\":\"ready\""), "{ready}");
    beside.kill().unwrap();
    beside.wait().unwrap();
    assert_eq!(session.ask("alpha"), "alpha 0 one", "the first is not disturbed");

    // However the first one ended, the next one gets the workspace.
    session.end(Signal::KILL);
    let Session { workspace, .. } = &session;
    let mut next = workspace.devloop(&WATCH).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(next.stdout.take().unwrap()), &mut line)
        .unwrap();
    assert!(line.contains("\"event\":\"ready\""), "{line}");
    next.kill().unwrap();
    next.wait().unwrap();
}

#[test]
fn what_was_saved_while_the_job_was_stopped_is_found_when_it_goes_on() {
    let mut session = Session::live_in(Workspace::tiny(), &WATCH, &TINY);
    for (round, signal) in [Signal::TSTP, Signal::STOP].into_iter().enumerate() {
        signal_to(session.process(), signal);
        eventually("the job is stopped", LIMIT, || match kernel_state(session.process()) {
            'T' => Ok(()),
            other => Err(other),
        });
        save(&session, "gamma", &format!("gamma {round}1"));
        signal_to(session.process(), Signal::CONT);
        let (_, functions, _) = session.next_build();
        assert_eq!(functions, ["gamma"]);
        let live = session.next_live("gamma");
        assert!(live["total_ms"].as_u64().unwrap() < LIMIT.as_millis() as u64, "{live}");
        assert_eq!(session.ask("gamma"), format!("gamma {round}1 one"));
    }
}

fn git(session: &Session, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git")
        .current_dir(session.workspace.root())
        .args(identity)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

#[test]
fn a_checkout_of_five_hundred_files_is_one_build_of_what_it_concerns() {
    const FILES: usize = 500;
    let workspace = Workspace::tiny();
    workspace.create(".gitignore", "/target\n");
    let mut main = program("alpha 0");
    for number in 0..FILES {
        workspace.create(&format!("alpha/src/m{number:03}.rs"), "pub fn value() -> u32 { 1 }\n");
        main.push_str(&format!("mod m{number:03};\n"));
    }
    let sum: Vec<String> = (0..FILES).map(|number| format!("m{number:03}::value()")).collect();
    let main =
        main.replace("alpha 0 {}\", shared", &format!("alpha {{}} {{}}\", {}, shared", sum.join(" + ")));
    workspace.create("alpha/src/main.rs", &main);
    let mut session = Session::live_in(workspace, &WATCH, &TINY);
    assert_eq!(session.ask("alpha"), "alpha 500 one");
    git(&session, &["init", "-q", "-b", "one"]);
    git(&session, &["add", "-A"]);
    git(&session, &["commit", "-qm", "one"]);
    git(&session, &["branch", "other"]);

    // The other branch is made in a copy, so that only the checkout changes this folder.
    let beside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let copy = beside.path().join("copy");
    git(&session, &["worktree", "add", "-q", copy.to_str().unwrap(), "other"]);
    for number in 0..FILES {
        fs::write(copy.join(format!("alpha/src/m{number:03}.rs")), "pub fn value() -> u32 { 2 }\n").unwrap();
    }
    git(&session, &["-C", copy.to_str().unwrap(), "commit", "-qam", "two"]);
    git(&session, &["checkout", "-q", "--detach", "other"]);
    let mut built = 0;
    let live = session.wait("alpha goes live", |line| {
        match line["event"].as_str().unwrap() {
            "build" => {
                assert_eq!(line["functions"], json!(["alpha"]), "{line}");
                built += 1;
            }
            // A checkout that takes longer than the longest burst is split into two bursts, and the second build takes over.
            "cancelled" => built -= 1,
            "swapped" | "live" => assert_eq!(line["function"], "alpha", "{line}"),
            _ => panic!("{line}"),
        }
        (line["event"] == "live").then(|| line.clone())
    });
    assert_eq!(built, 1, "{live}");
    assert_eq!(session.ask("alpha"), "alpha 1000 one");
    save(&session, "beta", "beta after");
    assert_eq!(session.next_build().0, live["generation"].as_u64().unwrap() + 1, "nothing more was built");
}

#[test]
fn a_formatter_that_writes_after_the_save_wins_and_links_are_followed() {
    let workspace = Workspace::tiny();
    let real = workspace.root().join("elsewhere/shared.rs");
    workspace.create("elsewhere/shared.rs", &shared("linked"));
    let link = workspace.root().join("shared/src/lib.rs");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut session = Session::live_in(workspace, &WATCH, &TINY);
    assert_eq!(session.ask("beta"), "beta 0 linked");

    save(&session, "beta", "beta unformatted");
    session.next_build();
    save(&session, "beta", "beta formatted");
    let (last, functions, _) = session.next_build();
    assert_eq!(functions, ["beta"]);
    session.wait("the formatter's text is live", |line| {
        (line["event"] == "live" && line["generation"] == last).then_some(())
    });
    assert_eq!(session.ask("beta"), "beta formatted linked");

    fs::write(&real, shared("changed")).unwrap();
    let (_, functions, reason) = session.next_build();
    assert_eq!(functions, TINY, "{reason}");
    for _ in TINY {
        session.wait("each goes live", |line| (line["event"] == "live").then_some(()));
    }
    assert_eq!(session.ask("gamma"), "gamma 0 changed");
}

#[test]
fn a_reader_that_stopped_does_not_keep_the_end_away() {
    let workspace = Workspace::tiny();
    let log = workspace.root().join("target/devloop/devloop.log");
    let _ = fs::remove_file(&log);
    // A pipe that is full and that nobody reads.
    let (_reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b'.'; 4096]).is_ok() {}
    while writer.write(b".").is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    let mut devloop = workspace.devloop(&["up", "--plain", "--port", "0"]).stdout(writer).spawn().unwrap();
    eventually("the session has begun to tell", LIMIT, || {
        fs::metadata(&log).map_err(|error| error.to_string())
    });
    signal_to(devloop.id() as i32, Signal::TERM);
    let status = eventually("devloop has ended", std::time::Duration::from_secs(15), || {
        devloop.try_wait().unwrap().ok_or("it runs")
    });
    assert!(status.success(), "{status}");
}
