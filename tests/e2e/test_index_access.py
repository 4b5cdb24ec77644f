"""OpenSearch behind a guard that wants to know who asks; signatures are judged by botocore."""

import base64

import pytest

from harness.certificates import Certificates
from harness.deals import deal
from harness.settings import settings_text
from harness.tables import Writer
from harness.web import Guard, aws_keys, server_context, signature_problem
from test_index import documents, settings_for, wanted

PASSWORD = "open sesame, please"
TOKEN = "dG9rZW46b2YtdGhlLXNlYXJjaA=="


@pytest.fixture
def index(app, search):
    yield app
    search.indices.delete(index=f"{app}-*")


@pytest.fixture
def guard(opensearch):
    """guard(judge): an open Guard before OpenSearch."""
    made = []

    def make(judge, **more):
        made.append(Guard(opensearch.url, judge, **more).open())
        return made[-1]

    yield make
    for one in made:
        one.close()


def header_judge(wanted_value):
    def judge(request):
        if request.headers.get("authorization") == wanted_value:
            return None
        return 401, {"WWW-Authenticate": "Basic"}, f"not {request.headers.get('authorization')}".encode()

    return judge


def signature_judge(credentials, region, service, clock, serverless=False):
    def judge(request):
        problem = signature_problem(request, credentials, region, service, clock())
        if problem:
            return 403, {}, b'{"message":"%s"}' % problem.encode()
        if serverless and (request.target == "/" or b"gc_deletes" in request.body):
            return 404, {}, b'{"error":"not in a collection"}'
        return None

    return judge


def guarded(base_settings, source, guard, index, dead_letters, **sink):
    settings = settings_for(base_settings, source, guard, index, dead_letters)
    settings["sinks"][0].update(sink)
    return settings


def run_through(program, writer, source, search, index):
    writer.write(60)
    program.start()
    program.wait_for(lambda: documents(search, index) == wanted(source), 60)
    writer.write(60)
    program.wait_for(lambda: documents(search, index) == wanted(source), 60)
    program.stop()


AUTH = {
    "basic": ({"kind": "basic", "username": "sluice", "password": PASSWORD},
              "Basic " + base64.b64encode(f"sluice:{PASSWORD}".encode()).decode()),
    "api_key": ({"kind": "api_key", "token": TOKEN}, f"ApiKey {TOKEN}"),
    "bearer": ({"kind": "bearer", "token": TOKEN}, f"Bearer {TOKEN}"),
}


@pytest.mark.parametrize("kind", AUTH)
def test_a_password_or_token_goes_with_every_request(
        sluice, base_settings, make_table, guard, search, index, dead_letters, tmp_path, kind):
    auth, header = AUTH[kind]
    secret = "password" if kind == "basic" else "token"
    (tmp_path / "secret").write_text(auth[secret] + "\n")
    source, door = make_table("Deals", "deal_id"), guard(header_judge(header))
    settings = guarded(base_settings, source, door, index, dead_letters,
                       auth={**auth, secret: {"file": str(tmp_path / "secret")}})
    program = sluice(settings)
    run_through(program, Writer(source, seed=81, make=deal), source, search, index)
    assert not door.refused and door.passed and not dead_letters()
    assert PASSWORD not in program.log and TOKEN not in program.log


@pytest.mark.parametrize("service, token", [("es", None), ("aoss", "FwoGZXIvYXdzEBYaDA==session/token")])
def test_signed_requests_pass_an_independent_judge(
        sluice, base_settings, make_table, guard, search, index, dead_letters, service, token):
    source, keys = make_table("Deals", "deal_id"), aws_keys(token=token)
    door = guard(lambda request: judge(request))
    judge = signature_judge(keys, "eu-west-1", service, door.now, serverless=service == "aoss")
    settings = guarded(base_settings, source, door, index, dead_letters,
                       auth={"kind": "sigv4", "service": service, "region": "eu-west-1"})
    program = sluice(settings, env={"AWS_SESSION_TOKEN": token} if token else None)
    run_through(program, Writer(source, seed=82, make=deal), source, search, index)
    assert not door.refused and not dead_letters()
    assert {request.method for request in door.passed} >= {"GET", "PUT", "POST"}
    assert any(request.headers.get("content-encoding") == "gzip" for request in door.passed)
    assert not token or token not in program.log


