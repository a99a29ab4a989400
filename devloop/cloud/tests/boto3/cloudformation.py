"""CloudFormation, called with boto3 and its waiters, and with the deploy command of the aws command line."""

import json
import pathlib
import tempfile
import threading
import time
import urllib.request

from botocore.exceptions import WaiterError
from clients import cli_output, client, equal, refused, run

cfn = client("cloudformation")


def template(resources, **sections):
    return json.dumps({"Resources": resources, **sections})


def parameter(value, **more):
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value, **more}}


def queue(**properties):
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def waited(kind, name):
    cfn.get_waiter(kind).wait(StackName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 2_000})


def stack(name):
    return cfn.describe_stacks(StackName=name)["Stacks"][0]


def ended(name):
    """Waits until the operation in progress has ended, and returns the stack's state."""
    for _ in range(5_000):
        status = stack(name)["StackStatus"]
        if not status.endswith("IN_PROGRESS"):
            return status
    raise AssertionError(f"{name} is still {status}")


def create(name, body, **more):
    made = cfn.create_stack(StackName=name, TemplateBody=body, **more)
    waited("stack_create_complete", name)
    return made["StackId"]


def events(name, logical):
    pages = cfn.get_paginator("describe_stack_events").paginate(StackName=name)
    found = [event for page in pages for event in page["StackEvents"] if event["LogicalResourceId"] == logical]
    return [event["ResourceStatus"] for event in reversed(found)]


def values(name):
    return {output["OutputKey"]: output["OutputValue"] for output in stack(name).get("Outputs", [])}


