"""A data model's sinks, pipelines and handlers, and the same as a settings file of the daemon: both are refused for the
same reasons, in the same words."""

import copy
import json
import re
import subprocess

import pytest

from harness.model_document import FILES, load
from harness.program import BINARY, environment, sanitizer_report
from harness.settings import settings_text
from harness.validation import validate

SETTING_CODES = {"sink-setting", "pipeline-setting", "handler-setting", "handler-kind", "handler-sink", "handler-name",
                 "handler-later"}
MODELS_OWN = ("source", "pipeline", "events_per_s", "audience_size", "expect_after")

TABLES = [{"TableName": name, "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
           "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
           "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
          for name in ("Orders", "Stats")]

GOOD = {
    "stream_sinks": [{"name": "bus", "kind": "kafka", "brokers": "127.0.0.1:9092", "properties": ["compression.type=lz4"]},
                     {"name": "search", "kind": "opensearch", "url": "http://127.0.0.1:9200"},
                     {"name": "hook", "kind": "webhook", "secrets": ["0123456789abcdef"]},
                     {"name": "archive", "kind": "s3"},
                     {"name": "failures", "kind": "file", "path": "failures.jsonl"}],
    "stream_pipelines": [{"name": "orders", "table": "Orders", "start": "latest",
                          "on_failure": {"retries": 1, "dead_letter": "failures"}, "batch": {"records": 10}}],
    "stream_handlers": [
        {"kind": "counter", "name": "c", "source": "Orders", "table": "Stats", "key": {"id": "${item.id}"},
         "where": {"status": ["live"]}, "add": [{"attribute": "n", "by": "${item.price}"}]},
        {"kind": "forward", "name": "f", "source": "Orders", "sink": "bus", "topic": "orders", "changed": ["title"]},
        {"kind": "forward", "name": "h", "source": "Orders", "sink": "hook", "url": "https://hooks.example.com/orders",
         "filter": {"eventName": ["INSERT"]}},
        {"kind": "forward", "name": "a", "source": "Orders", "sink": "archive", "bucket": "a-bucket", "prefix": "one"},
        {"kind": "index", "name": "i", "source": "Orders", "sink": "search", "index": "orders", "document": ["id"]},
        {"kind": "fanout", "name": "n", "source": "Orders", "audience": [{"table": "Stats", "key": "B#${new.b}"}],
         "member": "id", "sink": "bus", "topic": "news", "message": {"id": "${member.id}"}},
    ],
}

OWN_TABLE = {"kind": "counter", "name": "c", "source": "Orders", "table": "Orders", "key": {"id": "S#${item.id}"},
             "add": [{"attribute": "n"}]}

S, P, H = "stream_sinks", "stream_pipelines", "stream_handlers"

# Where, and what stands there instead; None: it is taken out.
CHANGES = [
    ([S, 0, "kind"], "kafak"), ([S, 0, "brokers"], None), ([S, 0, "brokers"], 5), ([S, 0, "brokrs"], "x"),
    ([S, 0, "properties", 0], "compression"), ([S, 0, "name"], "b u s"), ([S, 0, "name"], "search"), ([S, 0, "kind"], None),
    ([S, 1, "url"], "ftp://x"), ([S, 1, "auth"], {"kind": "basic", "username": "u"}), ([S, 2, "secrets"], ["short"]),
    ([S, 2, "timeout_ms"], 1), ([S, 3, "interval_s"], 7), ([S, 4, "path"], "x/"), ([S, 4, "path"], ""),
    ([P, 0, "start"], "yesterday"), ([P, 0, "start"], 5), ([P, 0, "name"], "-"), ([P, 0, "batch", "records"], 0),
    ([P, 0, "on_failure", "dead_letter"], "nowhere"), ([P, 0, "on_failure", "dead_letter"], "bus"),
    ([P, 0, "on_failure", "dead_letter"], {"sink": "bus", "topic": "letters"}), ([P, 0, "on_failure", "retrys"], 1),
    ([P, 0, "on_failure", "dead_letter"], "search"), ([P, 0, "poll"], {"min_ms": 500, "max_ms": 100}),
    ([P, 0, "on_trim"], "rebuild"), ([P, 0, "on_new_stream"], "continue"), ([P, 0, "backfill"], True),
    ([H, 0, "name"], "f"), ([H, 0, "shards"], 4), ([H, 0, "key"], {"id": "${new.id}"}), ([H, 0, "add"], []),
    ([H, 0, "add", 0, "by"], "0"), ([H, 0, "add", 0, "op"], "min"), ([H, 0, "zero"], "delete"), ([H, 0, "where"], {"a": [{"prefx": "b"}]}),
    ([H, 0, "filter"], {"dynamodb": {"NewImage": {"a": {"S": ["b"]}}}}), ([H, 0, "changed"], ["a"]), ([H, 0], OWN_TABLE),
    ([H, 0, "backfill"], True), ([H, 0, "window_ms"], -1), ([H, 0, "enabled"], "yes"),
    ([H, 1, "sink"], "buss"), ([H, 1, "sink"], "search"), ([H, 1, "topic"], None), ([H, 1, "topik"], "t"), ([H, 1, "url"], "u"),
    ([H, 1, "message"], {"a": "${item.a}"}), ([H, 1, "key"], "${new.id | uper}"), ([H, 1, "kind"], "foward"), ([H, 1, "kind"], "copy"),
    ([H, 1, "batch"], {"records": 0}), ([H, 1, "on_failure"], {"dead_letter": "nowhere"}), ([H, 1, "headers"], {"sluice-x": "y"}),
    ([H, 2, "url"], "hooks"), ([H, 2, "filter"], {"evntName": ["INSERT"]}), ([H, 2, "filter"], {"eventName": "INSERT"}),
    ([H, 3, "bucket"], None), ([H, 4, "sink"], "bus"), ([H, 4, "index"], "_Orders"), ([H, 4, "document"], []),
    ([H, 5, "audience", 0, "shards"], 4), ([H, 5, "audience"], []), ([H, 5, "message"], None), ([H, 5, "exactly_once"], True),
    ([H, 5, "slices"], 4), ([H, 5, "sink"], "archive"), ([H, 5, "rate_per_s"], -5), ([H, 5, "expires"], "${new.a"),
]


def changed(path, value):
    model = copy.deepcopy(GOOD)
    *way, last = path
    at = model
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return model


def as_settings(model):
    """The pipelines with their handlers, as a settings file has them."""
    pipelines = [{**pipeline, "handlers": [{name: value for name, value in handler.items() if name not in MODELS_OWN}
                                           for handler in model[H] if handler["source"] == pipeline["table"]]}
                 for pipeline in model[P]]
    return {"sinks": model[S], "pipelines": pipelines}


def refusals(folder, model):
    """What `sluice check` says of the settings, without places."""
    (folder / "x.conf").write_text(settings_text(as_settings(model)))
    done = subprocess.run([BINARY, "check", "-c", "x.conf", "--json"], cwd=folder, capture_output=True, text=True, timeout=60,
                          env=environment(folder))
    assert not sanitizer_report(done.stderr), done.stderr
    assert done.returncode in (0, 2), done.stderr
    return without_places(problem["text"] for problem in json.loads(done.stdout).get("problems", []))


def without_places(texts):
    return sorted(re.sub(r"at \S+:\d+", "at its place", text) for text in texts)


def findings(folder, model):
    verdict = validate(folder, {"tables": TABLES, **model})
    return without_places(finding["text"] for finding in verdict.findings if finding["code"] in SETTING_CODES)


def test_good_settings_are_accepted_by_both(tmp_path):
    assert refusals(tmp_path, GOOD) == []
    assert findings(tmp_path, GOOD) == []


@pytest.mark.parametrize("path, value", CHANGES, ids=[f"{'.'.join(map(str, path))}={value}"[:60] for path, value in CHANGES])
def test_both_refuse_the_same_in_the_same_words(path, value, tmp_path):
    model = changed(path, value)
    said = refusals(tmp_path, model)
    assert said or path[-1] == "dead_letter"
    assert findings(tmp_path, model) == said


@pytest.mark.parametrize("document", [path for path in FILES if path.suffix == ".json"], ids=lambda path: path.stem)
def test_the_project_s_documents_are_accepted_by_both(document, tmp_path):
    model = {name: load(document).get(name, []) for name in (S, P, H)}
    named = {pipeline["table"] for pipeline in model[P]}
    model[P] += [{"table": source} for source in dict.fromkeys(handler["source"] for handler in model[H]) if source not in named]
    assert findings(tmp_path, model) == refusals(tmp_path, model)
