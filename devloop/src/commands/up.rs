//! `devloop up`: starts the cloud, applies the template, and builds once.

use crate::cli::SessionArguments;
use crate::commands::options;
use crate::error::UserError;
use crate::session;

/// Runs until it is told to stop.
pub(crate) async fn up(arguments: &SessionArguments) -> Result<(), UserError> {
    session::run(options(arguments, false)?).await
}
