"""The JSON schema that `sluice model schema` prints, beside the program: a validator that nobody here wrote must refuse
what has not the form of a data model, as sluice does, and take all that sluice takes."""

import copy
import json
import pathlib
import re
import subprocess

import jsonschema
import pytest

from harness.model_document import FILES, load
from harness.program import BINARY, environment
from harness.services import ROOT
from harness.validation import validate

KINDS = [None, True, 7, -1.5, "text", [], {}, ["a", 1], {"a": 1}]


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    done = subprocess.run([BINARY, "model", "schema"], capture_output=True, check=True, timeout=60,
                          env=environment(tmp_path_factory.mktemp("schema")))
    return json.loads(done.stdout)


@pytest.fixture
def judge(schema):
    """judge(document): what the schema has against it, in words."""
    validator = jsonschema.Draft202012Validator(schema)
    return lambda document: [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def table(name="Orders", **more):
    return {"TableName": name, "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST", **more}


STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
INDEX = {"IndexName": "ById", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]}}
COUNTER = {"kind": "counter", "name": "c", "source": "Orders", "table": "Stats", "key": {"id": "${item.id}"},
           "add": [{"attribute": "n"}]}

GET = "aws dynamodb get-item --table-name Stats --key id={S=1}"

# Every place of the format once, with all that may stand there.
WHOLE = {
    "tables": [table(GlobalSecondaryIndexes=[INDEX], StreamSpecification=STREAM,
                     TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"},
                     WarmThroughput={"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}), table("Stats")],
    "items": {"Orders": [{"PutRequest": {"Item": {"id": {"S": "1"}, "title": {"S": "a"}, "tags": {"SS": ["a", "b"]},
                                                  "more": {"M": {"list": {"L": [{"N": "1"}, {"BOOL": False},
                                                                                {"NULL": True}, {"B": "aGk="}]}}}}}},
                         {"DeleteRequest": {"Key": {"id": {"S": "2"}}}}]},
    "access_patterns": [{"pattern": "1", "description": "one", "table": "Orders", "index": "ById",
                         "dynamodb_operation": "Query", "implementation": ["aws dynamodb query --table-name Orders "
                         "--index-name ById --key-condition-expression 'id = :i' --expression-attribute-values "
                         "'{\":i\": {\"S\": \"1\"}}'"],
                         "expect": {"count": 1, "items": [{"id": {"S": "1"}}], "keys": [], "error": ""},
                         "rps": {"average": 1, "peak": 2}, "item_size_bytes": 100, "item_count": 1,
                         "strongly_consistent": False, "gsi_list": [], "served_by": "c"},
                        {"pattern": 2, "reason": "search", "rps": 5}],
    "sizing": {"Orders": {"item_size_bytes": 100, "item_count": 1000, "distinct_keys": 100, "hottest_key_share": 0.5,
                          "items_per_key": {"average": 1, "max": 2},
                          "indexes": {"ById": {"item_size_bytes": 50, "items_per_key": 3}}}},
    "stream_sinks": [{"name": "bus", "kind": "kafka", "brokers": "$(BROKERS:-127.0.0.1:9092)"},
                     {"name": "failures", "kind": "file", "path": "failures.jsonl"}],
    "stream_pipelines": [{"name": "orders", "table": "Orders", "start": "latest",
                          "on_failure": {"retries": 1, "max_age_s": 60, "bisect": True, "dead_letter": "failures"},
                          "batch": {"records": 10, "bytes": 2048, "window_ms": 0},
                          "poll": {"min_ms": 100, "max_ms": 200}, "on_trim": "skip", "on_new_stream": "stop",
                          "backfill": False}],
    "stream_handlers": [{**COUNTER, "pipeline": "orders", "enabled": True, "batch": {"records": 5}, "on_failure": {},
                         "filter": {"dynamodb": {"Keys": {"id": {"S": ["1"]}}}}, "backfill": False,
                         "events_per_s": 5, "audience_size": 0,
                         "expect_after": [{"run": [GET], "command": GET,
                                           "expect": {"count": 0, "items": [], "keys": [], "error": "", "messages": []}}]},
                        {"kind": "forward", "name": "f", "source": "Orders", "sink": "bus", "topic": "t",
                         "changed": ["title"], "filter": "{\"eventName\": [\"INSERT\"]}"}],
}

# As the reference tool has it: names that sluice does not know, and none of sluice's own.
REFERENCE = {
    "tables": [table()],
    "items": {"Orders": [{"PutRequest": {"Item": {"id": {"S": "1"}}}}]},
    "access_patterns": [{"pattern": "1", "description": "get an order", "table": "Orders", "index": "",
                         "dynamodb_operation": "GetItem", "implementation": "aws dynamodb get-item --table-name Orders "
                         "--key '{\"id\": {\"S\": \"1\"}}'", "author": "somebody"},
                        {"pattern": "2", "description": "search", "reason": "OpenSearch"}],
    "generated_by": "another tool",
}


def with_(path, value):
    """WHOLE with another value at a path of names and numbers."""
    document = copy.deepcopy(WHOLE)
    *way, last = path
    at = document
    for step in way:
        at = at[step]
    at[last] = value
    return document


def without(path):
    document = copy.deepcopy(WHOLE)
    *way, last = path
    at = document
    for step in way:
        at = at[step]
    del at[last]
    return document


WRONG = {
    "no object": [],
    "no tables": without(["tables"]),
    "no table": with_(["tables"], []),
    "a table that is text": with_(["tables", 1], "Stats"),
    "a table without a name": without(["tables", 1, "TableName"]),
    "a short name": with_(["tables", 1, "TableName"], "ab"),
    "a long name": with_(["tables", 1, "TableName"], "x" * 256),
    "a name in unicode": with_(["tables", 1, "TableName"], "Ordnungsgr\u00f6\u00dfe"),
    "no key": without(["tables", 1, "KeySchema"]),
    "an empty key": with_(["tables", 1, "KeySchema"], []),
    "no definitions": without(["tables", 1, "AttributeDefinitions"]),
    "a type of key": with_(["tables", 1, "AttributeDefinitions", 0, "AttributeType"], "SS"),
    "a kind of key": with_(["tables", 1, "KeySchema", 0, "KeyType"], "PARTITION"),
    "a mode of billing": with_(["tables", 1, "BillingMode"], "FREE"),
    "a view type": with_(["tables", 0, "StreamSpecification", "StreamViewType"], "ALL"),
    "a view type of no stream": with_(["tables", 0, "StreamSpecification"], {"StreamEnabled": False, "StreamViewType": "ALL"}),
    "an index without a projection": without(["tables", 0, "GlobalSecondaryIndexes", 0, "Projection"]),
    "a projection": with_(["tables", 0, "GlobalSecondaryIndexes", 0, "Projection", "ProjectionType"], "SOME"),
    "a warm throughput": with_(["tables", 0, "WarmThroughput", "ReadUnitsPerSecond"], -1),
    "101 indexes": with_(["tables", 0, "GlobalSecondaryIndexes"], [{**INDEX, "IndexName": f"i{i:03}"} for i in range(101)]),
    "an item without a request": with_(["items", "Orders", 0], {"Item": {"id": {"S": "1"}}}),
    "two types in a value": with_(["items", "Orders", 0, "PutRequest", "Item", "id"], {"S": "1", "N": "1"}),
    "a type of value": with_(["items", "Orders", 0, "PutRequest", "Item", "id"], {"T": "1"}),
    "a number as a number": with_(["items", "Orders", 0, "PutRequest", "Item", "title"], {"N": 1}),
    "a NULL that is false": with_(["items", "Orders", 0, "PutRequest", "Item", "title"], {"NULL": False}),
    "a set with a text twice": with_(["items", "Orders", 0, "PutRequest", "Item", "tags"], {"SS": ["a", "a"]}),
    "an empty set": with_(["items", "Orders", 0, "PutRequest", "Item", "tags"], {"SS": []}),
    "a plain value": with_(["items", "Orders", 0, "PutRequest", "Item", "title"], "a"),
    "a pattern without a number": without(["access_patterns", 0, "pattern"]),
    "a pattern without a reason": without(["access_patterns", 1, "reason"]),
    "a command that is an object": with_(["access_patterns", 0, "implementation"], {"aws": "dynamodb"}),
    "an unknown expectation": with_(["access_patterns", 0, "expect"], {"counts": 1}),
    "a count below nothing": with_(["access_patterns", 0, "expect", "count"], -1),
    "half an item": with_(["access_patterns", 0, "item_count"], 0.5),
    "a rate below nothing": with_(["access_patterns", 0, "rps"], -1),
    "an unknown rate": with_(["access_patterns", 0, "rps"], {"mean": 1}),
    "a share above one": with_(["sizing", "Orders", "hottest_key_share"], 50),
    "an unknown size": with_(["sizing", "Orders", "size"], 50),
    "indexes of an index": with_(["sizing", "Orders", "indexes", "ById", "indexes"], {}),
    "a sink without a kind": without(["stream_sinks", 0, "kind"]),
    "a sink that is text": with_(["stream_sinks", 0], "bus"),
    "501 sinks": with_(["stream_sinks"], [{"name": f"s{i}", "kind": "dynamodb"} for i in range(501)]),
    "a pipeline without a table": without(["stream_pipelines", 0, "table"]),
    "an unknown setting of a pipeline": with_(["stream_pipelines", 0, "beginning"], "latest"),
    "a batch of nothing": with_(["stream_pipelines", 0, "batch", "records"], 0),
    "a setting of failures": with_(["stream_pipelines", 0, "on_failure", "retrys"], 1),
    "a handler without a source": without(["stream_handlers", 0, "source"]),
    "a handler without a name": without(["stream_handlers", 0, "name"]),
    "a handler with a long name": with_(["stream_handlers", 0, "name"], "x" * 65),
    "a handler that may be": with_(["stream_handlers", 0, "enabled"], "maybe"),
    "a change that is text": with_(["stream_handlers", 1, "changed"], "title"),
    "an expectation without one": without(["stream_handlers", 0, "expect_after", 0, "expect"]),
    "an unknown step": with_(["stream_handlers", 0, "expect_after", 0, "commands"], []),
    "1,001 handlers": with_(["stream_handlers"], [{**COUNTER, "name": f"c{i}"} for i in range(1001)]),
}


def test_the_schema_is_one(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == json.loads((ROOT / "src" / "model" / "schema.json").read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_project_s_documents_fit(path, judge, tmp_path):
    document = load(path)
    assert judge(document) == []
    assert validate(tmp_path, document).codes() == set()


@pytest.mark.parametrize("document", [WHOLE, REFERENCE], ids=["whole", "reference"])
def test_what_sluice_takes_the_schema_takes(document, judge, tmp_path):
    verdict = validate(tmp_path, document)
    assert verdict.errors == 0, verdict.findings
    assert judge(document) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_has_no_form_both_refuse(name, judge, tmp_path):
    assert validate(tmp_path, WRONG[name]).errors > 0
    assert judge(WRONG[name]) != []


def places(node, path=()):
    """Every path of a document."""
    yield path
    for name, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(child, (*path, name))


def test_the_schema_is_not_stricter_than_sluice(judge, tmp_path):
    """Each value of WHOLE in its turn is another kind of value."""
    stricter = []
    for number, path in enumerate(places(WHOLE)):
        kind = KINDS[number % len(KINDS)]
        document = with_(path, kind) if path else kind
        verdict = validate(tmp_path, document)
        if verdict.errors == 0 and judge(document):
            stricter.append((path, kind, judge(document)))
    assert stricter == []


# --- the names that both know ---


def words():
    """All that could be a name: texts in the source of the reader and of the daemon's settings."""
    sources = [*(ROOT / "src" / "model").glob("document*.c"), *(ROOT / "src" / "app").glob("settings*.c")]
    return sorted({word for source in sources for word in re.findall(r'"([A-Za-z_]{2,40})"', source.read_text())})


def resolve(schema, part):
    return schema["$defs"][part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part


def schema_at(schema, path):
    """The part of the schema that describes a place of WHOLE."""
    part = schema
    for step in path:
        if "oneOf" in part:
            part, = [one for one in part["oneOf"] if step in one.get("properties", {})]
        part = resolve(schema, part["items"] if isinstance(step, int) else
                       part.get("properties", {}).get(step) or part["additionalProperties"])
    return part


KNOWN_TO_SCHEMA_ALONE = {
    # Of CreateTable: passed over by sluice, named for editors.
    "ProvisionedThroughput", "OnDemandThroughput", "SSESpecification", "TableClass", "DeletionProtectionEnabled", "Tags",
    "ResourcePolicy", "WarmThroughput",
}
PLACES = [
    (), ("tables", 0), ("tables", 0, "AttributeDefinitions", 0), ("tables", 0, "KeySchema", 0),
    ("tables", 0, "GlobalSecondaryIndexes", 0), ("tables", 0, "GlobalSecondaryIndexes", 0, "Projection"),
    ("tables", 0, "StreamSpecification"), ("tables", 0, "TimeToLiveSpecification"), ("tables", 0, "WarmThroughput"),
    ("items", "Orders", 0, "PutRequest"), ("items", "Orders", 1, "DeleteRequest"),
    ("access_patterns", 0), ("access_patterns", 0, "expect"), ("sizing", "Orders"),
    ("sizing", "Orders", "indexes", "ById"), ("stream_pipelines", 0), ("stream_pipelines", 0, "on_failure"),
    ("stream_pipelines", 0, "batch"), ("stream_pipelines", 0, "poll"),
    ("stream_handlers", 0, "expect_after", 0), ("stream_handlers", 0, "expect_after", 0, "expect"),
]


def text_of(path):
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def known_to_sluice(folder, place, candidates):
    """The words that it looks for at a place: where they are null, or false, it says that this is the wrong kind of value."""
    return known_by(folder, place, candidates, None) | known_by(folder, place, candidates, False)


def known_by(folder, place, candidates, wrong):
    known = set()
    for first in range(0, len(candidates), 80):
        document = copy.deepcopy(WHOLE)
        at = document
        for step in place:
            at = at[step]
        at.clear()
        at.update(dict.fromkeys(candidates[first:first + 80], wrong))
        for finding in validate(folder, document).findings:
            parent, _, word = finding["path"].rpartition(".")
            if parent == text_of(place) and word in candidates and not finding["text"].startswith(
                    ("this is not known", "unknown setting", "this is passed over", "handlers stand in")):
                known.add(word)
    return known


@pytest.mark.parametrize("place", PLACES, ids=text_of)
def test_both_know_the_same_names(place, schema, tmp_path):
    in_schema = set(schema_at(schema, place)["properties"])
    known = known_to_sluice(tmp_path, place, sorted({*words(), *in_schema}))
    if place and place[0] == "stream_pipelines" and len(place) == 2:
        known.add("start")  # said of its text, not of its kind
    assert known - in_schema == set(), "the schema lacks these"
    assert in_schema - known <= KNOWN_TO_SCHEMA_ALONE, "sluice knows nothing of these"
