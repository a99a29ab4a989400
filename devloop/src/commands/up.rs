//! `devloop up`: starts the cloud, applies the template, and builds once.

use crate::cli::SessionArguments;
use crate::commands::{conditions, database, deployment, layer, selection, view};
use crate::error::UserError;
use crate::session::{self, Options};

/// Runs until it is told to stop.
pub(crate) async fn up(arguments: &SessionArguments) -> Result<(), UserError> {
    session::run(Options {
        flags: layer(arguments),
        selection: selection(arguments),
        database: database(arguments)?,
        metrics: arguments.metrics,
        parameters: arguments.parameter.iter().cloned().collect(),
        strict: arguments.strict,
        conditions: conditions(arguments),
        view: view(arguments),
        watch: false,
        deployment: deployment(&arguments.target)?,
    })
    .await
}
