//! STS: the caller's identity, and temporary credentials.
//!
//! There is one account. Signatures are not verified, so credentials of any kind are accepted and allow everything.
//! `GetCallerIdentity` returns the role of temporary credentials until they expire, and the account's root for all other
//! credentials. Tokens of identity providers and SAML assertions cannot be verified offline, so the operations that take
//! them are refused by name.

mod about;

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use rand::Rng as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::iam::{Iam, constraint, identifier, lasting_identifier, missing, validation};
use crate::{arn::Arn, clock::Clock, context::Context, error::ApiError, wire};

/// The default and the shortest lifetime of credentials, in seconds [AssumeRole; GetSessionToken].
const ROLE_SECONDS: i64 = 3_600;
const SESSION_SECONDS: i64 = 43_200;
const SHORTEST_SECONDS: i64 = 900;

/// How many temporary credentials are remembered. The oldest are forgotten first, and then count as root.
const CALLERS: usize = 10_000;

/// The service.
#[derive(Debug)]
pub(crate) struct Sts {
    clock: Clock,
    /// Knows the roles.
    iam: Arc<Iam>,
    /// The owners of temporary credentials; the latest is the last.
    callers: Mutex<VecDeque<Caller>>,
}

/// The owner of temporary credentials.
#[derive(Debug, Clone)]
struct Caller {
    access_key: String,
    user_id: String,
    arn: String,
    ends_ms: i64,
}

impl Caller {
    /// Whether the credentials are those of a role; to assume another role with them is role chaining.
    fn is_role(&self) -> bool {
        Arn::parse(&self.arn).is_some_and(|arn| arn.resource.starts_with("assumed-role/"))
    }
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
    /// The service. Its credentials expire by `clock`.
    pub(crate) fn new(clock: Clock, iam: Arc<Iam>) -> Self {
        Self { clock, iam, callers: Mutex::default() }
    }

