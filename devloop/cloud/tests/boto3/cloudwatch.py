"""CloudWatch metrics, called with boto3, the aws command line, and the requests of older clients."""

import datetime
import gzip
import json
import urllib.error
import urllib.parse
import urllib.request

from clients import ENDPOINT, aws, aws_here, client, equal, refused, run

UTC = datetime.timezone.utc
metrics = client("cloudwatch")
# The start of a minute a few minutes ago, so that every period of the test has ended.
minute = datetime.datetime.now(UTC).replace(second=0, microsecond=0) - datetime.timedelta(minutes=5)


def at(seconds):
    return minute + datetime.timedelta(seconds=seconds)


def put(*data, namespace="Test"):
    metrics.put_metric_data(Namespace=namespace, MetricData=list(data))


def statistics(name, start, end, period, statistics=("SampleCount", "Sum"), **more):
    answer = metrics.get_metric_statistics(
        Namespace="Test",
        MetricName=name,
        StartTime=start,
        EndTime=end,
        Period=period,
        **({"Statistics": list(statistics)} if statistics else {}),
        **more,
    )
    return sorted(answer["Datapoints"], key=lambda point: (point["Timestamp"], point["Unit"]))


def test_get_metric_statistics_of_values_with_counts_and_percentiles():
    put({
        "MetricName": "latency",
        "Dimensions": [{"Name": "stage", "Value": "sink"}],
        "Timestamp": at(1),
        "Values": [10.0, 20.0, 1000.0],
        "Counts": [90, 9, 1],
        "Unit": "Milliseconds",
        "StorageResolution": 1,
    })
    where = {"Dimensions": [{"Name": "stage", "Value": "sink"}]}
    every = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
    [point] = statistics("latency", at(0), at(60), 60, every, **where)
    equal(point["Timestamp"], at(0))
    equal([point[name] for name in every], [100, 20.8, 2080, 10, 1000])
    equal(point["Unit"], "Milliseconds")
    [point] = statistics("latency", at(0), at(60), 1, None, ExtendedStatistics=["p50", "p95", "p99", "p99.9"], **where)
    equal(point["Timestamp"], at(1))
    equal(point["ExtendedStatistics"], {"p50": 10, "p95": 20, "p99": 20, "p99.9": 1000})
    equal(statistics("latency", at(0), at(60), 60), [])
    equal(statistics("latency", at(0), at(60), 60, Unit="Bytes", **where), [])


def test_get_metric_statistics_by_seconds_and_minutes():
    for second in (0, 1, 59, 60):
        put({"MetricName": "fine", "Timestamp": at(second), "Value": 1, "StorageResolution": 1})
        put({"MetricName": "coarse", "Timestamp": at(second), "Value": 1})
    equal([p["Timestamp"] for p in statistics("fine", at(0), at(60), 1)], [at(0), at(1), at(59)])
    equal([(p["Timestamp"], p["Sum"]) for p in statistics("fine", at(0), at(61), 30)], [(at(0), 2), (at(30), 1), (at(60), 1)])
    equal(statistics("coarse", at(0), at(120), 1), [])
    equal([(p["Timestamp"], p["Sum"]) for p in statistics("coarse", at(0), at(120), 60)], [(at(0), 3), (at(60), 1)])
    # The start is rounded down to its minute.
    equal([p["Timestamp"] for p in statistics("coarse", at(30), at(60), 60)], [at(0)])


