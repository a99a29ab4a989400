"""Runs AWS's own SAM transform on the templates of a folder and prints one JSON document per line, with the file's name."""
import json
import os
import pathlib
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class Policies:
    """The managed policies that the templates use."""

    def load(self):
        prefix = "arn:aws:iam::aws:policy/"
        roles = ["AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"]
        named = {name: f"{prefix}service-role/{name}" for name in roles}
        named["AmazonDynamoDBReadOnlyAccess"] = prefix + "AmazonDynamoDBReadOnlyAccess"
        return named


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    document = yaml_parse(path.read_text())
    try:
        made = transform(document, {}, Policies())
    except Exception as error:  # The test compares the error.
        causes = [str(getattr(cause, "message", cause)) for cause in getattr(error, "causes", [])]
        made = {"error": str(getattr(error, "message", error)), "causes": causes}
    print(json.dumps({"name": path.stem, "document": made}))
