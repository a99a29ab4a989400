//! API Gateway REST APIs (v1): control plane and data plane.

use std::sync::Arc;

use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    gateway::{Reply, RestRequest},
    lambda::Lambda,
};

/// The service.
#[derive(Debug)]
pub(crate) struct ApiGateway {
    clock: Clock,
    lambda: Arc<Lambda>,
}

impl ApiGateway {
    /// An empty service whose proxy integrations call `lambda`.
    pub(crate) fn new(clock: Clock, lambda: Arc<Lambda>) -> Self {
        Self { clock, lambda }
    }

    /// The control plane: `/restapis`, `/account`, ...
    pub(crate) async fn rest(&self, cx: &Context, request: RestRequest) -> Result<Reply, ApiError> {
        let _ = (cx, &self.clock, &self.lambda);
        Err(ApiError::unknown_operation("apigateway", &request.path))
    }

    /// The data plane: a client's request to `stage` of the API `api`; `request.path` is the path behind the stage.
    pub(crate) async fn execute(&self, cx: &Context, api: &str, stage: &str, request: RestRequest) -> Reply {
        let _ = (cx, api, stage, request);
        Reply::json(404, &serde_json::json!({}))
    }
}
