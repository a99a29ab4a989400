"""A moto server with a function that has been invoked, for tests of `devloop status`. Ends when its input ends."""

import io
import json
import logging
import sys
import time
import urllib.request
import zipfile

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
began = int(time.time() * 1000)
host, port = server.get_host_and_port()
endpoint = f"http://127.0.0.1:{port}"


def client(name):
    return boto3.client(
        name, endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="k", aws_secret_access_key="s"
    )


role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Statement": []}))["Role"]["Arn"]
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as file:
    file.writestr("bootstrap", "#!/bin/true")
awslambda = client("lambda")
NAME = "Pipeline-Upstream-ABCDEFGHIJKL"
for name in [NAME, "Other-Function-ABCDEFGHIJKL"]:
    awslambda.create_function(
        FunctionName=name, Runtime="provided.al2023", Role=role, Handler="bootstrap", Code={"ZipFile": archive.getvalue()}
    )

sqs = client("sqs")
failures = sqs.create_queue(QueueName="pipeline-failures")["QueueUrl"]
for body in ["1", "2"]:
    sqs.send_message(QueueUrl=failures, MessageBody=body)
failures_arn = sqs.get_queue_attributes(QueueUrl=failures, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
kinesis = client("kinesis")
kinesis.create_stream(StreamName="Events", ShardCount=1)
stream_arn = kinesis.describe_stream(StreamName="Events")["StreamDescription"]["StreamARN"]
# The records are put before the mapping exists: moto would otherwise try to call the function in a container.
for number in range(3):
    kinesis.put_record(StreamName="Events", Data=b"waits", PartitionKey=str(number))
awslambda.create_event_source_mapping(
    EventSourceArn=stream_arn,
    FunctionName=NAME,
    StartingPosition="TRIM_HORIZON",
    DestinationConfig={"OnFailure": {"Destination": failures_arn}},
)

# Like LocalStack: the metrics Invocations and Errors, but no Duration.
dimensions = [{"Name": "FunctionName", "Value": NAME}]
client("cloudwatch").put_metric_data(
    Namespace="AWS/Lambda",
    MetricData=[
        {"MetricName": "Invocations", "Dimensions": dimensions, "Value": 200, "Unit": "Count"},
        {"MetricName": "Errors", "Dimensions": dimensions, "Value": 3, "Unit": "Count"},
    ],
)
# In seconds, as SQS writes it.
age = {
    "MetricName": "ApproximateAgeOfOldestMessage",
    "Dimensions": [{"Name": "QueueName", "Value": "pipeline-failures"}],
    "Value": 42,
    "Unit": "Seconds",
}
client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[age])
logs = client("logs")
group = f"/aws/lambda/{NAME}"
logs.create_log_group(logGroupName=group)
logs.create_log_stream(logGroupName=group, logStreamName="one")
lines = []
for number in range(1, 201):
    line = f"REPORT RequestId: {number}\tDuration: {number}.00 ms\tBilled Duration: {number} ms\tMemory Size: 128 MB"
    if number <= 2:
        line += "\tInit Duration: 20.00 ms\t"
    lines += [f"START RequestId: {number}", line]
logs.put_log_events(
    logGroupName=group, logStreamName="one", logEvents=[{"timestamp": began, "message": line} for line in lines]
)

# On request, moto checks signatures. It computes those of Lambda's REST API wrongly, so the two requests that list functions and
# mappings are not checked.
iam = client("iam")
iam.create_user(UserName="reader")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="reader", PolicyName="all", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="reader")["AccessKey"]
print(json.dumps({"endpoint": endpoint, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)

for _ in sys.stdin:
    headers = {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset-auth", b"2", headers)).read()
    print("signatures are verified", flush=True)
server.stop()
