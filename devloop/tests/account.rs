//! The target aws, against moto from PyPI: the plan before any change, zips in requests and through S3, equal code, versions and
//! aliases, rollback, and the errors when the account cannot be used.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::io::{Cursor, Write};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use support::{ACCOUNT, LIMIT, Lines, Localstack, Moto, Relay, Terminal, Tiny, eventually};

/// An account with both functions under their binaries' names, with code that devloop did not deploy.
fn account(tiny: &Tiny) -> Moto {
    let moto = Moto::start();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"#!/bin/sh\n").unwrap();
    let path = tiny.path("foreign.zip");
    fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
    moto.create("up", &path);
    moto.create("mid", &path);
    moto
}

fn command(tiny: &Tiny, moto: &Moto, arguments: &[&str]) -> Command {
    let mut command = tiny.devloop(arguments);
    moto.known_to(&mut command);
    command.args(["--target", "aws", "--json"]);
    command
}

/// Runs devloop to its end. Returns its JSON lines, the exit code, and everything it printed.
fn run(tiny: &Tiny, moto: &Moto, arguments: &[&str]) -> (Vec<Value>, Option<i32>, String) {
    let mut lines = Lines::start(command(tiny, moto, arguments));
    let code = lines.ended().code();
    (lines.seen().to_vec(), code, lines.account())
}

fn of<'a>(seen: &'a [Value], event: &str) -> Vec<&'a Value> {
    seen.iter().filter(|line| line["event"] == event).collect()
}

#[test]
fn a_deployment_is_shown_agreed_to_and_done_once() {
    let tiny = Tiny::new();
    let moto = account(&tiny);
    let foreign = moto.sha("up");

    let (seen, code, account) = run(&tiny, &moto, &["up", "--dry-run"]);
    assert_eq!(code, Some(0), "{account}");
    let plan = of(&seen, "plan")[0];
    assert_eq!((&plan["account"], &plan["region"]), (&ACCOUNT.into(), &"us-east-1".into()), "{plan}");
    assert_eq!(plan["endpoints"][0], moto.endpoint, "AWS itself is not changed");
    let functions = plan["functions"].as_array().unwrap();
    assert_eq!(functions.len(), 2, "{plan}");
    for function in functions {
        assert_eq!((&function["changes"], &function["bucket"]), (&true.into(), &Value::Null), "{plan}");
        assert!(function["new_bytes"].as_u64() > function["deployed_bytes"].as_u64(), "{plan}");
    }
    assert_eq!(seen.len(), 1, "a dry run ends with the plan: {account}");
    assert_eq!((moto.sha("up"), moto.sha("mid")), (foreign.clone(), foreign.clone()));

    // Without a terminal there is nobody to agree.
    let (_, code, account) = run(&tiny, &moto, &["up"]);
    assert_eq!(code, Some(2), "{account}");
    assert!(account.contains("nobody agreed") && account.contains("--yes"), "{account}");
    assert_eq!(moto.sha("up"), foreign);

    let (seen, code, account) = run(&tiny, &moto, &["up", "--yes"]);
    assert_eq!(code, Some(0), "{account}");
    assert_eq!(of(&seen, "live").len(), 2, "{account}");
    assert!(account.contains("former_code_lost"), "moto's copy of the code cannot be read: {account}");
    let (first, after) = (moto.sha("up"), moto.configuration("up"));
    assert_ne!(first, foreign);
    assert_eq!(after["Environment"]["Variables"]["KEPT"], "yes", "only the code is changed");

    // The zip contains one executable program, and is the same every time.
    let kept = fs::read_dir(tiny.path(&format!("target/devloop/aws/{ACCOUNT}/us-east-1/up"))).unwrap();
    let kept: Vec<_> = kept.map(|entry| entry.unwrap().path()).collect();
    let zips: Vec<_> =
        kept.iter().filter(|path| path.extension().is_some_and(|kind| kind == "zip")).collect();
    assert_eq!(zips.len(), 1, "what could not be read is not kept: {kept:?}");
    let mut archive = zip::ZipArchive::new(fs::File::open(zips[0]).unwrap()).unwrap();
    assert_eq!(archive.len(), 1);
    let entry = archive.by_index(0).unwrap();
    assert_eq!(entry.unix_mode().map(|mode| mode & 0o777), Some(0o755));

    let revision = |moto: &Moto| moto.configuration("up")["LastModified"].clone();
    let before = revision(&moto);
    let (seen, code, account) = run(&tiny, &moto, &["up", "--yes"]);
    assert_eq!(code, Some(0), "{account}");
    assert!(of(&seen, "live").is_empty() && account.contains("nothing to deploy"), "{account}");
    assert_eq!(revision(&moto), before, "equal code is not sent");

    // Lambda returns a zip's digest. Devloop has noted which binary is in it, so that the binary can be compared with the one on
    // disk.
    let status = || {
        let mut command = tiny.devloop(&["status", "--json"]);
        moto.known_to(&mut command);
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let up = report["functions"].as_array().unwrap().iter().find(|each| each["name"] == "up").unwrap();
        let digests =
            [&up["on_disk_digest"], &up["deployed_digest"]].map(|digest| digest.as_str().map(str::to_owned));
        (digests, report["problems"].clone())
    };
    let ([disk, deployed], problems) = status();
    assert!(disk.is_some() && disk == deployed, "{disk:?} {deployed:?}");
    assert_eq!(problems, serde_json::json!([]));
    let foreign = format!("fileb://{}", tiny.path("foreign.zip").display());
    moto.call(&["lambda", "update-function-code", "--function-name", "up", "--zip-file", &foreign]);
    let ([still, deployed], problems) = status();
    assert!(still == disk && deployed.is_some() && deployed != disk, "{still:?} {deployed:?}");
    assert_eq!(problems[0]["code"], "not_deployed", "{problems}");
}

