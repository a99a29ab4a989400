//! Checks the constraints of an operation's members; the errors have AWS's words.

use std::{fmt::Display, ops::RangeInclusive};

use crate::error::{ApiError, broken_rule, detected};

/// Collects the violations in an input; [`Constraints::finish`] turns them into one `ValidationException`.
#[derive(Debug, Default)]
pub(super) struct Constraints<'a> {
    /// The place of the members, such as `records.1.member.`; empty for those of the input itself.
    path: &'a str,
    broken: Vec<String>,
}

impl<'a> Constraints<'a> {
    /// Constraints of members below `path`.
    pub(super) fn below(path: &'a str) -> Self {
        Self { path, broken: Vec::new() }
    }

    /// A required member.
    pub(super) fn required<T>(&self, value: Option<T>, member: &str) -> Result<T, ApiError> {
        value.ok_or_else(|| ApiError::missing_member(&format!("{}{member}", self.path)))
    }

    /// The name of a stream or the id of a shard.
    pub(super) fn name(mut self, member: &str, value: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !value.chars().all(plain) || value.is_empty() {
            self.broken(value, member, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
        }
        self.length(member, value, 1..=128)
    }

    /// A hash key: a decimal number of at most 39 digits.
    pub(super) fn hash_key(mut self, member: &str, value: &str) -> Self {
        let digits = value.len() <= 39 && value.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || value.is_empty() || (value.len() > 1 && value.starts_with('0')) {
            self.broken(value, member, "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})");
        }
        self
    }

    /// A text's length in characters.
    pub(super) fn length(mut self, member: &str, value: &str, range: RangeInclusive<usize>) -> Self {
        let length = value.chars().count();
        if length < *range.start() {
            let least = format!("Member must have length greater than or equal to {}", range.start());
            self.broken(value, member, least);
        } else if length > *range.end() {
            let most = format!("Member must have length less than or equal to {}", range.end());
            self.broken(value, member, most);
        }
        self
    }

    /// A number that may be absent.
    pub(super) fn number(mut self, member: &str, value: Option<i64>, range: RangeInclusive<i64>) -> Self {
        match value {
            Some(value) if value < *range.start() => {
                let least = format!("Member must have value greater than or equal to {}", range.start());
                self.broken(value, member, least);
            }
            Some(value) if value > *range.end() => {
                let most = format!("Member must have value less than or equal to {}", range.end());
                self.broken(value, member, most);
            }
            _ => {}
        }
        self
    }

    /// A text from a fixed set.
    pub(super) fn one_of(mut self, member: &str, value: &str, set: &[&str]) -> Self {
        if !set.contains(&value) {
            self.broken(value, member, format!("Member must satisfy enum value set: [{}]", set.join(", ")));
        }
        self
    }

    /// A blob's length in bytes.
    pub(super) fn blob(mut self, member: &str, bytes: usize, most: usize) -> Self {
        if bytes > most {
            let value = format!("java.nio.HeapByteBuffer[pos=0 lim={bytes} cap={bytes}]");
            self.broken(value, member, format!("Member must have length less than or equal to {most}"));
        }
        self
    }

    /// How many items a list has.
    pub(super) fn count(mut self, member: &str, items: usize, range: RangeInclusive<usize>) -> Self {
        let value = format!("[{items} items]");
        if items < *range.start() {
            let least = format!("Member must have length greater than or equal to {}", range.start());
            self.broken(value, member, least);
        } else if items > *range.end() {
            self.broken(
                value,
                member,
                format!("Member must have length less than or equal to {}", range.end()),
            );
        }
        self
    }

    /// Succeeds if there are no violations.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        if self.broken.is_empty() { Ok(()) } else { Err(ApiError::validation(detected(&self.broken))) }
    }

    fn broken(&mut self, value: impl Display, member: &str, constraint: impl Display) {
        let member = format!("{}{member}", self.path);
        self.broken.push(broken_rule(format_args!("'{value}'"), &member, constraint));
    }
}

/// A required member of the input itself.
pub(super) fn required<T>(value: Option<T>, member: &str) -> Result<T, ApiError> {
    Constraints::default().required(value, member)
}

/// `InvalidArgumentException`, which Kinesis uses for most mistakes.
pub(super) fn invalid_argument(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidArgumentException", message)
}