def test_create_update_and_delete_a_stack():
    refused("ValidationError", "Stack with id app does not exist", cfn.describe_stacks, StackName="app")
    outputs = {"Url": {"Value": {"Ref": "Q"}, "Export": {"Name": "url"}}}
    body = template({"Q": queue(VisibilityTimeout=5), "P": parameter({"Fn::GetAtt": ["Q", "Arn"]})}, Outputs=outputs)
    identifier = create("app", body, Tags=[{"Key": "k", "Value": "v"}])
    shown = stack("app")
    equal((shown["StackId"], shown["StackStatus"], shown["Tags"]), (identifier, "CREATE_COMPLETE", [{"Key": "k", "Value": "v"}]))
    url = values("app")["Url"]
    equal(client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"], {"VisibilityTimeout": "5"})
    equal(events("app", "app"), ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"])
    equal(events("app", "P"), ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"])
    refused("AlreadyExistsException", "Stack [app] already exists", cfn.create_stack, StackName="app", TemplateBody=body)
    refused("ValidationError", "No updates are to be performed.", cfn.update_stack, StackName="app", TemplateBody=body)
    equal(dict(cfn.get_template(StackName="app")["TemplateBody"]), json.loads(body))
    equal(cfn.list_exports()["Exports"], [{"ExportingStackId": identifier, "Name": "url", "Value": url}])

    changed = template({"Q": queue(VisibilityTimeout=6)}, Outputs=outputs)
    cfn.update_stack(StackName="app", TemplateBody=changed)
    waited("stack_update_complete", "app")
    equal(values("app")["Url"], url)
    equal(client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"], {"VisibilityTimeout": "6"})
    equal(client("ssm").describe_parameters()["Parameters"], [])
    equal([one["LogicalResourceId"] for one in cfn.list_stack_resources(StackName="app")["StackResourceSummaries"]][0], "Q")

    cfn.delete_stack(StackName="app")
    waited("stack_delete_complete", identifier)
    equal(client("sqs").list_queues().get("QueueUrls", []), [])
    refused("ValidationError", "Stack with id app does not exist", cfn.describe_stacks, StackName="app")
    equal(stack(identifier)["StackStatus"], "DELETE_COMPLETE")
    equal(cfn.delete_stack(StackName="app")["ResponseMetadata"]["HTTPStatusCode"], 200)


def test_a_failed_stack_goes_back_to_what_it_was():
    client("ssm").put_parameter(Name="taken", Value="x", Type="String")
    failing = template({"Q": queue(QueueName="mine"), "P": {**parameter("y", Name="taken"), "DependsOn": "Q"}})
    cfn.create_stack(StackName="new", TemplateBody=failing)
    equal(ended("new"), "ROLLBACK_COMPLETE")
    equal(client("sqs").list_queues().get("QueueUrls", []), [])
    equal(events("new", "new"), ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"])
    equal(events("new", "P"), ["CREATE_IN_PROGRESS", "CREATE_FAILED"])
    equal(events("new", "Q"), ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"])

    before = template({"Q": queue(QueueName="mine", DelaySeconds=1)})
    create("old", before)
    after = template({"Q": queue(QueueName="mine", DelaySeconds=2), "P": {**parameter("y", Name="taken"), "DependsOn": "Q"}})
    cfn.update_stack(StackName="old", TemplateBody=after)
    equal(ended("old"), "UPDATE_ROLLBACK_COMPLETE")
    url = client("sqs").get_queue_url(QueueName="mine")["QueueUrl"]
    equal(client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"], {"DelaySeconds": "1"})
    equal(dict(cfn.get_template(StackName="old")["TemplateBody"]), json.loads(before))


def change_set(name, body, **more):
    cfn.create_change_set(StackName="app", ChangeSetName=name, TemplateBody=body, **more)
    return cfn.describe_change_set(StackName="app", ChangeSetName=name)


def test_change_sets():
    refused("ChangeSetNotFound", "does not exist", cfn.describe_change_set, StackName="app", ChangeSetName="none")
    first = template({"Q": queue(QueueName="one"), "P": parameter({"Ref": "Q"})})
    made = change_set("first", first, ChangeSetType="CREATE")
    equal((made["Status"], made["ExecutionStatus"]), ("CREATE_COMPLETE", "AVAILABLE"))
    equal([change["ResourceChange"]["Action"] for change in made["Changes"]], ["Add", "Add"])
    equal((stack("app")["StackStatus"], cfn.get_template(StackName="app")["TemplateBody"]), ("REVIEW_IN_PROGRESS", {}))
    cfn.execute_change_set(StackName="app", ChangeSetName="first")
    waited("stack_create_complete", "app")

    equal(change_set("same", first)["StatusReason"], "The submitted information didn't contain changes. Submit different information to create a change set.")
    refused("InvalidChangeSetStatus", "FAILED", cfn.execute_change_set, StackName="app", ChangeSetName="same")
    second = template({"Q": queue(QueueName="two"), "P": parameter({"Ref": "Q"})})
    changes = [change["ResourceChange"] for change in change_set("second", second)["Changes"]]
    equal([(one["LogicalResourceId"], one["Action"], one["Replacement"]) for one in changes], [("Q", "Modify", "True"), ("P", "Modify", "False")])
    equal(client("sqs").get_queue_url(QueueName="one")["QueueUrl"].rsplit("/", 1)[1], "one")
    cfn.execute_change_set(StackName="app", ChangeSetName="second")
    waited("stack_update_complete", "app")
    equal([url.rsplit("/", 1)[1] for url in client("sqs").list_queues()["QueueUrls"]], ["two"])
    equal([one["ChangeSetName"] for one in cfn.list_change_sets(StackName="app")["Summaries"]], ["second"])
    cfn.delete_change_set(StackName="app", ChangeSetName="second")
    cfn.delete_change_set(StackName="app", ChangeSetName="second")


def test_change_sets_as_the_sam_cli_makes_them():
    code = "import os\ndef handler(event, context): return os.environ['WORD']"
    function = {"Type": "AWS::Serverless::Function", "Properties": {
        "Runtime": "python3.12", "Handler": "index.handler", "InlineCode": code, "Environment": {"Variables": {"WORD": {"Ref": "Word"}}}}}
    body = template({"Hello": function}, Transform="AWS::Serverless-2016-10-31", Parameters={"Word": {"Type": "String"}},
                    Outputs={"Name": {"Value": {"Ref": "Hello"}}})
    numbers = iter(range(100))

    def made(kind, parameter):
        more = {"Parameters": [{"ParameterKey": "Word", **parameter}], "Capabilities": ["CAPABILITY_IAM"], "Tags": []}
        return cfn.create_change_set(StackName="sam", ChangeSetName=f"samcli-deploy{next(numbers)}", ChangeSetType=kind, TemplateBody=body,
                                     Description="Created by SAM CLI", **more)["Id"]

    def wait(identifier):
        cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=identifier, StackName="sam", WaiterConfig={"Delay": 0})

    def executed(kind, parameter):
        identifier = made(kind, parameter)
        wait(identifier)
        pages = cfn.get_paginator("describe_change_set").paginate(ChangeSetName=identifier, StackName="sam")
        changes = [change["ResourceChange"]["Action"] for page in pages for change in page["Changes"]]
        cfn.execute_change_set(ChangeSetName=identifier, StackName="sam", DisableRollback=False)
        waited(f"stack_{kind.lower()}_complete", "sam")
        answer = client("lambda").invoke(FunctionName=values("sam")["Name"])
        return changes, json.loads(answer["Payload"].read())

    equal(executed("CREATE", {"ParameterValue": "one"}), (["Add", "Add"], "one"))
    equal(executed("UPDATE", {"ParameterValue": "two"}), (["Modify"], "two"))
    same = made("UPDATE", {"UsePreviousValue": True})
    try:
        wait(same)
    except WaiterError as error:
        assert "didn't contain changes" in error.last_response["StatusReason"], error.last_response
    else:
        raise AssertionError("a change set without changes was created")


def test_everything_that_is_not_there_is_named_at_once():
    body = template({"A": {"Type": "AWS::Nowhere::Thing"}, "B": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": 1}}})
    reason = change_set("odd", body, ChangeSetType="CREATE")["StatusReason"]
    assert "AWS::Nowhere::Thing" in reason and "Colour" in reason, reason
    role = template({"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": {}}}})
    refused("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]", cfn.create_stack, StackName="r", TemplateBody=role)
    refused("ValidationError", "Circular dependency between resources: [A, B]", cfn.create_stack, StackName="c", TemplateBody=template({"A": parameter({"Ref": "B"}), "B": parameter({"Ref": "A"})}))
    refused("ValidationError", "Unresolved resource dependencies [Nobody] in the Resources block", cfn.create_stack, StackName="c", TemplateBody=template({"A": parameter({"Ref": "Nobody"})}))
    refused("ValidationError", "Parameters: [X] must have values", cfn.create_stack, StackName="c", TemplateBody=template({"A": parameter({"Ref": "X"})}, Parameters={"X": {"Type": "String"}}))
    refused("ValidationError", "500", cfn.create_stack, StackName="c", TemplateBody=template({f"A{n}": {"Type": "AWS::SQS::Queue"} for n in range(501)}))
    refused("ValidationError", "StackPolicyBody", cfn.create_stack, StackName="c", TemplateBody=template({"Q": queue()}), StackPolicyBody="{}")
    for call, operation in [(cfn.detect_stack_drift, "DetectStackDrift"), (cfn.get_stack_policy, "GetStackPolicy")]:
        refused("UnknownOperationException", f"cloudformation:{operation}", call, StackName="c")


def test_a_consumer_of_a_stream_is_a_source():
    function = {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "python3.12", "Handler": "index.handler", "Role": "arn:aws:iam::000000000000:role/r",
        "Code": {"ZipFile": "def handler(event, context): pass"}}}
    consumer = {"Type": "AWS::Kinesis::StreamConsumer", "Properties": {"ConsumerName": "reader", "StreamARN": {"Fn::GetAtt": ["S", "Arn"]}}}
    mapping = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
        "FunctionName": {"Ref": "F"}, "EventSourceArn": {"Ref": "C"}, "StartingPosition": "LATEST"}}
    outputs = {name: {"Value": {"Fn::GetAtt": ["C", name]}} for name in ["ConsumerARN", "ConsumerName", "ConsumerStatus", "StreamARN"]}
    stream = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}
    create("app", template({"S": stream, "C": consumer, "F": function, "M": mapping}, Outputs=outputs))
    found = values("app")
    shown = client("kinesis").describe_stream_consumer(ConsumerARN=found["ConsumerARN"])["ConsumerDescription"]
    equal({name: shown[name] for name in found}, found)
    (made,) = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    equal(made["EventSourceArn"], found["ConsumerARN"])
    cfn.delete_stack(StackName="app")
    waited("stack_delete_complete", "app")
    equal(client("kinesis").list_streams()["StreamNames"], [])


def test_an_export_in_use_stays():
    outputs = {"O": {"Value": "v", "Export": {"Name": "shared"}}}
    create("giver", template({"Q": queue()}, Outputs=outputs))
    create("taker", template({"P": parameter({"Fn::ImportValue": "shared"})}))
    equal(cfn.list_imports(ExportName="shared")["Imports"], ["taker"])
    cfn.delete_stack(StackName="giver")
    equal(ended("giver"), "CREATE_COMPLETE")
    assert "in use by taker" in stack("giver")["StackStatusReason"]
    for name in ["taker", "giver"]:
        cfn.delete_stack(StackName=name)
        waited("stack_delete_complete", name)
    equal(cfn.list_exports()["Exports"], [])


class Receiver:
    """Gets the requests of custom resources through a topic, as a receiver in another account does, and answers them."""

    def __init__(self):
        sqs = client("sqs")
        self.topic = client("sns").create_topic(Name="custom")["TopicArn"]
        self.queue = sqs.create_queue(QueueName="requests")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"RawMessageDelivery": "true"}
        client("sns").subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        self.sqs = sqs

    def resource(self, **properties):
        return {"Type": "Custom::Thing", "Properties": {"ServiceToken": self.topic, **properties}}

    def next(self):
        (message,) = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=20)["Messages"]
        self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])

    def answer(self, request, status="SUCCESS", **more):
        names = ["StackId", "RequestId", "LogicalResourceId"]
        body = {"Status": status, **{name: request[name] for name in names}, **more}
        put = urllib.request.Request(request["ResponseURL"], json.dumps(body).encode(), method="PUT")
        put.add_header("Content-Type", "")
        with urllib.request.urlopen(put) as answer:
            equal(answer.status, 200)


