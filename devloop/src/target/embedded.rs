//! The embedded cloud as a target.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::{Digest, Problem};
use crate::target::{Pending, Target};

/// What this target needs of the embedded cloud's handle.
pub(crate) trait CloudHandle: Send + Sync {
    /// Starts a new environment of the Lambda function from its hot-reload directory, waits until it has asked for its first
    /// event, and then retires the older ones after their work in flight.
    ///
    /// The problem carries the cause's type, message and last log lines; the old environments serve on.
    fn activate<'a>(&'a self, lambda_function: &'a str) -> Pending<'a, Result<(), Problem>>;
}

/// The embedded cloud and the Lambda functions that run each binary.
pub(crate) struct Embedded<C> {
    cloud: C,
    /// By binary: a template may give one binary to several functions, under generated names.
    lambda_functions: BTreeMap<String, Vec<String>>,
}

impl<C: CloudHandle> Embedded<C> {
    /// A target that activates these Lambda functions for each binary.
    pub(crate) fn new(cloud: C, lambda_functions: BTreeMap<String, Vec<String>>) -> Self {
        Self { cloud, lambda_functions }
    }
}

impl<C: CloudHandle> Target for Embedded<C> {
    fn activate<'a>(
        &'a self,
        function: &'a str,
        _directory: &'a Path,
        _digest: &'a Digest,
    ) -> Pending<'a, Result<(), Problem>> {
        Box::pin(async move {
            let Some(names) = self.lambda_functions.get(function) else {
                let message = format!("activate {function}: the cloud has no function that runs it");
                return Err(Problem::new("function_not_deployed", message));
            };
            for name in names {
                self.cloud.activate(name).await?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use super::{CloudHandle, Embedded};
    use crate::engine::{Digest, Problem};
    use crate::target::{Pending, Target};

    /// Remembers what it was asked for, and refuses one name.
    #[derive(Default)]
    struct Fake {
        asked: Mutex<Vec<String>>,
    }

    impl CloudHandle for &Fake {
        fn activate<'a>(&'a self, lambda_function: &'a str) -> Pending<'a, Result<(), Problem>> {
            self.asked.lock().unwrap().push(lambda_function.to_owned());
            let result = match lambda_function {
                "broken" => Err(Problem::new("init_failed", "panicked")),
                _ => Ok(()),
            };
            Box::pin(async move { result })
        }
    }

    async fn check(function: &str, expected: Result<(), &str>, asked: &[&str]) {
        let cloud = Fake::default();
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let target = Embedded::new(
            &cloud,
            [("up".to_owned(), names(&["A", "B"])), ("bad".to_owned(), names(&["broken", "C"]))].into(),
        );
        let result = target.activate(function, Path::new("/d"), &Digest::new("00")).await;
        assert_eq!(result.map_err(|problem| problem.code), expected);
        assert_eq!(*cloud.asked.lock().unwrap(), asked);
    }

    #[tokio::test]
    async fn every_function_that_runs_the_binary_is_activated() {
        check("up", Ok(()), &["A", "B"]).await;
        check("bad", Err("init_failed"), &["broken"]).await;
        check("unknown", Err("function_not_deployed"), &[]).await;
    }
}
