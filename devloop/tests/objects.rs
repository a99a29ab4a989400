//! Objects when the disk is full or cannot be written, and when a client or the whole session goes away in the middle: a named
//! error, the old object as it was, and nothing half visible.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use support::xml::SIGNED;
use support::{Answer, LIMIT, Session, Workspace, address_of, eventually, send};

const UP: [&str; 5] = ["up", "--no-template", "--port", "0", "--json"];

/// An object that lies on disk, in bytes.
const LARGE: usize = 2 << 20;

/// A session whose folder for temporary files is `place`, started by a program that takes it as its last arguments.
fn session(place: &Path, starter: &[&str]) -> Session {
    let environment = [("TMPDIR", place.to_str().unwrap())];
    let session = Session::live_through(Workspace::tiny(), starter, &environment, &UP, &[]);
    assert_eq!(put(&session, "box", "").status, 200);
    session
}

fn url(session: &Session, path: &str) -> String {
    format!("http://127.0.0.1:{}/{path}", session.port())
}

fn put(session: &Session, path: &str, body: impl AsRef<[u8]>) -> Answer {
    send("PUT", &url(session, path), &[SIGNED], body).unwrap()
}

fn get(session: &Session, path: &str) -> Answer {
    send("GET", &url(session, path), &[SIGNED], "").unwrap()
}

/// The old object is there as it was, no other is, and no file of one that failed lies about.
fn assert_untouched(session: &Session, old: &str, folder: &Path) {
    assert_eq!(get(session, "box/old").body, old);
    assert_eq!(get(session, "box?list-type=2").body.matches("<Key>").count(), 1);
    let files = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    let kept: Vec<PathBuf> = files(folder)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("devloop-objects-"))
        .flat_map(|entry| files(&entry.path()).map(|file| file.path()).collect::<Vec<_>>())
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

#[test]
fn a_full_disk_and_a_read_only_one_are_named_and_leave_the_old_object() {
    let able = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
    if !able.is_ok_and(|output| output.status.success()) {
        test_tools::not_run("`unshare --map-root-user --mount`");
    }
    let place = tempfile::tempdir().unwrap();
    let script = format!("mount -t tmpfs -o size=8m devloop-test {} && exec \"$@\"", place.path().display());
    let session =
        session(place.path(), &["unshare", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    let inside = PathBuf::from(format!("/proc/{}/root{}", session.process(), place.path().display()));
    let old = "o".repeat(LARGE);
    assert_eq!(put(&session, "box/old", &old).status, 200);
    for key in ["old", "new"] {
        let full = put(&session, &format!("box/{key}"), "n".repeat(16 << 20));
        assert_eq!(full.status, 500, "{full:?}");
        assert!(full.body.contains("the disk that holds objects is full"), "{full:?}");
        assert_untouched(&session, &old, &inside);
    }
    let process = session.process().to_string();
    let remount = |mode: &str| {
        let output = Command::new("nsenter")
            .args(["--target", &process, "--user", "--mount", "--preserve-credentials"])
            .args(["mount", "-o", &format!("remount,{mode}")])
            .arg(place.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    remount("ro");
    let refused = put(&session, "box/old", "n".repeat(LARGE));
    assert_eq!(refused.status, 500, "{refused:?}");
    assert!(refused.body.contains("the folder of objects cannot be written"), "{refused:?}");
    assert_untouched(&session, &old, &inside);
    remount("rw");
    let new = "n".repeat(LARGE);
    assert_eq!(put(&session, "box/old", &new).status, 200);
    assert_untouched(&session, &new, &inside);
}

/// Sends half of an object and keeps the connection.
fn half(session: &Session) -> TcpStream {
    let url = url(session, "");
    let (address, _) = address_of(&url);
    let mut stream = TcpStream::connect(address).unwrap();
    let (name, value) = SIGNED;
    let length = 2 * LARGE;
    let head = format!(
        "PUT /box/old HTTP/1.1\r\nHost: {address}\r\n{name}: {value}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all("n".repeat(LARGE).as_bytes()).unwrap();
    stream
}

/// How many files of objects there are in a folder for temporary files, which compilers use too.
fn files(place: &Path) -> usize {
    let below = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    let folders =
        below(place).filter(|folder| folder.file_name().to_string_lossy().starts_with("devloop-objects-"));
    folders.map(|folder| below(&folder.path()).count()).sum()
}

#[test]
fn an_upload_that_breaks_off_leaves_the_old_object_and_a_killed_session_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut first = session(place.path(), &[]);
    let old = "o".repeat(LARGE);
    assert_eq!(put(&first, "box/old", &old).status, 200);
    let broken = half(&first);
    eventually("the second object is being written", LIMIT, || match files(place.path()) {
        2 => Ok(()),
        other => Err(other),
    });
    assert_eq!(get(&first, "box/old").body, old, "nothing of the new one is visible");
    drop(broken);
    eventually("what came of it is gone", LIMIT, || match files(place.path()) {
        1 => Ok(()),
        other => Err(other),
    });
    assert_untouched(&first, &old, place.path());

    let _half = half(&first);
    eventually("the next one is being written", LIMIT, || match files(place.path()) {
        2 => Ok(()),
        other => Err(other),
    });
    first.end(Signal::KILL);
    assert_eq!(files(place.path()), 2, "a killed session cannot tidy up");
    let second = session(place.path(), &[]);
    eventually("the next session has tidied up", LIMIT, || match files(place.path()) {
        0 => Ok(()),
        other => Err(other),
    });
    assert_eq!(get(&second, "box/old").status, 404);
}
