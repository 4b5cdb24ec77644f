"""The model documents of conf/examples, tests/models and the guide, judged by botocore and DynamoDB Local.

None of sluice's own code has a part in it. Handlers do not run here, so what only they would
write is not compared; neither are indexes that DynamoDB Local cannot make.
"""

import json

import pytest

from harness.aws_command import Mistake, check_parameters, parse
from harness.model_document import (FILES, GUIDE, LiveModel, Outcome, check_table, commands, index_of, load,
                                    multi_attribute, rename, table_of)

EXPECTED = {"deals", "photos", "photos-multi-table", "ecommerce", "iot", "chat", "leaderboard", "saas", GUIDE.stem}
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def document(request):
    return load(request.param)


@pytest.fixture
def live(clients, document):
    model = LiveModel(clients.dynamodb, document)
    try:
        yield model.create()
    finally:
        model.drop()


def patterns(document):
    return [pattern for pattern in document["access_patterns"] if "implementation" in pattern]


def handlers(document):
    return document.get("stream_handlers", [])


def all_commands(document):
    """(where, command) of every pattern and every handler's expectation."""
    for pattern in patterns(document):
        for line in commands(pattern["implementation"]):
            yield f"pattern {pattern['pattern']}", line
    for handler in handlers(document):
        for step in handler["expect_after"]:
            for line in [*step.get("run", []), *([step["command"]] if "command" in step else [])]:
                yield f"handler {handler['name']}", line


def test_all_documents_are_there():
    assert {path.stem for path in FILES} == EXPECTED


def test_tables_fit_the_api(document):
    names = [table["TableName"] for table in document["tables"]]
    assert len(set(names)) == len(names)
    for table in document["tables"]:
        check_table(table)
        indexes = table.get("GlobalSecondaryIndexes", []) + table.get("LocalSecondaryIndexes", [])
        keys = {key["AttributeName"] for schema in [table, *indexes] for key in schema["KeySchema"]}
        assert keys == {one["AttributeName"] for one in table["AttributeDefinitions"]}, table["TableName"]
        for index in indexes:
            kinds = [key["KeyType"] for key in index["KeySchema"]]
            assert kinds == sorted(kinds) and 1 <= kinds.count("HASH") <= 4 and kinds.count("RANGE") <= 4


def test_commands_fit_the_api_and_name_what_the_model_has(document):
    for where, line in all_commands(document):
        _, parameters = parse(line)
        named = set()
        rename(parameters, lambda table: named.add(table) or table)
        for table in named:
            assert table_of(document, table), f"{where}: no table {table}"
        if "IndexName" in parameters:
            assert index_of(table_of(document, parameters["TableName"]), parameters["IndexName"]), where


def test_each_pattern_says_how_it_is_served_and_what_comes_of_it(document):
    numbers = [pattern["pattern"] for pattern in document["access_patterns"]]
    assert len(set(numbers)) == len(numbers)
    handler_names = {handler["name"] for handler in handlers(document)}
    for pattern in document["access_patterns"]:
        assert pattern.get("served_by", next(iter(handler_names), None)) in handler_names | {None}
        if "implementation" not in pattern:
            assert pattern["reason"]
            continue
        operation, parameters = parse(commands(pattern["implementation"])[-1])
        assert pattern["dynamodb_operation"] in {operation, parse(commands(pattern["implementation"])[0])[0]}
        assert pattern.get("index") == parameters.get("IndexName"), pattern["pattern"]
        assert set(pattern["expect"]) <= {"count", "items", "error"}
        assert pattern["expect"] or operation in WRITES, f"pattern {pattern['pattern']} expects nothing"


def test_every_table_and_index_is_used(document):
    used = set()
    for _, line in all_commands(document):
        _, parameters = parse(line)
        used.add((parameters.get("TableName"), parameters.get("IndexName")))
        rename(parameters, lambda table: used.add((table, None)) or table)
    for handler in handlers(document):
        used.update((source.get("table"), source.get("index")) for source in handler.get("audience", []))
    for table in document["tables"]:
        assert (table["TableName"], None) in used, table["TableName"]
        for index in table.get("GlobalSecondaryIndexes", []) + table.get("LocalSecondaryIndexes", []):
            assert (table["TableName"], index["IndexName"]) in used, index["IndexName"]


def test_sizing_names_tables_and_indexes_of_the_model(document):
    assert {table["TableName"] for table in document["tables"]} == set(document["sizing"])
    for name, sizing in document["sizing"].items():
        table = table_of(document, name)
        for index, inner in sizing.get("indexes", {}).items():
            assert index_of(table, index), f"{name}: no index {index}"
            assert inner["item_size_bytes"] <= sizing["item_size_bytes"] and inner["item_count"] <= sizing["item_count"]


