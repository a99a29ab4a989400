//! A workspace of three functions that compiles in a moment: its only dependency is a runtime of a few lines, which has the name by
//! which devloop recognises functions.

use std::fs::{self, File};
use std::path::Path;

use super::{Workspace, manifest, workspace_manifest, write};

/// The workspace's functions.
pub const TINY: [&str; 3] = ["alpha", "beta", "gamma"];

/// The dependencies of each function.
const DEPENDENCIES: [(&str, &str); 2] = [("lambda_runtime", "../lambda_runtime"), ("shared", "../shared")];

/// As much of the Runtime API as these functions need, one event after the other over one connection.
const RUNTIME: &str = r##"use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

pub fn serve(answer: String) {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("Lambda names its API");
    let mut stream = BufReader::new(TcpStream::connect(&api).expect("Lambda answers"));
    loop {
        let id = exchange(&mut stream, &api, "GET", NEXT, "");
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        exchange(&mut stream, &api, "POST", &path, &format!(r#"{{"statusCode":200,"body":"{answer}"}}"#));
    }
}

/// Returns the request id, where the answer has one.
fn exchange(stream: &mut BufReader<TcpStream>, host: &str, method: &str, path: &str, body: &str) -> String {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.get_mut().write_all(format!("{head}{body}").as_bytes()).expect("Lambda listens");
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).expect("Lambda answers") == 0 {
            std::process::exit(0);
        }
        let lower = line.trim_end().to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("lambda-runtime-aws-request-id: ") {
            id = value.to_owned();
        } else if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.parse().expect("a length");
        } else if lower.is_empty() {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length]).expect("the body follows");
    id
}
"##;

/// A function's program with this answer.
pub fn program(answer: &str) -> String {
    format!("fn main() {{\n    lambda_runtime::serve(format!(\"{answer} {{}}\", shared::VALUE));\n}}\n")
}

/// The shared library with this value.
pub fn shared(value: &str) -> String {
    format!("pub const VALUE: &str = \"{value}\";\n")
}

impl Workspace {
    /// A fresh copy of the small workspace; cargo's output is reused.
    pub fn tiny() -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let turn = File::create(home.join("tiny.lock")).unwrap();
        turn.lock().unwrap();
        let root = home.join("tiny");
        fs::create_dir_all(&root).unwrap();
        for entry in fs::read_dir(&root).unwrap().flatten().filter(|entry| entry.file_name() != "target") {
            let path = entry.path();
            let is_folder = fs::symlink_metadata(&path).unwrap().is_dir();
            if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
        let workspace = Self::of(root, turn);
        let members = ["lambda_runtime", "shared"].iter().chain(&TINY);
        let root = workspace_manifest(&members.clone().copied().collect::<Vec<_>>());
        workspace.create("Cargo.toml", &(root + "[profile.dev]\ndebug = false\n"));
        for name in members {
            let dependencies: &[_] = if TINY.contains(name) { &DEPENDENCIES } else { &[] };
            workspace.create(&format!("{name}/Cargo.toml"), &manifest(name, dependencies));
        }
        workspace.create("lambda_runtime/src/lib.rs", RUNTIME);
        workspace.create("shared/src/lib.rs", &shared("one"));
        for name in TINY {
            workspace.create(&format!("{name}/src/main.rs"), &program(&format!("{name} 0")));
        }
        let _ = fs::remove_dir_all(workspace.dist());
        workspace
    }

    /// Writes a file, and creates its folder.
    pub fn create(&self, path: &str, text: &str) {
        write(&self.root().join(path), text);
    }
}
