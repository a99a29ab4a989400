"""A stream consumer for tests: it appends every record to the file RECEIVED, and fails on data that tells it to."""

import base64
import http.client
import json
import os

VERSION = "@VERSION@"
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def post(path, document):
    api.request("POST", f"/2018-06-01/runtime/invocation/{path}", json.dumps(document))
    api.getresponse().read()


def refuses(record):
    if VERSION == "broken":
        return True
    return b"poison" in base64.b64decode(record.get("kinesis", {}).get("data", ""))


def handle(records):
    with open(os.environ["RECEIVED"], "a") as received:
        for record in records:
            if refuses(record):
                number = record.get("kinesis", record.get("dynamodb", {}))
                return {"batchItemFailures": [
                    {"itemIdentifier": number.get("sequenceNumber", number.get("SequenceNumber"))}]}
            received.write(json.dumps(record) + "\n")
    return {"batchItemFailures": []}


while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = api.getresponse()
    records = json.loads(reply.read())["Records"]
    request = reply.headers["Lambda-Runtime-Aws-Request-Id"]
    post(f"{request}/response", handle(records))
