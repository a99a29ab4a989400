//! Processes that have ended before the function that had left them behind.

use std::time::Duration;

use devloop_system::children;
use tokio::signal::unix::{SignalKind, signal};

/// The pause between two looks: a function may leave one behind at each invocation.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes them out of the process table, for as long as this is waited for.
pub(crate) async fn collect_orphans() {
    let Ok(mut ends) = signal(SignalKind::child()) else { return };
    while ends.recv().await.is_some() {
        let _ = tokio::task::spawn_blocking(children::collect_orphans).await;
        // Real time, because the process table is the machine's.
        tokio::time::sleep(PAUSE).await;
    }
}
