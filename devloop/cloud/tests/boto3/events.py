"""EventBridge, called with boto3 and the AWS CLI."""

import io
import json
import zipfile

from clients import ENDPOINT, aws, client, equal, refused, run

events, sqs = client("events"), client("sqs")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


def test_buses():
    arn = events.create_event_bus(Name="b", Description="d", Tags=[{"Key": "a", "Value": "1"}])["EventBusArn"]
    equal(arn, "arn:aws:events:us-east-1:000000000000:event-bus/b")
    equal([bus["Name"] for bus in events.list_event_buses()["EventBuses"]], ["b", "default"])
    equal(events.describe_event_bus()["Name"], "default")
    equal(events.update_event_bus(Name="b", Description="e")["Name"], "b")
    equal(events.describe_event_bus(Name=arn)["Description"], "e")
    events.put_permission(EventBusName="b", StatementId="s", Action="events:PutEvents", Principal="123456789012")
    assert "arn:aws:iam::123456789012:root" in events.describe_event_bus(Name="b")["Policy"]
    events.remove_permission(EventBusName="b", StatementId="s")
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["a"])
    equal(events.list_tags_for_resource(ResourceARN=arn)["Tags"], [{"Key": "b", "Value": "2"}])
    refused("ResourceAlreadyExistsException", "already exists", events.create_event_bus, Name="b")
    events.put_rule(Name="r", EventBusName="b", EventPattern='{"source": ["s"]}')
    refused("ValidationException", "has rules", events.delete_event_bus, Name="b")
    events.delete_rule(Name="r", EventBusName="b")
    events.delete_event_bus(Name="b")
    refused("ResourceNotFoundException", "b does not exist", events.describe_event_bus, Name="b")
    refused("ValidationException", "default", events.delete_event_bus, Name="default")


def test_rules_and_targets():
    pattern = json.dumps({"source": ["s"], "detail": {"n": [{"numeric": [">", 1]}]}})
    arn = events.put_rule(Name="r", EventPattern=pattern, Description="d")["RuleArn"]
    equal(arn, "arn:aws:events:us-east-1:000000000000:rule/r")
    found = events.describe_rule(Name="r")
    equal((found["EventPattern"], found["State"], found["EventBusName"]), (pattern, "ENABLED", "default"))
    events.disable_rule(Name="r")
    equal(events.describe_rule(Name="r")["State"], "DISABLED")
    events.enable_rule(Name="r")
    target = {"Id": "1", "Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60}}
    equal(events.put_targets(Rule="r", Targets=[target])["FailedEntryCount"], 0)
    equal(events.list_targets_by_rule(Rule="r")["Targets"], [target])
    equal(events.list_rule_names_by_target(TargetArn=QUEUE)["RuleNames"], ["r"])
    refused("ValidationException", "has targets", events.delete_rule, Name="r")
    equal(events.remove_targets(Rule="r", Ids=["1", "2"])["FailedEntries"][0]["TargetId"], "2")
    equal([rule["Name"] for rule in events.list_rules(NamePrefix="r")["Rules"]], ["r"])
    events.delete_rule(Name="r")
    refused("ResourceNotFoundException", "Rule r does not exist on EventBus default.", events.describe_rule, Name="r")
    refused("InvalidEventPatternException", "not valid", events.put_rule, Name="r", EventPattern='{"source": "s"}')
    refused("ValidationException", "ScheduleExpression", events.put_rule, Name="r", ScheduleExpression="rate(1 minutes)")
    equal([rule["Name"] for rule in aws("events", "list-rules")["Rules"]], [])


def test_events_reach_targets():
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    events.put_rule(Name="r", EventPattern='{"source": [{"prefix": "my."}]}')
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>}'}
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": QUEUE, "InputTransformer": transformer}])
    answer = events.put_events(Entries=[
        {"Source": "my.app", "DetailType": "x", "Detail": '{"n": 7}'},
        {"Source": "other", "DetailType": "x", "Detail": '{"n": 8}'},
        {"Source": "my.app", "DetailType": "x", "Detail": "no"},
    ])
    equal((answer["FailedEntryCount"], answer["Entries"][2]["ErrorCode"]), (1, "MalformedDetail"))
    message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    equal(message["Body"], '{"number": 7}')
    event = {"id": "1", "account": "1", "source": "my.app", "time": "2026-01-01T00:00:00Z", "region": "r",
             "resources": [], "detail-type": "x", "detail": {}}
    for pattern, expected in (('{"source": ["my.app"]}', True), ('{"source": ["other"]}', False)):
        equal(events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"], expected)


def test_a_stream_is_a_target():
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
    events.put_rule(Name="r", EventPattern='{"source": ["my.app"]}')
    target = {"Id": "1", "Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/r", "KinesisParameters": {"PartitionKeyPath": "$.detail.customer"}}
    equal(events.put_targets(Rule="r", Targets=[target])["FailedEntryCount"], 0)
    events.put_events(Entries=[{"Source": "my.app", "DetailType": "order", "Detail": '{"customer": "c-7"}'}])
    iterator = kinesis.get_shard_iterator(StreamName="orders", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
    records = []
    while not records:
        page = kinesis.get_records(ShardIterator=iterator["ShardIterator"])
        records, iterator = page["Records"], {"ShardIterator": page["NextShardIterator"]}
    equal(records[0]["PartitionKey"], "c-7")
    event = json.loads(records[0]["Data"])
    equal((event["source"], event["detail-type"], event["detail"]), ("my.app", "order", {"customer": "c-7"}))


def test_outcomes_of_functions_reach_a_bus():
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    if event['fail']: raise ValueError('as asked')\n    return {'done': True}\n")
    functions = client("lambda")
    functions.create_function(FunctionName="f", Runtime="python3.12", Handler="app.handler", Role="arn:aws:iam::000000000000:role/r",
                              Code={"ZipFile": package.getvalue()})
    bus = events.create_event_bus(Name="outcomes")["EventBusArn"]
    functions.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": bus}, "OnFailure": {"Destination": bus}})
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    events.put_rule(Name="r", EventBusName="outcomes", EventPattern='{"source": ["lambda"]}')
    events.put_targets(Rule="r", EventBusName="outcomes", Targets=[{"Id": "1", "Arn": QUEUE}])
    for fail, kind in ((False, "Success"), (True, "Failure")):
        functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps({"fail": fail}))
        event = json.loads(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]["Body"])
        equal(event["detail-type"], f"Lambda Function Invocation Result - {kind}")
        equal((event["source"], event["resources"]), ("lambda", [bus, "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"]))
        detail = event["detail"]
        equal(detail["requestPayload"], {"fail": fail})
        equal(detail["requestContext"]["condition"], "RetriesExhausted" if fail else "Success")
        equal(detail["responsePayload"].get("errorType") if fail else detail["responsePayload"], "ValueError" if fail else {"done": True})


def test_what_does_not_exist_here_is_refused_by_name():
    for call, name in ((events.list_archives, "ListArchives"), (events.list_api_destinations, "ListApiDestinations")):
        refused("UnknownOperationException", name, call)
    events.put_rule(Name="r", EventPattern='{"source": ["s"]}')
    target = {"Id": "1", "Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"}
    refused("NotImplementedException", "states", events.put_targets, Rule="r", Targets=[target])


run(globals())
