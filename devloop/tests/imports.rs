//! Which module may import which: the architecture's table, checked against every line that names `crate::`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every room (top-level module) with the rooms that it may use. Inside a room everything may use everything.
const TABLE: &[(&str, &[&str])] = &[
    ("engine", &["graph"]),
    ("graph", &[]),
    ("output", &[]),
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
    ("sink", &["engine", "graph", "output"]),
    ("status", &["engine", "output"]),
    ("observe", &["aws", "bus", "engine", "status"]),
    ("bench", &["aws", "bus", "engine"]),
    ("records", &["aws", "engine"]),
    ("report", &["bench", "tui"]),
    ("tui", &["bus", "engine", "output", "sink", "status"]),
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
            "output",
            "sink",
            "status",
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
            "output",
            "records",
            "report",
            "session",
            "sink",
            "status",
            "tui",
            "workspace",
        ],
    ),
    ("main", &["bus", "cli", "commands", "descriptors", "error", "linker", "output", "sink"]),
];

/// Rooms without files, clocks and tasks.
const PURE: &[&str] = &["engine", "graph"];

/// What the pure rooms must not use, in whatever form it is written.
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

/// Every source file below a folder but tests.
fn files_below(folder: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder];
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
                found.push(path);
            }
        }
    }
    found
}

/// Every source file but tests, with the room it lies in.
fn files() -> Vec<(String, PathBuf)> {
    let room = |path: PathBuf| {
        let inside = path.strip_prefix(source()).unwrap();
        let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        (room, path)
    };
    files_below(source()).into_iter().map(room).filter(|(room, _)| room != "testing").collect()
}

/// The code's lines without comments and without the unit tests, which stand at the end of a file.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect()
}

/// The rooms that a file names: after `crate::`, and in `main.rs`, where the rooms are declared, also without it.
fn rooms_in(room: &str, lines: &[String]) -> BTreeSet<String> {
    let mut named = imports(lines.iter().map(String::as_str));
    if room == "main" {
        let words = |line: &str| {
            line.split("::")
                .map(|part| part.rsplit(|it: char| !is_name(it)).next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        let rooms = |word: &String| TABLE.iter().any(|(name, _)| name == word);
        named.extend(
            lines.iter().filter(|line| line.contains("::")).flat_map(|line| words(line)).filter(rooms),
        );
    }
    named
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The rooms that the lines name after `crate::`, without `testing`, which only tests are compiled with.
fn imports<'a>(lines: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    lines
        .into_iter()
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|it| is_name(*it)).collect())
        .filter(|room: &String| room != "testing")
        .collect()
}

#[test]
fn every_room_uses_what_the_table_allows_and_all_of_it() {
    let mut wrong = Vec::new();
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (room, path) in files() {
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{room} is not in the table"));
            continue;
        };
        for import in rooms_in(&room, &code(&path)) {
            if import != room && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} uses {import}", path.strip_prefix(source()).unwrap().display()));
            }
            used.entry(room.clone()).or_default().insert(import);
        }
    }
    for (room, allowed) in TABLE {
        let used = used.get(*room).cloned().unwrap_or_default();
        let unused = allowed.iter().filter(|import| !used.contains(**import));
        wrong.extend(unused.map(|import| format!("{room} may use {import}, and no file of it does")));
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

/// What only Linux has is asked for in `devloop/system` alone, where a portable way stands beside it. Linkers are matters of the
/// machine that a function is built for.
#[test]
fn what_only_linux_has_stands_in_one_crate() {
    const ASKED: [&str; 4] = ["/proc/", "target_os", "set_parent_process_death_signal", "pidfd_open"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "cloud/src", "postgres/src"].map(|folder| root.join(folder));
    let files = folders.into_iter().flat_map(files_below);
    for path in files.filter(|path| !path.starts_with(root.join("src/linker"))) {
        for line in code(&path) {
            for word in ASKED {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
    }
}

/// What goes to a terminal is made safe in one room. Screens have sequences of their own, a session's output is made by its sinks, and
/// what stands in rustc's place writes for cargo.
#[test]
fn only_one_room_writes_to_the_standard_output() {
    const OTHERS: [&str; 4] =
        ["output/streams.rs", "tui/terminal.rs", "sink/unblocked.rs", "linker/wrapper.rs"];
    for (_, path) in files() {
        let inside = path.strip_prefix(source()).unwrap();
        // The CDK app is started with the standard error as its output.
        if OTHERS.iter().any(|other| inside == Path::new(other)) || inside.ends_with("deploy/synth.rs") {
            continue;
        }
        for line in code(&path) {
            let writes = line.contains("io::stdout(") || line.contains("io::stderr(");
            assert!(!writes, "{}: {line}: use the functions of `output`", inside.display());
        }
    }
}
