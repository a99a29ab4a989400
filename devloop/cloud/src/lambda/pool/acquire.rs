//! How an invocation gets an environment: when it waits for a busy one, and when another one is started.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Pool, Refused, State, Turn};

/// How long an invocation waits while there are few environments, before another one is started: about as long as a warm
/// function takes for an event.
const IMPATIENCE: Duration = Duration::from_millis(2);

/// How many environments count as few, for each core. Most environments wait for the cloud or for a service while others
/// work, and a spare one keeps requests from queueing up when something else takes the cores for a moment. On functions
/// that compute, more processes than that only cost: each answers more slowly, and those that serve requests take time from
/// those that process a stream (devloop/benches).
const FEW_PER_CORE: usize = 4;

/// How long an invocation waits once there are more than a few environments.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many times longer it waits while busy environments do become free for others. On a machine with all cores busy,
/// another process would speed up none of them.
const MOVING: u32 = 10;

impl State {
    /// How long an invocation waits before it asks for another environment.
    fn patience(&self) -> Duration {
        static FEW: LazyLock<usize> =
            LazyLock::new(|| FEW_PER_CORE * std::thread::available_parallelism().map_or(1, usize::from));
        if self.alive + self.starting < *FEW { IMPATIENCE } else { PATIENCE }
    }
}

impl Pool {
    /// Gets an environment for one invocation: an idle one, or else a new one or one that becomes free, whichever comes
    /// first. Fails when the last environment that could have served it does not start, or when the pool is stopped.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Turn {
        let (mut turn, mut freed, mut patience) = {
            let mut state = self.state.lock();
            // Checked under the lock under which `stop` empties the queue: after that nothing may be queued.
            if self.is_stopped() {
                return Err(Refused::Stopped);
            }
            while let Some((environment, _)) = state.idle.pop() {
                if !environment.is_dead() {
                    return Ok(self.lease(environment, false));
                }
                state.alive = state.alive.saturating_sub(1);
            }
            let (sender, turn) = oneshot::channel();
            state.waiting.push_back(sender);
            if state.alive + state.starting == 0 {
                self.start_one(&mut state);
            }
            (turn, state.freed, state.patience())
        };
        let mut waited = Duration::ZERO;
        loop {
            tokio::select! {
                biased;
                outcome = &mut turn => return outcome.unwrap_or(Err(Refused::Stopped)),
                () = self.clock.sleep(patience) => {
                    let mut state = self.state.lock();
                    state.waiting.retain(|turn| !turn.is_closed());
                    waited += patience;
                    let moving = state.freed != freed;
                    freed = state.freed;
                    if patience == PATIENCE && moving && waited < PATIENCE * MOVING {
                        continue;
                    }
                    patience = state.patience();
                    // At first start one at a time, because one more may be enough for all. Later start one for each
                    // waiting invocation.
                    let enough = if waited < PATIENCE { 1 } else { state.waiting.len() };
                    if state.starting < enough {
                        self.start_one(&mut state);
                    }
                }
            }
        }
    }
}
