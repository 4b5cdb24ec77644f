"""Stands in front of DynamoDB and lets through what an IAM policy allows: actions and resources."""

import fnmatch
import http.client
import http.server
import json
import re
import threading

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/"


def matches(pattern, text):
    return re.match("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern) + r"\Z", text)


def allows(policy, action, resource):
    return any(any(fnmatch.fnmatchcase(action, a) for a in s["Action"]) and any(matches(r, resource) for r in s["Resource"])
               for s in policy["Statement"] if s["Effect"] == "Allow")


class PolicyGate:
    """`policy` may be replaced at any time; `seen` are the (action, resource) that came, `refused` those of them
    that were not allowed."""

    def __init__(self, target, policy):
        self.policy, self.seen, self.refused = policy, set(), set()
        self._target, self._iterators = target.removeprefix("http://"), {}
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = gate.answer(dict(self.headers.items()), body)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _resources(self, request):
        if "RequestItems" in request:
            return [ARN + table for table in request["RequestItems"]]
        if "StreamArn" in request:
            return [ARN + request["StreamArn"].split(":table/", 1)[1]]  # DynamoDB Local is of no account
        if "ShardIterator" in request:
            return [self._iterators[request["ShardIterator"]]]
        if "TableName" not in request:
            return ["*"]
        return [ARN + request["TableName"] + ("/index/" + request["IndexName"] if "IndexName" in request else "")]

    def answer(self, headers, body):
        action = "dynamodb:" + headers["X-Amz-Target"].split(".")[1]
        request = json.loads(body)
        resources = self._resources(request)
        calls = {(action, resource) for resource in resources}
        self.seen |= calls
        if not all(allows(self.policy, *call) for call in calls):
            self.refused |= calls
            return 400, json.dumps({"__type": "com.amazon.coral.service#AccessDeniedException",
                                    "Message": f"User: x is not authorized to perform: {action} on {resources[0]}"}).encode()
        connection = http.client.HTTPConnection(self._target, timeout=30)
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        self._remember(answer, resources[0])
        return response.status, answer

    def _remember(self, answer, resource):
        found = json.loads(answer)
        for name in ("ShardIterator", "NextShardIterator"):
            if found.get(name):
                self._iterators[found[name]] = resource
