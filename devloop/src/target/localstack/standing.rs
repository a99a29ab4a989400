//! How a binary's functions stand before a swap.

use std::path::{Path, PathBuf};

use crate::engine::Problem;
use crate::target::api::Deployed;

/// What LocalStack writes before a directory that is reloaded.
const SCHEME: &str = "file://";

/// The directory behind a code location; none for code in a zip.
pub(super) fn directory(location: Option<&str>) -> Option<&Path> {
    location?.strip_prefix(SCHEME).map(Path::new)
}

/// How new code takes over; the later one is the more careful.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The file is replaced, and the functions notice: nothing is in flight.
    #[default]
    Notice,
    /// The file is replaced, and the functions are started anew before they notice. What would be cut off then fails, and does
    /// not pass for done. There is at most what the very first requests have started, and that ends sooner than it notices.
    Anew,
    /// The code gets a directory of its own, and what is in flight ends or fails without any change of its own.
    Aside,
}

impl Way {
    /// The way of a function without event sources that runs from the template's directory, by its last request. Before the
    /// first one is over LocalStack tells nothing of it, and without a program in the directory none can have begun.
    pub(super) fn after(last: LastRequest, has_program: bool) -> Self {
        match last {
            LastRequest::JustNow => Self::Aside,
            LastRequest::Never if has_program => Self::Anew,
            LastRequest::Never | LastRequest::LongAgo => Self::Notice,
        }
    }
}

/// When a function's last request ended, as far as another one may still be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastRequest {
    /// None has ended yet.
    Never,
    /// Where one ended a moment ago another one may have begun.
    JustNow,
    /// Longer ago than a request may take.
    LongAgo,
}

/// The functions of one binary, and what was decided about the next swap.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    /// The functions; none before they are deployed.
    pub(super) functions: Vec<Deployed>,
    /// How the next binary takes over.
    pub(super) way: Way,
}

impl Standing {
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

    /// Why the functions cannot be given new code now; deploying them is the cure.
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
                 deploy`; its code is in place, and goes live when the function appears"
            );
            return Some(Problem::new("function_not_deployed", message).with_hint(hint));
        }
        let failed = self.functions.iter().find(|function| function.state == "Failed")?;
        Some(failed_function(&failed.name, &failed.state_reason))
    }
}

/// A function that LocalStack could not start once is never updated again.
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

    use super::{LastRequest, Way, directory};

    #[test]
    fn only_a_function_known_to_rest_is_left_to_notice() {
        assert_eq!(Way::after(LastRequest::LongAgo, true), Way::Notice);
        assert_eq!(Way::after(LastRequest::JustNow, true), Way::Aside);
        assert_eq!(Way::after(LastRequest::Never, true), Way::Anew, "its first request may be in flight");
        assert_eq!(Way::after(LastRequest::Never, false), Way::Notice, "there is nothing to be in flight");
        assert!(Way::Notice < Way::Anew && Way::Anew < Way::Aside, "the most careful function decides");
    }

    #[test]
    fn only_reloaded_code_has_a_directory() {
        assert_eq!(directory(Some("file:///d/up")), Some(Path::new("/d/up")));
        assert_eq!(directory(Some("http://127.0.0.1/zip")), None);
        assert_eq!(directory(None), None);
    }
}
