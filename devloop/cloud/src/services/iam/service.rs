//! The service: runs operations by name.

use parking_lot::Mutex;
use serde_json::Value;

use super::{input::Members, policies, role_policies, roles, state::State};
use crate::{clock::Clock, context::Context, error::ApiError};

#[derive(Debug)]
pub(crate) struct Iam {
    clock: Clock,
    state: Mutex<State>,
}

/// What an operation gets besides the state.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) account: &'a str,
    pub(crate) now_ms: i64,
    pub(crate) input: Members,
}

impl Scope<'_> {
    /// An ARN of this account for `resource`, such as `role/path/name`.
    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("arn:aws:iam::{}:{resource}", self.account)
    }
}

impl Iam {
    /// A service without roles and policies.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// The id of the role with this ARN, and the longest session that it allows, in seconds; `None` if there is no such role.
    pub(crate) fn session_of(&self, role_arn: &str) -> Option<(String, i64)> {
        let state = self.state.lock();
        let role = state.roles.values().find(|role| role.arn == role_arn)?;
        Some((role.id.clone(), role.max_session_seconds))
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let run = operations(operation).ok_or_else(|| ApiError::unknown_operation("iam", operation))?;
        // Times in IAM's output have no fraction of a second.
        let now_ms = self.clock.now_ms() / 1_000 * 1_000;
        run(&mut self.state.lock(), &Scope { account: &cx.account, now_ms, input: Members(input) })
    }
}

type Operation = fn(&mut State, &Scope<'_>) -> Result<Value, ApiError>;

fn operations(name: &str) -> Option<Operation> {
    Some(match name {
        "CreateRole" => roles::create,
        "GetRole" => roles::get,
        "ListRoles" => roles::list,
        "UpdateRole" => roles::update,
        "UpdateRoleDescription" => roles::update_description,
        "UpdateAssumeRolePolicy" => roles::update_trust,
        "DeleteRole" => roles::delete,
        "TagRole" => roles::tag,
        "UntagRole" => roles::untag,
        "ListRoleTags" => roles::tags,
        "ListInstanceProfilesForRole" => roles::instance_profiles,
        "CreateServiceLinkedRole" => roles::create_service_linked,
        "DeleteServiceLinkedRole" => roles::delete_service_linked,
        "GetServiceLinkedRoleDeletionStatus" => roles::deletion_status,
        "AttachRolePolicy" => role_policies::attach,
        "DetachRolePolicy" => role_policies::detach,
        "ListAttachedRolePolicies" => role_policies::list_attached,
        "PutRolePolicy" => role_policies::put,
        "GetRolePolicy" => role_policies::get,
        "DeleteRolePolicy" => role_policies::delete,
        "ListRolePolicies" => role_policies::list,
        "CreatePolicy" => policies::create,
        "GetPolicy" => policies::get,
        "ListPolicies" => policies::list,
        "DeletePolicy" => policies::delete,
        "CreatePolicyVersion" => policies::create_version,
        "GetPolicyVersion" => policies::get_version,
        "ListPolicyVersions" => policies::list_versions,
        "DeletePolicyVersion" => policies::delete_version,
        "SetDefaultPolicyVersion" => policies::set_default,
        "ListEntitiesForPolicy" => policies::entities,
        "TagPolicy" => policies::tag,
        "UntagPolicy" => policies::untag,
        "ListPolicyTags" => policies::tags,
        _ => return None,
    })
}
