//! The service: runs operations by name.

use serde_json::Value;

use super::{put, random, read, remove, store::Store};
use crate::{clock::Clock, context::Context, error::ApiError, regional::Regional};

/// The most bytes that the values of all secrets may have. AWS has no such limit, and this machine's memory has one.
pub(super) const KEPT_BYTES: usize = 64 << 20;

/// The secrets of every region.
#[derive(Debug)]
pub(crate) struct SecretsManager {
    clock: Clock,
    regions: Regional<Store>,
}

impl SecretsManager {
    /// A service without secrets.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, regions: Regional::default() }
    }

    /// How many secrets there are, and the bytes of their values.
    pub(super) fn size(&self) -> (usize, usize) {
        let sizes = self.regions.all().into_iter().map(|(_, store)| store.size());
        sizes.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let store = self.regions.of(&cx.region);
        let now_ms = self.clock.now_ms();
        // Every operation first removes the secrets whose recovery window has ended.
        store.expire(now_ms);
        let adds = matches!(operation, "CreateSecret" | "PutSecretValue" | "UpdateSecret");
        if adds && self.size().1 >= KEPT_BYTES {
            return Err(ApiError::client(
                "LimitExceededException",
                format!("the secrets have {KEPT_BYTES} bytes, the most that this cloud keeps; delete some"),
            ));
        }
        match operation {
            "CreateSecret" => put::create(&store, cx, now_ms, input),
            "PutSecretValue" => put::value(&store, now_ms, input),
            "UpdateSecret" => put::update(&store, now_ms, input),
            "UpdateSecretVersionStage" => put::stage(&store, now_ms, input),
            "TagResource" => put::tag(&store, input),
            "UntagResource" => put::untag(&store, input),
            "PutResourcePolicy" => put::policy(&store, input),
            "DeleteResourcePolicy" => remove::policy(&store, input),
            "GetResourcePolicy" => read::policy(&store, input),
            "GetSecretValue" => read::value(&store, now_ms, input),
            "BatchGetSecretValue" => read::values(&store, now_ms, input),
            "DescribeSecret" => read::describe(&store, input),
            "ListSecrets" => read::list(&store, input),
            "ListSecretVersionIds" => read::versions(&store, input),
            "GetRandomPassword" => random::operation(input),
            "DeleteSecret" => remove::delete(&store, cx, now_ms, input),
            "RestoreSecret" => remove::restore(&store, input),
            _ => Err(ApiError::unknown_operation("secretsmanager", operation)),
        }
    }
}
