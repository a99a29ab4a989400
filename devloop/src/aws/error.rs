//! Why a request failed, and what the user can do about it.

use crate::engine::Problem;

/// How much is shown of an answer without a message, in characters.
const SHOWN: usize = 200;

/// Error codes by which a service throttles.
const THROTTLES: [&str; 5] =
    ["TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown"];

/// Error codes for credentials that have expired.
const EXPIRED: [&str; 3] = ["ExpiredTokenException", "ExpiredToken", "RequestExpired"];

/// Error codes for keys that no account has.
const UNKNOWN_KEYS: [&str; 5] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
];

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// Nobody answers.
    #[error("{endpoint} does not answer: {reason}")]
    Unreachable {
        /// Where it was tried.
        endpoint: String,
        /// The operating system's message.
        reason: String,
    },
    /// The service refuses.
    #[error("{code}: {message}")]
    Refused {
        status: u16,
        /// The service's code, such as `ResourceConflictException`.
        code: String,
        /// The service's message.
        message: String,
    },
    /// There are no credentials.
    #[error("there are no AWS credentials")]
    NoCredentials,
    /// There are credentials, but they cannot be used.
    #[error("get AWS credentials: {0}")]
    Credentials(String),
    /// The request cannot be built or signed.
    #[error("cannot build the request: {0}")]
    Unsendable(String),
    /// The answer cannot be read.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

impl ApiError {
    /// The service refuses. The status stands for a missing code, the beginning of the body for a missing message.
    pub(super) fn refused(status: u16, code: Option<&str>, message: Option<&str>, body: &[u8]) -> Self {
        let beginning = || String::from_utf8_lossy(body).chars().take(SHOWN).collect();
        let code = code.filter(|code| !code.is_empty());
        Self::Refused {
            status,
            code: code.map_or_else(|| format!("status {status}"), str::to_owned),
            message: message.map_or_else(beginning, str::to_owned),
        }
    }

    /// The service's code, where it answered.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            _ => "",
        }
    }

    /// The HTTP status, where there is one.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Refused { status, .. } => *status,
            _ => 0,
        }
    }

    /// Why there was no answer, without the endpoint, for callers that name it themselves.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Unreachable { reason, .. } => reason,
            other => other.to_string(),
        }
    }

    /// Whether the service throttles.
    pub(super) fn is_throttle(&self) -> bool {
        self.status() == 429 || THROTTLES.contains(&self.code())
    }

    /// The error with a code for programs and a hint for people; `action` says what was tried.
    pub(crate) fn problem(&self, action: &str) -> Problem {
        let message = format!("{action}: {self}");
        let code = self.code();
        match self {
            Self::Unreachable { .. } => Problem::new("endpoint_unreachable", message)
                .with_hint("check the network and AWS_ENDPOINT_URL"),
            Self::NoCredentials => Problem::new("credentials_missing", message)
                .with_hint("`aws configure` or `aws sso login` gets some; AWS_PROFILE chooses a profile"),
            Self::Credentials(reason) if reason.contains("sso") || reason.contains("process") => {
                // The SDK's support for them takes two more generated clients.
                Problem::new("credentials_unusable", message).with_hint(
                    "let the AWS CLI get them: eval \"$(aws configure export-credentials --format env)\"",
                )
            }
            Self::Credentials(_) => Problem::new("credentials_unusable", message)
                .with_hint("`aws sts get-caller-identity` shows whether the AWS CLI fares better"),
            Self::Refused { .. } if EXPIRED.contains(&code) => Problem::new("credentials_expired", message)
                .with_hint(
                    "log in again (`aws sso login`, or new session keys), then save any source file again",
                ),
            Self::Refused { .. } if UNKNOWN_KEYS.contains(&code) => {
                Problem::new("credentials_invalid", message).with_hint(
                    "check AWS_ACCESS_KEY_ID and AWS_PROFILE: the account does not know these keys",
                )
            }
            Self::Refused { status: 403, .. } => Problem::new("access_denied", message)
                .with_hint("the credentials need the permission that the message names"),
            Self::Refused { .. } if self.is_throttle() => Problem::new("throttled", message)
                .with_hint("AWS throttled every attempt: wait a minute, then save again"),
            Self::Refused { .. } | Self::Unsendable(_) | Self::Unreadable(_) => {
                Problem::new("aws_refused", message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApiError;

    fn check(error: ApiError, code: &str, hint: &str) {
        let problem = error.problem("update up");
        assert_eq!(problem.code, code, "{error}");
        assert!(problem.message.starts_with("update up: "), "{}", problem.message);
        assert!(problem.hint.unwrap_or_default().contains(hint), "{error}");
    }

    fn refused(status: u16, code: &str) -> ApiError {
        ApiError::Refused { status, code: code.to_owned(), message: "because".to_owned() }
    }

    #[test]
    fn every_cause_has_its_next_step() {
        check(ApiError::NoCredentials, "credentials_missing", "aws configure");
        check(
            ApiError::Credentials("needs the feature sso".to_owned()),
            "credentials_unusable",
            "export-credentials",
        );
        check(refused(403, "ExpiredTokenException"), "credentials_expired", "log in again");
        check(refused(403, "InvalidClientTokenId"), "credentials_invalid", "AWS_ACCESS_KEY_ID");
        check(refused(403, "AccessDeniedException"), "access_denied", "permission");
        check(refused(429, "TooManyRequestsException"), "throttled", "wait a minute");
        check(refused(400, "Odd"), "aws_refused", "");
    }
}
