//! Runs [`Process`] with S3 and `DynamoDB`.

use std::process::ExitCode;
use std::time::Duration;

use functions_common::required;

use crate::aws::{S3, Table};
use crate::handler::Process;
use crate::rules::Rules;

/// How long a start waits for the rule that most files need.
const AHEAD: Duration = Duration::from_secs(2);

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    functions_common::start("xml-process", async {
        let stores_reference = functions_common::optional("REFERENCE_RULE").as_deref() == Some("on");
        let table = required("TABLE_NAME")?;
        let rules = Rules::new(Table::from_env().await, stores_reference);
        // Read ahead of the first file, and stored where the table has none. A table that fails now is asked again with the first
        // file, whose invocation tells of it.
        let _ = tokio::time::timeout(AHEAD, rules.get(&table, 1)).await;
        Ok(Process { objects: S3::from_env().await, rules, to_bucket: required("TO_BUCKET")?, table })
    })
}
