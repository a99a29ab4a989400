"""SQS, called with boto3 and with the form requests that clients sent before SQS had a JSON protocol."""

import hashlib
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

from clients import ENDPOINT, aws_here, aws_refused, client, equal, refused, run

sqs = client("sqs")
ABSENT = "AWS.SimpleQueueService.NonExistentQueue"


def queue(name="q", **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def bodies(url):
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in received.get("Messages", [])]


def test_create_queue():
    equal(queue(VisibilityTimeout="30"), f"{ENDPOINT}/000000000000/q")
    refused("QueueAlreadyExists", "different value for attribute VisibilityTimeout", sqs.create_queue,
            QueueName="q", Attributes={"VisibilityTimeout": "31"})
    refused("InvalidParameterValue", "must end with .fifo", sqs.create_queue, QueueName="f", Attributes={"FifoQueue": "true"})


def test_get_queue_url():
    url = queue()
    equal(sqs.get_queue_url(QueueName="q")["QueueUrl"], url)
    refused(ABSENT, "does not exist", sqs.get_queue_url, QueueName="absent")


def test_list_queues():
    urls = [queue("qa"), queue("qb")]
    queue("other")
    equal(sqs.list_queues(QueueNamePrefix="q")["QueueUrls"], urls)


def test_queue_attributes():
    url = queue(VisibilityTimeout="5")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30", "Policy": "{}"})
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    equal((attributes["VisibilityTimeout"], attributes["Policy"]), ("30", "{}"))
    equal(attributes["QueueArn"], "arn:aws:sqs:us-east-1:000000000000:q")


def test_a_queue_shows_its_key_of_kms_in_place_of_its_own_encryption():
    url = queue(KmsMasterKeyId="alias/aws/sqs", KmsDataKeyReusePeriodSeconds="600")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    shown = [attributes[name] for name in ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")]
    equal(shown, ["alias/aws/sqs", "600", "false"])


def test_queue_tags():
    url = sqs.create_queue(QueueName="q", tags={"team": "a"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"stage": "dev"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    equal(sqs.list_queue_tags(QueueUrl=url)["Tags"], {"stage": "dev"})


def test_message_attributes_and_their_digest():
    url = queue()
    # boto3 itself verifies the MD5 of every body that it receives.
    value = {"n": {"DataType": "Number", "StringValue": "7"}, "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}}
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="hello ☃", MessageAttributes=value, MessageSystemAttributes=trace)
    assert sent["MD5OfMessageSystemAttributes"], sent
    # The digest as AWS defines it: each part is preceded by its length, and a value's type is one byte.
    parts = [b"b", b"Binary", b"\x02", b"\x00\x01", b"n", b"Number", b"\x01", b"7"]
    sized = (part if part in (b"\x01", b"\x02") else len(part).to_bytes(4, "big") + part for part in parts)
    equal(sent["MD5OfMessageAttributes"], hashlib.md5(b"".join(sized)).hexdigest())
    received = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
    message = received["Messages"][0]
    equal((message["MessageId"], message["Body"]), (sent["MessageId"], "hello ☃"))
    equal(message["MessageAttributes"]["b"]["BinaryValue"], b"\x00\x01")
    equal(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"])
    equal((message["Attributes"]["ApproximateReceiveCount"], message["Attributes"]["AWSTraceHeader"]), ("1", "Root=1"))


def test_send_message():
    refused(ABSENT, "does not exist", sqs.send_message, QueueUrl=f"{ENDPOINT}/000000000000/absent", MessageBody="a")


def test_change_message_visibility():
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="m")
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    equal(bodies(url), [])
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    equal(bodies(url), ["m"])


def test_delete_message():
    url = queue(VisibilityTimeout="0")
    sqs.send_message(QueueUrl=url, MessageBody="m")
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    equal(bodies(url), [])
    refused("ReceiptHandleIsInvalid", "not a valid receipt handle", sqs.delete_message, QueueUrl=url, ReceiptHandle="x")


def test_batches():
    url = queue()
    entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(9)] + [{"Id": "bad", "MessageBody": "\x01"}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    equal((len(answer["Successful"]), answer["Failed"][0]["Code"]), (9, "InvalidMessageContents"))
    batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    equal([message["Body"] for message in batch], [f"m{n}" for n in range(9)])
    handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(batch)]
    hidden = [{**handle, "VisibilityTimeout": 60} for handle in handles]
    equal(len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=hidden)["Successful"]), 9)
    equal(len(sqs.delete_message_batch(QueueUrl=url, Entries=handles)["Successful"]), 9)


