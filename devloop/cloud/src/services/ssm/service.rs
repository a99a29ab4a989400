//! The service: runs operations by name.

use serde_json::Value;

use super::{put, read, store::Store, tags};
use crate::{clock::Clock, context::Context, error::ApiError, regional::Regional};

/// The most bytes that the values of all parameters and their older versions may have. AWS bounds their number, and this
/// machine's memory is bounded too.
pub(super) const KEPT_BYTES: usize = 64 << 20;

/// The parameter store.
#[derive(Debug)]
pub(crate) struct Ssm {
    clock: Clock,
    regions: Regional<Store>,
}

impl Ssm {
    /// A store without parameters.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, regions: Regional::default() }
    }

    /// How many parameters there are, and the bytes of their values, those of older versions included.
    pub(super) fn size(&self) -> (usize, usize) {
        let sizes = self.regions.all().into_iter().map(|(_, store)| store.size());
        sizes.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let store = self.regions.of(&cx.region);
        match operation {
            "PutParameter" if self.size().1 >= KEPT_BYTES => Err(ApiError::client(
                "ParameterLimitExceeded",
                format!(
                    "the parameters have {KEPT_BYTES} bytes, the most that this cloud keeps; delete some"
                ),
            )),
            "PutParameter" => put::put(&store, self.clock.now_ms(), input),
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
