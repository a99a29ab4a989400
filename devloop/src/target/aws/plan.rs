//! What a deployment would change, to be shown before it does.

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
    /// Whose functions they are.
    pub(crate) account: String,
    /// Where they are.
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
    /// Its code is another one than the new zip.
    pub(crate) changes: bool,
    /// The bucket that the zip goes through, where it is too large for a request.
    pub(crate) bucket: Option<String>,
}

impl Plan {
    /// Whether anything would be changed.
    pub(crate) fn changes(&self) -> bool {
        self.functions.iter().any(|function| function.changes)
    }
}

impl Aws {
    /// Compares the built binaries with what is deployed. Only reads, and notes down which code is which binary.
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
                functions.push(PlannedFunction {
                    binary: binary.clone(),
                    name: deployed.name.clone(),
                    deployed_bytes: deployed.size,
                    new_bytes: package.zip.len() as u64,
                    changes,
                    bucket: (changes && needs_bucket(&package)).then(|| inner.bucket()),
                });
            }
        }
        Ok(self.plan_of(functions))
    }

    /// What a rollback would change.
    pub(crate) fn rollback_plan(&self, binaries: &[String]) -> Result<Plan, Problem> {
        let inner = &self.0;
        let mut functions = Vec::new();
        for binary in binaries {
            for deployed in inner.of(binary)? {
                let previous = inner.previous(deployed)?;
                functions.push(PlannedFunction {
                    binary: binary.clone(),
                    name: deployed.name.clone(),
                    deployed_bytes: deployed.size,
                    new_bytes: previous.zip.len() as u64,
                    changes: deployed.sha != previous.lambda_sha(),
                    bucket: needs_bucket(&previous).then(|| inner.bucket()),
                });
            }
        }
        Ok(self.plan_of(functions))
    }

    /// From now on nothing else than this is deployed, whatever is saved: it was agreed to and no more.
    pub(crate) fn only(&self, built: &BTreeMap<String, (PathBuf, Digest)>) {
        let digests = built.iter().map(|(binary, (_, digest))| (binary.clone(), digest.clone()));
        // Who agrees twice has agreed to the first.
        let _ = self.0.agreed.set(digests.collect());
    }

    fn plan_of(&self, functions: Vec<PlannedFunction>) -> Plan {
        Plan {
            account: self.0.account.clone(),
            region: self.0.client.region().to_owned(),
            endpoints: self.0.endpoints.clone(),
            functions,
        }
    }
}
