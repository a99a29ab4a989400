"""Event source mappings, driven by boto3 and the AWS CLI."""

import io
import time
import zipfile

from clients import aws_here, client, equal, refused, run

functions = client("lambda")
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:failures"
PATTERN = '{"data": {"temperature": [{"numeric": [">", 30]}]}}'
OPTIONS = {
    "BatchSize": 10,
    "MaximumBatchingWindowInSeconds": 5,
    "ParallelizationFactor": 10,
    "MaximumRecordAgeInSeconds": 60,
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 2,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "FilterCriteria": {"Filters": [{"Pattern": PATTERN}]},
    "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
}


def world():
    """A stream, a queue, and the functions `f` and `g`, which nobody calls."""
    client("kinesis").create_stream(StreamName="s", ShardCount=1)
    client("sqs").create_queue(QueueName="failures")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    for name in ("f", "g"):
        functions.create_function(FunctionName=name, Runtime="provided.al2023", Handler="bootstrap",
                                  Role="arn:aws:iam::000000000000:role/r", Code={"ZipFile": package.getvalue()})


def made(**more):
    options = {"EventSourceArn": STREAM, "FunctionName": "f", "StartingPosition": "LATEST", **more}
    return functions.create_event_source_mapping(**options)


def becomes(uuid, state, get=functions.get_event_source_mapping):
    """The mapping, once it has the state."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        shown = get(UUID=uuid)
        if shown["State"] == state:
            return shown
    raise AssertionError(f"{shown} did not become {state}")


def has(shown, options):
    equal({name: shown[name] for name in options}, options)


def test_create_and_get_with_every_option():
    world()
    mapping = made(**OPTIONS)
    equal(mapping["State"], "Creating")
    shown = becomes(mapping["UUID"], "Enabled")
    has(shown, OPTIONS)
    equal((shown["StartingPosition"], shown["TumblingWindowInSeconds"]), ("LATEST", 0))
    refused("ResourceConflictException", mapping["UUID"], made)


def test_update_disable_and_enable():
    world()
    uuid = made(**OPTIONS)["UUID"]
    becomes(uuid, "Enabled")
    change = {"TumblingWindowInSeconds": 60, "ParallelizationFactor": 1, "BatchSize": 1000, "MaximumRetryAttempts": -1,
              "FunctionResponseTypes": [], "FunctionName": "g"}
    equal(functions.update_event_source_mapping(UUID=uuid, **change)["State"], "Updating")
    name = change.pop("FunctionName")
    shown = becomes(uuid, "Enabled")
    has(shown, {**OPTIONS, **change})
    assert shown["FunctionArn"].endswith(f":function:{name}"), shown
    equal(functions.update_event_source_mapping(UUID=uuid, Enabled=False)["State"], "Disabling")
    becomes(uuid, "Disabled")
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    becomes(uuid, "Enabled")


def test_list_and_delete():
    world()
    uuids = [made()["UUID"], made(FunctionName="g")["UUID"]]
    pages = functions.get_paginator("list_event_source_mappings").paginate(
        EventSourceArn=STREAM, PaginationConfig={"PageSize": 1})
    equal([mapping["UUID"] for page in pages for mapping in page["EventSourceMappings"]], uuids)
    of_one = functions.list_event_source_mappings(FunctionName="g")["EventSourceMappings"]
    equal([mapping["UUID"] for mapping in of_one], uuids[1:])
    equal(functions.delete_event_source_mapping(UUID=uuids[0])["State"], "Deleting")
    refused("ResourceNotFoundException", "does not exist", functions.get_event_source_mapping, UUID=uuids[0])


def test_tags():
    world()
    arn = made(Tags={"team": "unicorns"})["EventSourceMappingArn"]
    functions.tag_resource(Resource=arn, Tags={"stage": "dev"})
    functions.untag_resource(Resource=arn, TagKeys=["team"])
    equal(functions.list_tags(Resource=arn)["Tags"], {"stage": "dev"})


def test_other_sources():
    world()
    consumer = client("kinesis").register_stream_consumer(StreamARN=STREAM, ConsumerName="c")["Consumer"]
    table = client("dynamodb").create_table(
        TableName="readings", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    for source in (consumer["ConsumerARN"], table["LatestStreamArn"]):
        shown = becomes(made(EventSourceArn=source)["UUID"], "Enabled")
        equal(shown["EventSourceArn"], source)
    then = time.time() - 60
    shown = made(FunctionName="g", StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=then)
    equal(int(shown["StartingPositionTimestamp"].timestamp()), int(then))


def test_refusals():
    world()
    refused("InvalidParameterValueException",
            "Parallelization factor must be equal to 1 when tumbling window period is configured",
            made, TumblingWindowInSeconds=60, ParallelizationFactor=2)
    refused("InvalidParameterValueException", "Invalid filter pattern definition.", made,
            FilterCriteria={"Filters": [{"Pattern": "{\"data\": 1}"}]})
    key = "arn:aws:kms:us-east-1:000000000000:key/k"
    for name, value in (("KMSKeyArn", key), ("MetricsConfig", {"Metrics": ["EventCount"]}),
                        ("ProvisionedPollerConfig", {"MinimumPollers": 1})):
        refused("NotImplementedException", f"`{name}`", made, **{name: value})
    equal(functions.list_event_source_mappings()["EventSourceMappings"], [])


def test_command_line():
    world()

    def call(operation, *arguments):
        return aws_here("lambda", operation, *arguments)

    made = call("create-event-source-mapping", "--event-source-arn", STREAM, "--function-name", "f",
                "--starting-position", "TRIM_HORIZON", "--batch-size", "10", "--maximum-batching-window-in-seconds", "5",
                "--parallelization-factor", "10", "--maximum-record-age-in-seconds", "60",
                "--bisect-batch-on-function-error", "--maximum-retry-attempts", "2",
                "--function-response-types", "ReportBatchItemFailures",
                "--filter-criteria", '{"Filters": [{"Pattern": "{\\"data\\": {\\"a\\": [1]}}"}]}',
                "--destination-config", f'{{"OnFailure": {{"Destination": "{QUEUE}"}}}}', "--tags", "team=unicorns")
    uuid, arn = made["UUID"], made["EventSourceMappingArn"]
    shown = becomes(uuid, "Enabled", lambda UUID: call("get-event-source-mapping", "--uuid", UUID))
    has(shown, {**OPTIONS, "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]}})
    call("update-event-source-mapping", "--uuid", uuid, "--tumbling-window-in-seconds", "60",
         "--parallelization-factor", "1", "--no-enabled")
    becomes(uuid, "Disabled")
    listed = call("list-event-source-mappings", "--function-name", "f")["EventSourceMappings"]
    equal([(mapping["UUID"], mapping["TumblingWindowInSeconds"]) for mapping in listed], [(uuid, 60)])
    call("tag-resource", "--resource", arn, "--tags", "stage=dev")
    call("untag-resource", "--resource", arn, "--tag-keys", "team")
    equal(call("list-tags", "--resource", arn)["Tags"], {"stage": "dev"})
    call("delete-event-source-mapping", "--uuid", uuid)
    equal(call("list-event-source-mappings")["EventSourceMappings"], [])


run(globals())
