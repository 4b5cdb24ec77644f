"""`sluice model validate` on real endpoints: what it finds, what it cannot judge, and that nothing stays behind."""

import copy
import json
import os
import signal
import subprocess
import time

import pytest

from harness.meddler import DROP, Meddler
from harness.model_document import FILES, GUIDE, load
from harness.program import BINARY, environment, run_command, sanitizer_report
from harness.services import ROOT
from harness.wait import eventually

PREFIX = "sluice-validate-"
DEALS = ROOT / "conf" / "examples" / "deals.json"
CHAT = ROOT / "tests" / "models" / "chat.json"


def tables(client):
    return sorted(name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]
                  if name.startswith(PREFIX))


@pytest.fixture
def nothing_stays(clients, tmp_path):
    """No table and no file of a run is there afterwards."""
    (tmp_path / "tmp").mkdir()
    before = tables(clients.dynamodb)
    yield
    assert tables(clients.dynamodb) == before
    assert not list((tmp_path / "tmp").iterdir())


@pytest.fixture
def meddler(dynamodb):
    made = []

    def make(meddle=None):
        made.append(Meddler(dynamodb.port, meddle))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def validate(dynamodb, tmp_path, nothing_stays):
    """validate(document or path, *options): (exit code, the JSON result, stderr)."""

    def run(document, *options, endpoint=dynamodb.url, **env):
        path = document
        if isinstance(document, dict):
            path = tmp_path / "model.json"
            path.write_text(json.dumps(document))
        done = run_command("model", "validate", path, "--json", *(["--endpoint", endpoint] if endpoint else []), *options,
                           cwd=tmp_path, env={"TMPDIR": str(tmp_path / "tmp"), **env}, timeout=120)
        return done.returncode, json.loads(done.stdout), done.stderr

    return run


def by_name(result):
    return {**{one["pattern_id"]: one for one in result["patterns"]},
            **{one["name"]: one for one in result["handler_results"]}}


# -- models that are right


@pytest.mark.parametrize("path", [path for path in FILES if path != GUIDE], ids=lambda path: path.stem)
def test_models_pass(validate, path):
    code, result, _ = validate(path)
    verdicts = by_name(result)
    assert code == 0 and result["ok"], [one for one in verdicts.values() if one["verdict"] == "failed"]
    document = load(path)
    assert len(verdicts) == len(document["access_patterns"]) + len(document["stream_handlers"])
    for one in verdicts.values():
        assert one["verdict"] == "passed" or one["reason"], one
    for handler in document["stream_handlers"]:
        expected = "not checked" if handler["kind"] == "copy" else "passed"
        assert verdicts[handler["name"]]["verdict"] == expected, verdicts[handler["name"]]
    for pattern in document["access_patterns"]:
        one = verdicts[pattern["pattern"]]
        if "implementation" not in pattern:
            assert one["verdict"] == "not checked" and pattern["reason"] in one["reason"]
        elif one["verdict"] == "not checked":
            assert one["reason"] == "endpoint lacks multi-attribute keys"


def test_the_guides_model_passes(validate):
    code, result, _ = validate(load(GUIDE))
    assert code == 0 and result["ok"]


def test_people_get_a_table(validate, dynamodb, tmp_path):
    done = run_command("model", "validate", CHAT, "--endpoint", dynamodb.url, cwd=tmp_path,
                       env={"TMPDIR": str(tmp_path / "tmp")})
    assert done.returncode == 0 and done.stderr == ""
    assert "  7       passed       Query " in done.stdout
    assert "  message-counts             passed       counter\n" in done.stdout
    assert "Patterns: 12 passed, 0 failed, 1 not checked; handlers: 2 passed, 0 failed, 0 not checked\n" in done.stdout
    assert "live validation passed" in done.stdout