#[test]
fn saves_are_deployed_and_rolled_back() {
    let tiny = Tiny::new();
    let moto = account(&tiny);
    let mut session = Lines::start(command(&tiny, &moto, &["watch", "up", "--yes"]));
    session.wait("live", "up");
    let first = moto.sha("up");
    tiny.says("up", "two");
    session.wait("live", "up");
    let second = moto.sha("up");
    assert_ne!(first, second);
    // The same code is not deployed again.
    tiny.write("up/src/main.rs", "fn main() { println!(\"two\") } // said otherwise\n");
    session.wait("unchanged", "up");
    assert!(session.end().success());

    let (seen, code, account) = run(&tiny, &moto, &["rollback", "up", "--dry-run"]);
    assert_eq!((code, of(&seen, "plan").len(), moto.sha("up")), (Some(0), 1, second.clone()), "{account}");
    let (seen, code, account) = run(&tiny, &moto, &["rollback", "up", "--yes"]);
    assert_eq!(code, Some(0), "{account}");
    assert_eq!(of(&seen, "rolled_back")[0]["code"], first.as_str(), "{account}");
    assert_eq!(moto.sha("up"), first);
    // Roll back, and roll back again to the first code.
    assert_eq!(run(&tiny, &moto, &["rollback", "up", "--yes"]).1, Some(0));
    assert_eq!(moto.sha("up"), second);
    let (_, code, account) = run(&tiny, &moto, &["rollback", "mid", "--yes"]);
    assert_eq!(code, Some(4), "{account}");
    assert!(account.contains("nothing_to_roll_back"), "{account}");
}

#[test]
fn the_screen_asks_before_it_rolls_back_in_an_account() {
    let tiny = Tiny::new();
    let moto = account(&tiny);
    let mut command = tiny.devloop(&["watch", "up", "--target", "aws", "--yes"]);
    moto.known_to(&mut command);
    let mut screen = Terminal::run(command, Box::new(()));
    screen.wait_for("● live");
    let first = moto.sha("up");
    tiny.says("up", "two");
    screen.wait_for("(p95");
    let second = moto.sha("up");
    assert_ne!(first, second);
    screen.press("R");
    screen.wait_for(&format!("roll up back? yes or no: ▏ · account {ACCOUNT} in us-east-1"));
    screen.press("no\r");
    screen.wait_for("nothing was changed");
    assert_eq!(moto.sha("up"), second);
    screen.forget();
    screen.press("R");
    screen.wait_for("yes or no");
    screen.press("yes\r");
    screen.wait_for("rolled back");
    assert_eq!(moto.sha("up"), first);
    // The code before the rollback is deployed again when it is saved again.
    tiny.says("up", "two");
    eventually("the save is deployed", LIMIT, || {
        let sha = moto.sha("up");
        if sha == second { Ok(()) } else { Err(sha) }
    });
    screen.press("q");
    screen.ends();
}

