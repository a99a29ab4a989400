"""Drives SQS with boto3 and with query forms; run by sqs_boto3.rs with the cloud's endpoint as argument."""

import hashlib
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
sqs = boto3.client(
    "sqs",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(retries={"total_max_attempts": 1}),
)


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def refused(code, words, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code)
        assert words in error.response["Error"]["Message"], error
    else:
        raise AssertionError(f"{call.__name__} was not refused")


def queues():
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "5"}, tags={"team": "a"})["QueueUrl"]
    equal(url, f"{ENDPOINT}/000000000000/q")
    equal(sqs.get_queue_url(QueueName="q")["QueueUrl"], url)
    equal(sqs.list_queues(QueueNamePrefix="q")["QueueUrls"], [url])
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30", "Policy": "{}"})
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    equal((attributes["VisibilityTimeout"], attributes["Policy"]), ("30", "{}"))
    equal(attributes["QueueArn"], "arn:aws:sqs:us-east-1:000000000000:q")
    sqs.tag_queue(QueueUrl=url, Tags={"stage": "dev"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    equal(sqs.list_queue_tags(QueueUrl=url)["Tags"], {"stage": "dev"})
    refused("QueueAlreadyExists", "different value for attribute VisibilityTimeout", sqs.create_queue,
            QueueName="q", Attributes={"VisibilityTimeout": "31"})
    refused("InvalidParameterValue", "must end with .fifo", sqs.create_queue, QueueName="q", Attributes={"FifoQueue": "true"})
    refused("AWS.SimpleQueueService.NonExistentQueue", "does not exist", sqs.get_queue_url, QueueName="absent")
    return url


def messages(url):
    # boto3 itself verifies the MD5 of every body that it gets back.
    value = {"n": {"DataType": "Number", "StringValue": "7"}, "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}}
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="hello ☃", MessageAttributes=value, MessageSystemAttributes=trace)
    assert sent["MD5OfMessageSystemAttributes"], sent
    # Amazon's digest, spelled out: every part behind its length, the kind of the value as one byte.
    parts = [b"b", b"Binary", b"\x02", b"\x00\x01", b"n", b"Number", b"\x01", b"7"]
    sized = (part if part in (b"\x01", b"\x02") else len(part).to_bytes(4, "big") + part for part in parts)
    equal(sent["MD5OfMessageAttributes"], hashlib.md5(b"".join(sized)).hexdigest())
    received = sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"], VisibilityTimeout=0)
    message = received["Messages"][0]
    equal((message["MessageId"], message["Body"]), (sent["MessageId"], "hello ☃"))
    equal(message["MessageAttributes"]["b"]["BinaryValue"], b"\x00\x01")
    equal(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"])
    equal((message["Attributes"]["ApproximateReceiveCount"], message["Attributes"]["AWSTraceHeader"]), ("1", "Root=1"))
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(9)] + [{"Id": "bad", "MessageBody": "\x01"}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    equal((len(answer["Successful"]), answer["Failed"][0]["Code"]), (9, "InvalidMessageContents"))
    batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    equal([message["Body"] for message in batch], [f"m{n}" for n in range(9)])
    handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(batch)]
    hidden = [{**handle, "VisibilityTimeout": 60} for handle in handles]
    equal(len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=hidden)["Successful"]), 9)
    equal(len(sqs.delete_message_batch(QueueUrl=url, Entries=handles)["Successful"]), 9)
    refused("ReceiptHandleIsInvalid", "not a valid receipt handle", sqs.delete_message, QueueUrl=url, ReceiptHandle="x")

    sqs.send_message(QueueUrl=url, MessageBody="purged")
    sqs.purge_queue(QueueUrl=url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def waiting(url):
    found = []
    receiver = threading.Thread(
        target=lambda: found.extend(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]))
    receiver.start()
    began = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="late")
    receiver.join()
    equal(found[0]["Body"], "late")
    assert time.monotonic() - began < 10, "the send did not wake the receiver"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])


