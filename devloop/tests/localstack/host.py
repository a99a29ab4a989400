"""LocalStack's own package without Docker: functions run as processes of this machine.

    python host.py PORT

LocalStack's Lambda needs Docker and its DynamoDB a download. Here a function's `bootstrap` is a process with a Runtime API of its own,
and DynamoDB is the program `dynoxide`. Everything else is LocalStack: CloudFormation, API Gateway, Kinesis, S3, the API of Lambda,
event source mappings. What this does not show is what happens in a container: LocalStack's own reload of a changed folder, its user
and its mounts. docs/tests.md tells which packages are needed.
"""

import atexit
import http.client
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(sys.argv[1])
HOME = tempfile.mkdtemp(prefix="localstack-host-")

os.environ.update(
    GATEWAY_LISTEN=f"127.0.0.1:{PORT}",
    LOCALSTACK_HOST=f"127.0.0.1:{PORT}",
    # Nothing of this asks for a network.
    DISABLE_EVENTS="1",
    SKIP_SSL_CERT_DOWNLOAD="1",
    DNS_ADDRESS="0",
    # In a container LocalStack would write to /var/lib.
    OVERRIDE_IN_DOCKER="0",
    FILESYSTEM_ROOT=HOME,
    # Between two reads of a stream; the usual second would make each stage a second longer.
    LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC="0.1",
)

from twisted.internet import posixbase  # noqa: E402

listen = posixbase.PosixReactorBase.listenTCP


def listen_on_loopback(self, port, factory, backlog=50, interface=""):
    """LocalStack drops the address of GATEWAY_LISTEN and would listen on every interface."""
    return listen(self, port, factory, backlog, interface or "127.0.0.1")


posixbase.PosixReactorBase.listenTCP = listen_on_loopback

from localstack.services.lambda_.invocation import runtime_executor  # noqa: E402
from localstack.services.lambda_.invocation.lambda_models import InvocationResult  # noqa: E402


class RuntimeApi(BaseHTTPRequestHandler):
    """The Runtime API of one process [Using the Lambda runtime API for custom runtimes]."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        function = self.server.function
        function.ready.set()
        event = function.events.get()
        body = event["payload"].encode()
        self.send_response(200)
        timeout_ms = function.function_version.config.timeout * 1000
        for name, value in {
            "Lambda-Runtime-Aws-Request-Id": event["invoke-id"],
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + timeout_ms),
            "Lambda-Runtime-Invoked-Function-Arn": event["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": event.get("trace-id") or "",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        size = self.headers.get("Content-Length")
        body = self.rfile.read(int(size)) if size else self.read_chunks()
        self.server.function.answers.put((body, self.path.endswith("/error")))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def read_chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_):
        pass


class Process(runtime_executor.RuntimeExecutor):
    """A function's execution environment: its `bootstrap` as a process."""

    def start(self, env_vars):
        self.events, self.answers, self.ready = queue.Queue(), queue.Queue(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
        self.server.function = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        folder = str(self.function_version.config.code.get_unzipped_code_location())
        variables = {name: str(value) for name, value in env_vars.items()}
        variables.update(
            AWS_LAMBDA_RUNTIME_API=f"127.0.0.1:{self.server.server_port}",
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{PORT}",
            LAMBDA_TASK_ROOT=folder,
            PATH="/usr/local/bin:/usr/bin:/bin",
        )
        self.output = tempfile.TemporaryFile(dir=HOME)
        self.process = subprocess.Popen(
            [os.path.join(folder, "bootstrap")], cwd=folder, env=variables,
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
        )
        if not self.ready.wait(20):
            raise runtime_executor.LambdaRuntimeException(f"{folder}/bootstrap asked for no event: {self.get_logs()}")

    def invoke(self, payload):
        began, start = time.monotonic(), self.output.seek(0, os.SEEK_END)
        self.events.put(payload)
        limit = self.function_version.config.timeout
        try:
            answer = self.answers.get(timeout=limit)
            if answer is None:
                raise runtime_executor.LambdaRuntimeException("the environment was stopped")
            body, is_error = answer
        except queue.Empty:
            body, is_error = b'{"errorMessage":"Task timed out after %d.00 seconds"}' % limit, True
            self.process.kill()
        took = (time.monotonic() - began) * 1000
        request, version = payload["invoke-id"], self.function_version.id.qualifier
        lines = os.pread(self.output.fileno(), 1 << 20, start).decode(errors="replace")
        size = self.function_version.config.memory_size
        logs = (
            f"START RequestId: {request} Version: {version}\n{lines}END RequestId: {request}\n"
            f"REPORT RequestId: {request}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms\t"
            f"Memory Size: {size} MB\tMax Memory Used: {size} MB\n"
        )
        return InvocationResult(request, body, is_error, logs, version)

    def stop(self):
        self.process.kill()
        self.process.wait()
        # For a call in flight.
        self.answers.put(None)
        self.server.shutdown()
        self.server.server_close()

    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        return f"http://127.0.0.1:{PORT}/_localstack_lambda/{self.id}"

    def get_logs(self):
        return os.pread(self.output.fileno(), 1 << 20, 0).decode(errors="replace")

    @classmethod
    def prepare_version(cls, function_version):
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        pass


# Before the modules that import this name.
runtime_executor.get_runtime_executor = lambda: Process

from localstack.services.dynamodb import server as dynamodb  # noqa: E402
from localstack.utils.net import get_free_tcp_port, wait_for_port_open  # noqa: E402
from localstack.utils.threads import start_worker_thread  # noqa: E402


class Relay(BaseHTTPRequestHandler):
    """Lets LocalStack take dynoxide for DynamoDB Local, whose ARNs have the region `ddblocal`."""

    protocol_version = "HTTP/1.1"

    def relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
        there = http.client.HTTPConnection("127.0.0.1", self.server.dynoxide)
        there.request(self.command, self.path, body.replace(b":ddblocal:", b":dynoxide:"), headers)
        answer = there.getresponse()
        body = answer.read().replace(b":dynoxide:", b":ddblocal:")
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type") or "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = relay

    def log_message(self, *_):
        pass


def start_dynoxide(self):
    port = get_free_tcp_port()
    program = subprocess.Popen(["dynoxide", "--log", "quiet", "--port", str(port)], stdin=subprocess.DEVNULL)
    atexit.register(program.kill)
    wait_for_port_open(port)
    relay = ThreadingHTTPServer(("127.0.0.1", self.port), Relay)
    relay.dynoxide = port
    return start_worker_thread(lambda *_: relay.serve_forever())


dynamodb.DynamodbServer.do_start_thread = start_dynoxide

if __name__ == "__main__":
    from localstack.runtime.main import main

    main()
