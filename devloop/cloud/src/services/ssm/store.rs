//! The parameters of one region.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::RwLock;

use crate::{arn::Arn, error::ApiError, kept::Kept};

/// The most versions of a parameter [Working with parameter versions].
const VERSIONS: usize = 100;

/// Parameters by name.
#[derive(Debug, Default)]
pub(crate) struct Store(pub(crate) RwLock<BTreeMap<String, Parameter>>);

/// A parameter with its history, oldest version first.
#[derive(Debug, Default)]
pub(crate) struct Parameter {
    pub(crate) tags: BTreeMap<String, String>,
    versions: VecDeque<Version>,
}

/// One version of a parameter.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) number: i64,
    /// `String`, `StringList` or `SecureString`.
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) allowed_pattern: Option<String>,
    pub(crate) key_id: Option<String>,
    pub(crate) tier: &'static str,
    pub(crate) modified_ms: i64,
    /// The bytes of its texts.
    pub(super) _kept: Kept,
}

impl Parameter {
    /// The latest version; `None` only before the first one is added.
    pub(crate) fn latest(&self) -> Option<&Version> {
        self.versions.back()
    }

    /// The versions that are kept, oldest first.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter()
    }

    /// Adds a version. The oldest one is dropped when there are too many.
    pub(crate) fn push(&mut self, version: Version) {
        self.versions.push_back(version);
        if self.versions.len() > VERSIONS {
            self.versions.pop_front();
        }
    }

    /// The version that a selector such as `3` names; without a selector, the latest one.
    pub(crate) fn select(&self, name: &str, selector: Option<&str>) -> Result<&Version, ApiError> {
        let found = match selector {
            None => self.latest(),
            Some(selector) => {
                let number = selector.parse::<i64>().ok();
                self.versions.iter().find(|version| Some(version.number) == number)
            }
        };
        found.ok_or_else(|| {
            ApiError::client(
                "ParameterVersionNotFound",
                format!(
                    "Systems Manager could not find version {} of {name}. Verify the version and try again.",
                    selector.unwrap_or_default()
                ),
            )
        })
    }
}

impl Version {
    /// The value as a reader gets it, with or without decryption.
    pub(crate) fn shown(&self, decrypted: bool) -> String {
        match &self.key_id {
            Some(key) if !decrypted => format!("kms:{key}:{}", self.value),
            _ => self.value.clone(),
        }
    }
}

/// The error for a parameter that does not exist.
pub(crate) fn not_found(name: &str) -> ApiError {
    ApiError::client("ParameterNotFound", format!("Parameter {name} not found."))
}

/// Splits `name:selector`, or an ARN with or without a selector, into name and selector.
pub(crate) fn split(text: &str) -> (String, Option<&str>) {
    let (text, is_arn) = match Arn::parse(text).and_then(|arn| arn.resource.strip_prefix("parameter/")) {
        Some(name) => (name, true),
        None => (text, false),
    };
    let (name, selector) =
        text.split_once(':').map_or((text, None), |(name, selector)| (name, Some(selector)));
    // The ARN of `/a/b` is `…:parameter/a/b`, and that of `a` is `…:parameter/a`.
    if is_arn && name.contains('/') { (format!("/{name}"), selector) } else { (name.to_owned(), selector) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_selectors_and_arns_are_split() {
        let check = |text: &str, name: &str, selector: Option<&str>| {
            assert_eq!(split(text), (name.to_owned(), selector), "{text}");
        };
        check("a", "a", None);
        check("/a/b:3", "/a/b", Some("3"));
        check("arn:aws:ssm:us-east-1:000000000000:parameter/a/b", "/a/b", None);
        check("arn:aws:ssm:us-east-1:000000000000:parameter/a:2", "a", Some("2"));
    }
}
