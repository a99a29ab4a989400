"""Secrets Manager, driven by boto3."""

import json

from clients import client, equal, refused, run

secrets = client("secretsmanager")
TOKEN = "a" * 32


def stages(name):
    listed = secrets.list_secret_version_ids(SecretId=name)["Versions"]
    return {one["VersionId"]: one["VersionStages"] for one in listed}


def test_create_and_read():
    made = secrets.create_secret(Name="db/password", SecretString="one", Description="d", Tags=[{"Key": "k", "Value": "v"}])
    assert made["ARN"].startswith("arn:aws:secretsmanager:us-east-1:000000000000:secret:db/password-"), made
    for identifier in ["db/password", made["ARN"], made["ARN"].rsplit("-", 1)[0]]:
        found = secrets.get_secret_value(SecretId=identifier)
        equal((found["SecretString"], found["VersionStages"], found["VersionId"]), ("one", ["AWSCURRENT"], made["VersionId"]))
    shown = secrets.describe_secret(SecretId="db/password")
    equal((shown["Description"], shown["Tags"]), ("d", [{"Key": "k", "Value": "v"}]))
    equal(shown["VersionIdsToStages"], {made["VersionId"]: ["AWSCURRENT"]})
    refused("ResourceExistsException", "the secret db/password already exists", secrets.create_secret, Name="db/password", SecretString="two")
    refused("ResourceNotFoundException", "can't find the specified secret", secrets.get_secret_value, SecretId="nobody")
    refused("ValidationException", "Invalid name", secrets.create_secret, Name="a b")
    secrets.create_secret(Name="bytes", SecretBinary=b"\x00\xff")
    equal(secrets.get_secret_value(SecretId="bytes")["SecretBinary"], b"\x00\xff")
    secrets.create_secret(Name="empty")
    refused("ResourceNotFoundException", "for staging label: AWSCURRENT", secrets.get_secret_value, SecretId="empty")
    refused("InvalidParameterException", "both a binary", secrets.create_secret, Name="both", SecretString="a", SecretBinary=b"a")


def test_versions_and_their_stages():
    first = secrets.create_secret(Name="s", SecretString="1")["VersionId"]
    second = secrets.put_secret_value(SecretId="s", SecretString="2")["VersionId"]
    equal(stages("s"), {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]})
    equal(secrets.get_secret_value(SecretId="s", VersionStage="AWSPREVIOUS")["SecretString"], "1")
    read = {one["VersionId"]: "LastAccessedDate" in one for one in secrets.list_secret_version_ids(SecretId="s")["Versions"]}
    equal(read, {first: True, second: False})
    third = secrets.put_secret_value(SecretId="s", SecretString="3", VersionStages=["TRIAL"], ClientRequestToken=TOKEN)
    equal((third["VersionId"], third["VersionStages"]), (TOKEN, ["TRIAL"]))
    equal(secrets.put_secret_value(SecretId="s", SecretString="3", ClientRequestToken=TOKEN)["VersionStages"], ["TRIAL"])
    refused("ResourceExistsException", TOKEN, secrets.put_secret_value, SecretId="s", SecretString="4", ClientRequestToken=TOKEN)
    equal(secrets.get_secret_value(SecretId="s")["SecretString"], "2")
    equal(secrets.get_secret_value(SecretId="s", VersionId=TOKEN)["SecretString"], "3")
    secrets.update_secret_version_stage(SecretId="s", VersionStage="AWSCURRENT", MoveToVersionId=TOKEN, RemoveFromVersionId=second)
    equal(stages("s"), {second: ["AWSPREVIOUS"], TOKEN: ["AWSCURRENT", "TRIAL"]})
    refused("InvalidParameterException", f"attached to version {TOKEN}", secrets.update_secret_version_stage, SecretId="s", VersionStage="TRIAL", MoveToVersionId=second)
    secrets.update_secret(SecretId="s", Description="new", SecretString="5")
    equal((secrets.describe_secret(SecretId="s")["Description"], secrets.get_secret_value(SecretId="s")["SecretString"]), ("new", "5"))
    equal(len(secrets.list_secret_version_ids(SecretId="s", IncludeDeprecated=True)["Versions"]), 4)


def test_delete_and_restore():
    secrets.create_secret(Name="s", SecretString="1")
    refused("InvalidParameterException", "between 7 and 30", secrets.delete_secret, SecretId="s", RecoveryWindowInDays=3)
    deleted = secrets.delete_secret(SecretId="s", RecoveryWindowInDays=7)
    equal(secrets.describe_secret(SecretId="s")["DeletedDate"], deleted["DeletionDate"])
    refused("InvalidRequestException", "marked for deletion", secrets.get_secret_value, SecretId="s")
    refused("InvalidRequestException", "scheduled for deletion", secrets.create_secret, Name="s")
    equal(secrets.list_secrets()["SecretList"], [])
    equal([one["Name"] for one in secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]], ["s"])
    secrets.restore_secret(SecretId="s")
    equal(secrets.get_secret_value(SecretId="s")["SecretString"], "1")
    secrets.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", "can't find", secrets.describe_secret, SecretId="s")
    secrets.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name="s")


