//! One environment: a process with its own process group that dies with its parent, and the event that it handles.

use std::{
    convert::Infallible,
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use devloop_system::{children::end_strays, debugger, usage::PeakMemory};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::watch;

use super::{
    launch::{Launched, launch, spawn_error},
    output::Output,
    runtime_api::{Desk, Event, InitError},
    variables::Surroundings,
};
use crate::{clock::Clock, lambda::code::Generation};

/// How long a process may take to ask for its first event [Lambda execution environment, Init phase].
pub(crate) const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How often it is looked whether a debugger holds a process that may be debugged.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(50);

/// After this time a process's output is read while it works, so that it cannot block on a full pipe.
const FOLLOWED_AFTER: Duration = Duration::from_millis(10);

/// The answer of the process to an event.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The function's result.
    Response(Bytes),
    /// The error document that the runtime reported.
    Error(Bytes),
    /// The result was larger than Lambda allows; its size in bytes.
    TooLarge(usize),
}

/// Why an event got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The deadline passed; the process was killed.
    TimedOut,
    /// The process ended while it handled the event. The text is Lambda's, such as `exit status 1`.
    Exited(String),
    /// The process ended before it took the event, so another environment can handle the event.
    Untouched(String),
}

/// Why an environment did not start.
#[derive(Debug, Clone)]
pub(crate) struct StartError {
    /// Lambda's error type, such as `Runtime.ExitError`.
    pub(crate) error_type: String,
    /// The error message, without the request id that Lambda puts before it.
    pub(crate) message: String,
    /// The document that the runtime reported itself: the caller gets it as it is.
    pub(crate) document: Option<Bytes>,
    /// What the process printed, with times in ms since the epoch.
    pub(crate) output: Vec<(i64, String)>,
    /// The log stream of the output.
    pub(crate) log_stream: String,
}

/// A running process that takes one event at a time.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) generation: Arc<Generation>,
    pub(crate) log_stream: String,
    /// The time from the start of the process to its first request for an event.
    pub(crate) init: Duration,
    desk: Arc<Desk>,
    output: Output,
    exit: watch::Receiver<Option<String>>,
    group: Pid,
    /// Set before the signal is sent, because a killed process may still run for a moment and must get no event.
    killed: AtomicBool,
    clock: Clock,
    /// Its time limits do not count while a debugger holds it.
    debugged: bool,
    /// Read from the first event on.
    memory: OnceLock<PeakMemory>,
}

impl Environment {
    /// Starts a process and waits until it has asked for its first event.
    pub(crate) async fn start(
        generation: Arc<Generation>,
        surroundings: &Surroundings,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let log_stream = log_stream(clock.now_ms());
        let failed = |error_type: &str, message: String, output: Vec<(i64, String)>| StartError {
            error_type: error_type.to_owned(),
            message,
            document: None,
            output,
            log_stream: log_stream.clone(),
        };
        let began = Instant::now();
        let launch = launch(&generation, surroundings, clock, &log_stream).await;
        let Launched { mut child, output, desk, mut ready, mark } =
            launch.map_err(|error| failed("Runtime.InvalidEntrypoint", spawn_error(&error), Vec::new()))?;
        let Some(group) = child.id().and_then(|id| Pid::from_raw(id as i32)) else {
            return Err(failed("Runtime.ExitError", "the process ended at once".to_owned(), output.take()));
        };
        let (exited, exit) = watch::channel(None);
        let mut process = Self {
            generation,
            log_stream: log_stream.clone(),
            init: Duration::ZERO,
            desk: Arc::clone(&desk),
            output: output.clone(),
            exit: exit.clone(),
            group,
            killed: AtomicBool::new(false),
            clock: clock.clone(),
            debugged: surroundings.debugged,
            memory: OnceLock::new(),
        };
        surroundings.processes.spawn(async move {
            let status = child.wait().await;
            // Its child processes end with it, as in Lambda's sandbox. An error means that there are none.
            let _ = kill_process_group(group, Signal::KILL);
            exited.send_replace(Some(status.map_or_else(|error| error.to_string(), describe_exit)));
            desk.close();
            // Processes that left the group must be searched for, which takes a moment.
            let _ = tokio::task::spawn_blocking(move || end_strays(&mark)).await;
        });
        let (mut exit, patience) = (exit, clock.unscaled());
        let outcome = tokio::select! {
            biased;
            first = &mut ready => match first {
                Ok(Ok(())) => Ok(()),
                Ok(Err(InitError { error_type, message, document })) => Err((error_type, message, Some(document))),
                Err(_) => Err(("Runtime.ExitError".to_owned(), exit_message(&mut exit).await, None)),
            },
            message = exit_message(&mut exit) => Err(("Runtime.ExitError".to_owned(), message, None)),
            never = follow(&output) => match never {},
            () = spent(&patience, INIT_LIMIT, group, surroundings.debugged) => Err((
                "Sandbox.Timedout".to_owned(),
                format!("Task timed out after {:.2} seconds", INIT_LIMIT.as_secs_f64()),
                None,
            )),
        };
        match outcome {
            Ok(()) => {
                process.init = began.elapsed();
                process.memory = PeakMemory::of(group).into();
                Ok(process)
            }
            Err((error_type, message, document)) => {
                process.kill();
                Err(StartError { document, ..failed(&error_type, message, output.take()) })
            }
        }
    }