def test_without_an_endpoint_the_live_run_is_offered(validate, tmp_path):
    done = run_command("model", "validate", CHAT, cwd=tmp_path)
    assert done.returncode == 0
    assert "--start-local" in done.stdout.splitlines()[-1]
    code, result, _ = validate(CHAT, endpoint=None)
    assert code == 0 and result["live"] == "not run: no endpoint given"


def test_several_attributes_in_a_key_are_checked_where_they_can_be(moto, moto_clients, validate):
    document = load(ROOT / "tests" / "models" / "saas.json")
    document["stream_handlers"] = []
    for pattern in document["access_patterns"]:
        pattern.pop("served_by", None)
    document["access_patterns"] = [one for one in document["access_patterns"] if one["pattern"] != "14"]
    code, result, _ = validate(document)
    assert by_name(result)["11"]["reason"] == "endpoint lacks multi-attribute keys"
    code, result, _ = validate(document, endpoint=moto.url, **moto.keys)
    assert code == 0, [one for one in by_name(result).values() if one["verdict"] == "failed"]
    assert by_name(result)["11"]["verdict"] == "passed"
    assert not tables(moto_clients.dynamodb)


# -- models that are wrong


def pattern_of(document, number):
    return next(one for one in document["access_patterns"] if one["pattern"] == number)


def handler_of(document, name):
    return next(one for one in document["stream_handlers"] if one["name"] == name)


def plant(path, change):
    document = copy.deepcopy(load(path))
    change(document)
    return document


def keep_handlers(document, kept):
    """The handlers that `kept` says, and the pipelines that have some."""
    document["stream_handlers"] = [one for one in document["stream_handlers"] if kept(one)]
    pipelines = {one.get("pipeline") for one in document["stream_handlers"]}
    if "stream_pipelines" in document:
        document["stream_pipelines"] = [one for one in document["stream_pipelines"] if one["name"] in pipelines]


def set_expect(number, expect):
    return lambda document: pattern_of(document, number).update(expect=expect)


def set_step(name, number, **members):
    return lambda document: handler_of(document, name)["expect_after"][number].update(members)


MISTAKES = [
    ("4", DEALS, set_expect("4", {"count": 1, "items": [{"title": {"S": "Speaker"}}]}),
     'items[0].title: expected {"S":"Speaker"}, found {"S":"Headphones"}'),
    ("10", DEALS, set_expect("10", {"count": 0}), "count: expected 0, found 1"),
    ("5", DEALS, set_expect("5", {"items": [{"deal_id": {"S": "d-20261101-0001"}}, {"deal_id": {"S": "d-20261102-0001"}}]}),
     "the order differs"),
    ("1b", DEALS, set_expect("1b", {}), "expected success, found ConditionalCheckFailedException"),
    ("1", DEALS, set_expect("1", {"error": "ConditionalCheckFailedException"}), "the command succeeded"),
    ("13b", DEALS, set_expect("13b", {"error": "ConditionalCheckFailedException"}), "found TransactionCanceledException"),
    ("3", DEALS, set_expect("3", {"items": [{"status": {"S": "live"}}]}), 'found {"S":"ended"}'),
    ("7", CHAT, set_expect("7", {"keys": [{"message_id": {"S": "m-20261101-0002"}}]}), "keys of 1 items, the answer has 2"),
    ("11", CHAT, set_expect("11", {"items": [{"messages": {"N": "3"}}]}), 'found {"N":"2"}'),
    ("message-counts", CHAT, set_step("message-counts", 1, expect={"count": 1, "items": [{"messages": {"N": "2"}}]}),
     'expect_after[1]: items[0].messages: expected {"N":"2"}, found {"N":"1"}'),
    ("push", CHAT, set_step("push", 0, expect={"count": 4}), "expect_after[0]: count: expected 4 messages, found 5"),
    ("push", CHAT, set_step("push", 0, expect={"count": 6}), "expect_after[0]: count: expected 6 messages, found 5"),
    ("push", CHAT, set_step("push", 1, expect={"count": 2, "messages": [{"user_id": "ben", "body": "Where?"}]}),
     'expect_after[1]: messages[0].body: expected "Where?", found "When?"'),
    ("deal-search", DEALS, set_step("deal-search", 0, expect={"count": 5}), "count: expected 5 messages, found 4"),
    ("deals-by-category", DEALS,
     lambda document: handler_of(document, "deals-by-category").update(where={"status": ["ended"]}), "expect_after[0]: count"),
    ("deals-per-brand", DEALS, set_step("deals-per-brand", 0, command=None), "messages"),
]


