"""Compares responses with those of moto, an independent implementation: members and types must agree. The differences are
listed with the page of AWS's documentation that confirms this cloud."""

import json
import re

import boto3
from clients import CONFIG, CREDENTIALS, ENDPOINT, run
from moto.server import ThreadedMotoServer

# Members that only one side has, with the page of AWS's API reference that confirms this cloud.
DIFFERENCES = {
    # MetricAlarm: `Metrics` is only for alarms on a math expression; the time of the last transition is a member.
    r"describe_alarms(_for_metric)?\.MetricAlarms\[\]\.Metrics: moto only",
    r"describe_alarms(_for_metric)?\.MetricAlarms\[\]\.StateTransitionedTimestamp: here only",
    # RestApi: what was not given is not returned; EndpointConfiguration has an address type.
    r"(create_rest_api|get_rest_api|get_rest_apis\.items\[\])\.(binaryMediaTypes|tags|version): moto only",
    r"(create_rest_api|get_rest_api|get_rest_apis\.items\[\])\.endpointConfiguration\.ipAddressType: here only",
    # GatewayResponse: both maps are members of the answer.
    r"(put|get)_gateway_response\.(responseParameters|responseTemplates): here only",
    # Integration: defaults are returned. IntegrationResponse: what was given is returned, and nothing else.
    r"(put_integration|get_integration|get_method\.methodIntegration)\.(cacheNamespace|passthroughBehavior|timeoutInMillis): here only",
    r"(put_integration_response|get_integration\.integrationResponses\.200)\.responseTemplates: moto only",
    r"(put_integration_response|get_integration\.integrationResponses\.200)\.selectionPattern: here only",
    # Method: there are no responses until PutMethodResponse makes them.
    r"(put|get)_method\.methodResponses: moto only",
    # Stage: dates, tracing and the state of the cache are members; what was not given is not returned.
    r"get_stages?(\.item\[\])?\.(cacheClusterStatus|createdDate|lastUpdatedDate|tracingEnabled): here only",
    r"get_stages?(\.item\[\])?\.(description|variables): moto only",
    # Authorizer (create-authorizer in the AWS CLI Command Reference): the word is `custom` where none was given.
    r"(create_authorizer|get_authorizer|get_authorizers\.items\[\])\.authType: here only",
    # GetSubscriptionAttributes: the principal that subscribed. GetTopicAttributes: `DeliveryPolicy` is the policy that was
    # set; none was.
    r"get_subscription_attributes\.Attributes\.SubscriptionPrincipal: here only",
    r"get_topic_attributes\.Attributes\.DeliveryPolicy: moto only",
    # Api: every API has an address type. Integration (get-integration in the AWS CLI Command Reference): `ConnectionType` is INTERNET where
    # there is no VPC link. Route (create-route in the same): what was not given is not returned.
    r"(create_api|get_api|get_apis\.Items\[\]|update_api|reimport_api)\.IpAddressType: here only",
    r"(create_integration|get_integration|get_integrations\.Items\[\]|update_integration)\.ConnectionType: here only",
    r"(create_route|get_route|get_routes\.Items\[\]|update_route)\.RequestParameters: moto only",
    # Route: what was not given is not returned, except the authorization type, which is NONE then. moto leaves it out of imported routes.
    r"get_routes\.Items\[\]\.AuthorizationScopes: moto only",
    r"get_routes\.Items\[\]\.AuthorizationType: here only",
    # Stage, and get-stage in the AWS CLI Command Reference: detailed metrics are off by default; with AutoDeploy there is a deployment.
    r"(create_stage|get_stage|get_stages\.Items\[\])\.DefaultRouteSettings\.DetailedMetricsEnabled: here only",
    r"(create_stage|get_stage|get_stages\.Items\[\])\.DeploymentId: here only",
    # EventBus: description and times are members. TestEventPattern: the result is always returned.
    r"list_event_buses\.EventBuses\[\]\.(CreationTime|Description|LastModifiedTime): here only",
    r"test_event_pattern\.Result: here only",
    # GetSchedule: what happens after the end is a member. ScheduleGroupSummary: both times are.
    r"get_schedule\.ActionAfterCompletion: here only",
    r"list_schedule_groups\.ScheduleGroups\[\]\.(CreationDate|LastModificationDate): here only",
}


