"""HTTP APIs, called with boto3 and the AWS CLI."""

import json
import urllib.error
import urllib.request

from clients import ENDPOINT, aws, client, equal, refused, run

apis = client("apigatewayv2")
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:none"


def created(**more):
    return apis.create_api(Name="pets", ProtocolType="HTTP", **more)["ApiId"]


def integration(api):
    return apis.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0")["IntegrationId"]


def get(path):
    try:
        with urllib.request.urlopen(ENDPOINT + path) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_apis():
    api = apis.create_api(Name="pets", ProtocolType="HTTP", CorsConfiguration={"AllowOrigins": ["*"]}, Tags={"a": "b"})
    equal(api["ApiEndpoint"], f"https://{api['ApiId']}.execute-api.us-east-1.amazonaws.com")
    equal((api["RouteSelectionExpression"], api["CorsConfiguration"]),
          ("$request.method $request.path", {"AllowOrigins": ["*"]}))
    equal(apis.update_api(ApiId=api["ApiId"], Description="d")["Description"], "d")
    apis.delete_cors_configuration(ApiId=api["ApiId"])
    found = apis.get_api(ApiId=api["ApiId"])
    assert "CorsConfiguration" not in found and found["CreatedDate"].year > 2000, found
    arn = f"arn:aws:apigateway:us-east-1::/apis/{api['ApiId']}"
    apis.tag_resource(ResourceArn=arn, Tags={"c": "d"})
    apis.untag_resource(ResourceArn=arn, TagKeys=["a"])
    equal(apis.get_tags(ResourceArn=arn)["Tags"], {"c": "d"})
    created()
    first = apis.get_apis(MaxResults="1")
    second = apis.get_apis(MaxResults="1", NextToken=first["NextToken"])
    equal([len(first["Items"]), len(second["Items"]), second.get("NextToken")], [1, 1, None])
    apis.delete_api(ApiId=api["ApiId"])
    refused("NotFoundException", "API", apis.get_api, ApiId=api["ApiId"])
    equal([item["Name"] for item in aws("apigatewayv2", "get-apis")["Items"]], ["pets"])


def test_routes_integrations_and_authorizers():
    api = created()
    to = integration(api)
    equal(apis.update_integration(ApiId=api, IntegrationId=to, TimeoutInMillis=50)["TimeoutInMillis"], 50)
    refused("BadRequestException", "TimeoutInMillis", apis.update_integration, ApiId=api, IntegrationId=to, TimeoutInMillis=40_000)
    authorizer = apis.create_authorizer(
        ApiId=api, Name="x", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "http://localhost:1", "Audience": ["a"]})["AuthorizerId"]
    route = apis.create_route(ApiId=api, RouteKey="GET /pets/{id}", Target=f"integrations/{to}",
                              AuthorizationType="JWT", AuthorizerId=authorizer, AuthorizationScopes=["read"])
    equal(apis.get_route(ApiId=api, RouteId=route["RouteId"])["AuthorizationScopes"], ["read"])
    refused("ConflictException", "already exists", apis.create_route, ApiId=api, RouteKey="GET /pets/{id}")
    refused("BadRequestException", "route key", apis.create_route, ApiId=api, RouteKey="pets")
    refused("BadRequestException", "Invalid target", apis.create_route, ApiId=api, RouteKey="GET /", Target="integrations/none")
    refused("ConflictException", "referenced", apis.delete_integration, ApiId=api, IntegrationId=to)
    equal(apis.update_route(ApiId=api, RouteId=route["RouteId"], RouteKey="$default")["RouteKey"], "$default")
    apis.delete_route(ApiId=api, RouteId=route["RouteId"])
    apis.delete_authorizer(ApiId=api, AuthorizerId=authorizer)
    apis.delete_integration(ApiId=api, IntegrationId=to)
    for listed in (apis.get_routes, apis.get_integrations, apis.get_authorizers):
        equal(listed(ApiId=api)["Items"], [])


def test_stages_and_deployments():
    """Without automatic deployment, a stage serves the deployment that it was given."""
    api = created()
    to = integration(api)
    apis.create_stage(ApiId=api, StageName="test", StageVariables={"a": "b"})
    equal(get(f"/_aws/execute-api/{api}/test/pets"), (404, {"message": "Not Found"}))
    apis.create_route(ApiId=api, RouteKey="GET /pets", Target=f"integrations/{to}")
    deployment = apis.create_deployment(ApiId=api, StageName="test", Description="one")
    equal((deployment["DeploymentStatus"], deployment["AutoDeployed"]), ("DEPLOYED", False))
    # The function does not exist, so a client gets status 500.
    equal(get(f"/_aws/execute-api/{api}/test/pets"), (500, {"message": "Internal Server Error"}))
    equal(apis.get_stage(ApiId=api, StageName="test")["DeploymentId"], deployment["DeploymentId"])
    refused("BadRequestException", "stages", apis.delete_deployment, ApiId=api, DeploymentId=deployment["DeploymentId"])
    apis.update_stage(ApiId=api, StageName="test", AutoDeploy=True)
    apis.create_route(ApiId=api, RouteKey="GET /more", Target=f"integrations/{to}")
    equal(get(f"/_aws/execute-api/{api}/test/more")[0], 500)
    apis.delete_stage(ApiId=api, StageName="test")
    equal(get(f"/_aws/execute-api/{api}/test/pets"), (404, {"message": "Not Found"}))
    refused("NotFoundException", "Stage", apis.get_stage, ApiId=api, StageName="test")


def test_quick_create():
    """One call creates an API for one function."""
    api = created(Target=FUNCTION)
    equal([route["RouteKey"] for route in apis.get_routes(ApiId=api)["Items"]], ["$default"])
    equal([stage["StageName"] for stage in apis.get_stages(ApiId=api)["Items"]], ["$default"])
    equal(get(f"/_aws/execute-api/{api}/any/path")[0], 500)


def test_documents():
    """An OpenAPI document becomes an API, and another one takes the place of the first."""
    def document(path):
        called = {"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": FUNCTION}
        return json.dumps({"openapi": "3.0.1", "info": {"title": "t", "version": "1"},
                           "paths": {path: {"get": {"x-amazon-apigateway-integration": called}}}})

    def keys():
        return [route["RouteKey"] for route in apis.get_routes(ApiId=api)["Items"]]

    api = apis.import_api(Body=document("/pets"))["ApiId"]
    equal(keys(), ["GET /pets"])
    equal(apis.reimport_api(ApiId=api, Body=document("/dogs"))["ApiId"], api)
    equal(keys(), ["GET /dogs"])
    equal(aws("apigatewayv2", "reimport-api", "--api-id", api, "--body", document("/cats"))["ApiId"], api)
    refused("BadRequestException", "OpenAPI", apis.reimport_api, ApiId=api, Body="{}")
    refused("NotFoundException", "API", apis.reimport_api, ApiId="none", Body=document("/"))
    equal(keys(), ["GET /cats"])


def test_what_does_not_exist_here_is_refused_by_name():
    refused("NotImplementedException", "WebSocket", apis.create_api, Name="a", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a")
    api = created()
    refused("NotImplementedException", "HTTP_PROXY", apis.create_integration, ApiId=api, IntegrationType="HTTP_PROXY", IntegrationUri="http://localhost")
    refused("NotImplementedException", "AWS_IAM", apis.create_route, ApiId=api, RouteKey="GET /", AuthorizationType="AWS_IAM")


run(globals())
