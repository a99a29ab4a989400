//! Carries out the engine's effects in tasks beside the main loop. Results come back as events only.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::build::{self, Builder, Outcome};
use crate::bus::Events;
use crate::engine::{BuildOrder, Digest, Effect, Ended, Fact, Generation, Problem, SwapOrder};
use crate::session::stacks::Stacks;
use crate::swap::{self, Early, Swapped};
use crate::target::Target;
use crate::watch::Watcher;
use crate::workspace;

/// How long the end of the session waits for tasks that still run.
const FAREWELL: Duration = Duration::from_secs(5);

/// The workers and what they share.
pub(super) struct Workers {
    builder: Arc<Builder>,
    dist: PathBuf,
    target: Arc<dyn Target>,
    watcher: Option<Watcher>,
    events: Events,
    /// Applies the templates again when they change, and gives new functions the variables of env files.
    stacks: Option<Arc<Stacks>>,
    stop: CancellationToken,
    /// Held while cargo runs: only one cargo process runs at a time.
    cargo: Arc<Mutex<()>>,
    /// Cancels the newest cargo.
    newest: CancellationToken,
    /// The functions whose newest binary is in a directory of its own.
    places: Arc<std::sync::Mutex<BTreeMap<String, bool>>>,
    /// Copies of binaries that cargo has made while it still runs.
    early: Arc<Early>,
    tasks: TaskTracker,
}

