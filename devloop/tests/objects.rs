//! Objects when something goes wrong: a full disk, a folder that cannot be written, uploads that break off, and a session that is
//! killed during one. The error is named, the earlier object stays, and no half-written object is visible.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use support::xml::SIGNED;
use support::{
    Answer, LIMIT, Told, address_of, eventually, fill, has_namespaces, remount, seen_by, send, with_disk,
    without_settings,
};
use tempfile::TempDir;

const MB: usize = 1 << 20;

/// An empty cloud whose folder for temporary files is the test's.
struct Store {
    told: Told,
    /// What the session has told when it was ready.
    outputs: Value,
    endpoint: String,
    place: PathBuf,
}

impl Store {
    /// Starts the program by `starter`, if there is one.
    fn start(place: &Path, starter: &[String]) -> Self {
        let program = env!("CARGO_BIN_EXE_devloop").to_owned();
        let mut words = starter.iter().chain([&program]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["up", "--no-template", "--port", "0", "--json"]);
        without_settings(&mut command);
        command.current_dir(place.parent().unwrap()).env("TMPDIR", place);
        let mut told = Told::start(command);
        let ready = loop {
            let line = told.next(LIMIT).unwrap_or_else(|error| panic!("{error}: {}", told.account()));
            if line["event"] == "ready" {
                break line;
            }
        };
        let endpoint = ready["endpoint"].as_str().unwrap().to_owned();
        Self { told, outputs: ready["outputs"].clone(), endpoint, place: place.to_owned() }
    }

    /// The same with a bucket and one object in it.
    fn with_object(place: &Path, starter: &[String]) -> Self {
        let store = Self::start(place, starter);
        assert_eq!(store.ask("PUT", "/box", &[]).status, 200);
        assert_eq!(store.put("a", 3 * MB).status, 200);
        store
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        send(method, &format!("{}{path}", self.endpoint), &[SIGNED], body).unwrap()
    }

    /// Puts the only object anew: so many times this letter.
    fn put(&self, letter: &str, size: usize) -> Answer {
        self.ask("PUT", "/box/key", letter.repeat(size).as_bytes())
    }

    /// The object is this, it is the only one in the list, and its file is the only one.
    fn assert_is(&self, letter: &str, size: usize) {
        let found = self.ask("GET", "/box/key", &[]);
        assert_eq!((found.status, found.body.len()), (200, size));
        assert!(found.body.bytes().all(|byte| [byte] == letter.as_bytes()));
        let list = self.ask("GET", "/box?list-type=2", &[]).body;
        assert_eq!(list.matches("<Key>").count(), 1, "{list}");
        assert!(list.contains(&format!("<Size>{size}</Size>")), "{list}");
        eventually("only one file is left", LIMIT, || match self.files() {
            1 => Ok(()),
            count => Err(count),
        });
    }

    /// How many files hold objects.
    fn files(&self) -> usize {
        let folders = fs::read_dir(seen_by(self.told.process(), &self.place)).unwrap().flatten();
        let own =
            folders.filter(|folder| folder.file_name().to_string_lossy().starts_with("devloop-objects-"));
        own.map(|folder| fs::read_dir(folder.path()).unwrap().count()).sum()
    }

    /// Begins to send three megabytes and sends two; they have arrived when their file is there.
    fn half(&self) -> TcpStream {
        let before = self.files();
        let (address, _) = address_of(&self.endpoint);
        let mut stream = TcpStream::connect(address).unwrap();
        let (name, value) = SIGNED;
        let length = 3 * MB;
        write!(
            stream,
            "PUT /box/key HTTP/1.1\r\nHost: {address}\r\n{name}: {value}\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        stream.write_all("b".repeat(2 * MB).as_bytes()).unwrap();
        eventually("the first half has its file", LIMIT, || match self.files() {
            count if count == before + 1 => Ok(()),
            count => Err(count),
        });
        stream
    }
}

/// A folder for temporary files in a folder that a session may run in.
fn place() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let place = home.path().join("tmp");
    fs::create_dir(&place).unwrap();
    (home, place)
}

