//! The secrets of one region.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::{
    error::ApiError,
    kept::{Budget, Kept},
};

/// The labels that Secrets Manager moves itself [What's in a Secrets Manager secret?].
pub(super) const CURRENT: &str = "AWSCURRENT";
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";

/// The most versions of a secret; those without labels go first [Secrets Manager quotas].
const MOST_VERSIONS: usize = 100;

/// Secrets by name.
#[derive(Debug, Default)]
pub(super) struct Store(pub(super) RwLock<BTreeMap<String, Secret>>);

/// A secret with its versions.
#[derive(Debug, Default)]
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created_ms: i64,
    pub(super) changed_ms: i64,
    /// The day on which a value was read last, in ms since the epoch.
    pub(super) accessed_ms: Option<i64>,
    /// When it is gone for good; none unless it was deleted.
    pub(super) deleted_ms: Option<i64>,
    /// In the order in which they were made.
    pub(super) versions: Vec<Version>,
}

/// One value of a secret.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) content: Content,
    pub(super) created_ms: i64,
    /// The day on which this value was read last, in ms since the epoch.
    pub(super) accessed_ms: Option<i64>,
    pub(super) stages: BTreeSet<String>,
    _kept: Kept,
}

/// A value in the form in which it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Text(String),
    /// In Base64, as on the wire.
    Binary(String),
}

impl Content {
    /// The member of an answer that shows it.
    pub(super) fn shown(&self) -> (&'static str, &str) {
        match self {
            Self::Text(text) => ("SecretString", text),
            Self::Binary(text) => ("SecretBinary", text),
        }
    }
}

impl Store {
    /// Forgets the secrets whose window of recovery is over.
    pub(super) fn expire(&self, now_ms: i64) {
        let is_over = |secret: &Secret| secret.deleted_ms.is_some_and(|at| at <= now_ms);
        if self.0.read().values().any(is_over) {
            self.0.write().retain(|_, secret| !is_over(secret));
        }
    }
}

/// The name of the secret that a client means by its name, its ARN, or its ARN without the six characters at the end.
pub(super) fn named<'s>(secrets: &'s BTreeMap<String, Secret>, id: &str) -> Option<&'s str> {
    let found = match id.split_once(":secret:") {
        Some((_, rest)) => {
            let whole = secrets.values().find(|secret| secret.arn == id);
            whole.or_else(|| secrets.get(rest))
        }
        None => secrets.get(id),
    };
    found.map(|secret| secret.name.as_str())
}

/// The secret that a client means.
pub(super) fn find<'s>(secrets: &'s BTreeMap<String, Secret>, id: &str) -> Result<&'s Secret, ApiError> {
    named(secrets, id).and_then(|name| secrets.get(name)).ok_or_else(not_found)
}

/// The same, to change it; one that is deleted refuses.
pub(super) fn find_mut<'s>(
    secrets: &'s mut BTreeMap<String, Secret>,
    id: &str,
) -> Result<&'s mut Secret, ApiError> {
    let name = named(secrets, id).map(str::to_owned);
    let secret = name.and_then(|name| secrets.get_mut(&name)).ok_or_else(not_found)?;
    secret.check_there()?;
    Ok(secret)
}

