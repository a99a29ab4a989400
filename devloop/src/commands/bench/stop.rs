//! Ctrl-C during a run: the first ends the load, the second everything.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two ends of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    /// Nothing more is sent; what was accepted is waited for.
    pub(super) load: CancellationToken,
    /// Nothing is waited for any more.
    pub(super) all: CancellationToken,
}

impl Stop {
    /// The user asks for the end once more.
    pub(super) fn ask(&self) {
        if self.load.is_cancelled() {
            self.all.cancel();
        } else {
            self.load.cancel();
        }
    }

    /// Asks with every Ctrl-C and every SIGTERM; ends when everything has to. Where signals cannot be listened to, they end the
    /// program as ever.
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
