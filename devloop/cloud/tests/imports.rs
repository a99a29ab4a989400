//! Which part of the cloud may import which: checks the table of the architecture against every path that begins with
//! `crate` or `super`.
//!
//! A room is a module at the top of the crate, or one of the services. Imports between rooms form no cycle. An import that
//! the table allows but that no code uses fails the test too, so the table always shows the real imports.

#![allow(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every room with the rooms that it uses. Within a room, everything may use everything.
const TABLE: &[(&str, &[&str])] = &[
    ("arn", &[]),
    ("aside", &[]),
    ("calls", &["context", "error"]),
    ("cause", &[]),
    ("clock", &[]),
    (
        "cloud",
        &[
            "calls",
            "clock",
            "cloudformation",
            "context",
            "error",
            "faults",
            "functions",
            "gateway",
            "lambda",
            "limits",
            "registry",
            "service",
            "services/apigateway",
            "services/apigatewayv2",
            "services/cloudwatch",
            "services/dynamodb",
            "services/ecr",
            "services/events",
            "services/iam",
            "services/kinesis",
            "services/logs",
            "services/s3",
            "services/scheduler",
            "services/secretsmanager",
            "services/sns",
            "services/sqs",
            "services/ssm",
            "services/sts",
            "template",
            "triggers",
        ],
    ),
    (
        "cloudformation",
        &[
            "arn",
            "calls",
            "clock",
            "context",
            "error",
            "functions",
            "http",
            "resource",
            "service",
            "template",
            "wire",
        ],
    ),
    ("context", &["error", "wire"]),
    ("error", &[]),
    ("event_pattern", &[]),
    ("event_stream", &["error"]),
    ("faults", &["error"]),
    ("functions", &["cause", "context", "error"]),
    (
        "gateway",
        &[
            "aside",
            "calls",
            "cause",
            "clock",
            "context",
            "error",
            "event_stream",
            "http",
            "registry",
            "rest",
            "secrets",
            "service",
            "wire",
        ],
    ),
    ("http", &["clock", "error"]),
    ("kept", &[]),
    (
        "lambda",
        &[
            "arn",
            "aside",
            "calls",
            "cause",
            "clock",
            "context",
            "error",
            "functions",
            "http",
            "kept",
            "proxy",
            "regional",
            "report_line",
            "resource",
            "rest",
            "scratch",
            "secrets",
            "service",
            "services/cloudwatch",
            "services/logs",
            "wire",
        ],
    ),
    ("limits", &[]),
    ("proxy", &["aside", "http"]),
    ("regional", &[]),
    (
        "registry",
        &["calls", "context", "error", "event_stream", "faults", "http", "resource", "rest", "service"],
    ),
    ("report_line", &[]),
    ("resource", &["calls", "context", "error"]),
    ("rest", &["aside", "error", "http"]),
    ("scratch", &[]),
    ("secrets", &[]),
    ("service", &["calls", "context", "error", "event_stream", "http", "resource", "rest"]),
    ("services", &[]),
    (
        "services/apigateway",
        &[
            "arn",
            "aside",
            "cause",
            "clock",
            "context",
            "error",
            "functions",
            "http",
            "proxy",
            "regional",
            "resource",
            "rest",
            "service",
        ],
    ),
    (
        "services/apigatewayv2",
        &[
            "arn",
            "aside",
            "cause",
            "clock",
            "context",
            "error",
            "functions",
            "http",
            "proxy",
            "resource",
            "rest",
            "service",
            "services/apigateway",
            "services/logs",
            "wire",
        ],
    ),
    (
        "services/cloudwatch",
        &["arn", "clock", "context", "error", "functions", "kept", "regional", "resource", "service", "wire"],
    ),
    (
        "services/dynamodb",
        &[
            "aside",
            "clock",
            "context",
            "error",
            "kept",
            "regional",
            "resource",
            "service",
            "services/kinesis",
            "shard",
            "source",
            "wire",
        ],
    ),
    ("services/ecr", &["clock", "context", "error", "regional", "resource", "service", "wire"]),
    (
        "services/events",
        &[
            "arn",
            "cause",
            "clock",
            "context",
            "error",
            "event_pattern",
            "functions",
            "http",
            "kept",
            "regional",
            "resource",
            "service",
            "wire",
        ],
    ),
    ("services/iam", &["arn", "clock", "context", "error", "http", "resource", "service", "wire"]),
    (
        "services/kinesis",
        &[
            "arn",
            "aside",
            "clock",
            "context",
            "error",
            "event_stream",
            "kept",
            "limits",
            "regional",
            "resource",
            "service",
            "services/cloudwatch",
            "shard",
            "source",
            "wire",
        ],
    ),
    (
        "services/logs",
        &[
            "aside",
            "clock",
            "context",
            "error",
            "kept",
            "regional",
            "report_line",
            "resource",
            "service",
            "services/cloudwatch",
            "wire",
        ],
    ),
    (
        "services/s3",
        &[
            "arn",
            "clock",
            "context",
            "error",
            "functions",
            "http",
            "kept",
            "resource",
            "scratch",
            "service",
            "wire",
        ],
    ),
    (
        "services/scheduler",
        &[
            "arn",
            "clock",
            "context",
            "error",
            "http",
            "regional",
            "resource",
            "rest",
            "service",
            "services/events",
            "wire",
        ],
    ),
    (
        "services/secretsmanager",
        &["clock", "context", "error", "kept", "regional", "resource", "service", "wire"],
    ),
    (
        "services/sns",
        &[
            "arn",
            "cause",
            "clock",
            "context",
            "error",
            "event_pattern",
            "functions",
            "http",
            "kept",
            "regional",
            "resource",
            "service",
            "services/sqs",
            "wire",
        ],
    ),
    (
        "services/sqs",
        &[
            "arn",
            "aside",
            "cause",
            "clock",
            "context",
            "error",
            "kept",
            "regional",
            "resource",
            "service",
            "services/cloudwatch",
            "wire",
        ],
    ),
    (
        "services/ssm",
        &["arn", "clock", "context", "error", "kept", "regional", "resource", "service", "wire"],
    ),
    ("services/sts", &["arn", "clock", "context", "error", "service", "services/iam", "wire"]),
    ("shard", &["cause", "kept"]),
    ("source", &["shard"]),
    ("supported", &["cloud"]),
    ("template", &["context", "error"]),
    ("testing", &["clock", "cloud", "error", "lambda", "template"]),
    (
        "triggers",
        &[
            "arn",
            "aside",
            "cause",
            "clock",
            "context",
            "error",
            "event_pattern",
            "functions",
            "lambda",
            "regional",
            "resource",
            "rest",
            "service",
            "services/cloudwatch",
            "services/dynamodb",
            "services/kinesis",
            "services/sqs",
            "shard",
            "source",
            "wire",
        ],
    ),
    ("wire", &["error"]),
];

