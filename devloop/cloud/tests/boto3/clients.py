"""What the scripts share: clients of the cloud under test, calls that must be refused, the aws command line, and the last call of
each script, which runs one of its tests. A script gets the cloud's endpoint and the test's name as arguments; each test has a
cloud of its own."""

import contextlib
import io
import json
import os
import subprocess
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
# No retries and no validation in boto3, so that every refusal comes from the cloud.
CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


def client(service, region="us-east-1", **credentials):
    keys = {**CREDENTIALS, **credentials}
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=region, config=CONFIG, **keys)


def resource(service):
    return boto3.resource(service, endpoint_url=ENDPOINT, region_name="us-east-1", config=CONFIG, **CREDENTIALS)


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def refused(code, text, call, **arguments):
    """Makes a call that must fail with this code and this text in its message, and returns the error response."""
    try:
        call(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code)
        assert text in error.response["Error"]["Message"], error
        return error.response
    raise AssertionError(f"{arguments} were not refused")


def cli_output(*arguments):
    """The output of the aws command line."""
    environment = {
        **os.environ,
        # Commands that upload their packages call S3 too, which `--endpoint-url` does not cover.
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_DEFAULT_OUTPUT": "json",
    }
    command = ["aws", "--endpoint-url", ENDPOINT, *arguments]
    output = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert output.returncode == 0, f"{command}: {output.stderr}"
    return output.stdout


def aws(*arguments):
    """The output of the aws command line, parsed as JSON; None when there is none."""
    text = cli_output(*arguments)
    return json.loads(text) if text.strip() else None


def _here(*arguments):
    """What the same command line, run in this process, ends with, says and complains of."""
    from awscli.clidriver import create_clidriver

    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1",
                      AWS_DEFAULT_OUTPUT="json")
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = create_clidriver().main(["--endpoint-url", ENDPOINT, *arguments])
    return code, output.getvalue(), errors.getvalue()


def aws_here(*arguments):
    """The same command line in this process: many calls take a second together, and not a second each."""
    code, output, errors = _here(*arguments)
    assert code == 0, f"{arguments}: {errors}"
    return json.loads(output) if output.strip() else None


def aws_refused(text, *arguments):
    """The same where the command line must fail and say this."""
    code, output, errors = _here(*arguments)
    assert code != 0 and text in errors, f"{arguments}: {code}, {output}{errors}"


def run(script):
    """Runs the test that is named on the command line."""
    script[f"test_{sys.argv[2]}"]()
