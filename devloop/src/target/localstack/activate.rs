//! After a swap: makes the functions run the new code.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::ApiError;
use crate::engine::{Problem, RolledBack};
use crate::swap;
use crate::target::TargetEvent;
use crate::target::api::{Code, Lambda};
use crate::target::localstack::swap_plan::{SwapPlan, directory, failed_function};
use crate::target::localstack::target::{Inner, lock};

/// The bucket whose keys are directories.
const BUCKET: &str = "hot-reload";

/// How long the old processes may take to end after an update. Meanwhile their directory is not changed, because LocalStack would
/// kill them and report their work as done.
const FAREWELL: Duration = Duration::from_secs(5);

impl Inner {
    /// Makes the binary's functions run the code in the directory.
    pub(super) async fn activate(self: &Arc<Self>, binary: &str, from: &Path) -> Result<(), Problem> {
        let plan = self.plan(binary);
        if let Some(problem) = self.obstacle(binary, &plan) {
            self.wait_for(binary);
            return Err(problem);
        }
        self.lead_to(binary, &plan, from).await
    }

    /// Updates the functions so that they use the directory, and keeps the code that they leave.
    async fn lead_to(self: &Arc<Self>, binary: &str, plan: &SwapPlan, to: &Path) -> Result<(), Problem> {
        for function in &plan.functions {
            self.update(&function.name, to).await?;
        }
        let mut before = plan.directories();
        if let Some(former) = self.leave(binary, plan).await.filter(|former| former != to) {
            lock(&self.previous).insert(binary.to_owned(), former.clone());
            before.push(former);
        }
        self.tidy(binary, before, to);
        Ok(())
    }

    /// The directory with the code that the functions leave. The template's directory gets newer code later, so its code is kept
    /// elsewhere.
    async fn leave(&self, binary: &str, plan: &SwapPlan) -> Option<PathBuf> {
        let before = plan.directory()?.to_owned();
        if before != self.dist.join(binary) {
            return Some(before);
        }
        let (dist, function) = (self.dist.clone(), binary.to_owned());
        let kept = tokio::task::spawn_blocking(move || swap::keep_aside(&dist, &function)).await.ok()?;
        kept.unwrap_or_else(|error| {
            let _ = self.reports.send(TargetEvent::Trouble(error.problem()));
            None
        })
    }

    async fn update(&self, name: &str, to: &Path) -> Result<(), Problem> {
        let lambda = Lambda(&self.client);
        let code = Code::Object { bucket: BUCKET.to_owned(), key: to.to_string_lossy().into_owned() };
        match lambda.update(name, &code).await {
            Ok(()) => {}
            Err(ApiError::Refused { status: 500, message, .. }) if message.contains("cannot be updated") => {
                return Err(failed_function(name, &message));
            }
            Err(error) => return Err(self.problem(&error, &format!("update {name}"))),
        }
        let settled =
            lambda.settled(name).await.map_err(|error| self.problem(&error, &format!("wait for {name}")))?;
        let Some(settled) = settled else {
            let message = format!("update {name}: it was deleted meanwhile");
            return Err(Problem::new("function_not_deployed", message).with_hint("deploy the stack again"));
        };
        match settled.update.as_str() {
            "Successful" => Ok(()),
            "InProgress" => {
                let message = format!("update {name}: LocalStack does not finish it");
                Err(Problem::new("update_stuck", message).with_hint("see LocalStack's own log"))
            }
            other => {
                let reason = format!("{}{}", settled.update_reason, settled.state_reason);
                let message = format!("update {name}: it is {other}: {reason}");
                Err(Problem::new("update_failed", message)
                    .with_hint("see LocalStack's own log; the previous code still serves"))
            }
        }
    }

