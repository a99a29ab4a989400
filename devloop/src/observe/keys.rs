//! The keys that requests to AWS are signed with, as the SDK looks for them: variables, profiles, roles.

use crate::engine::Problem;
use crate::http::{Trust, chain, connector, find_keys};
use crate::observe::Keys;

/// The keys of this moment.
pub(crate) async fn find(region: &str) -> Result<Keys, Problem> {
    let found = find_keys(region, connector(Trust::Machine)).await.map_err(|error| {
        let reason = chain(&error);
        Problem::new("keys_missing", format!("find keys for AWS: {reason}")).with_hint(
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
             `aws configure export-credentials --format env` prints those of a login",
        )
    })?;
    Ok(Keys {
        id: found.access_key_id().to_owned(),
        secret: found.secret_access_key().to_owned(),
        token: found.session_token().map(str::to_owned),
    })
}