def test_statistic_sets_and_units():
    put({"MetricName": "set", "Timestamp": at(0), "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}})
    [point] = statistics("set", at(0), at(60), 60, ("Average", "Maximum"))
    equal((point["Average"], point["Maximum"], point["Unit"]), (2.5, 4, "None"))
    equal(statistics("set", at(0), at(60), 60, None, ExtendedStatistics=["p50"]), [])
    put({"MetricName": "units", "Timestamp": at(0), "Value": 1, "Unit": "Seconds"}, {"MetricName": "units", "Timestamp": at(0), "Value": 2, "Unit": "Count"})
    equal([(p["Unit"], p["Sum"]) for p in statistics("units", at(0), at(60), 60)], [("Count", 2), ("Seconds", 1)])
    equal([p["Sum"] for p in statistics("units", at(0), at(60), 60, Unit="Seconds")], [1])


bad, combination, missing = "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter"


def test_put_metric_data_refusals():
    def not_put(code, text, **datum):
        datum = {"MetricName": "bad", **datum}
        refused(code, text, metrics.put_metric_data, Namespace="Test", MetricData=[datum])

    not_put(missing, "At least one of the parameters must be specified.")
    not_put(combination, "MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive", Value=1, Values=[1])
    not_put(bad, "MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size", Values=[1, 2], Counts=[1])
    not_put(bad, "The collection MetricData.member.1.Values must not have a size greater than 150", Values=[1.0] * 151)
    not_put(bad, "The value NaN for parameter MetricData.member.1.Value is invalid.", Value=float("nan"))
    not_put(bad, "The value inf for parameter MetricData.member.1.Value is invalid.", Value=float("inf"))
    not_put(bad, "MetricData.member.1.Unit must be a value in the set", Value=1, Unit="Parsecs")
    not_put(bad, "MetricData.member.1.StorageResolution must be a value in the set [ 1, 60 ]", Value=1, StorageResolution=30)
    not_put(bad, "no more than two weeks in the past", Value=1, Timestamp=at(-15 * 86400))
    not_put(bad, "no more than two hours in the future", Value=1, Timestamp=at(3 * 3600))
    many = [{"Name": f"d{number}", "Value": "v"} for number in range(31)]
    not_put(bad, "MetricData.member.1.Dimensions must not have a size greater than 30", Value=1, Dimensions=many)
    not_put(missing, "MetricData.member.1.MetricName is required", MetricName="", Value=1)
    refused(bad, "The collection MetricData must not have a size greater than 1000.", metrics.put_metric_data, Namespace="Test", MetricData=[{"MetricName": "m", "Value": 1}] * 1001)
    refused(bad, "The value AWS/Lambda for parameter Namespace is invalid.", metrics.put_metric_data, Namespace="AWS/Lambda", MetricData=[{"MetricName": "m", "Value": 1}])
    refused(missing, "The parameter MetricData is required.", metrics.put_metric_data, Namespace="Test", MetricData=[])
    # One invalid datum makes the whole request fail, and nothing of it is stored.
    refused(bad, "member.2", metrics.put_metric_data, Namespace="Test", MetricData=[{"MetricName": "whole", "Value": 1}, {"MetricName": "whole", "Value": 1, "Unit": "X"}])
    equal(metrics.list_metrics(MetricName="whole")["Metrics"], [])


def test_get_metric_statistics_refusals():
    def not_read(code, text, **change):
        arguments = {"Namespace": "Test", "MetricName": "m", "StartTime": at(0), "EndTime": at(60), "Period": 60, "Statistics": ["Sum"], **change}
        refused(code, text, metrics.get_metric_statistics, **arguments)

    not_read(combination, "You have requested up to 1,441 datapoints, which exceeds the limit of 1,440.", EndTime=at(1441), Period=1)
    not_read(bad, "Period", Period=15)
    not_read(bad, "Period", Period=90)
    not_read(bad, "The parameter StartTime must be less than the parameter EndTime.", EndTime=at(0))
    not_read(combination, "Must specify either Statistics or ExtendedStatistics", Statistics=[])
    not_read(bad, "Statistics.member.1", Statistics=["Median"])
    not_read(bad, "p101", Statistics=[], ExtendedStatistics=["p101"])
    not_read(bad, "tm101", Statistics=[], ExtendedStatistics=["tm101"])
    equal(metrics.get_metric_statistics(Namespace="Test", MetricName="m", StartTime=at(0), EndTime=at(1440), Period=1, Statistics=["Sum"])["Datapoints"], [])


def test_what_does_not_exist_here_is_refused_by_name():
    refused("UnknownOperationException", "PutCompositeAlarm", metrics.put_composite_alarm, AlarmName="a", AlarmRule="TRUE")


def series():
    """Ten seconds, each with a different value."""
    for second in range(10):
        put({"MetricName": "series", "Timestamp": at(second), "Value": second, "StorageResolution": 1})


def query(name, stat="Sum", **more):
    metric = {"Namespace": "Test", "MetricName": name}
    return {"Id": more.pop("Id", "q"), "MetricStat": {"Metric": metric, "Period": 1, "Stat": stat}, **more}


def read(*queries, **more):
    return metrics.get_metric_data(MetricDataQueries=list(queries), StartTime=at(0), EndTime=at(60), **more)


def test_get_metric_data():
    series()
    answer = read(query("series"))
    [result] = answer["MetricDataResults"]
    equal((result["Id"], result["Label"], result["StatusCode"]), ("q", "series", "Complete"))
    equal(result["Values"], [float(value) for value in reversed(range(10))])
    equal(result["Timestamps"][0], at(9))
    equal(answer["Messages"], [])
    [result] = read(query("series", "p50", Label="middle"), ScanBy="TimestampAscending")["MetricDataResults"]
    equal((result["Label"], result["Values"]), ("middle", [float(value) for value in range(10)]))


def test_get_metric_data_in_pages():
    series()
    queries = [query("series", Id="a"), query("nothing", Id="b"), query("series", Id="c"), query("series", Id="d", ReturnData=False)]
    pages = metrics.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=at(0), EndTime=at(60), ScanBy="TimestampAscending", MaxDatapoints=4)
    found = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
    equal(found, {"a": list(range(10)), "b": [], "c": list(range(10))})


def test_get_metric_data_refusals():
    between = {"StartTime": at(0), "EndTime": at(60)}
    refused("ValidationError", "there is no query a", metrics.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "a*2"}], **between)
    refused("ValidationError", "refers to itself", metrics.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "f"}, {"Id": "f", "Expression": "e"}], **between)
    refused("ValidationError", "must return a time series", metrics.get_metric_data, MetricDataQueries=[query("series", Id="a"), {"Id": "e", "Expression": "a > 0"}, {"Id": "f", "Expression": "METRIC_COUNT(METRICS())"}], **between)
    refused("NotImplementedException", "SEARCH", metrics.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "SEARCH('x', 'Sum')"}], **between)
    refused("ValidationError", "unique", metrics.get_metric_data, MetricDataQueries=[query("a"), query("a")], **between)
    refused("InvalidNextToken", "token", metrics.get_metric_data, MetricDataQueries=[query("a")], NextToken="x", **between)


