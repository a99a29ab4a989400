"""CloudFormation, called with boto3 and its waiters, and with the deploy command of the aws command line."""

import json
import pathlib
import tempfile
import time

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
