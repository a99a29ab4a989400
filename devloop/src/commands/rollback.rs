//! `devloop rollback`: makes the code before the last update serve again.

use crate::cli::RollbackArguments;
use crate::commands::{deployment, target_layer, templates};
use crate::config::Layer;
use crate::error::UserError;
use crate::session::{self, Conditions, Options, Selection, View};

/// Rolls back and ends.
pub(crate) async fn rollback(arguments: &RollbackArguments) -> Result<(), UserError> {
    session::roll_back(Options {
        flags: Layer { templates: templates(&arguments.template), ..target_layer(&arguments.target) },
        selection: Selection { named: arguments.functions.clone(), no_template: false },
        database: None,
        metrics: None,
        parameters: std::collections::BTreeMap::default(),
        strict: false,
        conditions: Conditions::default(),
        view: if arguments.json { View::Json } else { View::Plain },
        watch: false,
        deployment: deployment(&arguments.target)?,
    })
    .await
}
