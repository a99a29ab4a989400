"""Kinesis, driven by boto3."""

import datetime

from clients import client, equal, refused, run

kinesis = client("kinesis")
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
FIRST, SECOND = "shardId-000000000000", "shardId-000000000001"


def stream(shards=2):
    kinesis.create_stream(StreamName="s", ShardCount=shards)


def put(key, data):
    return kinesis.put_record(StreamName="s", PartitionKey=key, Data=data)


def read(shard, kind="TRIM_HORIZON", **arguments):
    iterator = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType=kind, **arguments)
    return kinesis.get_records(ShardIterator=iterator["ShardIterator"])


def data(answer):
    return [record["Data"] for record in answer["Records"]]


def test_create_stream():
    stream()
    kinesis.get_waiter("stream_exists").wait(StreamName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    refused("ResourceInUseException", "already exists", kinesis.create_stream, StreamName="s", ShardCount=1)


def test_describe_stream():
    stream()
    described = kinesis.describe_stream(StreamARN=ARN)["StreamDescription"]
    equal((described["StreamARN"], described["StreamStatus"], len(described["Shards"])), (ARN, "ACTIVE", 2))
    age = datetime.datetime.now(datetime.timezone.utc) - described["StreamCreationTimestamp"]
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=1), age


def test_describe_stream_summary():
    kinesis.create_stream(StreamName="od", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    summary = kinesis.describe_stream_summary(StreamName="od")["StreamDescriptionSummary"]
    equal((summary["OpenShardCount"], summary["StreamModeDetails"]), (4, {"StreamMode": "ON_DEMAND"}))


def test_list_streams():
    stream()
    kinesis.create_stream(StreamName="a", ShardCount=1)
    pages = kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1})
    equal([name for page in pages for name in page["StreamNames"]], ["a", "s"])
    equal(client("kinesis", "eu-west-1").list_streams()["StreamNames"], [])


def test_list_shards():
    stream(4)
    page = kinesis.list_shards(StreamName="s", MaxResults=3)
    equal(len(page["Shards"]), 3)
    equal(len(kinesis.list_shards(NextToken=page["NextToken"])["Shards"]), 1)
    # boto3's own paginator runs into this on AWS too.
    refused("InvalidArgumentException", "NextToken and StreamName cannot be provided together.", kinesis.list_shards,
            StreamName="s", NextToken=page["NextToken"])


def test_increase_stream_retention_period():
    stream()
    kinesis.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=48)
    equal(kinesis.describe_stream(StreamName="s")["StreamDescription"]["RetentionPeriodHours"], 48)


def test_tags():
    kinesis.create_stream(StreamName="s", ShardCount=2, Tags={"team": "a"})
    kinesis.add_tags_to_stream(StreamName="s", Tags={"stage": "dev"})
    kinesis.remove_tags_from_stream(StreamName="s", TagKeys=["team"])
    equal(kinesis.list_tags_for_stream(StreamName="s")["Tags"], [{"Key": "stage", "Value": "dev"}])
    kinesis.tag_resource(ResourceARN=ARN, Tags={"more": ""})
    equal(len(kinesis.list_tags_for_resource(ResourceARN=ARN)["Tags"]), 2)


def test_put_record():
    stream()
    found = put("a", b"\x00first")
    equal((found["ShardId"], len(found["SequenceNumber"])), (FIRST, 56))
    refused("ResourceNotFoundException", "Stream no under account 000000000000 not found.",
            kinesis.put_record, StreamName="no", PartitionKey="a", Data=b"")
    refused("ValidationException", "less than or equal to 256",
            kinesis.put_record, StreamName="s", PartitionKey="a" * 257, Data=b"")


def test_put_records():
    stream()
    entries = [{"PartitionKey": key, "Data": key.encode()} for key in ("a", "k")]
    many = kinesis.put_records(StreamName="s", Records=entries)
    equal((many["FailedRecordCount"], len(many["Records"])), (0, 2))
    equal(many["Records"][1]["ShardId"], SECOND)