def test_metric_math_and_trimmed_statistics():
    series()
    queries = [
        query("series", Id="a", ReturnData=False),
        {"Id": "twice", "Expression": "a * 2 + 1", "Label": "double"},
        {"Id": "share", "Expression": "a / SUM(a) * 100"},
        {"Id": "big", "Expression": "IF(a > 7, a)"},
    ]
    answer = metrics.get_metric_data(MetricDataQueries=queries, StartTime=at(0), EndTime=at(10), ScanBy="TimestampAscending")
    results = {result["Id"]: result for result in answer["MetricDataResults"]}
    equal(sorted(results), ["big", "share", "twice"])
    equal((results["twice"]["Label"], results["twice"]["Values"]), ("double", [2.0 * n + 1 for n in range(10)]))
    equal(round(sum(results["share"]["Values"]), 6), 100)
    equal((results["big"]["Timestamps"], results["big"]["Values"]), ([at(8), at(9)], [8, 9]))
    asked = {"tm90": 4, "TM(10%:90%)": 4.5, "TC(2:5)": 3, "ts90": 36, "wm90": 4.4, "PR(:4)": 50, "IQM": 4.5}
    [point] = metrics.get_metric_statistics(
        Namespace="Test", MetricName="series", StartTime=at(0), EndTime=at(60), Period=60, ExtendedStatistics=list(asked))["Datapoints"]
    equal({name: round(value, 6) for name, value in point["ExtendedStatistics"].items()}, asked)
    answer = metrics.get_metric_data(MetricDataQueries=[query("series", "tm90")], StartTime=at(0), EndTime=at(3), ScanBy="TimestampAscending")
    equal(answer["MetricDataResults"][0]["Values"], [0, 1, 2])


ALARM = {"AlarmName": "a", "Namespace": "Test", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
         "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold", "Dimensions": [{"Name": "d", "Value": "v"}]}