def meanwhile(call, **arguments):
    """Calls beside the test: an answer comes when the operation has ended, or after some seconds."""
    thread = threading.Thread(target=call, kwargs=arguments)
    thread.start()
    return thread


def test_a_custom_resource_is_what_its_receiver_answers():
    receiver = Receiver()
    outputs = {"Colour": {"Value": {"Fn::GetAtt": ["C", "Colour"]}}, "Id": {"Value": {"Ref": "C"}}}
    calling = meanwhile(cfn.create_stack, StackName="app", TemplateBody=template({"C": receiver.resource(Size=5, On=True)}, Outputs=outputs))
    asked = receiver.next()
    equal((asked["RequestType"], asked["ResourceType"], asked["LogicalResourceId"]), ("Create", "Custom::Thing", "C"))
    equal(asked["ResourceProperties"], {"ServiceToken": receiver.topic, "Size": "5", "On": "true"})
    equal(asked["StackId"], stack("app")["StackId"])
    receiver.answer(asked, PhysicalResourceId="thing-1", Data={"Colour": "red"})
    calling.join()
    waited("stack_create_complete", "app")
    equal(values("app"), {"Colour": "red", "Id": "thing-1"})

    # Another id makes it another resource, and the one before is deleted.
    calling = meanwhile(cfn.update_stack, StackName="app", TemplateBody=template({"C": receiver.resource(Size=6)}, Outputs=outputs))
    asked = receiver.next()
    equal((asked["RequestType"], asked["PhysicalResourceId"], asked["OldResourceProperties"]["Size"]), ("Update", "thing-1", "5"))
    receiver.answer(asked, PhysicalResourceId="thing-2", Data={"Colour": "blue"})
    asked = receiver.next()
    equal((asked["RequestType"], asked["PhysicalResourceId"], asked["ResourceProperties"]["Size"]), ("Delete", "thing-1", "5"))
    receiver.answer(asked, PhysicalResourceId="thing-1")
    calling.join()
    waited("stack_update_complete", "app")
    equal(values("app"), {"Colour": "blue", "Id": "thing-2"})

    # What fails is undone by an update with the values from before.
    calling = meanwhile(cfn.update_stack, StackName="app", TemplateBody=template({"C": receiver.resource(Size=7)}, Outputs=outputs))
    receiver.answer(receiver.next(), "FAILED", PhysicalResourceId="thing-2", Reason="no room")
    asked = receiver.next()
    equal((asked["RequestType"], asked["ResourceProperties"]["Size"]), ("Update", "6"))
    receiver.answer(asked, PhysicalResourceId="thing-2", Data={"Colour": "blue"})
    calling.join()
    equal(ended("app"), "UPDATE_ROLLBACK_COMPLETE")
    reasons = [event.get("ResourceStatusReason", "") for event in cfn.describe_stack_events(StackName="app")["StackEvents"]]
    assert any("Received response status [FAILED]" in reason and "no room" in reason for reason in reasons), reasons

    calling = meanwhile(cfn.delete_stack, StackName="app")
    asked = receiver.next()
    equal((asked["RequestType"], asked["PhysicalResourceId"]), ("Delete", "thing-2"))
    receiver.answer(asked, PhysicalResourceId="thing-2")
    calling.join()
    equal(cfn.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"][0]["StackName"], "app")


def test_an_update_is_cancelled():
    receiver = Receiver()
    refused("ValidationError", "does not exist", cfn.cancel_update_stack, StackName="app")
    create("app", template({"Q": queue(DelaySeconds=1)}))
    refused("ValidationError", "CancelUpdateStack cannot be called from current stack status", cfn.cancel_update_stack, StackName="app")
    after = template({"Q": queue(DelaySeconds=2), "C": receiver.resource(), "P": {**parameter("x", Name="p"), "DependsOn": "C"}})
    calling = meanwhile(cfn.update_stack, StackName="app", TemplateBody=after)
    asked = receiver.next()
    cfn.cancel_update_stack(StackName="app")
    receiver.answer(asked, PhysicalResourceId="c")
    receiver.answer(receiver.next(), PhysicalResourceId="c")
    calling.join()
    equal(ended("app"), "UPDATE_ROLLBACK_COMPLETE")
    equal(client("ssm").describe_parameters()["Parameters"], [])
    (url,) = client("sqs").list_queues(QueueNamePrefix="app-Q")["QueueUrls"]
    equal(client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"], {"DelaySeconds": "1"})


def fail_to_roll_back(receiver, name):
    """An update whose new bucket is filled before it fails, so that the way back cannot delete it."""
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}
    create(name, template({"P": parameter("before", Name=f"{name}-p")}))
    after = template({"P": parameter("after", Name=f"{name}-p"), "B": bucket, "C": {**receiver.resource(), "DependsOn": ["B", "P"]}})
    calling = meanwhile(cfn.update_stack, StackName=name, TemplateBody=after)
    asked = receiver.next()
    client("s3").put_object(Bucket=name, Key="k", Body=b"")
    receiver.answer(asked, "FAILED", Reason="as asked")
    calling.join()
    equal(ended(name), "UPDATE_ROLLBACK_FAILED")


def test_a_rollback_that_failed_goes_on():
    receiver = Receiver()
    fail_to_roll_back(receiver, "emptied")
    refused("ValidationError", "UPDATE_ROLLBACK_FAILED", cfn.update_stack, StackName="emptied", TemplateBody=template({"Q": queue()}))
    client("s3").delete_object(Bucket="emptied", Key="k")
    cfn.continue_update_rollback(StackName="emptied")
    equal(ended("emptied"), "UPDATE_ROLLBACK_COMPLETE")
    equal(client("s3").list_buckets()["Buckets"], [])
    equal(client("ssm").get_parameter(Name="emptied-p")["Parameter"]["Value"], "before")
    refused("ValidationError", "can not be rolled back", cfn.continue_update_rollback, StackName="emptied")

    fail_to_roll_back(receiver, "skipped")
    cfn.continue_update_rollback(StackName="skipped")
    equal(ended("skipped"), "UPDATE_ROLLBACK_FAILED")
    cfn.continue_update_rollback(StackName="skipped", ResourcesToSkip=["B"])
    equal(ended("skipped"), "UPDATE_ROLLBACK_COMPLETE")
    equal([one["Name"] for one in client("s3").list_buckets()["Buckets"]], ["skipped"])


def test_a_failed_stack_that_was_left_is_rolled_back():
    client("ssm").put_parameter(Name="taken", Value="x", Type="String")
    failing = template({"Q": queue(QueueName="mine"), "P": {**parameter("y", Name="taken"), "DependsOn": "Q"}})
    cfn.create_stack(StackName="app", TemplateBody=failing, DisableRollback=True)
    equal(ended("app"), "CREATE_FAILED")
    equal(len(client("sqs").list_queues()["QueueUrls"]), 1)
    cfn.rollback_stack(StackName="app")
    equal(ended("app"), "ROLLBACK_COMPLETE")
    equal(client("sqs").list_queues().get("QueueUrls", []), [])
    refused("ValidationError", "can not be rolled back", cfn.rollback_stack, StackName="app")


def test_what_transforms_made_of_a_template_is_shown():
    loop = {"Fn::ForEach::Queues": ["Name", ["A", "B"], {"Queue${Name}": queue(QueueName={"Ref": "Name"})}]}
    body = template(loop, Transform="AWS::LanguageExtensions")
    create("app", body, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    shown = cfn.get_template(StackName="app", TemplateStage="Processed")
    equal(sorted(shown["TemplateBody"]["Resources"]), ["QueueA", "QueueB"])
    equal(cfn.get_template(StackName="app")["TemplateBody"], shown["TemplateBody"])
    equal(cfn.get_template(StackName="app", TemplateStage="Original")["TemplateBody"], json.loads(body))
    refused("ValidationError", "[Original, Processed]", cfn.get_template, StackName="app", TemplateStage="Half")
    create("plain", template({"Q": queue()}))
    equal(cfn.get_template(StackName="plain", TemplateStage="Processed")["TemplateBody"]["Resources"], {"Q": queue()})


def test_policies_of_creation_and_update():
    signal = {"CreationPolicy": {"ResourceSignal": {"Count": 1}}, "UpdatePolicy": {"AutoScalingReplacingUpdate": {"WillReplace": True}}}
    create("app", template({"Q": {**queue(), **signal}}))
    alias = {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": "f", "FunctionVersion": "1", "Name": "live"}}
    shifted = template({"A": {**alias, "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {"ApplicationName": "a"}}}})
    refused("ValidationError", "UpdatePolicy.CodeDeployLambdaAliasUpdate", cfn.create_stack, StackName="b", TemplateBody=shifted)
    refused("ValidationError", "expected a map", cfn.create_stack, StackName="b", TemplateBody=template({"Q": {**queue(), "CreationPolicy": 1}}))


def test_hostile_templates_are_refused_soon():
    """Each in one answer, while others are answered; sizes are those that a request may have, and in a bucket a megabyte."""
    client("s3").create_bucket(Bucket="templates")

    def stored(text):
        client("s3").put_object(Bucket="templates", Key="t", Body=text.encode())
        return {"TemplateURL": "https://s3.amazonaws.com/templates/t"}

    def check(text, expected):
        began = time.monotonic()
        given = {"TemplateBody": text} if len(text) <= 51_200 else stored(text)
        refused("ValidationError", expected, cfn.create_stack, StackName="hostile", **given)
        assert time.monotonic() - began < 30, f"{expected}: {time.monotonic() - began} s"

    check("[" * 51_000, "Template format error")
    check('{"a":' * 10_000, "Template format error")
    check("- " * 25_000, "nested more than 100 levels")
    bomb = "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n"
    bomb += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    check(bomb, "aliases make more than")
    check("Resources: {A: !!python/object/apply:os.system ['true']}", "Template format error")
    check("Resources: {A: !Nobody x}", "the tag `!Nobody` is unknown")
    check("".join(f"k{n}: v\n" for n in range(60_000)), "unknown field")
    check(template({f"A{n}": queue() for n in range(501)}), "CloudFormation allows 500")
    circle = {f"A{n}": parameter({"Ref": f"A{(n + 1) % 500}"}) for n in range(500)}
    check(template(circle), "Circular dependency")
    check(template({"P": parameter({"Ref": "L"})}, Parameters={"L": {"Type": "String", "Default": "x" * 5_000}}), "longer than 4096 bytes")
    chain = {f"C{n}": {"Fn::Not": [{"Condition": f"C{n + 1}"}]} for n in range(10_000)}
    check(template({"Q": queue()}, Conditions=chain), "more than 100 conditions")
    loops = {"Fn::ForEach::A": ["X", [str(n) for n in range(100)], {"Fn::ForEach::B${X}": ["Y", [str(n) for n in range(100)], {"Q${X}x${Y}": queue()}]}]}
    check(template(loops, Transform="AWS::LanguageExtensions"), "makes more than 5000 members")
    refused("ValidationError", "does not exist", cfn.describe_stacks, StackName="hostile")

    # Five thousand times half a megabyte: values are computed only when the stack is created.
    long = {"M": {"a": {"b": "x" * 500_000}}}
    many = [{"Fn::FindInMap": ["M", "a", "b"]}] * 5_000
    cfn.create_stack(StackName="heavy", **stored(template({"Q": queue(Tags=many)}, Mappings=long)))
    equal(ended("heavy"), "ROLLBACK_COMPLETE")
    reasons = [event.get("ResourceStatusReason", "") for event in cfn.describe_stack_events(StackName="heavy")["StackEvents"]]
    assert any("is one too many" in reason for reason in reasons), reasons


def test_networks_are_recorded():
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
    subnet = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "V"}, "CidrBlock": {"Fn::Select": [0, {"Fn::Cidr": [{"Fn::GetAtt": ["V", "CidrBlock"]}, 2, 8]}]}}}
    outputs = {"Vpc": {"Value": {"Ref": "V"}}, "Block": {"Value": {"Fn::GetAtt": ["S", "CidrBlock"]}}, "Of": {"Value": {"Fn::GetAtt": ["S", "VpcId"]}}}
    create("net", template({"V": vpc, "S": subnet}, Outputs=outputs))
    found = values("net")
    equal((found["Block"], found["Of"]), ("10.0.0.0/24", found["Vpc"]))
    assert found["Vpc"].startswith("vpc-0") and len(found["Vpc"]) == 21, found


def in_the_next_second():
    """The command line names change sets after the current second, and here two deployments can fall within one second."""
    second = int(time.time())
    while int(time.time()) == second:
        time.sleep(0.01)


def test_the_command_line_packages_and_deploys_yaml():
    client("s3").create_bucket(Bucket="code")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "template.yaml"
        source.write_text("""
Parameters:
  Seconds: {Type: Number}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: !Ref Seconds}
Outputs:
  Name: {Value: !Select [4, !Split ["/", !Ref Queue]]}
""")
        packaged = pathlib.Path(folder) / "packaged.yaml"
        cli_output("cloudformation", "package", "--template-file", str(source), "--s3-bucket", "code", "--output-template-file", str(packaged))
        deploy = ["cloudformation", "deploy", "--stack-name", "yaml", "--template-file", str(packaged)]
        cli_output(*deploy, "--parameter-overrides", "Seconds=3")
        equal(stack("yaml")["Parameters"], [{"ParameterKey": "Seconds", "ParameterValue": "3"}])
        in_the_next_second()
        cli_output(*deploy, "--parameter-overrides", "Seconds=3", "--no-fail-on-empty-changeset")
        in_the_next_second()
        cli_output(*deploy, "--parameter-overrides", "Seconds=4", "--s3-bucket", "code")
    equal(stack("yaml")["StackStatus"], "UPDATE_COMPLETE")
    assert values("yaml")["Name"].startswith("yaml-Queue-"), values("yaml")


run(globals())