    /// Runs one operation by its API name.
    #[expect(clippy::unused_async, reason = "every service is called alike")]
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        let input: Input = wire::read(input)?;
        match operation {
            "GetCallerIdentity" => Ok(self.identity(cx)),
            "GetAccessKeyInfo" => {
                input.access_key_id.ok_or_else(|| missing("accessKeyId"))?;
                Ok(json!({"Account": &*cx.account}))
            }
            "AssumeRole" => self.assume_role(cx, &input),
            "GetSessionToken" => {
                let seconds = duration(input.duration_seconds, SESSION_SECONDS, 129_600)?;
                let credentials = self.credentials(seconds);
                Ok(json!({"Credentials": credentials.shown}))
            }
            "GetFederationToken" => {
                let seconds = duration(input.duration_seconds, SESSION_SECONDS, 129_600)?;
                let name = session_name(input.name.as_deref(), "name", 32)?;
                let credentials = self.credentials(seconds);
                let user_id = format!("{}:{name}", cx.account);
                let arn = format!("arn:aws:sts::{}:federated-user/{name}", cx.account);
                self.remember(&credentials, &user_id, &arn);
                Ok(json!({
                    "Credentials": credentials.shown,
                    "FederatedUser": { "FederatedUserId": user_id, "Arn": arn },
                    "PackedPolicySize": 0,
                }))
            }
            _ => Err(ApiError::unknown_operation("sts", operation)),
        }
    }

    /// [AssumeRole, STS API reference]. The role need not exist and its trust policy is not evaluated.
    fn assume_role(&self, cx: &Context, input: &Input) -> Result<Value, ApiError> {
        let arn = input.role_arn.as_deref().ok_or_else(|| missing("roleArn"))?;
        let session = session_name(input.role_session_name.as_deref(), "roleSessionName", 64)?;
        let seconds = duration(input.duration_seconds, ROLE_SECONDS, 43_200)?;
        let (parsed, role) = role(arn)
            .filter(|(arn, _)| is_partition_of(arn.partition, &cx.region))
            .ok_or_else(|| validation(format!("{arn} is invalid")))?;
        if seconds > ROLE_SECONDS && self.caller(cx).is_some_and(|caller| caller.is_role()) {
            return Err(validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ));
        }
        let role_id = match self.iam.session_of(arn) {
            Some((_, longest)) if seconds > longest => {
                return Err(validation(
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                ));
            }
            Some((id, _)) => id,
            None => lasting_identifier("AROA", arn),
        };
        let credentials = self.credentials(seconds);
        let user_id = format!("{role_id}:{session}");
        let Arn { partition, account, .. } = parsed;
        let session_arn = format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}");
        self.remember(&credentials, &user_id, &session_arn);
        let mut output = json!({
            "Credentials": credentials.shown,
            "AssumedRoleUser": { "AssumedRoleId": user_id, "Arn": session_arn },
            "PackedPolicySize": 0,
        });
        if let Some(identity) = &input.source_identity {
            output["SourceIdentity"] = identity.as_str().into();
        }
        Ok(output)
    }

    /// The caller's identity: the owner of the request's access key until it expires, or else the account's root.
    fn identity(&self, cx: &Context) -> Value {
        match self.caller(cx) {
            Some(caller) => {
                // The role's account may differ from this cloud's.
                let account = Arn::parse(&caller.arn).map_or(&*cx.account, |arn| arn.account);
                json!({ "UserId": caller.user_id, "Account": account, "Arn": caller.arn })
            }
            None => json!({
                "UserId": &*cx.account,
                "Account": &*cx.account,
                "Arn": format!("arn:aws:iam::{}:root", cx.account),
            }),
        }
    }

    /// The owner of the request's access key, until it expires.
    fn caller(&self, cx: &Context) -> Option<Caller> {
        let (key, now_ms) = (cx.access_key.as_deref()?, self.clock.now_ms());
        let callers = self.callers.lock();
        callers.iter().find(|caller| caller.access_key == key && caller.ends_ms > now_ms).cloned()
    }

    fn remember(&self, credentials: &Credentials, user_id: &str, arn: &str) {
        let mut callers = self.callers.lock();
        if callers.len() == CALLERS {
            callers.pop_front();
        }
        callers.push_back(Caller {
            access_key: credentials.access_key.clone(),
            user_id: user_id.to_owned(),
            arn: arn.to_owned(),
            ends_ms: credentials.ends_ms,
        });
    }

    fn credentials(&self, seconds: i64) -> Credentials {
        // On AWS the expiration has no fraction of a second, and some clients cannot parse one.
        let ends_ms = (self.clock.now_ms() / 1_000 + seconds) * 1_000;
        let access_key = identifier("ASIA", 16);
        let shown = json!({
            "AccessKeyId": access_key,
            "SecretAccessKey": random_text(40),
            "SessionToken": random_text(212),
            "Expiration": wire::time(ends_ms),
        });
        Credentials { access_key, ends_ms, shown }
    }
}

/// Temporary credentials.
struct Credentials {
    access_key: String,
    ends_ms: i64,
    /// The credentials in the form of the API's output.
    shown: Value,
}

fn random_text(length: usize) -> String {
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(length).map(char::from).collect()
}

/// The parts of a role's ARN, and the role's name. The role's path is not part of an assumed role's ARN.
fn role(text: &str) -> Option<(Arn<'_>, &str)> {
    let arn = Arn::of_service("iam", text).filter(|arn| arn.region.is_empty())?;
    let role = arn.resource.strip_prefix("role/")?;
    let (path, name) = role.rsplit_once('/').unwrap_or(("", role));
    let has_path = role.len() == name.len()
        || path.split('/').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic()));
    let has_name = (1..=64).contains(&name.len()) && name.bytes().all(is_name);
    let has_account = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
    (has_path && has_name && has_account).then_some((arn, name))
}

/// Whether ARNs of this partition belong to a region. The embedded cloud's own ARNs have the partition `aws` everywhere.
fn is_partition_of(partition: &str, region: &str) -> bool {
    match partition {
        "aws" => true,
        "aws-cn" => region.starts_with("cn-"),
        "aws-us-gov" => region.starts_with("us-gov-"),
        _ => false,
    }
}

/// Whether the names of roles and sessions may contain the letter.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}

