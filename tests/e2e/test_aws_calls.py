"""Single calls of the AWS client, by tests/judge/aws_call: against a server that verifies every
signature, against DynamoDB Local, and against TLS servers that should not be trusted."""

import datetime
import http.server
import ipaddress
import ssl
import threading
import zlib

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.judge import accepted, refused

TABLE = {
    "TableName": "Judged",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
ODD_KEYS = ["plain", "caf\u00e9 \u2014 \U0001f642", "line\nbreak\ttab", "a%20b+c&d=e?f#g/../h", "\u202e\u0000\u007f\"\\", " " * 40]


def use_every_call(call):
    """Table, items with odd keys, the stream from its horizon; what the stream held."""
    accepted(call("dynamodb", "CreateTable", TABLE))
    for key in ODD_KEYS:
        item = {"pk": {"S": key}, "n": {"N": "1"}}
        accepted(call("dynamodb", "PutItem", {"TableName": "Judged", "Item": item}))
        got = accepted(call("dynamodb", "GetItem", {"TableName": "Judged", "Key": {"pk": {"S": key}}}))
        assert got["Item"] == item
    arn = accepted(call("dynamodb", "DescribeTable", {"TableName": "Judged"}))["Table"]["LatestStreamArn"]
    shards = accepted(call("streams", "DescribeStream", {"StreamArn": arn}))["StreamDescription"]["Shards"]
    iterator = accepted(call("streams", "GetShardIterator", {
        "StreamArn": arn, "ShardId": shards[0]["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}))["ShardIterator"]
    records = accepted(call("streams", "GetRecords", {"ShardIterator": iterator}))["Records"]
    accepted(call("dynamodb", "DeleteTable", {"TableName": "Judged"}))
    return [r["dynamodb"]["Keys"]["pk"]["S"] for r in records]


def test_the_judge_accepts_every_call(moto, aws_call):
    def call(service, operation, body):
        return aws_call(moto.url, service, operation, body, **moto.keys)

    assert use_every_call(call) == ODD_KEYS
    accepted(call("dynamodb", "ListTables", b"{}"))
    accepted(call("streams", "ListStreams", b"  { }\n"))


def test_the_judge_accepts_a_large_body(moto, aws_call):
    tables = {f"t{i}": {"Keys": [{"pk": {"S": "x" * 900}}]} for i in range(1000)}
    done = aws_call(moto.url, "dynamodb", "BatchGetItem", {"RequestItems": tables}, **moto.keys)
    assert refused(done)[0] != "AUTH", done.stderr  # the signature was right, then it is too much for the API


def test_the_judge_accepts_a_session_token(moto, aws_call, session_keys):
    for service, operation in (("dynamodb", "ListTables"), ("streams", "ListStreams")):
        accepted(aws_call(moto.url, service, operation, {}, **session_keys))
    wrong = {**session_keys, "AWS_SECRET_ACCESS_KEY": "wrong" + session_keys["AWS_SECRET_ACCESS_KEY"][5:]}
    assert refused(aws_call(moto.url, "dynamodb", "ListTables", {}, **wrong))[0] == "AUTH"


@pytest.mark.parametrize("service, operation", [("dynamodb", "ListTables"), ("streams", "ListStreams")])
def test_a_wrong_secret_is_refused(moto, aws_call, service, operation):
    keys = {**moto.keys, "AWS_SECRET_ACCESS_KEY": "wrong" + moto.keys["AWS_SECRET_ACCESS_KEY"][5:]}
    done = aws_call(moto.url, service, operation, {}, **keys)
    assert refused(done) in [("AUTH", "SignatureDoesNotMatch"), ("AUTH", "InvalidSignatureException")], done.stderr
    text = done.stderr.decode()
    assert operation in text and moto.url in text and "credentials from environment" in text


def test_a_key_that_is_unknown_is_refused(moto, aws_call):
    keys = {**moto.keys, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}
    assert refused(aws_call(moto.url, "dynamodb", "ListTables", {}, **keys))[0] == "AUTH"


def test_dynamodb_local_takes_every_call(dynamodb, aws_call):
    def call(service, operation, body):
        return aws_call(dynamodb.url, service, operation, body)

    assert use_every_call(call) == ODD_KEYS


def test_dynamodb_locals_errors_have_their_class(dynamodb, aws_call):
    def call(service, operation, body):
        return refused(aws_call(dynamodb.url, service, operation, body))

    assert call("dynamodb", "DescribeTable", {"TableName": "Absent"}) == ("RETRY", "ResourceNotFoundException")
    assert call("dynamodb", "PutItem", {"TableName": "a"}) == ("DATA", "ValidationException")
    assert call("dynamodb", "NoSuchCall", {})[0] == "FATAL"
    assert call("streams", "GetRecords", {"ShardIterator": "garbage"}) == ("DATA", "ValidationException")


def test_without_credentials_it_says_where_it_looked(dynamodb, aws_call):
    done = aws_call(dynamodb.url, "dynamodb", "ListTables", {}, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert refused(done) == ("AUTH", "credentials.absent")
    assert "environment: AWS_ACCESS_KEY_ID is not set; profile: there is no profile 'default'" in done.stderr.decode()


# -- servers of this file's own

class Answers(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.seen = (self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
        body = b'{"TableNames":[]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Handshakes that the client breaks off are what these tests are about."""


def make_certificate(folder, names, days=(-1, 1)):
    """A certificate signed by its own key, which is its own authority; the path of its PEM file."""
    now = datetime.datetime.now(datetime.timezone.utc)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sluice test")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def serve():
    """serve(certificate=None): a server, with TLS when it has a certificate."""
    made = []

    def start(certificate=None):
        server = QuietServer(("127.0.0.1", 0), Answers)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
        made.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    yield start
    for server in made:
        server.shutdown()
        server.server_close()


def signature_by_botocore(server, keys):
    """What botocore signs the request with that the server saw, and what it was signed with."""
    path, headers, body = server.seen
    sent = headers["Authorization"]
    names = sent.split("SignedHeaders=")[1].split(",")[0].split(";")
    kept = {name: value for name, value in headers.items() if name.lower() in names}
    assert len(kept) == len(names)
    request = AWSRequest("POST", server.url + path, data=body, headers=kept)
    request.context["timestamp"] = headers["X-Amz-Date"]
    auth = SigV4Auth(Credentials(*keys), "dynamodb", "us-east-1")
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request), sent.split("Signature=")[1]


@pytest.mark.parametrize("body", [b"", b"{}", "{\"a\":\"\u2028caf\u00e9\"}".encode(), bytes(range(256)) * 2000])
@pytest.mark.parametrize("path", ["", "/", "/a%20b/c+d/%E1%88%B4", "/a//b/../c/./~x"])
@pytest.mark.parametrize("token", [None, "IQoJb3JpZ2luX2VjE//=+ab/cd=="])
def test_botocore_signs_the_same(serve, aws_call, body, path, token):
    server = serve()
    keys = ("AKIDJUDGED", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    env = {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_SESSION_TOKEN": token or ""}
    accepted(aws_call(server.url + path, "dynamodb", "ListTables", body, **env))
    assert server.seen[2] == body
    assert server.seen[1].get("X-Amz-Security-Token") == token
    ours, theirs = signature_by_botocore(server, keys)
    assert ours == theirs


HERE = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def test_a_certificate_of_a_trusted_authority_is_accepted(serve, aws_call, tmp_path):
    certificate = make_certificate(tmp_path, HERE)
    done = aws_call(serve(certificate).url, "dynamodb", "ListTables", {}, JUDGE_CA_FILE=str(certificate))
    assert accepted(done) == {"TableNames": []}


@pytest.mark.parametrize("names, days, trusted, code, says", [
    (HERE, (-1, 1), False, "http.tls_self_signed", "self-signed"),
    (HERE, (-3, -1), True, "http.tls_expired", "expired"),
    ([x509.DNSName("other.example")], (-1, 1), True, "http.tls_host", "127.0.0.1"),
])
def test_other_certificates_are_refused(serve, aws_call, tmp_path, names, days, trusted, code, says):
    certificate = make_certificate(tmp_path, names, days)
    more = {"JUDGE_CA_FILE": str(certificate)} if trusted else {}
    done = aws_call(serve(certificate).url, "dynamodb", "ListTables", {}, **more)
    assert refused(done) == ("RETRY", code)
    assert says in done.stderr.decode()


PROFILE = """[profile judged]
region = us-east-1
services = here
[services here]
dynamodb_streams =
  endpoint_url = {url}
dynamodb =
  endpoint_url = {url}
"""


def test_the_environment_or_the_profile_say_where_to_call(serve, aws_call, tmp_path):
    server = serve()
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(PROFILE.format(url=server.url))
    accepted(aws_call("", "dynamodb", "ListTables", {}, AWS_ENDPOINT_URL=server.url + "/general"))
    assert server.seen[0] == "/general/"
    accepted(aws_call("", "streams", "ListTables", {}, AWS_ENDPOINT_URL_DYNAMODB_STREAMS=server.url + "/own",
                      AWS_ENDPOINT_URL="http://127.0.0.1:1"))
    assert server.seen[0] == "/own/"
    accepted(aws_call("", "streams", "ListTables", {}, AWS_PROFILE="judged", AWS_REGION=""))
    assert server.seen[0] == "/" and "/us-east-1/dynamodb/" in server.seen[1]["Authorization"]
    done = aws_call("", "dynamodb", "ListTables", {}, AWS_PROFILE="judged", AWS_USE_FIPS_ENDPOINT="true")
    assert refused(done) == ("FATAL", "aws.endpoint") and "'services here'" in done.stderr.decode()
    done = aws_call("", "dynamodb", "ListTables", {}, AWS_REGION="")
    assert refused(done) == ("FATAL", "aws.region") and "AWS_REGION" in done.stderr.decode()
