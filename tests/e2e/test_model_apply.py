"""`sluice model apply` on DynamoDB Local, judged by what boto3 then finds there."""

import json
import signal
import socket
import subprocess

import pytest

from harness.model_document import load, multi_attribute
from harness.program import BINARY, environment
from harness.services import ROOT
from harness.wait import eventually

EXAMPLES = ROOT / "conf" / "examples"
DEALS = EXAMPLES / "deals.json"


@pytest.fixture
def apply(command, empty_dynamodb):
    """apply(file, *options): the result of `sluice model apply FILE --json`, with its exit code."""

    def run(file, *options):
        done = command("model", "apply", file, "--endpoint", empty_dynamodb.url, "--json", *options)
        assert done.stdout, done.stderr
        result = json.loads(done.stdout)
        result["code"] = done.returncode
        return result

    return run


@pytest.fixture
def small(tmp_path):
    """small(**more): a file with one table, Orders, whose definition has these members, too."""

    def write(items=(), **more):
        table = {"TableName": "Orders", "BillingMode": "PAY_PER_REQUEST",
                 "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                 "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], **more}
        requests = [{"PutRequest": {"Item": item}} for item in items]
        (tmp_path / "small.json").write_text(json.dumps({"tables": [table], "items": {"Orders": requests}}))
        return "small.json"

    return write


BY_DAY = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "day", "AttributeType": "S"}],
    "GlobalSecondaryIndexes": [{"IndexName": "ByDay", "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
                                "Projection": {"ProjectionType": "ALL"}}],
}
STREAM = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
TTL = {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "gone"}}


def states(result):
    return [(one["code"], one["state"]) for one in result["states"]]


def scan(client, table):
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sorted((item for page in pages for item in page["Items"]), key=lambda item: json.dumps(item, sort_keys=True))


def check_against(client, document):
    """All tables are there as the document has them, but for indexes that DynamoDB Local cannot make."""
    for table in document["tables"]:
        there = client.describe_table(TableName=table["TableName"])["Table"]
        assert there["TableStatus"] == "ACTIVE"
        assert there["KeySchema"] == table["KeySchema"]
        wanted = {one["IndexName"]: one for one in table.get("GlobalSecondaryIndexes", []) if not multi_attribute(one)}
        found = {one["IndexName"]: one for one in there.get("GlobalSecondaryIndexes", [])}
        assert set(found) == set(wanted), table["TableName"]
        for name, index in wanted.items():
            assert found[name]["IndexStatus"] == "ACTIVE" and found[name]["KeySchema"] == index["KeySchema"]
            assert found[name]["Projection"]["ProjectionType"] == index["Projection"]["ProjectionType"]
        assert there.get("StreamSpecification", {}) == table.get("StreamSpecification", {})
        ttl = client.describe_time_to_live(TableName=table["TableName"])["TimeToLiveDescription"]
        assert ttl.get("AttributeName") == table.get("TimeToLiveSpecification", {}).get("AttributeName")


@pytest.mark.parametrize("name", ["deals", "photos", "photos-multi-table"])
def test_all_that_is_missing_is_made_once(apply, empty_dynamodb, name):
    file = EXAMPLES / f"{name}.json"
    document = load(file)
    first = apply(file, "--items")
    assert first["code"] == 0, first
    check_against(empty_dynamodb.client, document)
    wanted = sum(len(requests) for requests in document["items"].values())
    assert first["items"] == {"asked": wanted, "put": wanted, "there": 0, "failed": 0, "barred": 0}
    before = {table["TableName"]: scan(empty_dynamodb.client, table["TableName"]) for table in document["tables"]}
    again = apply(file, "--items")
    assert again["code"] == 0, again
    assert {state for _, state in states(again)} <= {"endpoint-lacks"}
    assert again["items"]["put"] == 0 and again["items"]["there"] == wanted
    assert before == {name: scan(empty_dynamodb.client, name) for name in before}


def test_the_plan_is_shown_before_anything_is_done(command, empty_dynamodb, small):
    done = command("model", "apply", small(**STREAM, **TTL), "--endpoint", empty_dynamodb.url)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines.index("Plan, in this order:") < lines.index("done: Create the table Orders, with its stream.")
    assert lines[-1] == "2 done, 0 failed, 0 not done, 0 left"
    done = command("model", "apply", "small.json", "--endpoint", empty_dynamodb.url)
    assert done.returncode == 0
    assert done.stdout.startswith("Plan: nothing to do")


