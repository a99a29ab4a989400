//! What IAM stores.

use std::collections::{BTreeMap, BTreeSet};

use super::{errors::not_found, managed};
use crate::error::ApiError;

/// All roles and policies.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) roles: BTreeMap<String, Role>,
    /// Customer managed policies by ARN.
    pub(crate) policies: BTreeMap<String, Policy>,
}

#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) created_ms: i64,
    pub(crate) trust: String,
    pub(crate) description: Option<String>,
    pub(crate) max_session_seconds: i64,
    pub(crate) boundary: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The documents of inline policies, by name.
    pub(crate) inline: BTreeMap<String, String>,
    /// The ARNs of attached managed policies.
    pub(crate) attached: BTreeSet<String>,
}

/// A customer managed policy.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
    pub(crate) description: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The versions by number: 1 is `v1`.
    pub(crate) versions: BTreeMap<u32, Version>,
    pub(crate) default_version: u32,
    /// The number of the latest version ever created.
    pub(crate) latest: u32,
}

/// One version of a policy.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) document: String,
    pub(crate) created_ms: i64,
}

impl State {
    /// The role with this name.
    pub(crate) fn role(&self, name: &str) -> Result<&Role, ApiError> {
        self.roles.get(name).ok_or_else(|| no_role(name))
    }

    /// The role with this name, mutable.
    pub(crate) fn role_mut(&mut self, name: &str) -> Result<&mut Role, ApiError> {
        self.roles.get_mut(name).ok_or_else(|| no_role(name))
    }

    /// The policy with this ARN.
    pub(crate) fn policy(&self, arn: &str) -> Result<&Policy, ApiError> {
        self.policies.get(arn).ok_or_else(|| no_policy(arn))
    }

    /// The policy with this ARN, mutable; fails for one that AWS manages.
    pub(crate) fn policy_mut(&mut self, arn: &str) -> Result<&mut Policy, ApiError> {
        managed::check_own(arn)?;
        self.policies.get_mut(arn).ok_or_else(|| no_policy(arn))
    }

    /// How many roles a policy is attached to.
    pub(crate) fn attachments(&self, arn: &str) -> usize {
        self.roles.values().filter(|role| role.attached.contains(arn)).count()
    }
}

fn no_role(name: &str) -> ApiError {
    not_found(format!("The role with name {name} cannot be found."))
}

fn no_policy(arn: &str) -> ApiError {
    not_found(format!("Policy {arn} was not found."))
}
