//! What the edit loop asks of a place where functions run.

use std::path::Path;
use std::pin::Pin;

use crate::engine::{Digest, Problem};

/// An answer that is on its way.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place where functions run.
pub(crate) trait Target: Send + Sync {
    /// Starts the code that lies in the function's directory.
    ///
    /// Resolves when the new code has asked for its first event and is the only one to be given new ones; what is in flight
    /// ends on the old code. On an error the old code goes on serving, and the problem says why the new one did not come up.
    fn activate<'a>(
        &'a self,
        function: &'a str,
        directory: &'a Path,
        digest: &'a Digest,
    ) -> Pending<'a, Result<(), Problem>>;

    /// Makes room for a function that is in no template: it is called by its name, and at the URL that is returned.
    fn adopt(&self, function: &str, _directory: &Path) -> Result<String, Problem> {
        let message =
            format!("serve the new function {function}: this target takes its functions from the template");
        Err(Problem::new("function_not_deployed", message)
            .with_hint("add it to the template and start devloop again"))
    }
}