def test_put_metric_alarm():
    metrics.put_metric_alarm(**ALARM, AlarmDescription="text", Tags=[{"Key": "k", "Value": "v"}])
    [alarm] = metrics.describe_alarms()["MetricAlarms"]
    for name, value in {**ALARM, "AlarmDescription": "text", "ActionsEnabled": True, "OKActions": [], "StateValue": "INSUFFICIENT_DATA",
                        "StateReason": "Unchecked: Initial alarm creation"}.items():
        equal(alarm[name], value)
    equal(alarm["AlarmArn"], "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a")
    equal(metrics.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"], [{"Key": "k", "Value": "v"}])
    metrics.tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[{"Key": "n", "Value": "w"}])
    metrics.untag_resource(ResourceARN=alarm["AlarmArn"], TagKeys=["k"])
    equal(metrics.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"], [{"Key": "n", "Value": "w"}])
    metrics.put_metric_alarm(**{**ALARM, "Threshold": 2})
    [alarm] = metrics.describe_alarms(AlarmNames=["a"])["MetricAlarms"]
    assert "AlarmDescription" not in alarm and alarm["Threshold"] == 2, alarm
    equal([a["AlarmName"] for a in metrics.describe_alarms_for_metric(Namespace="Test", MetricName="m", Dimensions=ALARM["Dimensions"])["MetricAlarms"]], ["a"])
    equal(metrics.describe_alarms_for_metric(Namespace="Test", MetricName="m")["MetricAlarms"], [])
    metrics.delete_alarms(AlarmNames=["a"])
    equal(metrics.describe_alarms()["MetricAlarms"], [])
    refused("ResourceNotFound", "a", metrics.delete_alarms, AlarmNames=["a"])


def test_set_alarm_state():
    topic = client("sns").create_topic(Name="t")["TopicArn"]
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:q")
    metrics.put_metric_alarm(**ALARM, AlarmActions=[topic])
    metrics.disable_alarm_actions(AlarmNames=["a"])
    equal(metrics.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"], False)
    metrics.enable_alarm_actions(AlarmNames=["a"])
    metrics.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="by hand", StateReasonData='{"x": 1}')
    body = json.loads(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]["Body"])
    message = json.loads(body["Message"])
    equal((body["Subject"], message["NewStateReason"]), ('ALARM: "a" in US East (N. Virginia)', "by hand"))
    equal(message["Trigger"]["Dimensions"], [{"value": "v", "name": "d"}])
    [item] = metrics.describe_alarm_history(AlarmName="a", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    equal(item["HistorySummary"], "Alarm updated from INSUFFICIENT_DATA to ALARM")
    equal(json.loads(item["HistoryData"])["newState"]["stateReasonData"], {"x": 1})
    refused("ResourceNotFound", "x", metrics.set_alarm_state, AlarmName="x", StateValue="OK", StateReason="")
    refused("InvalidFormat", "JSON", metrics.set_alarm_state, AlarmName="a", StateValue="OK", StateReason="", StateReasonData="{")
    refused("ValidationError", "SOSO", metrics.set_alarm_state, AlarmName="a", StateValue="SOSO", StateReason="")


def test_list_metrics():
    for number in range(0, 520):
        if number % 260 == 0:
            put(*[{"MetricName": f"m{number + offset:04}", "Value": 1, "Dimensions": [{"Name": "n", "Value": str(number + offset)}, {"Name": "a", "Value": "x"}]} for offset in range(260)], namespace="Many")
    names = [m["MetricName"] for page in metrics.get_paginator("list_metrics").paginate(Namespace="Many") for m in page["Metrics"]]
    equal(names, [f"m{number:04}" for number in range(520)])
    [metric] = metrics.list_metrics(Namespace="Many", Dimensions=[{"Name": "n", "Value": "7"}])["Metrics"]
    equal(metric["Dimensions"], [{"Name": "a", "Value": "x"}, {"Name": "n", "Value": "7"}])
    equal(len(metrics.list_metrics(Namespace="Many", MetricName="m0001", Dimensions=[{"Name": "a"}], RecentlyActive="PT3H")["Metrics"]), 1)
    equal(metrics.list_metrics(Namespace="Many", Dimensions=[{"Name": "b"}])["Metrics"], [])
    equal(client("cloudwatch", "eu-west-1").list_metrics()["Metrics"], [])
    equal(metrics.list_metrics(Namespace="Many", OwningAccount="111122223333")["Metrics"], [])
    mine = metrics.list_metrics(Namespace="Many", MetricName="m0001", IncludeLinkedAccounts=True, OwningAccount="000000000000")
    equal((len(mine["Metrics"]), mine["OwningAccounts"]), (1, ["000000000000"]))


def post(body, content_type, **headers):
    authorization = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"Content-Type": content_type, "Authorization": authorization, **headers}
    request = urllib.request.Request(ENDPOINT + "/", data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_dashboards():
    refused("InvalidParameterInput", "valid JSON object", metrics.put_dashboard, DashboardName="d", DashboardBody="no")
    refused("InvalidParameterInput", "DashboardName", metrics.put_dashboard, DashboardName="a b", DashboardBody="{}")
    equal(metrics.put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')["DashboardValidationMessages"], [])
    shown = metrics.get_dashboard(DashboardName="d")
    equal((shown["DashboardArn"], shown["DashboardBody"]), ("arn:aws:cloudwatch::000000000000:dashboard/d", '{"widgets": []}'))
    (entry,) = metrics.list_dashboards(DashboardNamePrefix="d")["DashboardEntries"]
    equal((entry["DashboardName"], entry["Size"]), ("d", 15))
    equal(metrics.list_dashboards(DashboardNamePrefix="x")["DashboardEntries"], [])
    refused("NotImplementedException", "tags of dashboards", metrics.put_dashboard, DashboardName="t", DashboardBody="{}", Tags=[{"Key": "a", "Value": "b"}])
    refused("ResourceNotFound", "Dashboard x does not exist", metrics.delete_dashboards, DashboardNames=["d", "x"])
    metrics.delete_dashboards(DashboardNames=["d"])
    refused("ResourceNotFound", "Dashboard d does not exist", metrics.get_dashboard, DashboardName="d")


def test_query_protocol():
    """The protocol of clients before 2025: forms in requests, XML in responses. Some of these clients compress requests with gzip."""
    form = "application/x-www-form-urlencoded; charset=utf-8"

    def call(action, **parameters):
        fields = {"Action": action, "Version": "2010-08-01", "Namespace": "Query", **{name.replace("__", "."): value for name, value in parameters.items()}}
        return urllib.parse.urlencode(fields).encode()

    first = "MetricData__member__1__"
    body = call("PutMetricData", **{
        first + "MetricName": "hits",
        first + "Values__member__1": "1.5",
        first + "Values__member__2": "2",
        first + "Counts__member__1": "2",
        first + "Counts__member__2": "1",
        first + "Unit": "Count",
        first + "StorageResolution": "1",
        first + "Timestamp": at(5).strftime("%Y-%m-%dT%H:%M:%SZ"),
        first + "Dimensions__member__1__Name": "a",
        first + "Dimensions__member__1__Value": "b c",
    })
    equal(post(body, form)[0], 200)
    equal(post(gzip.compress(body), form, **{"Content-Encoding": "gzip"})[0], 200)
    read = call("GetMetricStatistics", MetricName="hits", Period="60", StartTime=at(0).isoformat(), EndTime=at(60).isoformat(),
                Statistics__member__1="Sum", Statistics__member__2="SampleCount", Dimensions__member__1__Name="a", Dimensions__member__1__Value="b c")
    status, xml = post(read, form)
    equal(status, 200)
    for part in ("<GetMetricStatisticsResult>", "<Label>hits</Label>", "<Datapoints><member>", "<Sum>10.0</Sum>", "<SampleCount>6.0</SampleCount>", f"<Timestamp>{at(0):%Y-%m-%dT%H:%M:%S}.000Z</Timestamp>"):
        assert part in xml, (part, xml)
    status, xml = post(call("PutMetricData", **{first + "MetricName": "x", first + "Value": "NaN"}), form)
    assert status == 400 and "<Code>InvalidParameterValue</Code>" in xml, xml
    status, xml = post(call("PutMetricData", **{first + "MetricName": "x", first + "Value": "many"}), form)
    assert status == 400 and "many" in xml, xml
    status, xml = post(call("DeleteAlarms"), form)
    assert status == 400 and "AlarmNames" in xml, xml
    alarm = {"AlarmName": "q", "MetricName": "hits", "Statistic": "Sum", "Period": "60", "EvaluationPeriods": "1", "Threshold": "2",
             "ComparisonOperator": "GreaterThanThreshold", "Dimensions__member__1__Name": "a", "Dimensions__member__1__Value": "b"}
    equal(post(call("PutMetricAlarm", **alarm), form)[0], 200)
    status, xml = post(call("DescribeAlarms", AlarmNames__member__1="q"), form)
    equal(status, 200)
    for part in ("<Period>60</Period>", "<Threshold>2.0</Threshold>", "<ActionsEnabled>true</ActionsEnabled>", "<Name>a</Name>"):
        assert part in xml, (part, xml)


def test_json_protocol():
    target = {"X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData"}
    datum = {"MetricName": "json", "Value": 3, "Timestamp": at(2).timestamp()}
    body = json.dumps({"Namespace": "Test", "MetricData": [datum]}).encode()
    equal(post(body, "application/x-amz-json-1.0", **target)[0], 200)
    equal(post(gzip.compress(body), "application/x-amz-json-1.0", **{"Content-Encoding": "gzip"}, **target)[0], 200)
    equal([(p["Timestamp"], p["Sum"]) for p in statistics("json", at(0), at(60), 60)], [(at(0), 6)])
    status, text = post(b'{"Namespace": "Test", "MetricData": [{"MetricName": "json", "Value": true}]}', "application/x-amz-json-1.0", **target)
    assert status == 400 and "true is not a number" in text, text


def test_command_line():
    aws("cloudwatch", "put-metric-data", "--namespace", "Cli", "--metric-name", "n", "--value", "42", "--timestamp", at(3).isoformat(), "--storage-resolution", "1")
    answer = aws("cloudwatch", "get-metric-statistics", "--namespace", "Cli", "--metric-name", "n", "--start-time", at(0).isoformat(), "--end-time", at(60).isoformat(), "--period", "1", "--statistics", "Maximum")
    equal([point["Maximum"] for point in answer["Datapoints"]], [42])
    equal([metric["MetricName"] for metric in aws("cloudwatch", "list-metrics", "--namespace", "Cli")["Metrics"]], ["n"])
    aws("cloudwatch", "put-metric-alarm", "--alarm-name", "c", "--namespace", "Cli", "--metric-name", "n", "--statistic", "Sum", "--period", "60",
        "--evaluation-periods", "1", "--threshold", "1", "--comparison-operator", "GreaterThanThreshold")
    aws("cloudwatch", "set-alarm-state", "--alarm-name", "c", "--state-value", "OK", "--state-reason", "by hand")
    equal([alarm["AlarmName"] for alarm in aws("cloudwatch", "describe-alarms")["MetricAlarms"]], ["c"])
    # The state itself is evaluated again by the next minute.
    history = aws("cloudwatch", "describe-alarm-history", "--alarm-name", "c", "--history-item-type", "StateUpdate")["AlarmHistoryItems"]
    summaries = [item["HistorySummary"] for item in history]
    assert "Alarm updated from INSUFFICIENT_DATA to OK" in summaries, summaries

    def call(operation, *arguments):
        return aws_here("cloudwatch", operation, *arguments)

    shown = call("describe-alarms-for-metric", "--namespace", "Cli", "--metric-name", "n")["MetricAlarms"][0]
    call("disable-alarm-actions", "--alarm-names", "c")
    equal(call("describe-alarms", "--alarm-names", "c")["MetricAlarms"][0]["ActionsEnabled"], False)
    call("enable-alarm-actions", "--alarm-names", "c")
    arn = ("--resource-arn", shown["AlarmArn"])
    call("tag-resource", *arn, "--tags", "Key=a,Value=b", "Key=c,Value=d")
    call("untag-resource", *arn, "--tag-keys", "a")
    equal(call("list-tags-for-resource", *arn)["Tags"], [{"Key": "c", "Value": "d"}])
    call("delete-alarms", "--alarm-names", "c")
    stat = {"Metric": {"Namespace": "Cli", "MetricName": "n"}, "Period": 60, "Stat": "Maximum"}
    queries = json.dumps([{"Id": "a", "MetricStat": stat, "ReturnData": False}, {"Id": "b", "Expression": "a * 2"}])
    found = call("get-metric-data", "--start-time", at(0).isoformat(), "--end-time", at(60).isoformat(), "--metric-data-queries", queries)
    equal(found["MetricDataResults"][0]["Values"], [84])


run(globals())
