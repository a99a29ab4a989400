"""CloudWatch Logs, called with boto3 and the aws command line."""

import time

from clients import aws, client, equal, refused, run

logs = client("logs")
now = int(time.time() * 1000)
GROUP = "/aws/lambda/upstream"


def group(name=GROUP):
    logs.create_log_group(logGroupName=name, tags={"team": "a"})


def stream(*names):
    """Creates a log group with these log streams."""
    group()
    for name in names:
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)


def put(stream, *events):
    events = [{"timestamp": at, "message": text} for at, text in events]
    return logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def written():
    """Creates three log streams; `three` stays empty."""
    stream("one", "three", "two")
    put("one", (now - 5000, "START a"), (now - 1000, "END a"))
    put("two", (now - 4000, "START b"), (now - 4000, "ERROR b"), (now - 500, "END b"))


def test_create_log_group():
    group()
    refused("ResourceAlreadyExistsException", "The specified log group already exists", logs.create_log_group, logGroupName=GROUP)
    refused("InvalidParameterException", "logGroupName", logs.create_log_group, logGroupName="not a name")
    refused("NotImplementedException", "kmsKeyId", logs.create_log_group, logGroupName="k", kmsKeyId="key")


def test_describe_log_groups():
    for name in (GROUP, "b/two", "b/one"):
        group(name)
    [found] = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    equal(found["logGroupName"], GROUP)
    equal(found["arn"], f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:*")
    equal(found["logGroupArn"], f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}")
    assert "retentionInDays" not in found
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 2})
    equal([group["logGroupName"] for page in pages for group in page["logGroups"]], [GROUP, "b/one", "b/two"])
    equal([group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePattern="ONE")["logGroups"]], ["b/one"])
    equal(logs.describe_log_groups(logGroupClass="DELIVERY")["logGroups"], [])
    equal(len(logs.describe_log_groups(logGroupClass="STANDARD")["logGroups"]), 3)
    equal(client("logs", "eu-west-1").describe_log_groups()["logGroups"], [])


def test_retention_policy():
    group()
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    equal(logs.describe_log_groups()["logGroups"][0]["retentionInDays"], 7)
    refused("InvalidParameterException", "retentionInDays", logs.put_retention_policy, logGroupName=GROUP, retentionInDays=2)
    logs.delete_retention_policy(logGroupName=GROUP)
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


def test_tags():
    group()
    arn = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"stage": "dev"})
    equal(logs.list_tags_for_resource(resourceArn=arn)["tags"], {"team": "a", "stage": "dev"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    equal(logs.list_tags_for_resource(resourceArn=arn)["tags"], {"stage": "dev"})


def test_delete_log_group():
    group()
    logs.delete_log_group(logGroupName=GROUP)
    refused("ResourceNotFoundException", "The specified log group does not exist.", logs.delete_log_group, logGroupName=GROUP)


def test_create_log_stream():
    stream("one")
    refused("ResourceAlreadyExistsException", "The specified log stream already exists", logs.create_log_stream, logGroupName=GROUP, logStreamName="one")
    refused("InvalidParameterException", "logStreamName", logs.create_log_stream, logGroupName=GROUP, logStreamName="a:b")


def test_describe_log_streams():
    written()
    found = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    equal([stream["logStreamName"] for stream in found], ["one", "three", "two"])
    equal((found[0]["firstEventTimestamp"], found[0]["lastEventTimestamp"]), (now - 5000, now - 1000))
    assert "lastEventTimestamp" not in found[1]
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=GROUP, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 1})
    equal([stream["logStreamName"] for page in pages for stream in page["logStreams"]], ["two", "one", "three"])
    named = logs.describe_log_streams(logGroupIdentifier=found[0]["arn"].split(":log-stream")[0], logStreamNamePrefix="t")
    equal([stream["logStreamName"] for stream in named["logStreams"]], ["three", "two"])
    refused("InvalidParameterException", "Cannot order by LastEventTime", logs.describe_log_streams, logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="t")


def test_delete_log_stream():
    stream("one")
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="one")
    refused("ResourceNotFoundException", "The specified log stream does not exist.", logs.delete_log_stream, logGroupName=GROUP, logStreamName="one")


def test_put_log_events():
    stream("s")
    answer = put("s", (now - 15 * 86_400_000, "old"))
    equal(answer["rejectedLogEventsInfo"], {"tooOldLogEventEndIndex": 1})
    answer = put("s", (now, "fine"), (now + 3 * 3_600_000, "new"))
    equal(answer["rejectedLogEventsInfo"], {"tooNewLogEventStartIndex": 1})
    refused("ResourceNotFoundException", "The specified log stream does not exist.", logs.put_log_events, logGroupName=GROUP, logStreamName="x", logEvents=[{"timestamp": now, "message": "m"}])

    def not_put(text, *events):
        events = [{"timestamp": at, "message": message} for at, message in events]
        refused("InvalidParameterException", text, logs.put_log_events, logGroupName=GROUP, logStreamName="s", logEvents=events)

    not_put("chronological order", (now, "b"), (now - 1, "a"))
    not_put("more than 24 hours", (now - 86_400_001, "a"), (now, "b"))
    not_put("logEvents")
    not_put("Upload too large", *[(now, "x" * 200_000)] * 6)