    /// After an update: copies the code into the template's directory, and deletes directories that no function runs from any more.
    fn tidy(self: &Arc<Self>, binary: &str, before: Vec<PathBuf>, now: &Path) {
        let (inner, binary, now) = (Arc::clone(self), binary.to_owned(), now.to_owned());
        lock(&self.newest).insert(binary.clone(), now.clone());
        if before.contains(&self.dist.join(&binary)) {
            lock(&self.left).insert(binary.clone(), Instant::now());
        }
        let left = lock(&self.left).get(&binary).copied();
        self.tasks.spawn(async move {
            if let Some(left) = left {
                tokio::select! {
                    () = tokio::time::sleep_until(left + FAREWELL) => {}
                    () = inner.stop.cancelled() => {}
                }
            }
            inner.mirror(&binary, &now).await;
            let collecting = inner.collect(&binary, before, now);
            inner.stop.run_until_cancelled(collecting).await;
        });
    }

    /// Copies the code into the template's directory, unless newer code has been activated since.
    pub(super) async fn mirror(&self, binary: &str, from: &Path) {
        let _turn = self.mirroring.lock().await;
        if lock(&self.newest).get(binary).is_some_and(|newest| newest != from) {
            return;
        }
        let (dist, function, from) = (self.dist.clone(), binary.to_owned(), from.to_owned());
        let copied = tokio::task::spawn_blocking(move || swap::mirror(&dist, &function, &from)).await;
        if let Ok(Err(error)) = copied {
            let _ = self.reports.send(TargetEvent::Trouble(error.problem()));
        }
    }

    /// Deletes former directories: all but the one in use, the one before it, and those of published versions.
    async fn collect(&self, binary: &str, mut keep: Vec<PathBuf>, now: PathBuf) {
        let Ok(plan) = self.look(binary).await else { return };
        keep.push(now);
        keep.extend(plan.directories());
        for function in &plan.functions {
            let lambda = Lambda(&self.client);
            let Ok(versions) = lambda.versions(&function.name).await else { return };
            for version in versions {
                let Ok(found) = lambda.get_version(&function.name, Some(&version)).await else { return };
                keep.extend(found.and_then(|found| directory(found.location.as_deref()).map(Path::to_owned)));
            }
        }
        let (dist, function) = (self.dist.clone(), binary.to_owned());
        let deleted = tokio::task::spawn_blocking(move || swap::collect(&dist, &function, &keep)).await;
        if let Ok(Err(error)) = deleted {
            let _ = self.reports.send(TargetEvent::Trouble(error.problem()));
        }
    }

    /// Points the functions back at the previous directory.
    pub(super) async fn roll_back(self: &Arc<Self>, binary: &str) -> Result<RolledBack, Problem> {
        let action = format!("roll {binary} back");
        let plan = self.look(binary).await.map_err(|error| self.problem(&error, &action))?;
        if let Some(problem) = self.obstacle(binary, &plan) {
            return Err(problem);
        }
        let remembered = lock(&self.previous).get(binary).cloned();
        let Some(before) = remembered.or_else(|| self.former(binary, &plan)) else {
            let message = format!("{action}: no former code of it is kept");
            return Err(Problem::new("nothing_to_roll_back", message)
                .with_hint("devloop keeps the code that its last swap of a function replaced"));
        };
        let Some(digest) = swap::digest_at(&before.join("bootstrap")) else {
            let message = format!("{action}: its former code is not in {} any more", before.display());
            return Err(Problem::new("former_code_lost", message));
        };
        self.lead_to(binary, &plan, &before).await?;
        let name = plan.functions.first().map(|function| function.name.clone()).unwrap_or_default();
        Ok(RolledBack { function: binary.to_owned(), name, code: digest.to_string(), digest })
    }

    /// The newest directory that an earlier session left, other than the one in use.
    fn former(&self, binary: &str, plan: &SwapPlan) -> Option<PathBuf> {
        let current = plan.directories();
        let entries = std::fs::read_dir(self.dist.join(".gen").join(binary)).ok()?;
        entries.flatten().map(|entry| entry.path()).filter(|path| !current.contains(path)).max_by_key(
            |path| path.join("bootstrap").metadata().and_then(|metadata| metadata.modified()).ok(),
        )
    }
}