def dead_letters():
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1}
    attributes = {"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": "0"}
    url = sqs.create_queue(QueueName="source", Attributes=attributes)["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody="poison")
    equal(len(sqs.receive_message(QueueUrl=url)["Messages"]), 1)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    equal(sqs.receive_message(QueueUrl=dead)["Messages"][0]["MessageId"], sent["MessageId"])
    equal(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"], [url])


def form(path, **parameters):
    """Posts a form as clients did before SQS spoke JSON; answers with the status and the XML without namespaces."""
    body = urllib.parse.urlencode({"Version": "2012-11-05", **parameters}).encode()
    try:
        with urllib.request.urlopen(ENDPOINT + path, body) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    text = text.replace(' xmlns="http://queue.amazonaws.com/doc/2012-11-05/"', "")
    return status, xml.etree.ElementTree.fromstring(text.split("?>", 1)[1])


def query():
    attribute = {"Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "7"}
    tag = {"Tag.1.Key": "team", "Tag.1.Value": "a"}
    _, made = form("/", Action="CreateQueue", QueueName="old", **attribute, **tag)
    equal(made.findtext("CreateQueueResult/QueueUrl"), f"{ENDPOINT}/000000000000/old")
    path = "/000000000000/old"
    _, found = form(path, Action="GetQueueAttributes", **{"AttributeName.1": "VisibilityTimeout"})
    equal(found.findtext("GetQueueAttributesResult/Attribute/Value"), "7")
    _, found = form(path, Action="ListQueueTags")
    equal(found.findtext("ListQueueTagsResult/Tag/Key"), "team")
    prefix = "MessageAttribute.1."
    value = {prefix + "Name": "n", prefix + "Value.DataType": "String", prefix + "Value.StringValue": "v"}
    _, sent = form(path, Action="SendMessage", MessageBody="a&b <c>", **value)
    equal(sent.findtext("SendMessageResult/MD5OfMessageBody"), hashlib.md5(b"a&b <c>").hexdigest())
    names = {"AttributeName.1": "All", "MessageAttributeName.1": "n", "MaxNumberOfMessages": "10"}
    _, received = form(path, Action="ReceiveMessage", **names)
    message = received.find("ReceiveMessageResult/Message")
    equal((message.findtext("Body"), message.findtext("MessageAttribute/Value/StringValue")), ("a&b <c>", "v"))
    assert "SentTimestamp" in [name.text for name in message.findall("Attribute/Name")]
    entry = "DeleteMessageBatchRequestEntry.1."
    handle = {entry + "Id": "x", entry + "ReceiptHandle": message.findtext("ReceiptHandle")}
    _, deleted = form(path, Action="DeleteMessageBatch", **handle)
    equal(deleted.findtext("DeleteMessageBatchResult/DeleteMessageBatchResultEntry/Id"), "x")
    status, error = form("/000000000000/absent", Action="SendMessage", MessageBody="a")
    equal((status, error.findtext("Error/Code")), (400, "AWS.SimpleQueueService.NonExistentQueue"))
    status, error = form(path, Action="ReceiveMessage", MaxNumberOfMessages="many")
    equal((status, error.findtext("Error/Code")), (400, "SerializationException"))


def fifo():
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="ordered.fifo", Attributes=attributes)["QueueUrl"]
    for body in ("a1", "a2", "b1"):
        sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0])
    copy = sqs.send_message(QueueUrl=url, MessageBody="b1", MessageGroupId="b")
    equal((copy["MessageId"], copy["SequenceNumber"]), (sent["MessageId"], sent["SequenceNumber"]))
    first = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"][0]
    equal((first["Body"], first["Attributes"]["MessageGroupId"]), ("a1", "a"))
    second = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    equal([message["Body"] for message in second], ["b1"])
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    equal((found["FifoQueue"], found["DeduplicationScope"], found["FifoThroughputLimit"]), ("true", "queue", "perQueue"))


def moved():
    dead = sqs.create_queue(QueueName="given-up")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    source = sqs.create_queue(QueueName="hard", Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=source, MessageBody="x")
    sqs.receive_message(QueueUrl=source)
    equal(sqs.receive_message(QueueUrl=source).get("Messages"), None)
    assert sqs.start_message_move_task(SourceArn=arn)["TaskHandle"]
    back = sqs.receive_message(QueueUrl=source, WaitTimeSeconds=5)["Messages"]
    equal([message["Body"] for message in back], ["x"])
    task = sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]
    equal((task["SourceArn"], task["ApproximateNumberOfMessagesToMove"]), (arn, 1))


def permissions(queue_url):
    sqs.add_permission(QueueUrl=queue_url, Label="l", AWSAccountIds=["123456789012"], Actions=["SendMessage"])
    policy = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    equal(json.loads(policy)["Statement"][0]["Action"], "SQS:SendMessage")
    sqs.remove_permission(QueueUrl=queue_url, Label="l")
    refused("AWS.SimpleQueueService.PurgeQueueInProgress", "every 60 seconds", sqs.purge_queue, QueueUrl=queue_url)


queue_url = queues()
messages(queue_url)
fifo()
moved()
waiting(queue_url)
dead_letters()
query()
permissions(queue_url)
sqs.delete_queue(QueueUrl=queue_url)
refused("AWS.SimpleQueueService.NonExistentQueue", "does not exist", sqs.send_message, QueueUrl=queue_url, MessageBody="a")