fn session_name<'a>(name: Option<&'a str>, member: &str, longest: usize) -> Result<&'a str, ApiError> {
    let name = name.ok_or_else(|| missing(member))?;
    let fits = (2..=longest).contains(&name.len()) && name.bytes().all(is_name);
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

    #[tokio::test]
    async fn the_caller_is_the_role_while_its_credentials_last() {
        let clock = Clock::manual(1_800_000_000_000);
        let sts = Sts::new(clock.clone(), Arc::new(Iam::new(clock.clone())));
        let mut cx = crate::context::Home::new("000000000000", "us-east-1").context("us-east-1");
        let role = "arn:aws:iam::123456789012:role/path/deployer";
        let assumed = json!({ "RoleArn": role, "RoleSessionName": "me", "DurationSeconds": 900 });
        let answer = sts.call(&cx, "AssumeRole", assumed).await.unwrap();
        let root = sts.call(&cx, "GetCallerIdentity", json!({})).await.unwrap();
        assert_eq!(root["Arn"], "arn:aws:iam::000000000000:root");
        cx.access_key = answer["Credentials"]["AccessKeyId"].as_str().map(Into::into);
        let identity = sts.call(&cx, "GetCallerIdentity", json!({})).await.unwrap();
        assert_eq!(identity["Arn"], "arn:aws:sts::123456789012:assumed-role/deployer/me");
        assert_eq!(
            (&identity["Account"], &identity["UserId"]),
            (&json!("123456789012"), &answer["AssumedRoleUser"]["AssumedRoleId"])
        );
        clock.advance(std::time::Duration::from_secs(900));
        let after = sts.call(&cx, "GetCallerIdentity", json!({})).await.unwrap();
        assert_eq!(after["Arn"], "arn:aws:iam::000000000000:root");
    }

    #[tokio::test]
    async fn a_session_is_bound_by_its_role() {
        let clock = Clock::manual(1_800_000_000_000);
        let iam = Arc::new(Iam::new(clock.clone()));
        let sts = Sts::new(clock, Arc::clone(&iam));
        let mut cx = crate::context::Home::new("000000000000", "us-east-1").context("us-east-1");
        let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": "{}", "MaxSessionDuration": 7_200 });
        let role = iam.call(&cx, "CreateRole", role).await.unwrap()["Role"].take();
        let input = |arn: &Value, seconds: i64| json!({ "RoleArn": arn, "RoleSessionName": "me", "DurationSeconds": seconds });
        let answer = sts.call(&cx, "AssumeRole", input(&role["Arn"], 7_200)).await.unwrap();
        let id = format!("{}:me", role["RoleId"].as_str().unwrap());
        assert_eq!(answer["AssumedRoleUser"]["AssumedRoleId"], id.as_str());
        let error = sts.call(&cx, "AssumeRole", input(&role["Arn"], 7_201)).await.unwrap_err();
        assert!(error.message.contains("MaxSessionDuration"), "{error}");

        let unknown = json!("arn:aws:iam::000000000000:role/unknown");
        let first = sts.call(&cx, "AssumeRole", input(&unknown, 43_200)).await.unwrap();
        let second = sts.call(&cx, "AssumeRole", input(&unknown, 43_200)).await.unwrap();
        assert_eq!(first["AssumedRoleUser"], second["AssumedRoleUser"]);

        cx.access_key = answer["Credentials"]["AccessKeyId"].as_str().map(Into::into);
        let error = sts.call(&cx, "AssumeRole", input(&unknown, 3_601)).await.unwrap_err();
        assert!(error.message.contains("role chaining"), "{error}");
        sts.call(&cx, "AssumeRole", input(&unknown, 3_600)).await.unwrap();
        let abroad = json!("arn:aws-cn:iam::000000000000:role/r");
        let error = sts.call(&cx, "AssumeRole", input(&abroad, 900)).await.unwrap_err();
        assert_eq!(error.code, "ValidationError");
    }

    #[test]
    fn roles_are_found_in_their_arns() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            assert_eq!(role(text).map(|(arn, name)| (arn.account, name)), expected, "{text}");
        };
        check("arn:aws:iam::000000000000:role/name", Some(("000000000000", "name")));
        check("arn:aws:iam::123456789012:role/a/path/name", Some(("123456789012", "name")));
        check("arn:aws:iam::123:role/name", None);
        check("arn:aws:iam::000000000000:user/name", None);
        check("arn:aws:iam::000000000000:role/", None);
        check("arn:aws:iam::000000000000:role/bad name", None);
        check("arn:aws:iam::000000000000:role//x", None);
        check(&format!("arn:aws:iam::000000000000:role/{}", "x".repeat(65)), None);
        check("name", None);
    }
}
