//! Before a swap: which functions there are, how they run, and whether their file may be replaced under them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::aws::ApiError;
use crate::engine::{Digest, Place, Problem};
use crate::swap;
use crate::target::Report;
use crate::target::api::{Deployed, Lambda};
use crate::target::localstack::rest::last_request;
use crate::target::localstack::standing::{Standing, Way, directory};
use crate::target::localstack::target::{Inner, lock};

/// How often a function that is not there is looked for.
const AGAIN: Duration = Duration::from_secs(1);

impl Inner {
    /// Decides about the next binary.
    pub(super) async fn place(&self, binary: &str, believed: Option<Digest>) -> Result<Place, Problem> {
        let failed = |error: ApiError| self.problem(&error, &format!("look for the functions of {binary}"));
        let standing = self.look(binary).await.map_err(failed)?;
        let obstacle =
            standing.functions.is_empty() || standing.functions.iter().any(|found| found.state == "Failed");
        let place = Place {
            aside: standing.way == Way::Aside && !obstacle,
            machine: standing.functions.first().map(|function| function.machine).unwrap_or_default(),
            // Nothing serves: whatever lies in the directory, there is something to do.
            unless: if obstacle { None } else { self.serving(binary, &standing, believed).await },
        };
        // The directory of the template is where a deployment looks.
        let way = if obstacle { Way::Notice } else { standing.way };
        lock(&self.standings).insert(binary.to_owned(), Standing { way, ..standing });
        Ok(place)
    }

    /// The functions of the binary as they are once nothing is on its way.
    pub(super) async fn look(&self, binary: &str) -> Result<Standing, ApiError> {
        let lambda = Lambda(&self.client);
        let mut functions = self.known.find(&self.client, binary).await?;
        if functions.is_empty() {
            functions = self.by_directory(binary).await?;
        }
        let mut standing = Standing::default();
        for function in functions {
            standing.functions.extend(lambda.settled(&function.name).await?);
        }
        for function in &standing.functions {
            standing.way = standing.way.max(self.way(binary, function).await?);
        }
        Ok(standing)
    }

    /// How new code of the function takes over without a loss.
    async fn way(&self, binary: &str, function: &Deployed) -> Result<Way, ApiError> {
        let own = self.dist.join(binary);
        if directory(function.location.as_deref()) != Some(own.as_path())
            || Lambda(&self.client).has_event_sources(&function.name).await?
        {
            return Ok(Way::Aside);
        }
        let last = last_request(&self.client, function).await?;
        Ok(Way::after(last, own.join("bootstrap").is_file()))
    }

    /// Functions that were made by hand, under any name, for this very directory.
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

    /// The content of the file that the functions run from: the interface only knows a constant.
    async fn serving(&self, binary: &str, standing: &Standing, believed: Option<Digest>) -> Option<Digest> {
        let from = standing.directory()?.to_owned();
        if believed.is_none() && from != self.dist.join(binary) {
            // The first swap of a session: the one before may have ended between its last two steps.
            self.mirror(binary, &from).await;
        }
        tokio::task::spawn_blocking(move || swap::digest_at(&from.join("bootstrap"))).await.ok().flatten()
    }

    /// Waits in the background until the functions can be updated, and says so once.
    pub(super) fn wait_for(self: &Arc<Self>, binary: &str) {
        if !lock(&self.awaited).insert(binary.to_owned()) {
            return;
        }
        let (inner, binary) = (Arc::clone(self), binary.to_owned());
        let waiting = async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                let standing = inner.look(&binary).await;
                let fine = |standing: &Standing| inner.obstacle(&binary, standing).is_none();
                if standing.as_ref().is_ok_and(fine) {
                    lock(&inner.awaited).remove(&binary);
                    let _ = inner.reports.send(Report::Deployed(binary));
                    return;
                }
            }
        };
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(waiting).await;
        });
    }

    pub(super) fn obstacle(&self, binary: &str, standing: &Standing) -> Option<Problem> {
        standing.obstacle(binary, self.known.stack_of(binary), &self.endpoint, self.client.region())
    }
}
