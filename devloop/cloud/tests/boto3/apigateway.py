"""The API Gateway control plane, called with boto3, and the data plane's three forms of address."""

import json
import os
import tempfile
import time
import urllib.error
import urllib.request

from clients import ENDPOINT, aws, aws_here, client, equal, refused, run

gateway = client("apigateway")
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:missing"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
STATUS = {"BadRequestException": 400, "NotFoundException": 404, "ConflictException": 409, "NotImplementedException": 501}


def not_done(code, text, call, **arguments):
    """Checks that the call is refused, with the HTTP status of the error code."""
    answer = refused(code, text, call, **arguments)
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], STATUS[code])


class Api:
    """An API with the resources /pets, /pets/{id} and /{proxy+}."""

    def __init__(self):
        api = gateway.create_rest_api(name="pets", binaryMediaTypes=["image/png"], tags={"team": "zoo"})
        self.id, self.root, self.at = api["id"], api["rootResourceId"], {"restApiId": api["id"]}
        self.pets = self.resource(self.root, "pets")["id"]
        self.pet = self.resource(self.pets, "{id}")["id"]
        self.rest = self.resource(self.root, "{proxy+}")["id"]
        self.on_pet = {**self.at, "resourceId": self.pet, "httpMethod": "GET"}

    def resource(self, parent, part):
        return gateway.create_resource(**self.at, parentId=parent, pathPart=part)

    def with_methods(self):
        for resource, method in ((self.pet, "GET"), (self.rest, "ANY")):
            gateway.put_method(**self.at, resourceId=resource, httpMethod=method, authorizationType="NONE",
                               requestParameters={"method.request.querystring.q": False})
        return self

    def integrated(self):
        for resource, method in ((self.pet, "GET"), (self.rest, "ANY")):
            gateway.put_integration(**self.at, resourceId=resource, httpMethod=method, type="AWS_PROXY",
                                    integrationHttpMethod="POST", uri=URI)
        return self

    def deployed(self):
        self.with_methods().integrated()
        self.first = gateway.create_deployment(**self.at, stageName="prod", variables={"v": "1"})["id"]
        return self


def test_create_rest_api():
    api = gateway.create_rest_api(name="pets", description="all pets", endpointConfiguration={"types": ["REGIONAL"]})
    assert api["createdDate"].year >= 2024 and api["apiKeySource"] == "HEADER", api
    not_done("BadRequestException", "Description cannot be an empty string", gateway.create_rest_api, name="x", description="")
    not_done("NotImplementedException", "cloneFrom", gateway.create_rest_api, name="x", cloneFrom=api["id"])


def document(path, **more):
    operation = {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
                                            "responses": {"default": {"statusCode": "200"}}},
    }
    return {"openapi": "3.0.1", "info": {"title": "imported", "version": "7"}, "paths": {path: {"get": operation}}, **more}


def test_import_rest_api():
    api = gateway.import_rest_api(body=json.dumps(document("/a/{b}")), failOnWarnings=True)
    equal((api["name"], api["version"]), ("imported", "7"))
    at = {"restApiId": api["id"]}
    equal(sorted(item["path"] for item in gateway.get_resources(**at)["items"]), ["/", "/a", "/a/{b}"])
    gateway.create_deployment(**at, stageName="s")
    with urllib.request.urlopen(f"{ENDPOINT}/_aws/execute-api/{api['id']}/s/a/x") as answer:
        equal(answer.status, 200)
    not_done("BadRequestException", "openapi", gateway.import_rest_api, body=b"{}")
    file = os.path.join(tempfile.mkdtemp(), "api.json")
    with open(file, "w") as out:
        json.dump(document("/cli"), out)
    made = aws("apigateway", "import-rest-api", "--body", f"fileb://{file}")
    paths = [item["path"] for item in aws("apigateway", "get-resources", "--rest-api-id", made["id"])["items"]]
    equal(sorted(paths), ["/", "/cli"])


