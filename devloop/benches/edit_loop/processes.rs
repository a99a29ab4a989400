//! Commands with the user's environment, but without the variables of the cargo that runs this benchmark. They end with the
//! benchmark.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How often a process is asked whether it has ended.
const STEP: Duration = Duration::from_millis(20);

/// A command in the directory that leads a process group of its own.
pub(crate) fn command(program: impl AsRef<OsStr>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).process_group(0);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let cargos = text.starts_with("CARGO") && text != "CARGO_HOME";
        if cargos
            || ["LAMBDA_SRC_PATH", "LAMBDA_DIST_PATH", "AWS_ENDPOINT_URL", "USE_LOCALSTACK", "RUSTFLAGS"]
                .contains(&&*text)
        {
            command.env_remove(&name);
        }
    }
    command
}

/// A started process; its group dies with this value.
pub(crate) struct Running(Child);

impl Running {
    /// Starts the command.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Sends the leader a signal and waits for its end.
    pub(crate) fn end(mut self, signal: Signal, limit: Duration) -> Result<ExitStatus> {
        kill_process(self.id()?, signal)?;
        let began = Instant::now();
        while began.elapsed() < limit {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(STEP);
        }
        bail!("it did not end within {limit:?}")
    }

    fn id(&self) -> Result<Pid> {
        Pid::from_raw(self.0.id() as i32).context("the process has no number")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(group) = self.id() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}
