//! Reads the machine's settings and tries out what a session depends on.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use devloop_system::files;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::descriptors;
use crate::doctor::judge::{Inotify, Port, Readings};
use crate::engine::{Problem, WatchList};
use crate::machine;
use crate::session::port_owner;
use crate::swap;
use crate::watch::{self, Watcher};

/// How long a file event may take. Local file systems need a few milliseconds.
const EVENT_LIMIT: Duration = Duration::from_secs(3);

/// The pause between two writes of the file: the first write may come before the watcher is ready.
const EVENT_STEP: Duration = Duration::from_millis(200);

/// How long the server on the port may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// What is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The directories that a session would watch.
    pub(crate) sources: Vec<PathBuf>,
    /// Directories that builds write to.
    pub(crate) outputs: Vec<PathBuf>,
    /// The directory of the functions' directories.
    pub(crate) dist: PathBuf,
    pub(crate) functions: Vec<String>,
    pub(crate) port: u16,
}

/// Fills in all readings that need no build.
pub(crate) async fn measure(place: &Subject, readings: &mut Readings) {
    let port = place.port;
    readings.port = Some(read_port(port).await);
    readings.descriptors = Some(descriptors::raise());
    let looked = place.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let directories = watch::count(&looked.sources, looked.outputs.clone());
        let event = looked.sources.first().map(|directory| deliver(directory));
        let dist = (looked.dist.clone(), try_dist(&looked.dist).err());
        let binaries: BTreeMap<_, _> = looked
            .functions
            .iter()
            .filter_map(|name| {
                Some((name.clone(), machine::inspect(&looked.dist.join(name).join("bootstrap")).ok()?))
            })
            .collect();
        (files::watchers().map(|watchers| Inotify { watchers, directories }), event, dist, binaries)
    });
    if let Ok((inotify, event, dist, binaries)) = reading.await {
        (readings.inotify, readings.event, readings.dist, readings.binaries) =
            (inotify, event, Some(dist), binaries);
    }
}

/// Saves a file of its own in the directory until the watcher tells of it; returns how long that took after the last save.
fn deliver(directory: &Path) -> Result<u64, String> {
    let probe = tempfile::Builder::new()
        .prefix(".devloop-doctor-")
        .suffix(".tmp")
        .tempfile_in(directory)
        .map_err(|error| format!("write into {}: {error}", directory.display()))?;
    let (sender, bursts) = channel();
    let watcher = Watcher::start(Vec::new(), move |burst| {
        let _ = sender.send(burst);
    })
    .map_err(|error| error.to_string())?;
    watcher.watch(WatchList {
        directories: Vec::new(),
        files: vec![probe.path().to_owned()],
        ..WatchList::default()
    });
    let began = Instant::now();
    while began.elapsed() < EVENT_LIMIT {
        let saved = Instant::now();
        fs::write(probe.path(), "saved").map_err(|error| error.to_string())?;
        match bursts.recv_timeout(EVENT_STEP) {
            Ok(Ok(_)) => return Ok(saved.elapsed().as_millis() as u64),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => {}
        }
    }
    Err(format!("{} sends no file events within {} s", directory.display(), EVENT_LIMIT.as_secs()))
}

async fn read_port(number: u16) -> Port {
    let free = number == 0 || std::net::TcpListener::bind(("127.0.0.1", number)).is_ok();
    if free {
        return Port { number, owner: None, localstack: None };
    }
    let owner = port_owner(number).unwrap_or_else(|| "another process".to_owned());
    let asked = tokio::time::timeout(ANSWER_LIMIT, ask_localstack(number)).await;
    Port { number, owner: Some(owner), localstack: asked.ok().flatten() }
}

/// `LocalStack`'s version, if `LocalStack` listens on the port.
async fn ask_localstack(port: u16) -> Option<String> {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request =
        format!("GET /_localstack/health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let document: serde_json::Value = serde_json::from_str(&body[body.find('{')?..=body.rfind('}')?]).ok()?;
    let is_well = head.starts_with("HTTP/1.1 200") && document.get("services").is_some();
    is_well.then(|| document["version"].as_str().unwrap_or("of an unknown version").to_owned())
}

/// Does with a small program what a swap does with a function, and runs it from there.
fn try_dist(dist: &Path) -> Result<(), Problem> {
    const FUNCTION: &str = ".doctor";
    let failed = |error: &std::io::Error| {
        Problem::new("dist_unusable", format!("use {}: {error}", dist.display()))
            .with_hint("set LAMBDA_DIST_PATH to a directory of your own on a local file system")
    };
    let existed = dist.is_dir();
    swap::make_function_directory(dist, FUNCTION).map_err(|error| error.problem())?;
    let directory = dist.join(FUNCTION);
    let tried = (|| {
        let staged = tempfile::NamedTempFile::new_in(dist)?;
        fs::write(staged.path(), "#!/bin/sh\nexit 0\n")?;
        fs::set_permissions(staged.path(), fs::Permissions::from_mode(0o755))?;
        let program = directory.join("bootstrap");
        staged.into_temp_path().persist(&program).map_err(|error| error.error)?;
        let runs = Command::new("/bin/sh").arg("-c").arg("exec \"$0\"").arg(&program).status()?.success();
        if runs { Ok(()) } else { Err(std::io::Error::other("programs cannot be run from it (noexec?)")) }
    })();
    let _ = fs::remove_dir_all(&directory);
    if !existed {
        let _ = fs::remove_dir(dist);
    }
    tried.map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::{deliver, read_port, try_dist};

    #[tokio::test]
    async fn a_busy_port_has_an_owner_and_a_free_one_none() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // The port does not answer, so it takes a while to know that it is not LocalStack.
        listener.set_nonblocking(true).unwrap();
        let busy = read_port(port).await;
        assert!(busy.owner.unwrap().ends_with(&format!("(process {})", std::process::id())));
        assert_eq!(busy.localstack, None);
        assert_eq!(read_port(0).await.owner, None);
    }

    #[test]
    fn a_local_directory_sends_events_and_takes_programs() {
        let directory = tempfile::tempdir().unwrap();
        deliver(directory.path()).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        let dist = directory.path().join("dist");
        assert_eq!(try_dist(&dist), Ok(()));
        assert!(!dist.exists());
        std::fs::write(&dist, "a file").unwrap();
        assert!(try_dist(&dist).is_err());
        assert!(deliver(&directory.path().join("missing")).is_err());
    }
}
