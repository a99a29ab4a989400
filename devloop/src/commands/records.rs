//! `devloop records QUEUE`: shows which records a mapping gave up.

use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::aws::{Endpoints, Trust};
use crate::cli::RecordsArguments;
use crate::commands::bench::endpoint;
use crate::commands::keys;
use crate::config::Environment;
use crate::error::{Exit, UserError};
use crate::output;
use crate::records::{Inquiry, resolve, text};

/// The region where neither flags nor environment name one.
const REGION: &str = "us-east-1";

/// Prints the queue's failure records with the stream's records that they name.
pub(crate) async fn records(arguments: &RecordsArguments) -> Result<ExitCode, UserError> {
    let environment = Environment::of_process();
    let endpoints = if arguments.aws {
        Endpoints::default()
    } else {
        Endpoints::one(&endpoint(arguments.endpoint.as_deref(), &environment).await?)
    };
    let trust = Trust::new(environment.certificates());
    let (keys, region) = keys(&environment, arguments.aws, arguments.region.clone(), &trust).await?;
    let region = region.unwrap_or_else(|| REGION.to_owned());
    let queue = arguments.queue.clone();
    let inquiry = Inquiry { endpoints, keys, trust, region, queue };
    let (found, others) =
        resolve(inquiry).await.map_err(|problem| UserError { problem, exit: Exit::Cloud })?;
    let text = if arguments.json {
        format!("{:#}\n", json!({ "queue": arguments.queue, "failures": found, "other_messages": others }))
    } else {
        text(&arguments.queue, &found, others)
    };
    match output::stdout_as(arguments.json).write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(UserError::failure("output_failed", format!("write the output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