def test_a_server_whose_clock_is_ahead_is_believed(
        sluice, base_settings, make_table, guard, search, index, dead_letters):
    source = make_table("Deals", "deal_id")
    door = guard(lambda request: judge(request))
    door.ahead_s = 1200
    judge = signature_judge(aws_keys(), "us-east-1", "es", door.now)
    program = sluice(guarded(base_settings, source, door, index, dead_letters, auth={"kind": "sigv4"}))
    run_through(program, Writer(source, seed=83, make=deal), source, search, index)
    assert 1 <= len(door.refused) <= 4  # those under way before the first answer
    assert "sink.waiting" not in program.log


def test_the_judge_refuses_keys_that_are_not_its_own(
        sluice, base_settings, make_table, guard, index, dead_letters):
    source = make_table("Deals", "deal_id")
    door = guard(lambda request: judge(request))
    judge = signature_judge(aws_keys(secret="a-secret-that-is-another-one-here"), "us-east-1", "es", door.now)
    Writer(source, seed=86, make=deal).write(5)
    program = sluice(guarded(base_settings, source, door, index, dead_letters, auth={"kind": "sigv4"})).start()
    program.wait_log("the signature is wrong.*signed for es in us-east-1 with credentials from environment")
    assert not door.passed


@pytest.mark.parametrize("auth, words", [
    ({"kind": "none"}, "asked without credentials; set `auth`"),
    ({"kind": "basic", "username": "sluice", "password": "wrong wrong wrong"}, "asked as user sluice with a password"),
    ({"kind": "sigv4"}, "signed for es in us-east-1 with credentials from environment"),
])
def test_a_refusal_says_what_was_used_and_not_the_secret(
        sluice, base_settings, make_table, guard, index, dead_letters, auth, words):
    source, door = make_table("Deals", "deal_id"), guard(header_judge("Basic of-somebody-else"))
    Writer(source, seed=84, make=deal).write(5)
    program = sluice(guarded(base_settings, source, door, index, dead_letters, auth=auth)).start()
    program.wait_log(words.replace("`", "."))
    program.assert_running()
    assert not door.passed
    assert "wrong wrong" not in program.log and base64.b64encode(b"sluice:wrong wrong wrong").decode() not in program.log


def test_a_client_certificate_opens_the_door(
        sluice, base_settings, make_table, guard, search, index, dead_letters, tmp_path):
    source, made = make_table("Deals", "deal_id"), Certificates(tmp_path)
    door = guard(lambda request: None, tls=server_context(made, client_ca=made.ca))
    settings = guarded(base_settings, source, door, index, dead_letters,
                       tls={"ca_file": made.ca, "cert_file": made.client_cert, "key_file": made.client_key})
    run_through(sluice(settings), Writer(source, seed=85, make=deal), source, search, index)
    assert door.passed


@pytest.mark.parametrize("url, sink, word", [
    ("https://c.eu-west-1.aoss.amazonaws.com", {"auth": {"kind": "sigv4", "service": "aoss"}}, None),
    ("https://c.eu-west-1.aoss.amazonaws.com", {"auth": {"kind": "sigv4"}}, 'the url is one of "aoss"'),
    ("https://c.eu-west-1.aoss.amazonaws.com", {}, "signed requests only"),
    ("http://search.test:9200", {"auth": {"kind": "basic", "username": "u", "password": "p"}}, "insecure = true"),
    ("https://search.test", {"auth": {"kind": "basic", "username": "u"}}, "'password' is missing"),
    ("https://search.test", {"auth": {"kind": "bearer", "token": "t", "region": "eu-west-1"}}, "region has no meaning"),
    ("https://search.test", {"auth": {"kind": "kerberos"}}, "expected"),
    ("http://127.0.0.1:9200", {"tls": {"ca_file": "/ca.pem"}}, "tls means nothing"),
])
def test_check_refuses_what_makes_no_sense(command, base_settings, tmp_path, url, sink, word):
    settings = {
        **base_settings, "sinks": [{"name": "search", "kind": "opensearch", "url": url, **sink}],
        "pipelines": [{"name": "deals", "table": "Deals", "handlers": [
            {"kind": "index", "name": "search", "sink": "search", "index": "deals", "document": ["deal_id"]}]}],
    }
    (tmp_path / "c.conf").write_text(settings_text(settings))
    done = command("check", "-c", tmp_path / "c.conf")
    assert (done.returncode == 0) == (word is None), done.stdout + done.stderr
    assert word is None or word in done.stdout + done.stderr
