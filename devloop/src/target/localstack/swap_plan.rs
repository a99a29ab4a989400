//! The functions of one binary before a swap.

use std::path::{Path, PathBuf};

use crate::engine::Problem;
use crate::target::api::Deployed;

/// LocalStack's prefix of a hot-reload directory.
const SCHEME: &str = "file://";

/// The directory behind a code location; `None` for code in a zip.
pub(super) fn directory(location: Option<&str>) -> Option<&Path> {
    location?.strip_prefix(SCHEME).map(Path::new)
}

/// The functions of one binary, as they were before the next swap.
#[derive(Debug, Clone, Default)]
pub(super) struct SwapPlan {
    /// Empty before they are deployed.
    pub(super) functions: Vec<Deployed>,
}

impl SwapPlan {
    /// The directory that every function runs from, if it is the same one.
    pub(super) fn directory(&self) -> Option<&Path> {
        let first = directory(self.functions.first()?.location.as_deref())?;
        let same = |function: &Deployed| directory(function.location.as_deref()) == Some(first);
        self.functions.iter().all(same).then_some(first)
    }

    /// Every directory that a function runs from.
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        self.functions
            .iter()
            .filter_map(|function| directory(function.location.as_deref()))
            .map(Path::to_owned)
            .collect()
    }

    /// Why the functions cannot get new code: they are not deployed, or failed.
    pub(super) fn obstacle(
        &self,
        binary: &str,
        stack: Option<&str>,
        endpoint: &str,
        region: &str,
    ) -> Option<Problem> {
        if self.functions.is_empty() {
            let message = format!("activate {binary}: no function at {endpoint} in {region} runs it");
            let what = stack.map_or_else(|| "your stack".to_owned(), |stack| format!("the stack {stack}"));
            let hint = format!(
                "deploy {what}, with this directory as hot-reload code: `HOT_DEPLOY=true USE_LOCALSTACK=true cdklocal \
                 deploy`; its code is in place, and serves when the function appears"
            );
            return Some(Problem::new("function_not_deployed", message).with_hint(hint));
        }
        let failed = self.functions.iter().find(|function| function.state == "Failed")?;
        Some(failed_function(&failed.name, &failed.state_reason))
    }
}

/// The problem of a failed function: LocalStack does not update a function that it once could not start.
pub(super) fn failed_function(name: &str, reason: &str) -> Problem {
    let reason = if reason.is_empty() { "it could not be started" } else { reason };
    let message =
        format!("update {name}: its state is Failed ({reason}), and a failed function takes no new code");
    let hint = "redeploy it: delete the function or its stack, then `cdklocal deploy`; its code is in place";
    Problem::new("function_failed", message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::directory;

    #[test]
    fn only_reloaded_code_has_a_directory() {
        assert_eq!(directory(Some("file:///d/up")), Some(Path::new("/d/up")));
        assert_eq!(directory(Some("http://127.0.0.1/zip")), None);
        assert_eq!(directory(None), None);
    }
}
