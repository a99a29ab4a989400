//! The service: runs operations by name.

use std::sync::Arc;

use serde_json::Value;

use super::{put, random, read, remove, store::Store};
use crate::{clock::Clock, context::Context, error::ApiError, kept::Budget, regional::Regional};

/// The most bytes that the values of all secrets may have. AWS has no such limit, and this machine's memory has one.
pub(super) const KEPT_BYTES: usize = 64 << 20;

/// The secrets of every region.
#[derive(Debug)]
pub(crate) struct SecretsManager {
    clock: Clock,
    regions: Regional<Store>,
    /// The values of all secrets and their older versions.
    values: Arc<Budget>,
}

impl SecretsManager {
    /// A service without secrets.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, regions: Regional::default(), values: Arc::new(Budget::new(KEPT_BYTES)) }
    }

    /// How many secrets there are, and the bytes of their values.
    pub(super) fn size(&self) -> (usize, usize) {
        let secrets = self.regions.all().into_iter().map(|(_, store)| store.0.read().len()).sum();
        (secrets, self.values.bytes())
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let store = self.regions.of(&cx.region);
        let now_ms = self.clock.now_ms();
        // Every operation first removes the secrets whose recovery window has ended.
        store.expire(now_ms);
        match operation {
            "CreateSecret" => put::create(&store, cx, now_ms, &self.values, input),
            "PutSecretValue" => put::value(&store, now_ms, &self.values, input),
            "UpdateSecret" => put::update(&store, now_ms, &self.values, input),
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
