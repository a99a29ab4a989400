//! Handles events and starts their effects until the session is stopped. Nothing here waits for anything but the next event.

use std::io::ErrorKind;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::bus::{self, wall_at};
use crate::engine::{Effect, Event, Millis, Notice, State, update};
use crate::error::UserError;
use crate::session::workers::Workers;
use crate::sink::{self, Sink};

/// How long sinks may buffer lines of functions' logs. Everything else is written at once.
const KEPT: Duration = Duration::from_millis(50);

/// Runs until `stop` is cancelled or the output's pipe is closed; neither is an error. With `once` it also ends when every function
/// answers with its newest code, or has failed.
pub(super) async fn main_loop(
    state: &mut State,
    events: &mut mpsc::Receiver<Event>,
    sinks: &mut [Box<dyn Sink>],
    workers: &mut Workers,
    stop: &CancellationToken,
    once: bool,
) -> Result<(), UserError> {
    let turning = async {
        let mut due = pin!(sleep(KEPT));
        let mut keeps = false;
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = &mut due, if keeps => {
                    if !flush(sinks, state)? {
                        return Ok(());
                    }
                    keeps = false;
                    continue;
                }
                event = events.recv() => event,
            };
            let Some(event) = event else { return Ok(()) };
            // Sinks show the machine's clock; durations were measured with the steady one.
            let at = wall_at(event.at);
            for effect in update(state, event) {
                match effect {
                    Effect::Announce(notice) => {
                        if !tell(sinks, at, &notice, state)? {
                            return Ok(());
                        }
                        if !notice.is_log_line() {
                            if !flush(sinks, state)? {
                                return Ok(());
                            }
                            keeps = false;
                        } else if !keeps {
                            due.as_mut().reset(Instant::now() + KEPT);
                            keeps = true;
                        }
                    }
                    other => workers.start(other),
                }
            }
            if once && state.is_settled() {
                return end(state);
            }
        }
    };
    let result = turning.await;
    let is_open = each(sinks, |sink| sink.flush());
    result.and(is_open.map(|_| ()))
}

/// Tells the functions' lines that were on their way when the session was stopped. `passed_on` ends when there are no more.
pub(super) async fn tell_last_lines(
    state: &mut State,
    events: &mut mpsc::Receiver<Event>,
    sinks: &mut [Box<dyn Sink>],
    mut passed_on: JoinHandle<()>,
) -> Result<(), UserError> {
    let mut last = Vec::new();
    loop {
        tokio::select! {
            event = events.recv() => last.extend(event),
            _ = &mut passed_on => break,
        }
    }
    last.extend(std::iter::from_fn(|| events.try_recv().ok()));
    for event in last {
        let at = wall_at(event.at);
        for effect in update(state, event) {
            if let Effect::Announce(notice) = effect
                && notice.is_log_line()
            {
                tell(sinks, at, &notice, state)?;
            }
        }
    }
    each(sinks, |sink| sink.flush()).map(|_| ())
}

/// Lets the sinks write, and tells all of them what one could not. Returns false when the output's pipe is closed.
fn flush(sinks: &mut [Box<dyn Sink>], state: &State) -> Result<bool, UserError> {
    if !each(sinks, |sink| sink.flush())? {
        return Ok(false);
    }
    let losses: Vec<_> = sinks.iter_mut().flat_map(|sink| sink.losses()).collect();
    for problem in losses {
        let notice = Notice::Error { generation: None, function: None, serving: None, problem };
        if !tell(sinks, wall_at(bus::now()), &notice, state)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The result of a session that ends by itself. Each function's failure has been reported already.
fn end(state: &State) -> Result<(), UserError> {
    let failed: Vec<&str> = state.failed().collect();
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("deploy: {} did not go live", failed.join(", "));
    Err(UserError::failure("not_all_live", message).with_hint("the errors above name the causes"))
}

/// Passes the notice to every sink, without secrets in what others have said. Returns false when the output's pipe is closed.
fn tell(sinks: &mut [Box<dyn Sink>], at: Millis, notice: &Notice, state: &State) -> Result<bool, UserError> {
    let notice = sink::masked(notice);
    each(sinks, |sink| sink.tell(at, &notice, state))
}

/// Lets every sink write. Returns false when the output's pipe is closed, which does not keep the other sinks from it.
fn each(
    sinks: &mut [Box<dyn Sink>],
    mut writes: impl FnMut(&mut dyn Sink) -> std::io::Result<()>,
) -> Result<bool, UserError> {
    let mut is_open = true;
    for sink in sinks {
        match writes(sink.as_mut()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => is_open = false,
            Err(error) => {
                return Err(UserError::failure("output_failed", format!("write the output: {error}")));
            }
        }
    }
    Ok(is_open)
}
