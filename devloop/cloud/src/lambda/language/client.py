"""The runtime client of Python functions: loads the handler, and carries events and answers between it and the Runtime API [Using the
Lambda runtime API for custom runtimes; Define Lambda function handler in Python; Python Lambda context object]. Devloop hands it to
the machine's own interpreter through standard input, which it calls `<stdin>` in stack traces.

Several lines that belong together are printed as one, with a carriage return between them: the cloud makes one log event of them."""

import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

# Files whose frames say nothing about the function.
NOT_THE_FUNCTION = ("<stdin>", "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>", importlib.__file__)

IS_JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def timestamp(seconds):
    """The time as in a JSON log, such as `2023-10-27T19:17:45.586Z`."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}Z"


class Fault(Exception):
    """What Lambda has a name of its own for, such as `Runtime.ImportModuleError`."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, list(trace)


class RuntimeApi:
    """The Runtime API of this environment, over one connection that is kept open."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        # A time-out that the function sets for all sockets must not end the wait for the next event.
        self.connection = http.client.HTTPConnection(host, int(port), timeout=None)
        self.connection.connect()

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, f"/2018-06-01/runtime/{path}", body, headers or {})
        answer = self.connection.getresponse()
        return answer.headers, answer.read()

    def next(self):
        return self.ask("GET", "invocation/next")

    def answer(self, request_id, body):
        self.ask("POST", f"invocation/{request_id}/response", body, {"Content-Type": "application/json"})

    def fail(self, path, document):
        body = json.dumps(document).encode()
        # The name of a class may have letters that a header cannot have.
        kind = document["errorType"].encode("ascii", "replace").decode()
        headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": kind}
        self.ask("POST", path, body, headers)


class Identity:
    """Who called, where a mobile SDK did."""

    def __init__(self, given):
        self.cognito_identity_id = given.get("cognitoIdentityId")
        self.cognito_identity_pool_id = given.get("cognitoIdentityPoolId")


class Client:
    """The application that called, where a mobile SDK did."""

    def __init__(self, given):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, given.get(name))


class ClientContext:
    """The client context that came with the call."""

    def __init__(self, given):
        self.custom, self.env = given.get("custom"), given.get("env")
        self.client = Client(given["client"]) if isinstance(given.get("client"), dict) else None


class Context:
    """The second argument of a handler."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity(json.loads(headers.get("Lambda-Runtime-Cognito-Identity") or "{}"))
        client_context = json.loads(headers.get("Lambda-Runtime-Client-Context") or "null")
        self.client_context = ClientContext(client_context) if isinstance(client_context, dict) else None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


def load(name):
    """The handler that `name` means, such as `package/module.function`."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    dotted = module_name.replace("/", ".")
    if dotted.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(dotted)
    except ImportError as error:
        hint(error)
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {(error.text or "").strip()}'
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", [place]) from None
    handler = getattr(module, function_name, None)
    if handler is None:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return handler


def hint(error):
    """Says what to do about a package that Lambda has and this machine lacks."""
    package = (getattr(error, "name", None) or "").split(".")[0]
    if package in ("boto3", "botocore"):
        print(f"{package} comes with Lambda's Python; here it is installed with: {sys.executable} -m pip install boto3", file=sys.stderr)


def encode(value):
    """The answer as JSON; decimals, which DynamoDB gives, become numbers."""

    def other(value):
        if isinstance(value, decimal.Decimal):
            return float(value)
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    try:
        return json.dumps(value, ensure_ascii=False, default=other).encode()
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def described(error, request_id):
    """The error as Lambda shows it to the caller."""
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename not in NOT_THE_FUNCTION]
        kind, message, trace = type(error).__name__, str(error), traceback.format_list(frames)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def tell(document):
    """Logs an error as one event."""
    if IS_JSON:
        print(json.dumps({"timestamp": timestamp(time.time()), "level": "ERROR", **document}, ensure_ascii=False), flush=True)
        return
    lines = [f"[ERROR] {document['errorType']}: {document['errorMessage']}"]
    if document["stackTrace"]:
        lines.append("Traceback (most recent call last):")
    for part in document["stackTrace"]:
        lines.extend(part.rstrip("\n").split("\n"))
    print("\r".join("\r".join(lines).splitlines()), flush=True)


class OneEvent(logging.StreamHandler):
    """The handler that Lambda gives to the root logger: a record is one log event, however many lines it has."""

    request_id = ""
    terminator = "\n"

    def __init__(self):
        super().__init__(sys.stdout)
        formatter = AsJson() if IS_JSON else logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def format(self, record):
        return super().format(record).replace("\n", "\r")

    def emit(self, record):
        record.aws_request_id = OneEvent.request_id
        super().emit(record)


class AsJson(logging.Formatter):
    """A record as one line of JSON, with what the function passed as `extra`."""

    # What every record has, and what other formatters put on it; the rest came from the function.
    known = {*vars(logging.makeLogRecord({})), "message", "asctime", "aws_request_id"} - {"taskName"}

    def format(self, record):
        kind, error, trace = record.exc_info or (None, None, None)
        shown = {
            "timestamp": timestamp(record.created),
            # Levels between the known ones count as the lower one.
            "level": logging.getLevelName(min(50, max(0, record.levelno)) // 10 * 10),
            "message": record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(trace) if kind else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if kind else None,
            "requestId": record.aws_request_id,
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if kind else None,
        }
        extra = {name: value for name, value in vars(record).items() if name not in self.known and name not in shown}
        return json.dumps({name: value for name, value in (shown | extra).items() if value is not None}, ensure_ascii=False)


def set_up_logging():
    """The root logger's handler and level [Log and monitor Python Lambda functions, "Using Lambda advanced logging controls with Python"]."""
    logger = logging.getLogger()
    logger.addHandler(OneEvent())
    if IS_JSON:
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO")
        logger.setLevel({"TRACE": "DEBUG"}.get(level, level))


def invoke(handler, headers, body):
    try:
        event = json.loads(body)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
    return encode(handler(event, Context(headers)))


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # The function has closed it.
            pass


def main():
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    set_up_logging()
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        document = described(error, "")
        tell(document)
        flush()
        api.fail("init/error", document)
        sys.exit(1)
    while True:
        headers, body = api.next()
        request_id = OneEvent.request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id") or ""
        try:
            answer = invoke(handler, headers, body)
        except Exception as error:
            document = described(error, request_id)
            tell(document)
            flush()
            api.fail(f"invocation/{request_id}/error", document)
        else:
            flush()
            api.answer(request_id, answer)


main()