@pytest.mark.parametrize("name, path, change, difference", MISTAKES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_mistake_is_found(validate, name, path, change, difference):
    document = plant(path, change)
    for handler in document["stream_handlers"]:
        for step in handler["expect_after"]:
            if step.get("command", "") is None:
                del step["command"]
    # Only what the mistake is about: the rest has its own test.
    kept = handler_of(document, name) if not name[0].isdigit() else None
    keep_handlers(document, lambda one: one is kept or (not kept and one["name"] == pattern_of(document, name).get("served_by")))
    names = {one["name"] for one in document["stream_handlers"]}
    document["access_patterns"] = [one for one in document["access_patterns"] if one.get("served_by") in names | {None}]
    code, result, _ = validate(document)
    failed = {key: one for key, one in by_name(result).items() if one["verdict"] == "failed"}
    assert code == 1 and not result["ok"]
    served = [one["pattern"] for one in document["access_patterns"] if one.get("served_by") == name]
    assert name in failed and set(failed) <= {name, *served}
    assert any(difference in text for text in failed[name]["differences"]), failed[name]["differences"]


def test_a_poisonous_item_fails_its_handler(validate):
    def change(document):
        document["items"]["Readings"][0]["PutRequest"]["Item"]["celsius"] = {"S": "warm"}

    document = plant(ROOT / "tests" / "models" / "iot.json", change)
    code, result, _ = validate(document)
    assert code == 1
    assert any("dead letter" in text for text in by_name(result)["site-hours"]["differences"])


def test_a_broken_first_command_fails_its_pattern(validate):
    def change(document):
        pattern = pattern_of(document, "1")
        pattern["implementation"] = [pattern["implementation"], pattern["implementation"], "aws dynamodb get-item "
                                     "--table-name Deals --key '{\"deal_id\":{\"S\":\"x\"}}'"]

    document = plant(DEALS, change)
    keep_handlers(document, lambda one: False)
    for pattern in document["access_patterns"]:
        pattern.pop("served_by", None)
    _, result, _ = validate(document)
    one = by_name(result)["1"]
    assert one["verdict"] == "failed"
    assert one["differences"][0].startswith("command 2 of 3 (PutItem): expected success, found ConditionalCheckFailed")


def test_patterns_do_not_see_each_other(validate):
    """Each writes what the next one would find changed: put, update, delete, batch, transaction."""
    table = {"TableName": "Notes", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
             "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
             "DeletionProtectionEnabled": True}
    writes = [
        "put-item --table-name Notes --item '{\"id\":{\"S\":\"a\"},\"text\":{\"S\":\"new\"}}'",
        "update-item --table-name Notes --key '{\"id\":{\"S\":\"a\"}}' --update-expression 'REMOVE body'",
        "delete-item --table-name Notes --key '{\"id\":{\"S\":\"a\"}}'",
        "put-item --table-name Notes --item '{\"id\":{\"S\":\"new\"}}'",
        "batch-write-item --request-items '{\"Notes\":[{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"a\"}}}},"
        "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"c\"}}}}]}'",
        "transact-write-items --transact-items '[{\"Delete\":{\"TableName\":\"Notes\",\"Key\":{\"id\":{\"S\":\"a\"}}}},"
        "{\"Put\":{\"TableName\":\"Notes\",\"Item\":{\"id\":{\"S\":\"d\"}}}}]'",
    ]
    scan = "aws dynamodb scan --table-name Notes --consistent-read"
    items = [{"id": {"S": "a"}, "body": {"S": "x"}, "n": {"N": "1"}, "b": {"B": "AAE="}, "ns": {"NS": ["1", "2"]}},
             {"id": {"S": "b"}, "l": {"L": [{"NULL": True}, {"M": {"k": {"BOOL": False}}}]}}]
    document = {"tables": [table], "items": {"Notes": [{"PutRequest": {"Item": item}} for item in items]}, "access_patterns": []}
    for number, write in enumerate(writes):
        operation = "".join(word.capitalize() for word in write.split()[0].split("-"))
        document["access_patterns"] += [
            {"pattern": f"{number}w", "description": "writes", "table": "Notes", "dynamodb_operation": operation,
             "implementation": ["aws dynamodb " + write, scan], "expect": {"count": [2, 2, 1, 3, 2, 2][number]}},
            {"pattern": f"{number}r", "description": "reads", "table": "Notes", "dynamodb_operation": "Scan",
             "implementation": scan, "expect": {"count": 2, "items": items[::-1]}},
        ]
    code, result, _ = validate(document)
    if result["errors"]:
        pytest.fail(json.dumps(result["findings"]))
    assert code == 0, by_name(result)


def test_a_request_token_is_good_for_one_trial(validate):
    """The service would take a second pattern, or a second run within ten minutes, for the first."""
    table = {"TableName": "Notes", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
             "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    write = ("aws dynamodb transact-write-items --client-request-token once --transact-items '[{\"Put\":{\"TableName\":"
             "\"Notes\",\"Item\":{\"id\":{\"S\":\"a\"}},\"ConditionExpression\":\"attribute_not_exists(id)\"}}]'")
    read = "aws dynamodb get-item --table-name Notes --key '{\"id\":{\"S\":\"a\"}}' --consistent-read"
    document = {"tables": [table], "items": {}, "access_patterns": [
        {"pattern": number, "description": "writes once", "table": "Notes", "dynamodb_operation": "TransactWriteItems",
         "implementation": commands, "expect": {"count": 1}}
        for number, commands in [("1", [write, read]), ("2", [write, write, read])]]}
    for _ in range(2):
        code, result, _ = validate(document)
        assert code == 0, result["findings"] or by_name(result)


def test_a_read_is_followed_page_by_page(validate):
    table = {"TableName": "Notes", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
             "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    scan = "aws dynamodb scan --table-name Notes --consistent-read"
    document = {"tables": [table], "items": {"Notes": [{"PutRequest": {"Item": {"id": {"S": str(n)}}}} for n in range(60)]},
                "access_patterns": []}
    for number, (more, count) in enumerate([("", 60), (" --page-size 7", 60), (" --page-size 7 --max-items 20", 20),
                                            (" --limit 5", 5), (" --page-size 7 --no-paginate", 7), (" --select COUNT", 60)]):
        document["access_patterns"].append(
            {"pattern": str(number), "description": "reads" + more, "table": "Notes", "dynamodb_operation": "Scan",
             "implementation": scan + more, "expect": {"count": count}})
    if "--no-paginate" in json.dumps(document):
        document["access_patterns"] = [one for one in document["access_patterns"] if "no-paginate" not in one["description"]]
    code, result, _ = validate(document)
    assert not result["errors"], result["findings"]
    assert code == 0, by_name(result)


OTHERS = ["list-tables", "describe-table --table-name Conversations", "delete-table --table-name Conversations",
          "update-time-to-live --table-name Messages --time-to-live-specification Enabled=true,AttributeName=ttl",
          "execute-statement --statement 'DELETE FROM \"Conversations\" WHERE conversation_id = 1'"]


@pytest.mark.parametrize("command", OTHERS, ids=lambda command: command.split()[0])
def test_only_operations_on_items_are_run(validate, meddler, command):
    document = load(CHAT)
    document["stream_handlers"] = []
    for pattern in document["access_patterns"]:
        pattern.pop("served_by", None)
    document["access_patterns"][1]["implementation"] = "aws dynamodb " + command
    del document["access_patterns"][1]["dynamodb_operation"]
    proxy = meddler()
    code, result, _ = validate(document, endpoint=proxy.url)
    if result["errors"]:  # a lint has something against it already
        assert not proxy.counts
        return
    one = by_name(result)[document["access_patterns"][1]["pattern"]]
    assert one["verdict"] == "not checked" and "only operations on items" in one["reason"]
    assert not {"ListTables", "UpdateTimeToLive", "ExecuteStatement"} & set(proxy.counts)
    assert proxy.counts["DeleteTable"] == proxy.counts["CreateTable"] == len(document["tables"])


def test_the_longest_names_are_tried(validate):
    document = json.loads(json.dumps(load(CHAT)).replace("Conversations", "C" * 255).replace("Memberships", "C" * 254 + "m"))
    code, result, _ = validate(document)
    assert code == 0, result["findings"] or by_name(result)


def test_errors_stop_before_the_live_run(validate, meddler):
    proxy = meddler()
    document = plant(CHAT, lambda document: pattern_of(document, "2").update(table="Nowhere"))
    code, result, _ = validate(document, endpoint=proxy.url)
    assert code == 1 and result["errors"] and result["live"] == "not run: the model has errors"
    assert not proxy.counts


# -- where


@pytest.mark.parametrize("endpoint", ["http://198.51.100.7:8000", "http://localhost.example.com:8000", "ftp://127.0.0.1/",
                                      "http://127.0.0.1@198.51.100.7/"])
def test_a_foreign_endpoint_is_refused(validate, endpoint):
    code, result, stderr = validate(CHAT, endpoint=endpoint)
    assert code == 1 and not result["ok"]
    assert "--yes-create-tables" in stderr and "--yes-create-tables" in result["problem"]


def test_a_foreign_endpoint_is_used_when_that_is_meant(validate, dynamodb):
    """0.0.0.0 leads here, too, but is no address of this machine by its name."""
    foreign = f"http://0.0.0.0:{dynamodb.port}"
    code, _, stderr = validate(CHAT, endpoint=foreign)
    assert code == 1 and "--yes-create-tables" in stderr
    code, result, _ = validate(CHAT, "--yes-create-tables", endpoint=foreign, AWS_REGION="eu-west-1")
    assert code == 0 and result["ok"], result.get("problem")


def test_two_endpoints_are_one_too_many(tmp_path):
    done = run_command("model", "validate", CHAT, "--endpoint", "http://127.0.0.1:1", "--start-local", cwd=tmp_path)
    assert done.returncode == 2 and "found both" in done.stderr


def test_nobody_at_the_endpoint_is_said(validate):
    code, result, stderr = validate(CHAT, endpoint="http://127.0.0.1:1")
    assert code == 1 and not result["ok"]
    assert "127.0.0.1:1" in stderr and "Traceback" not in stderr


# -- endings


def start(tmp_path, endpoint, path=DEALS):
    return subprocess.Popen([BINARY, "model", "validate", path, "--endpoint", endpoint, "--json"], cwd=tmp_path,
                            env=environment(tmp_path, TMPDIR=str(tmp_path / "tmp")), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    stdout, stderr = process.communicate(timeout=60)
    assert not sanitizer_report(stderr), stderr
    return process.returncode, json.loads(stdout), stderr


PHASES = [("CreateTable", 1, signal.SIGINT), ("CreateTable", 7, signal.SIGTERM), ("DescribeTable", 3, signal.SIGINT),
          ("BatchWriteItem", 2, signal.SIGTERM), ("CreateTable", 14, signal.SIGINT), ("GetRecords", 2, signal.SIGTERM),
          ("UpdateItem", 1, signal.SIGINT), ("GetItem", 12, signal.SIGTERM),
          ("Query", 9, signal.SIGHUP), ("DeleteTable", 2, signal.SIGTERM)]


@pytest.mark.parametrize("operation, nth, number", PHASES, ids=str)
def test_a_signal_leaves_nothing_behind(clients, meddler, tmp_path, nothing_stays, operation, nth, number):
    started = []

    def meddle(name, count, _):
        if (name, count) == (operation, nth):
            started[0].send_signal(number)

    proxy = meddler(meddle)
    started.append(start(tmp_path, proxy.url))
    code, result, stderr = finish(started[0])
    assert proxy.counts[operation] >= nth
    if operation != "DeleteTable":  # these belong to handlers that are done, or to the end
        assert code == 1 and not result["ok"]
        assert "stopped before the end" in stderr and "a second signal ends it at once" in stderr
    assert result["live"]["tables_left"] == []


def test_killed_in_the_middle_only_tables_of_the_run_stay(clients, meddler, tmp_path):
    """Nothing can clean up then; what stays can be told by its name."""
    (tmp_path / "tmp").mkdir()
    started = []
    proxy = meddler(lambda name, count, _: started[0].kill() if (name, count) == ("GetRecords", 2) else None)
    before = tables(clients.dynamodb)
    started.append(start(tmp_path, proxy.url))
    started[0].communicate(timeout=60)
    left = [name for name in tables(clients.dynamodb) if name not in before]
    assert left
    for name in left:
        clients.dynamodb.delete_table(TableName=name)


@pytest.mark.parametrize("operation, nth", [("CreateTable", 3), ("BatchWriteItem", 1), ("GetRecords", 2), ("GetItem", 12)],
                         ids=str)
def test_an_endpoint_that_dies_is_said_with_what_stays(clients, meddler, tmp_path, operation, nth):
    dead = []

    def meddle(name, count, _):
        if (name, count) == (operation, nth):
            dead.append(True)
        return DROP if dead else None

    (tmp_path / "tmp").mkdir()
    before = tables(clients.dynamodb)
    proxy = meddler(meddle)
    code, result, stderr = finish(start(tmp_path, proxy.url))
    left = [name for name in tables(clients.dynamodb) if name not in before]
    assert code == 1 and not result["ok"] and result["problem"] in stderr
    assert left and set(left) <= set(result["live"]["tables_left"])
    assert not list((tmp_path / "tmp").iterdir())
    for name in left:
        clients.dynamodb.delete_table(TableName=name)


GARBAGE = [b"", b"<html>502</html>", b"[]", b"{", b'{"Items":7}', b'{"Item":{"id":{"Z":1}}}', b"{}" * 3]


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize("operation", ["GetItem", "Query"])
def test_hostile_answers_give_an_error(meddler, tmp_path, nothing_stays, operation, body):
    proxy = meddler(lambda name, count, _: (200, body) if name == operation else None)
    document = load(CHAT)
    document["stream_handlers"] = []
    for pattern in document["access_patterns"]:
        pattern.pop("served_by", None)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(document))
    code, result, stderr = finish(start(tmp_path, proxy.url, path))
    assert code == 1 and not result["ok"]
    assert stderr.strip()
    assert result["live"]["tables_left"] == []


def test_throttles_are_waited_out(meddler, validate):
    body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                       "message": "slow"}).encode()
    proxy = meddler(lambda name, count, _: (400, body) if name in ("BatchWriteItem", "PutItem", "DeleteTable") and count % 3 == 1
                    else None)
    code, result, _ = validate(CHAT, endpoint=proxy.url)
    assert code == 0, by_name(result)


