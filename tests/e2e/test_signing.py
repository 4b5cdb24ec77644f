"""Signatures against botocore's own signers, over requests that are drawn: what the judge that is a
server cannot judge. tests/judge/aws_sign signs hundreds of them in one run; a local server sees
what the client really sends."""

import datetime
import hashlib
import http.server
import json
import random
import subprocess
import threading
import urllib.parse
from unittest import mock

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from harness.program import BINARY, sanitizer_report

PROGRAM = BINARY.parent / "tests" / "judge" / "aws_sign"
SEED, REQUESTS = 20261121, 400
SERVICES = ["dynamodb", "sts", "sqs", "sns", "kinesis", "firehose", "events", "lambda"]
REGIONS = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "ap-southeast-7"]
NAMES = ["Content-Type", "X-Amz-Target", "X-Amz-Invocation-Type", "x-amz-meta-A", "X-Amz-Meta-a", "Accept",
         "X-Custom_1", "Range"]
LETTERS = "abcXYZ019-._~"
ODD = "/ +%&=?#:@!$'()*,;[]\"<>\\^`{|}" + "\u00e9\u4e2d\U0001f642\u202e"


def words(rng, most, odd=0.3):
    return "".join(rng.choice(ODD if rng.random() < odd else LETTERS) for _ in range(rng.randrange(most + 1)))


def path_of(rng):
    """A path as it goes on the wire: percent-encoded once, with whatever segments there are."""
    segments = [rng.choice(["", ".", "..", words(rng, 12), words(rng, 3)]) for _ in range(rng.randrange(6))]
    return "/" + "/".join(urllib.parse.quote(s, safe=rng.choice(["~", "~+@", "~:,"])) for s in segments)


def query_of(rng):
    pairs = [(words(rng, 6) or "k", words(rng, 8)) for _ in range(rng.randrange(5))]
    if pairs and rng.random() < 0.3:
        pairs.append((pairs[0][0], words(rng, 4)))  # a name twice
    return "&".join(f"{urllib.parse.quote(k, safe='~')}={urllib.parse.quote(v, safe='~')}" for k, v in pairs)


def headers_of(rng):
    """Names once or several times, values with blanks in and around them."""
    made = [["Host", rng.choice(["example.amazonaws.com", "127.0.0.1:8000", "a-b.c"])]]
    for _ in range(rng.randrange(5)):
        blanks = [" " * rng.randrange(4) for _ in range(3)]
        made.append([rng.choice(NAMES), f"{blanks[0]}{words(rng, 8, 0)}{blanks[1]}{words(rng, 8, 0.1)}{blanks[2]}"])
    return made


def draw(rng, **fixed):
    request = {
        "form": "header", "method": rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"]), "path": path_of(rng),
        "query": query_of(rng), "headers": headers_of(rng),
        "body": rng.randbytes(rng.choice([0, 0, 1, 40, 3000])).hex(),
        "region": rng.choice(REGIONS), "service": rng.choice(SERVICES), "time_s": rng.randrange(2**32),
        "id": "AKID" + words(rng, 16, 0), "secret": "s" + words(rng, 40, 0) + "/+=",
        "expires_s": rng.randrange(1, 604801),
        "token": rng.choice(["", "IQoJb3JpZ2luX2VjE//=+ab/cd==", "t" * 900]), "normalize": True, "double_encode": True,
        "sign_body": False, "unsigned_body": False, "omit_session_token": False,
    }
    return {**request, **fixed}


def sign(requests):
    text = json.dumps(requests, ensure_ascii=False).encode()
    done = subprocess.run([PROGRAM], input=text, capture_output=True, timeout=120)
    assert done.returncode == 0 and not sanitizer_report(done.stderr.decode()), done.stderr.decode()
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert len(answers) == len(requests)
    return answers


def as_botocore(request, headers=()):
    made = HTTPHeaders()
    for name, value in [*request["headers"], *headers]:
        made[name] = value  # adds: a name may stand there twice
    url = f"https://{request['headers'][0][1]}{request['path']}" + (f"?{request['query']}" if request["query"] else "")
    theirs = AWSRequest(request["method"], url, data=bytes.fromhex(request["body"]))
    theirs.headers = made
    return theirs


def time_of(request):
    return datetime.datetime.fromtimestamp(request["time_s"], datetime.timezone.utc)


def stamp(request):
    return time_of(request).strftime("%Y%m%dT%H%M%SZ")


def credentials(request):
    return Credentials(request["id"], request["secret"], request["token"] or None)


def signature_by(signer, theirs):
    canonical = signer.canonical_request(theirs)
    return canonical, signer.signature(signer.string_to_sign(theirs, canonical), theirs)


@pytest.mark.parametrize("signer", [auth.SigV4Auth, auth.S3SigV4Auth], ids=["every service", "s3"])
def test_headers_are_signed_as_botocore_signs(signer):
    rng, s3 = random.Random(SEED), signer is auth.S3SigV4Auth
    fixed = {"normalize": False, "double_encode": False, "sign_body": True, "service": "s3"} if s3 else {}
    requests = [draw(rng, **fixed) for _ in range(REQUESTS)]
    for request, ours in zip(requests, sign(requests), strict=True):
        added = [("X-Amz-Date", stamp(request))]
        if request["token"]:
            added.append(("X-Amz-Security-Token", request["token"]))
        if s3:
            added.append(("X-Amz-Content-SHA256", hashlib.sha256(bytes.fromhex(request["body"])).hexdigest()))
        theirs = as_botocore(request, added)
        theirs.context["timestamp"] = stamp(request)
        by = signer(credentials(request), request["service"], request["region"])
        canonical, signature = signature_by(by, theirs)
        assert ours["canonical_request"] == canonical, request
        assert ours["date"] == stamp(request)
        names = by.signed_headers(by.headers_to_sign(theirs))
        assert ours["authorization"] == (
            f"AWS4-HMAC-SHA256 Credential={by.scope(theirs)}, SignedHeaders={names}, Signature={signature}")


