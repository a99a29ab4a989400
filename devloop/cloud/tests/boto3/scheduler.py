"""EventBridge Scheduler, called with boto3 and the AWS CLI."""

import urllib.request

from clients import ENDPOINT, aws, client, equal, refused, run

scheduler, sqs = client("scheduler"), client("sqs")
TARGET = {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": "arn:aws:iam::000000000000:role/r", "Input": "now"}
# What is shown where no policy was given: the largest values of AWS's page (API Reference, RetryPolicy), which says nothing of a default; moto
# shows them.
USUAL = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
OFF = {"Mode": "OFF"}


def created(name="s", **more):
    settings = {"ScheduleExpression": "cron(0 3 * * ? *)", "FlexibleTimeWindow": OFF, "Target": TARGET, **more}
    return scheduler.create_schedule(Name=name, **settings)["ScheduleArn"]


def test_schedules():
    equal(created(ScheduleExpressionTimezone="Europe/Zurich"), "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s")
    found = scheduler.get_schedule(Name="s")
    equal((found["ScheduleExpressionTimezone"], found["State"], found["Target"]), ("Europe/Zurich", "ENABLED", {**TARGET, "RetryPolicy": USUAL}))
    refused("ConflictException", "already exists", created)
    scheduler.update_schedule(Name="s", ScheduleExpression="rate(5 days)", FlexibleTimeWindow=OFF, Target=TARGET, State="DISABLED")
    found = scheduler.get_schedule(Name="s")
    equal((found["ScheduleExpression"], found["State"], found["ScheduleExpressionTimezone"]), ("rate(5 days)", "DISABLED", "UTC"))
    created("plural", ScheduleExpression="rate(1 hours)")
    scheduler.delete_schedule(Name="plural")
    created("t", ScheduleExpression="at(2099-01-01T00:00:00)")
    equal([one["Name"] for one in scheduler.list_schedules(NamePrefix="t")["Schedules"]], ["t"])
    first = scheduler.list_schedules(MaxResults=1)
    equal(scheduler.list_schedules(MaxResults=1, NextToken=first["NextToken"])["Schedules"][0]["Name"], "t")
    scheduler.delete_schedule(Name="s")
    refused("ResourceNotFoundException", "s does not exist", scheduler.get_schedule, Name="s")
    for wrong in ({"ScheduleExpression": "every day"}, {"ScheduleExpressionTimezone": "Mars/Base"},
                  {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}):
        refused("ValidationException", "", created, name="w", **wrong)
    equal([one["Name"] for one in aws("scheduler", "list-schedules")["Schedules"]], ["t"])


def test_groups():
    arn = scheduler.create_schedule_group(Name="g", Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    created("s", GroupName="g")
    equal([one["GroupName"] for one in scheduler.list_schedules(GroupName="g")["Schedules"]], ["g"])
    equal([group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]], ["default", "g"])
    equal(scheduler.get_schedule_group(Name="g")["Arn"], arn)
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    equal(scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"], [{"Key": "b", "Value": "2"}])
    scheduler.delete_schedule_group(Name="g")
    refused("ResourceNotFoundException", "s does not exist", scheduler.get_schedule, Name="s", GroupName="g")
    refused("ResourceNotFoundException", "group g", created, name="s", GroupName="g")


def test_a_schedule_is_fired_by_hand():
    """The schedule is for 3 a.m., so the test fires it by hand."""
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    created("nightly")
    urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/_aws/events/fire/nightly", method="POST")).read()
    equal(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]["Body"], "now")


run(globals())
