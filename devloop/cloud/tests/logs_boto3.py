"""Drives CloudWatch Logs with boto3 and the aws command line; run by logs_boto3.rs with the cloud's endpoint."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "boto3"))
from clients import aws, client, equal, refused

logs = client("logs")
now = int(time.time() * 1000)
GROUP = "/aws/lambda/upstream"


def groups():
    logs.create_log_group(logGroupName=GROUP, tags={"team": "a"})
    refused("ResourceAlreadyExistsException", "The specified log group already exists", logs.create_log_group, logGroupName=GROUP)
    refused("InvalidParameterException", "logGroupName", logs.create_log_group, logGroupName="not a name")
    refused("NotImplementedException", "kmsKeyId", logs.create_log_group, logGroupName="k", kmsKeyId="key")
    for name in ("b/two", "b/one", "c"):
        logs.create_log_group(logGroupName=name)
    [group] = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    equal(group["logGroupName"], GROUP)
    equal(group["arn"], f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:*")
    equal(group["logGroupArn"], f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}")
    assert "retentionInDays" not in group
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 2})
    equal([group["logGroupName"] for page in pages for group in page["logGroups"]], [GROUP, "b/one", "b/two", "c"])
    equal([group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePattern="ONE")["logGroups"]], ["b/one"])
    logs.put_retention_policy(logGroupName="c", retentionInDays=7)
    equal(logs.describe_log_groups(logGroupNamePrefix="c")["logGroups"][0]["retentionInDays"], 7)
    refused("InvalidParameterException", "retentionInDays", logs.put_retention_policy, logGroupName="c", retentionInDays=2)
    logs.delete_retention_policy(logGroupName="c")
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix="c")["logGroups"][0]
    arn = group["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"stage": "dev"})
    equal(logs.list_tags_for_resource(resourceArn=arn)["tags"], {"team": "a", "stage": "dev"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    equal(logs.list_tags_for_resource(resourceArn=arn)["tags"], {"stage": "dev"})
    logs.delete_log_group(logGroupName="c")
    refused("ResourceNotFoundException", "The specified log group does not exist.", logs.delete_log_group, logGroupName="c")
    equal(client("logs", "eu-west-1").describe_log_groups()["logGroups"], [])


def put(stream, *events, group=GROUP):
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": at, "message": text} for at, text in events])


def streams():
    for name in ("one", "three", "two"):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
    refused("ResourceAlreadyExistsException", "The specified log stream already exists", logs.create_log_stream, logGroupName=GROUP, logStreamName="one")
    refused("InvalidParameterException", "logStreamName", logs.create_log_stream, logGroupName=GROUP, logStreamName="a:b")
    refused("ResourceNotFoundException", "The specified log stream does not exist.", logs.put_log_events, logGroupName=GROUP, logStreamName="x", logEvents=[{"timestamp": now, "message": "m"}])
    put("one", (now - 5000, "START a"), (now - 1000, "END a"))
    put("two", (now - 4000, "START b"), (now - 4000, "ERROR b"), (now - 500, "END b"))
    found = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    equal([stream["logStreamName"] for stream in found], ["one", "three", "two"])
    equal((found[0]["firstEventTimestamp"], found[0]["lastEventTimestamp"]), (now - 5000, now - 1000))
    assert "lastEventTimestamp" not in found[1]
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=GROUP, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 1})
    equal([stream["logStreamName"] for page in pages for stream in page["logStreams"]], ["two", "one", "three"])
    equal([stream["logStreamName"] for stream in logs.describe_log_streams(logGroupIdentifier=found[0]["arn"].split(":log-stream")[0], logStreamNamePrefix="t")["logStreams"]], ["three", "two"])
    refused("InvalidParameterException", "Cannot order by LastEventTime", logs.describe_log_streams, logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="t")


def rejected_events():
    answer = put("three", (now - 15 * 86_400_000, "old"))
    equal(answer["rejectedLogEventsInfo"], {"tooOldLogEventEndIndex": 1})
    answer = put("three", (now, "fine"), (now + 3 * 3_600_000, "new"))
    equal(answer["rejectedLogEventsInfo"], {"tooNewLogEventStartIndex": 1})
    bad = lambda text, *events: refused("InvalidParameterException", text, logs.put_log_events, logGroupName=GROUP, logStreamName="three", logEvents=[{"timestamp": at, "message": message} for at, message in events])
    bad("chronological order", (now, "b"), (now - 1, "a"))
    bad("more than 24 hours", (now - 86_400_001, "a"), (now, "b"))
    bad("logEvents")
    bad("Upload too large", *[(now, "x" * 200_000)] * 6)
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="three")
    refused("ResourceNotFoundException", "The specified log stream does not exist.", logs.delete_log_stream, logGroupName=GROUP, logStreamName="three")


def tokens_end_where_the_stream_ends():
    logs.create_log_stream(logGroupName="b/one", logStreamName="s")
    empty = logs.get_log_events(logGroupName="b/one", logStreamName="s", startFromHead=True)
    equal(empty["events"], [])
    put("s", *[(now - 1000 + number, str(number)) for number in range(25)], group="b/one")

    def loop(direction, **arguments):
        token, found, calls = None, [], 0
        while True:
            answer = logs.get_log_events(logGroupName="b/one", logStreamName="s", limit=10, **arguments, **({"nextToken": token} if token else {}))
            messages = [int(event["message"]) for event in answer["events"]]
            found = found + messages if direction == "nextForwardToken" else messages + found
            calls += 1
            if answer[direction] == token:
                return found, calls, token
            token = answer[direction]

    found, calls, end = loop("nextForwardToken", startFromHead=True)
    equal((found, calls), (list(range(25)), 4))
    equal(loop("nextBackwardToken")[0], list(range(25)))
    # A follower goes on from the token that it was left with, also from that of an empty stream.
    put("s", (now, "25"), group="b/one")
    [event] = logs.get_log_events(logGroupName="b/one", logStreamName="s", nextToken=end)["events"]
    equal((event["message"], event["timestamp"]), ("25", now))
    later = logs.get_log_events(logGroupName="b/one", logStreamName="s", nextToken=empty["nextForwardToken"])
    equal(len(later["events"]), 26)
    latest = logs.get_log_events(logGroupName="b/one", logStreamName="s", limit=2)["events"]
    equal([event["message"] for event in latest], ["24", "25"])
    window = logs.get_log_events(logGroupName="b/one", logStreamName="s", startTime=now - 998, endTime=now - 996)["events"]
    equal([event["message"] for event in window], ["2", "3"])
    refused("InvalidParameterException", "nextToken", logs.get_log_events, logGroupName="b/one", logStreamName="s", nextToken="x")


def filtered(pattern="", **arguments):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, filterPattern=pattern, **arguments)
    return [event["message"] for page in pages for event in page["events"]]


def filters():
    equal(filtered(), ["START a", "START b", "ERROR b", "END a", "END b"])
    equal(filtered(PaginationConfig={"PageSize": 1}), ["START a", "START b", "ERROR b", "END a", "END b"])
    equal(filtered("START"), ["START a", "START b"])
    equal(filtered("?ERROR ?END"), ["ERROR b", "END a", "END b"])
    equal(filtered("START -b"), ["START a"])
    equal(filtered('"START b"'), ["START b"])
    equal(filtered(logStreamNames=["one"]), ["START a", "END a"])
    equal(filtered(logStreamNamePrefix="tw"), ["START b", "ERROR b", "END b"])
    equal(filtered(startTime=now - 4000, endTime=now - 500), ["START b", "ERROR b", "END a"])
    put("one", (now, '{"level": "error", "ms": 7}'), (now, '{"level": "error", "ms": 3}'))
    equal(filtered('{ $.level = "error" && $.ms > 5 }'), ['{"level": "error", "ms": 7}'])
    refused("NotImplementedException", "space-delimited", logs.filter_log_events, logGroupName=GROUP, filterPattern="[a, b]")
    refused("InvalidParameterException", "Invalid filter pattern", logs.filter_log_events, logGroupName=GROUP, filterPattern="{ $.a }")
    ids = [event["eventId"] for event in logs.filter_log_events(logGroupName=GROUP)["events"]]
    equal(ids, sorted(set(ids)))


def follow():
    """As `aws logs tail --follow` does: the newest time seen, asked for again, without the events seen before."""
    seen, start = set(), now - 60_000

    def poll():
        nonlocal start
        new, arguments = [], {"logGroupName": GROUP, "startTime": start, "interleaved": True}
        while True:
            answer = logs.filter_log_events(**arguments)
            for event in answer["events"]:
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    new.append(event["message"])
                    start = max(start, event["timestamp"])
            if "nextToken" not in answer:
                return new
            arguments["nextToken"] = answer["nextToken"]

    equal(len(poll()), 7)
    equal(poll(), [])
    put("two", (now + 1, "later"))
    equal(poll(), ["later"])


def refusals():
    for name, arguments in (("start_query", {"queryString": "fields @message", "startTime": 0, "endTime": 1}), ("put_subscription_filter", {"logGroupName": GROUP}), ("put_metric_filter", {"logGroupName": GROUP})):
        refused("UnknownOperationException", "the embedded cloud does not support logs:", getattr(logs, name), **arguments)


def command_line():
    answer = aws("logs", "filter-log-events", "--log-group-name", GROUP, "--filter-pattern", "START", "--start-time", str(now - 60_000))
    equal([event["message"] for event in answer["events"]], ["START a", "START b"])
    answer = aws("logs", "get-log-events", "--log-group-name", GROUP, "--log-stream-name", "one", "--start-from-head", "--limit", "1")
    equal([event["message"] for event in answer["events"]], ["START a"])
    equal(aws("logs", "describe-log-streams", "--log-group-name", GROUP, "--order-by", "LastEventTime", "--descending", "--max-items", "1")["logStreams"][0]["logStreamName"], "two")


for test in (groups, streams, rejected_events, tokens_end_where_the_stream_ends, filters, follow, refusals, command_line):
    test()
