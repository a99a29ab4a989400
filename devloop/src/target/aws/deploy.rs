//! Deploys new code for a function, and rolls back to the code before it.

use std::path::Path;

use crate::aws::{ApiError, without_query};
use crate::engine::{Destination, Digest, Problem, RolledBack};
use crate::target::TargetEvent;
use crate::target::api::{Code, Deployed, Lambda, S3};
use crate::target::aws::kept::Kept;
use crate::target::aws::package::Package;
use crate::target::aws::target::Inner;

/// The largest zip that Lambda takes in a request, in bytes `[Lambda quotas]`.
const REQUEST_LIMIT: usize = 50 << 20;

/// The prefix of zips in a bucket.
const PREFIX: &str = "devloop";

/// Whether the zip is too large for a request.
pub(super) fn needs_bucket(package: &Package) -> bool {
    package.zip.len() > REQUEST_LIMIT
}

impl Inner {
    /// The functions of a binary.
    pub(super) fn of(&self, binary: &str) -> Result<&[Deployed], Problem> {
        self.functions.get(binary).map(Vec::as_slice).ok_or_else(|| {
            Problem::new(
                "function_not_deployed",
                format!("deploy {binary}: it was not among the functions that were shown at the start"),
            )
            .with_hint("start devloop again, so that account and functions are shown first")
        })
    }

    pub(super) async fn destination(&self, binary: &str) -> Result<Destination, Problem> {
        let mut place = Destination::default();
        let mut same: Option<Vec<Digest>> = Some(Vec::new());
        for function in self.of(binary)? {
            place.machine = function.machine;
            let deployed = self.look(&function.name).await?;
            let digest = self.kept(&function.name)?.binary_of(&deployed.sha);
            let digest = if self.alias_lags(&deployed).await? { None } else { digest };
            same = same.zip(digest).map(|(mut all, digest)| {
                all.push(digest);
                all
            });
        }
        let same = same.unwrap_or_default();
        place.unless = same.first().filter(|first| same.iter().all(|digest| digest == *first)).cloned();
        Ok(place)
    }

    pub(super) async fn activate(
        &self,
        binary: &str,
        directory: &Path,
        digest: &Digest,
    ) -> Result<(), Problem> {
        if let Some(agreed) = self.agreed.get()
            && agreed.get(binary) != Some(digest)
        {
            let message = format!("deploy {binary}: its code is not what was shown and agreed to");
            return Err(Problem::new("plan_outdated", message).with_hint(
                "a source was saved in the meantime; start devloop again to see what would be deployed now",
            ));
        }
        let package = self.pack(&directory.join("bootstrap")).await?;
        for function in self.of(binary)? {
            let deployed = self.look(&function.name).await?;
            if deployed.sha != package.lambda_sha() {
                self.replace(&deployed, &package).await?;
            } else if self.alias_lags(&deployed).await? {
                self.publish(&deployed).await?;
            }
            self.kept(&function.name)?.note(digest, &package.lambda_sha())?;
        }
        Ok(())
    }

    pub(super) async fn roll_back(&self, binary: &str) -> Result<RolledBack, Problem> {
        let mut rolled_back = None;
        for function in self.of(binary)? {
            let deployed = self.look(&function.name).await?;
            // Rolling back twice leads back to the first code.
            let previous = self.previous(&deployed)?;
            self.replace(&deployed, &previous).await?;
            let digest = self.unpack(&previous).await;
            // So that a later save of the same binary deploys nothing.
            if let Some(digest) = &digest {
                self.kept(&function.name)?.note(digest, &previous.lambda_sha())?;
            }
            rolled_back = Some(RolledBack {
                function: binary.to_owned(),
                name: function.name.clone(),
                code: previous.lambda_sha(),
                digest: digest.unwrap_or_else(|| Digest::new(previous.hexadecimal())),
            });
        }
        rolled_back.ok_or_else(|| {
            Problem::new("nothing_to_roll_back", format!("roll {binary} back: nothing runs it"))
        })
    }

    /// The zip to go back to.
    pub(super) fn previous(&self, deployed: &Deployed) -> Result<Package, Problem> {
        let name = &deployed.name;
        self.kept(name)?.replaced_by(&deployed.sha).ok_or_else(|| {
            Problem::new(
                "nothing_to_roll_back",
                format!("roll {name} back: the code that its current code has replaced is not kept on this machine"),
            )
            .with_hint("devloop keeps the code that it replaces, below target/devloop/aws")
        })
    }

    fn kept(&self, name: &str) -> Result<Kept, Problem> {
        Kept::new(&self.home, [&self.account, self.client.region(), name])
    }

    /// The binary in the zip, if it holds one.
    async fn unpack(&self, package: &Package) -> Option<Digest> {
        let package = package.clone();
        tokio::task::spawn_blocking(move || package.binary()).await.ok().flatten()
    }

    /// The function once no update of it is on its way.
    pub(super) async fn look(&self, name: &str) -> Result<Deployed, Problem> {
        let found = Lambda(&self.client).settled(name).await;
        let found = found.map_err(|error| error.problem(&format!("look at {name}")))?;
        found.ok_or_else(|| {
            Problem::new("function_not_deployed", format!("look at {name}: it was deleted"))
                .with_hint("`cdk deploy` creates it again")
        })
    }