/// The rooms with the rooms that they use.
type Table = BTreeMap<String, BTreeSet<String>>;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file in a folder, without tests.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

/// The module of a file, as a path from the crate's root.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix(source()).unwrap().with_extension("");
    let mut names: Vec<String> = inside.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    names.retain(|name| name != "mod" && name != "lib");
    names
}

/// The code without comments and without the unit tests, which stand at the end of a file.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The paths of a use tree at the start of the text: `a::{b, c::D}` names `a::b` and `a::c::D`. Returns the text after the
/// tree too.
fn tree(text: &str) -> (Vec<Vec<String>>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut paths = Vec::new();
        loop {
            rest = rest.trim_start();
            if let Some(end) = rest.strip_prefix('}') {
                return (paths, end);
            }
            let (more, after) = tree(rest);
            paths.extend(more);
            // A path may be followed by `as` and a new name.
            let Some(next) = after.find([',', '}']) else { return (paths, "") };
            rest = after[next..].trim_start_matches(',');
        }
    }
    let end =
        text.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        // A glob import.
        return (vec![Vec::new()], rest);
    }
    match rest.strip_prefix("::") {
        Some(inner)
            if inner.starts_with(['{', '*'])
                || inner.starts_with(|next: char| next.is_alphabetic() || next == '_') =>
        {
            let (inner, rest) = tree(inner);
            let paths = inner.into_iter().map(|path| std::iter::once(name.to_owned()).chain(path).collect());
            (paths.collect(), rest)
        }
        _ => (vec![vec![name.to_owned()]], rest),
    }
}

/// The modules and items that a module's code names, as paths from the crate's root.
fn named(module: &[String], code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            // `super::super::a` is matched once, at its first word.
            let before = code[..at]
                .trim_end_matches(|character: char| character.is_alphanumeric() || character == '_');
            if before.len() < at || before.ends_with("super::") {
                continue;
            }
            for path in tree(&code[at..]).0 {
                let ups = path.iter().take_while(|name| *name == "super").count();
                let base = module.len().saturating_sub(ups);
                let base = if start == "crate::" { &[] } else { &module[..base] };
                found.push(base.iter().cloned().chain(path.into_iter().skip(ups.max(1))).collect());
            }
        }
    }
    found
}

/// The room that a path lies in.
fn room_of(
    path: &[String],
    rooms: &BTreeSet<String>,
    reexports: &BTreeMap<String, String>,
) -> Option<String> {
    let first = path.first()?;
    let both = path.get(1).map(|second| format!("{first}/{second}"));
    let both = both.filter(|both| rooms.contains(both));
    both.or_else(|| Some(first.clone()).filter(|first| rooms.contains(first)))
        .or_else(|| reexports.get(first).cloned())
}

