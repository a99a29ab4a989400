"""SNS, called with boto3."""

import json

from clients import client, equal, refused, run

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


run(globals())
