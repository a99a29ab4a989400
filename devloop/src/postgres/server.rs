//! A running server.

use std::io::{self, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cargo::die_with_this_process;
use crate::engine::Problem;
use crate::postgres::folder::Folder;
use crate::postgres::servant::Servant;
use crate::postgres::{DatabaseUrl, PostgresError, programs};

/// The only user of the server, and its database.
const NAME: &str = "devloop";

/// How long the server may take to begin or to end; both take a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often another free port is tried, should somebody else take the one that was found.
const PORTS: usize = 5;

/// What the log says when somebody else has the port.
const PORT_TAKEN: &str = "could not bind";

/// Only loopback and no socket in a public folder; nothing here must survive a power cut; one connection for each of many
/// environments.
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
];

/// A server that takes connections. It ends with [`Server::stop`], and with devloop in whatever way that ends.
#[derive(Debug)]
pub(crate) struct Server {
    url: DatabaseUrl,
    stop: CancellationToken,
    life: JoinHandle<()>,
}

/// What all programs of the server are started with.
struct Installation {
    programs: PathBuf,
    folder: Folder,
    servant: Option<Servant>,
}

impl Server {
    /// Makes a server with an empty database in a private folder below `home`, and starts it. The [`Death`] tells if it ends
    /// before it is stopped.
    pub(crate) async fn start(home: &Path) -> Result<(Self, Death), PostgresError> {
        let servant = Servant::find()?;
        let programs = programs::find(std::env::var_os("PATH").as_deref())?;
        let folder = Folder::make(home, servant)?;
        let installation = Installation { programs, folder, servant };
        let password = password().map_err(|error| failed("make a password", error))?;
        installation.make_cluster(&password).await?;
        installation.make_database().await?;
        let (port, process, log) = installation.start().await?;
        let stop = CancellationToken::new();
        let (tell, died) = tokio::sync::oneshot::channel();
        let life = tokio::spawn({
            let stop = stop.clone();
            async move {
                let mut process = process;
                let log = tokio::spawn(last_words(log));
                tokio::select! {
                    () = stop.cancelled() => end(&mut process).await,
                    status = process.wait() => {
                        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                        let said = log.await.unwrap_or_default();
                        let _ = tell.send(Problem::new("postgres_died", format!("PostgreSQL ended: {status}{said}")));
                    }
                }
                // The folder goes when nobody works in it any more.
                drop(installation);
            }
        });
        Ok((Self { url: DatabaseUrl::of(NAME, &password, port, NAME), stop, life }, Death(died)))
    }

    /// The database's URL.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Ends the server; its processes and its folder are gone when this resolves.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let _ = self.life.await;
    }
}

/// The end of a server that nobody asked for.
#[derive(Debug)]
pub(crate) struct Death(tokio::sync::oneshot::Receiver<Problem>);

impl Death {
    /// Resolves if the server ends by itself; to nothing when it was stopped.
    pub(crate) async fn wait(self) -> Option<Problem> {
        self.0.await.ok()
    }
}

impl Installation {
    /// A command as the server's user, with nothing of the developer's environment.
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
        if let Some(servant) = self.servant {
            servant.runs(&mut command);
        }
        // Asked for after the change of users, which would undo it. The server ends its other processes at this signal.
        die_with_this_process(&mut command, Signal::QUIT);
        command
    }

    async fn make_cluster(&self, password: &str) -> Result<(), PostgresError> {
        const WHAT: &str = "make a database cluster with initdb";
        let file = self.folder.secret("password", password).map_err(|error| failed(WHAT, error))?;
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

    /// Before the server runs, in its mode for a single user: that needs no password and no client.
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

    /// Starts the server on a free port and waits until it takes connections.
    async fn start(&self) -> Result<(u16, Child, Lines<BufReader<ChildStderr>>), PostgresError> {
        const WHAT: &str = "start PostgreSQL";
        let mut said = String::new();
        for _ in 0..PORTS {
            let port = free_port().map_err(|error| failed(WHAT, error))?;
            let mut command = self.command("postgres");
            command.arg("-D").arg(self.folder.data()).args(["-p", &port.to_string()]);
            command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
            let mut process = command.spawn().map_err(|error| failed(WHAT, error))?;
            let Some(log) = process.stderr.take() else { return Err(failed(WHAT, "its log cannot be read")) };
            let mut log = BufReader::new(log).lines();
            match tokio::time::timeout(PATIENCE, until_ready(&mut log)).await {
                Ok(Ok(())) => return Ok((port, process, log)),
                Ok(Err(words)) => said = words,
                Err(_) => said = format!("it was not ready within {} s", PATIENCE.as_secs()),
            }
            if !said.contains(PORT_TAKEN) {
                break;
            }
        }
        Err(failed(WHAT, said))
    }
}

fn failed(what: &'static str, said: impl ToString) -> PostgresError {
    PostgresError::Failed { what, said: said.to_string() }
}

/// Reads the log until the server takes connections; what it said instead is the error.
async fn until_ready(log: &mut Lines<BufReader<ChildStderr>>) -> Result<(), String> {
    let mut said = Vec::new();
    while let Ok(Some(line)) = log.next_line().await {
        if line.contains("ready to accept connections") {
            return Ok(());
        }
        said.push(line);
    }
    Err(said.join("\n"))
}

/// Reads the log to its end, so that the server never waits for a reader, and keeps the last lines.
async fn last_words(mut log: Lines<BufReader<ChildStderr>>) -> String {
    const SHOWN: usize = 5;
    let mut last = std::collections::VecDeque::new();
    while let Ok(Some(line)) = log.next_line().await {
        tracing::debug!(target: "postgres", "{line}");
        if last.len() == SHOWN {
            last.pop_front();
        }
        last.push_back(line);
    }
    last.iter().map(|line| format!("\n  {line}")).collect()
}

/// Ends the connections, then the server; it waits for its other processes itself.
async fn end(process: &mut Child) {
    if let Some(id) = process.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        let _ = kill_process(id, Signal::INT);
    }
    if tokio::time::timeout(PATIENCE, process.wait()).await.is_err() {
        let _ = process.kill().await;
    }
}

/// Nobody else takes it before the server does, but for bad luck.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// 192 random bits, in letters that need no escaping anywhere.
fn password() -> io::Result<String> {
    let mut bytes = [0; 24];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
