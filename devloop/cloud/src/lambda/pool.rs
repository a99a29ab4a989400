//! The environments of one function version: which are idle, which invocations wait, when another environment starts, and
//! the change from one generation to the next without losing invocations in flight.

mod acquire;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    code::{Generation, Identity},
    environment::{Environment, StartError, Surroundings},
};
use crate::clock::Clock;

/// How long an environment beyond the first may stay idle.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// What a waiting invocation receives.
type Turn = Result<Lease, Refused>;

/// Why an invocation gets no environment.
#[derive(Debug, Clone)]
pub(crate) enum Refused {
    /// The pool was stopped: its function was deleted, or the cloud is stopping.
    Stopped,
    /// The environment that was to serve it did not start.
    NotStarted(Arc<StartError>),
}

/// The environments of one function version.
#[derive(Debug)]
pub(crate) struct Pool {
    surroundings: Surroundings,
    clock: Clock,
    state: Mutex<State>,
    /// Held while a new generation replaces the old one.
    changing: tokio::sync::Mutex<()>,
    busy: AtomicUsize,
    cold_starts: AtomicU64,
    /// Cancels every start in progress: an environment that started later would be neither used nor stopped.
    stopped: CancellationToken,
    me: Weak<Self>,
}

#[derive(Debug, Default)]
struct State {
    /// The generation of new environments; `None` until the code is opened for the first time.
    current: Option<Arc<Generation>>,
    /// Each with when it became idle, in ms since the epoch. The one that was used last is used next, so that the others can be
    /// let go.
    idle: Vec<(Arc<Environment>, i64)>,
    waiting: VecDeque<oneshot::Sender<Turn>>,
    /// How often an environment became free.
    freed: u64,
    starting: usize,
    alive: usize,
    reaping: bool,
    /// Every environment that may still run; they are killed when the pool is stopped.
    all: Vec<Weak<Environment>>,
    /// The file for which a background change was started last, so that each file is tried once.
    tried: Option<Identity>,
}

/// An environment that belongs to one invocation until it is returned.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) environment: Arc<Environment>,
    /// Whether this is the environment's first event, whose report shows the init duration.
    pub(crate) is_first: bool,
    pool: Arc<Pool>,
}

/// A pool's figures for the status page.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Occupancy {
    pub(crate) idle: usize,
    pub(crate) busy: usize,
    pub(crate) starting: usize,
    pub(crate) waiting: usize,
    pub(crate) cold_starts: u64,
}

