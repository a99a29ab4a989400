"""Functions in Python and JavaScript, made and called through boto3 as on AWS."""

import io
import json
import os
import tempfile
import zipfile

from clients import client, equal, run

lambda_ = client("lambda")
ROLE = "arn:aws:iam::000000000000:role/r"
PYTHON = """
def handler(event, context):
    return {"word": "WORD", "event": event}
"""
NODE = "exports.handler = async (event) => ({ word: 'WORD', event });"


def package(files):
    bytes = io.BytesIO()
    with zipfile.ZipFile(bytes, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return bytes.getvalue()


def call(name, event, **arguments):
    answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event), **arguments)
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def test_packages_of_both_languages():
    for runtime, file, text in [("python3.12", "app.py", PYTHON), ("nodejs22.x", "app.js", NODE)]:
        name = file.replace(".", "-")
        code = {"ZipFile": package({file: text.replace("WORD", "one")})}
        made = lambda_.create_function(FunctionName=name, Runtime=runtime, Handler="app.handler", Role=ROLE, Code=code)
        equal((made["Runtime"], made["Handler"], made["PackageType"]), (runtime, "app.handler", "Zip"))
        equal(call(name, {"n": 1}), {"word": "one", "event": {"n": 1}})
        published = lambda_.publish_version(FunctionName=name)["Version"]
        lambda_.update_function_code(FunctionName=name, ZipFile=package({file: text.replace("WORD", "two")}))
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0})
        equal(call(name, {})["word"], "two")
        equal(call(name, {}, Qualifier=published)["word"], "one")


def test_a_folder_is_reloaded():
    with tempfile.TemporaryDirectory() as folder:
        def save(word):
            with open(os.path.join(folder, "app.py"), "w") as file:
                file.write(PYTHON.replace("WORD", word))

        save("one")
        lambda_.create_function(FunctionName="hot", Runtime="python3.13", Handler="app.handler", Role=ROLE,
                                Code={"S3Bucket": "hot-reload", "S3Key": folder})
        equal(call("hot", {})["word"], "one")
        save("two")
        equal(call("hot", {})["word"], "two")


def test_source_text_in_a_template():
    def function(runtime, text):
        return {"Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": runtime.split(".")[0], "Runtime": runtime, "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": text}}}

    answers = "import cfnresponse\ndef handler(event, context):\n    return [event, cfnresponse.SUCCESS, callable(cfnresponse.send)]\n"
    node = "const answer = require('cfn-response');\n" \
           "exports.handler = async (event) => [event, answer.SUCCESS, typeof answer.send === 'function'];"
    template = {"Resources": {"Python": function("python3.12", answers), "Node": function("nodejs22.x", node)}}
    client("cloudformation").create_stack(StackName="inline", TemplateBody=json.dumps(template))
    client("cloudformation").get_waiter("stack_create_complete").wait(StackName="inline", WaiterConfig={"Delay": 0})
    for name in ("python3", "nodejs22"):
        equal(call(name, "event"), ["event", "SUCCESS", True])


run(globals())
