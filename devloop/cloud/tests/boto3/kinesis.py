"""Kinesis, called with boto3."""

import datetime

from clients import aws_here, client, equal, refused, run

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
    # boto3's own paginator gets this error on AWS too.
    refused("InvalidArgumentException", "NextToken and StreamName cannot be provided together.", kinesis.list_shards,
            StreamName="s", NextToken=page["NextToken"])


def test_increase_stream_retention_period():
    stream()
    kinesis.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=48)
    equal(kinesis.describe_stream(StreamName="s")["StreamDescription"]["RetentionPeriodHours"], 48)
    kinesis.decrease_stream_retention_period(StreamName="s", RetentionPeriodHours=24)
    equal(kinesis.describe_stream(StreamName="s")["StreamDescription"]["RetentionPeriodHours"], 24)


def test_settings_of_a_stream():
    stream()
    kinesis.update_stream_mode(StreamARN=ARN, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.update_max_record_size(StreamARN=ARN, MaxRecordSizeInKiB=2048)
    kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    equal((summary["StreamModeDetails"], summary["MaxRecordSizeInKiB"]), ({"StreamMode": "ON_DEMAND"}, 2048))
    equal((summary["EncryptionType"], summary["KeyId"]), ("KMS", "alias/aws/kinesis"))
    kinesis.stop_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    equal(kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["EncryptionType"], "NONE")
    limits = kinesis.describe_limits()
    equal((limits["OpenShardCount"], limits["OnDemandStreamCount"]), (2, 1))


def test_enable_enhanced_monitoring():
    stream()
    enabled = kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingRecords"])
    equal((enabled["CurrentShardLevelMetrics"], enabled["DesiredShardLevelMetrics"]), ([], ["IncomingRecords"]))
    put("a", b"first")
    metrics = client("cloudwatch").list_metrics(Namespace="AWS/Kinesis")["Metrics"]
    equal([metric["MetricName"] for metric in metrics], ["IncomingRecords"])
    equal({dimension["Name"]: dimension["Value"] for dimension in metrics[0]["Dimensions"]},
          {"StreamName": "s", "ShardId": FIRST})
    disabled = kinesis.disable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["ALL"])
    equal(disabled["DesiredShardLevelMetrics"], [])


def test_tags():
    kinesis.create_stream(StreamName="s", ShardCount=2, Tags={"team": "a"})
    kinesis.add_tags_to_stream(StreamName="s", Tags={"stage": "dev"})
    kinesis.remove_tags_from_stream(StreamName="s", TagKeys=["team"])
    equal(kinesis.list_tags_for_stream(StreamName="s")["Tags"], [{"Key": "stage", "Value": "dev"}])
    kinesis.tag_resource(ResourceARN=ARN, Tags={"more": ""})
    equal(len(kinesis.list_tags_for_resource(ResourceARN=ARN)["Tags"]), 2)
    kinesis.untag_resource(ResourceARN=ARN, TagKeys=["more"])
    equal(len(kinesis.list_tags_for_resource(ResourceARN=ARN)["Tags"]), 1)


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


def test_subscribe_to_shard():
    stream(1)
    consumer = kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="c")["Consumer"]["ConsumerARN"]
    put("a", b"\x00first")
    kinesis.split_shard(StreamName="s", ShardToSplit=FIRST, NewStartingHashKey=str(1 << 127))
    answer = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=FIRST, StartingPosition={"Type": "TRIM_HORIZON"})
    events = [event["SubscribeToShardEvent"] for event in answer["EventStream"]]
    equal([record["Data"] for event in events for record in event["Records"]], [b"\x00first"])
    equal([child["ShardId"] for child in events[-1]["ChildShards"]], [SECOND, "shardId-000000000002"])
    refused("ResourceInUseException", "five seconds", kinesis.subscribe_to_shard, ConsumerARN=consumer, ShardId=FIRST,
            StartingPosition={"Type": "LATEST"})


