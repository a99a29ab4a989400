//! Ctrl-C during a run: the first one ends the load, the second one ends everything.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two steps of ending a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    /// Cancelled when nothing more is to be sent; accepted requests are still waited for.
    pub(super) load: CancellationToken,
    /// Cancelled when nothing is to be waited for any more.
    pub(super) all: CancellationToken,
}

impl Stop {
    /// Takes the next step.
    pub(super) fn ask(&self) {
        if self.load.is_cancelled() {
            self.all.cancel();
        } else {
            self.load.cancel();
        }
    }

    /// Takes a step at every Ctrl-C and every SIGTERM; ends after the second step. Where signals cannot be listened to, they end
    /// the program as usual.
    pub(super) async fn listen(&self) {
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return self.all.cancelled().await;
        };
        loop {
            tokio::select! {
                _ = interrupt.recv() => self.ask(),
                _ = terminate.recv() => self.ask(),
                () = self.all.cancelled() => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stop;

    #[test]
    fn the_second_time_ends_everything() {
        let stop = Stop::default();
        stop.ask();
        assert!(stop.load.is_cancelled() && !stop.all.is_cancelled());
        stop.ask();
        assert!(stop.all.is_cancelled());
    }
}
