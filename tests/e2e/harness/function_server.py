"""A Lambda service with one function, for what moto cannot show: an HTTP server that takes
invocations, keeps what came, and answers as the test says."""

import http.server
import json
import threading


class FunctionServer:
    """behave(records) gives (what the function returns, its X-Amz-Function-Error or None).

    `seen` is the list of the events' records, invocation by invocation; `done` those that the
    function has accepted, as an event source mapping would count them.
    """

    def __init__(self, behave=lambda records: (None, None)):
        self.behave = behave
        self.seen, self.done, self.paths = [], [], set()
        self._lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                returned, failed = outer.invoke(self.path, json.loads(body))
                text = json.dumps(returned).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                if failed:
                    self.send_header("X-Amz-Function-Error", failed)
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def invoke(self, path, event):
        with self._lock:
            assert list(event) == ["Records"]
            records = event["Records"]
            self.paths.add(path)
            self.seen.append(records)
            returned, failed = self.behave(records)
            self.done += self._accepted(records, returned, failed)
            return returned, failed

    @staticmethod
    def _accepted(records, returned, failed):
        if failed:
            return []
        named = {item["itemIdentifier"] for item in (returned or {}).get("batchItemFailures", [])}
        first = next((n for n, record in enumerate(records) if identifier(record) in named), len(records))
        return records[:first]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def identifier(record):
    return record["messageId"] if "messageId" in record else record["dynamodb"]["SequenceNumber"]
