"""Asks each service for every resource of the stacks that the command line names, and compares what it says with the stack's
template. A type that is not listed here is missed."""

import sys

import boto3
from botocore.config import Config

# A refusal must come from the cloud, at once.
CONFIG = Config(retries={"total_max_attempts": 1})


def client(service):
    return boto3.client(service, config=CONFIG)


apis, cfn, dynamodb, iam, kinesis, functions, logs, s3, sns, sqs = map(
    client, "apigateway cloudformation dynamodb iam kinesis lambda logs s3 sns sqs".split()
)


def queue(resource):
    return sqs.get_queue_attributes(QueueUrl=resource.id, AttributeNames=["All"])["Attributes"]


def bucket(resource):
    notifications = s3.get_bucket_notification_configuration(Bucket=resource.id)
    wanted = resource.properties.get("NotificationConfiguration", {}).get("LambdaConfigurations", [])
    found = notifications.get("LambdaFunctionConfigurations", [])
    assert [one["Events"] for one in found] == [[one["Event"]] for one in wanted], notifications
    return s3.get_public_access_block(Bucket=resource.id)


def role(resource):
    found = iam.get_role(RoleName=resource.id)["Role"]
    attached = iam.list_attached_role_policies(RoleName=resource.id)["AttachedPolicies"]
    assert len(attached) == len(resource.properties.get("ManagedPolicyArns", [])), attached
    return found


def policy(resource):
    (target,) = resource.properties["Roles"]
    found = iam.get_role_policy(RoleName=resource.value(target), PolicyName=resource.properties["PolicyName"])
    wanted = resource.properties["PolicyDocument"]["Statement"]
    statements = found["PolicyDocument"]["Statement"]
    assert [one["Action"] for one in statements] == [one["Action"] for one in wanted], statements
    return found


def stream(resource):
    return kinesis.describe_stream_summary(StreamName=resource.id)["StreamDescriptionSummary"]


def permission(resource):
    text = functions.get_policy(FunctionName=resource.value(resource.properties["FunctionName"]))["Policy"]
    assert resource.properties["Principal"] in text, text
    return {}


def invoke_config(resource):
    name = resource.value(resource.properties["FunctionName"])
    return functions.get_function_event_invoke_config(FunctionName=name)


def of_api(resource, operation, **more):
    return getattr(apis, operation)(restApiId=resource.value(resource.properties["RestApiId"]), **more)


def method(resource):
    target = resource.value(resource.properties["ResourceId"])
    return of_api(resource, "get_method", resourceId=target, httpMethod=resource.properties["HttpMethod"])


def subscription(resource):
    found = sns.list_subscriptions_by_topic(TopicArn=resource.value(resource.properties["TopicArn"]))
    (one,) = found["Subscriptions"]
    return one


def log_group(resource):
    found = logs.describe_log_groups(logGroupNamePrefix=resource.id)["logGroups"]
    (one,) = [group for group in found if group["logGroupName"] == resource.id]
    return one


def metric_filter(resource):
    group = resource.value(resource.properties["LogGroupName"])
    (one,) = logs.describe_metric_filters(logGroupName=group, filterNamePrefix=resource.id)["metricFilters"]
    (metric,) = one["metricTransformations"]
    names = {"MetricName": "metricName", "MetricNamespace": "metricNamespace", "MetricValue": "metricValue"}
    return one | {"metricTransformations": [{name: metric[member] for name, member in names.items()}]}


def plan_key(resource):
    plan = resource.value(resource.properties["UsagePlanId"])
    return apis.get_usage_plan_key(usagePlanId=plan, keyId=resource.value(resource.properties["KeyId"]))