impl Workers {
    /// Workers without tasks; cancelling `stop` ends all tasks.
    pub(super) fn new(
        builder: Builder,
        dist: PathBuf,
        target: Arc<dyn Target>,
        watcher: Option<Watcher>,
        events: Events,
        stacks: Option<Stacks>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            builder: Arc::new(builder),
            dist,
            target,
            watcher,
            events,
            stacks: stacks.map(Arc::new),
            cargo: Arc::default(),
            places: Arc::default(),
            early: Arc::default(),
            newest: stop.child_token(),
            stop,
            tasks: TaskTracker::new(),
        }
    }

    /// Begins to carry out the effect and returns at once.
    pub(super) fn start(&mut self, effect: Effect) {
        match effect {
            // The main loop tells the sinks itself.
            Effect::Announce(_) => {}
            Effect::ApplyTemplates => self.apply_templates(),
            Effect::ReadWorkspace { generation } => self.read_workspace(generation),
            Effect::Watch(list) => {
                if let Some(watcher) = &self.watcher {
                    watcher.watch(list);
                }
            }
            Effect::Adopt { function } => self.adopt(function),
            Effect::Build(order) => self.build(order),
            Effect::StandBy(order) => self.stand_by(order),
            Effect::StandDown => self.builder.standby.dismiss(),
            Effect::CancelBuild { .. } => {
                self.newest.cancel();
                self.early.clear();
            }
            Effect::Copy(order) => self.copy(order),
            Effect::Swap(order) => self.swap(order),
            Effect::Activate { generation, function, digest } => self.activate(generation, function, digest),
            Effect::Dismiss { function, serving } => self.dismiss(function, serving),
            Effect::RollBack { function, agreed } => self.roll_back(function, agreed),
        }
    }

    /// Waits until no task runs any more; `stop` has been cancelled.
    pub(super) async fn finish(self) {
        drop(self.watcher);
        self.builder.standby.dismiss();
        self.tasks.close();
        let _ = tokio::time::timeout(FAREWELL, self.tasks.wait()).await;
    }

    /// Makes a token for a new cargo, and cancels the previous cargo.
    fn supersede(&mut self) -> CancellationToken {
        self.newest.cancel();
        self.newest = self.stop.child_token();
        self.newest.clone()
    }

    /// Without stacks of the session's own the engine knows of no templates.
    fn apply_templates(&self) {
        let Some(stacks) = self.stacks.clone() else { return };
        let (events, stop) = (self.events.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let Some(done) = stop.run_until_cancelled(stacks.update()).await else { return };
            events.send(Fact::TemplatesApplied(done)).await;
        });
    }

    fn read_workspace(&mut self, generation: Generation) {
        let cancel = self.supersede();
        let (builder, events, cargo) =
            (Arc::clone(&self.builder), self.events.clone(), Arc::clone(&self.cargo));
        self.tasks.spawn(async move {
            let reading = async {
                let _only = cargo.lock().await;
                builder.lookup.forget().await;
                workspace::read(&builder.program, &builder.root).await
            };
            let Some(result) = cancel.run_until_cancelled(reading).await else { return };
            let result = result.map(|reading| reading.workspace).map_err(|error| error.problem());
            events.send(Fact::WorkspaceRead { generation, result }).await;
        });
    }

    fn build(&mut self, order: BuildOrder) {
        let cancel = self.supersede();
        let (builder, events, cargo) =
            (Arc::clone(&self.builder), self.events.clone(), Arc::clone(&self.cargo));
        self.tasks.spawn(async move {
            let _only = cargo.lock().await;
            if cancel.is_cancelled() {
                return;
            }
            let generation = order.generation;
            let inputs = match build::run(&builder, &order, &cancel, &events).await {
                Ok(Outcome::Cancelled) => return,
                Ok(Outcome::Finished { inputs, .. }) => inputs,
                Err(error) => {
                    let problem = error.problem();
                    let failure = Some(problem.message.clone());
                    events.send(Fact::Error { problem }).await;
                    events.send(Fact::Built(Ended { generation, artifacts: Vec::new(), failure })).await;
                    order.binaries.into_iter().map(|function| (function, None)).collect()
                }
            };
            events.send(Fact::InputsRead { generation, inputs }).await;
        });
    }

    /// Does nothing without a watcher: no save would be seen.
    fn stand_by(&self, order: BuildOrder) {
        if self.watcher.is_some() {
            let (builder, stop) = (Arc::clone(&self.builder), self.stop.clone());
            self.tasks.spawn(async move { builder.standby.keep(&builder, &order, &stop).await });
        }
    }

    fn copy(&self, order: SwapOrder) {
        let (early, dist) = (Arc::clone(&self.early), self.dist.clone());
        self.tasks.spawn_blocking(move || early.copy(&dist, &order));
    }

    fn swap(&self, order: SwapOrder) {
        let (dist, events, target) = (self.dist.clone(), self.events.clone(), Arc::clone(&self.target));
        let (places, stop, early) = (Arc::clone(&self.places), self.stop.clone(), Arc::clone(&self.early));
        let machines = Arc::clone(&self.builder.machines);
        self.tasks.spawn(async move {
            let (generation, function) = (order.generation, order.function.clone());
            let placing = target.destination(&function, order.unless.clone());
            let Some(place) = stop.run_until_cancelled(placing).await else { return };
            let result = match place {
                Ok(place) => {
                    places
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(function.clone(), place.aside);
                    let swapping = move || swap::swap(&dist, &order, machines.demands(), &place, &early);
                    match tokio::task::spawn_blocking(swapping).await {
                        Ok(result) => result.map_err(|error| error.problem()),
                        Err(panic) => {
                            Err(Problem::new("internal", format!("put the binary in place: {panic}")))
                        }
                    }
                }
                Err(problem) => Err(problem),
            };
            let fact = match result {
                Ok(Swapped::Unchanged { digest }) => Fact::Unchanged { generation, function, digest },
                Ok(Swapped::InPlace { digest, staged_at, warnings }) => {
                    Fact::Swapped { generation, function, digest, staged_at, warnings }
                }
                Err(problem) => Fact::SwapFailed { generation, function, problem },
            };
            events.send(fact).await;
        });
    }

    /// Creates the function's directory before its binary is made, and tells the target of it before its code is started.
    fn adopt(&self, function: String) {
        let made = swap::make_function_directory(&self.dist, &function).map_err(|error| error.problem());
        let adopted = made.and_then(|()| self.target.adopt(&function, &self.dist.join(&function)));
        let fact = match adopted {
            Ok(url) => Fact::Adopted { function, url },
            Err(problem) => Fact::Error { problem },
        };
        let (events, stacks) = (self.events.clone(), self.stacks.clone());
        self.tasks.spawn(async move {
            if let Some(stacks) = stacks
                && let Err(problem) = stacks.variables.give().await
            {
                events.send(Fact::Error { problem }).await;
            }
            events.send(fact).await;
        });
    }

    /// In a task beside the main loop, because ending processes and deleting files takes time.
    fn dismiss(&self, function: String, serving: Option<Digest>) {
        let (target, events) = (Arc::clone(&self.target), self.events.clone());
        self.tasks.spawn(async move {
            let name = function.clone();
            let fact = match tokio::task::spawn_blocking(move || target.dismiss(&name)).await {
                Ok(Ok(removed)) => {
                    Fact::Dismissed { function, removed, serving: serving.filter(|_| !removed) }
                }
                Ok(Err(problem)) => Fact::Error { problem },
                Err(panic) => {
                    Fact::Error { problem: Problem::new("internal", format!("remove {function}: {panic}")) }
                }
            };
            events.send(fact).await;
        });
    }

    fn roll_back(&self, function: String, agreed: bool) {
        let (target, events, stop) = (Arc::clone(&self.target), self.events.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let rolling = async {
                let plan = if agreed { None } else { target.rollback_plan(&function).await? };
                if let Some(plan) = plan {
                    return Ok(Fact::RollbackPlanned { function: function.clone(), plan });
                }
                let limit = target.patience();
                tokio::time::timeout(limit, target.roll_back(&function)).await.map_or_else(
                    |_| {
                        let message =
                            format!("roll {function} back: it did not end within {} s", limit.as_secs());
                        Err(Problem::new("rollback_timeout", message))
                    },
                    |done| done.map(Fact::RolledBack),
                )
            };
            let Some(result) = stop.run_until_cancelled(rolling).await else { return };
            events
                .send(
                    result.unwrap_or_else(|problem| Fact::RollbackFailed {
                        function: function.clone(),
                        problem,
                    }),
                )
                .await;
        });
    }

    fn activate(&self, generation: Generation, function: String, digest: Digest) {
        let (target, events, stop) = (Arc::clone(&self.target), self.events.clone(), self.stop.clone());
        let aside = self.places.lock().unwrap_or_else(PoisonError::into_inner).get(&function).copied();
        let directory = swap::folder(&self.dist, &function, &digest, aside.unwrap_or_default());
        self.tasks.spawn(async move {
            let activation =
                tokio::time::timeout(target.patience(), target.activate(&function, &directory, &digest));
            let Some(result) = stop.run_until_cancelled(activation).await else { return };
            let problem = match result {
                Ok(Ok(())) => {
                    events.send(Fact::Live { generation, function: function.clone() }).await;
                    stop.run_until_cancelled(target.went_live(&function, &directory)).await;
                    return;
                }
                Ok(Err(problem)) => problem,
                Err(_) => Problem::new(
                    "activation_timeout",
                    format!(
                        "start the new code: it asked for no event within {} s",
                        target.patience().as_secs()
                    ),
                ),
            };
            events.send(Fact::ActivationFailed { generation, function, problem }).await;
        });
    }
}