impl Pool {
    /// A pool without environments.
    pub(crate) fn new(surroundings: Surroundings, clock: Clock) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            surroundings,
            clock,
            state: Mutex::default(),
            changing: tokio::sync::Mutex::new(()),
            busy: AtomicUsize::new(0),
            cold_starts: AtomicU64::new(0),
            stopped: CancellationToken::new(),
            me: me.clone(),
        })
    }

    /// The generation that new invocations use.
    pub(crate) fn current(&self) -> Option<Arc<Generation>> {
        self.state.lock().current.clone()
    }

    /// Whether [`Pool::stop`] was called. A stopped pool starts no environments.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Whether no environment exists or is starting.
    pub(crate) fn is_cold(&self) -> bool {
        let state = self.state.lock();
        state.alive == 0 && state.starting == 0
    }

    /// Sets the generation of future environments without starting one; existing environments are retired after their
    /// current work. With `None` the next invocation opens the code.
    pub(crate) fn replace(&self, generation: Option<Arc<Generation>>) {
        let retired = {
            let mut state = self.state.lock();
            state.current = generation;
            let retired = std::mem::take(&mut state.idle);
            state.alive = state.alive.saturating_sub(retired.len());
            retired
        };
        drop(retired);
    }

    /// What the environments of this pool have in common.
    pub(crate) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// The number of running invocations.
    pub(crate) fn busy(&self) -> usize {
        self.busy.load(Ordering::Relaxed)
    }

    /// The processes of the generation that serves.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let state = self.state.lock();
        let Some(current) = &state.current else { return Vec::new() };
        let running = state.all.iter().filter_map(Weak::upgrade);
        let running = running.filter(|one| Arc::ptr_eq(&one.generation, current) && !one.is_dead());
        running.map(|one| one.process_id()).collect()
    }

    /// Figures for the status page.
    pub(crate) fn occupancy(&self) -> Occupancy {
        let state = self.state.lock();
        Occupancy {
            idle: state.idle.len(),
            busy: self.busy(),
            starting: state.starting,
            waiting: state.waiting.len(),
            cold_starts: self.cold_starts.load(Ordering::Relaxed),
        }
    }

    fn lease(self: &Arc<Self>, environment: Arc<Environment>, is_first: bool) -> Lease {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Lease { environment, is_first, pool: Arc::clone(self) }
    }

    /// Starts an environment of the current generation in the background.
    fn start_one(self: &Arc<Self>, state: &mut State) {
        let Some(generation) = state.current.clone().filter(|_| !self.is_stopped()) else { return };
        state.starting += 1;
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = pool.start(generation).await;
            let mut state = pool.state.lock();
            state.starting -= 1;
            match outcome {
                Ok(environment) => {
                    state.alive += 1;
                    drop(state);
                    pool.cold_starts.fetch_add(1, Ordering::Relaxed);
                    pool.offer(environment, true);
                }
                Err(error) => {
                    let error = Arc::new(error);
                    state.waiting.retain(|turn| !turn.is_closed());
                    // An environment that is busy will become free. Without one, each failed start is the end of one invocation,
                    // as on Lambda, because those that wait start others again and again; the last one is the end of all.
                    let refused = match (state.alive, state.starting) {
                        (0, 0) => state.waiting.len(),
                        (0, _) => state.waiting.len().min(1),
                        _ => 0,
                    };
                    let turns: Vec<_> = state.waiting.drain(..refused).collect();
                    drop(state);
                    for turn in turns {
                        let _ = turn.send(Err(Refused::NotStarted(Arc::clone(&error))));
                    }
                }
            }
        });
    }

    async fn start(&self, generation: Arc<Generation>) -> Result<Arc<Environment>, StartError> {
        // Dropping a start kills its process.
        let environment = tokio::select! {
            biased;
            () = self.stopped.cancelled() => return Err(stopped()),
            started = Environment::start(generation, &self.surroundings, &self.clock) => Arc::new(started?),
        };
        let mut state = self.state.lock();
        if self.is_stopped() {
            return Err(stopped());
        }
        state.all.retain(|environment| environment.strong_count() > 0);
        state.all.push(Arc::downgrade(&environment));
        Ok(environment)
    }

    /// Gives an environment to the invocation that waits longest, keeps it idle, or retires it.
    fn offer(self: &Arc<Self>, environment: Arc<Environment>, is_first: bool) {
        let mut lease = self.lease(environment, is_first);
        loop {
            let mut state = self.state.lock();
            state.freed += 1;
            let is_current = state
                .current
                .as_ref()
                .is_some_and(|current| Arc::ptr_eq(current, &lease.environment.generation));
            if self.is_stopped() || !is_current || lease.environment.is_dead() {
                state.alive = state.alive.saturating_sub(1);
                if !state.waiting.is_empty() && state.alive + state.starting == 0 {
                    self.start_one(&mut state);
                }
                drop(state);
                return;
            }
            let Some(turn) = state.waiting.pop_front() else {
                let environment = Arc::clone(&lease.environment);
                state.idle.push((environment, self.clock.now_ms()));
                self.reap(&mut state);
                drop(state);
                return;
            };
            drop(state);
            // The waiting invocation may have given up meanwhile; then the next one gets the environment.
            match turn.send(Ok(lease)) {
                Err(Ok(returned)) => lease = returned,
                Ok(()) | Err(Err(_)) => return,
            }
        }
    }

    /// Retires idle environments beyond the first after [`IDLE_LIMIT`]. Runs only while there are several.
    fn reap(self: &Arc<Self>, state: &mut State) {
        if state.reaping || state.idle.len() < 2 {
            return;
        }
        state.reaping = true;
        let pool = Weak::clone(&self.me);
        let clock = self.clock.clone();
        tokio::spawn(async move {
            loop {
                clock.sleep(IDLE_LIMIT).await;
                let Some(pool) = pool.upgrade() else { return };
                let idle_since = clock.now_ms() - IDLE_LIMIT.as_millis() as i64 / 2;
                let retired = {
                    let mut state = pool.state.lock();
                    // The environments that have been idle longest are at the front, because the last used is used next.
                    let keep = state.idle.len().saturating_sub(1);
                    let old = state.idle.iter().take(keep).filter(|(_, since)| *since <= idle_since).count();
                    let retired: Vec<_> = state.idle.drain(..old).collect();
                    state.alive = state.alive.saturating_sub(retired.len());
                    state.reaping = state.idle.len() > 1;
                    if !state.reaping {
                        drop(state);
                        drop(retired);
                        return;
                    }
                    retired
                };
                drop(retired);
            }
        });
    }

    /// Replaces the current generation by `generation`. Its first environment must have asked for an event before the old
    /// environments are retired, and invocations in flight finish on the old ones. On an error the old generation keeps
    /// serving.
    pub(crate) async fn change(
        self: &Arc<Self>,
        generation: Arc<Generation>,
    ) -> Result<Duration, StartError> {
        let _one_at_a_time = self.changing.lock().await;
        let environment = self.start(Arc::clone(&generation)).await?;
        let init = environment.init;
        let retired = {
            let mut state = self.state.lock();
            if self.is_stopped() {
                return Err(stopped());
            }
            state.current = Some(generation);
            let retired = std::mem::take(&mut state.idle);
            state.alive = (state.alive + 1).saturating_sub(retired.len());
            retired
        };
        // Idle environments of the old generation have no event; dropping them ends their processes.
        drop(retired);
        self.offer(environment, false);
        Ok(init)
    }

    /// Records that a change to the file `identity` is being tried; false when it was tried before.
    pub(crate) fn try_once(&self, identity: Identity) -> bool {
        let mut state = self.state.lock();
        let is_new = state.tried != Some(identity);
        state.tried = Some(identity);
        is_new
    }

    /// Opens the code and makes it the current generation if there is none yet.
    pub(crate) fn open(&self, make: impl FnOnce() -> io::Result<Generation>) -> io::Result<Arc<Generation>> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let generation = Arc::new(make()?);
        let mut state = self.state.lock();
        // A stopped pool keeps no code: its files would exist as long as the function is referenced.
        if self.is_stopped() {
            return Ok(generation);
        }
        Ok(Arc::clone(state.current.get_or_insert(generation)))
    }

    /// Ends every environment, also those that are starting. Invocations in flight fail, and later ones are refused.
    pub(crate) fn stop(&self) {
        let (idle, all, waiting) = {
            let mut state = self.state.lock();
            self.stopped.cancel();
            state.current = None;
            let idle = std::mem::take(&mut state.idle);
            (idle, std::mem::take(&mut state.all), std::mem::take(&mut state.waiting))
        };
        for environment in all.iter().filter_map(Weak::upgrade) {
            environment.kill();
        }
        drop(idle);
        for turn in waiting {
            let _ = turn.send(Err(Refused::Stopped));
        }
    }
}

fn stopped() -> StartError {
    StartError {
        error_type: "ServiceException".to_owned(),
        message: "the function is being stopped".to_owned(),
        document: None,
        output: Vec::new(),
        log_stream: String::new(),
    }
}

impl Lease {
    /// Returns the environment to the pool, which retires it if it is dead or of an older generation.
    pub(crate) fn give_back(self) {
        let (pool, environment) = (Arc::clone(&self.pool), Arc::clone(&self.environment));
        pool.offer(environment, false);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.busy.fetch_sub(1, Ordering::Relaxed);
    }
}
