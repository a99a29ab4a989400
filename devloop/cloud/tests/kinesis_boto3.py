"""Drives Kinesis with boto3; run by kinesis_boto3.rs with the cloud's endpoint as argument."""

import datetime
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]


def client(region="us-east-1"):
    return boto3.client(
        "kinesis",
        endpoint_url=ENDPOINT,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


kinesis = client()


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


def read(shard, kind="TRIM_HORIZON", **arguments):
    iterator = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType=kind, **arguments)
    return kinesis.get_records(ShardIterator=iterator["ShardIterator"])


def streams():
    kinesis.create_stream(StreamName="s", ShardCount=2, Tags={"team": "a"})
    kinesis.get_waiter("stream_exists").wait(StreamName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    kinesis.create_stream(StreamName="od", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    refused("ResourceInUseException", "already exists", kinesis.create_stream, StreamName="s", ShardCount=1)

    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
    described = kinesis.describe_stream(StreamARN=arn)["StreamDescription"]
    equal((described["StreamARN"], described["StreamStatus"], len(described["Shards"])), (arn, "ACTIVE", 2))
    age = datetime.datetime.now(datetime.timezone.utc) - described["StreamCreationTimestamp"]
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=1), age
    summary = kinesis.describe_stream_summary(StreamName="od")["StreamDescriptionSummary"]
    equal((summary["OpenShardCount"], summary["StreamModeDetails"]), (4, {"StreamMode": "ON_DEMAND"}))

    pages = kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1})
    equal([name for page in pages for name in page["StreamNames"]], ["od", "s"])
    equal(client("eu-west-1").list_streams()["StreamNames"], [])
    page = kinesis.list_shards(StreamName="od", MaxResults=3)
    equal(len(page["Shards"]), 3)
    equal(len(kinesis.list_shards(NextToken=page["NextToken"])["Shards"]), 1)
    # boto3's own paginator runs into this on AWS too.
    refused("InvalidArgumentException", "NextToken and StreamName cannot be provided together.", kinesis.list_shards,
            StreamName="od", NextToken=page["NextToken"])

    kinesis.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=48)
    equal(kinesis.describe_stream(StreamName="s")["StreamDescription"]["RetentionPeriodHours"], 48)
    kinesis.add_tags_to_stream(StreamName="s", Tags={"stage": "dev"})
    kinesis.remove_tags_from_stream(StreamName="s", TagKeys=["team"])
    equal(kinesis.list_tags_for_stream(StreamName="s")["Tags"], [{"Key": "stage", "Value": "dev"}])
    kinesis.tag_resource(ResourceARN=arn, Tags={"more": ""})
    equal(len(kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]), 2)


def records():
    put = kinesis.put_record(StreamName="s", PartitionKey="a", Data=b"\x00first")
    equal((put["ShardId"], len(put["SequenceNumber"])), ("shardId-000000000000", 56))
    entries = [{"PartitionKey": key, "Data": key.encode()} for key in ("a", "k")]
    many = kinesis.put_records(StreamName="s", Records=entries)
    equal((many["FailedRecordCount"], len(many["Records"])), (0, 2))
    equal(many["Records"][1]["ShardId"], "shardId-000000000001")

    answer = read("shardId-000000000000")
    equal([record["Data"] for record in answer["Records"]], [b"\x00first", b"a"])
    equal(answer["MillisBehindLatest"], 0)
    numbers = [record["SequenceNumber"] for record in answer["Records"]]
    equal(numbers, [put["SequenceNumber"], many["Records"][0]["SequenceNumber"]])
    after = read("shardId-000000000000", "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[0])
    equal([record["Data"] for record in after["Records"]], [b"a"])
    arrived = answer["Records"][0]["ApproximateArrivalTimestamp"]
    at = read("shardId-000000000000", "AT_TIMESTAMP", Timestamp=arrived)
    equal(at["Records"][0]["SequenceNumber"], numbers[0])
    more = kinesis.get_records(ShardIterator=answer["NextShardIterator"], Limit=1)
    equal(more["Records"], [])

    refused("ResourceNotFoundException", "Stream no under account 000000000000 not found.",
            kinesis.put_record, StreamName="no", PartitionKey="a", Data=b"")
    refused("ValidationException", "less than or equal to 256",
            kinesis.put_record, StreamName="s", PartitionKey="a" * 257, Data=b"")
    refused("InvalidArgumentException", "Invalid ShardIterator.", kinesis.get_records, ShardIterator="AAAA")


def shards():
    kinesis.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(1 << 126))
    end = read("shardId-000000000000", "LATEST")
    assert "NextShardIterator" not in end, end
    equal([child["ShardId"] for child in end["ChildShards"]], ["shardId-000000000002", "shardId-000000000003"])
    kinesis.merge_shards(StreamName="s", ShardToMerge="shardId-000000000002",
                         AdjacentShardToMerge="shardId-000000000003")
    updated = kinesis.update_shard_count(StreamName="s", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    equal((updated["CurrentShardCount"], updated["TargetShardCount"]), (2, 4))
    open_now = kinesis.list_shards(StreamName="s", ShardFilter={"Type": "AT_LATEST"})["Shards"]
    starts = sorted(int(shard["HashKeyRange"]["StartingHashKey"]) for shard in open_now)
    equal(starts, [part << 126 for part in range(4)])


def consumers():
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
    made = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="c")["Consumer"]
    equal((made["ConsumerName"], made["ConsumerStatus"]), ("c", "CREATING"))
    assert made["ConsumerARN"].startswith(stream + "/consumer/c:"), made
    refused("ResourceInUseException", "already exists", kinesis.register_stream_consumer, StreamARN=stream,
            ConsumerName="c")
    kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="d")
    shown = kinesis.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
    equal((shown["ConsumerStatus"], shown["StreamARN"]), ("ACTIVE", stream))
    pages = kinesis.get_paginator("list_stream_consumers").paginate(StreamARN=stream, PaginationConfig={"PageSize": 1})
    equal([consumer["ConsumerName"] for page in pages for consumer in page["Consumers"]], ["c", "d"])
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    equal(summary["ConsumerCount"], 2)
    kinesis.deregister_stream_consumer(StreamARN=stream, ConsumerName="c")
    refused("ResourceNotFoundException", "not found", kinesis.describe_stream_consumer, StreamARN=stream,
            ConsumerName="c")


streams()
records()
shards()
consumers()
kinesis.delete_stream(StreamName="s")
kinesis.get_waiter("stream_not_exists").wait(StreamName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