def test_put_rest_api():
    api = gateway.import_rest_api(body=json.dumps(document("/a")))
    at = {"restApiId": api["id"]}
    paths = lambda: sorted(item["path"] for item in gateway.get_resources(**at)["items"])
    gateway.put_rest_api(**at, body=json.dumps(document("/b")))
    equal(paths(), ["/", "/a", "/b"])
    gateway.put_rest_api(**at, mode="overwrite", body=json.dumps(document("/c")))
    equal(paths(), ["/", "/c"])

    def guarded(authorizer):
        scheme = {"type": "apiKey", "name": "Who", "in": "header", "x-amazon-apigateway-authorizer": authorizer}
        guarded = {"get": {"security": [{"guard": []}], "responses": {}}}
        return json.dumps(document("/d", components={"securitySchemes": {"guard": scheme}}) | {"paths": {"/d": guarded}})

    not_done("NotImplementedException", "Cognito", gateway.put_rest_api, **at, body=guarded({"type": "cognito_user_pools"}))
    equal(paths(), ["/", "/c"])
    gateway.put_rest_api(**at, body=guarded({"type": "token", "authorizerUri": URI}))
    made = gateway.get_authorizers(**at)["items"][0]
    equal((made["name"], made["type"], made["identitySource"]), ("guard", "TOKEN", "method.request.header.Who"))
    resource = next(item["id"] for item in gateway.get_resources(**at)["items"] if item["path"] == "/d")
    equal(gateway.get_method(**at, resourceId=resource, httpMethod="GET")["authorizerId"], made["id"])


def test_get_rest_apis():
    api = Api()
    equal(gateway.get_rest_api(**api.at)["name"], "pets")
    equal([item["id"] for item in gateway.get_rest_apis()["items"]], [api.id])
    equal(client("apigateway", "eu-west-1").get_rest_apis()["items"], [])
    text = "Invalid API identifier specified 000000000000:nope"
    not_done("NotFoundException", text, gateway.get_rest_api, restApiId="nope")