    /// Gives the process one event and waits at most `limit` for its answer. After a failure the process is dead.
    pub(crate) async fn run(&self, event: Event, limit: Duration) -> Result<Answer, Failure> {
        let request_id = Arc::clone(&event.request_id);
        let mut answer = self.desk.hand_in(event);
        let mut exit = self.exit.clone();
        tokio::select! {
            biased;
            Ok(answer) = &mut answer => Ok(answer),
            how = exited(&mut exit) => {
                // The answer may have arrived at the same moment as the end of the process.
                if let Ok(answer) = answer.try_recv() {
                    return Ok(answer);
                }
                let touched = self.desk.was_taken(&request_id);
                Err(if touched { Failure::Exited(how) } else { Failure::Untouched(how) })
            }
            () = self.deadline(limit) => {
                self.kill();
                Err(Failure::TimedOut)
            }
        }
    }

    /// Waits until the event's time limit has passed; meanwhile, after [`FOLLOWED_AFTER`], reads the output of the process.
    async fn deadline(&self, limit: Duration) {
        let clock = self.clock.unscaled();
        let ends_ms = clock.now_ms() + limit.as_millis() as i64;
        clock.sleep(limit.min(FOLLOWED_AFTER)).await;
        let end = async {
            if self.debugged {
                spent(&clock, limit.saturating_sub(FOLLOWED_AFTER), self.group, true).await;
            } else {
                clock.sleep_until(ends_ms).await;
            }
        };
        tokio::select! {
            () = end => {}
            never = follow(&self.output) => match never {},
        }
    }

    /// The process's id.
    pub(crate) fn process_id(&self) -> i32 {
        self.group.as_raw_nonzero().get()
    }

    /// What the process printed since the last call.
    pub(crate) fn take_output(&self) -> Vec<(i64, String)> {
        self.output.take()
    }

    /// Whether the process has ended or was told to end. This also asks the kernel, which knows of the end before this
    /// program's runtime does: an event that is given to a dead process is lost.
    pub(crate) fn is_dead(&self) -> bool {
        self.killed.load(Ordering::Acquire) || self.exit.borrow().is_some() || has_ended(self.group)
    }

    /// Ends the process and everything it started.
    pub(crate) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
        if self.exit.borrow().is_none() {
            // An error means that the group has ended already.
            let _ = kill_process_group(self.group, Signal::KILL);
        }
    }

    /// The peak memory of the process in MB, at most a second old.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.memory.get_or_init(|| PeakMemory::of(self.group)).mb()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until a process has had this much time. With `debugged`, time in which a debugger holds it does not count.
async fn spent(clock: &Clock, time: Duration, process: Pid, debugged: bool) {
    if !debugged {
        return clock.sleep(time).await;
    }
    let mut left = time;
    while !left.is_zero() {
        let part = left.min(LOOKED_AT_EVERY);
        clock.sleep(part).await;
        if !debugger::holds(process) {
            left -= part;
        }
    }
}

/// Reads what a process prints for as long as this is waited for.
async fn follow(output: &Output) -> Infallible {
    // Boxed, because few invocations get here, and otherwise every invocation's future would contain the buffer.
    Box::pin(output.follow()).await;
    std::future::pending().await
}

/// Whether the child has ended. Its exit status stays available for the task that waits for it.
fn has_ended(child: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // An error means that the status was collected already.
    !matches!(waitid(WaitId::Pid(child), look), Ok(None))
}

/// Waits for the end of the process and describes it in Lambda's words.
async fn exit_message(exit: &mut watch::Receiver<Option<String>>) -> String {
    format!("Error: Runtime exited with error: {}", exited(exit).await)
}

async fn exited(exit: &mut watch::Receiver<Option<String>>) -> String {
    match exit.wait_for(Option::is_some).await {
        Ok(how) => how.clone().unwrap_or_default(),
        Err(_) => "the process is no longer watched".to_owned(),
    }
}

/// Describes the end of a process as Go programs do; Lambda shows that text.
fn describe_exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(4)) => "signal: illegal instruction".to_owned(),
        (None, Some(6)) => "signal: aborted".to_owned(),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(11)) => "signal: segmentation fault".to_owned(),
        (None, Some(15)) => "signal: terminated".to_owned(),
        (None, signal) => format!("signal: {}", signal.unwrap_or_default()),
    }
}

/// `2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef`: one stream per environment.
fn log_stream(now_ms: i64) -> String {
    let day = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default().strftime("%Y/%m/%d").to_string();
    format!("{day}/[$LATEST]{}", uuid::Uuid::new_v4().simple())
}
