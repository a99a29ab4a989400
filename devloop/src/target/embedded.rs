//! The embedded cloud as a target.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use devloop_cloud::{ActivationError, Cloud, Replayed};

use crate::bus::Events;
use crate::engine::{Digest, Fact, Problem, RolledBack};
use crate::swap::{self, SwapError};
use crate::target::{Pending, Target, Whereabouts, debugger};

/// What this target needs of the embedded cloud.
pub(crate) trait CloudHandle: Send + Sync {
    /// Activates the code in the directory in every Lambda function that runs from it, as [`Target::activate`] asks.
    /// Returns one result for each function: its name, or why it failed.
    fn activate<'a>(&'a self, directory: &'a Path) -> Pending<'a, Vec<Result<String, ActivationError>>>;

    /// Creates a function that runs from the directory, and returns its URL.
    fn serve(&self, function: &str, directory: &Path) -> Result<String, String>;

    /// Deletes a function that [`Self::serve`] created.
    fn remove(&self, function: &str) -> Result<(), String>;

    /// The account and the region that functions are created in.
    fn place(&self) -> (String, String);

    /// The ids of the processes of every Lambda function that runs from the directory, by its name.
    fn processes(&self, directory: &Path) -> Vec<(String, Vec<i32>)>;

    /// Sends the last event of every Lambda function that runs from the directory again. Returns a line about each.
    fn replay_last<'a>(&'a self, directory: &'a Path) -> Pending<'a, Vec<String>>;
}

impl CloudHandle for Cloud {
    fn activate<'a>(&'a self, directory: &'a Path) -> Pending<'a, Vec<Result<String, ActivationError>>> {
        Box::pin(async move {
            let outcomes = Cloud::activate(self, directory).await;
            outcomes.into_iter().map(|outcome| outcome.map(|activation| activation.function)).collect()
        })
    }

    fn serve(&self, function: &str, directory: &Path) -> Result<String, String> {
        self.serve_folder(function, directory).map_err(|error| error.to_string())
    }

    fn remove(&self, function: &str) -> Result<(), String> {
        self.remove_folder(function).map_err(|error| error.to_string())
    }

    fn place(&self) -> (String, String) {
        (self.account().to_owned(), self.region().to_owned())
    }

    fn processes(&self, directory: &Path) -> Vec<(String, Vec<i32>)> {
        Cloud::processes(self, directory)
    }

    fn replay_last<'a>(&'a self, directory: &'a Path) -> Pending<'a, Vec<String>> {
        Box::pin(async move {
            let replayed = Cloud::replay_last(self, directory).await;
            replayed.into_iter().map(|one| told(&one)).collect()
        })
    }
}

/// The outcome of an event that was sent again, in one line.
fn told(replayed: &Replayed) -> String {
    const SHOWN: usize = 300;
    let Replayed { function, number, answer, is_failure } = replayed;
    let short: String = answer.chars().take(SHOWN).collect();
    let more = if short.len() < answer.len() { " …" } else { "" };
    let word = if *is_failure { "failed with" } else { "gave" };
    format!("event {number} sent to {function} again {word} {short}{more}")
}

/// The embedded cloud.
pub(crate) struct Embedded<C = Cloud> {
    cloud: C,
    /// The directory of the functions' directories.
    dist: PathBuf,
    /// The functions that the session has created and no template has.
    own: Mutex<BTreeSet<String>>,
    codes: Mutex<BTreeMap<String, Codes>>,
    /// Gets lines that say how to attach a debugger to new code; `None`: nothing is said.
    debugged: Option<Events>,
    /// Gets the outcome of the last event, which is sent again whenever new code is live; `None`: it is not sent.
    replays: Option<Events>,
}

/// The code that a function runs, and the code before it. Both are kept; the first is in place.
#[derive(Debug, Clone)]
struct Codes {
    serving: Digest,
    before: Option<Digest>,
}

impl<C: CloudHandle> Embedded<C> {
    /// The target for a cloud that serves functions below `dist`. The functions in `own` are in no template.
    pub(crate) fn new(cloud: C, dist: PathBuf, own: impl IntoIterator<Item = String>) -> Self {
        let own = Mutex::new(own.into_iter().collect());
        Self { cloud, dist, own, codes: Mutex::default(), debugged: None, replays: None }
    }

    /// The same, which tells `events` how to attach a debugger whenever a function's new code is live.
    pub(crate) fn debugged(self, events: Events) -> Self {
        Self { debugged: Some(events), ..self }
    }

    /// The same, which sends a function's last event again whenever its new code is live, and tells `events` what came of it.
    pub(crate) fn replaying(self, events: Events) -> Self {
        Self { replays: Some(events), ..self }
    }

    /// Starts the code in the directory. Returns the names of the functions that run it.
    async fn start(&self, function: &str, directory: &Path) -> Result<Vec<String>, Problem> {
        let outcomes = self.cloud.activate(directory).await;
        if outcomes.is_empty() {
            let message =
                format!("activate {function}: no function of the cloud runs from {}", directory.display());
            return Err(Problem::new("function_not_deployed", message));
        }
        outcomes.into_iter().collect::<Result<_, _>>().map_err(|error| problem(&error))
    }