# The way to ask for a resource, and the name under which the answer has each property.
TYPES = {
    "AWS::ApiGateway::ApiKey": (lambda it: apis.get_api_key(apiKey=it.id), {"Name": "name", "Enabled": "enabled"}),
    "AWS::ApiGateway::Deployment": (lambda it: of_api(it, "get_deployment", deploymentId=it.id), {"Description": "description"}),
    "AWS::ApiGateway::Method": (method, {"AuthorizationType": "authorizationType", "ApiKeyRequired": "apiKeyRequired"}),
    "AWS::ApiGateway::Model": (lambda it: of_api(it, "get_model", modelName=it.id), {"ContentType": "contentType"}),
    "AWS::ApiGateway::RequestValidator": (
        lambda it: of_api(it, "get_request_validator", requestValidatorId=it.id),
        {"ValidateRequestBody": "validateRequestBody", "ValidateRequestParameters": "validateRequestParameters"},
    ),
    "AWS::ApiGateway::Resource": (lambda it: of_api(it, "get_resource", resourceId=it.id), {"PathPart": "pathPart"}),
    "AWS::ApiGateway::RestApi": (
        lambda it: apis.get_rest_api(restApiId=it.id),
        {"Name": "name", "Description": "description", "BinaryMediaTypes": "binaryMediaTypes"},
    ),
    "AWS::ApiGateway::Stage": (lambda it: of_api(it, "get_stage", stageName=it.id), {"StageName": "stageName"}),
    "AWS::ApiGateway::UsagePlan": (lambda it: apis.get_usage_plan(usagePlanId=it.id), {"UsagePlanName": "name"}),
    "AWS::ApiGateway::UsagePlanKey": (plan_key, {"KeyType": "type"}),
    "AWS::DynamoDB::Table": (
        lambda it: dynamodb.describe_table(TableName=it.id)["Table"],
        {name: name for name in ["KeySchema", "AttributeDefinitions", "TableName"]},
    ),
    "AWS::IAM::Policy": (policy, {"PolicyName": "PolicyName"}),
    "AWS::IAM::Role": (role, {"RoleName": "RoleName", "AssumeRolePolicyDocument": "AssumeRolePolicyDocument"}),
    "AWS::Kinesis::Stream": (
        stream,
        {"Name": "StreamName", "ShardCount": "OpenShardCount", "RetentionPeriodHours": "RetentionPeriodHours"},
    ),
    "AWS::Lambda::EventInvokeConfig": (invoke_config, {"MaximumRetryAttempts": "MaximumRetryAttempts"}),
    "AWS::Lambda::EventSourceMapping": (
        lambda it: functions.get_event_source_mapping(UUID=it.id),
        {
            name: name
            for name in [
                "BatchSize",
                "BisectBatchOnFunctionError",
                "FunctionResponseTypes",
                "MaximumBatchingWindowInSeconds",
                "MaximumRecordAgeInSeconds",
                "MaximumRetryAttempts",
                "StartingPosition",
                "TumblingWindowInSeconds",
            ]
        },
    ),
    "AWS::Lambda::Function": (
        lambda it: functions.get_function_configuration(FunctionName=it.id),
        {name: name for name in ["Architectures", "FunctionName", "Handler", "MemorySize", "Runtime", "Timeout"]},
    ),
    "AWS::Lambda::Permission": (permission, {}),
    "AWS::Logs::LogGroup": (log_group, {"RetentionInDays": "retentionInDays"}),
    "AWS::Logs::MetricFilter": (
        metric_filter,
        {"FilterName": "filterName", "FilterPattern": "filterPattern", "MetricTransformations": "metricTransformations"},
    ),
    "AWS::S3::Bucket": (bucket, {"PublicAccessBlockConfiguration": "PublicAccessBlockConfiguration"}),
    "AWS::SNS::Subscription": (subscription, {"Protocol": "Protocol"}),
    "AWS::SNS::Topic": (
        lambda it: sns.get_topic_attributes(TopicArn=it.id)["Attributes"],
        {"DisplayName": "DisplayName"},
    ),
    "AWS::SQS::Queue": (
        queue,
        {name: name for name in ["ReceiveMessageWaitTimeSeconds", "VisibilityTimeout"]},
    ),
}


class Resource:
    """A resource of a stack, with its properties as the template has them."""

    def __init__(self, stack, logical):
        self.stack = stack
        self.id = stack.ids[logical]
        self.properties = stack.template["Resources"][logical].get("Properties", {})

    def value(self, value):
        """What a reference in the template stands for."""
        if "Ref" in value:
            return self.stack.ids[value["Ref"]]
        logical, attribute = value["Fn::GetAtt"]
        if attribute == "RootResourceId":
            return apis.get_rest_api(restApiId=self.stack.ids[logical])["rootResourceId"]
        assert attribute == "Arn", value
        return functions.get_function_configuration(FunctionName=self.stack.ids[logical])["FunctionArn"]


class Stack:
    """A stack as CloudFormation describes it."""

    def __init__(self, name):
        resources = cfn.describe_stack_resources(StackName=name)["StackResources"]
        assert {one["ResourceStatus"] for one in resources} == {"CREATE_COMPLETE"}, resources
        self.template = cfn.get_template(StackName=name)["TemplateBody"]
        self.ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
        assert self.ids.keys() == self.template["Resources"].keys(), self.ids


def is_literal(value):
    return value is not None and "Ref" not in str(value) and "Fn::" not in str(value)


def texts(value):
    """Numbers and booleans as texts: services and templates write them either way."""
    if isinstance(value, dict):
        return {name: texts(member) for name, member in value.items()}
    return [texts(item) for item in value] if isinstance(value, list) else str(value)


compared = 0
for name in sys.argv[1:]:
    stack = Stack(name)
    for logical, definition in stack.template["Resources"].items():
        resource = Resource(stack, logical)
        ask, names = TYPES[definition["Type"]]
        found = ask(resource)
        for property, member in names.items():
            wanted = resource.properties.get(property)
            if is_literal(wanted):
                assert texts(found[member]) == texts(wanted), f"{name}.{logical}: {property} is {found[member]}, not {wanted}"
                compared += 1
print(f"{compared} properties are what the templates say")
