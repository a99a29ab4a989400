//! The embedded cloud as a target.

use std::path::Path;

use devloop_cloud::{ActivationError, Cloud};

use crate::engine::{Digest, Problem};
use crate::target::{Pending, Target};

/// What this target needs of the embedded cloud.
pub(crate) trait CloudHandle: Send + Sync {
    /// Lets the code in the directory take over in every Lambda function that runs from it, as [`Target::activate`] asks.
    /// One outcome for each of them.
    fn activate<'a>(&'a self, directory: &'a Path) -> Pending<'a, Vec<Result<(), ActivationError>>>;

    /// Creates a function that runs from the directory, and returns its URL.
    fn serve(&self, function: &str, directory: &Path) -> Result<String, String>;
}

impl CloudHandle for Cloud {
    fn activate<'a>(&'a self, directory: &'a Path) -> Pending<'a, Vec<Result<(), ActivationError>>> {
        Box::pin(async move {
            let outcomes = Cloud::activate(self, directory).await;
            outcomes.into_iter().map(|outcome| outcome.map(|_| ())).collect()
        })
    }

    fn serve(&self, function: &str, directory: &Path) -> Result<String, String> {
        self.serve_folder(function, directory).map_err(|error| error.to_string())
    }
}

/// The embedded cloud.
pub(crate) struct Embedded<C = Cloud>(pub(crate) C);

impl<C: CloudHandle> Target for Embedded<C> {
    fn activate<'a>(
        &'a self,
        function: &'a str,
        directory: &'a Path,
        _digest: &'a Digest,
    ) -> Pending<'a, Result<(), Problem>> {
        Box::pin(async move {
            let outcomes = self.0.activate(directory).await;
            if outcomes.is_empty() {
                let message = format!(
                    "activate {function}: no function of the cloud runs from {}",
                    directory.display()
                );
                return Err(Problem::new("function_not_deployed", message));
            }
            outcomes.into_iter().collect::<Result<(), _>>().map_err(|error| problem(&error))
        })
    }

    fn adopt(&self, function: &str, directory: &Path) -> Result<String, Problem> {
        self.0.serve(function, directory).map_err(|error| {
            Problem::new("function_refused", format!("create the function {function}: {error}"))
        })
    }
}

/// Lambda's name for what happened, what happened, and the last lines that the process wrote.
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
mod tests {
    use std::path::Path;

    use devloop_cloud::ActivationError;

    use super::{CloudHandle, Embedded};
    use crate::engine::Digest;
    use crate::target::{Pending, Target};

    /// Answers with these outcomes.
    struct Fake(Vec<Result<(), ActivationError>>);

    impl CloudHandle for Fake {
        fn activate<'a>(&'a self, _directory: &'a Path) -> Pending<'a, Vec<Result<(), ActivationError>>> {
            Box::pin(async { self.0.clone() })
        }

        fn serve(&self, function: &str, _directory: &Path) -> Result<String, String> {
            Err(format!("{function} exists"))
        }
    }

    fn died(lines: &[&str]) -> Result<(), ActivationError> {
        Err(ActivationError {
            function: "Up".to_owned(),
            error_type: "Runtime.ExitError".to_owned(),
            message: "exit status 101".to_owned(),
            output: lines.iter().map(|&line| line.to_owned()).collect(),
            still_serving: true,
        })
    }

    async fn check(outcomes: Vec<Result<(), ActivationError>>, expected: Result<(), &str>) {
        let target = Embedded(Fake(outcomes));
        let result = target.activate("up", Path::new("/dist/up"), &Digest::new("00")).await;
        assert_eq!(result.map_err(|problem| problem.message), expected.map_err(str::to_owned));
    }

    #[tokio::test]
    async fn every_function_that_runs_from_the_directory_must_come_up() {
        check(vec![Ok(()), Ok(())], Ok(())).await;
        check(vec![], Err("activate up: no function of the cloud runs from /dist/up")).await;
        check(vec![Ok(()), died(&[])], Err("start the new code of Up: Runtime.ExitError: exit status 101"))
            .await;
    }

    #[tokio::test]
    async fn a_failure_shows_the_last_lines_of_the_process() {
        let expected =
            "start the new code of Up: Runtime.ExitError: exit status 101\n  2\n  3\n  4\n  5\n  6";
        check(vec![died(&["1", "2", "3", "4", "5", "6"])], Err(expected)).await;
    }
    #[test]
    fn a_function_that_the_cloud_refuses_is_named() {
        let problem = Embedded(Fake(vec![])).adopt("up", Path::new("/dist/up")).unwrap_err();
        assert_eq!(
            (problem.code, problem.message.as_str()),
            ("function_refused", "create the function up: up exists")
        );
    }
}
