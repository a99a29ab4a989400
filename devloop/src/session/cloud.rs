//! The one place where a session starts its cloud.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::bus::Events;
use crate::engine::Problem;
use crate::error::{Exit, UserError};
use crate::session::prepare::Template;
use crate::target::{Pending, Target};

/// What the cloud is started with.
pub(super) struct CloudRequest {
    /// The port; 0 takes a free one.
    pub(super) port: u16,
    /// The templates to apply, their functions pointing at their directories already.
    pub(super) templates: Vec<Template>,
    /// Functions outside of every template, by name, with the directory of their `bootstrap`.
    pub(super) functions: BTreeMap<String, PathBuf>,
    /// Where the functions' log lines and later failures go.
    pub(super) events: Events,
}

/// A cloud that answers.
pub(super) struct RunningCloud {
    /// The URL that clients use.
    pub(super) endpoint: String,
    /// The templates' outputs.
    pub(super) outputs: BTreeMap<String, String>,
    /// Where swapped functions are activated.
    pub(super) target: Arc<dyn Target>,
    /// Resolves when the cloud has stopped and no function process is left, after `stop` was cancelled.
    pub(super) stopped: Pending<'static, ()>,
}

/// Starts the cloud, applies the templates, and creates the functions that no template has.
pub(super) async fn start_cloud(
    request: CloudRequest,
    stop: CancellationToken,
) -> Result<RunningCloud, UserError> {
    let CloudRequest { port, templates, functions, events } = request;
    drop((stop, events));
    let message = format!(
        "start the cloud on port {port} with {} templates and {} functions: this build of devloop has no embedded cloud",
        templates.len(),
        functions.len()
    );
    Err(UserError { problem: Problem::new("cloud_missing", message), exit: Exit::Cloud })
}