/// The table of the imports that the code really has.
fn real() -> Table {
    let files: Vec<(Vec<String>, String)> = files(&source())
        .into_iter()
        .map(|file| (module_of(&file), code(&fs::read_to_string(&file).unwrap())))
        .collect();
    let rooms: BTreeSet<String> = files
        .iter()
        .filter_map(|(module, _)| match &module[..] {
            [] => None,
            [services, name, ..] if services == "services" => Some(format!("services/{name}")),
            [name, ..] => Some(name.clone()),
        })
        .collect();
    // An item that the crate's root exports again belongs to the room that defines it.
    let root =
        files.iter().find(|(module, _)| module.is_empty()).map(|(_, code)| code.as_str()).unwrap_or_default();
    let shown = root.split("pub use ").skip(1).flat_map(|rest| tree(rest).0);
    let reexports = shown
        .filter_map(|path| Some((path.last()?.clone(), room_of(&path, &rooms, &BTreeMap::new())?)))
        .collect();
    let mut table: Table = rooms.iter().map(|room| (room.clone(), BTreeSet::new())).collect();
    for (module, code) in &files {
        let Some(room) = room_of(module, &rooms, &reexports) else { continue };
        let used = named(module, code).into_iter().filter_map(|path| room_of(&path, &rooms, &reexports));
        let used = used.filter(|other| *other != room);
        table.entry(room.clone()).or_default().extend(used);
    }
    table
}

/// The table as it is written above.
fn text(table: &Table) -> String {
    table
        .iter()
        .map(|(room, used)| format!("    ({room:?}, &{:?}),\n", used.iter().collect::<Vec<_>>()))
        .collect()
}

/// A cycle of imports between rooms, if there is one.
fn circle(table: &Table) -> Option<Vec<String>> {
    fn search(table: &Table, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        let room = way.last().cloned().unwrap_or_default();
        for next in table.get(&room).into_iter().flatten() {
            if let Some(at) = way.iter().position(|earlier| earlier == next) {
                way.drain(..at);
                return true;
            }
            if !done.contains(next) {
                way.push(next.clone());
                if search(table, way, done) {
                    return true;
                }
                way.pop();
            }
        }
        done.insert(room);
        false
    }
    let mut done = BTreeSet::new();
    table.keys().find_map(|room| {
        let mut way = vec![room.clone()];
        search(table, &mut way, &mut done).then_some(way)
    })
}

#[test]
fn every_room_uses_what_the_table_says_and_nothing_else() {
    let written: Table = TABLE
        .iter()
        .map(|(room, used)| ((*room).to_owned(), used.iter().map(|&other| other.to_owned()).collect()))
        .collect();
    let real = real();
    let none = BTreeSet::new();
    let mut wrong = Vec::new();
    for room in written.keys().chain(real.keys()).collect::<BTreeSet<_>>() {
        let (allowed, used) = (written.get(room).unwrap_or(&none), real.get(room).unwrap_or(&none));
        wrong.extend(
            used.difference(allowed)
                .map(|other| format!("{room} uses {other}, which the table does not allow")),
        );
        wrong.extend(
            allowed
                .difference(used)
                .map(|other| format!("{room} does not use {other}, which the table allows")),
        );
        if written.contains_key(room) != real.contains_key(room) {
            wrong.push(format!("{room} is only in the table or only in the source"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\nThe table as it would have to be:\n{}", text(&real));
}

#[test]
fn imports_between_rooms_form_no_cycle() {
    assert_eq!(circle(&real()), None);
}

#[test]
fn paths_are_found_in_every_form() {
    let check = |module: &[&str], line: &str, expected: &[&str]| {
        let module: Vec<String> = module.iter().map(|&name| name.to_owned()).collect();
        let found: Vec<String> =
            named(&module, &code(line)).into_iter().map(|path| path.join("::")).collect();
        assert_eq!(found, expected, "{line}");
    };
    check(&["lambda"], "use crate::wire::Input;", &["wire::Input"]);
    check(
        &[],
        "use crate::{arn::Arn, wire::{self, Input as I}, x::*};",
        &["arn::Arn", "wire::self", "wire::Input", "x"],
    );
    check(&[], "fn f(a: &crate::clock::Clock) -> crate::Cloud {} // crate::no", &["clock::Clock", "Cloud"]);
    check(
        &["services", "sqs", "queue"],
        "use super::{store, move_task::Task};",
        &["services::sqs::store", "services::sqs::move_task::Task"],
    );
    check(&["services", "sqs"], "use super::kinesis::Log;", &["services::kinesis::Log"]);
    check(&["services", "sqs", "queue"], "use super::super::kinesis;", &["services::kinesis"]);
    check(&[], "my_crate::a; #[cfg(test)]\nmod tests { use crate::b; }", &[]);
}

#[test]
fn circles_are_found() {
    let table = |lines: &[(&str, &[&str])]| -> Table {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        lines.iter().map(|(room, used)| ((*room).to_owned(), owned(used))).collect()
    };
    assert_eq!(circle(&table(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])), None);
    let found = circle(&table(&[("a", &["b"]), ("b", &["c"]), ("c", &["d", "b"]), ("d", &[])]));
    assert_eq!(found, Some(vec!["b".to_owned(), "c".to_owned()]));
}
