//! A PostgreSQL server of a test's own: made in a temporary folder, on a free port, gone with the value.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// What a machine without a server is told.
const MISSING: &str = "these tests need PostgreSQL's server and psql: install them, on Debian with \
    `apt-get install postgresql`";

/// A running server with an empty database.
pub(crate) struct Database {
    pub(crate) port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Database {
    /// A server that takes everybody who comes over loopback.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("downstream-postgres-").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((uid, gid)) = servant() {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let mut database = Self { port: 0, folder, process: None };
        let made = database
            .program("initdb")
            .args([
                "--auth=trust",
                "--username=test",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
                "--pgdata",
            ])
            .arg(database.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        database.port = free_port();
        database.resume(&[]);
        database
    }

    /// Starts the server again after [`stop`](Self::stop), with these settings.
    pub(crate) fn resume(&mut self, settings: &[&str]) {
        let port = self.port.to_string();
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &port]);
        for setting in
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"].iter().chain(settings)
        {
            command.args(["-c", setting]);
        }
        let mut process = command.env("LC_ALL", "C").stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        self.process = Some(process);
        let mut said = String::new();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| {
            said.push_str(&line);
            said.push('\n');
            line.contains("ready to accept connections")
        });
        assert!(ready, "the server does not start:\n{said}");
        // A server whose log nobody reads would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
    }

    /// Stops the server at once; its data stay.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let ended = Command::new("kill").args(["-QUIT", &process.id().to_string()]).status();
            if !ended.is_ok_and(|status| status.success()) {
                let _ = process.kill();
            }
            let _ = process.wait();
        }
    }

    /// The URL of the database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://test@127.0.0.1:{}/postgres", self.port)
    }

    /// Rows of a statement as `psql` prints them, without decoration.
    pub(crate) fn query(&self, statement: &str) -> Vec<String> {
        let output = test_tools::command("psql")
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, &self.url()])
            .output()
            .expect(MISSING);
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// A file that the server can read.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((uid, gid)) = servant() {
            chown(&path, Some(uid), Some(gid)).unwrap();
        }
        path
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(programs().join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some((uid, gid)) = servant() {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The folder of the server's programs: on the path, or the distribution's with the highest version.
fn programs() -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    found.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let of_distribution = found.into_iter().rev().map(|path| path.join("bin"));
    std::env::split_paths(&on_path)
        .chain(of_distribution)
        .find(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()))
        .expect(MISSING)
}

/// Whom the server runs as when root runs the tests, since it never runs as root.
fn servant() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let fields =
        users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == "postgres");
    let fields = fields.expect("root needs a user `postgres` to run the server as");
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}

/// Nobody else takes it before the server does, but for bad luck.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