def test_command_line():
    def call(operation, *arguments):
        return aws_here("kinesis", operation, *arguments)

    call("create-stream", "--stream-name", "s", "--shard-count", "2")
    call("wait", "stream-exists", "--stream-name", "s")
    put_one = ("put-record", "--stream-name", "s", "--partition-key", "a", "--data", "first")
    equal(call(*put_one)["ShardId"], FIRST)
    entries = '[{"PartitionKey": "a", "Data": "second"}]'
    equal(call("put-records", "--stream-name", "s", "--records", entries)["FailedRecordCount"], 0)
    iterator = call("get-shard-iterator", "--stream-name", "s", "--shard-id", FIRST, "--shard-iterator-type", "TRIM_HORIZON")
    found = call("get-records", "--shard-iterator", iterator["ShardIterator"])
    equal([record["Data"] for record in found["Records"]], ["Zmlyc3Q=", "c2Vjb25k"])
    equal(len(call("describe-stream", "--stream-name", "s")["StreamDescription"]["Shards"]), 2)
    equal(call("list-streams")["StreamNames"], ["s"])
    equal(call("describe-limits")["OpenShardCount"], 2)
    call("add-tags-to-stream", "--stream-name", "s", "--tags", "team=a,stage=dev")
    call("remove-tags-from-stream", "--stream-name", "s", "--tag-keys", "stage")
    call("tag-resource", "--resource-arn", ARN, "--tags", "more=b")
    call("untag-resource", "--resource-arn", ARN, "--tag-keys", "more")
    equal(call("list-tags-for-resource", "--resource-arn", ARN)["Tags"], [{"Key": "team", "Value": "a"}])
    equal(call("list-tags-for-stream", "--stream-name", "s")["Tags"], [{"Key": "team", "Value": "a"}])
    call("increase-stream-retention-period", "--stream-name", "s", "--retention-period-hours", "48")
    call("decrease-stream-retention-period", "--stream-name", "s", "--retention-period-hours", "24")
    key = ("--encryption-type", "KMS", "--key-id", "alias/aws/kinesis")
    call("start-stream-encryption", "--stream-name", "s", *key)
    call("stop-stream-encryption", "--stream-name", "s", *key)
    metrics = ("--stream-name", "s", "--shard-level-metrics", "ALL")
    equal(len(call("enable-enhanced-monitoring", *metrics)["DesiredShardLevelMetrics"]), 7)
    equal(call("disable-enhanced-monitoring", *metrics)["DesiredShardLevelMetrics"], [])
    call("update-stream-mode", "--stream-arn", ARN, "--stream-mode-details", "StreamMode=ON_DEMAND")
    call("update-stream-mode", "--stream-arn", ARN, "--stream-mode-details", "StreamMode=PROVISIONED")
    call("update-max-record-size", "--stream-arn", ARN, "--max-record-size-in-ki-b", "2048")
    equal(call("describe-stream-summary", "--stream-name", "s")["StreamDescriptionSummary"]["MaxRecordSizeInKiB"], 2048)
    consumer = call("register-stream-consumer", "--stream-arn", ARN, "--consumer-name", "c")["Consumer"]
    shown = call("describe-stream-consumer", "--consumer-arn", consumer["ConsumerARN"])["ConsumerDescription"]
    equal(shown["ConsumerName"], "c")
    equal(len(call("list-stream-consumers", "--stream-arn", ARN)["Consumers"]), 1)
    call("deregister-stream-consumer", "--consumer-arn", consumer["ConsumerARN"])
    call("merge-shards", "--stream-name", "s", "--shard-to-merge", FIRST, "--adjacent-shard-to-merge", SECOND)
    merged = "shardId-000000000002"
    call("split-shard", "--stream-name", "s", "--shard-to-split", merged, "--new-starting-hash-key", str(1 << 126))
    scaling = ("--target-shard-count", "4", "--scaling-type", "UNIFORM_SCALING")
    equal(call("update-shard-count", "--stream-name", "s", *scaling)["TargetShardCount"], 4)
    latest = call("list-shards", "--stream-name", "s", "--shard-filter", "Type=AT_LATEST")["Shards"]
    equal(len(latest), 4)
    call("delete-stream", "--stream-name", "s")
    equal(call("list-streams")["StreamNames"], [])


def test_delete_stream():
    stream()
    kinesis.delete_stream(StreamName="s")
    kinesis.get_waiter("stream_not_exists").wait(StreamName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 1})


run(globals())