    /// Keeps the code that has just gone live, and the one that it replaced.
    async fn remember(&self, function: &str, digest: &Digest) {
        let codes = {
            let mut all = lock(&self.codes);
            let before = match all.remove(function) {
                Some(known) if known.serving == *digest => known.before,
                known => known.map(|known| known.serving),
            };
            let codes = Codes { serving: digest.clone(), before };
            all.insert(function.to_owned(), codes.clone());
            codes
        };
        // A failure to keep a program is reported when a rollback needs it.
        let _ = self
            .aside(function, move |dist, function| {
                swap::keep(dist, function, &codes.serving)?;
                let but: Vec<&Digest> = codes.before.iter().chain([&codes.serving]).collect();
                swap::forget(dist, function, &but);
                Ok(())
            })
            .await;
    }

    /// Puts the previous code in place and starts it. If its start fails, everything is put back.
    async fn exchange(&self, function: &str) -> Result<RolledBack, Problem> {
        let codes = lock(&self.codes).get(function).cloned();
        let Some(Codes { serving, before: Some(before) }) = codes else {
            let message =
                format!("roll {function} back: this session has not put other code in its place yet");
            return Err(Problem::new("nothing_to_roll_back", message)
                .with_hint("devloop keeps the code before the last swap for as long as the session runs"));
        };
        let directory = self.dist.join(function);
        self.restore(function, &before).await?;
        match self.start(function, &directory).await {
            Ok(names) => {
                // Rolling back twice leads back to the first code.
                let codes = Codes { serving: before.clone(), before: Some(serving) };
                lock(&self.codes).insert(function.to_owned(), codes);
                let name = names.into_iter().next().unwrap_or_default();
                Ok(RolledBack {
                    function: function.to_owned(),
                    name,
                    code: before.to_string(),
                    digest: before,
                })
            }
            Err(problem) => {
                self.restore(function, &serving).await?;
                // One of several functions may run the code that another one could not start.
                let _ = self.start(function, &directory).await;
                Err(problem)
            }
        }
    }

    async fn restore(&self, function: &str, digest: &Digest) -> Result<(), Problem> {
        let digest = digest.clone();
        self.aside(function, move |dist, function| swap::restore(dist, function, &digest)).await
    }

    /// Runs blocking work on a blocking thread.
    async fn aside(
        &self,
        function: &str,
        work: impl FnOnce(&Path, &str) -> Result<(), SwapError> + Send + 'static,
    ) -> Result<(), Problem> {
        let (dist, name) = (self.dist.clone(), function.to_owned());
        match tokio::task::spawn_blocking(move || work(&dist, &name)).await {
            Ok(result) => result.map_err(|error| error.problem()),
            Err(panic) => Err(Problem::new("internal", format!("keep the code of {function}: {panic}"))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: CloudHandle> Target for Embedded<C> {
    fn activate<'a>(
        &'a self,
        function: &'a str,
        directory: &'a Path,
        digest: &'a Digest,
    ) -> Pending<'a, Result<(), Problem>> {
        Box::pin(async move {
            self.start(function, directory).await?;
            self.remember(function, digest).await;
            Ok(())
        })
    }

    fn went_live<'a>(&'a self, function: &'a str, directory: &'a Path) -> Pending<'a, ()> {
        Box::pin(async move {
            if let Some(events) = &self.debugged {
                for line in debugger::words(&self.cloud.processes(directory)) {
                    events.send(Fact::Log { function: function.to_owned(), line }).await;
                }
            }
            let Some(events) = &self.replays else { return };
            for line in self.cloud.replay_last(directory).await {
                events.send(Fact::Log { function: function.to_owned(), line }).await;
            }
        })
    }

    fn adopt(&self, function: &str, directory: &Path) -> Result<String, Problem> {
        let url = self.cloud.serve(function, directory).map_err(|error| {
            Problem::new("function_refused", format!("create the function {function}: {error}"))
        })?;
        lock(&self.own).insert(function.to_owned());
        Ok(url)
    }

    fn dismiss(&self, function: &str) -> Result<bool, Problem> {
        lock(&self.codes).remove(function);
        swap::forget(&self.dist, function, &[]);
        if !lock(&self.own).remove(function) {
            return Ok(false);
        }
        self.cloud.remove(function).map(|()| true).map_err(|error| {
            Problem::new("function_not_removed", format!("remove the function {function}: {error}"))
        })
    }

    fn whereabouts(&self) -> Whereabouts {
        let (account, region) = self.cloud.place();
        Whereabouts { target: "embedded", account, region }
    }

    fn roll_back<'a>(&'a self, function: &'a str) -> Pending<'a, Result<RolledBack, Problem>> {
        Box::pin(self.exchange(function))
    }
}

/// A problem with Lambda's error type, the message, and the last lines that the process wrote.
fn problem(error: &ActivationError) -> Problem {
    const SHOWN_LINES: usize = 5;
    let shown = error.output.len().saturating_sub(SHOWN_LINES);
    let last_lines: String = error.output[shown..].iter().flat_map(|line| ["\n  ", line]).collect();
    let message = format!(
        "start the new code of {}: {}: {}{last_lines}",
        error.function, error.error_type, error.message
    );
    Problem::new("activation_failed", message)
}

#[cfg(test)]
mod tests;
