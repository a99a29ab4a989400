//! Tables and snapshots: machines as they may be, and what is said about them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use devloop_system::files::Watchers;

use crate::doctor::judge::{Inotify, Links, Port, Readings, judge};
use crate::doctor::propose;
use crate::doctor::report::text;
use crate::engine::Problem;
use crate::linker::{Linker, Probe, Verdict};
use crate::machine::{Architecture, Binary, Demand, Demands, Glibc, Purpose, Tools};

/// A machine with nothing wrong.
fn clean() -> Readings {
    let host = Architecture::host();
    let binary = Binary {
        architecture: Some(host),
        machine: "x86_64".to_owned(),
        glibc: Some(Glibc { major: 2, minor: 34 }),
    };
    Readings {
        toolchain: Some(Ok("cargo 1.95.0, rustc 1.95.0".to_owned())),
        workspace: None,
        demands: Demands {
            purpose: Purpose::RunHere,
            functions: [("up".to_owned(), Demand::default())].into(),
        },
        tools: Tools { zigbuild: false, targets: [host.triple()].into() },
        probes: vec![Probe { linker: Linker::Wild, verdict: Verdict::Missing }],
        links: Some(Ok(links(&[(Linker::Default, 812)]))),
        wrapper: None,
        used: Some(Linker::Default),
        inotify: Some(Inotify {
            watchers: Watchers { watches: 65_536, watches_used: 120, instances: 128, instances_used: 3 },
            directories: 14,
        }),
        descriptors: Some(1_048_576),
        event: Some(Ok(31)),
        port: Some(Port { number: 4566, owner: None, localstack: None }),
        dist: Some((PathBuf::from("/w/target/devloop/dist"), None)),
        binaries: [("up".to_owned(), binary)].into(),
        environment: BTreeMap::new(),
    }
}

fn links(medians: &[(Linker, u64)]) -> Links {
    Links { function: "up".to_owned(), medians: medians.iter().copied().collect() }
}