def test_a_table_that_cannot_be_dropped_is_named(clients, meddler, tmp_path):
    body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException", "message": "no"}).encode()
    proxy = meddler(lambda name, count, body_: (400, body) if name == "DeleteTable" and b"-Memberships" in body_ else None)
    (tmp_path / "tmp").mkdir()
    code, result, _ = finish(start(tmp_path, proxy.url, CHAT))
    left = tables(clients.dynamodb)
    assert code == 1 and left
    assert sorted(result["live"]["tables_left"]) == left
    assert all(name.endswith("-Memberships") for name in left)
    for name in left:
        clients.dynamodb.delete_table(TableName=name)


# -- the file beside the model


def test_the_answers_are_written_beside_the_model(dynamodb, tmp_path):
    path = tmp_path / "dynamodb_data_model.json"
    report = tmp_path / "dynamodb_model_validation.json"
    path.write_text(CHAT.read_text())
    for _ in range(2):  # its own file is replaced
        done = run_command("model", "validate", path, "--endpoint", dynamodb.url, cwd=tmp_path)
        assert done.returncode == 0
        rows = json.loads(report.read_text())["validation_response"]
        assert [row["pattern_id"] for row in rows] == [one["pattern"] for one in load(CHAT)["access_patterns"]]
        two = next(row for row in rows if row["pattern_id"] == "2")
        assert two["verdict"] == "passed" and two["dynamodb_operation"] == "GetItem"
        assert two["response"]["Item"]["title"] == {"S": "Holiday"} and two["command"].startswith("aws dynamodb get-item")
    report.write_text('{"validation_response": []}')
    done = run_command("model", "validate", path, "--endpoint", dynamodb.url, cwd=tmp_path)
    assert done.returncode == 0 and "left alone" in done.stderr
    assert report.read_text() == '{"validation_response": []}'


