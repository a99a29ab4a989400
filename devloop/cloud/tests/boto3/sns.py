"""SNS, called with boto3."""

import http.server
import json
import threading

from clients import aws_here, aws_refused, client, equal, refused, run

sns, sqs = client("sns"), client("sqs")


def test_publish_and_subscribe():
    topic = sns.create_topic(Name="t", Attributes={"DisplayName": "T"}, Tags=[{"Key": "team", "Value": "a"}])["TopicArn"]
    equal(sns.list_topics()["Topics"], [{"TopicArn": topic}])
    equal(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"], "T")
    equal(sns.list_tags_for_resource(ResourceArn=topic)["Tags"], [{"Key": "team", "Value": "a"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["team"])
    equal(sns.list_tags_for_resource(ResourceArn=topic)["Tags"], [])

    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"FilterPolicy": json.dumps({"kind": ["order"]})},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    equal(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["Endpoint"], arn)
    kind = lambda value: {"kind": {"DataType": "String", "StringValue": value}}
    sns.publish(TopicArn=topic, Message="no", MessageAttributes=kind("other"))
    sent = sns.publish(TopicArn=topic, Message="yes", Subject="s", MessageAttributes=kind("order"))
    envelope = json.loads(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"])
    equal((envelope["Message"], envelope["MessageId"], envelope["Subject"]), ("yes", sent["MessageId"], "s"))

    refused("InvalidParameter", "pigeon", sns.subscribe, TopicArn=topic, Protocol="pigeon", Endpoint="roof")
    equal(len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]), 1)

    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue="")
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true")
    equal(sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["RawMessageDelivery"], "true")
    entries = [{"Id": str(n), "Message": f"m{n}"} for n in range(3)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    equal([entry["Id"] for entry in answer["Successful"]], ["0", "1", "2"])
    bodies = [m["Body"] for m in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]]
    equal(bodies, ["m0", "m1", "m2"])

    sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["123456789012"], ActionName=["Publish"])
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert "l" in [statement["Sid"] for statement in policy["Statement"]], policy
    sns.remove_permission(TopicArn=topic, Label="l")
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.delete_topic(TopicArn=topic)
    try:
        sns.publish(TopicArn=topic, Message="x")
        raise AssertionError("a deleted topic accepted a message")
    except sns.exceptions.NotFoundException as error:
        assert "Topic does not exist" in str(error), error


class Confirmations(http.server.BaseHTTPRequestHandler):
    """An endpoint that keeps what it gets."""

    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
        self.server.came.release()

    def log_message(self, *_):
        pass


def test_subscriptions_are_confirmed_listed_and_topics_changed():
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="changed")
    equal(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"], "changed")
    for name, value in (("KmsMasterKeyId", "alias/aws/sns"), ("TracingConfig", "Active")):
        sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
        equal(sns.get_topic_attributes(TopicArn=topic)["Attributes"][name], value)
    refused("InvalidParameter", "TracingConfig", sns.set_topic_attributes, TopicArn=topic, AttributeName="TracingConfig", AttributeValue="On")
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "k", "Value": "v"}])
    equal(sns.list_tags_for_resource(ResourceArn=topic)["Tags"], [{"Key": "k", "Value": "v"}])

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Confirmations)
    server.got, server.came = [], threading.Semaphore(0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}/"
    equal(sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)["SubscriptionArn"], "pending confirmation")
    equal(sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"], "PendingConfirmation")
    assert server.came.acquire(timeout=10), "the confirmation did not come"
    refused("InvalidParameter", "Token", sns.confirm_subscription, TopicArn=topic, Token="wrong")
    confirmed = sns.confirm_subscription(TopicArn=topic, Token=server.got[0]["Token"])["SubscriptionArn"]
    equal([one["SubscriptionArn"] for one in sns.list_subscriptions()["Subscriptions"]], [confirmed])
    sns.publish(TopicArn=topic, Message="hello")
    assert server.came.acquire(timeout=10), "the message did not come"
    equal((server.got[1]["Type"], server.got[1]["Message"]), ("Notification", "hello"))
    server.shutdown()


def test_command_line():
    def call(operation, *arguments):
        return aws_here("sns", operation, *arguments)

    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = call("create-topic", "--name", "t")["TopicArn"]
    on = ("--topic-arn", topic)
    call("set-topic-attributes", *on, "--attribute-name", "DisplayName", "--attribute-value", "T")
    equal(call("get-topic-attributes", *on)["Attributes"]["DisplayName"], "T")
    equal(call("list-topics")["Topics"], [{"TopicArn": topic}])
    call("tag-resource", "--resource-arn", topic, "--tags", "Key=a,Value=b", "Key=c,Value=d")
    call("untag-resource", "--resource-arn", topic, "--tag-keys", "a")
    equal(call("list-tags-for-resource", "--resource-arn", topic)["Tags"], [{"Key": "c", "Value": "d"}])
    subscription = call("subscribe", *on, "--protocol", "sqs", "--notification-endpoint", arn)["SubscriptionArn"]
    one = ("--subscription-arn", subscription)
    call("set-subscription-attributes", *one, "--attribute-name", "RawMessageDelivery", "--attribute-value", "true")
    equal(call("get-subscription-attributes", *one)["Attributes"]["RawMessageDelivery"], "true")
    equal(call("list-subscriptions")["Subscriptions"], call("list-subscriptions-by-topic", *on)["Subscriptions"])
    assert call("publish", *on, "--message", "one")["MessageId"]
    entries = '[{"Id": "1", "Message": "two"}]'
    equal(call("publish-batch", *on, "--publish-batch-request-entries", entries)["Successful"][0]["Id"], "1")
    equal([sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"] for _ in range(2)], ["one", "two"])
    call("add-permission", *on, "--label", "l", "--aws-account-id", "123456789012", "--action-name", "Publish")
    call("remove-permission", *on, "--label", "l")
    aws_refused("InvalidParameter", "sns", "confirm-subscription", *on, "--token", "wrong")
    call("unsubscribe", *one)
    call("delete-topic", *on)
    equal(call("list-topics")["Topics"], [])


run(globals())
