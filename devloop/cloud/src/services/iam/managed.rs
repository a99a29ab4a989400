//! AWS managed policies. They exist by their ARN, as in [AWS managed policy reference].
//!
//! The cloud has no list of all of them, so any ARN below `arn:aws:iam::aws:policy/` with a valid policy name is accepted.
//! It knows the documents of the policies that roles of functions usually have; other documents are refused by name.

use serde_json::{Value, json};

use super::{service::Scope, state::State};
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
        "PolicyId": id(arn),
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

/// An id in the form of policy ids that is always the same for an ARN.
fn id(arn: &str) -> String {
    use md5::Digest as _;
    let digest = md5::Md5::digest(arn);
    let letters: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("ANPA{}", &letters[..17])
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
}
