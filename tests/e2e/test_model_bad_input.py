"""Documents that nobody means well, through the real program: it ends by itself, with the exit code 1 and findings at
their places, and does not need more memory than its bounds say. How fast that is, is measured by hand."""

import json
import os

import pytest

from harness.program import BINARY
from harness.validation import run_validate, validate

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
# Twice the largest document, its values, its settings, and the program; sanitizers reserve more than there is.
MEMORY = None if "san-" in str(BINARY) else 600 << 20


def table(name="Orders", keys=("id",), indexes=()):
    return {"TableName": name, "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
            "KeySchema": [{"AttributeName": keys[0], "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": STREAM, **({"GlobalSecondaryIndexes": indexes} if indexes else {})}


def index(name, *keys):
    return {"IndexName": name, "Projection": {"ProjectionType": "ALL"},
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH" if i == 0 else "RANGE"} for i, key in enumerate(keys)]}


def item(**more):
    return {"PutRequest": {"Item": {"id": {"S": "1"}, **more}}}


def counter(number, source="Orders", target="Stats", **more):
    return {"kind": "counter", "name": f"c{number}", "source": source, "table": target, "key": {"id": "${item.id}"},
            "add": [{"attribute": "n"}], **more}


def forward(number=0, **more):
    return {"kind": "forward", "name": f"f{number}", "source": "Orders", "sink": "bus", "topic": "t", **more}


def document(**more):
    return json.dumps({"tables": [table(), table("Stats")], **more}).encode()


def circle(tables, handlers):
    return json.dumps({"tables": [table(f"Table{i}") for i in range(tables)],
                       "stream_handlers": [counter(i, f"Table{i % tables}", f"Table{(i + 1) % tables}")
                                           for i in range(handlers)]}).encode()


def hundred_indexes(tables):
    keys = [f"a{i:03}" for i in range(200)]
    return json.dumps({"tables": [table(f"Table{t}", keys, [index(f"i{i:03}", keys[i], keys[i + 100]) for i in range(100)])
                                  for t in range(tables)]}).encode()


def put(attributes):
    return f"aws dynamodb put-item --table-name Orders --item '{json.dumps({'id': {'S': '1'}, **attributes})}'"


def query(condition, more):
    return (f"aws dynamodb query --table-name Orders --key-condition-expression '{condition}' "
            f"--expression-attribute-values '{json.dumps({':i': {'S': '1'}})}' {more}")


# A document, and the codes of errors that must be found in it.
BAD = {
    "nothing": (b"", {"json-syntax"}),
    "a NUL": (b'{"tables"\0: []}', {"json-syntax"}),
    "a control character": (b'{"tables": [{"TableName": "a\x01b"}]}', {"json-syntax"}),
    "bytes that are no UTF-8": (b'{"tables": [{"TableName": "\xff\xfe"}]}', {"json-syntax"}),
    "half a surrogate pair": (b'{"tables": [{"TableName": "\\ud800"}]}', {"string"}),
    "half a document": (b'{"tables": [', {"json-syntax"}),
    "10,000 lists in each other": (b"[" * 10000 + b"]" * 10000, {"json-depth"}),
    "10,000 objects in each other": (b'{"tables":' + b'{"a":' * 10000 + b"1" + b"}" * 10001, {"json-depth"}),
    "a million brackets": (b"[" * 1000000, {"json-depth"}),
    "50 MB of one item": (document(items={"Orders": [item(text={"S": "x" * (49 << 20)})]}), {"item-size"}),
    "three million values": (b'{"tables": [' + b"1," * 3000000 + b"1]}", {"document-size"}),
    "a name 100,000 times": (b"{" + b",".join([b'"tables": []'] * 100000) + b"}", {"duplicate-name"}),
    "100,000 items with one key": (document(items={"Orders": [item()] * 100000}), {"item-twice"}),
    "names with what terminals obey": (document(stream_handlers=[counter("\x1b[31m\x00\u202e")]), {"handler-name"}),
    "names in unicode": (json.dumps({"tables": [table("Größe"), table("\U0001f600" * 100)]}).encode(), {"name"}),
    "names of 300 characters": (json.dumps({"tables": [table("x" * 300)], "stream_sinks": [{"name": "y" * 300, "kind": "z" * 300}],
                                            "stream_handlers": [counter("n" * 300, "x" * 300)]}).encode(),
                                {"name", "sink-setting", "handler-name"}),
    "a circle of 500 handlers": (circle(500, 1000), {"handler-cycle"}),
    "1,000 handlers of one table": (document(stream_handlers=[counter(i) for i in range(1000)]), {"handler-setting"}),
    "1,001 handlers": (document(stream_handlers=[counter(i) for i in range(1001)]), {"too-many"}),
    "1,000 handlers with 1,000 settings": (document(stream_handlers=[
        {**{f"zz{k}": 1 for k in range(1000)}, **counter(i)} for i in range(500)]), {"handler-setting"}),
    "500 sinks that nobody has": (document(stream_handlers=[forward(i) for i in range(500)],
                                           stream_sinks=[{"name": f"s{i}", "kind": "file", "path": "a/../" * 1000 + f"f{i}"}
                                                         for i in range(500)]), {"handler-sink"}),
    "one file for 500 sinks": (document(stream_sinks=[{"name": f"s{i}", "kind": "file", "path": "b/../a"}
                                                      for i in range(500)]), {"sink-setting"}),
    "variables in variables": (document(stream_sinks=[{"name": "s", "kind": "kafka", "brokers": "$(A:-" * 30000}]),
                               {"sink-setting"}),
    "a filter of ten million numbers": (document(stream_handlers=[forward(filter="[" + "1," * 10000000 + "1]")]),
                                        {"handler-setting", "lint-memory"}),
    "a filter of wild cards": (document(stream_handlers=[forward(filter={"a": [{"wildcard": "*a" * 4000}] * 1000})]),
                               {"handler-setting"}),
    "500,000 templates": (document(stream_handlers=[forward(message=["${new.a}${old.b}"] * 500000)]), {"lint-work"}),
    "a template of 10 MB": (document(stream_handlers=[forward(message={"a": "${new." + "a." * 5000000 + "b}"})]),
                            {"handler-setting"}),
    "templates times items": (document(items={"Orders": [{"PutRequest": {"Item": {"id": {"S": str(i)}}}} for i in range(20000)]},
                                       stream_handlers=[counter(i, set={f"a{k}": f"${{item.z{k}}}" for k in range(20)})
                                                        for i in range(100)]), {"lint-work"}),
    "one item with 200,000 attributes": (json.dumps({
        "tables": [table(keys=[f"k{i:03}" for i in range(200)],
                         indexes=[index(f"i{i:03}", f"k{i:03}", f"k{i + 100:03}") for i in range(100)])],
        "items": {"Orders": [item(k000={"S": "1"}, **{f"z{i}": {"S": ""} for i in range(200000)})]}}).encode(), {"lint-work"}),
    "patterns times indexes": (json.dumps({
        "tables": [table(f"Table{t}", indexes=[index(f"i{i:03}", "id") for i in range(100)]) for t in range(50)],
        "access_patterns": [{"pattern": i, "table": f"Table{i % 50}", "dynamodb_operation": "PutItem", "rps": 1,
                             "implementation": "x" * 2000} for i in range(2000)]}).encode(), {"command.program"}),
    "puts times indexes": (json.dumps({
        "tables": [table(indexes=[index(f"i{i:03}", "id", f"a{i:03}") for i in range(100)])],
        "access_patterns": [{"pattern": i, "implementation": put({f"z{k}": {"S": ""} for k in range(300)})}
                            for i in range(2000)]}).encode(), {"lint-work"}),
    "queries times projected attributes": (json.dumps({
        "tables": [table(indexes=[{**index("Big", "id"), "Projection": {"ProjectionType": "INCLUDE",
                                                                        "NonKeyAttributes": ["x"] * 100000}}])],
        "access_patterns": [{"pattern": i, "implementation": query("id = :i", "--index-name Big --projection-expression a,b")}
                            for i in range(10000)]}).encode(), {"lint-work", "expression.not-projected"}),
    "10,000 filters of 4 KB": (json.dumps({
        "tables": [table()], "access_patterns": [{"pattern": i, "implementation": query("id = :i", "--filter-expression '"
                                                  + " AND ".join(["ab = :i"] * 300) + "'")} for i in range(10000)]}).encode(),
                               {"lint-memory"}),
    "20,002 commands": (document(access_patterns=[{"pattern": 1, "implementation": ["aws dynamodb list-tables"] * 20002}]), {"lint-work"}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_is_judged(name, tmp_path):
    text, codes = BAD[name]
    verdict = validate(tmp_path, text, memory=MEMORY)
    assert codes <= verdict.codes(), verdict.findings[:5]
    assert all(finding["text"].isprintable() and finding["path"].isprintable() for finding in verdict.findings)


def test_a_file_of_51_mb_is_not_read(tmp_path):
    done = run_validate(tmp_path, b" " * (51 << 20), codes=(2,))
    assert b"model.json is larger than 52428800 bytes" in done.stderr and not done.stdout


def test_what_is_shown_cannot_write_to_the_terminal(tmp_path):
    names = ["\x1b[31m", "\x07", "\x9b31m", "a\rb\nc"]
    text = document(stream_handlers=[counter(name) for name in names], **{name: 1 for name in names})
    shown = run_validate(tmp_path, text).stdout.decode()
    assert all(character.isprintable() or character in "\n\u202e" for character in shown)


def test_findings_end_and_the_rest_is_counted(tmp_path):
    text = document(access_patterns=[{"pattern": i} for i in range(5000)])
    verdict = validate(tmp_path, text)
    assert verdict.errors == 5000 and len(verdict.findings) == 500
    assert f"and {verdict.errors + verdict.warnings - 500} more\n" in run_validate(tmp_path, text).stdout.decode()


def test_files_of_secrets_are_not_read(tmp_path):
    """Nor is anything that a document names: a validator that opened it would wait here for ever."""
    os.mkfifo(tmp_path / "pipe")
    pipe = str(tmp_path / "pipe")
    sinks = [{"name": "k", "kind": "kafka", "brokers": "b:9092", "properties": [{"name": "sasl.password", "file": pipe}]},
             {"name": "w", "kind": "webhook", "secrets": [{"file": pipe}], "headers": [{"name": "X-Key", "file": pipe}]},
             {"name": "o", "kind": "opensearch", "url": "https://h", "auth": {"kind": "bearer", "token": {"file": pipe}}}]
    handlers = [{"kind": "index", "name": "i", "source": "Orders", "sink": "o", "index": "orders", "mapping_file": pipe}]
    verdict = validate(tmp_path, document(stream_sinks=sinks, stream_handlers=handlers), timeout=20)
    assert verdict.errors == 0, verdict.findings


def test_variables_of_the_environment_are_not_looked_up(tmp_path):
    sinks = [{"name": "a", "kind": "opensearch", "url": "$(SEARCH_URL)"},
             {"name": "b", "kind": "opensearch", "url": "$(SEARCH_URL:-http://127.0.0.1:9200)"}]
    done = run_validate(tmp_path, document(stream_sinks=sinks), SEARCH_URL="a-secret-that-is-no-url")
    assert done.returncode == 0 and b"a-secret" not in done.stdout
