//! Starts processes: each with its pipe, its variables and its own Runtime API, from one thread that outlives every
//! environment.

use std::{
    io,
    os::fd::OwnedFd,
    process::Stdio,
    sync::{Arc, OnceLock, mpsc},
    time::Duration,
};

use devloop_system::{
    children::{self, Mark},
    debugger,
    sockets::Owner,
};
use rustix::process::{Pid, Signal};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

use super::{
    output::Output,
    runtime_api::{self, Desk, First},
    variables::{Surroundings, variables},
};
use crate::{clock::Clock, lambda::code::Generation};

/// A freshly written binary is "busy" while a process that is just being forked still holds the descriptor that the file
/// was written through. That process closes it on exec, within microseconds, so a few short waits are enough.
const BUSY_TRIES: usize = 50;
const BUSY_WAIT: Duration = Duration::from_millis(2);

/// A started process, its output and its Runtime API.
pub(super) struct Launched {
    pub(super) child: Child,
    pub(super) output: Output,
    pub(super) desk: Arc<Desk>,
    /// The first request for an event, or the error that the runtime reported instead.
    pub(super) ready: oneshot::Receiver<First>,
    /// What it has in common with every process that it starts, and with no other.
    pub(super) mark: Mark,
}

/// Starts a process of `generation`. Retries when the binary was written a moment ago.
pub(super) async fn launch(
    generation: &Arc<Generation>,
    surroundings: &Surroundings,
    clock: &Clock,
    log_stream: &str,
) -> io::Result<Launched> {
    for _ in 0..BUSY_TRIES {
        match launch_once(generation, surroundings, clock, log_stream).await {
            // Real time, because another process of this machine keeps the file open.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(BUSY_WAIT).await;
            }
            outcome => return outcome,
        }
    }
    launch_once(generation, surroundings, clock, log_stream).await
}

async fn launch_once(
    generation: &Arc<Generation>,
    surroundings: &Surroundings,
    clock: &Clock,
    log_stream: &str,
) -> io::Result<Launched> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let runtime_api = listener.local_addr()?.to_string();
    let (reader, writer) = io::pipe()?;
    let interpreter = generation.interpreter();
    let output = Output::new(OwnedFd::from(reader), clock.clone(), interpreter.is_some())?;
    let folder = generation.code.folder();
    let mut command = match interpreter {
        Some(interpreter) => interpreter.command()?,
        None => {
            let mut command = Command::new(generation.executable());
            command.arg0("/var/task/bootstrap").stdin(Stdio::null());
            command
        }
    };
    command
        .env_clear()
        .envs(variables(surroundings, &generation.configuration, folder, &runtime_api, log_stream))
        .current_dir(folder)
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true);
    children::die_with_this_process(&mut command, Signal::KILL);
    // No other process was given this address.
    let mark = Mark::new(format!("AWS_LAMBDA_RUNTIME_API={runtime_api}"));
    mark.put_on(&mut command);
    if surroundings.debugged {
        debugger::allow(&mut command);
    }
    let keep = Arc::clone(generation);
    let child = spawn(command, keep).await?;
    let (first, ready) = oneshot::channel();
    let desk = Arc::new(Desk::new(first));
    // A process that has ended makes no requests.
    let leader = child.id().and_then(|id| Pid::from_raw(id as i32));
    let owner = leader.map(|leader| Owner { leader, mark: mark.clone() });
    tokio::spawn(runtime_api::serve(listener, Arc::clone(&desk), owner));
    Ok(Launched { child, output, desk, ready, mark })
}

/// Starts processes on one thread that never ends. Linux sends the parent's death signal when the *thread* that forked
/// the child ends [prctl(2), `PR_SET_PDEATHSIG`], and the async runtime may end its threads at any time.
async fn spawn(mut command: Command, keep: Arc<Generation>) -> io::Result<Child> {
    type Job = Box<dyn FnOnce() + Send>;
    static SPAWNER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        children::adopt();
        let (jobs, queue) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || queue.into_iter().for_each(|job| job()))
            .map_or_else(
                |error| {
                    tracing::error!(%error, "the spawner thread did not start");
                    mpsc::channel().0
                },
                |_| jobs,
            )
    });
    let (done, outcome) = oneshot::channel();
    let runtime = Handle::current();
    let job = Box::new(move || {
        let _guard = runtime.enter();
        let _ = done.send(command.spawn());
        // The command executes a descriptor that belongs to the generation, so the descriptor must be open until here.
        drop(keep);
    });
    spawner.send(job).map_err(|_| io::Error::other("the spawner thread is gone"))?;
    outcome.await.map_err(|_| io::Error::other("the spawner thread gave no answer"))?
}

/// Words a failure to execute the binary as Lambda does.
pub(crate) fn spawn_error(error: &io::Error) -> String {
    let what = match error.raw_os_error() {
        Some(8) => "exec format error".to_owned(),
        Some(2) => "no such file or directory".to_owned(),
        Some(13) => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    format!("Error: fork/exec /var/task/bootstrap: {what}")
}
