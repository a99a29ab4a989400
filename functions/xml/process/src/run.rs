//! Runs [`Process`] with S3 and `DynamoDB`.

use std::process::ExitCode;

use functions_common::required;

use crate::aws::{S3, Table};
use crate::handler::Process;
use crate::rules::Rules;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    functions_common::start("xml-process", async {
        let stores_reference = functions_common::optional("REFERENCE_RULE").as_deref() == Some("on");
        Ok(Process {
            objects: S3::from_env().await,
            rules: Rules::new(Table::from_env().await, stores_reference),
            to_bucket: required("TO_BUCKET")?,
            table: required("TABLE_NAME")?,
        })
    })
}
