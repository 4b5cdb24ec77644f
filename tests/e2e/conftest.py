"""Fixtures. A service starts when the first test asks for it and stops with the session.

A service that cannot be started fails the tests that need it; nothing is skipped for its sake.
"""

import json
import os
import pathlib
import subprocess
import types
import uuid

import boto3
import botocore.config
import pytest
from opensearchpy import OpenSearch

from harness.forwarded import read_lines
from harness.program import BINARY, Sluice, environment, run_command, sanitizer_report
from harness.relay import Relay
from harness.services import Service
from harness.tables import Clients, Table, Writing

_PROGRAMS = pytest.StashKey()


def _clients(url, key="test", secret="test"):
    settings = botocore.config.Config(retries={"max_attempts": 3}, max_pool_connections=16)
    made = [
        boto3.client(name, endpoint_url=url, region_name="us-east-1", aws_access_key_id=key,
                     aws_secret_access_key=secret, config=settings)
        for name in ("dynamodb", "dynamodbstreams")
    ]
    return Clients(*made)


def _service(name, tmp_path_factory, **env):
    service = Service(name, tmp_path_factory.mktemp(name), **env)
    try:
        yield service.start()
    finally:
        service.stop()


@pytest.fixture(scope="session")
def dynamodb(tmp_path_factory):
    """DynamoDB Local; it verifies no signatures."""
    yield from _service("dynamodb-local", tmp_path_factory)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    """One Kafka broker; topics made on first use have 4 partitions."""
    yield from _service("kafka", tmp_path_factory, KAFKA_PARTITIONS="4")


@pytest.fixture(scope="session")
def opensearch(tmp_path_factory):
    """One OpenSearch node without security."""
    yield from _service("opensearch", tmp_path_factory)


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """The judge of signatures; `keys` on it are the ones it accepts."""
    service = Service("moto", tmp_path_factory.mktemp("moto"))
    try:
        service.start()
        lines = (service.folder / "credentials.env").read_text().split()
        service.keys = dict(line.split("=", 1) for line in lines)
        (service.folder / "used-keys.env").write_text("\n".join(lines) + "\n")  # for tests/check-secrets
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="session")
def session_keys(moto):
    """Keys with a session token: those of a role that may do everything."""

    def client(name):
        return boto3.client(name, endpoint_url=moto.url, region_name="us-east-1",
                            aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=moto.keys["AWS_SECRET_ACCESS_KEY"])

    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    trust = {"Version": "2012-10-17",
             "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
    iam = client("iam")
    role = iam.create_role(RoleName="judged", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName="judged", PolicyName="all", PolicyDocument=json.dumps(everything))
    keys = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="judged")["Credentials"]
    return {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"]}


@pytest.fixture
def aws_call(tmp_path):
    """aws_call(endpoint, service, operation, body, *options, **env): the finished process of
    tests/judge/aws_call; options as there ("method=GET")."""

    def call(endpoint, service, operation, body, *options, **env):
        text = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        done = subprocess.run(
            [BINARY.parent / "tests" / "judge" / "aws_call", endpoint, service, operation, *options], input=text,
            capture_output=True, timeout=60, env=environment(tmp_path, **{"AWS_REGION": "us-east-1", **env}),
        )
        errors = done.stderr.decode()
        assert not sanitizer_report(errors), errors
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            assert not env.get(name) or env[name] not in errors
        return done

    return call


@pytest.fixture(scope="session")
def clients(dynamodb):
    """boto3's clients for DynamoDB and its streams, on DynamoDB Local."""
    return _clients(dynamodb.url)


@pytest.fixture(scope="module")
def _dynamodb_of_models(tmp_path_factory):
    yield from _service("dynamodb-local", tmp_path_factory)


@pytest.fixture
def empty_dynamodb(_dynamodb_of_models):
    """A DynamoDB Local without any table: `url`, and `client`, boto3's."""
    client = _clients(_dynamodb_of_models.url).dynamodb
    yield types.SimpleNamespace(url=_dynamodb_of_models.url, client=client)
    for page in client.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            client.delete_table(TableName=name)


@pytest.fixture(scope="session")
def moto_clients(moto):
    return _clients(moto.url, moto.keys["AWS_ACCESS_KEY_ID"], moto.keys["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture(scope="session")
def search(opensearch):
    """An OpenSearch client."""
    return OpenSearch(opensearch.url, timeout=30)


@pytest.fixture
def make_table(clients):
    """make_table("Deals", "deal_id", "sort:N", view=…): a created table, dropped after the test."""
    made = []

    def make(prefix, partition_key, sort_key=None, **more):
        table = Table(more.pop("clients", clients), prefix, partition_key, sort_key, **more)
        made.append(table)
        return table.create()

    yield make
    for table in made:
        table.drop()


@pytest.fixture
def write_behind():
    """write_behind(writer): a Writing; ended with the test."""
    started = []

    def start(writer):
        started.append(Writing(writer))
        return started[-1]

    yield start
    for writing in started:
        writing.finish()


@pytest.fixture
def make_relay():
    """make_relay(port): a closed relay to that port."""
    made = []

    def make(port):
        made.append(Relay(port))
        return made[-1]

    yield make
    for relay in made:
        relay.close()


@pytest.fixture
def app():
    """A name of this test alone: its state rows, groups and topics begin with it."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def base_settings(dynamodb, app):
    """Settings every run starts from: quick take-over and check-points, state on DynamoDB Local."""
    return {
        "version": 1,
        "app": app,
        "aws": {"region": "us-east-1", "endpoint_url": dynamodb.url},
        "state": {"table": f"{app}-state"},
        "leases": {"failover_s": 2},
        "checkpoint_ms": 200,
        "drain_s": 20,
        "log": {"level": "debug"},
    }


@pytest.fixture
def sluice(request, tmp_path):
    """sluice(settings, env={…}): a Sluice that is not started yet; gone after the test."""
    made = request.node.stash.setdefault(_PROGRAMS, [])

    def make(settings, env=None):
        folder = tmp_path / f"run-{len(made)}"
        folder.mkdir()
        made.append(Sluice(folder, settings, env))
        return made[-1]

    yield make
    for program in made:
        program.discard()
    for program in made:
        program.assert_clean()


@pytest.fixture
def dead_letters(tmp_path):
    """dead_letters.sink: a file sink's settings; dead_letters(): the letters in it."""
    path = tmp_path / "dead-letters.jsonl"

    def read():
        letters, torn = read_lines(path)
        assert not torn
        return letters

    read.sink = {"name": "dead", "kind": "file", "path": str(path)}
    return read


@pytest.fixture
def command(tmp_path):
    """command("check", "-c", file): a subcommand run to its end."""

    def run(*arguments, **more):
        return run_command(*arguments, cwd=tmp_path, **more)

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows the end of the log of every program it ran."""
    report = yield
    if report.failed:
        for program in item.stash.get(_PROGRAMS, []):
            report.sections.append((f"log of {program.folder.name}", program.log[-8000:]))
    return report


def pytest_sessionfinish(session, exitstatus):
    """With COUNTS set, adds "PASSED FAILED" to that file, as tests/run-unit does."""
    counts = os.environ.get("COUNTS")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not counts or reporter is None:
        return
    number = {kind: len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
    failed = number["failed"] + number["error"] + number["skipped"]  # a skipped test proves nothing
    if exitstatus != 0 and failed == 0:
        failed = 1
    with pathlib.Path(counts).open("a") as file:
        file.write(f"{number['passed']} {failed}\n")
