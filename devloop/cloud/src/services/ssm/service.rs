//! The service: runs operations by name.

use std::sync::Arc;

use serde_json::Value;

use super::{put, read, store::Store, tags};
use crate::{clock::Clock, context::Context, error::ApiError, kept::Budget, regional::Regional};

/// The most bytes that the values of all parameters and their older versions may have, with their descriptions. AWS bounds their number, and this
/// machine's memory is bounded too.
pub(super) const KEPT_BYTES: usize = 64 << 20;

/// The parameter store.
#[derive(Debug)]
pub(crate) struct Ssm {
    clock: Clock,
    regions: Regional<Store>,
    /// The texts of all parameters and their older versions.
    values: Arc<Budget>,
}

impl Ssm {
    /// A store without parameters.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, regions: Regional::default(), values: Arc::new(Budget::new(KEPT_BYTES)) }
    }

    /// How many parameters there are, and the bytes of their values, those of older versions included.
    pub(super) fn size(&self) -> (usize, usize) {
        let parameters = self.regions.all().into_iter().map(|(_, store)| store.0.read().len()).sum();
        (parameters, self.values.bytes())
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let store = self.regions.of(&cx.region);
        match operation {
            "PutParameter" => put::put(&store, self.clock.now_ms(), &self.values, input),
            "DeleteParameter" => put::delete(&store, input),
            "DeleteParameters" => put::delete_many(&store, input),
            "GetParameter" => read::get(&store, cx, input),
            "GetParameters" => read::get_many(&store, cx, input),
            "GetParametersByPath" => read::by_path(&store, cx, input),
            "GetParameterHistory" => read::history(&store, cx, input),
            "DescribeParameters" => read::describe(&store, cx, input),
            "AddTagsToResource" => tags::add(&store, input),
            "RemoveTagsFromResource" => tags::remove(&store, input),
            "ListTagsForResource" => tags::list(&store, input),
            _ => Err(ApiError::unknown_operation("ssm", operation)),
        }
    }
}
