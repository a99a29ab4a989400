//! A database cluster: the files of a server, in a private folder.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use devloop_system::children::die_with_this_process;
use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::account::Account;
use crate::error::failed;
use crate::folder::Folder;
use crate::{DatabaseUrl, PostgresError, Process, programs};

/// The only user of the server, and its database.
const NAME: &str = "devloop";

/// Only loopback, and no socket in a public folder. Data need not survive a power cut, but what was committed survives the end of
/// the server (`synchronous_commit` stays on). Each of many environments may have a connection.
const SETTINGS: [&str; 5] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=300",
];

/// The files of a server with an empty database. They are deleted when this is dropped: end the server before.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: Folder,
    account: Option<Account>,
    password: String,
}

impl Cluster {
    /// Makes a cluster in a private folder below `home`, with the server's programs on the search path `path` or the
    /// distribution's.
    pub async fn make(home: &Path, path: Option<&OsStr>) -> Result<Self, PostgresError> {
        let account = Account::find()?;
        let programs = programs::find(path)?;
        let folder = Folder::make(home, account)?;
        let password = password().map_err(|error| failed("make a password", error))?;
        let cluster = Self { programs, folder, account, password };
        cluster.initialise().await?;
        cluster.make_database().await?;
        Ok(cluster)
    }

    /// Starts the server on this port of loopback, or on a free one, with more settings (`name=value`), and waits until it takes
    /// connections.
    pub async fn start(&self, port: Option<u16>, settings: &[&str]) -> Result<Process, PostgresError> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.folder.data());
        command.args(SETTINGS.iter().chain(settings).flat_map(|setting| ["-c", setting]));
        Process::start(command, port).await
    }

    /// The database's URL while the server listens on this port.
    pub fn url(&self, port: u16) -> DatabaseUrl {
        DatabaseUrl::of(NAME, &self.password, port, NAME)
    }

    /// Writes a file that only the server can read.
    pub fn secret(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        self.folder.secret(name, text)
    }

    /// A command that runs as the server's user, with none of the developer's environment.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C"), ("TZ", "UTC")])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some(account) = self.account {
            account.runs(&mut command);
        }
        // Set after the change of users, which would undo it. At this signal the server ends its other processes.
        die_with_this_process(&mut command, Signal::QUIT);
        command
    }

    async fn initialise(&self) -> Result<(), PostgresError> {
        const WHAT: &str = "make a database cluster with initdb";
        let file = self.folder.secret("password", &self.password).map_err(|error| failed(WHAT, error))?;
        let mut command = self.command("initdb");
        command.arg("--pgdata").arg(self.folder.data()).arg("--pwfile").arg(&file);
        command.args(["--username", NAME, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
        command.args(["--no-locale", "--no-sync"]);
        let output = command.output().await.map_err(|error| failed(WHAT, error))?;
        if !output.status.success() {
            return Err(failed(WHAT, String::from_utf8_lossy(&output.stderr).trim()));
        }
        std::fs::remove_file(file).map_err(|error| failed(WHAT, error))
    }

    /// Makes the database before the server runs, in PostgreSQL's single-user mode, which needs no password and no client.
    async fn make_database(&self) -> Result<(), PostgresError> {
        const WHAT: &str = "create the database";
        let mut command = self.command("postgres");
        command.arg("--single").arg("-D").arg(self.folder.data()).args(["-c", "fsync=off", "postgres"]);
        let mut process = command.stdin(Stdio::piped()).spawn().map_err(|error| failed(WHAT, error))?;
        if let Some(mut input) = process.stdin.take() {
            let order = format!("CREATE DATABASE {NAME}\n");
            input.write_all(order.as_bytes()).await.map_err(|error| failed(WHAT, error))?;
        }
        let output = process.wait_with_output().await.map_err(|error| failed(WHAT, error))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() && !said.contains("ERROR") && !said.contains("FATAL") {
            Ok(())
        } else {
            Err(failed(WHAT, said.trim()))
        }
    }
}

/// 192 random bits, in letters that need no escaping anywhere.
fn password() -> io::Result<String> {
    let mut bytes = [0; 24];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
