//! The signals that end a session in good order; a second one ends it at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::tui;

/// Cancels the token at the first signal. Function and cargo processes die with devloop, so the second may be rude.
pub(super) fn stop_at_signals(stop: CancellationToken) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        any(&mut interrupt, &mut terminate, &mut hang_up).await;
        stop.cancel();
        any(&mut interrupt, &mut terminate, &mut hang_up).await;
        exit_at_once();
    });
    Ok(())
}

async fn any(interrupt: &mut Signal, terminate: &mut Signal, hang_up: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}

#[expect(clippy::exit, reason = "the user asked twice; an orderly end did not come soon enough")]
fn exit_at_once() {
    tui::restore();
    std::process::exit(1);
}