def test_purge_queue():
    url = queue()
    sqs.send_message(QueueUrl=url, MessageBody="purged")
    sqs.purge_queue(QueueUrl=url)
    equal(bodies(url), [])
    refused("AWS.SimpleQueueService.PurgeQueueInProgress", "every 60 seconds", sqs.purge_queue, QueueUrl=url)


def test_receive_message_waits_for_a_send():
    url = queue()
    found = []
    receiver = threading.Thread(
        target=lambda: found.extend(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]))
    receiver.start()
    began = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="late")
    receiver.join()
    equal(found[0]["Body"], "late")
    assert time.monotonic() - began < 10, "the send did not wake the receiver"


def test_dead_letters():
    dead = queue("dead")
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1}
    url = queue("source", RedrivePolicy=json.dumps(policy), VisibilityTimeout="0")
    sent = sqs.send_message(QueueUrl=url, MessageBody="poison")
    equal(bodies(url), ["poison"])
    equal(bodies(url), [])
    equal(sqs.receive_message(QueueUrl=dead)["Messages"][0]["MessageId"], sent["MessageId"])
    equal(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"], [url])
    sqs.send_message(QueueUrl=url, MessageBody="stays")
    for target, text in (("none", "Dead letter target does not exist."), ("source", "must not be the source queue itself")):
        policy["deadLetterTargetArn"] = f"arn:aws:sqs:us-east-1:000000000000:{target}"
        refused("InvalidParameterValue", text, sqs.set_queue_attributes, QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
    equal(bodies(url), ["stays"])


def test_fifo_queues():
    url = queue("ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for body in ("a1", "a2", "b1"):
        sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0])
    copy = sqs.send_message(QueueUrl=url, MessageBody="b1", MessageGroupId="b")
    equal((copy["MessageId"], copy["SequenceNumber"]), (sent["MessageId"], sent["SequenceNumber"]))
    first = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"][0]
    equal((first["Body"], first["Attributes"]["MessageGroupId"]), ("a1", "a"))
    equal(bodies(url), ["b1"])
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    equal((found["FifoQueue"], found["DeduplicationScope"], found["FifoThroughputLimit"]), ("true", "queue", "perQueue"))


def test_message_move_tasks():
    dead = queue("given-up")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    source = queue("hard", RedrivePolicy=policy, VisibilityTimeout="0")
    sqs.send_message(QueueUrl=source, MessageBody="x")
    sqs.receive_message(QueueUrl=source)
    equal(bodies(source), [])
    assert sqs.start_message_move_task(SourceArn=arn)["TaskHandle"]
    back = sqs.receive_message(QueueUrl=source, WaitTimeSeconds=5)["Messages"]
    equal([message["Body"] for message in back], ["x"])
    task = sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]
    equal((task["SourceArn"], task["ApproximateNumberOfMessagesToMove"]), (arn, 1))
    # Slow enough to be cancelled.
    sqs.set_queue_attributes(QueueUrl=source, Attributes={"VisibilityTimeout": "0"})
    for body in ("y", "z"):
        sqs.send_message(QueueUrl=source, MessageBody=body)
    for _ in range(2):
        sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10)
    handle = sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    assert sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] <= 1


def test_permissions():
    url = queue()
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["123456789012"], Actions=["SendMessage"])
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    equal(json.loads(policy)["Statement"][0]["Action"], "SQS:SendMessage")
    sqs.remove_permission(QueueUrl=url, Label="l")


def test_delete_queue():
    url = queue()
    sqs.delete_queue(QueueUrl=url)
    refused(ABSENT, "does not exist", sqs.send_message, QueueUrl=url, MessageBody="a")


