//! The service: runs operations by name.

use serde_json::Value;

use super::repositories::{self, Store};
use crate::{clock::Clock, context::Context, error::ApiError, regional::Regional};

/// The repositories of every region.
#[derive(Debug)]
pub(crate) struct Ecr {
    clock: Clock,
    regions: Regional<Store>,
}

impl Ecr {
    /// A service without repositories.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, regions: Regional::default() }
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let store = self.regions.of(&cx.region);
        match operation {
            "CreateRepository" => repositories::create(&store, cx, self.clock.now_ms(), &input),
            "DescribeRepositories" => repositories::describe(&store, cx, &input),
            "DeleteRepository" => repositories::delete(&store, cx, &input),
            "PutImageTagMutability" => repositories::set_mutability(&store, cx, &input),
            "PutImageScanningConfiguration" => repositories::set_scanning(&store, cx, &input),
            "PutLifecyclePolicy" => repositories::put_lifecycle(&store, cx, &input),
            "GetLifecyclePolicy" => repositories::lifecycle(&store, cx, &input, false),
            "DeleteLifecyclePolicy" => repositories::lifecycle(&store, cx, &input, true),
            "SetRepositoryPolicy" => repositories::set_policy(&store, cx, &input),
            "GetRepositoryPolicy" => repositories::policy(&store, cx, &input, false),
            "DeleteRepositoryPolicy" => repositories::policy(&store, cx, &input, true),
            "TagResource" => repositories::tag(&store, cx, &input),
            "UntagResource" => repositories::untag(&store, cx, &input),
            "ListTagsForResource" => repositories::tags(&store, cx, &input),
            _ => Err(ApiError::unknown_operation("ecr", operation)),
        }
    }
}