# -- an endpoint of its own


def running_local():
    found = subprocess.run(["pgrep", "-fc", "sluice-local-"], capture_output=True, text=True, check=False)
    return int(found.stdout or 0)


def test_dynamodb_local_is_started_and_stopped(tmp_path):
    before = running_local()
    done = run_command("model", "validate", CHAT, "--start-local", "--json", cwd=tmp_path, timeout=120)
    result = json.loads(done.stdout)
    assert done.returncode == 0 and result["ok"], done.stderr
    assert result["live"]["endpoint"].startswith("http://127.0.0.1:")
    eventually(lambda: running_local() == before, 10, "the service, and the script that watches it, to end")


@pytest.mark.parametrize("after_s", [0.3, 3])
def test_dynamodb_local_is_stopped_by_a_signal(tmp_path, after_s):
    before = running_local()
    process = subprocess.Popen([BINARY, "model", "validate", DEALS, "--start-local"], cwd=tmp_path, env=environment(tmp_path),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(after_s)  # somewhere in it
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode in (0, 1) and not sanitizer_report(stderr), stderr
    eventually(lambda: running_local() == before, 10, "the service to end")


def test_what_is_missing_for_dynamodb_local_is_said(tmp_path):
    done = run_command("model", "validate", CHAT, "--start-local", cwd=tmp_path, env={"SLUICE_SERVICES_DIR": str(tmp_path)})
    assert done.returncode == 1
    assert "SLUICE_SERVICES_DIR" in done.stderr and "--endpoint" in done.stderr
    done = run_command("model", "validate", CHAT, "--start-local", cwd=tmp_path, env={"SERVICES_LIB": str(tmp_path)})
    assert done.returncode == 1 and "deploy/services/install.sh" in done.stderr


def test_kept_variables_are_not_needed(validate):
    """A sink's variable without a default: the handler is not run, and the reason names it."""
    document = plant(CHAT, lambda document: document["stream_sinks"][0].update(brokers="$(NO_SUCH_BROKERS)"))
    code, result, _ = validate(document)
    one = by_name(result)["push"]
    assert code == 0 and one["verdict"] == "not checked" and "NO_SUCH_BROKERS" in one["reason"], one
    os.environ.pop("NO_SUCH_BROKERS", None)
    code, result, _ = validate(document, NO_SUCH_BROKERS="nowhere:9092")
    assert by_name(result)["push"]["verdict"] == "passed"
