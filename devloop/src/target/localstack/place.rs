//! Before a swap: finds the functions, and where their new code goes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::aws::ApiError;
use crate::engine::{Destination, Digest, Problem};
use crate::swap;
use crate::target::TargetEvent;
use crate::target::api::{Deployed, Lambda};
use crate::target::localstack::swap_plan::{SwapPlan, directory};
use crate::target::localstack::target::{Inner, lock};

/// The pause between two looks for a missing function.
const AGAIN: Duration = Duration::from_secs(1);

impl Inner {
    /// Decides where the next binary is put.
    pub(super) async fn destination(
        &self,
        binary: &str,
        believed: Option<Digest>,
    ) -> Result<Destination, Problem> {
        let failed = |error: ApiError| self.problem(&error, &format!("look for the functions of {binary}"));
        let plan = self.look(binary).await.map_err(failed)?;
        let obstacle =
            plan.functions.is_empty() || plan.functions.iter().any(|found| found.state == "Failed");
        let place = Destination {
            // A deployment looks for the code in the template's directory.
            aside: !obstacle,
            machine: plan.functions.first().map(|function| function.machine).unwrap_or_default(),
            // Without a function that serves, the binary is put in place even if the directory already holds it.
            unless: if obstacle { None } else { self.serving(binary, &plan, believed).await },
        };
        lock(&self.plans).insert(binary.to_owned(), plan);
        Ok(place)
    }

    /// The functions of the binary, once no update of them is in progress.
    pub(super) async fn look(&self, binary: &str) -> Result<SwapPlan, ApiError> {
        let lambda = Lambda(&self.client);
        let mut functions = self.known.find(&self.client, binary).await?;
        if functions.is_empty() {
            functions = self.by_directory(binary).await?;
        }
        let mut plan = SwapPlan::default();
        for function in functions {
            plan.functions.extend(lambda.settled(&function.name).await?);
        }
        Ok(plan)
    }

    /// Functions that were created by hand, under any name, and run from the binary's directory.
    async fn by_directory(&self, binary: &str) -> Result<Vec<Deployed>, ApiError> {
        let lambda = Lambda(&self.client);
        let (own, aside) = (self.dist.join(binary), self.dist.join(".gen").join(binary));
        let ours = |path: &Path| path == own || path.starts_with(&aside);
        let mut found = Vec::new();
        for name in lambda.names().await? {
            let function = lambda.get(&name).await?;
            found.extend(
                function.filter(|function| directory(function.location.as_deref()).is_some_and(ours)),
            );
        }
        Ok(found)
    }

    /// The digest of the file that the functions run from, read from disk because LocalStack's own digest is a constant.
    async fn serving(&self, binary: &str, plan: &SwapPlan, believed: Option<Digest>) -> Option<Digest> {
        let from = plan.directory()?.to_owned();
        if believed.is_none() && from.starts_with(self.dist.join(".gen")) {
            // At the first swap of a session: the session before may have ended between the last two steps of a swap. Code in any
            // other folder is not devloop's: the stack may have been deployed from another copy of the workspace.
            self.mirror(binary, &from).await;
        }
        tokio::task::spawn_blocking(move || swap::digest_at(&from.join("bootstrap"))).await.ok().flatten()
    }

    /// Waits in the background until the functions can be updated, and reports that once.
    pub(super) fn wait_for(self: &Arc<Self>, binary: &str) {
        if !lock(&self.awaited).insert(binary.to_owned()) {
            return;
        }
        let (inner, binary) = (Arc::clone(self), binary.to_owned());
        let waiting = async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                let plan = inner.look(&binary).await;
                let fine = |plan: &SwapPlan| inner.obstacle(&binary, plan).is_none();
                if plan.as_ref().is_ok_and(fine) {
                    lock(&inner.awaited).remove(&binary);
                    let _ = inner.reports.send(TargetEvent::Deployed(binary));
                    return;
                }
            }
        };
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(waiting).await;
        });
    }

    pub(super) fn obstacle(&self, binary: &str, plan: &SwapPlan) -> Option<Problem> {
        plan.obstacle(binary, self.known.stack_of(binary), &self.endpoint, self.client.region())
    }
}
