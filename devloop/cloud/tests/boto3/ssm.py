"""SSM's parameters, called with boto3 and the aws command line."""

from clients import aws, client, equal, refused, run

ssm = client("ssm")


def put(name, value, **more):
    return ssm.put_parameter(Name=name, Value=value, **{"Type": "String", **more})


def parameters():
    """Creates a parameter with two versions, a SecureString deeper in the hierarchy, and a StringList."""
    put("/app/a", "1", Description="first", Tags=[{"Key": "k", "Value": "v"}])
    ssm.put_parameter(Name="/app/a", Value="2", Overwrite=True)
    put("/app/deep/secret", "hush", Type="SecureString")
    put("plain", "x,y", Type="StringList")


def test_put_parameter():
    equal(put("/app/a", "1")["Version"], 1)
    refused("ParameterAlreadyExists", "overwrite", put, name="/app/a", value="2")
    equal(ssm.put_parameter(Name="/app/a", Value="2", Overwrite=True)["Version"], 2)
    refused("ValidationException", "fully qualified", put, name="a/b", value="1")
    refused("ValidationException", "maximum parameter value of 4096", put, name="big", value="x" * 4097)
    refused("ValidationException", "type is required", ssm.put_parameter, Name="typeless", Value="x")
    refused("ParameterPatternMismatchException", "allowedPattern", put, name="n", value="x", AllowedPattern=r"\d+")


def test_get_parameter():
    parameters()
    found = ssm.get_parameter(Name="/app/a")["Parameter"]
    equal((found["Value"], found["Version"], found["ARN"]), ("2", 2, "arn:aws:ssm:us-east-1:000000000000:parameter/app/a"))
    equal(ssm.get_parameter(Name="/app/a:1")["Parameter"]["Value"], "1")
    equal(ssm.get_parameter(Name=found["ARN"])["Parameter"]["Value"], "2")
    refused("ParameterVersionNotFound", "9", ssm.get_parameter, Name="/app/a:9")
    refused("ParameterNotFound", "nope", ssm.get_parameter, Name="nope")


def test_get_parameter_that_is_secret():
    parameters()
    equal(ssm.get_parameter(Name="/app/deep/secret", WithDecryption=True)["Parameter"]["Value"], "hush")
    equal(ssm.get_parameter(Name="/app/deep/secret")["Parameter"]["Value"], "kms:alias/aws/ssm:hush")
    answer = aws("ssm", "get-parameter", "--name", "/app/deep/secret", "--with-decryption")
    equal(answer["Parameter"]["Value"], "hush")


def test_get_parameters():
    parameters()
    answer = ssm.get_parameters(Names=["plain", "nope", "/app/a"])
    equal(([p["Value"] for p in answer["Parameters"]], answer["InvalidParameters"]), (["x,y", "2"], ["nope"]))


def test_get_parameters_by_path():
    parameters()
    equal([p["Name"] for p in ssm.get_parameters_by_path(Path="/app")["Parameters"]], ["/app/a"])
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/", Recursive=True, PaginationConfig={"PageSize": 1})
    equal([p["Name"] for page in pages for p in page["Parameters"]], ["/app/a", "/app/deep/secret"])


def test_get_parameter_history():
    parameters()
    equal([(v["Version"], v["Value"]) for v in ssm.get_parameter_history(Name="/app/a")["Parameters"]], [(1, "1"), (2, "2")])
    equal(ssm.get_parameter_history(Name="/app/a")["Parameters"][0]["LastModifiedUser"], "arn:aws:iam::000000000000:root")


def test_describe_parameters():
    parameters()
    named = [{"Key": "Name", "Option": "BeginsWith", "Values": ["/app/"]}]
    described = ssm.describe_parameters(ParameterFilters=named)["Parameters"]
    equal({p["LastModifiedUser"] for p in described}, {"arn:aws:iam::000000000000:root"})
    equal([(p["Name"], p.get("Description")) for p in described], [("/app/a", "first"), ("/app/deep/secret", None)])
    equal([p["Name"] for p in ssm.describe_parameters(Filters=[{"Key": "Type", "Values": ["StringList"]}])["Parameters"]], ["plain"])
    equal(client("ssm", "eu-west-1").describe_parameters()["Parameters"], [])


def test_list_tags_for_resource():
    parameters()
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/app/a")["TagList"]
    equal(tags, [{"Key": "k", "Value": "v"}])


def test_delete_parameters():
    parameters()
    answer = ssm.delete_parameters(Names=["plain", "nope"])
    equal((answer["DeletedParameters"], answer["InvalidParameters"]), (["plain"], ["nope"]))
    ssm.delete_parameter(Name="/app/a")
    refused("ParameterNotFound", "/app/a", ssm.delete_parameter, Name="/app/a")


run(globals())