def test_handlers_name_tables_streams_and_sinks_of_the_model(document):
    sinks = {sink["name"] for sink in document.get("stream_sinks", [])}
    pipelines = {pipeline["name"]: pipeline["table"] for pipeline in document.get("stream_pipelines", [])}
    for handler in handlers(document):
        source = table_of(document, handler["source"])
        assert source["StreamSpecification"]["StreamEnabled"], handler["name"]
        assert pipelines.get(handler.get("pipeline"), handler["source"]) == handler["source"]
        assert {handler[name] for name in ("sink",) if name in handler} <= sinks
        for name in [handler.get("table"), *(source.get("table") for source in handler.get("audience", []))]:
            assert name is None or table_of(document, name), f"{handler['name']}: no table {name}"
        assert handler["expect_after"] and all("expect" in step for step in handler["expect_after"])


def test_examples_expect_something_of_every_change(document):
    """Not inserts alone: each handler is also judged after an update or a removal."""
    for handler in handlers(document):
        assert any("run" in step for step in handler["expect_after"]), handler["name"]


def test_patterns_give_what_the_document_expects(live, document):
    """Every command runs; what it gives is compared unless a handler or a missing index has a part in it."""
    failed, compared = {}, 0
    for pattern in patterns(document):
        if (pattern["table"], pattern.get("index")) in live.left_out:
            assert multi_attribute(index_of(table_of(document, pattern["table"]), pattern["index"]))
            continue
        if "served_by" in pattern:
            outcome = live.run(commands(pattern["implementation"])[-1])
            found = [] if outcome.error in (None, "ConditionalCheckFailedException") else [outcome.error]
        else:
            found, compared = live.differences(pattern), compared + 1
        if found:
            failed[pattern["pattern"]] = found
    assert not failed, json.dumps(failed, indent=1)
    assert compared >= 3


def test_handlers_commands_are_accepted(live, document):
    """Changes that expectations make are valid writes of the sample items, and what reads them runs."""
    for handler in handlers(document):
        before = live.contents()
        for step in handler["expect_after"]:
            for line in [*step.get("run", []), *([step["command"]] if "command" in step else [])]:
                if "IndexName" in (parameters := parse(line)[1]) and \
                        (parameters["TableName"], parameters["IndexName"]) in live.left_out:
                    continue
                assert live.run(line).error is None, f"{handler['name']}: {line}"
        live.restore(before)


# -- the judges themselves

ROWS = [{"id": {"S": "a"}, "n": {"N": "1"}}, {"id": {"S": "b"}, "n": {"N": "2"}}]


@pytest.mark.parametrize("expect, fits", [
    ({}, True),
    ({"count": 2, "items": [{"id": {"S": "a"}}, {"id": {"S": "b"}}]}, True),
    ({"items": [{"n": {"N": "2"}}]}, True),
    ({"count": 1}, False),
    ({"items": [{"id": {"S": "b"}}, {"id": {"S": "a"}}]}, False),
    ({"items": [{"id": {"S": "a"}, "n": {"N": "2"}}]}, False),
    ({"items": [{"id": {"S": "a"}}, {"id": {"S": "a"}}]}, False),
    ({"error": "ConditionalCheckFailedException"}, False),
], ids=str)
def test_an_outcome_is_compared(expect, fits):
    assert (not Outcome(ROWS).differences(expect)) == fits
    assert Outcome(error="ValidationException").differences(expect)


@pytest.mark.parametrize("line, parameters", [
    ("aws dynamodb get-item --table-name T --key 'id={S=a},n={N=1}' --no-consistent-read",
     {"TableName": "T", "Key": {"id": {"S": "a"}, "n": {"N": "1"}}, "ConsistentRead": False}),
    ('aws dynamodb query --table-name T --key-condition-expression "id = :i" --limit 5 '
     '--expression-attribute-values \'{":i":{"S":"a"}}\' --expression-attribute-names "#s=status"',
     {"TableName": "T", "KeyConditionExpression": "id = :i", "Limit": 5,
      "ExpressionAttributeValues": {":i": {"S": "a"}}, "ExpressionAttributeNames": {"#s": "status"}}),
])
def test_a_command_is_read(line, parameters):
    assert parse(line)[1] == parameters


@pytest.mark.parametrize("line", [
    "aws dynamodb get-items --table-name T",
    "aws s3 ls",
    "aws dynamodb get-item --table-name T --key id={S=a} --tabel T",
    "aws dynamodb get-item --table-name T --key id={S=a",
    "aws dynamodb get-item --table-name T --key file:///etc/passwd",
    "aws dynamodb get-item --table-name T",
    "aws dynamodb get-item --table-name T --table-name U --key id={S=a}",
    "aws dynamodb get-item --table-name T --key '{\"id\":{\"Z\":\"a\"}}'",
    "aws dynamodb scan --table-name T ; rm x",
])
def test_a_command_that_the_cli_refuses_is_refused(line):
    with pytest.raises((Mistake, ValueError)):
        parse(line)


def test_parameters_that_do_not_fit_are_refused():
    with pytest.raises(Mistake):
        check_parameters("CreateTable", {"TableName": "T", "KeySchema": "id"})