@pytest.mark.parametrize("signer", [auth.SigV4QueryAuth, auth.S3SigV4QueryAuth], ids=["every service", "s3"])
def test_urls_are_signed_as_botocore_signs(signer):
    rng, s3 = random.Random(SEED + 1), signer is auth.S3SigV4QueryAuth
    fixed = {"normalize": False, "double_encode": False, "unsigned_body": True, "service": "s3"} if s3 else {}
    # Bodies botocore moves into the URL; of a parameter that stands there twice it keeps the first.
    requests = [draw(rng, form="query", body="", **fixed) for _ in range(REQUESTS)]
    for request in requests:
        pairs = dict(p.partition("=")[::2] for p in request["query"].split("&") if p)
        request["query"] = "&".join(f"{k}={v}" for k, v in pairs.items())
    for request, ours in zip(requests, sign(requests), strict=True):
        theirs = as_botocore(request)
        by = signer(credentials(request), request["service"], request["region"], expires=request["expires_s"])
        with mock.patch.object(auth, "get_current_datetime", return_value=time_of(request)):
            by.add_auth(theirs)
        expected = urllib.parse.urlsplit(theirs.url).query
        assert sorted(ours["query"].split("&")) == sorted(expected.split("&")), request
        assert ours["query"].startswith(request["query"])
        assert ours["query"].split("&")[-1].startswith("X-Amz-Signature=")


def test_a_signature_holds_for_nothing_else():
    """What is changed in the request changes the signature: so the comparisons above see it."""
    rng = random.Random(SEED + 2)
    base = draw(rng, path="/a/b", query="k=v", body="00", token="t", headers=[["Host", "h"], ["X-A", "1"]])
    others = [{"method": "PATCH"}, {"path": "/a/c"}, {"query": "k=w"}, {"body": "01"}, {"token": "u"}, {"token": ""},
              {"headers": [["Host", "i"], ["X-A", "1"]]}, {"headers": [["Host", "h"], ["X-A", "2"]]}, {"region": "r"},
              {"service": "x"}, {"time_s": base["time_s"] + 1}, {"secret": "another"}, {"id": "AKIDX"}]
    for form in ("header", "query"):
        changed = [{**base, **other, "form": form} for other in [{}, *others]]
        signatures = {a["authorization"][-64:] or a["query"][-64:] for a in sign(changed)}
        # The key's id is not signed in the header, but named beside.
        assert len(signatures) == len(changed) - (form == "header"), form


# -- what leaves the client

class Witness(http.server.BaseHTTPRequestHandler):
    """Notes the request as it came."""

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.requestline.split(" ")[1]  # self.path has one slash where two begin it
        self.server.seen = (self.command, path, self.headers.items(), body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def witness():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Witness)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


SIGNED_AS = {"dynamodb": "dynamodb", "streams": "dynamodb", "sts": "sts", "sqs": "sqs", "sns": "sns",
             "kinesis": "kinesis", "firehose": "firehose", "eventbridge": "events", "lambda": "lambda", "s3": "s3",
             "sso": "awsssoportal", "sso_oidc": "sso-oauth"}


def wire_options(rng, service):
    """Of services whose method, path and query are the request's own."""
    options = [f"header={name}: {value}" for name, value in headers_of(rng)[1:] if name != "Range"]
    if service in ("lambda", "s3", "sso", "sso_oidc"):
        method = rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
        options += [f"method={method}", f"path={path_of(rng)}", f"query={query_of(rng)}"]
    return options


def assert_signed(seen, keys, service):
    method, path, headers, body = seen
    sent = dict(headers)["Authorization"]
    names = sent.split("SignedHeaders=")[1].split(",")[0].split(";")
    made = HTTPHeaders()
    for name, value in headers:
        if name.lower() in names:
            made[name] = value.encode("latin-1").decode()  # as http.server reads bytes
    assert set(names) == {name.lower() for name in made} and "host" in names and "x-amz-date" in names
    kind = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth
    signer = kind(Credentials(*keys), SIGNED_AS[service], "us-east-1")
    theirs = AWSRequest(method, "http://127.0.0.1" + path, data=body)
    theirs.headers = made
    theirs.context["timestamp"] = made["X-Amz-Date"]
    _, signature = signature_by(signer, theirs)
    assert sent.endswith(f"Signature={signature}"), seen


@pytest.mark.parametrize("service", SIGNED_AS)
def test_what_is_sent_is_what_was_signed(witness, aws_call, service):
    rng = random.Random(f"{SEED} {service}")
    bodies = (b"", b"{}", "{\"a\":\"\u2028caf\u00e9\"}".encode(), rng.randbytes(5000))
    for i, body in enumerate(bodies):
        for token in (None, "IQoJb3JpZ2luX2VjE//=+ab/cd==")[i % 2:]:
            keys = ("AKIDJUDGED", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
            env = {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_SESSION_TOKEN": token or ""}
            url = f"http://127.0.0.1:{witness.server_port}"
            done = aws_call(url, service, "Op", body, *wire_options(rng, service), **env)
            assert done.returncode == 0, done.stderr.decode()
            method, path, headers, sent = witness.seen
            assert sent.endswith(body) and dict(headers).get("X-Amz-Security-Token") == token
            assert dict(headers)["User-Agent"].startswith("sluice/") and "/2.1 os/linux#" in dict(headers)["User-Agent"]
            assert_signed(witness.seen, keys, service)
