//! Hundreds of saves, in the ways of different editors, against the real loop in a workspace that compiles in a moment. Every
//! report is checked against the answers: `live` is only reported for code that answers, every save is reported once, and nothing
//! is built that no save concerns.
//!
//! CI makes a thousand saves; `DEVLOOP_SAVES` sets another number.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;
use support::{Session, TINY, Workspace, program, send, shared};

/// How many saves are made.
fn saves() -> usize {
    let by_default = if std::env::var("CI").as_deref() == Ok("true") { 1_000 } else { 100 };
    std::env::var("DEVLOOP_SAVES").map_or(by_default, |text| text.parse().expect("DEVLOOP_SAVES is a number"))
}

/// A generator that makes the same numbers in every run (with Knuth's multiplier for 64 bits).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as usize
    }
}

/// The ways of different editors to save a file.
const STYLES: [fn(&Path, &str); 4] = [in_place, renamed_over, with_backup, in_two_writes];

fn in_place(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

fn renamed_over(path: &Path, text: &str) {
    let beside = path.with_file_name(".main.rs.tmp");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

fn with_backup(path: &Path, text: &str) {
    let probe = path.with_file_name("4913");
    fs::write(&probe, "").unwrap();
    fs::remove_file(probe).unwrap();
    let backup = path.with_file_name("main.rs~");
    fs::rename(path, &backup).unwrap();
    fs::write(path, text).unwrap();
    fs::remove_file(backup).unwrap();
}

/// An editor writes the file, and a formatter writes it again at once.
fn in_two_writes(path: &Path, text: &str) {
    fs::write(path, text.replace("    ", "  ")).unwrap();
    fs::write(path, text).unwrap();
}

/// The session, and the expected answer of each function.
struct Loop {
    session: Session,
    answers: [String; 3],
    value: String,
    generation: u64,
    lives: usize,
    /// How many builds began in the middle of a save and were cancelled by its rest.
    cancelled: usize,
}

impl Loop {
    fn start() -> Self {
        let session = Session::live_in(Workspace::tiny(), &["watch", "--port", "0", "--json"], &TINY);
        let answers = TINY.map(|name| format!("{name} 0"));
        let this = Self { session, answers, value: "one".to_owned(), generation: 1, lives: 0, cancelled: 0 };
        (0..TINY.len()).for_each(|index| this.check(index));
        this
    }

    /// Calls the function, which must answer as last saved.
    fn check(&self, index: usize) {
        let url = self.session.outputs[format!("{}Url", TINY[index])].as_str().unwrap();
        let answer = send("GET", url, &[], "").unwrap();
        let expected = format!("{} {}", self.answers[index], self.value);
        assert_eq!((answer.status, answer.body.as_str()), (200, expected.as_str()), "{}", TINY[index]);
    }

    fn next_line(&mut self) -> Value {
        self.session.wait("the next line", |line| Some(line.clone()))
    }

    /// Checks that the next lines are a build of exactly these functions, and that each goes live once and answers as saved as soon
    /// as that is reported. On a busy machine a save of several steps can take longer than devloop waits for its end; then the build
    /// is cancelled, and the same functions are built again.
    fn all_go_live(&mut self, indices: &[usize]) {
        let mut expected: Vec<&str> = indices.iter().map(|index| TINY[*index]).collect();
        self.begins(&expected);
        while !expected.is_empty() {
            let line = self.next_line();
            assert_eq!(line["generation"], self.generation, "{line}");
            match line["event"].as_str().unwrap() {
                "swapped" => {}
                "cancelled" => {
                    assert_eq!(line["functions"], serde_json::json!(expected), "{line}");
                    self.cancelled += 1;
                    self.begins(&expected);
                }
                "live" => {
                    let function = line["function"].as_str().unwrap();
                    let at = expected.iter().position(|name| *name == function);
                    expected.remove(at.unwrap_or_else(|| panic!("reported twice, or not expected: {line}")));
                    self.check(TINY.iter().position(|name| *name == function).unwrap());
                    self.lives += 1;
                }
                _ => panic!("{line}"),
            }
        }
    }

    fn begins(&mut self, functions: &[&str]) {
        let line = self.next_line();
        self.generation += 1;
        let wanted = serde_json::json!(functions);
        assert_eq!((&line["event"], &line["functions"]), (&"build".into(), &wanted), "{line}");
        assert_eq!(line["generation"], self.generation, "{line}");
    }

    fn file(&self, index: usize) -> std::path::PathBuf {
        self.session.workspace.root().join(TINY[index]).join("src/main.rs")
    }

    fn leaf(&mut self, index: usize, save: usize, style: usize) {
        self.answers[index] = format!("{} {save}", TINY[index]);
        STYLES[style](&self.file(index), &program(&self.answers[index]));
        self.all_go_live(&[index]);
    }

    fn shared(&mut self, save: usize) {
        self.value = format!("value {save}");
        self.session.workspace.save("shared/src/lib.rs", &shared(&self.value));
        self.all_go_live(&[0, 1, 2]);
    }

    /// Saves the same text, or a comment, which makes the same binary, so that nothing goes live.
    fn without_effect(&mut self, index: usize, save: usize) {
        let text = format!("{}// {save}\n", program(&self.answers[index]));
        in_place(&self.file(index), &text);
        self.begins(&[TINY[index]]);
        let line = self.next_line();
        let found = (&line["event"], &line["function"], &line["generation"]);
        assert_eq!(found, (&"unchanged".into(), &TINY[index].into(), &self.generation.into()), "{line}");
        self.check(index);
    }

    /// Saves code that does not compile: that is reported, and the old code answers. Then repairs it.
    fn broken(&mut self, index: usize, save: usize) {
        in_place(&self.file(index), "fn main() { nonsense }\n");
        self.begins(&[TINY[index]]);
        let line = self.next_line();
        let found = (&line["event"], &line["functions"]);
        assert_eq!(found, (&"build_failed".into(), &serde_json::json!([TINY[index]])), "{line}");
        self.check(index);
        self.leaf(index, save, 0);
    }

    /// Writes files that are not sources. The next save's build has the next number, which shows that nothing was built for them.
    fn noise(&self, index: usize, save: usize) {
        let names =
            ["README.md", "src/.main.rs.swp", "src/main.rs~", "tests/nobody.rs", "examples/nobody.rs"];
        let path = format!("{}/{}", TINY[index], names[save % names.len()]);
        self.session.workspace.create(&path, &format!("// {save}\n"));
    }
}

#[test]
fn every_save_is_reported_correctly_and_once_and_nothing_else_is_built() {
    let saves = saves();
    println!("{saves} saves; DEVLOOP_SAVES sets another number");
    let mut turning = Loop::start();
    let mut dice = Dice(1);
    let began = Instant::now();
    for save in 1..=saves {
        let index = dice.below(TINY.len());
        match dice.below(20) {
            0 => turning.shared(save),
            1 => turning.without_effect(index, save),
            2 => turning.broken(index, save),
            3..=5 => {
                turning.noise(index, save);
                let other = dice.below(TINY.len());
                turning.leaf(other, save, save % STYLES.len());
            }
            _ => turning.leaf(index, save, save % STYLES.len()),
        }
    }
    (0..TINY.len()).for_each(|index| turning.check(index));
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{} live reports, all true, and {} cancelled builds in {seconds:.0} s, {:.0} ms a save",
        turning.lives,
        turning.cancelled,
        seconds * 1e3 / saves as f64
    );
}