def shape(value):
    """Members and types of a value; a list has the shape of its first item."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items() if name != "ResponseMetadata"}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def differences(ours, theirs, at):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            place = f"{at}.{name}"
            if name not in theirs:
                yield f"{place}: here only"
            elif name not in ours:
                yield f"{place}: moto only"
            else:
                yield from differences(ours[name], theirs[name], place)
    elif isinstance(ours, list) and isinstance(theirs, list):
        if ours and theirs:
            yield from differences(ours[0], theirs[0], f"{at}[]")
        elif ours or theirs:
            yield f"{at}: empty on one side"
    elif ours != theirs:
        yield f"{at}: {ours} here, {theirs} in moto"


class Pair:
    """Clients of one service on both sides, which make the same calls."""

    def __init__(self, service, theirs):
        def client(endpoint):
            return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=CONFIG, **CREDENTIALS)

        self.service, self.sides, self.seen = service, [client(ENDPOINT), client(theirs)], []

    def __getattr__(self, operation):
        """Makes a call on both sides; an argument that is a pair has one value for each side."""

        def call(**arguments):
            answers = []
            for number, side in enumerate(self.sides):
                own = {name: value[number] if isinstance(value, tuple) else value for name, value in arguments.items()}
                answers.append(getattr(side, operation)(**own))
            self.seen += differences(shape(answers[0]), shape(answers[1]), operation)
            return answers

        return call


def compared(work):
    """Runs `work` on pairs of clients, and compares the differences with the list."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    pairs = []

    def pair(service):
        pairs.append(Pair(service, f"http://{host}:{port}"))
        return pairs[-1]

    try:
        work(pair)
    finally:
        server.stop()
    seen = {difference for pair in pairs for difference in pair.seen}
    unknown = sorted(difference for difference in seen if not any(re.fullmatch(known, difference) for known in DIFFERENCES))
    assert not unknown, "\n".join(unknown)


def test_alarms():
    def work(pair):
        metrics = pair("cloudwatch")
        alarm = {"AlarmName": "a", "Namespace": "N", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
                 "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold", "Dimensions": [{"Name": "d", "Value": "v"}]}
        metrics.put_metric_alarm(**alarm, AlarmDescription="text", Tags=[{"Key": "k", "Value": "v"}],
                                 AlarmActions=["arn:aws:sns:us-east-1:000000000000:t"])
        metrics.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="by hand", StateReasonData="{}")
        alarms = metrics.describe_alarms(AlarmNames=["a"])
        metrics.describe_alarms_for_metric(Namespace="N", MetricName="m", Dimensions=alarm["Dimensions"], Period=60, Statistic="Sum")
        arns = tuple(side["MetricAlarms"][0]["AlarmArn"] for side in alarms)
        metrics.tag_resource(ResourceARN=arns, Tags=[{"Key": "n", "Value": "w"}])
        metrics.list_tags_for_resource(ResourceARN=arns)
        metrics.untag_resource(ResourceARN=arns, TagKeys=["n"])
        metrics.disable_alarm_actions(AlarmNames=["a"])
        metrics.enable_alarm_actions(AlarmNames=["a"])
        metrics.delete_alarms(AlarmNames=["a"])

    compared(work)