    /// The code that is about to be replaced: from this machine if it was deployed from here, or else Lambda's copy of it.
    async fn former_code(&self, deployed: &Deployed) -> Result<Option<Package>, Problem> {
        if let Some(package) = self.kept(&deployed.name)?.zip(&deployed.sha) {
            return Ok(Some(package));
        }
        let reason = match &deployed.location {
            None => "Lambda names no place to read it".to_owned(),
            // Where the user named an endpoint instead of AWS, nothing is fetched from elsewhere.
            Some(url) if !self.is_at_endpoint(url) => {
                format!("it lies outside of the endpoint, at {}", without_query(url))
            }
            Some(url) => match self.client.download(url).await {
                Ok(zip) => {
                    let package = Package::of_zip(zip);
                    if package.lambda_sha() == deployed.sha {
                        return Ok(Some(package));
                    }
                    "what Lambda sent is other code".to_owned()
                }
                Err(error) => error.to_string(),
            },
        };
        let message = format!("keep the code that {} has now: {reason}", deployed.name);
        let hint = "the update goes on; a rollback can only go back to the code of this update";
        let _ = self
            .reports
            .send(TargetEvent::Trouble(Problem::new("former_code_lost", message).with_hint(hint)));
        Ok(None)
    }

    fn is_at_endpoint(&self, url: &str) -> bool {
        let named = self.client.aws().endpoints().named();
        let holds = |endpoint: &&str| url.starts_with(&format!("{}/", endpoint.trim_end_matches('/')));
        named.is_empty() || named.iter().any(holds)
    }

    async fn replace(&self, deployed: &Deployed, package: &Package) -> Result<(), Problem> {
        let name = &deployed.name;
        let failed = |error: ApiError| error.problem(&format!("update {name}"));
        let (lambda, kept) = (Lambda(&self.client), self.kept(name)?);
        let code = if needs_bucket(package) {
            self.upload(name, package).await?
        } else {
            Code::Zip(package.zip.clone())
        };
        // Kept before the update, so that a rollback is possible however the update ends.
        let former = self.former_code(deployed).await?;
        kept.keep(package, former.as_ref())?;
        lambda.update(name, &code).await.map_err(failed)?;
        let after = self.look(name).await?;
        if after.update != "Successful" {
            let message = format!("update {name}: it is {} {}", after.update, after.update_reason);
            return Err(Problem::new("update_failed", message)
                .with_hint("the previous code still serves; look at the function in AWS's console"));
        }
        if after.sha != package.lambda_sha() {
            let message = format!("update {name}: somebody else has deployed other code meanwhile");
            return Err(Problem::new("function_changed", message)
                .with_hint("agree on who deploys, then save any source file again"));
        }
        kept.tidy(&after.sha);
        if self.wishes.publish || self.wishes.alias.is_some() {
            self.publish(&after).await?;
        }
        Ok(())
    }

    /// Publishes the function's code as a version, and points the alias at it if one is wanted.
    async fn publish(&self, deployed: &Deployed) -> Result<(), Problem> {
        let (name, lambda) = (&deployed.name, Lambda(&self.client));
        let version = lambda.publish(name, &deployed.sha).await;
        let version = version.map_err(|error| error.problem(&format!("publish {name}")))?;
        if let Some(alias) = &self.wishes.alias {
            let moved = lambda.point(name, alias, &version).await;
            moved.map_err(|error| alias_problem(&error, name, alias, &version))?;
        }
        Ok(())
    }

    /// Whether the wanted alias points at other code than the function has. That is so when an earlier run ended before it moved
    /// the alias.
    pub(super) async fn alias_lags(&self, deployed: &Deployed) -> Result<bool, Problem> {
        let Some(alias) = &self.wishes.alias else { return Ok(false) };
        let name = &deployed.name;
        let behind = Lambda(&self.client).get_version(name, Some(alias)).await;
        let behind =
            behind.map_err(|error| error.problem(&format!("look at the alias {alias} of {name}")))?;
        Ok(behind.is_none_or(|behind| behind.sha != deployed.sha))
    }

    /// The name is safe in a key: names with a slash or the like were refused when their directory was made.
    async fn upload(&self, name: &str, package: &Package) -> Result<Code, Problem> {
        let (bucket, key) = (self.bucket(), format!("{PREFIX}/{name}/{}.zip", package.hexadecimal()));
        let put = S3(&self.client).put((&bucket, &self.account), &key, package.zip.clone()).await;
        put.map_err(|error| {
            let problem = error.problem(&format!("upload the code of {name} to the bucket {bucket}"));
            match error.code() {
                "NoSuchBucket" => Problem { code: "bucket_missing", ..problem }
                    .with_hint("name one with --bucket, or `cdk bootstrap` creates that of the CDK's assets"),
                _ => problem,
            }
        })?;
        Ok(Code::Object { bucket, key })
    }

    /// The user's bucket, or the one that `cdk bootstrap` makes for assets.
    pub(super) fn bucket(&self) -> String {
        let of_cdk = || format!("cdk-hnb659fds-assets-{}-{}", self.account, self.client.region());
        self.wishes.bucket.clone().unwrap_or_else(of_cdk)
    }

    /// Packs the binary on a blocking thread, because compressing a large one takes a second.
    pub(super) async fn pack(&self, binary: &Path) -> Result<Package, Problem> {
        let path = binary.to_owned();
        match tokio::task::spawn_blocking(move || Package::of_binary(&path)).await {
            Ok(package) => package,
            Err(panic) => Err(Problem::new("internal", format!("pack {}: {panic}", binary.display()))),
        }
    }
}

fn alias_problem(error: &ApiError, name: &str, alias: &str, version: &str) -> Problem {
    let problem = error.problem(&format!("point the alias {alias} of {name} at version {version}"));
    if error.status() == 404 {
        let create = format!(
            "create it once: `aws lambda create-alias --function-name {name} --name {alias} --function-version {version}`"
        );
        return Problem { code: "alias_missing", ..problem }.with_hint(create);
    }
    problem
}
