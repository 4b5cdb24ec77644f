"""An HTTP proxy in front of DynamoDB that counts calls by operation and may meddle with them."""

import collections
import http.client
import http.server
import threading

DROP = object()  # the connection ends without an answer


class Meddler:
    """meddle(operation, number of that operation's call from 1 on, body) gives None (the call goes
    through), DROP, or (status, body) to be answered instead."""

    def __init__(self, target_port, meddle=None):
        self.meddle = meddle or (lambda operation, number, body: None)
        self.counts = collections.Counter()
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler(target_port))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _count(self, operation):
        with self._lock:
            self.counts[operation] += 1
            return self.counts[operation]

    def _handler(meddler, target_port):  # pylint: disable=no-self-argument
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                answer = meddler.meddle(operation, meddler._count(operation), body)
                if answer is DROP:
                    self.close_connection = True
                    self.connection.close()
                    return
                self._send(*(answer or self._pass_on(body)))

            def _pass_on(self, body):
                connection = http.client.HTTPConnection("127.0.0.1", target_port, timeout=30)
                try:
                    headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                    connection.request("POST", self.path, body, headers)
                    answer = connection.getresponse()
                    return answer.status, answer.read()
                finally:
                    connection.close()

            def _send(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
