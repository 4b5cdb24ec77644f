"""A client of `sluice mcp` that speaks JSON over pipes and checks what every message has in common."""

import json
import subprocess
import tempfile

from harness.program import BINARY, environment, sanitizer_report

ANSWER_S = 60


class McpClient:
    """A server, initialized. `with McpClient(tmp_path, "--allow-writes") as mcp: mcp.call("list_tables")`."""

    def __init__(self, home, *options, version="2025-11-25", capabilities=None, cwd=None, **env):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BINARY, "mcp", *map(str, options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            cwd=cwd or home, env=environment(home, **{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
                                                      "AWS_SECRET_ACCESS_KEY": "test", **env}),
        )
        self.last_id = 0
        self.notifications = []
        self.opened = self.request("initialize", protocolVersion=version, capabilities=capabilities or {},
                                   clientInfo={"name": "e2e", "version": "1"})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def begin(self, method, **params):
        """Sends a request; its id."""
        self.last_id += 1
        self.send({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params})
        return self.last_id

    def answer(self, number):
        """The message that answers it; notifications on the way are kept."""
        while True:
            line = self.process.stdout.readline()
            assert line, self.said()
            message = json.loads(line)
            assert message["jsonrpc"] == "2.0"
            if message.get("id") == number and "method" not in message:
                return message
            self.notifications.append(message)

    def request(self, method, **params):
        """The result of a request that succeeds."""
        message = self.answer(self.begin(method, **params))
        assert "result" in message, message
        return message["result"]

    def tools(self):
        """All tools, page by page, by name."""
        listed, cursor = {}, {}
        while True:
            result = self.request("tools/list", **cursor)
            listed.update({tool["name"]: tool for tool in result["tools"]})
            if "nextCursor" not in result:
                return listed
            cursor = {"cursor": result["nextCursor"]}

    def result(self, tool, /, **arguments):
        """The whole result of a call, failed or not."""
        return self.request("tools/call", name=tool, arguments=arguments)

    def call(self, tool, /, **arguments):
        """The structured result of a call that succeeds."""
        result = self.result(tool, **arguments)
        assert not result.get("isError"), result
        return result["structuredContent"]

    def text(self, tool, /, **arguments):
        """The text of a call that succeeds."""
        result = self.result(tool, **arguments)
        assert not result.get("isError"), result
        return "\n".join(item["text"] for item in result["content"])

    def refusal(self, tool, /, **arguments):
        """The sentence of a call that fails."""
        result = self.result(tool, **arguments)
        assert result.get("isError"), result
        return result["content"][0]["text"]

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def close(self):
        """Ends it as clients do, by closing its stdin; the exit code."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(timeout=ANSWER_S)
        said = self.said()
        assert not sanitizer_report(said), said
        self.process.stdout.close()
        self.errors.close()
        return code
