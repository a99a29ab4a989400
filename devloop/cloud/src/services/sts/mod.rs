//! STS: who the caller is, and temporary credentials.
//!
//! There is one account and one caller, its root: signatures are not checked, so credentials of any kind are accepted
//! everywhere, and those made here lead to the same caller. Tokens of identity providers and SAML assertions cannot be
//! checked offline; the operations that take them are refused by name.

mod about;

use rand::Rng as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::iam::{constraint, identifier, missing, validation};
use crate::{arn::Arn, clock::Clock, context::Context, error::ApiError, wire};

/// How long credentials last without a wish, and at least, in s [AssumeRole; GetSessionToken].
const ROLE_SECONDS: i64 = 3_600;
const SESSION_SECONDS: i64 = 43_200;
const SHORTEST_SECONDS: i64 = 900;

/// The service.
#[derive(Debug)]
pub(crate) struct Sts {
    clock: Clock,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    role_arn: Option<String>,
    role_session_name: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    duration_seconds: Option<i64>,
    source_identity: Option<String>,
    name: Option<String>,
    access_key_id: Option<String>,
}

impl Sts {
    /// The service, whose credentials expire by `clock`.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let input: Input = wire::read(input)?;
        match operation {
            "GetCallerIdentity" => Ok(json!({
                "UserId": &*cx.account,
                "Account": &*cx.account,
                "Arn": format!("arn:aws:iam::{}:root", cx.account),
            })),
            "GetAccessKeyInfo" => {
                input.access_key_id.ok_or_else(|| missing("accessKeyId"))?;
                Ok(json!({"Account": &*cx.account}))
            }
            "AssumeRole" => self.assume_role(&input),
            "GetSessionToken" => {
                let seconds = duration(input.duration_seconds, SESSION_SECONDS, 129_600)?;
                Ok(json!({"Credentials": self.credentials(seconds)}))
            }
            "GetFederationToken" => {
                let seconds = duration(input.duration_seconds, SESSION_SECONDS, 129_600)?;
                let name = session_name(input.name.as_deref(), "name", 32)?;
                Ok(json!({
                    "Credentials": self.credentials(seconds),
                    "FederatedUser": {
                        "FederatedUserId": format!("{}:{name}", cx.account),
                        "Arn": format!("arn:aws:sts::{}:federated-user/{name}", cx.account),
                    },
                    "PackedPolicySize": 0,
                }))
            }
            _ => Err(ApiError::unknown_operation("sts", operation)),
        }
    }

    /// [AssumeRole, STS API reference]. The role need not exist and its trust policy is not evaluated.
    fn assume_role(&self, input: &Input) -> Result<Value, ApiError> {
        let arn = input.role_arn.as_deref().ok_or_else(|| missing("roleArn"))?;
        let session = session_name(input.role_session_name.as_deref(), "roleSessionName", 64)?;
        let seconds = duration(input.duration_seconds, ROLE_SECONDS, 43_200)?;
        let (account, role) = role(arn).ok_or_else(|| validation(format!("{arn} is invalid")))?;
        let mut output = json!({
            "Credentials": self.credentials(seconds),
            "AssumedRoleUser": {
                "AssumedRoleId": format!("{}:{session}", identifier("AROA", 17)),
                "Arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            },
            "PackedPolicySize": 0,
        });
        if let Some(identity) = &input.source_identity {
            output["SourceIdentity"] = identity.as_str().into();
        }
        Ok(output)
    }

    fn credentials(&self, seconds: i64) -> Value {
        // Expirations have no fraction on AWS, and some clients cannot read one.
        let expiration = (self.clock.now_ms() / 1_000 + seconds) * 1_000;
        json!({
            "AccessKeyId": identifier("ASIA", 16),
            "SecretAccessKey": random_text(40),
            "SessionToken": random_text(212),
            "Expiration": wire::time(expiration),
        })
    }
}

fn random_text(length: usize) -> String {
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(length).map(char::from).collect()
}

/// Account and name of the role in an ARN; the role's path is not part of an assumed role's ARN.
fn role(arn: &str) -> Option<(&str, &str)> {
    let Arn { account, resource, .. } = Arn::of_service("iam", arn).filter(|arn| arn.region.is_empty())?;
    let role = resource.strip_prefix("role/")?;
    let name = role.rsplit('/').next().filter(|name| !name.is_empty())?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some((account, name))
}

fn session_name<'a>(name: Option<&'a str>, member: &str, longest: usize) -> Result<&'a str, ApiError> {
    let name = name.ok_or_else(|| missing(member))?;
    let fits = (2..=longest).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if fits {
        return Ok(name);
    }
    Err(constraint(name, member, "satisfy regular expression pattern: [\\w+=,.@-]*"))
}

fn duration(wanted: Option<i64>, usual: i64, longest: i64) -> Result<i64, ApiError> {
    match wanted {
        None => Ok(usual),
        Some(seconds) if seconds < SHORTEST_SECONDS => Err(constraint(
            &seconds.to_string(),
            "durationSeconds",
            &format!("have value greater than or equal to {SHORTEST_SECONDS}"),
        )),
        Some(seconds) if seconds > longest => Err(constraint(
            &seconds.to_string(),
            "durationSeconds",
            &format!("have value less than or equal to {longest}"),
        )),
        Some(seconds) => Ok(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_in_their_arns() {
        let check = |arn: &str, expected: Option<(&str, &str)>| assert_eq!(role(arn), expected, "{arn}");
        check("arn:aws:iam::000000000000:role/name", Some(("000000000000", "name")));
        check("arn:aws:iam::123456789012:role/a/path/name", Some(("123456789012", "name")));
        check("arn:aws:iam::123:role/name", None);
        check("arn:aws:iam::000000000000:user/name", None);
        check("arn:aws:iam::000000000000:role/", None);
        check("name", None);
    }
}