pub(super) fn not_found() -> ApiError {
    ApiError::client("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

pub(super) fn refused(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidRequestException", message)
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

impl Secret {
    /// An error for a secret that was deleted and can still be restored.
    pub(super) fn check_there(&self) -> Result<(), ApiError> {
        match self.deleted_ms {
            None => Ok(()),
            Some(_) => Err(refused(
                "You can't perform this operation on the secret because it was marked for deletion.",
            )),
        }
    }

    /// Adds a value under these labels. The same id with the same value changes nothing, so that clients may try again.
    pub(super) fn add(
        &mut self,
        id: &str,
        content: Content,
        stages: BTreeSet<String>,
        now_ms: i64,
        budget: &Arc<Budget>,
    ) -> Result<(), ApiError> {
        if let Some(known) = self.versions.iter().find(|version| version.id == id) {
            if known.content == content {
                return Ok(());
            }
            let message = format!(
                "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {}.",
                self.arn
            );
            return Err(ApiError::client("ResourceExistsException", message));
        }
        let bytes = content.shown().1.len();
        let kept = Kept::claim(budget, bytes).ok_or_else(|| {
            ApiError::client(
                "LimitExceededException",
                format!(
                    "This value has {bytes} bytes and the others have {}; the embedded cloud keeps {} MB of them. Delete \
                     secrets without recovery.",
                    budget.bytes(),
                    budget.most() >> 20
                ),
            )
        })?;
        self.versions.push(Version {
            _kept: kept,
            id: id.to_owned(),
            content,
            created_ms: now_ms,
            accessed_ms: None,
            stages: BTreeSet::new(),
        });
        for label in stages {
            self.move_label(&label, Some(id));
        }
        self.changed_ms = now_ms;
        while self.versions.len() > MOST_VERSIONS {
            let Some(at) = self.versions.iter().position(|version| version.stages.is_empty()) else { break };
            self.versions.remove(at);
        }
        Ok(())
    }

    /// Moves a label to a version, or takes it away. The version that was current becomes the previous one.
    pub(super) fn move_label(&mut self, label: &str, to: Option<&str>) {
        let before = self.labelled(label).map(|version| version.id.clone());
        if before.as_deref() == to {
            return;
        }
        for version in &mut self.versions {
            version.stages.remove(label);
            if Some(version.id.as_str()) == to {
                version.stages.insert(label.to_owned());
            }
        }
        if let (CURRENT, Some(before), Some(_)) = (label, before, to) {
            self.move_label(PREVIOUS, Some(&before));
            // What becomes current is no longer the previous one.
            if let Some(current) = self.versions.iter_mut().find(|version| Some(version.id.as_str()) == to) {
                current.stages.remove(PREVIOUS);
            }
        }
    }

    /// The version with this label.
    pub(super) fn labelled(&self, label: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.contains(label))
    }

    /// The labels of each version that has any.
    pub(super) fn stages(&self) -> Value {
        let labelled = self.versions.iter().filter(|version| !version.stages.is_empty());
        labelled.map(|version| (version.id.clone(), json!(version.stages))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(secret: &Secret) -> Vec<(&str, Vec<&str>)> {
        let versions = secret.versions.iter();
        versions
            .map(|version| (version.id.as_str(), version.stages.iter().map(String::as_str).collect()))
            .collect()
    }

    #[test]
    fn what_was_current_becomes_the_previous_version() {
        let (mut secret, budget) = (Secret::default(), Arc::default());
        let current = || BTreeSet::from([CURRENT.to_owned()]);
        let text = |text: &str| Content::Text(text.to_owned());
        secret.add("1", text("a"), current(), 1, &budget).unwrap();
        secret.add("2", text("b"), current(), 2, &budget).unwrap();
        assert_eq!(stages(&secret), [("1", vec![PREVIOUS]), ("2", vec![CURRENT])]);
        secret.add("3", text("c"), BTreeSet::from(["TRIAL".to_owned()]), 3, &budget).unwrap();
        secret.move_label(CURRENT, Some("1"));
        assert_eq!(stages(&secret), [("1", vec![CURRENT]), ("2", vec![PREVIOUS]), ("3", vec!["TRIAL"])]);
        secret.add("3", text("c"), current(), 4, &budget).unwrap();
        assert_eq!(secret.labelled(CURRENT).unwrap().id, "1", "a second try changes nothing");
        assert_eq!(
            secret.add("3", text("d"), current(), 4, &budget).unwrap_err().code,
            "ResourceExistsException"
        );
        for number in 4..200 {
            secret.add(&number.to_string(), text("x"), current(), number, &budget).unwrap();
        }
        assert_eq!(secret.versions.len(), MOST_VERSIONS);
        assert!(secret.labelled("TRIAL").is_some(), "versions with labels stay");
    }
}
