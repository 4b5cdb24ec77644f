"""Functions invoked as an event source mapping of DynamoDB Streams does it."""

import json
import random

import pytest

from harness.chaos import survive_kills
from harness.function_server import FunctionServer, identifier
from harness.tables import Writer, plain


@pytest.fixture
def function():
    made = []

    def make(behave=lambda records: (None, None)):
        made.append(FunctionServer(behave))
        return made[-1]

    yield make
    for server in made:
        server.close()


def to_function(base_settings, table_name, server, sink=None, pipeline=None):
    return {
        **base_settings,
        "sinks": [{"name": "out", "kind": "lambda", "endpoint_url": server.url, **(sink or {})}],
        "pipelines": [{
            "name": "deals", "table": table_name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
            "on_failure": {"retries": 1000000},
            "handlers": [{"kind": "forward", "name": "all", "sink": "out", "function": "deals"}],
            **(pipeline or {}),
        }],
    }


def numbers(records):
    return [record["dynamodb"]["SequenceNumber"] for record in records]


def wait_done(program, server, records, timeout=60):
    wanted = set(numbers(records))
    program.wait_for(lambda: wanted <= set(numbers(server.done)), timeout, f"{len(wanted)} records accepted")


def as_mapping_sends(record, stream_arn):
    """boto3's record as a function sees it."""
    body = dict(record["dynamodb"])
    body["ApproximateCreationDateTime"] = int(body["ApproximateCreationDateTime"].timestamp())
    return {**{name: record[name] for name in ("eventID", "eventName", "eventVersion", "eventSource", "awsRegion")},
            "dynamodb": body, "eventSourceARN": stream_arn}


def in_order_of_items(accepted, records):
    """What a function that drops what is not newer keeps is the stream's own order, item by item."""
    held, kept, wanted = {}, {}, {}
    for record in accepted:
        item, number = json.dumps(record["dynamodb"]["Keys"]), int(record["dynamodb"]["SequenceNumber"])
        if number > held.get(item, -1):
            held[item] = number
            kept.setdefault(item, []).append(record["eventID"])
    for record in records:
        wanted.setdefault(json.dumps(record["dynamodb"]["Keys"]), []).append(record["eventID"])
    return kept == wanted


def test_the_event_is_the_one_of_an_event_source_mapping(sluice, base_settings, make_table, function):
    table, server = make_table("Deals", "id"), function()
    table.put(id="a", n=1, tags={"x", "y"}, nested={"list": [1, "two", None]})
    table.put(id="a", n=2)
    table.delete(id="a")
    program = sluice(to_function(base_settings, table.name, server)).start()
    records = table.records()
    wait_done(program, server, records)
    program.stop()
    assert server.paths == {"/2015-03-31/functions/deals/invocations"}
    assert server.done == [as_mapping_sends(record, table.stream_arn) for record in records]


@pytest.mark.parametrize("lanes", [1, 4])
def test_failures_of_records_and_functions_lose_nothing_and_keep_order(
        sluice, base_settings, make_table, function, lanes):
    rng = random.Random(5)

    def behave(records):
        chance = rng.random()
        if chance < 0.1:
            return {"errorMessage": "boom", "errorType": "Error"}, "Unhandled"
        if chance < 0.3:
            chosen = rng.sample(records, min(len(records), 3))
            return {"batchItemFailures": [{"itemIdentifier": identifier(record)} for record in chosen]}, None
        return rng.choice([None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}]), None

    table, server = make_table("Deals", "id"), function(behave)
    Writer(table, seed=2).write(200)
    settings = to_function(base_settings, table.name, server, {"records": 17, "concurrency": lanes})
    program = sluice(settings).start()
    records = table.records()
    wait_done(program, server, records)
    program.stop()
    assert in_order_of_items(server.done, records)
    if lanes == 1:
        assert list(dict.fromkeys(numbers(server.done))) == numbers(records), "a shard's own order"


def test_kill_9_loses_nothing_and_keeps_order(sluice, base_settings, make_table, write_behind, function):
    table, server = make_table("Deals", "id"), function()
    program = sluice(to_function(base_settings, table.name, server, {"records": 10}))
    survive_kills(program, write_behind(Writer(table, seed=3)), random.Random(3))
    records = table.records()
    wait_done(program, server, records)
    program.stop()
    assert in_order_of_items(server.done, records)


def test_a_record_that_fails_the_function_is_found_and_dead_lettered(
        sluice, base_settings, make_table, function, dead_letters):
    def behave(records):
        if any(plain(record["dynamodb"]["Keys"])["id"] == "bad" for record in records):
            return {"errorMessage": "cannot read it", "errorType": "ValueError"}, "Unhandled"
        return None, None

    table, server = make_table("Deals", "id"), function(behave)
    for n in range(40):
        table.put(id="bad" if n == 17 else f"item-{n}", n=n)
    settings = to_function(base_settings, table.name, server, pipeline={
        "on_failure": {"retries": 2, "dead_letter": "dead"}})
    settings["sinks"].append(dead_letters.sink)
    program = sluice(settings).start()
    records = table.records()
    wait_done(program, server, records[:17] + records[18:])
    letter, = program.wait_for(dead_letters, what="the dead letter")
    program.stop()
    assert letter["sequence_number"] == records[17]["dynamodb"]["SequenceNumber"]
    assert letter["code"] == "lambda.function_error" and "ValueError: cannot read it" in letter["reason"]
    assert letter["attempts"] == 3


def test_a_fan_outs_notifications_come_as_messages(sluice, base_settings, make_table, function):
    deals, followers, server = make_table("Deals", "id"), make_table("Followers", "who", "user"), function()
    for n in range(7):
        followers.put(who="BRAND#1", user=f"user-{n}")
    settings = to_function(base_settings, deals.name, server)
    settings["pipelines"][0]["handlers"] = [{
        "kind": "fanout", "name": "alerts", "sink": "out", "function": "notify",
        "audience": [{"table": followers.name, "key": "BRAND#${new.brand}"}], "member": "user",
        "message": {"user": "${member.user}", "deal": "${new.id}"}, "message_key": "${member.user}",
    }]
    program = sluice(settings).start()
    deals.put(id="d1", brand="1")
    program.wait_for(lambda: len(server.done) >= 7, what="seven notifications")
    program.stop()
    assert {record["eventSource"] for record in server.done} == {"sluice"}
    assert {json.loads(record["body"])["user"] for record in server.done} == {f"user-{n}" for n in range(7)}
    for record in server.done:
        assert record["messageAttributes"]["sluice-notification-id"]["stringValue"] == record["messageId"]
        assert record["attributes"]["MessageGroupId"] == json.loads(record["body"])["user"]