def test_queues():
    def work(pair):
        sqs = pair("sqs")
        dead = [side["QueueUrl"] for side in sqs.create_queue(QueueName="dead")]
        arns = [side["Attributes"]["QueueArn"] for side in sqs.get_queue_attributes(QueueUrl=tuple(dead), AttributeNames=["QueueArn"])]
        policy = tuple({"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})} for arn in arns)
        urls = tuple(side["QueueUrl"] for side in sqs.create_queue(QueueName="q", Attributes=policy))
        attribute = {"kind": {"DataType": "String", "StringValue": "x"}}
        sqs.send_message(QueueUrl=urls, MessageBody="b", MessageAttributes=attribute)
        sqs.send_message_batch(QueueUrl=urls, Entries=[{"Id": "1", "MessageBody": "c"}])
        sqs.receive_message(QueueUrl=urls, AttributeNames=["All"], MessageAttributeNames=["All"])
        sqs.list_dead_letter_source_queues(QueueUrl=tuple(dead))
        sqs.add_permission(QueueUrl=urls, Label="l", AWSAccountIds=["123456789012"], Actions=["SendMessage"])
        sqs.remove_permission(QueueUrl=urls, Label="l")
        sqs.tag_queue(QueueUrl=urls, Tags={"k": "v"})
        sqs.list_queue_tags(QueueUrl=urls)
        sqs.untag_queue(QueueUrl=urls, TagKeys=["k"])
        sqs.get_queue_url(QueueName="q")
        sqs.list_queues()
        sqs.get_queue_attributes(QueueUrl=urls, AttributeNames=["All"])
        sqs.set_queue_attributes(QueueUrl=urls, Attributes={"VisibilityTimeout": "30"})
        sqs.send_message(QueueUrl=urls, MessageBody="d")
        received = sqs.receive_message(QueueUrl=urls)
        handles = tuple(side["Messages"][0]["ReceiptHandle"] for side in received)
        entries = lambda more: tuple([{"Id": "1", "ReceiptHandle": handle, **more}] for handle in handles)
        sqs.change_message_visibility(QueueUrl=urls, ReceiptHandle=handles, VisibilityTimeout=9)
        sqs.change_message_visibility_batch(QueueUrl=urls, Entries=entries({"VisibilityTimeout": 9}))
        sqs.delete_message_batch(QueueUrl=urls, Entries=entries({}))
        # Moves are left out: moto answers StartMessageMoveTask of an empty queue with a 500.
        sqs.purge_queue(QueueUrl=urls)
        fifo = tuple(side["QueueUrl"] for side in sqs.create_queue(QueueName="f.fifo", Attributes={"FifoQueue": "true"}))
        sqs.send_message(QueueUrl=fifo, MessageBody="b", MessageGroupId="g", MessageDeduplicationId="d")
        sqs.receive_message(QueueUrl=fifo, AttributeNames=["All"])

    compared(work)


def test_topics():
    def work(pair):
        sns = pair("sns")
        topics = tuple(side["TopicArn"] for side in sns.create_topic(Name="t", Tags=[{"Key": "k", "Value": "v"}]))
        sns.get_topic_attributes(TopicArn=topics)
        sns.list_topics()
        accounts = [topic.split(":")[4] for topic in topics]
        queues = tuple(f"arn:aws:sqs:us-east-1:{account}:q" for account in accounts)
        pair("sqs").create_queue(QueueName="q")
        made = sns.subscribe(TopicArn=topics, Protocol="sqs", Endpoint=queues, ReturnSubscriptionArn=True)
        subscriptions = tuple(side["SubscriptionArn"] for side in made)
        sns.get_subscription_attributes(SubscriptionArn=subscriptions)
        sns.list_subscriptions_by_topic(TopicArn=topics)
        sns.publish(TopicArn=topics, Message="m", Subject="s")
        sns.publish_batch(TopicArn=topics, PublishBatchRequestEntries=[{"Id": "1", "Message": "m"}])
        sns.list_tags_for_resource(ResourceArn=topics)
        sns.untag_resource(ResourceArn=topics, TagKeys=["k"])
        sns.list_subscriptions()
        sns.set_subscription_attributes(SubscriptionArn=subscriptions, AttributeName="RawMessageDelivery", AttributeValue="true")
        sns.set_topic_attributes(TopicArn=topics, AttributeName="DisplayName", AttributeValue="T")
        sns.add_permission(TopicArn=topics, Label="l", AWSAccountId=["123456789012"], ActionName=["Publish"])
        sns.remove_permission(TopicArn=topics, Label="l")
        sns.unsubscribe(SubscriptionArn=subscriptions)
        sns.delete_topic(TopicArn=topics)

    compared(work)


def test_apis_keys_and_plans():
    def work(pair):
        gateway = pair("apigateway")
        made = gateway.create_rest_api(name="t")
        apis = tuple(side["id"] for side in made)
        root = tuple(side["items"][0]["id"] for side in gateway.get_resources(restApiId=apis))
        gateway.put_method(restApiId=apis, resourceId=root, httpMethod="GET", authorizationType="NONE")
        gateway.put_integration(restApiId=apis, resourceId=root, httpMethod="GET", type="MOCK",
                                requestTemplates={"application/json": '{"statusCode": 200}'})
        gateway.create_deployment(restApiId=apis, stageName="s")
        gateway.create_model(restApiId=apis, name="M", contentType="application/json", schema="{}")
        gateway.create_request_validator(restApiId=apis, name="v", validateRequestBody=True, validateRequestParameters=False)
        gateway.put_gateway_response(restApiId=apis, responseType="DEFAULT_4XX", statusCode="400")
        keys = tuple(side["id"] for side in gateway.create_api_key(name="k", enabled=True))
        gateway.get_api_key(apiKey=keys, includeValue=True)
        stages = tuple([{"apiId": api, "stage": "s"}] for api in apis)
        plans = tuple(side["id"] for side in gateway.create_usage_plan(
            name="p", apiStages=stages, throttle={"rateLimit": 1, "burstLimit": 1}, quota={"limit": 1, "offset": 0, "period": "DAY"}))
        gateway.create_usage_plan_key(usagePlanId=plans, keyId=keys, keyType="API_KEY")
        gateway.get_usage_plan(usagePlanId=plans)
        gateway.get_usage_plan_keys(usagePlanId=plans)
        gateway.get_usage_plan_key(usagePlanId=plans, keyId=keys)
        gateway.get_usage_plans()
        gateway.get_api_keys()
        gateway.get_rest_apis()
        gateway.get_rest_api(restApiId=apis)
        gateway.get_models(restApiId=apis)
        gateway.get_model(restApiId=apis, modelName="M")
        gateway.get_request_validators(restApiId=apis)
        gateway.get_gateway_response(restApiId=apis, responseType="DEFAULT_4XX")
        gateway.get_stages(restApiId=apis)
        gateway.get_stage(restApiId=apis, stageName="s")
        gateway.get_deployments(restApiId=apis)
        gateway.get_method(restApiId=apis, resourceId=root, httpMethod="GET")
        gateway.put_method_response(restApiId=apis, resourceId=root, httpMethod="GET", statusCode="200")
        gateway.put_integration_response(restApiId=apis, resourceId=root, httpMethod="GET", statusCode="200", selectionPattern="")
        gateway.get_integration(restApiId=apis, resourceId=root, httpMethod="GET")
        made = gateway.create_authorizer(
            restApiId=apis, name="a", type="TOKEN", identitySource="method.request.header.A",
            authorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations")
        gateway.get_authorizer(restApiId=apis, authorizerId=tuple(side["id"] for side in made))
        gateway.get_authorizers(restApiId=apis)

    compared(work)


def test_http_apis():
    def work(pair):
        gateway = pair("apigatewayv2")
        cors = {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "AllowHeaders": ["h"], "ExposeHeaders": ["e"], "MaxAge": 5}
        made = gateway.create_api(Name="t", ProtocolType="HTTP", Description="d", CorsConfiguration=cors, Tags={"k": "v"})
        apis = tuple(side["ApiId"] for side in made)
        gateway.get_api(ApiId=apis)
        gateway.get_apis()
        gateway.update_api(ApiId=apis, Description="e")
        function = "arn:aws:lambda:us-east-1:000000000000:function:f"
        made = gateway.create_integration(ApiId=apis, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0",
                                          TimeoutInMillis=5000, Description="d")
        integrations = tuple(side["IntegrationId"] for side in made)
        gateway.get_integration(ApiId=apis, IntegrationId=integrations)
        gateway.get_integrations(ApiId=apis)
        gateway.update_integration(ApiId=apis, IntegrationId=integrations, TimeoutInMillis=50)
        made = gateway.create_authorizer(ApiId=apis, Name="j", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
                                         JwtConfiguration={"Issuer": "http://localhost:1", "Audience": ["a"]})
        authorizers = tuple(side["AuthorizerId"] for side in made)
        gateway.get_authorizer(ApiId=apis, AuthorizerId=authorizers)
        gateway.update_authorizer(ApiId=apis, AuthorizerId=authorizers, Name="k")
        targets = tuple(f"integrations/{one}" for one in integrations)
        made = gateway.create_route(ApiId=apis, RouteKey="GET /pets", Target=targets, AuthorizationType="JWT", AuthorizerId=authorizers,
                                    AuthorizationScopes=["read"], OperationName="o")
        routes = tuple(side["RouteId"] for side in made)
        gateway.get_route(ApiId=apis, RouteId=routes)
        gateway.get_routes(ApiId=apis)
        gateway.update_route(ApiId=apis, RouteId=routes, RouteKey="GET /dogs")
        gateway.create_stage(ApiId=apis, StageName="s", AutoDeploy=True, Description="d", StageVariables={"a": "b"}, Tags={"k": "v"},
                             DefaultRouteSettings={"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5})
        gateway.get_stage(ApiId=apis, StageName="s")
        gateway.get_stages(ApiId=apis)
        arns = tuple(f"arn:aws:apigateway:us-east-1::/apis/{api}" for api in apis)
        gateway.tag_resource(ResourceArn=arns, Tags={"n": "w"})
        gateway.get_tags(ResourceArn=arns)
        gateway.untag_resource(ResourceArn=arns, TagKeys=["n"])
        gateway.delete_cors_configuration(ApiId=apis)
        gateway.get_api(ApiId=apis)
        gateway.delete_route(ApiId=apis, RouteId=routes)
        gateway.delete_integration(ApiId=apis, IntegrationId=integrations)
        gateway.delete_authorizer(ApiId=apis, AuthorizerId=authorizers)
        gateway.delete_stage(ApiId=apis, StageName="s")
        document = {"openapi": "3.0.1", "info": {"title": "u", "version": "2", "description": "f"},
                    "paths": {"/cats": {"get": {"x-amazon-apigateway-integration": {
                        "type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": function}}}}}
        gateway.reimport_api(ApiId=apis, Body=json.dumps(document))
        gateway.get_routes(ApiId=apis)
        gateway.delete_api(ApiId=apis)

    compared(work)


def test_buses_and_rules():
    def work(pair):
        events = pair("events")
        events.create_event_bus(Name="b", Description="d", Tags=[{"Key": "k", "Value": "v"}])
        buses = tuple(side["Arn"] for side in events.describe_event_bus(Name="b"))
        events.describe_event_bus()
        events.list_event_buses()
        pattern = json.dumps({"source": ["shop"], "detail": {"kind": ["a"]}})
        made = events.put_rule(Name="r", EventBusName="b", EventPattern=pattern, State="ENABLED", Description="d", Tags=[{"Key": "k", "Value": "v"}])
        rules = tuple(side["RuleArn"] for side in made)
        events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
        events.describe_rule(Name="r", EventBusName="b")
        events.describe_rule(Name="hourly")
        events.list_rules(EventBusName="b")
        events.disable_rule(Name="r", EventBusName="b")
        events.enable_rule(Name="r", EventBusName="b")
        accounts = [rule.split(":")[4] for rule in rules]
        queues = [f"arn:aws:sqs:us-east-1:{account}:q" for account in accounts]
        pair("sqs").create_queue(QueueName="q")
        transformer = {"InputPathsMap": {"s": "$.source"}, "InputTemplate": '"<s>"'}
        targets = tuple([{"Id": "1", "Arn": queue, "InputTransformer": transformer, "DeadLetterConfig": {"Arn": queue},
                          "RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}},
                         {"Id": "2", "Arn": queue, "InputPath": "$.detail"}] for queue in queues)
        events.put_targets(Rule="r", EventBusName="b", Targets=targets)
        events.list_targets_by_rule(Rule="r", EventBusName="b")
        events.list_rule_names_by_target(TargetArn=tuple(queues), EventBusName="b")
        entry = {"Source": "shop", "DetailType": "Sold", "Detail": '{"kind": "a"}', "EventBusName": "b"}
        events.put_events(Entries=[entry, {**entry, "Detail": "no JSON"}])
        events.test_event_pattern(EventPattern=pattern, Event=json.dumps({
            "id": "1", "account": "123456789012", "source": "shop", "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [],
            "detail-type": "Sold", "detail": {"kind": "a"}}))
        events.tag_resource(ResourceARN=rules, Tags=[{"Key": "n", "Value": "w"}])
        events.list_tags_for_resource(ResourceARN=rules)
        events.untag_resource(ResourceARN=rules, TagKeys=["n"])
        events.list_tags_for_resource(ResourceARN=buses)
        events.put_permission(EventBusName="b", Action="events:PutEvents", Principal="123456789012", StatementId="s")
        events.describe_event_bus(Name="b")
        events.remove_permission(EventBusName="b", StatementId="s")
        events.remove_targets(Rule="r", EventBusName="b", Ids=["1", "2"])
        events.delete_rule(Name="r", EventBusName="b")
        events.delete_event_bus(Name="b")

    compared(work)


def test_schedules():
    def work(pair):
        scheduler = pair("scheduler")
        groups = tuple(side["ScheduleGroupArn"] for side in scheduler.create_schedule_group(Name="g", Tags=[{"Key": "k", "Value": "v"}]))
        scheduler.get_schedule_group(Name="g")
        scheduler.list_schedule_groups()
        accounts = [group.split(":")[4] for group in groups]
        queues = [f"arn:aws:sqs:us-east-1:{account}:q" for account in accounts]
        pair("sqs").create_queue(QueueName="q")
        targets = tuple({"Arn": queue, "RoleArn": f"arn:aws:iam::{account}:role/r", "Input": "{}", "DeadLetterConfig": {"Arn": queue},
                         "RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}}
                        for queue, account in zip(queues, accounts))
        given = {"Name": "s", "GroupName": "g", "ScheduleExpression": "cron(0 3 * * ? *)", "ScheduleExpressionTimezone": "Europe/Berlin",
                 "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}, "Target": targets, "Description": "d"}
        scheduler.create_schedule(**given)
        scheduler.get_schedule(Name="s", GroupName="g")
        scheduler.list_schedules(GroupName="g")
        scheduler.update_schedule(**{**given, "State": "DISABLED", "FlexibleTimeWindow": {"Mode": "OFF"}})
        scheduler.get_schedule(Name="s", GroupName="g")
        scheduler.create_schedule(Name="plain", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
                                  Target=tuple({"Arn": target["Arn"], "RoleArn": target["RoleArn"]} for target in targets))
        scheduler.get_schedule(Name="plain")
        scheduler.tag_resource(ResourceArn=groups, Tags=[{"Key": "n", "Value": "w"}])
        scheduler.list_tags_for_resource(ResourceArn=groups)
        scheduler.untag_resource(ResourceArn=groups, TagKeys=["n"])
        scheduler.delete_schedule(Name="s", GroupName="g")
        scheduler.delete_schedule_group(Name="g")

    compared(work)


run(globals())
