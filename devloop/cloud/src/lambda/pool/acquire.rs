//! How an invocation gets an environment, and when waiting for a busy one gives way to starting one more.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Pool, Refused, State, Turn};

/// How long an invocation waits for one of a few busy environments before another one is started: about as long as a warm
/// function takes for an event.
const IMPATIENCE: Duration = Duration::from_millis(2);

/// How many environments are few, for each core. Most of them wait for the cloud or for a service while others work, and where
/// something else takes the cores for a moment, a spare one keeps requests from queueing up. Beyond that, on functions that
/// compute, more processes only cost: each answers more slowly, and those that requests wait for take the time of those that
/// work a stream off (devloop/benches).
const FEW_PER_CORE: usize = 4;

/// How long an invocation waits once there are more than a few.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many times as long it then waits while the busy environments do become free, only not for it yet: on a machine whose
/// cores are all at work, one more process would make none of them faster.
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
    /// An environment for one invocation: an idle one, or whichever comes first of one that becomes free and a new one.
    /// The wait ends with one of them, with the failure of the last one that could have come, or when the pool is stopped.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Turn {
        let (mut turn, mut freed, mut patience) = {
            let mut state = self.state.lock();
            // Looked at under the lock that `stop` empties the queue under: who comes later may not queue up.
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
                    // At first one after the other: one more may be enough for all. Then one for each that waits.
                    let enough = if waited < PATIENCE { 1 } else { state.waiting.len() };
                    if state.starting < enough {
                        self.start_one(&mut state);
                    }
                }
            }
        }
    }
}
