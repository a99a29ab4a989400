//! AWS managed policies. They exist by their ARN, as in [AWS managed policy reference].
//!
//! The cloud has no list of all of them, so any ARN below `arn:aws:iam::aws:policy/` with a valid policy name is accepted.
//! It knows the documents of the policies that roles of functions usually have; other documents are refused by name.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{errors::denied, identifier::lasting_identifier, service::Scope, state::State};
use crate::{arn::Arn, error::ApiError, wire};

/// The creation time of all managed policies: the day of IAM's first ones.
const CREATED_MS: i64 = 1_423_222_800_000;

/// What a role needs to write logs.
const LOGS: &[&str] = &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

/// Path and name of a policy, and the actions that it allows on every resource.
const DOCUMENTS: &[(&str, &[&[&str]])] = &[
    ("AdministratorAccess", &[&["*"]]),
    ("service-role/AWSLambdaBasicExecutionRole", &[LOGS]),
    (
        "service-role/AWSLambdaDynamoDBExecutionRole",
        &[
            &[
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ],
            LOGS,
        ],
    ),
    (
        "service-role/AWSLambdaKinesisExecutionRole",
        &[
            &[
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
                "kinesis:ListStreams",
                "kinesis:SubscribeToShard",
            ],
            LOGS,
        ],
    ),
    (
        "service-role/AWSLambdaSQSQueueExecutionRole",
        &[&["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], LOGS],
    ),
];

/// Path and name of the AWS managed policy with this ARN, such as `service-role/AWSLambdaBasicExecutionRole`.
pub(super) fn name(arn: &str) -> Option<&str> {
    let parsed = Arn::of_service("iam", arn).filter(|arn| arn.account == "aws" && arn.region.is_empty())?;
    let name = parsed.resource.strip_prefix("policy/")?;
    let fits = |part: &str| {
        !part.is_empty()
            && part.len() <= 128
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
    };
    name.split('/').all(fits).then_some(name)
}

/// [GetPolicy, IAM API reference]
pub(super) fn get(state: &State, arn: &str, name: &str) -> Value {
    let (path, name) =
        name.rsplit_once('/').map_or(("/".to_owned(), name), |(path, name)| (format!("/{path}/"), name));
    json!({ "Policy": {
        "PolicyName": name,
        "PolicyId": lasting_identifier("ANPA", arn),
        "Arn": arn,
        "Path": path,
        "DefaultVersionId": "v1",
        "AttachmentCount": state.attachments(arn),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "CreateDate": wire::time(CREATED_MS),
        "UpdateDate": wire::time(CREATED_MS),
    } })
}

/// [GetPolicyVersion, IAM API reference]
pub(super) fn get_version(scope: &Scope<'_>, name: &str) -> Result<Value, ApiError> {
    let version = scope.input.required("VersionId")?;
    let known = DOCUMENTS.iter().find(|(known, _)| *known == name).filter(|_| version == "v1");
    let (_, allowed) = known.ok_or_else(|| {
        ApiError::unsupported(format_args!(
            "the document of the policy {name} that AWS manages, version {version}"
        ))
    })?;
    let actions: Vec<&str> = allowed.iter().flat_map(|actions| actions.iter().copied()).collect();
    let statement = json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]);
    let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    Ok(json!({ "PolicyVersion": {
        "Document": super::input::encoded(&document),
        "VersionId": "v1",
        "IsDefaultVersion": true,
        "CreateDate": wire::time(CREATED_MS),
    } }))
}

/// [ListPolicyVersions, IAM API reference]
pub(super) fn list_versions(scope: &Scope<'_>) -> Result<Value, ApiError> {
    let version =
        json!({ "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": wire::time(CREATED_MS) });
    scope.input.page("Versions", [("v1".to_owned(), version)])
}

/// The managed policies that are attached to roles, by ARN, with their paths.
pub(super) fn attached(state: &State) -> impl Iterator<Item = (&str, String, Value)> {
    let arns: BTreeSet<&String> = state.roles.values().flat_map(|role| &role.attached).collect();
    arns.into_iter().filter_map(|arn| {
        let policy = get(state, arn, name(arn)?)["Policy"].take();
        Some((arn.as_str(), policy["Path"].as_str()?.to_owned(), policy))
    })
}