#[test]
fn a_full_disk_is_named_and_changes_nothing() {
    if !has_namespaces("objects on a full disk") {
        return;
    }
    let (_home, place) = place();
    let store = Store::with_object(&place, &with_disk(&place, "8m"));
    let is_full = |answer: &Answer| {
        assert_eq!(answer.status, 500, "{answer:?}");
        assert!(answer.body.contains("<Code>InternalError</Code>"), "{answer:?}");
        assert!(answer.body.contains("the disk that holds objects is full; free some space"), "{answer:?}");
    };
    is_full(&store.put("b", 7 * MB));
    store.assert_is("a", 3 * MB);
    let upload = store.ask("POST", "/box/key?uploads", &[]).body;
    let upload = upload.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap();
    is_full(&store.ask("PUT", &format!("/box/key?partNumber=1&uploadId={upload}"), &vec![b'b'; 7 * MB]));
    let parts = store.ask("GET", &format!("/box/key?uploadId={upload}"), &[]).body;
    assert!(!parts.contains("<Part>"), "{parts}");
    store.assert_is("a", 3 * MB);

    // What a person reads of it.
    let file = place.parent().unwrap().join("large");
    fs::write(&file, vec![b'b'; 7 * MB]).unwrap();
    let mut aws = test_tools::command("aws");
    aws.env("AWS_ENDPOINT_URL", &store.endpoint).env("AWS_MAX_ATTEMPTS", "1");
    aws.envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")]);
    let output = aws.args(["s3", "cp"]).arg(&file).arg("s3://box/key").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("the disk that holds objects is full"), "{said}");

    let filler = fill(&seen_by(store.told.process(), &place));
    is_full(&store.put("b", MB));
    store.assert_is("a", 3 * MB);
    fs::remove_file(filler).unwrap();
    assert_eq!(store.put("c", 4 * MB).status, 200, "what a failed upload took is free again");
    store.assert_is("c", 4 * MB);
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_changes_nothing() {
    if !has_namespaces("objects on a disk that cannot be written") {
        return;
    }
    let (_home, place) = place();
    let store = Store::with_object(&place, &with_disk(&place, "16m"));
    remount(store.told.process(), &place, "ro");
    let answer = store.put("b", 3 * MB);
    assert_eq!(answer.status, 500, "{answer:?}");
    assert!(answer.body.contains("the folder of objects cannot be written"), "{answer:?}");
    assert!(answer.body.contains("set TMPDIR to one that can"), "{answer:?}");
    store.assert_is("a", 3 * MB);
    remount(store.told.process(), &place, "rw");
    assert_eq!(store.put("c", 3 * MB).status, 200);
    store.assert_is("c", 3 * MB);
}

#[test]
fn an_upload_that_breaks_off_leaves_the_object_from_before() {
    let (_home, place) = place();
    let store = Store::with_object(&place, &[]);
    let stream = store.half();
    let found = store.ask("GET", "/box/key", &[]);
    assert!(found.body.bytes().all(|byte| byte == b'a'), "the first half is not seen");
    drop(stream);
    store.assert_is("a", 3 * MB);
}

#[test]
fn a_session_killed_during_an_upload_leaves_nothing_half() {
    let (_home, place) = place();
    let mut store = Store::with_object(&place, &[]);
    let mut stream = store.half();
    store.told.end(Signal::KILL);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    assert!(answer.is_empty(), "the client is told of no success: {read:?}");
    let left = |place: &Path| fs::read_dir(place).unwrap().count();
    assert_eq!(left(&place), 1, "the folder of objects is left");
    let next = Store::start(&place, &[]);
    let cleared = next.outputs["Cleared"].as_str().unwrap();
    assert!(cleared.starts_with("1 folder of code and objects in "), "{cleared}");
    assert_eq!(left(&place), 0);
    assert_eq!(next.ask("GET", "/box/key", &[]).status, 404, "objects end with their session");
}
