"""Drives STS, IAM and SSM with boto3 and the aws command line; run by identity_boto3.rs with the cloud's endpoint."""

import datetime
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "boto3"))
from clients import aws, client, equal, refused

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:log-group:/a b/*"}]}
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def callers():
    sts = client("sts")
    identity = sts.get_caller_identity()
    equal((identity["Account"], identity["Arn"]), ("000000000000", "arn:aws:iam::000000000000:root"))
    role = "arn:aws:iam::000000000000:role/path/deployer"
    answer = sts.assume_role(RoleArn=role, RoleSessionName="me", DurationSeconds=900)
    equal(answer["AssumedRoleUser"]["Arn"], "arn:aws:sts::000000000000:assumed-role/deployer/me")
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":me")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 890 < left.total_seconds() <= 900, left
    assert len(sts.get_session_token()["Credentials"]["SessionToken"]) > 100
    equal(sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")["Account"], "000000000000")
    refused("ValidationError", "is invalid", sts.assume_role, RoleArn="nobody", RoleSessionName="me")
    refused("ValidationError", "durationSeconds", sts.assume_role, RoleArn=role, RoleSessionName="me", DurationSeconds=60)
    refused("ValidationError", "roleSessionName", sts.assume_role, RoleArn=role, RoleSessionName="a b")
    refused("UnknownOperationException", "AssumeRoleWithSAML", sts.assume_role_with_saml, RoleArn=role, PrincipalArn="p", SAMLAssertion="s")
    equal(aws("sts", "get-caller-identity")["Account"], "000000000000")


def roles():
    iam = client("iam")
    role = iam.create_role(RoleName="fn", Path="/app/", AssumeRolePolicyDocument=json.dumps(TRUST), Description="d <&> é", Tags=[{"Key": "k", "Value": "v"}])["Role"]
    equal((role["Arn"], role["AssumeRolePolicyDocument"]), ("arn:aws:iam::000000000000:role/app/fn", TRUST))
    refused("EntityAlreadyExists", "Role with name fn already exists.", iam.create_role, RoleName="fn", AssumeRolePolicyDocument=json.dumps(TRUST))
    refused("MalformedPolicyDocument", "Json", iam.create_role, RoleName="x", AssumeRolePolicyDocument="{")
    refused("ValidationError", "roleName", iam.create_role, RoleName="a b", AssumeRolePolicyDocument=json.dumps(TRUST))
    refused("NoSuchEntity", "The role with name x cannot be found.", iam.get_role, RoleName="x")
    iam.update_assume_role_policy(RoleName="fn", PolicyDocument=json.dumps(POLICY))
    iam.update_role(RoleName="fn", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="fn")["Role"]
    equal((role["AssumeRolePolicyDocument"], role["MaxSessionDuration"], role["Description"]), (POLICY, 7200, "d <&> é"))
    iam.tag_role(RoleName="fn", Tags=[{"Key": "a", "Value": "b"}])
    iam.untag_role(RoleName="fn", TagKeys=["k"])
    equal(iam.list_role_tags(RoleName="fn")["Tags"], [{"Key": "a", "Value": "b"}])
    for number in range(5):
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=json.dumps(TRUST))
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    equal([role["RoleName"] for page in pages for role in page["Roles"]], ["fn", "r0", "r1", "r2", "r3", "r4"])
    equal([role["RoleName"] for role in iam.list_roles(PathPrefix="/app/")["Roles"]], ["fn"])
    # IAM is one for all regions.
    equal(client("iam", "eu-west-1").get_role(RoleName="fn")["Role"]["RoleId"], role["RoleId"])

    iam.put_role_policy(RoleName="fn", PolicyName="inline", PolicyDocument=json.dumps(POLICY))
    equal(iam.get_role_policy(RoleName="fn", PolicyName="inline")["PolicyDocument"], POLICY)
    equal(iam.list_role_policies(RoleName="fn")["PolicyNames"], ["inline"])
    refused("NoSuchEntity", "The role policy with name x cannot be found.", iam.get_role_policy, RoleName="fn", PolicyName="x")
    refused("NoSuchEntity", "is not attachable", iam.attach_role_policy, RoleName="fn", PolicyArn="arn:aws:iam::000000000000:policy/none")
    iam.attach_role_policy(RoleName="fn", PolicyArn=MANAGED)
    equal(iam.list_attached_role_policies(RoleName="fn")["AttachedPolicies"], [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": MANAGED}])
    refused("DeleteConflict", "must detach all policies first", iam.delete_role, RoleName="fn")
    iam.detach_role_policy(RoleName="fn", PolicyArn=MANAGED)
    refused("DeleteConflict", "must delete policies first", iam.delete_role, RoleName="fn")
    iam.delete_role_policy(RoleName="fn", PolicyName="inline")
    equal(iam.list_instance_profiles_for_role(RoleName="fn")["InstanceProfiles"], [])
    iam.delete_role(RoleName="fn")
    refused("NoSuchEntity", "fn", iam.get_role, RoleName="fn")
    refused("UnknownOperationException", "iam:CreateUser", iam.create_user, UserName="u")
    linked = iam.create_service_linked_role(AWSServiceName="ops.apigateway.amazonaws.com")["Role"]
    equal(linked["Path"], "/aws-service-role/ops.apigateway.amazonaws.com/")
    refused("UnmodifiableEntity", "protected role", iam.delete_role, RoleName=linked["RoleName"])
    task = iam.delete_service_linked_role(RoleName=linked["RoleName"])["DeletionTaskId"]
    equal(iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"], "SUCCEEDED")
    equal(len(aws("iam", "list-roles")["Roles"]), 5)


def policies():
    iam = client("iam")
    policy = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(POLICY))["Policy"]
    arn = policy["Arn"]
    equal((arn, policy["DefaultVersionId"]), ("arn:aws:iam::000000000000:policy/p", "v1"))
    equal(iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(TRUST), SetAsDefault=True)["PolicyVersion"]["VersionId"], "v2")
    equal(iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"], POLICY)
    equal([(v["VersionId"], v["IsDefaultVersion"]) for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]], [("v1", False), ("v2", True)])
    iam.attach_role_policy(RoleName="r0", PolicyArn=arn)
    equal(iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"], 1)
    equal([role["RoleName"] for role in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]], ["r0"])
    equal([policy["PolicyName"] for policy in iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]], ["p"])
    refused("DeleteConflict", "more than one version", iam.delete_policy, PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    refused("DeleteConflict", "attached", iam.delete_policy, PolicyArn=arn)
    iam.detach_role_policy(RoleName="r0", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", "was not found", iam.get_policy, PolicyArn=arn)


def parameters():
    ssm = client("ssm")
    equal(ssm.put_parameter(Name="/app/a", Value="1", Type="String", Description="first", Tags=[{"Key": "k", "Value": "v"}])["Version"], 1)
    refused("ParameterAlreadyExists", "overwrite", ssm.put_parameter, Name="/app/a", Value="2", Type="String")
    equal(ssm.put_parameter(Name="/app/a", Value="2", Overwrite=True)["Version"], 2)
    ssm.put_parameter(Name="/app/deep/secret", Value="hush", Type="SecureString")
    ssm.put_parameter(Name="plain", Value="x,y", Type="StringList")
    found = ssm.get_parameter(Name="/app/a")["Parameter"]
    equal((found["Value"], found["Version"], found["ARN"]), ("2", 2, "arn:aws:ssm:us-east-1:000000000000:parameter/app/a"))
    equal(ssm.get_parameter(Name="/app/a:1")["Parameter"]["Value"], "1")
    equal(ssm.get_parameter(Name=found["ARN"])["Parameter"]["Value"], "2")
    refused("ParameterVersionNotFound", "9", ssm.get_parameter, Name="/app/a:9")
    refused("ParameterNotFound", "nope", ssm.get_parameter, Name="nope")
    equal(ssm.get_parameter(Name="/app/deep/secret", WithDecryption=True)["Parameter"]["Value"], "hush")
    equal(ssm.get_parameter(Name="/app/deep/secret")["Parameter"]["Value"], "kms:alias/aws/ssm:hush")
    answer = ssm.get_parameters(Names=["plain", "nope", "/app/a"])
    equal(([p["Value"] for p in answer["Parameters"]], answer["InvalidParameters"]), (["x,y", "2"], ["nope"]))
    equal([p["Name"] for p in ssm.get_parameters_by_path(Path="/app")["Parameters"]], ["/app/a"])
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/", Recursive=True, PaginationConfig={"PageSize": 1})
    equal([p["Name"] for page in pages for p in page["Parameters"]], ["/app/a", "/app/deep/secret"])
    equal([(v["Version"], v["Value"]) for v in ssm.get_parameter_history(Name="/app/a")["Parameters"]], [(1, "1"), (2, "2")])
    described = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/app/"]}])["Parameters"]
    equal([(p["Name"], p.get("Description")) for p in described], [("/app/a", "first"), ("/app/deep/secret", None)])
    equal([p["Name"] for p in ssm.describe_parameters(Filters=[{"Key": "Type", "Values": ["StringList"]}])["Parameters"]], ["plain"])
    equal(ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/app/a")["TagList"], [{"Key": "k", "Value": "v"}])
    refused("ValidationException", "fully qualified", ssm.put_parameter, Name="a/b", Value="1", Type="String")
    refused("ValidationException", "maximum parameter value of 4096", ssm.put_parameter, Name="big", Value="x" * 4097, Type="String")
    refused("ValidationException", "type is required", ssm.put_parameter, Name="typeless", Value="x")
    refused("ParameterPatternMismatchException", "allowedPattern", ssm.put_parameter, Name="n", Value="x", Type="String", AllowedPattern=r"\d+")
    answer = ssm.delete_parameters(Names=["plain", "nope"])
    equal((answer["DeletedParameters"], answer["InvalidParameters"]), (["plain"], ["nope"]))
    ssm.delete_parameter(Name="/app/a")
    refused("ParameterNotFound", "/app/a", ssm.delete_parameter, Name="/app/a")
    equal(client("ssm", "eu-west-1").describe_parameters()["Parameters"], [])
    equal(aws("ssm", "get-parameter", "--name", "/app/deep/secret", "--with-decryption")["Parameter"]["Value"], "hush")


for test in (callers, roles, policies, parameters):
    test()