def test_update_rest_api():
    api = Api()
    changed = gateway.update_rest_api(
        **api.at,
        patchOperations=[
            {"op": "replace", "path": "/description", "value": "some pets"},
            {"op": "add", "path": "/binaryMediaTypes/image~1gif"},
            {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
        ],
    )
    equal((changed["description"], changed["binaryMediaTypes"]), ("some pets", ["image/gif"]))
    not_done("BadRequestException", "/nothing", gateway.update_rest_api, **api.at,
             patchOperations=[{"op": "replace", "path": "/nothing", "value": "1"}])


def test_create_resource():
    api = Api()
    equal(gateway.get_resource(**api.at, resourceId=api.pet)["path"], "/pets/{id}")
    equal(gateway.get_resource(**api.at, resourceId=api.rest)["path"], "/{proxy+}")
    not_done("ConflictException", "Another resource with the same parent already has this name: pets",
             gateway.create_resource, **api.at, parentId=api.root, pathPart="pets")
    not_done("BadRequestException", "path part", gateway.create_resource, **api.at, parentId=api.root, pathPart="a/b")
    not_done("NotFoundException", "Invalid Resource identifier specified",
             gateway.create_resource, **api.at, parentId="nope", pathPart="x")


def test_get_resources():
    api = Api().with_methods().integrated()
    plain = {item["path"]: item.get("resourceMethods") for item in gateway.get_resources(**api.at)["items"]}
    equal(plain, {"/": None, "/pets": None, "/pets/{id}": {"GET": {}}, "/{proxy+}": {"ANY": {}}})
    full = gateway.get_resource(**api.at, resourceId=api.pet, embed=["methods"])
    equal(full["resourceMethods"]["GET"]["methodIntegration"]["type"], "AWS_PROXY")
    pages = gateway.get_paginator("get_resources").paginate(**api.at, PaginationConfig={"PageSize": 3})
    equal([len(page["items"]) for page in pages], [3, 1])


def test_put_method():
    api = Api().with_methods()
    not_done("ConflictException", "Method already exists", gateway.put_method, **api.on_pet, authorizationType="NONE")
    on_pets = {**api.at, "resourceId": api.pets, "httpMethod": "GET"}
    not_done("NotImplementedException", "AWS_IAM", gateway.put_method, **on_pets, authorizationType="AWS_IAM")
    not_done("BadRequestException", "Invalid Request Validator", gateway.put_method, **on_pets,
             authorizationType="NONE", requestValidatorId="none")


def test_get_method():
    api = Api().with_methods().integrated()
    gateway.put_method_response(**api.on_pet, statusCode="200", responseModels={"application/json": "Empty"})
    gateway.put_integration_response(**api.on_pet, statusCode="200", selectionPattern="")
    method = gateway.get_method(**api.on_pet)
    equal(method["methodResponses"]["200"]["responseModels"], {"application/json": "Empty"})
    equal(method["methodIntegration"]["integrationResponses"]["200"]["statusCode"], "200")


def test_put_integration():
    api = Api().with_methods()
    not_done("NotFoundException", "Invalid Integration identifier specified", gateway.get_integration, **api.on_pet)
    not_done("NotImplementedException", "HTTP_PROXY", gateway.put_integration, **api.on_pet, type="HTTP_PROXY")
    not_done("BadRequestException", "Enumeration value for HttpMethod must be non-empty",
             gateway.put_integration, **api.on_pet, type="AWS_PROXY", uri=URI)
    api.integrated()
    equal(gateway.get_integration(**api.on_pet)["timeoutInMillis"], 29000)


def test_update_integration():
    api = Api().with_methods().integrated()
    operations = [{"op": "replace", "path": "/timeoutInMillis", "value": "3000"}]
    changed = gateway.update_integration(**api.on_pet, patchOperations=operations)
    equal((changed["timeoutInMillis"], changed["uri"]), (3000, URI))


def test_create_deployment():
    api = Api().with_methods()
    not_done("BadRequestException", "No integration defined for method", gateway.create_deployment, **api.at)
    api.integrated()
    first = gateway.create_deployment(**api.at, stageName="prod", description="first", variables={"v": "1"})
    stage = gateway.get_stage(**api.at, stageName="prod")
    equal((stage["deploymentId"], stage["variables"]), (first["id"], {"v": "1"}))


def test_delete_deployment():
    api = Api().deployed()
    text = "Active stages pointing to this deployment must be moved or deleted"
    not_done("BadRequestException", text, gateway.delete_deployment, **api.at, deploymentId=api.first)
    second = gateway.create_deployment(**api.at)["id"]
    operations = [{"op": "replace", "path": "/deploymentId", "value": second}]
    gateway.update_stage(**api.at, stageName="prod", patchOperations=operations)
    gateway.delete_deployment(**api.at, deploymentId=api.first)
    equal([item["id"] for item in gateway.get_deployments(**api.at)["items"]], [second])


def test_create_stage():
    api = Api().deployed()
    created = gateway.create_stage(**api.at, stageName="dev", deploymentId=api.first, tags={"a": "b"})
    equal(created["cacheClusterStatus"], "NOT_AVAILABLE")
    equal([item["stageName"] for item in gateway.get_stages(**api.at)["item"]], ["dev", "prod"])
    not_done("ConflictException", "Stage already exists", gateway.create_stage, **api.at,
             stageName="dev", deploymentId=api.first)
    not_done("BadRequestException", "Deployment id does not exist", gateway.create_stage, **api.at,
             stageName="x", deploymentId="nope")


def test_update_stage():
    api = Api().deployed()
    second = gateway.create_deployment(**api.at)["id"]
    moved = gateway.update_stage(**api.at, stageName="prod", patchOperations=[
        {"op": "replace", "path": "/deploymentId", "value": second},
        {"op": "replace", "path": "/variables/v", "value": "2"},
        {"op": "replace", "path": "/variables/w", "value": "3"},
    ])
    equal((moved["deploymentId"], moved["variables"]), (second, {"v": "2", "w": "3"}))


def get(path, host=None):
    request = urllib.request.Request(ENDPOINT + path, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def test_data_plane_in_its_three_forms():
    """The function does not exist, so a client gets status 500."""
    api = Api().deployed()
    for path, host in (
        (f"/_aws/execute-api/{api.id}/prod/pets/7", None),
        (f"/restapis/{api.id}/prod/_user_request_/pets/7", None),
        ("/prod/pets/7", f"{api.id}.execute-api.localhost.localstack.cloud"),
    ):
        status, body, headers = get(path, host)
        equal((path, status, body), (path, 500, {"message": "Internal server error"}))
        assert headers["x-amz-apigw-id"] and headers["x-amzn-requestid"], headers


def test_data_plane_where_nothing_is():
    api = Api().deployed()
    status, body, headers = get(f"/_aws/execute-api/{api.id}/prod/")
    equal((status, body), (403, {"message": "Missing Authentication Token"}))
    equal(headers["x-amzn-errortype"], "MissingAuthenticationTokenException")
    equal(get(f"/_aws/execute-api/{api.id}/none/pets/7")[:2], (403, {"message": "Forbidden"}))
    status, body, _ = get("/_aws/execute-api/none/prod/")
    assert status == 404 and body["message"].startswith("The API id 'none' does not correspond"), body


def test_account():
    role = "arn:aws:iam::000000000000:role/logs"
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    equal(gateway.get_account()["cloudwatchRoleArn"], role)


def test_tags():
    api = Api().deployed()
    gateway.create_stage(**api.at, stageName="dev", deploymentId=api.first, tags={"a": "b"})
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api.id}"
    gateway.tag_resource(resourceArn=arn, tags={"x": "y"})
    gateway.untag_resource(resourceArn=arn, tagKeys=["team"])
    equal(gateway.get_tags(resourceArn=arn)["tags"], {"x": "y"})
    equal(gateway.get_tags(resourceArn=f"{arn}/stages/dev")["tags"], {"a": "b"})


def test_what_does_not_exist_here_is_refused_by_name():
    not_done("NotImplementedException", "VPC links", gateway.get_vpc_links)


def test_authorizers():
    api = gateway.create_rest_api(name="guarded")
    on = {"restApiId": api["id"]}
    created = gateway.create_authorizer(
        **on, name="x", type="TOKEN", authorizerUri=URI, identitySource="method.request.header.Authorization")
    equal((created["type"], created["authType"], created["authorizerResultTtlInSeconds"]), ("TOKEN", "custom", 300))
    one = {**on, "authorizerId": created["id"]}
    gateway.put_method(**on, resourceId=api["rootResourceId"], httpMethod="GET", authorizationType="CUSTOM", authorizerId=created["id"])
    patch = [{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "0"}]
    equal(gateway.update_authorizer(**one, patchOperations=patch)["authorizerResultTtlInSeconds"], 0)
    patch = [{"op": "replace", "path": "/authType", "value": "mine"}]
    equal(gateway.update_authorizer(**one, patchOperations=patch)["authType"], "mine")
    equal([found["id"] for found in gateway.get_authorizers(**on)["items"]], [created["id"]])
    refused("BadRequestException", "authorizer ID", gateway.put_method, **on, resourceId=api["rootResourceId"], httpMethod="PUT",
            authorizationType="CUSTOM", authorizerId="none")
    refused("ConflictException", "used by a method", gateway.delete_authorizer, **one)
    refused("NotImplementedException", "Cognito", gateway.create_authorizer, **on, name="y", type="COGNITO_USER_POOLS")
    gateway.delete_method(**on, resourceId=api["rootResourceId"], httpMethod="GET")
    gateway.delete_authorizer(**one)
    refused("NotFoundException", "Authorizer", gateway.get_authorizer, **one)


def test_keys_plans_validators_models_and_mocks():
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


def test_parts_are_shown_listed_changed_and_deleted():
    api = Api().deployed()
    at, pet = api.at, api.on_pet

    gateway.put_method_response(**pet, statusCode="200", responseParameters={"method.response.header.x": True})
    gateway.put_integration_response(**pet, statusCode="200", responseParameters={"method.response.header.x": "'y'"})
    equal(gateway.get_method_response(**pet, statusCode="200")["responseParameters"], {"method.response.header.x": True})
    equal(gateway.get_integration_response(**pet, statusCode="200")["responseParameters"], {"method.response.header.x": "'y'"})
    gateway.delete_integration_response(**pet, statusCode="200")
    gateway.delete_method_response(**pet, statusCode="200")
    not_done("NotFoundException", "Invalid Response status code", gateway.get_method_response, **pet, statusCode="200")
    not_done("NotFoundException", "Invalid Response status code", gateway.get_integration_response, **pet, statusCode="200")

    gateway.create_model(**at, name="Pet", contentType="application/json", schema='{"type": "object"}')
    equal(gateway.get_model(**at, modelName="Pet")["schema"], '{"type": "object"}')
    equal([item["name"] for item in gateway.get_models(**at)["items"]], ["Pet"])
    gateway.delete_model(**at, modelName="Pet")
    equal(gateway.get_models(**at)["items"], [])

    validator = gateway.create_request_validator(**at, name="v", validateRequestBody=True, validateRequestParameters=False)
    one = {**at, "requestValidatorId": validator["id"]}
    gateway.update_request_validator(**one, patchOperations=[{"op": "replace", "path": "/validateRequestParameters", "value": "true"}])
    equal(gateway.get_request_validator(**one)["validateRequestParameters"], True)
    equal([item["id"] for item in gateway.get_request_validators(**at)["items"]], [validator["id"]])
    gateway.delete_request_validator(**one)
    equal(gateway.get_request_validators(**at)["items"], [])

    gateway.put_gateway_response(**at, responseType="THROTTLED", statusCode="420")
    equal(gateway.get_gateway_response(**at, responseType="THROTTLED")["statusCode"], "420")
    equal([item["responseType"] for item in gateway.get_gateway_responses(**at)["items"] if not item["defaultResponse"]], ["THROTTLED"])
    gateway.delete_gateway_response(**at, responseType="THROTTLED")
    equal(gateway.get_gateway_response(**at, responseType="THROTTLED")["defaultResponse"], True)

    equal(gateway.get_deployment(**at, deploymentId=api.first)["id"], api.first)

    key = gateway.create_api_key(name="k", enabled=True)["id"]
    gateway.update_api_key(apiKey=key, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}])
    shown = gateway.get_api_keys(includeValues=False)["items"][0]
    equal((shown["id"], shown["enabled"], "value" in shown), (key, False, False))
    plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": api.id, "stage": "prod"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    equal(gateway.get_usage_plan_key(usagePlanId=plan, keyId=key)["id"], key)
    equal([item["id"] for item in gateway.get_usage_plan_keys(usagePlanId=plan)["items"]], [key])
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=[{"op": "replace", "path": "/throttle/rateLimit", "value": "3"}])
    equal([(item["id"], item["throttle"]["rateLimit"]) for item in gateway.get_usage_plans()["items"]], [(plan, 3.0)])
    gateway.delete_usage_plan_key(usagePlanId=plan, keyId=key)
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=[{"op": "remove", "path": "/apiStages", "value": f"{api.id}:prod"}])
    gateway.delete_usage_plan(usagePlanId=plan)
    gateway.delete_api_key(apiKey=key)
    equal((gateway.get_usage_plans()["items"], gateway.get_api_keys()["items"]), ([], []))