#[test]
fn a_session_that_ends_in_the_middle_of_an_update_leaves_the_way_back() {
    let tiny = Tiny::new();
    let moto = account(&tiny);
    assert_eq!(run(&tiny, &moto, &["up", "up", "--yes"]).1, Some(0));
    let first = moto.sha("up");
    tiny.says("up", "two");
    let address = moto.endpoint.strip_prefix("http://").unwrap().parse().unwrap();
    let relay = Relay::keeping_back(address, "PUT", "/functions/up/code");
    let mut command = command(&tiny, &moto, &["watch", "up", "--yes"]);
    command.env("AWS_ENDPOINT_URL", &relay.endpoint);
    let mut session = Lines::start(command);
    relay.wait(Duration::from_mins(3));
    assert!(session.end().success());
    let second = moto.sha("up");
    assert_ne!(second, first, "Lambda has the new code, and devloop was not told so");
    let (seen, code, account) = run(&tiny, &moto, &["rollback", "up", "--yes"]);
    assert_eq!((code, of(&seen, "rolled_back").len()), (Some(0), 1), "{account}");
    assert_eq!(moto.sha("up"), first);
}

#[test]
fn what_was_shown_is_what_is_deployed() {
    let tiny = Tiny::new();
    let moto = account(&tiny);
    let foreign = moto.sha("up");
    // The source is saved while the question waits for its answer.
    let answered = |save: Option<&str>, event: &str| {
        let mut terminal = Terminal::run(command(&tiny, &moto, &["up", "up"]), Box::new(()));
        terminal.wait_for("deploy? [y/N]");
        if let Some(word) = save {
            tiny.says("up", word);
        }
        terminal.press("y\n");
        terminal.wait_for(event);
        (terminal.child.wait().unwrap().code(), terminal.seen.clone())
    };
    let (code, said) = answered(Some("two"), "not_all_live");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("plan_outdated") && said.contains("start devloop again"), "{said}");
    assert_eq!(moto.sha("up"), foreign);
    let (code, said) = answered(None, "\"live\"");
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(moto.sha("up"), foreign);
}

#[test]
fn versions_are_published_and_an_alias_follows() {
    let tiny = Tiny::new();
    let moto = account(&tiny);
    let (_, code, account) = run(&tiny, &moto, &["up", "up", "--yes", "--alias", "live"]);
    assert_eq!(code, Some(1), "{account}");
    assert!(account.contains("alias_missing") && account.contains("create-alias"), "{account}");
    moto.call(&[
        "lambda",
        "create-alias",
        "--function-name",
        "up",
        "--name",
        "live",
        "--function-version",
        "1",
    ]);
    let live = || moto.call(&["lambda", "get-alias", "--function-name", "up", "--name", "live"]);
    tiny.says("up", "two");
    let (seen, code, account) = run(&tiny, &moto, &["up", "up", "--yes", "--alias", "live"]);
    assert_eq!((code, of(&seen, "live").len()), (Some(0), 1), "{account}");
    assert_eq!(live()["FunctionVersion"], "2");
    // An earlier run updated the code, but ended before it moved the alias.
    let back =
        ["lambda", "update-alias", "--function-name", "up", "--name", "live", "--function-version", "1"];
    moto.call(&back);
    let behind = || {
        let question =
            ["lambda", "get-function-configuration", "--function-name", "up", "--qualifier", "live"];
        moto.call(&question)["CodeSha256"].as_str().unwrap().to_owned()
    };
    assert_ne!(behind(), moto.sha("up"));
    let (_, code, account) = run(&tiny, &moto, &["up", "up", "--dry-run", "--alias", "live"]);
    assert_eq!((code, live()["FunctionVersion"].as_str()), (Some(0), Some("1")));
    assert!(account.contains("\"alias\":\"live\"") && account.contains("\"changes\":false"), "{account}");
    let (_, code, account) = run(&tiny, &moto, &["up", "up", "--yes", "--alias", "live"]);
    assert_eq!((code, behind()), (Some(0), moto.sha("up")), "{account}");
    let followed = live();
    let (_, code, account) = run(&tiny, &moto, &["up", "up", "--yes", "--alias", "live"]);
    assert_eq!((code, live()), (Some(0), followed.clone()));
    assert!(account.contains("nothing to deploy"), "{account}");
    tiny.says("up", "three");
    assert_eq!(run(&tiny, &moto, &["up", "up", "--yes", "--publish"]).1, Some(0));
    let versions = moto.call(&["lambda", "list-versions-by-function", "--function-name", "up"]);
    let mut published =
        versions["Versions"].as_array().unwrap().iter().filter(|of| of["Version"] != "$LATEST");
    assert_eq!(published.next_back().unwrap()["CodeSha256"], moto.sha("up"), "{versions}");
    assert_eq!(live(), followed, "an alias that is not named stays");
}