/// Fails if AWS manages the policy, which only AWS can change or delete.
pub(super) fn check_own(arn: &str) -> Result<(), ApiError> {
    match name(arn) {
        Some(_) => Err(denied("Policy is outside your own account.")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, context::Home, services::iam::Iam};

    #[test]
    fn managed_policies_are_recognised_by_their_arn() {
        let check = |arn: &str, expected: Option<&str>| assert_eq!(name(arn), expected, "{arn}");
        check("arn:aws:iam::aws:policy/ReadOnlyAccess", Some("ReadOnlyAccess"));
        check("arn:aws:iam::aws:policy/service-role/X", Some("service-role/X"));
        check("arn:aws:iam::000000000000:policy/X", None);
        check("arn:aws:iam::aws:policy/", None);
        check("arn:aws:iam::aws:policy/a b", None);
        check("arn:aws:iam::aws:role/X", None);
    }

    #[tokio::test]
    async fn a_managed_policy_is_read_by_its_arn() {
        let iam = Iam::new(Clock::manual(1_800_000_000_000));
        let cx = Home::new("000000000000", "us-east-1").context("us-east-1");
        let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let policy = iam.call(&cx, "GetPolicy", json!({ "PolicyArn": arn })).await.unwrap();
        assert_eq!(policy["Policy"]["PolicyName"], "AWSLambdaBasicExecutionRole");
        assert_eq!(policy["Policy"]["Path"], "/service-role/");
        let version = json!({ "PolicyArn": arn, "VersionId": "v1" });
        let version = iam.call(&cx, "GetPolicyVersion", version).await.unwrap();
        let document = version["PolicyVersion"]["Document"].as_str().unwrap();
        assert!(document.contains("logs%3APutLogEvents"), "{document}");
        let other = json!({ "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "VersionId": "v1" });
        let error = iam.call(&cx, "GetPolicyVersion", other).await.unwrap_err();
        assert!(error.message.contains("ReadOnlyAccess"), "{error}");
    }

    #[tokio::test]
    async fn a_managed_policy_has_one_version_and_is_listed_where_it_is_attached() {
        let iam = Iam::new(Clock::manual(1_800_000_000_000));
        let cx = Home::new("000000000000", "us-east-1").context("us-east-1");
        let call = async |operation: &str, input: Value| iam.call(&cx, operation, input).await;
        let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let versions = call("ListPolicyVersions", json!({ "PolicyArn": arn })).await.unwrap();
        assert_eq!(versions["Versions"][0]["VersionId"], "v1");
        assert_eq!(versions["Versions"][0]["IsDefaultVersion"], true);
        call("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": "{}" })).await.unwrap();
        call("AttachRolePolicy", json!({ "RoleName": "r", "PolicyArn": arn })).await.unwrap();
        let own = json!({ "PolicyName": "own", "PolicyDocument": "{}" });
        let own = call("CreatePolicy", own).await.unwrap()["Policy"]["Arn"].take();
        call("AttachRolePolicy", json!({ "RoleName": "r", "PolicyArn": own })).await.unwrap();
        let check = async |input: Value, expected: &[&str]| {
            let shown = input.to_string();
            let listed = call("ListPolicies", input).await.unwrap();
            let names = listed["Policies"].as_array().unwrap().iter().map(|policy| &policy["PolicyName"]);
            assert_eq!(names.collect::<Vec<_>>(), expected, "{shown}");
        };
        let managed = "AWSLambdaBasicExecutionRole";
        check(json!({ "OnlyAttached": true }), &["own", managed]).await;
        check(json!({ "OnlyAttached": "true", "Scope": "Local" }), &["own"]).await;
        check(json!({ "OnlyAttached": "true", "Scope": "AWS" }), &[managed]).await;
        check(json!({ "OnlyAttached": "true", "PathPrefix": "/service-role/" }), &[managed]).await;
        for operation in ["DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion"] {
            let input = json!({ "PolicyArn": arn, "VersionId": "v1" });
            assert_eq!(
                call(operation, input).await.unwrap_err().code,
                "AccessDeniedException",
                "{operation}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_not_the_arn_of_a_policy_is_refused() {
        let iam = Iam::new(Clock::manual(1_800_000_000_000));
        let cx = Home::new("000000000000", "us-east-1").context("us-east-1");
        let check = async |arn: &str, code: &str| {
            for operation in ["AttachRolePolicy", "DetachRolePolicy", "GetPolicy", "DeletePolicy"] {
                let input = json!({ "RoleName": "r", "PolicyArn": arn });
                let error = iam.call(&cx, operation, input).await.unwrap_err();
                assert_eq!(error.code, code, "{operation} {arn}: {error}");
            }
        };
        check("nonsense", "ValidationError").await;
        check("a long text that is no ARN", "InvalidInputException").await;
        check("arn:aws:iam::aws:policy/arn:aws:iam::aws:policy/X", "InvalidInputException").await;
        check("arn:aws:iam::000000000000:role/name", "InvalidInputException").await;
        check("arn:aws:iam::000000000000:policy/missing", "NoSuchEntityException").await;
    }
}
