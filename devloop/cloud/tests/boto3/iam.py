"""IAM, called with boto3 and the aws command line."""

import json

from clients import aws, client, equal, refused, run

iam = client("iam")
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:log-group:/a b/*"}]}
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def role(name="fn", **more):
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **more)["Role"]


def policy():
    return iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(POLICY))["Policy"]


def test_create_role():
    made = role(Path="/app/", Description="d <&> é")
    equal((made["Arn"], made["AssumeRolePolicyDocument"]), ("arn:aws:iam::000000000000:role/app/fn", TRUST))
    refused("EntityAlreadyExists", "Role with name fn already exists.", role)
    refused("MalformedPolicyDocument", "Json", iam.create_role, RoleName="x", AssumeRolePolicyDocument="{")
    refused("ValidationError", "roleName", role, name="a b")


def test_get_role():
    made = role(Description="d <&> é")
    found = iam.get_role(RoleName="fn")["Role"]
    equal((found["Description"], found["RoleLastUsed"]), ("d <&> é", {}))
    refused("NoSuchEntity", "The role with name x cannot be found.", iam.get_role, RoleName="x")
    # IAM is global: it does not depend on the region.
    equal(client("iam", "eu-west-1").get_role(RoleName="fn")["Role"]["RoleId"], made["RoleId"])


def test_update_role():
    role()
    iam.update_assume_role_policy(RoleName="fn", PolicyDocument=json.dumps(POLICY))
    iam.update_role(RoleName="fn", MaxSessionDuration=7200)
    found = iam.get_role(RoleName="fn")["Role"]
    equal((found["AssumeRolePolicyDocument"], found["MaxSessionDuration"]), (POLICY, 7200))


def test_role_tags():
    role(Tags=[{"Key": "k", "Value": "v"}])
    iam.tag_role(RoleName="fn", Tags=[{"Key": "a", "Value": "b"}])
    iam.untag_role(RoleName="fn", TagKeys=["k"])
    equal(iam.list_role_tags(RoleName="fn")["Tags"], [{"Key": "a", "Value": "b"}])


def test_list_roles():
    role(Path="/app/", Tags=[{"Key": "k", "Value": "v"}], PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    (listed,) = iam.list_roles()["Roles"]
    only = {"PermissionsBoundary", "RoleLastUsed", "Tags"}
    equal(only & listed.keys(), set())
    equal(only & iam.get_role(RoleName="fn")["Role"].keys(), only)
    for number in range(4):
        role(f"r{number}")
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    equal([role["RoleName"] for page in pages for role in page["Roles"]], ["fn", "r0", "r1", "r2", "r3"])
    equal([role["RoleName"] for role in iam.list_roles(PathPrefix="/app/")["Roles"]], ["fn"])
    equal(len(aws("iam", "list-roles")["Roles"]), 5)


def test_inline_policies():
    role()
    iam.put_role_policy(RoleName="fn", PolicyName="inline", PolicyDocument=json.dumps(POLICY))
    equal(iam.get_role_policy(RoleName="fn", PolicyName="inline")["PolicyDocument"], POLICY)
    equal(iam.list_role_policies(RoleName="fn")["PolicyNames"], ["inline"])
    refused("NoSuchEntity", "The role policy with name x cannot be found.", iam.get_role_policy, RoleName="fn", PolicyName="x")
    refused("DeleteConflict", "must delete policies first", iam.delete_role, RoleName="fn")
    iam.delete_role_policy(RoleName="fn", PolicyName="inline")
    equal(iam.list_role_policies(RoleName="fn")["PolicyNames"], [])


def test_attach_role_policy():
    role()
    refused("NoSuchEntity", "is not attachable", iam.attach_role_policy, RoleName="fn", PolicyArn="arn:aws:iam::000000000000:policy/none")
    iam.attach_role_policy(RoleName="fn", PolicyArn=MANAGED)
    attached = iam.list_attached_role_policies(RoleName="fn")["AttachedPolicies"]
    equal(attached, [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": MANAGED}])
    refused("DeleteConflict", "must detach all policies first", iam.delete_role, RoleName="fn")
    iam.detach_role_policy(RoleName="fn", PolicyArn=MANAGED)
    equal(iam.list_attached_role_policies(RoleName="fn")["AttachedPolicies"], [])


def test_delete_role():
    role()
    equal(iam.list_instance_profiles_for_role(RoleName="fn")["InstanceProfiles"], [])
    iam.delete_role(RoleName="fn")
    refused("NoSuchEntity", "fn", iam.get_role, RoleName="fn")


def test_service_linked_roles():
    linked = iam.create_service_linked_role(AWSServiceName="ops.apigateway.amazonaws.com")["Role"]
    equal(linked["Path"], "/aws-service-role/ops.apigateway.amazonaws.com/")
    refused("UnmodifiableEntity", "protected role", iam.delete_role, RoleName=linked["RoleName"])
    task = iam.delete_service_linked_role(RoleName=linked["RoleName"])["DeletionTaskId"]
    equal(iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"], "SUCCEEDED")


def test_policy_versions():
    made = policy()
    arn = made["Arn"]
    equal((arn, made["DefaultVersionId"]), ("arn:aws:iam::000000000000:policy/p", "v1"))
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(TRUST), SetAsDefault=True)
    equal(second["PolicyVersion"]["VersionId"], "v2")
    equal(iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"], POLICY)
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    equal([(version["VersionId"], version["IsDefaultVersion"]) for version in versions], [("v1", False), ("v2", True)])
    refused("DeleteConflict", "more than one version", iam.delete_policy, PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy(PolicyArn=arn)


def test_policies_of_roles():
    role()
    arn = policy()["Arn"]
    iam.attach_role_policy(RoleName="fn", PolicyArn=arn)
    equal(iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"], 1)
    equal([role["RoleName"] for role in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]], ["fn"])
    equal([policy["PolicyName"] for policy in iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]], ["p"])
    refused("DeleteConflict", "attached", iam.delete_policy, PolicyArn=arn)


def test_delete_policy():
    arn = policy()["Arn"]
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", "was not found", iam.get_policy, PolicyArn=arn)


def test_users_are_refused_by_name():
    refused("UnknownOperationException", "iam:CreateUser", iam.create_user, UserName="u")


run(globals())