def test_command_line():
    def call(operation, *arguments):
        return aws_here("apigateway", operation, *arguments)

    api = call("create-rest-api", "--name", "cli")
    at = ("--rest-api-id", api["id"])
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    patch = lambda path, value: ("--patch-operations", json.dumps([{"op": "replace", "path": path, "value": value}]))
    ids = lambda listed: [item["id"] for item in listed["items"]]
    equal(call("update-rest-api", *at, *patch("/description", "d"))["description"], "d")
    equal((call("get-rest-api", *at)["id"], ids(call("get-rest-apis"))), (api["id"], [api["id"]]))
    call("tag-resource", "--resource-arn", arn, "--tags", "a=b,c=d")
    call("untag-resource", "--resource-arn", arn, "--tag-keys", "a")
    equal(call("get-tags", "--resource-arn", arn)["tags"], {"c": "d"})
    role = "arn:aws:iam::000000000000:role/logs"
    call("update-account", *patch("/cloudwatchRoleArn", role))
    equal(call("get-account")["cloudwatchRoleArn"], role)

    resource = call("create-resource", *at, "--parent-id", api["rootResourceId"], "--path-part", "x")["id"]
    on = (*at, "--resource-id", resource)
    equal((call("get-resource", *on)["path"], len(call("get-resources", *at)["items"])), ("/x", 2))
    model = ("--content-type", "application/json", "--schema", '{"type": "object"}')
    call("create-model", *at, "--name", "M", *model)
    equal((call("get-model", *at, "--model-name", "M")["name"], len(call("get-models", *at)["items"])), ("M", 1))
    validator = call("create-request-validator", *at, "--name", "v", "--validate-request-body")["id"]
    one = (*at, "--request-validator-id", validator)
    call("update-request-validator", *one, *patch("/name", "w"))
    equal((call("get-request-validator", *one)["name"], ids(call("get-request-validators", *at))), ("w", [validator]))
    authorizer = call("create-authorizer", *at, "--name", "a", "--type", "TOKEN", "--authorizer-uri", URI,
                      "--identity-source", "method.request.header.A")["id"]
    asked = (*at, "--authorizer-id", authorizer)
    call("update-authorizer", *asked, *patch("/name", "b"))
    equal((call("get-authorizer", *asked)["name"], ids(call("get-authorizers", *at))), ("b", [authorizer]))

    method = (*on, "--http-method", "GET")
    call("put-method", *method, "--authorization-type", "NONE", "--api-key-required")
    call("put-method-response", *method, "--status-code", "200")
    call("put-integration", *method, "--type", "MOCK", "--request-templates", '{"application/json": "{\\"statusCode\\": 200}"}')
    call("put-integration-response", *method, "--status-code", "200")
    call("update-integration", *method, *patch("/timeoutInMillis", "900"))
    equal(call("get-method", *method)["apiKeyRequired"], True)
    equal(call("get-integration", *method)["timeoutInMillis"], 900)
    equal(call("get-method-response", *method, "--status-code", "200")["statusCode"], "200")
    equal(call("get-integration-response", *method, "--status-code", "200")["statusCode"], "200")
    kind = (*at, "--response-type", "THROTTLED")
    call("put-gateway-response", *kind, "--status-code", "420")
    equal(call("get-gateway-response", *kind)["statusCode"], "420")
    assert call("get-gateway-responses", *at)["items"]

    deployment = call("create-deployment", *at)["id"]
    equal((call("get-deployment", *at, "--deployment-id", deployment)["id"], ids(call("get-deployments", *at))), (deployment, [deployment]))
    stage = (*at, "--stage-name", "s")
    call("create-stage", *stage, "--deployment-id", deployment)
    call("update-stage", *stage, *patch("/description", "d"))
    equal((call("get-stage", *stage)["description"], len(call("get-stages", *at)["item"])), ("d", 1))
    key = call("create-api-key", "--name", "k", "--enabled")["id"]
    call("update-api-key", "--api-key", key, *patch("/description", "d"))
    equal((call("get-api-key", "--api-key", key)["description"], ids(call("get-api-keys"))), ("d", [key]))
    plan = call("create-usage-plan", "--name", "p", "--api-stages", f"apiId={api['id']},stage=s", "--quota", "limit=5,period=DAY")["id"]
    on_plan = ("--usage-plan-id", plan)
    call("update-usage-plan", *on_plan, *patch("/description", "d"))
    equal((call("get-usage-plan", *on_plan)["description"], ids(call("get-usage-plans"))), ("d", [plan]))
    call("create-usage-plan-key", *on_plan, "--key-id", key, "--key-type", "API_KEY")
    equal((call("get-usage-plan-key", *on_plan, "--key-id", key)["id"], ids(call("get-usage-plan-keys", *on_plan))), (key, [key]))
    call("update-usage", *on_plan, "--key-id", key, *patch("/remaining", "4"))
    today = time.strftime("%Y-%m-%d", time.gmtime())
    equal(call("get-usage", *on_plan, "--start-date", today, "--end-date", today)["usagePlanId"], plan)

    call("delete-usage-plan-key", *on_plan, "--key-id", key)
    call("update-usage-plan", *on_plan, "--patch-operations", f"op=remove,path=/apiStages,value={api['id']}:s")
    call("delete-stage", *stage)
    call("delete-usage-plan", *on_plan)
    call("delete-api-key", "--api-key", key)
    call("delete-deployment", *at, "--deployment-id", deployment)
    call("delete-gateway-response", *kind)
    call("delete-integration-response", *method, "--status-code", "200")
    call("delete-method-response", *method, "--status-code", "200")
    call("delete-integration", *method)
    call("delete-method", *method)
    call("delete-authorizer", *asked)
    call("delete-request-validator", *one)
    call("delete-model", *at, "--model-name", "M")
    call("delete-resource", *on)
    file = os.path.join(tempfile.mkdtemp(), "api.json")
    with open(file, "w") as out:
        json.dump(document("/put"), out)
    call("put-rest-api", *at, "--mode", "overwrite", "--body", f"fileb://{file}")
    equal(sorted(item["path"] for item in call("get-resources", *at)["items"]), ["/", "/put"])
    call("delete-rest-api", *at)


def test_deletes():
    api = Api().deployed()
    gateway.delete_stage(**api.at, stageName="prod")
    gateway.delete_integration(**api.on_pet)
    gateway.delete_method(**api.on_pet)
    gateway.delete_resource(**api.at, resourceId=api.pets)
    equal([item["path"] for item in gateway.get_resources(**api.at)["items"]], ["/", "/{proxy+}"])
    gateway.delete_rest_api(**api.at)
    not_done("NotFoundException", "Invalid API identifier", gateway.get_rest_api, **api.at)


run(globals())