def get_events(**arguments):
    return logs.get_log_events(logGroupName=GROUP, logStreamName="s", **arguments)


def messages(answer):
    return [event["message"] for event in answer["events"]]


def test_get_log_events():
    stream("s")
    put("s", *[(now - 1000 + number, str(number)) for number in range(25)])
    equal(messages(get_events(limit=2)), ["23", "24"])
    equal(messages(get_events(startTime=now - 998, endTime=now - 996)), ["2", "3"])
    refused("InvalidParameterException", "nextToken", get_events, nextToken="x")


def test_get_log_events_tokens_end_where_the_stream_ends():
    stream("s")
    empty = get_events(startFromHead=True)
    put("s", *[(now - 1000 + number, str(number)) for number in range(25)])

    def loop(direction, **arguments):
        token, found, calls = None, [], 0
        while True:
            answer = get_events(limit=10, **arguments, **({"nextToken": token} if token else {}))
            numbers = [int(message) for message in messages(answer)]
            found = found + numbers if direction == "nextForwardToken" else numbers + found
            calls += 1
            if answer[direction] == token:
                return found, calls, token
            token = answer[direction]

    found, calls, end = loop("nextForwardToken", startFromHead=True)
    equal((found, calls), (list(range(25)), 4))
    equal(loop("nextBackwardToken")[0], list(range(25)))
    # A follower continues with the token of its last response, even when the stream was empty.
    put("s", (now, "25"))
    [event] = get_events(nextToken=end)["events"]
    equal((event["message"], event["timestamp"]), ("25", now))
    equal(len(get_events(nextToken=empty["nextForwardToken"])["events"]), 26)


def filtered(pattern="", **arguments):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, filterPattern=pattern, **arguments)
    return [event["message"] for page in pages for event in page["events"]]


def test_filter_log_events():
    written()
    equal(filtered(), ["START a", "START b", "ERROR b", "END a", "END b"])
    equal(filtered(PaginationConfig={"PageSize": 1}), ["START a", "START b", "ERROR b", "END a", "END b"])
    equal(filtered(logStreamNames=["one"]), ["START a", "END a"])
    equal(filtered(logStreamNamePrefix="tw"), ["START b", "ERROR b", "END b"])
    equal(filtered(startTime=now - 4000, endTime=now - 500), ["START b", "ERROR b", "END a"])
    refused("InvalidParameterException", "mutually exclusive", logs.filter_log_events, logGroupName=GROUP, logGroupIdentifier=GROUP)
    ids = [event["eventId"] for event in logs.filter_log_events(logGroupName=GROUP)["events"]]
    equal(ids, sorted(set(ids)))


def test_filter_log_events_patterns():
    written()
    equal(filtered("START"), ["START a", "START b"])
    equal(filtered("?ERROR ?END"), ["ERROR b", "END a", "END b"])
    equal(filtered("START -b"), ["START a"])
    equal(filtered('"START b"'), ["START b"])
    put("one", (now, '{"level": "error", "ms": 7}'), (now, '{"level": "error", "ms": 3}'))
    equal(filtered('{ $.level = "error" && $.ms > 5 }'), ['{"level": "error", "ms": 7}'])
    equal(filtered("[word = START, name = b]"), ["START b"])
    refused("InvalidParameterException", "Invalid filter pattern", logs.filter_log_events, logGroupName=GROUP, filterPattern="{ $.a }")


def test_filter_log_events_as_tail_follows():
    """As `aws logs tail --follow` does: it reads again from the newest timestamp seen, and skips the events that it has seen."""
    written()
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

    equal(len(poll()), 5)
    equal(poll(), [])
    put("two", (now + 1, "later"))
    equal(poll(), ["later"])


def test_what_does_not_exist_here_is_refused_by_name():
    group()
    for name, arguments in (("put_subscription_filter", {"logGroupName": GROUP}), ("create_export_task", {"logGroupName": GROUP, "fromTime": 0, "to": 1, "destination": "b"})):
        refused("UnknownOperationException", "the embedded cloud does not support logs:", getattr(logs, name), **arguments)


def test_command_line():
    written()
    answer = aws("logs", "filter-log-events", "--log-group-name", GROUP, "--filter-pattern", "START", "--start-time", str(now - 60_000))
    equal([event["message"] for event in answer["events"]], ["START a", "START b"])
    answer = aws("logs", "get-log-events", "--log-group-name", GROUP, "--log-stream-name", "one", "--start-from-head", "--limit", "1")
    equal([event["message"] for event in answer["events"]], ["START a"])
    equal(aws("logs", "describe-log-streams", "--log-group-name", GROUP, "--order-by", "LastEventTime", "--descending", "--max-items", "1")["logStreams"][0]["logStreamName"], "two")


run(globals())