def test_get_records():
    stream()
    numbers = [put("a", value)["SequenceNumber"] for value in (b"\x00first", b"second")]
    answer = read(FIRST)
    equal((data(answer), answer["MillisBehindLatest"]), ([b"\x00first", b"second"], 0))
    equal([record["SequenceNumber"] for record in answer["Records"]], numbers)
    more = kinesis.get_records(ShardIterator=answer["NextShardIterator"], Limit=1)
    equal(more["Records"], [])
    refused("InvalidArgumentException", "Invalid ShardIterator.", kinesis.get_records, ShardIterator="AAAA")


def test_get_shard_iterator():
    stream()
    first = put("a", b"first")["SequenceNumber"]
    put("a", b"second")
    equal(data(read(FIRST, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=first)), [b"second"])
    equal(data(read(FIRST, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=first)), [b"first", b"second"])
    arrived = read(FIRST)["Records"][0]["ApproximateArrivalTimestamp"]
    equal(read(FIRST, "AT_TIMESTAMP", Timestamp=arrived)["Records"][0]["SequenceNumber"], first)
    equal(data(read(FIRST, "LATEST")), [])


def test_split_shard():
    stream()
    kinesis.split_shard(StreamName="s", ShardToSplit=FIRST, NewStartingHashKey=str(1 << 126))
    end = read(FIRST, "LATEST")
    assert "NextShardIterator" not in end, end
    equal([child["ShardId"] for child in end["ChildShards"]], ["shardId-000000000002", "shardId-000000000003"])


def test_merge_shards():
    stream()
    kinesis.merge_shards(StreamName="s", ShardToMerge=FIRST, AdjacentShardToMerge=SECOND)
    open_now = kinesis.list_shards(StreamName="s", ShardFilter={"Type": "AT_LATEST"})["Shards"]
    equal([shard["ShardId"] for shard in open_now], ["shardId-000000000002"])


def test_update_shard_count():
    stream()
    updated = kinesis.update_shard_count(StreamName="s", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    equal((updated["CurrentShardCount"], updated["TargetShardCount"]), (2, 4))
    open_now = kinesis.list_shards(StreamName="s", ShardFilter={"Type": "AT_LATEST"})["Shards"]
    starts = sorted(int(shard["HashKeyRange"]["StartingHashKey"]) for shard in open_now)
    equal(starts, [part << 126 for part in range(4)])


def test_register_stream_consumer():
    stream()
    made = kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="c")["Consumer"]
    equal((made["ConsumerName"], made["ConsumerStatus"]), ("c", "CREATING"))
    assert made["ConsumerARN"].startswith(ARN + "/consumer/c:"), made
    refused("ResourceInUseException", "already exists", kinesis.register_stream_consumer, StreamARN=ARN,
            ConsumerName="c")
    shown = kinesis.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
    equal((shown["ConsumerStatus"], shown["StreamARN"]), ("ACTIVE", ARN))


def test_list_stream_consumers():
    stream()
    for name in ("c", "d"):
        kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName=name)
    pages = kinesis.get_paginator("list_stream_consumers").paginate(StreamARN=ARN, PaginationConfig={"PageSize": 1})
    equal([consumer["ConsumerName"] for page in pages for consumer in page["Consumers"]], ["c", "d"])
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    equal(summary["ConsumerCount"], 2)


def test_deregister_stream_consumer():
    stream()
    kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="c")
    kinesis.deregister_stream_consumer(StreamARN=ARN, ConsumerName="c")
    refused("ResourceNotFoundException", "not found", kinesis.describe_stream_consumer, StreamARN=ARN,
            ConsumerName="c")


def test_delete_stream():
    stream()
    kinesis.delete_stream(StreamName="s")
    kinesis.get_waiter("stream_not_exists").wait(StreamName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 1})


run(globals())
