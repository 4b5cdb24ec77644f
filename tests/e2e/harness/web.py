"""HTTP servers of a test's own, on a thread each: a webhook's receiver, a guard before OpenSearch."""

import calendar
import contextlib
import dataclasses
import hashlib
import hmac
import http.client
import http.server
import json
import ssl
import threading
import time
from decimal import Decimal
from email.utils import formatdate
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .ports import free_port


@dataclasses.dataclass
class Request:
    method: str
    target: str
    headers: dict  # names in lower case
    body: bytes


class WebServer:
    """answer(request) gives (status, headers, body); `tls` is an SSLContext or None."""

    def __init__(self, answer, tls=None):
        self.answer, self.tls = answer, tls
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._server = None

    def open(self):
        self._server = _Server(("127.0.0.1", self.port), _handler_of(self), self.tls)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def close(self):
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, handler, tls):
        self._tls = tls
        super().__init__(address, handler)

    def finish_request(self, request, client_address):
        if self._tls:  # on the connection's own thread: a client that is slow holds nobody up
            request = self._tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients that are killed or refused leave broken connections behind


def _handler_of(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, text = server.answer(Request(self.command, self.path, headers, body))
            if status is None:  # no answer at all
                self.close_connection = True
                return
            self.send_response_only(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve

        def log_message(self, *arguments):
            pass

    return Handler


class Receiver:
    """A webhook's receiver that verifies signatures itself. `mood(request)` gives what to answer in
    place of 200: a status, (status, headers, text), "silence" (accepted, and no answer), or None."""

    def __init__(self, secrets=(), mood=None, tls=None):
        self.secrets, self.mood = [secret.encode() for secret in secrets], mood or (lambda request: None)
        self.requests, self.accepted, self.forged = [], [], []
        self.busy = self.most_busy = 0
        self._lock = threading.Lock()
        self._server = WebServer(self._answer, tls)
        self.url = self._server.url + "/hook?from=sluice"

    def open(self):
        self._server.open()
        return self

    def close(self):
        self._server.close()

    def messages(self):
        """Bodies of accepted requests, arrays flattened, numbers exact."""
        found = []
        for request in list(self.accepted):
            body = json.loads(request.body, parse_int=Decimal, parse_float=Decimal)
            found += body if isinstance(body, list) else [body]
        return found

    def _answer(self, request):
        with self._lock:
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        try:
            return self._judge(request)
        finally:
            with self._lock:
                self.busy -= 1

    def _judge(self, request):
        mood = self.mood(request)
        with self._lock:
            self.requests.append(request)
            if self.secrets and not self._is_genuine(request):
                self.forged.append(request)
                return 401, {}, b"bad signature"
            if mood in (None, "silence"):
                self.accepted.append(request)
        if mood == "silence":
            return None, {}, b""
        if isinstance(mood, tuple):
            return mood
        return (mood or 200), {}, b"" if mood is None else b"in a mood"

    def _is_genuine(self, request):
        """As conf/README.md tells receivers to: fresh, and some v1 is ours."""
        parts = [part.split("=", 1) for part in request.headers.get("sluice-signature", "").split(",")]
        times = [value for name, value in parts if name == "t"]
        if len(times) != 1 or abs(time.time() - int(times[0])) > 300:
            return False
        text = times[0].encode() + b"." + request.body
        wanted = [hmac.new(secret, text, hashlib.sha256).hexdigest() for secret in self.secrets]
        return any(hmac.compare_digest(value, digest)
                   for name, value in parts if name == "v1" for digest in wanted)


class Guard:
    """A proxy before `target` that lets through what judge(request) says nothing about;
    judge gives None or (status, headers, text)."""

    def __init__(self, target, judge, tls=None):
        self.target, self.judge = urlsplit(target), judge
        self.passed, self.refused = [], []
        self.ahead_s = 0  # of its clock
        self._server = WebServer(self._answer, tls)
        self.url = self._server.url

    def open(self):
        self._server.open()
        return self

    def close(self):
        self._server.close()

    def now(self):
        return time.time() + self.ahead_s

    def _answer(self, request):
        refusal = self.judge(request)
        date = {"Date": formatdate(self.now(), usegmt=True)}
        if refusal:
            self.refused.append((request, refusal))
            return refusal[0], {**date, **refusal[1]}, refusal[2]
        self.passed.append(request)
        with contextlib.closing(http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=30)) as beyond:
            kept = {name: value for name, value in request.headers.items()
                    if name in ("content-type", "content-encoding")}
            beyond.request(request.method, request.target, request.body, kept)
            answer = beyond.getresponse()
            text = answer.read()
        return answer.status, {**date, "Content-Type": answer.headers.get("Content-Type", "text/plain")}, text


def signature_problem(request, credentials, region, service, now):
    """What botocore, as an independent judge, has against a request's signature; None: nothing."""
    words = request.headers.get("authorization", "").split(" ", 1)
    if words[0] != "AWS4-HMAC-SHA256" or len(words) != 2:
        return "it is not signed"
    fields = dict(part.strip().split("=", 1) for part in words[1].split(","))
    date = request.headers.get("x-amz-date", "")
    scope = f"{credentials.access_key}/{date[:8]}/{region}/{service}/aws4_request"
    if fields["Credential"] != scope:
        return f"the scope is {fields['Credential']}, not {scope}"
    names = fields["SignedHeaders"].split(";")
    for name in request.headers:
        if (name == "host" or name.startswith("x-amz-")) and name not in names:
            return f"{name} is not signed"
    digest = request.headers.get("x-amz-content-sha256")
    if digest != hashlib.sha256(request.body).hexdigest():
        return f"x-amz-content-sha256 is {digest}, not the body's"
    if request.headers.get("x-amz-security-token") != credentials.token:
        return "the security token is another one"
    age = now - _timestamp(date)
    if abs(age) > 300:
        return f"Signature expired: it is {age:.0f} s old"
    path, _, query = request.target.partition("?")
    asked = AWSRequest(method=request.method, url=f"https://{request.headers['host']}{path}", data=request.body,
                       params=dict(parse_qsl(query, keep_blank_values=True)),
                       headers={name: request.headers[name] for name in names})
    asked.context["timestamp"] = date
    auth = SigV4Auth(credentials, service, region)
    wanted = auth.signature(auth.string_to_sign(asked, auth.canonical_request(asked)), asked)
    return None if hmac.compare_digest(wanted, fields["Signature"]) else "the signature is wrong"


def _timestamp(date):
    return calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))


def aws_keys(key="AKIDTEST", secret="a-secret-that-must-not-be-logged", token=None):
    return Credentials(key, secret, token)


def server_context(certificates, client_ca=None):
    """TLS for a server; with client_ca only for clients that have a certificate of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server_cert, certificates.server_key)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context
