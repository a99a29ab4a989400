//! Signals: the first interrupt ends a session in good order, the second one at once; job control stops and continues it.

use std::time::Duration;

use rustix::process::{getpid, kill_process};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::build;
use crate::tui;

/// How long a stop waits for the terminal to be restored.
const COURTESY: Duration = Duration::from_secs(1);

/// Cancels the token at the first signal. At the second the process exits at once; function and cargo processes die with it.
pub(super) fn stop_at_signals(stop: CancellationToken) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    follow_job_control()?;
    tokio::spawn(async move {
        any(&mut interrupt, &mut terminate, &mut hang_up).await;
        stop.cancel();
        any(&mut interrupt, &mut terminate, &mut hang_up).await;
        exit_at_once();
    });
    Ok(())
}

/// A Ctrl-C that is meant for a child process such as an editor never arrives here.
async fn any(interrupt: &mut Signal, terminate: &mut Signal, hang_up: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}

/// Restores the shell's terminal before the program is stopped, and draws the screen anew when it goes on. The shell may have left
/// the terminal in any mode, even where the program was stopped without notice.
fn follow_job_control() -> std::io::Result<()> {
    let mut stop = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
    let mut go_on = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = stop.recv() => {
                    // A terminal that takes no output must not delay the stop.
                    build::before_a_stop();
                    let _ = tokio::time::timeout(COURTESY, tokio::task::spawn_blocking(tui::suspend)).await;
                    let _ = kill_process(getpid(), rustix::process::Signal::STOP);
                }
                Some(()) = go_on.recv() => drop(tokio::task::spawn_blocking(tui::resume)),
                else => return,
            }
        }
    });
    Ok(())
}

#[expect(clippy::exit, reason = "the user asked twice; an orderly end did not come soon enough")]
fn exit_at_once() {
    tui::restore();
    std::process::exit(1);
}
