"""`sluice mcp` as a client has it: a process with pipes. Each message that it writes is held to the published
schema of its protocol version (../shared/vectors/mcp-schema, or the folder that MCP_SCHEMAS names)."""

import json
import os
import pathlib
import queue
import subprocess
import threading

import jsonschema
import pytest

from .program import BINARY, _die_with_parent, environment, sanitizer_report
from .services import ROOT
from .wait import PATIENCE

SCHEMAS = pathlib.Path(os.environ.get("MCP_SCHEMAS", ROOT.parent / "shared" / "vectors" / "mcp-schema"))
LEGACY = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
CURRENT = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": CURRENT, "io.modelcontextprotocol/clientCapabilities": {}}

RESULTS = {
    "initialize": "InitializeResult", "server/discover": "DiscoverResult", "ping": "EmptyResult",
    "logging/setLevel": "EmptyResult", "tools/list": "ListToolsResult", "tools/call": "CallToolResult",
    "prompts/list": "ListPromptsResult", "prompts/get": "GetPromptResult", "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult", "resources/read": "ReadResourceResult",
    "resources/subscribe": "EmptyResult", "resources/unsubscribe": "EmptyResult",
    "completion/complete": "CompleteResult", "subscriptions/listen": "SubscriptionsListenResult",
}
MESSAGES = {
    "notifications/message": "LoggingMessageNotification", "notifications/progress": "ProgressNotification",
    "notifications/cancelled": "CancelledNotification", "notifications/resources/updated": "ResourceUpdatedNotification",
    "notifications/subscriptions/acknowledged": "SubscriptionsAcknowledgedNotification",
    "sampling/createMessage": "CreateMessageRequest", "elicitation/create": "ElicitRequest", "roots/list": "ListRootsRequest",
}


class Schema:
    """The schema of one version."""

    def __init__(self, version):
        path = SCHEMAS / f"{version}.json"
        if not path.exists():
            pytest.skip(f"no {path} here: the messages cannot be held to the published schema")
        self.document = json.loads(path.read_text())
        self.place = "definitions" if "definitions" in self.document else "$defs"
        self.validators = {}

    def has(self, name):
        return name in self.document[self.place]

    def check(self, name, value):
        if name not in self.validators:
            self.validators[name] = jsonschema.Draft202012Validator(
                {self.place: self.document[self.place], "$ref": f"#/{self.place}/{name}"})
        self.validators[name].validate(value)


class Server:
    """One process; `version` is what its messages are held to, None: to none."""

    def __init__(self, folder, *arguments, version=None, env=None, cwd=None):
        self.folder = pathlib.Path(folder)
        self.schema = Schema(version) if version else None
        self.version = version
        self.methods = {}
        self.lines = queue.Queue()
        self.errors = (self.folder / "mcp.log").open("wb+")
        self.process = subprocess.Popen(
            [BINARY, "mcp", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            cwd=cwd or self.folder, env=environment(self.folder, **(env or {})), preexec_fn=_die_with_parent)
        self.reading = threading.Event()
        self.reading.set()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.reading.wait()
            self.lines.put(line)
        self.lines.put(None)

    # -- sending

    def send(self, message):
        """A message, a text, or bytes as they are."""
        if not isinstance(message, (bytes, str)):
            for one in message if isinstance(message, list) else [message]:
                if isinstance(one, dict) and "method" in one and "id" in one:
                    self.methods[json.dumps(one["id"])] = one["method"]
            message = json.dumps(message)
        data = message.encode() + b"\n" if isinstance(message, str) else message
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def request(self, method, params=None, id=1):
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        if self.version == CURRENT:
            params = {**(params or {}), "_meta": {**META, **(params or {}).get("_meta", {})}}
        if params is not None:
            message["params"] = params
        self.send(message)

    def notify(self, method, params=None):
        self.send({"jsonrpc": "2.0", "method": method, **({"params": params} if params is not None else {})})

    # -- receiving

    def next(self, timeout=20):
        """The next message; fails when none comes."""
        line = self.lines.get(timeout=timeout * PATIENCE)
        assert line is not None, f"it has ended: {self.log}"
        assert line.endswith(b"\n") and b"\r" not in line
        message = json.loads(line)
        for one in message if isinstance(message, list) else [message]:
            self._check(one)
        return message

    def ask(self, method, params=None, id=1):
        """The answer; notifications before it are passed over."""
        self.request(method, params, id)
        while True:
            message = self.next()
            if "method" not in message:
                assert message.get("id") == id
                return message

    def result(self, method, params=None, id=1):
        answer = self.ask(method, params, id)
        assert "result" in answer, answer
        return answer["result"]

    def call(self, tool, arguments=None, id=1):
        return self.result("tools/call", {"name": tool, "arguments": arguments or {}}, id)

    def initialize(self, version=None, capabilities=None):
        result = self.result("initialize", {
            "protocolVersion": version or self.version, "capabilities": capabilities or {},
            "clientInfo": {"name": "tests", "version": "1"}}, id="init")
        self.notify("notifications/initialized")
        return result

    def _check(self, message):
        assert message["jsonrpc"] == "2.0"
        if self.schema is None:
            return
        if "method" in message:
            self.schema.check(MESSAGES[message["method"]], message)
            self.schema.check("JSONRPCRequest" if "id" in message else "JSONRPCNotification", message)
        elif "error" in message:
            name = "JSONRPCErrorResponse" if self.schema.has("JSONRPCErrorResponse") else "JSONRPCError"
            without = self.version in LEGACY[:3] and message.get("id", 0) is None  # those schemas have no form for it
            self.schema.check(name, {**message, "id": 0} if without else message)
        else:
            self.schema.check("JSONRPCResultResponse" if self.schema.has("JSONRPCResultResponse") else "JSONRPCResponse", message)
            asks = message["result"].get("resultType") == "input_required"
            self.schema.check("InputRequiredResult" if asks else RESULTS[self.methods[json.dumps(message["id"])]],
                              message["result"])

    # -- its end

    @property
    def log(self):
        return (self.folder / "mcp.log").read_text(errors="replace")

    def end(self, timeout=5):
        """Closes its input; the exit code."""
        self.process.stdin.close()
        return self.wait(timeout)

    def wait(self, timeout=5):
        code = self.process.wait(timeout * PATIENCE)
        assert not sanitizer_report(self.log), self.log
        return code

    def discard(self):
        self.reading.set()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()
        self.reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def resident_kb(self, field="VmRSS"):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise AssertionError(f"no {field}")
