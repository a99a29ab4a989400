//! Runs [`Upload`] with S3 and `DynamoDB`.

use std::process::ExitCode;

use functions_common::required;

use crate::aws::Aws;
use crate::handler::Upload;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    functions_common::start("xml-upload", async {
        let allowed =
            required("ALLOWED_BUCKETS")?.split(',').map(|bucket| bucket.trim().to_owned()).collect();
        let stores_reference = functions_common::optional("REFERENCE_RULE").as_deref() == Some("on");
        Ok(Upload { places: Aws::from_env().await?, allowed, stores_reference })
    })
}