def test_lists_and_filters():
    for number in range(5):
        secrets.create_secret(Name=f"app/{number}", Description="of the application", SecretString=str(number), Tags=[{"Key": "n", "Value": str(number)}])
    secrets.create_secret(Name="other")

    def names(**filters):
        wanted = [{"Key": key.replace("_", "-"), "Values": values} for key, values in filters.items()]
        return sorted(one["Name"] for one in secrets.list_secrets(Filters=wanted)["SecretList"])

    equal(names(name=["app/"]), [f"app/{number}" for number in range(5)])
    equal(names(name=["!app/"]), ["other"])
    equal(names(tag_value=["3", "4"], description=["Application"]), ["app/3", "app/4"])
    equal(names(all=["OTHER"]), ["other"])
    pages = secrets.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 2}, SortOrder="asc")
    equal([[one["Name"] for one in page["SecretList"]] for page in pages], [["app/0", "app/1"], ["app/2", "app/3"], ["app/4", "other"]])
    several = secrets.batch_get_secret_value(SecretIdList=["app/1", "nobody"])
    equal([one["SecretString"] for one in several["SecretValues"]], ["1"])
    equal([(one["SecretId"], one["ErrorCode"]) for one in several["Errors"]], [("nobody", "ResourceNotFoundException")])


def test_random_passwords():
    equal(len(secrets.get_random_password()["RandomPassword"]), 32)
    plain = secrets.get_random_password(PasswordLength=20, ExcludePunctuation=True, ExcludeCharacters="abc")["RandomPassword"]
    assert len(plain) == 20 and plain.isalnum() and not set(plain) & set("abc"), plain


def test_tags_and_policies():
    secrets.create_secret(Name="s")
    secrets.tag_resource(SecretId="s", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    secrets.untag_resource(SecretId="s", TagKeys=["a"])
    equal(secrets.describe_secret(SecretId="s")["Tags"], [{"Key": "b", "Value": "2"}])
    secrets.put_resource_policy(SecretId="s", ResourcePolicy="{}")
    equal(secrets.get_resource_policy(SecretId="s")["ResourcePolicy"], "{}")
    public = '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}}'
    refused("PublicPolicyException", "broad access", secrets.put_resource_policy, SecretId="s", ResourcePolicy=public, BlockPublicPolicy=True)
    equal(secrets.get_resource_policy(SecretId="s")["ResourcePolicy"], "{}")
    secrets.put_resource_policy(SecretId="s", ResourcePolicy=public)
    secrets.delete_resource_policy(SecretId="s")
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId="s")


def test_what_does_not_exist_here_is_refused_by_name():
    refused("UnknownOperationException", "RotateSecret", secrets.rotate_secret, SecretId="s")
    refused("NotImplementedException", "AddReplicaRegions", secrets.create_secret, Name="s", AddReplicaRegions=[{"Region": "eu-west-1"}])


def test_a_stack_generates_secrets_and_reads_them():
    cfn, ssm = client("cloudformation"), client("ssm")
    how = {"SecretStringTemplate": json.dumps({"username": "me"}), "GenerateStringKey": "password", "ExcludePunctuation": True}
    reference = {"Fn::Sub": "{{resolve:secretsmanager:${S}:SecretString:password}}"}

    def template(description):
        return json.dumps({
            "Resources": {
                "S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Description": description, "GenerateSecretString": how}},
                "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "p", "Type": "String", "Value": reference}},
            },
            "Outputs": {"Arn": {"Value": {"Ref": "S"}}},
        })

    def stack():
        return cfn.describe_stacks(StackName="app")["Stacks"][0]

    cfn.create_stack(StackName="app", TemplateBody=template("one"))
    cfn.get_waiter("stack_create_complete").wait(StackName="app")
    arn = stack()["Outputs"][0]["OutputValue"]
    value = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    equal((value["username"], len(value["password"])), ("me", 32))
    equal(ssm.get_parameter(Name="p")["Parameter"]["Value"], value["password"])
    cfn.update_stack(StackName="app", TemplateBody=template("two"))
    cfn.get_waiter("stack_update_complete").wait(StackName="app")
    equal(secrets.describe_secret(SecretId=arn)["Description"], "two")
    equal(json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"]), value)
    cfn.delete_stack(StackName="app")
    cfn.get_waiter("stack_delete_complete").wait(StackName="app")
    equal(secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"], [])


run(globals())
