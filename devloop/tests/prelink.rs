//! Prelinked dependencies in a small workspace: what is linked against what, where the files are, and what happens when prelinking
//! is impossible.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::Value;
use support::Small;

/// A `devloop` that is killed when this is dropped.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `devloop up` until both functions are in place, and returns its errors about prelinking.
fn up(small: &Small, arguments: &[&str]) -> Vec<String> {
    let mut command = small.command(env!("CARGO_BIN_EXE_devloop"));
    command.args(["up", "--port", "0", "--json"]).args(arguments);
    let mut up = Up(command.stdout(Stdio::piped()).spawn().unwrap());
    let (mut errors, mut swapped) = (Vec::new(), 0);
    for line in BufReader::new(up.0.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_ne!(line["event"], "build_failed", "{line}");
        swapped += usize::from(line["event"] == "swapped");
        if line["event"] == "error" && line["code"].as_str().unwrap().starts_with("prelink") {
            errors.push(line["message"].as_str().unwrap().to_owned());
        }
        if swapped == 2 {
            return errors;
        }
    }
    panic!("devloop ended");
}

fn bootstrap(small: &Small, function: &str) -> PathBuf {
    small.path("w/target/devloop/dist").join(function).join("bootstrap")
}

/// The output of the program in place, which cannot reach the folder where its shared object was made.
fn run(small: &Small, function: &str) -> String {
    let (made, away) = (small.path("w/target/devloop/prelink"), small.path("away"));
    let moved = fs::rename(&made, &away).is_ok();
    let output = small.command(bootstrap(small, function)).output().unwrap();
    if moved {
        fs::rename(&away, &made).unwrap();
    }
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The shared objects beside the function's program.
fn companions(small: &Small, function: &str) -> Vec<String> {
    let directory = bootstrap(small, function).parent().unwrap().to_owned();
    let names =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "bootstrap").collect();
    names.sort();
    names
}

/// Code for everything that a shared object may affect: generic code on both sides, memory that one side allocates and the other
/// frees, statics and thread-locals, trait objects, a panic that passes through, and C.
const RUNTIME: &str = r#"
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

pub static CALLS: AtomicUsize = AtomicUsize::new(0);
thread_local! { pub static DEPTH: Cell<usize> = const { Cell::new(0) }; }

pub trait Shape { fn area(&self) -> u64; }
#[derive(Debug)]
pub struct Unknown(pub String);
impl std::error::Error for Unknown {}
impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "unknown {}", self.0) }
}

pub fn run() -> &'static str { "run" }
pub fn total<S: Shape + ?Sized>(shapes: &[Box<S>]) -> u64 { shapes.iter().map(|shape| shape.area()).sum() }
pub fn text() -> String { "owned".repeat(1000) }
pub fn free(text: String) -> usize { DEPTH.set(DEPTH.get() + 1); CALLS.fetch_add(1, Ordering::SeqCst); text.len() }
pub fn fail() -> Result<(), Box<dyn std::error::Error + Send + Sync>> { Err(Box::new(Unknown("x".into()))) }
pub fn call(f: &dyn Fn()) { f() }
"#;

const MAIN: &str = r#"
use std::sync::atomic::Ordering;
struct Square(u64);
impl lambda_runtime::Shape for Square { fn area(&self) -> u64 { self.0 * self.0 } }
fn main() {
    let shapes: Vec<Box<dyn lambda_runtime::Shape>> = vec![Box::new(Square(2)), Box::new(Square(3))];
    let text = lambda_runtime::text();
    let mut own = "mine".to_owned();
    own.push_str(&text);
    drop(text);
    let length = std::thread::spawn(move || lambda_runtime::free(own)).join().unwrap();
    lambda_runtime::free(String::new());
    let error = lambda_runtime::fail().unwrap_err();
    let known = error.downcast_ref::<lambda_runtime::Unknown>().is_some();
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::panic::catch_unwind(|| lambda_runtime::call(&|| panic!("through"))).unwrap_err();
    println!("NAME {} {} {length} {} {} {error} {known} {}", model::MODEL, lambda_runtime::total(&shapes),
        lambda_runtime::CALLS.load(Ordering::SeqCst), lambda_runtime::DEPTH.get(), caught.downcast_ref::<&str>().unwrap());
}
"#;

