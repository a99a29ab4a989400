//! Who may import whom: the table of the architecture, held over every line that names `crate::`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every room with the rooms it may use. Inside a room everything may use everything.
const TABLE: &[(&str, &[&str])] = &[
    ("engine", &["graph"]),
    ("graph", &["engine"]),
    ("bus", &["engine"]),
    ("error", &["engine"]),
    ("cargo", &[]),
    ("cli", &[]),
    ("descriptors", &[]),
    ("doctor", &["build", "cargo", "descriptors", "engine", "linker", "machine", "session", "swap", "watch"]),
    ("config", &["error"]),
    ("workspace", &["cargo", "engine", "graph"]),
    ("watch", &["bus", "engine"]),
    ("linker", &["cargo", "config", "engine"]),
    ("machine", &["engine"]),
    ("build", &["bus", "cargo", "engine", "graph", "linker", "machine"]),
    ("swap", &["bus", "engine", "machine"]),
    ("aws", &["engine"]),
    ("target", &["aws", "bus", "engine", "error", "swap"]),
    ("sink", &["engine", "graph"]),
    ("status", &["engine"]),
    ("observe", &["aws", "bus", "engine", "lambda_log", "status"]),
    ("lambda_log", &[]),
    ("bench", &["aws", "bus", "engine", "lambda_log"]),
    ("records", &["aws", "engine"]),
    ("report", &["bench"]),
    ("tui", &["bench", "bus", "engine", "graph", "report", "sink", "status"]),
    (
        "session",
        &[
            "aws",
            "build",
            "bus",
            "cargo",
            "config",
            "engine",
            "error",
            "graph",
            "linker",
            "machine",
            "observe",
            "sink",
            "swap",
            "target",
            "tui",
            "watch",
            "workspace",
        ],
    ),
    (
        "commands",
        &[
            "aws",
            "bench",
            "build",
            "bus",
            "cargo",
            "cli",
            "config",
            "doctor",
            "engine",
            "error",
            "linker",
            "observe",
            "records",
            "report",
            "session",
            "sink",
            "status",
            "tui",
            "workspace",
        ],
    ),
    ("main", &["bus", "cli", "commands", "error", "linker", "sink"]),
];

/// Rooms without files, clocks and tasks.
const PURE: &[&str] = &["engine", "graph"];

/// What the pure rooms must not know, in whatever form it is written.
const IMPURE: &[&str] = &[
    "tokio",
    "notify",
    "ratatui",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "Instant",
    "SystemTime",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file but tests, with the room it lies in.
fn files() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut open = vec![source()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("tests") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                let inside = path.strip_prefix(source()).unwrap();
                let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
                if room != "testing" {
                    found.push((room, path));
                }
            }
        }
    }
    found
}

/// The code's lines without comments and without the unit tests, which stand at the end of a file.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect()
}

/// The rooms that the lines name after `crate::`.
fn imports<'a>(lines: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let is_name = |character: &char| character.is_alphanumeric() || *character == '_';
    lines
        .into_iter()
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(is_name).collect())
        .collect()
}

#[test]
fn every_room_uses_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (room, path) in files() {
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{room} is not in the table"));
            continue;
        };
        for import in imports(code(&path).iter().map(String::as_str)) {
            if import != room && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} uses {import}", path.strip_prefix(source()).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_rooms_know_no_files_clocks_or_tasks() {
    for (room, path) in files() {
        if PURE.contains(&room.as_str()) {
            for line in code(&path) {
                for impure in IMPURE {
                    assert!(!line.contains(impure), "{}: {line}", path.display());
                }
            }
        }
    }
}

#[test]
fn imports_are_found() {
    let lines = ["use crate::engine::State;", "fn f(x: crate::graph::Reason) {}", "use std::fs;"];
    assert_eq!(imports(lines).into_iter().collect::<Vec<_>>(), ["engine", "graph"]);
}
