//! What a deployment would change, for showing it beforehand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::engine::{Digest, Problem};
use crate::target::Aws;
use crate::target::aws::deploy::needs_bucket;
use crate::target::aws::kept::Kept;

/// What a deployment would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Plan {
    /// The account that the functions belong to.
    pub(crate) account: String,
    pub(crate) region: String,
    /// URLs that are used instead of AWS's own.
    pub(crate) endpoints: Vec<String>,
    /// Every function of the binaries.
    pub(crate) functions: Vec<PlannedFunction>,
}

/// One function of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedFunction {
    /// The binary.
    pub(crate) binary: String,
    /// The function in Lambda.
    pub(crate) name: String,
    /// The size of its code, in bytes.
    pub(crate) deployed_bytes: u64,
    /// The size of the new zip, in bytes.
    pub(crate) new_bytes: u64,
    /// Whether its code differs from the new zip.
    pub(crate) changes: bool,
    /// The bucket that the zip goes through, where it is too large for a request.
    pub(crate) bucket: Option<String>,
    /// The alias, if only it has to be moved: it points at other code than the function has.
    pub(crate) alias: Option<String>,
}

impl Plan {
    /// Whether anything would be changed.
    pub(crate) fn changes(&self) -> bool {
        self.functions.iter().any(|function| function.changes || function.alias.is_some())
    }

    /// The plan for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("account {} in {}", self.account, self.region)];
        if !self.endpoints.is_empty() {
            lines.push(format!("NOT AT AWS: the endpoint is {}", self.endpoints.join(", ")));
        }
        let width = self.functions.iter().map(|function| function.binary.len()).max().unwrap_or_default();
        let line =
            |function: &PlannedFunction| format!("  {:width$}  {}", function.binary, described(function));
        lines.extend(self.functions.iter().map(line));
        lines
    }
}

fn described(function: &PlannedFunction) -> String {
    let PlannedFunction { name, deployed_bytes, new_bytes, changes, bucket, alias, .. } = function;
    if !changes {
        let follows =
            alias.as_ref().map(|alias| format!("; the alias {alias} comes to it")).unwrap_or_default();
        return format!("{name}: same code, {}{follows}", megabytes(*new_bytes));
    }
    let through = bucket.as_ref().map(|bucket| format!(", through the bucket {bucket}")).unwrap_or_default();
    format!("{name}: {} becomes {}{through}", megabytes(*deployed_bytes), megabytes(*new_bytes))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

impl Aws {
    /// Compares the built binaries with the deployed code. Changes nothing in the account; notes which code is which binary.
    pub(crate) async fn plan(&self, built: &BTreeMap<String, (PathBuf, Digest)>) -> Result<Plan, Problem> {
        let inner = &self.0;
        let mut functions = Vec::new();
        for (binary, (path, digest)) in built {
            let package = inner.pack(path).await?;
            for deployed in inner.of(binary)? {
                let changes = deployed.sha != package.lambda_sha();
                if !changes {
                    let kept =
                        Kept::new(&inner.home, [&inner.account, inner.client.region(), &deployed.name])?;
                    kept.note(digest, &deployed.sha)?;
                }
                let lags = !changes && inner.alias_lags(deployed).await?;
                functions.push(PlannedFunction {
                    binary: binary.clone(),
                    name: deployed.name.clone(),
                    deployed_bytes: deployed.size,
                    new_bytes: package.zip.len() as u64,
                    changes,
                    alias: inner.wishes.alias.clone().filter(|_| lags),
                    bucket: (changes && needs_bucket(&package)).then(|| inner.bucket()),
                });
            }
        }
        Ok(self.plan_of(functions))
    }

    /// What a rollback would change. Changes nothing itself.
    pub(crate) async fn plan_rollback(&self, binaries: &[String]) -> Result<Plan, Problem> {
        let inner = &self.0;
        let mut functions = Vec::new();
        for binary in binaries {
            for deployed in inner.of(binary)? {
                // A session may have changed it since it was found.
                let deployed = inner.look(&deployed.name).await?;
                let previous = inner.previous(&deployed)?;
                functions.push(PlannedFunction {
                    binary: binary.clone(),
                    name: deployed.name.clone(),
                    deployed_bytes: deployed.size,
                    new_bytes: previous.zip.len() as u64,
                    changes: deployed.sha != previous.lambda_sha(),
                    alias: None,
                    bucket: needs_bucket(&previous).then(|| inner.bucket()),
                });
            }
        }
        Ok(self.plan_of(functions))
    }

    /// Restricts deployments to these binaries from now on, because the user has agreed to them and to no later save.
    pub(crate) fn only(&self, built: &BTreeMap<String, (PathBuf, Digest)>) {
        let digests = built.iter().map(|(binary, (_, digest))| (binary.clone(), digest.clone()));
        // A second agreement changes nothing: the first one counts.
        let _ = self.0.agreed.set(digests.collect());
    }

    fn plan_of(&self, functions: Vec<PlannedFunction>) -> Plan {
        Plan {
            account: self.0.account.clone(),
            region: self.0.client.region().to_owned(),
            endpoints: self.0.client.aws().endpoints().named().into_iter().map(str::to_owned).collect(),
            functions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, PlannedFunction};

    #[test]
    fn a_plan_says_whose_what_and_how_large() {
        let function = |binary: &str, changes, bucket: Option<&str>| PlannedFunction {
            binary: binary.to_owned(),
            name: format!("Stack-{binary}"),
            deployed_bytes: 5_200_000,
            new_bytes: 60_000_000,
            changes,
            bucket: bucket.map(str::to_owned),
            alias: None,
        };
        let mut plan = Plan {
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            endpoints: Vec::new(),
            functions: vec![function("up", true, Some("zips")), function("down", false, None)],
        };
        assert_eq!(
            plan.lines(),
            [
                "account 123456789012 in eu-west-1",
                "  up    Stack-up: 5.20 MB becomes 60.00 MB, through the bucket zips",
                "  down  Stack-down: same code, 60.00 MB",
            ]
        );
        assert!(plan.changes());
        plan.functions.remove(0);
        assert!(!plan.changes());
        plan.functions[0].alias = Some("live".to_owned());
        assert!(plan.changes());
        assert_eq!(plan.lines()[1], "  down  Stack-down: same code, 60.00 MB; the alias live comes to it");
        plan.endpoints = vec!["http://127.0.0.1:1".to_owned()];
        assert_eq!(plan.lines()[1], "NOT AT AWS: the endpoint is http://127.0.0.1:1");
    }
}