fn small() -> Small {
    let small = Small::new();
    small.write("runtime/src/lib.rs", RUNTIME);
    small.write("w/up/src/main.rs", &MAIN.replace("NAME", "up 1"));
    small
}

#[test]
fn a_program_finds_its_dependencies_beside_it_and_works_as_before() {
    let small = small();
    assert_eq!(up(&small, &["--prelink"]), [""; 0]);
    let said = |edit: &str, model: &str| format!("{edit} {model} 13 5004 2 1 unknown x true through");
    assert_eq!(run(&small, "up"), said("up 1", "model 1"));
    assert_eq!(run(&small, "mid"), "mid model 1 run");
    let first = companions(&small, "up");
    assert_eq!(first.len(), 1, "{first:?}");
    let size = |function: &str| fs::metadata(bootstrap(&small, function)).unwrap().len();
    assert!(size("up") < 500_000, "the standard library is in the shared object: {} bytes", size("up"));

    // Workspace members are not in the shared object.
    small.write("w/model/src/lib.rs", "pub const MODEL: &str = \"model 2\";\n");
    small.write("w/up/src/main.rs", &MAIN.replace("NAME", "up 2"));
    assert_eq!(up(&small, &["--prelink"]), [""; 0]);
    assert_eq!(run(&small, "up"), said("up 2", "model 2"));
    assert_eq!(companions(&small, "up"), first);

    // A changed dependency is in a new shared object; the old one stays for processes of the old code.
    small.write("runtime/src/lib.rs", &RUNTIME.replace("unknown {}", "strange {}"));
    assert_eq!(up(&small, &["--prelink"]), [""; 0]);
    assert_eq!(run(&small, "up"), said("up 2", "model 2").replace("unknown", "strange"));
    let second = companions(&small, "up");
    assert_eq!(second.len(), 2, "{second:?}");

    // Without the setting the program is linked in the ordinary way.
    assert_eq!(up(&small, &[]), [""; 0]);
    assert_eq!(run(&small, "up"), said("up 2", "model 2").replace("unknown", "strange"));
    assert!(size("up") > 500_000, "{} bytes", size("up"));
}

#[test]
fn what_cannot_be_prelinked_is_linked_in_the_ordinary_way_and_said_once() {
    let small = small();
    let allocator = "#[global_allocator]\nstatic ALLOCATOR: std::alloc::System = std::alloc::System;\n";
    small.write("w/up/src/main.rs", &(allocator.to_owned() + &MAIN.replace("NAME", "up 1")));
    let told = "prelink the dependencies of up: the program has a global allocator of its own; it is linked in the ordinary way";
    assert_eq!(up(&small, &["--prelink"]), [told]);
    assert!(run(&small, "up").starts_with("up 1 model 1 13"));
    assert_eq!(companions(&small, "up"), [""; 0]);
    assert_eq!(companions(&small, "mid").len(), 1);
}

#[test]
fn a_profile_that_contradicts_shared_objects_is_respected() {
    let small = small();
    let manifest = fs::read_to_string(small.path("w/Cargo.toml")).unwrap();
    small.write("w/Cargo.toml", &(manifest + "[profile.dev]\nlto = \"thin\"\n"));
    let mut errors = up(&small, &["--prelink"]);
    errors.sort();
    let told = |name: &str| {
        format!(
            "prelink the dependencies of {name}: rustc is called with `lto`; it is linked in the ordinary way"
        )
    };
    assert_eq!(errors, [told("mid"), told("up")]);
    assert!(run(&small, "up").starts_with("up 1 model 1 13"));
}