#[test]
fn code_too_large_for_a_request_goes_through_a_bucket() {
    let tiny = Tiny::new();
    let moto = account(&tiny);
    // Random bytes do not get smaller in a zip.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let noise: Vec<u8> = (0..51 << 20)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect();
    fs::write(tiny.path("up/noise"), noise).unwrap();
    let source = "static NOISE: &[u8] = include_bytes!(\"../noise\");\n\
        fn main() { println!(\"{}\", std::hint::black_box(NOISE).len()) }\n";
    tiny.write("up/src/main.rs", source);

    let foreign = moto.sha("up");
    let (seen, code, account) = run(&tiny, &moto, &["up", "up", "--yes"]);
    assert_eq!(code, Some(1), "{account}");
    let bucket = format!("cdk-hnb659fds-assets-{ACCOUNT}-us-east-1");
    assert_eq!(of(&seen, "plan")[0]["functions"][0]["bucket"], bucket.as_str(), "{account}");
    assert!(account.contains("bucket_missing") && account.contains("cdk bootstrap"), "{account}");
    assert_eq!(moto.sha("up"), foreign);

    moto.call(&["s3api", "create-bucket", "--bucket", &bucket]);
    moto.call(&["s3api", "create-bucket", "--bucket", "my.zips"]);
    for (arguments, bucket) in [
        (&["up", "up", "--yes"][..], bucket.as_str()),
        (&["up", "up", "--yes", "--bucket", "my.zips"], "my.zips"),
    ] {
        let (seen, code, account) = run(&tiny, &moto, arguments);
        assert_eq!((code, of(&seen, "live").len()), (Some(0), 1), "{account}");
        let objects = moto.call(&["s3api", "list-objects-v2", "--bucket", bucket]);
        let key = objects["Contents"][0]["Key"].as_str().unwrap().to_owned();
        assert!(key.starts_with("devloop/up/") && key.strip_suffix(".zip").is_some(), "{key}");
        assert!(moto.configuration("up")["CodeSize"].as_u64() > Some(50 << 20));
        // Other code of the same size, for the other bucket.
        tiny.write("up/src/main.rs", &source.replace("println!(\"", "println!(\"again "));
    }
}

#[test]
fn an_account_that_cannot_be_used_is_explained() {
    let tiny = Tiny::new();
    let moto = Moto::start();
    let check = |environment: &[(&str, &str)], code: i32, said: &[&str]| {
        let mut command = command(&tiny, &moto, &["up", "--yes"]);
        for (name, value) in environment {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{errors}");
        for said in said {
            assert!(errors.contains(said), "{said}: {errors}");
        }
    };
    check(&[], 4, &["there is no function of this name in us-east-1", "cdk deploy"][1..]);
    check(&[("AWS_REGION", "")], 4, &["choose a region", "AWS_REGION"]);
    let none = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    check(&none, 4, &["there are no AWS credentials", "aws configure"]);
    check(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")], 4, &["http://127.0.0.1:9 does not answer"]);
    check(&[("AWS_PROFILE", "nobody"), none[0], none[1]], 4, &["AWS credentials"]);
}

#[test]
fn what_only_the_embedded_cloud_can_do_is_refused() {
    let tiny = Tiny::new();
    let localstack = Localstack::start();
    let check = |target: &str, arguments: &[&str], what: &str| {
        let mut command = tiny.devloop(&["watch", "--target", target]);
        command.args(arguments).env("AWS_ENDPOINT_URL", &localstack.endpoint);
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{target} {arguments:?}: {errors}");
        for said in [what, "for the embedded cloud only", "--target embedded"] {
            assert!(errors.contains(said), "{target} {arguments:?}: {said}: {errors}");
        }
    };
    for target in ["aws", "localstack"] {
        check(target, &["--postgres"], "use a database of the session");
        check(target, &["--database-url", "postgres://127.0.0.1:1/x"], "use a database of the session");
        check(target, &["--parameter", "Sink=both"], "use a template's parameters");
        check(target, &["--metrics"], "use the page for Prometheus");
    }
    assert!(localstack.operations().is_empty(), "nothing is asked of what is not used");
    tiny.write("devloop.toml", "[build]\nprelink = true\n");
    check("aws", &[], "use prelinked dependencies");
    check("localstack", &[], "use prelinked dependencies");
}
