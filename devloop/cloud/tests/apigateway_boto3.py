"""Drives the API Gateway control plane with boto3; run by apigateway_boto3.rs with the cloud's endpoint as argument."""

import json
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:missing"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


def client(region="us-east-1"):
    return boto3.client(
        "apigateway",
        endpoint_url=ENDPOINT,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


gateway = client()


def refused(status, code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        assert found == (status, code), (found, (status, code), error)
        assert text in error.response["Error"]["Message"], error
    else:
        raise AssertionError(f"{call.__name__} {arguments} was not refused")


def get(path, host=None):
    request = urllib.request.Request(ENDPOINT + path, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


# APIs
api = gateway.create_rest_api(
    name="pets", description="all pets", binaryMediaTypes=["image/png"], tags={"team": "zoo"},
    endpointConfiguration={"types": ["REGIONAL"]},
)
at = {"restApiId": api["id"]}
root = api["rootResourceId"]
assert api["createdDate"].year >= 2024 and api["apiKeySource"] == "HEADER", api
assert gateway.get_rest_api(**at)["name"] == "pets"
assert [item["id"] for item in gateway.get_rest_apis()["items"]] == [api["id"]]
assert client("eu-west-1").get_rest_apis()["items"] == []
refused(404, "NotFoundException", "Invalid API identifier specified 000000000000:nope", gateway.get_rest_api, restApiId="nope")
refused(400, "BadRequestException", "Description cannot be an empty string", gateway.create_rest_api, name="x", description="")
refused(501, "NotImplementedException", "cloneFrom", gateway.create_rest_api, name="x", cloneFrom=api["id"])
changed = gateway.update_rest_api(
    **at,
    patchOperations=[
        {"op": "replace", "path": "/description", "value": "some pets"},
        {"op": "add", "path": "/binaryMediaTypes/image~1gif"},
        {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
    ],
)
assert (changed["description"], changed["binaryMediaTypes"]) == ("some pets", ["image/gif"]), changed
refused(400, "BadRequestException", "/nothing", gateway.update_rest_api, **at,
        patchOperations=[{"op": "replace", "path": "/nothing", "value": "1"}])

# Resources
pets = gateway.create_resource(**at, parentId=root, pathPart="pets")
pet = gateway.create_resource(**at, parentId=pets["id"], pathPart="{id}")
rest = gateway.create_resource(**at, parentId=root, pathPart="{proxy+}")
assert (pet["path"], rest["path"]) == ("/pets/{id}", "/{proxy+}")
refused(409, "ConflictException", "Another resource with the same parent already has this name: pets",
        gateway.create_resource, **at, parentId=root, pathPart="pets")
refused(400, "BadRequestException", "path part", gateway.create_resource, **at, parentId=root, pathPart="a/b")
refused(404, "NotFoundException", "Invalid Resource identifier specified",
        gateway.create_resource, **at, parentId="nope", pathPart="x")

# Methods and integrations
for resource, method in ((pet["id"], "GET"), (rest["id"], "ANY")):
    gateway.put_method(**at, resourceId=resource, httpMethod=method, authorizationType="NONE",
                       requestParameters={"method.request.querystring.q": False})
on_pet = {**at, "resourceId": pet["id"], "httpMethod": "GET"}
refused(409, "ConflictException", "Method already exists", gateway.put_method, **on_pet, authorizationType="NONE")
refused(501, "NotImplementedException", "AWS_IAM", gateway.put_method, **at, resourceId=pets["id"], httpMethod="GET",
        authorizationType="AWS_IAM")
refused(400, "BadRequestException", "Invalid Request Validator", gateway.put_method, **at, resourceId=pets["id"],
        httpMethod="GET", authorizationType="NONE", requestValidatorId="none")
refused(404, "NotFoundException", "Invalid Integration identifier specified", gateway.get_integration, **on_pet)
refused(400, "BadRequestException", "No integration defined for method", gateway.create_deployment, **at)
refused(501, "NotImplementedException", "HTTP_PROXY", gateway.put_integration, **on_pet, type="HTTP_PROXY")
refused(400, "BadRequestException", "Enumeration value for HttpMethod must be non-empty",
        gateway.put_integration, **on_pet, type="AWS_PROXY", uri=URI)
for resource, method in ((pet["id"], "GET"), (rest["id"], "ANY")):
    gateway.put_integration(**at, resourceId=resource, httpMethod=method, type="AWS_PROXY",
                            integrationHttpMethod="POST", uri=URI)
assert gateway.get_integration(**on_pet)["timeoutInMillis"] == 29000
changed = gateway.update_integration(
    **on_pet, patchOperations=[{"op": "replace", "path": "/timeoutInMillis", "value": "3000"}])
assert (changed["timeoutInMillis"], changed["uri"]) == (3000, URI), changed
gateway.put_method_response(**on_pet, statusCode="200", responseModels={"application/json": "Empty"})
gateway.put_integration_response(**on_pet, statusCode="200", selectionPattern="")
method = gateway.get_method(**on_pet)
assert method["methodResponses"]["200"]["responseModels"] == {"application/json": "Empty"}, method
assert method["methodIntegration"]["integrationResponses"]["200"]["statusCode"] == "200", method
plain = {item["path"]: item.get("resourceMethods") for item in gateway.get_resources(**at)["items"]}
assert plain == {"/": None, "/pets": None, "/pets/{id}": {"GET": {}}, "/{proxy+}": {"ANY": {}}}, plain
full = gateway.get_resource(**at, resourceId=pet["id"], embed=["methods"])
assert full["resourceMethods"]["GET"]["methodIntegration"]["type"] == "AWS_PROXY", full
pages = gateway.get_paginator("get_resources").paginate(**at, PaginationConfig={"PageSize": 3})
assert [len(page["items"]) for page in pages] == [3, 1]

# Deployments and stages
first = gateway.create_deployment(**at, stageName="prod", description="first", variables={"v": "1"})
stage = gateway.get_stage(**at, stageName="prod")
assert (stage["deploymentId"], stage["variables"]) == (first["id"], {"v": "1"}), stage
second = gateway.create_deployment(**at)
created = gateway.create_stage(**at, stageName="dev", deploymentId=second["id"], tags={"a": "b"})
assert created["cacheClusterStatus"] == "NOT_AVAILABLE", created
refused(409, "ConflictException", "Stage already exists", gateway.create_stage, **at, stageName="dev",
        deploymentId=second["id"])
refused(400, "BadRequestException", "Deployment id does not exist", gateway.create_stage, **at, stageName="x",
        deploymentId="nope")
refused(400, "BadRequestException", "Active stages pointing to this deployment must be moved or deleted",
        gateway.delete_deployment, **at, deploymentId=first["id"])
moved = gateway.update_stage(**at, stageName="prod", patchOperations=[
    {"op": "replace", "path": "/deploymentId", "value": second["id"]},
    {"op": "replace", "path": "/variables/v", "value": "2"},
    {"op": "replace", "path": "/variables/w", "value": "3"},
])
assert (moved["deploymentId"], moved["variables"]) == (second["id"], {"v": "2", "w": "3"}), moved
gateway.delete_deployment(**at, deploymentId=first["id"])
assert [item["id"] for item in gateway.get_deployments(**at)["items"]] == [second["id"]]
assert [item["stageName"] for item in gateway.get_stages(**at)["item"]] == ["dev", "prod"]

# The data plane, in its three forms; the function does not exist, which a client sees as a 500
domain = f"{api['id']}.execute-api.localhost.localstack.cloud"
for path, host in (
    (f"/_aws/execute-api/{api['id']}/prod/pets/7", None),
    (f"/restapis/{api['id']}/prod/_user_request_/pets/7", None),
    ("/prod/pets/7", domain),
):
    status, body, headers = get(path, host)
    assert (status, body) == (500, {"message": "Internal server error"}), (path, status, body)
    assert headers["x-amz-apigw-id"] and headers["x-amzn-requestid"], headers
status, body, headers = get(f"/_aws/execute-api/{api['id']}/prod/")
assert (status, body) == (403, {"message": "Missing Authentication Token"}), (status, body)
assert headers["x-amzn-errortype"] == "MissingAuthenticationTokenException", headers
assert get(f"/_aws/execute-api/{api['id']}/none/pets/7")[:2] == (403, {"message": "Forbidden"})
status, body, _ = get("/_aws/execute-api/none/prod/")
assert status == 404 and body["message"].startswith("The API id 'none' does not correspond"), body

# Account and tags
role = "arn:aws:iam::000000000000:role/logs"
gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
assert gateway.get_account()["cloudwatchRoleArn"] == role
arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
gateway.tag_resource(resourceArn=arn, tags={"x": "y"})
gateway.untag_resource(resourceArn=arn, tagKeys=["team"])
assert gateway.get_tags(resourceArn=arn)["tags"] == {"x": "y"}
assert gateway.get_tags(resourceArn=f"{arn}/stages/dev")["tags"] == {"a": "b"}

# What does not exist here is refused by name
refused(501, "NotImplementedException", "authorizers", gateway.get_authorizers, **at)
refused(501, "NotImplementedException", "VPC links", gateway.get_vpc_links)

# Keys, plans, validators, models, mocks and gateway responses, in the gateway's order
guarded = gateway.create_rest_api(name="guarded")
on = {"restApiId": guarded["id"]}
root = guarded["rootResourceId"]
schema = {"type": "object", "properties": {"data": {"type": "string"}}}
gateway.create_model(**on, name="Word", contentType="application/json", schema=json.dumps(schema))
validator = gateway.create_request_validator(**on, name="v", validateRequestBody=True, validateRequestParameters=True)
gateway.put_method(**on, resourceId=root, httpMethod="POST", authorizationType="NONE", apiKeyRequired=True,
                   requestModels={"application/json": "Word"}, requestValidatorId=validator["id"],
                   requestParameters={"method.request.querystring.q": True})
gateway.put_method(**on, resourceId=root, httpMethod="OPTIONS", authorizationType="NONE")
for method in ("POST", "OPTIONS"):
    gateway.put_method_response(**on, resourceId=root, httpMethod=method, statusCode="200",
                                responseParameters={"method.response.header.Access-Control-Allow-Origin": True})
    gateway.put_integration(**on, resourceId=root, httpMethod=method, type="MOCK",
                            requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_integration_response(
        **on, resourceId=root, httpMethod=method, statusCode="200",
        responseParameters={"method.response.header.Access-Control-Allow-Origin": "'*'"},
        responseTemplates={"application/json": '{"ok": true}'})
gateway.put_gateway_response(**on, responseType="QUOTA_EXCEEDED", statusCode="402",
                             responseParameters={"gatewayresponse.header.x-why": "'quota'"})
gateway.create_deployment(**on, stageName="prod")
key = gateway.create_api_key(name="k", enabled=True)
plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": guarded["id"], "stage": "prod"}],
                                 quota={"limit": 2, "period": "DAY"}, throttle={"rateLimit": 100, "burstLimit": 50})
gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
value = gateway.get_api_key(apiKey=key["id"], includeValue=True)["value"]


def ask(method, query="", body=None, key=None):
    url = f"{ENDPOINT}/_aws/execute-api/{guarded['id']}/prod/{query}"
    headers = {"Content-Type": "application/json", **({"x-api-key": key} if key else {})}
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read()), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), dict(error.headers)


status, body, headers = ask("OPTIONS")
assert (status, headers["access-control-allow-origin"]) == (200, "*"), (status, headers)
assert ask("POST", body=b"{}")[:2] == (403, {"message": "Forbidden"})
assert ask("POST", body=b"{}", key="wrong")[:2] == (403, {"message": "Forbidden"})
assert ask("POST", body=b"{}", key=value)[:2] == (400, {"message": "Missing required request parameters: [q]"})
assert ask("POST", "?q=1", b'{"data": 7}', value)[:2] == (400, {"message": "Invalid request body"})
status, body, headers = ask("POST", "?q=1", b"{}", value)
assert (status, body, headers["x-why"]) == (402, {"message": "Limit Exceeded"}, "quota"), (status, body, headers)
usage = gateway.get_usage(usagePlanId=plan["id"], startDate=time.strftime("%Y-%m-%d", time.gmtime()),
                          endDate=time.strftime("%Y-%m-%d", time.gmtime()))
assert usage["items"][key["id"]] == [[2, 0]], usage
gateway.update_usage(usagePlanId=plan["id"], keyId=key["id"],
                     patchOperations=[{"op": "replace", "path": "/remaining", "value": "1"}])
assert ask("POST", "?q=1", b'{"data": "x"}', value)[:2] == (200, {"ok": True})
gateway.delete_rest_api(**on)

# Deleting
gateway.delete_stage(**at, stageName="dev")
gateway.delete_integration(**on_pet)
gateway.delete_method(**on_pet)
gateway.delete_resource(**at, resourceId=pets["id"])
assert [item["path"] for item in gateway.get_resources(**at)["items"]] == ["/", "/{proxy+}"]
gateway.delete_rest_api(**at)
refused(404, "NotFoundException", "Invalid API identifier", gateway.get_rest_api, **at)