def test_command_line():
    def call(operation, *arguments):
        return aws_here("sqs", operation, *arguments)

    dead = call("create-queue", "--queue-name", "dead")["QueueUrl"]
    arn = call("get-queue-attributes", "--queue-url", dead, "--attribute-names", "QueueArn")["Attributes"]["QueueArn"]
    url = call("create-queue", "--queue-name", "q", "--attributes", "VisibilityTimeout=30", "--tags", "a=b")["QueueUrl"]
    on = ("--queue-url", url)
    equal(call("get-queue-url", "--queue-name", "q")["QueueUrl"], url)
    equal(call("list-queues")["QueueUrls"], [dead, url])
    policy = json.dumps({"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})})
    call("set-queue-attributes", *on, "--attributes", policy)
    equal(call("list-dead-letter-source-queues", "--queue-url", dead)["queueUrls"], [url])
    call("tag-queue", *on, "--tags", "c=d")
    call("untag-queue", *on, "--tag-keys", "a")
    equal(call("list-queue-tags", *on)["Tags"], {"c": "d"})
    call("add-permission", *on, "--label", "l", "--aws-account-ids", "123456789012", "--actions", "SendMessage")
    call("remove-permission", *on, "--label", "l")

    sent = call("send-message", *on, "--message-body", "one")
    message = call("receive-message", *on, "--attribute-names", "All")["Messages"][0]
    equal((message["MessageId"], message["Attributes"]["ApproximateReceiveCount"]), (sent["MessageId"], "1"))
    handle = ("--receipt-handle", message["ReceiptHandle"])
    call("change-message-visibility", *on, *handle, "--visibility-timeout", "60")
    call("delete-message", *on, *handle)
    entries = json.dumps([{"Id": str(n), "MessageBody": f"m{n}"} for n in range(3)])
    equal(len(call("send-message-batch", *on, "--entries", entries)["Successful"]), 3)
    found = call("receive-message", *on, "--max-number-of-messages", "10")["Messages"]
    handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(found)]
    equal(len(call("delete-message-batch", *on, "--entries", json.dumps(handles[:2]))["Successful"]), 2)
    visible = json.dumps([{**handles[2], "VisibilityTimeout": 0}])
    equal(len(call("change-message-visibility-batch", *on, "--entries", visible)["Successful"]), 1)
    # Received often enough: the next receive finds it in the dead-letter queue instead.
    equal(call("receive-message", *on), None)
    task = call("start-message-move-task", "--source-arn", arn)["TaskHandle"]
    back = call("receive-message", *on, "--wait-time-seconds", "5")["Messages"]
    equal([message["Body"] for message in back], ["m2"])
    equal(call("list-message-move-tasks", "--source-arn", arn)["Results"][0]["SourceArn"], arn)
    aws_refused("UnsupportedOperation", "sqs", "cancel-message-move-task", "--task-handle", task)
    call("purge-queue", *on)
    call("delete-queue", *on)
    equal(call("list-queues")["QueueUrls"], [dead])


def form(path, **parameters):
    """Posts a form; returns the status and the XML without namespaces."""
    body = urllib.parse.urlencode({"Version": "2012-11-05", **parameters}).encode()
    try:
        with urllib.request.urlopen(ENDPOINT + path, body) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    text = text.replace(' xmlns="http://queue.amazonaws.com/doc/2012-11-05/"', "")
    return status, xml.etree.ElementTree.fromstring(text.split("?>", 1)[1])


def test_query_protocol_queues():
    attribute = {"Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "7"}
    tag = {"Tag.1.Key": "team", "Tag.1.Value": "a"}
    _, made = form("/", Action="CreateQueue", QueueName="old", **attribute, **tag)
    equal(made.findtext("CreateQueueResult/QueueUrl"), f"{ENDPOINT}/000000000000/old")
    path = "/000000000000/old"
    _, found = form(path, Action="GetQueueAttributes", **{"AttributeName.1": "VisibilityTimeout"})
    equal(found.findtext("GetQueueAttributesResult/Attribute/Value"), "7")
    _, found = form(path, Action="ListQueueTags")
    equal(found.findtext("ListQueueTagsResult/Tag/Key"), "team")


def test_query_protocol_messages():
    queue("old")
    path = "/000000000000/old"
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


def test_query_protocol_errors():
    queue("old")
    status, error = form("/000000000000/absent", Action="SendMessage", MessageBody="a")
    equal((status, error.findtext("Error/Code")), (400, ABSENT))
    status, error = form("/000000000000/old", Action="ReceiveMessage", MaxNumberOfMessages="many")
    equal((status, error.findtext("Error/Code")), (400, "SerializationException"))


run(globals())
