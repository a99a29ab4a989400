"""A pipeline that boto3 and the AWS CLI build (stream, table with a stream, zip functions, mappings). They send records
through it, read the table, tail the logs and get the metrics."""

import base64
import datetime
import io
import json
import subprocess
import sys
import time
import zipfile

from clients import aws, client, run


def until(what, ask, seconds=20):
    """Calls `ask` until it returns something true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


FUNCTION = f"""#!{sys.executable}
import base64, http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
cloud = os.environ["AWS_ENDPOINT_URL"].split("//")[1]
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = api.getresponse()
    event = json.loads(reply.read())
    for record in event["Records"]:
        if "kinesis" in record:
            item = json.loads(base64.b64decode(record["kinesis"]["data"]))
            put = http.client.HTTPConnection(cloud)
            put.request("POST", "/", json.dumps({{"TableName": os.environ["TABLE"], "Item": {{"id": {{"S": item["id"]}}}}}}),
                {{"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0"}})
            answer = put.getresponse()
            assert answer.status == 200, answer.read()
            print("stored", item["id"], flush=True)
        else:
            print("seen", record["eventName"], record["dynamodb"]["NewImage"]["id"]["S"], flush=True)
    request = reply.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{{request}}/response", "null")
    api.getresponse().read()
"""

package = io.BytesIO()
with zipfile.ZipFile(package, "w") as archive:
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    archive.writestr(entry, FUNCTION)


def test_clients_build_and_watch_a_pipeline():
    kinesis, dynamodb, functions = client("kinesis"), client("dynamodb"), client("lambda")
    logs, cloudwatch = client("logs"), client("cloudwatch")

    aws("kinesis", "create-stream", "--stream-name", "items", "--shard-count", "2")
    kinesis.get_waiter("stream_exists").wait(StreamName="items")
    stream = aws("kinesis", "describe-stream-summary", "--stream-name", "items")["StreamDescriptionSummary"]["StreamARN"]
    table = dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    dynamodb.get_waiter("table_exists").wait(TableName="items")
    for name in ("store", "see"):
        functions.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/any",
            Code={"ZipFile": package.getvalue()},
            Environment={"Variables": {"TABLE": "items"}},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    for name, source in (("store", stream), ("see", table["LatestStreamArn"])):
        mapping = functions.create_event_source_mapping(
            FunctionName=name, EventSourceArn=source, StartingPosition="TRIM_HORIZON", BatchSize=10
        )
        until("enabling", lambda: functions.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Enabled")

    for number in range(20):
        kinesis.put_record(StreamName="items", PartitionKey=str(number), Data=json.dumps({"id": str(number)}).encode())
    aws(
        "kinesis", "put-record", "--stream-name", "items", "--partition-key", "cli",
        "--data", base64.b64encode(b'{"id": "cli"}').decode() if b"aws-cli/2" in subprocess.run(
            ["aws", "--version"], capture_output=True).stdout else '{"id": "cli"}',
    )

    until("the items", lambda: dynamodb.scan(TableName="items")["Count"] == 21)
    assert aws("dynamodb", "get-item", "--table-name", "items", "--key", '{"id": {"S": "cli"}}')["Item"] == {"id": {"S": "cli"}}

    def seen():
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/see", filterPattern='"seen INSERT"')
        return sum(len(page["events"]) for page in pages) == 21

    until("the table's stream in the second function's log", seen)
    tail = aws("logs", "filter-log-events", "--log-group-name", "/aws/lambda/store", "--filter-pattern", "REPORT")["events"]
    assert tail and all("Billed Duration" in event["message"] for event in tail), tail

    now = datetime.datetime.now(datetime.timezone.utc)
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": "store"}],
        StartTime=now - datetime.timedelta(minutes=10),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(point["Sum"] for point in points) >= 1, points
    names = {metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="AWS/Lambda")["Metrics"]}
    assert {"Invocations", "Errors", "Duration", "ConcurrentExecutions", "IteratorAge"} <= names, names


run(globals())
