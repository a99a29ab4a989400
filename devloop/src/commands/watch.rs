//! `devloop watch`: does what `up` does, and builds again after every save.

use crate::cli::SessionArguments;
use crate::commands::options;
use crate::error::UserError;
use crate::session;

/// Runs until it is told to stop.
pub(crate) async fn watch(arguments: &SessionArguments) -> Result<(), UserError> {
    session::run(options(arguments, true)?).await
}