def test_index_stream_and_ttl_are_added_to_a_table_that_is_there(apply, empty_dynamodb, small, tmp_path):
    client = empty_dynamodb.client
    assert apply(small([{"id": {"S": "1"}, "day": {"S": "mon"}}]), "--items")["code"] == 0
    result = apply(small(**BY_DAY, **STREAM, **TTL))
    assert result["code"] == 0
    assert states(result) == [("create-index", "done"), ("enable-stream", "done"), ("enable-ttl", "done")]
    check_against(client, json.loads((tmp_path / "small.json").read_text()))
    found = client.query(TableName="Orders", IndexName="ByDay", KeyConditionExpression="#d = :d",
                         ExpressionAttributeNames={"#d": "day"}, ExpressionAttributeValues={":d": {"S": "mon"}})
    assert found["Count"] == 1, "the index was filled from what was there"


def test_an_item_that_is_there_stays_as_it_is(apply, empty_dynamodb, small):
    client = empty_dynamodb.client
    file = small([{"id": {"S": "1"}, "n": {"N": "1"}}, {"id": {"S": "2"}}])
    assert apply(file)["code"] == 0
    mine = {"id": {"S": "1"}, "n": {"N": "99"}, "mine": {"BOOL": True}}
    client.put_item(TableName="Orders", Item=mine)
    result = apply(file, "--items")
    assert result["items"] == {"asked": 2, "put": 1, "there": 1, "failed": 0, "barred": 0}
    assert client.get_item(TableName="Orders", Key={"id": {"S": "1"}})["Item"] == mine


def test_what_would_take_away_is_left_and_listed(apply, command, empty_dynamodb, small):
    client = empty_dynamodb.client
    assert apply(small(**BY_DAY, **STREAM, **TTL))["code"] == 0
    before = client.describe_table(TableName="Orders")["Table"]
    result = apply(small(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}))
    assert result["code"] == 1 and result["complete"] is False
    assert sorted(states(result)) == [("delete-index", "left"), ("disable-stream", "left"), ("disable-ttl", "left"),
                                      ("enable-stream-again", "left")]
    assert client.describe_table(TableName="Orders")["Table"] == before
    shown = command("model", "apply", "small.json", "--endpoint", empty_dynamodb.url)
    assert shown.returncode == 1
    assert "Delete the index ByDay of Orders." in shown.stdout and "aws dynamodb update-table" in shown.stdout


def test_another_key_is_not_made_in_place(apply, empty_dynamodb, small):
    assert apply(small())["code"] == 0
    other = {"AttributeDefinitions": [{"AttributeName": "other", "AttributeType": "S"}],
             "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}]}
    result = apply(small(**other))
    assert result["code"] == 1
    assert {state for _, state in states(result)} == {"left"}
    assert empty_dynamodb.client.list_tables()["TableNames"] == ["Orders"]


def test_tables_that_the_model_does_not_name_are_not_looked_at(apply, empty_dynamodb, small):
    client = empty_dynamodb.client
    client.create_table(TableName="Foreign", BillingMode="PAY_PER_REQUEST", **{
        "AttributeDefinitions": [{"AttributeName": "x", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}]})
    assert apply(small())["code"] == 0
    assert sorted(client.list_tables()["TableNames"]) == ["Foreign", "Orders"]


def start(tmp_path, url, *options):
    return subprocess.Popen([BINARY, "model", "apply", DEALS, "--endpoint", url, "--items", *options], cwd=tmp_path,
                            env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_ended_half_way_is_gone_on_with(apply, empty_dynamodb, tmp_path, number):
    program = start(tmp_path, empty_dynamodb.url)
    eventually(lambda: len(empty_dynamodb.client.list_tables()["TableNames"]) >= 2, what="two tables")
    program.send_signal(number)
    shown, _ = program.communicate(timeout=60)
    if number == signal.SIGINT and program.returncode != 0:  # 0: it was done already
        assert program.returncode == 1
        assert "stopped: " in shown and "run it again to go on" in shown
    result = apply(DEALS, "--items")
    assert result["code"] == 0, result
    check_against(empty_dynamodb.client, load(DEALS))
    assert result["items"]["put"] + result["items"]["there"] == result["items"]["asked"]


def test_elsewhere_tables_are_made_only_when_that_is_said(command, small):
    done = command("model", "apply", small(), "--endpoint", "http://dynamodb.example.com:8000")
    assert done.returncode == 2 and done.stdout == ""
    assert "--yes-create-tables" in done.stderr and "dynamodb.example.com" in done.stderr
    done = command("model", "apply", "small.json")
    assert done.returncode == 2 and "--yes-create-tables" in done.stderr


def test_an_endpoint_where_nobody_answers_is_named_and_nothing_was_changed(command, small):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = command("model", "apply", small(), "--endpoint", f"http://127.0.0.1:{port}")
    assert done.returncode == 1 and done.stdout == ""
    assert f"127.0.0.1:{port}" in done.stderr and "nothing was changed" in done.stderr
