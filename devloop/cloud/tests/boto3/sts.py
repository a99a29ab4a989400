"""STS, called with boto3 and the aws command line."""

import datetime

from clients import aws, client, equal, refused, run

sts = client("sts")
ROLE = "arn:aws:iam::000000000000:role/path/deployer"


def test_get_caller_identity():
    identity = sts.get_caller_identity()
    equal((identity["Account"], identity["Arn"]), ("000000000000", "arn:aws:iam::000000000000:root"))
    equal(aws("sts", "get-caller-identity")["Account"], "000000000000")


def test_assume_role():
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="me", DurationSeconds=900)
    equal(answer["AssumedRoleUser"]["Arn"], "arn:aws:sts::000000000000:assumed-role/deployer/me")
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":me")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 890 < left.total_seconds() <= 900, left
    refused("ValidationError", "is invalid", sts.assume_role, RoleArn="nobody", RoleSessionName="me")
    refused("ValidationError", "durationSeconds", sts.assume_role, RoleArn=ROLE, RoleSessionName="me", DurationSeconds=60)
    refused("ValidationError", "roleSessionName", sts.assume_role, RoleArn=ROLE, RoleSessionName="a b")


def test_get_caller_identity_of_a_role():
    role = sts.assume_role(RoleArn=ROLE, RoleSessionName="me")
    keys = role["Credentials"]
    assumed = client("sts", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])
    identity = assumed.get_caller_identity()
    equal(identity["Arn"], "arn:aws:sts::000000000000:assumed-role/deployer/me")
    equal(identity["UserId"], role["AssumedRoleUser"]["AssumedRoleId"])


def test_get_session_token():
    assert len(sts.get_session_token()["Credentials"]["SessionToken"]) > 100


def test_get_access_key_info():
    equal(sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")["Account"], "000000000000")


def test_assume_role_with_saml_is_refused_by_name():
    refused("UnknownOperationException", "AssumeRoleWithSAML", sts.assume_role_with_saml, RoleArn=ROLE, PrincipalArn="p", SAMLAssertion="s")


run(globals())