/// Compares the findings as `code: fix`.
fn check(readings: &Readings, expected: &[(&str, &str)]) {
    let report = judge(readings);
    let found: Vec<_> = report
        .checks
        .iter()
        .filter(|check| !check.ok)
        .map(|check| (check.code.unwrap(), check.fix.as_deref().unwrap()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(report.findings, expected.len());
}

#[test]
fn few_descriptors_are_a_finding() {
    let readings = Readings { descriptors: Some(1_024), ..clean() };
    let fix =
        "start devloop where `ulimit -Hn` is at least 8192 (limits.conf, LimitNOFILE, or --ulimit of Docker)";
    check(&readings, &[("descriptor_limit", fix)]);
    check(&Readings { descriptors: Some(u64::MAX), ..clean() }, &[]);
}

#[test]
fn a_clean_machine_has_no_findings() {
    check(&clean(), &[]);
    insta::assert_snapshot!(text(&judge(&clean())), @r"
    ok     toolchain  cargo 1.95.0, rustc 1.95.0
    ok     target     every function can be built for its machine; none needs cargo-zigbuild
    ok     linker     an incremental rustc and link of up: default 812 ms; default is used; wild, the fastest known, is not installed (cargo install wild-linker)
    ok     inotify    14 directories to watch; 120 of 65536 watches and 3 of 128 watchers are taken
    ok     descriptors a session may have 1048576 files and connections open
    ok     events     a saved file was noticed after 31 ms
    ok     port       4566 is free
    ok     dist       /w/target/devloop/dist can be written, renamed in and run from
    ok     glibc      the last binaries fit their runtimes; the newest glibc needed is 2.34
    ok     aws        no variable sends calls elsewhere
    nothing is wrong
    ");
}

#[test]
fn a_wrapper_of_somebody_else_is_named() {
    let problem =
        Problem::new("wrapper_taken", "shorten the links: theirs is set").with_hint("set it to nothing");
    check(&Readings { wrapper: Some(problem), ..clean() }, &[("wrapper_taken", "set it to nothing")]);
}

#[test]
fn no_room_for_watches_is_named_with_the_command() {
    let inotify = |watches_used, instances_used| Readings {
        inotify: Some(Inotify {
            watchers: Watchers { watches: 8192, watches_used, instances: 128, instances_used },
            directories: 14,
        }),
        ..clean()
    };
    check(&inotify(8178, 3), &[]);
    check(&inotify(8179, 3), &[("watch_limit", "sudo sysctl fs.inotify.max_user_watches=524288")]);
    check(
        &inotify(0, 128),
        &[("watcher_limit", "sudo sysctl fs.inotify.max_user_instances=512, or close other watchers")],
    );
}

#[test]
fn a_function_for_another_machine_names_what_is_missing() {
    let elsewhere = match Architecture::host() {
        Architecture::X86_64 => Architecture::Arm64,
        Architecture::Arm64 => Architecture::X86_64,
    };
    let demand = Demand { architecture: elsewhere, ..Demand::default() };
    let demands = Demands { purpose: Purpose::RunHere, functions: [("up".to_owned(), demand)].into() };
    let mut readings = Readings { demands, binaries: BTreeMap::new(), ..clean() };
    check(&readings, &[("target_missing", &format!("rustup target add {}", elsewhere.triple()))]);
    readings.tools.targets.insert(elsewhere.triple());
    check(
        &readings,
        &[(
            "zigbuild_missing",
            "pip install cargo-zigbuild, or: cargo install cargo-zigbuild, and zig beside it",
        )],
    );
    readings.tools.zigbuild = true;
    check(&readings, &[]);
}

#[test]
fn a_busy_port_is_named_with_its_owner() {
    let port = |owner: &str, localstack: Option<&str>| Readings {
        port: Some(Port {
            number: 4566,
            owner: Some(owner.to_owned()),
            localstack: localstack.map(str::to_owned),
        }),
        ..clean()
    };
    let busy = port("python3 (process 7)", None);
    check(&busy, &[("port_busy", "stop it, or choose another port with `--port N` or the setting `port`")]);
    assert!(text(&judge(&busy)).contains("python3 (process 7) has port 4566"));
    check(&port("devloop (process 7)", None), &[]);
    let localstack = port("python3 (process 7)", Some("4.9.0"));
    check(
        &localstack,
        &[("port_localstack", "stop it, or choose another port for the embedded cloud with `--port N`")],
    );
}

#[test]
fn a_faster_linker_that_is_not_used_is_proposed() {
    let medians = [(Linker::Default, 800), (Linker::Wild, 300)];
    let with = |used| Readings { links: Some(Ok(links(&medians))), used: Some(used), ..clean() };
    check(&with(Linker::Wild), &[]);
    let fix = "`devloop doctor --fix` sets `[build] linker = \"wild\"` in devloop.toml: 500 ms less a save";
    check(&with(Linker::Default), &[("linker_slow", fix)]);
    let proposal = propose(&with(Linker::Default), "port = 1\n").unwrap();
    assert_eq!(proposal.diff, "+ \n+ [build]\n+ linker = \"wild\"\n");
    assert_eq!(propose(&with(Linker::Wild), ""), None);
    assert_eq!(propose(&clean(), ""), None);
    let even = Readings { links: Some(Ok(links(&[(Linker::Default, 800), (Linker::Wild, 790)]))), ..clean() };
    check(&even, &[]);
}

#[test]
fn a_binary_that_its_runtime_cannot_load_is_named() {
    let mut readings = clean();
    let demand = Demand { runtime: "provided.al2".to_owned(), ..Demand::default() };
    readings.demands.functions.insert("up".to_owned(), demand);
    let report = judge(&readings);
    let check = report.checks.iter().find(|check| check.name == "glibc").unwrap();
    assert_eq!(check.code, Some("glibc_too_new"));
    assert_eq!(check.finding, "use the binary of up: it needs glibc 2.34, and provided.al2 has 2.26");
}

#[test]
fn variables_that_send_calls_elsewhere_are_named() {
    let with = |variables: &[(&str, &str)]| Readings {
        environment: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..clean()
    };
    check(&with(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"), ("AWS_ENDPOINT_URL_SQS", "")]), &[]);
    check(
        &with(&[("AWS_ENDPOINT_URL", "https://example.com")]),
        &[("endpoint_elsewhere", "unset AWS_ENDPOINT_URL")],
    );
    check(
        &with(&[("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9324")]),
        &[("endpoint_elsewhere", "unset AWS_ENDPOINT_URL_SQS")],
    );
    check(&with(&[("http_proxy", "http://p:1")]), &[("proxy", "export NO_PROXY=127.0.0.1,localhost")]);
    check(&with(&[("http_proxy", "http://p:1"), ("NO_PROXY", "a, 127.0.0.1")]), &[]);
}

#[test]
fn everything_that_is_wrong_is_shown_with_its_fix() {
    let readings = Readings {
        toolchain: Some(Err(
            Problem::new("toolchain_missing", "start cargo: not found").with_hint("install Rust")
        )),
        links: Some(Err("it does not compile".to_owned())),
        event: Some(Err("/w sends no file events within 3 s".to_owned())),
        dist: Some((
            PathBuf::from("/d"),
            Some(Problem::new("dist_read_only", "it cannot be written").with_hint("set it")),
        )),
        ..clean()
    };
    insta::assert_snapshot!(text(&judge(&readings)), @r"
    wrong  toolchain  start cargo: not found
                      fix: install Rust
    ok     target     every function can be built for its machine; none needs cargo-zigbuild
    wrong  linker     no link could be measured: it does not compile
                      fix: make the workspace build, then measure again
    ok     inotify    14 directories to watch; 120 of 65536 watches and 3 of 128 watchers are taken
    ok     descriptors a session may have 1048576 files and connections open
    wrong  events     a saved file was not noticed: /w sends no file events within 3 s
                      fix: keep the sources on a local file system: shared folders and network mounts send no file events
    ok     port       4566 is free
    wrong  dist       it cannot be written
                      fix: set it
    ok     glibc      the last binaries fit their runtimes; the newest glibc needed is 2.34
    ok     aws        no variable sends calls elsewhere
    4 findings
    ");
    let json = serde_json::to_value(judge(&readings)).unwrap();
    assert_eq!(json["findings"], 4);
    let first = serde_json::json!({
        "name": "toolchain", "ok": false, "code": "toolchain_missing",
        "finding": "start cargo: not found", "fix": "install Rust"
    });
    assert_eq!(json["checks"][0], first);
}
