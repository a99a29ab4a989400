//! The one error type of the services: what AWS would answer, independent of the protocol.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// An error as a service words it; the gateway renders it in the caller's protocol.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// HTTP status, 400 for most client errors.
    pub status: u16,
    /// The error's shape name, such as `ResourceNotFoundException`.
    pub code: Cow<'static, str>,
    /// The sentence for the person who reads it.
    pub message: String,
    /// Further members of the error's shape, such as `CancellationReasons`.
    pub details: Map<String, Value>,
}

impl ApiError {
    /// An error caused by the client, status 400.
    pub fn client(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    /// An error with the HTTP status that the REST services attach to it.
    pub fn with_status(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), details: Map::new() }
    }

    /// An error of the service itself, status 500: the client may retry.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::with_status(500, "InternalFailure", message)
    }

    /// `ValidationException`, status 400.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::client("ValidationException", message)
    }

    /// The error for a member whose value breaks a constraint of the API's model: "Member must `must`".
    /// `ValidationException`, status 400.
    pub fn constraint(value: impl std::fmt::Display, member: &str, must: &str) -> Self {
        Self::validation(detected(&[violation(value, member, must)]))
    }

    /// The error for a required member that is missing. `ValidationException`, status 400.
    pub fn missing_member(member: &str) -> Self {
        Self::validation(detected(&[absence(member)]))
    }

    /// The error for an operation that the service does not have, or that the embedded cloud does not support. It names the
    /// operation.
    pub fn unknown_operation(service: &str, operation: &str) -> Self {
        Self::client(
            "UnknownOperationException",
            format!("the embedded cloud does not support {service}:{operation}"),
        )
    }

    /// The error for an option that is not implemented. It names the option; options are never silently ignored.
    pub fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::with_status(
            501,
            "NotImplementedException",
            format!("the embedded cloud does not support {what}"),
        )
    }

    /// Adds a member to the error's shape.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Whether the client caused the error (`Sender` in the query protocol).
    pub fn is_client_fault(&self) -> bool {
        self.status < 500
    }
}

/// AWS's sentence for a value that breaks a constraint; `must` follows "Member must".
pub(crate) fn violation(value: impl std::fmt::Display, member: &str, must: &str) -> String {
    broken_rule(format_args!("'{value}'"), member, format_args!("Member must {must}"))
}

/// AWS's sentence for a value that breaks a constraint and that the message does not repeat; `must` follows "Member must".
pub(crate) fn violation_without_value(member: &str, must: impl std::fmt::Display) -> String {
    format!("Value at '{member}' failed to satisfy constraint: Member must {must}")
}

/// AWS's sentence for a required member that is missing.
pub(crate) fn absence(member: &str) -> String {
    broken_rule("null", member, "Member must not be null")
}

/// AWS's sentence for a broken rule in the service's own words; `shown` is the value as the message shows it.
pub(crate) fn broken_rule(
    shown: impl std::fmt::Display,
    member: &str,
    rule: impl std::fmt::Display,
) -> String {
    format!("Value {shown} at '{member}' failed to satisfy constraint: {rule}")
}

/// AWS's sentence for everything in an input that the API's model does not allow.
pub(crate) fn detected(violations: &[String]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    format!("{} validation error{plural} detected: {}", violations.len(), violations.join("; "))
}
