//! The service: the APIs of all regions, and its two doors.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::{Mutex, RwLock};

use super::{control, data, model::Api};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    http::{Reply, Request},
    lambda::Lambda,
    regional::Regional,
};

/// The service.
#[derive(Debug)]
pub(crate) struct ApiGateway {
    pub(super) clock: Clock,
    lambda: Arc<Lambda>,
    /// By id; ids are unique across regions because a client's request names no region.
    pub(super) apis: RwLock<BTreeMap<String, Arc<Api>>>,
    /// The role that `UpdateAccount` names, which nothing here needs.
    pub(super) log_roles: Regional<Mutex<Option<String>>>,
}

impl ApiGateway {
    /// An empty service whose proxy integrations call `lambda`.
    pub(crate) fn new(clock: Clock, lambda: Arc<Lambda>) -> Self {
        Self { clock, lambda, apis: RwLock::default(), log_roles: Regional::default() }
    }

    /// The control plane: `/restapis`, `/account`, ...
    // Async like the other services' doors, although nothing here waits.
    #[expect(clippy::unused_async, reason = "the gateway awaits every service")]
    pub(crate) async fn rest(&self, cx: &Context, request: Request) -> Result<Reply, ApiError> {
        control::answer(self, cx, &request)
    }

    /// The data plane: a client's request to `stage` of the API `api`; `request.path` is the path behind the stage.
    pub(crate) async fn execute(&self, cx: &Context, api: &str, stage: &str, request: Request) -> Reply {
        let found = self.apis.read().get(api).cloned();
        let Some(found) = found else { return data::unknown_api(api) };
        let live = found.state.read().stages.get(stage).map(|stage| Arc::clone(&stage.live));
        let Some(live) = live else { return data::unknown_stage() };
        data::execute(&self.clock, &self.lambda, cx, &live, request).await
    }
}
