"""The handlers of the model documents, run by the program: what each expects comes true.

Each handler runs alone over fresh tables. Kafka's place is taken by a file. Handlers of kinds
that write elsewhere (an OpenSearch index), or that the program does not run yet, are not run.
"""

import json

import pytest

from harness.forwarded import positions, read_lines
from harness.model_document import FILES, LiveModel, commands, load
from harness.tables import Table
from harness.wait import eventually

NOT_RUN = {"index", "copy"}
OF_THE_MODEL_ALONE = {"source", "pipeline", "events_per_s", "audience_size", "expect_after"}
READS = {"Query", "GetItem", "UpdateItem"}  # of a derived table; an inbox row is marked as read
HANDLERS = [(path, handler["name"]) for path in FILES for handler in load(path)["stream_handlers"]
            if handler["kind"] not in NOT_RUN]


def test_what_is_not_run_is_known():
    left = {handler["kind"] for path in FILES for handler in load(path)["stream_handlers"]} & NOT_RUN
    assert left == NOT_RUN and len(HANDLERS) >= 20


def matches(found, wanted):
    """Whether JSON holds what is wanted: objects by the names that are wanted."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(name in found and matches(found[name], value)
                                               for name, value in wanted.items())
    return found == wanted or (isinstance(wanted, float) and float(found) == wanted)


def renamed(value, live):
    """The handler's settings with its tables under the names of this run."""
    if isinstance(value, list):
        return [renamed(element, live) for element in value]
    if isinstance(value, dict):
        return {name: live.name_for(inner) if name == "table" else renamed(inner, live)
                for name, inner in value.items()}
    return value


class Run:
    """One handler under test: its tables, its program, the messages that it has sent."""

    def __init__(self, clients, live, handler, document):
        self.live, self.handler, self.clients = live, handler, clients
        self.document = document
        self.seen = 0

    def settings(self, base_settings, output):
        own = {name: value for name, value in self.handler.items() if name not in OF_THE_MODEL_ALONE}
        sink = next((one for one in self.document.get("stream_sinks", []) if one["name"] == own.get("sink")), None)
        self.output = output if sink and sink["kind"] == "kafka" else None
        if self.output:
            sink = {"name": sink["name"], "kind": "file", "path": str(output)}
            own = {name: value for name, value in own.items() if name not in ("topic", "message_key")}
        source = self.live.name_for(self.handler["source"])
        self.source = Table(self.clients, "", "", name=source)
        self.source.stream_arn = self.clients.dynamodb.describe_table(TableName=source)["Table"]["LatestStreamArn"]
        return {**base_settings, "sinks": [sink] if sink else [], "pipelines": [
            {"name": "model", "table": source, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
             "handlers": [renamed(own, self.live)]}]}

    def caught_up(self, settings):
        """Whether the handler has acknowledged all that the source's stream has."""
        newest = max(int(record["dynamodb"]["SequenceNumber"]) for record in self.source.records())
        return max(positions(self.clients, settings, self.handler["name"]).values(), default=0) >= newest

    def differences(self, step):
        if "command" in step:
            return self.live.run(step["command"]).differences(step["expect"])
        messages = read_lines(self.output)[0][self.seen:]
        count = step["expect"].get("count")
        found = [] if count is None or len(messages) == count else [f"{len(messages)} messages, expected {count}"]
        return found + [f"no message like {json.dumps(wanted)}" for wanted in step["expect"].get("messages", [])
                        if not any(matches(message, wanted) for message in messages)]

    def forget_messages(self):
        self.seen = len(read_lines(self.output)[0]) if self.output else 0


@pytest.fixture(params=HANDLERS, ids=lambda one: f"{one[0].stem}-{one[1]}")
def run(request, clients):
    path, name = request.param
    document = load(path)
    live = LiveModel(clients.dynamodb, document)
    handler = next(one for one in document["stream_handlers"] if one["name"] == name)
    try:
        live.create()
        yield Run(clients, live, handler, document)
    finally:
        live.drop()


def served_reads(run):
    return [pattern for pattern in run.document["access_patterns"] if "implementation" in pattern
            and pattern.get("served_by") == run.handler["name"] and pattern["dynamodb_operation"] in READS
            and (pattern["table"], pattern.get("index")) not in run.live.left_out]


def test_what_a_handler_expects_comes_true(run, sluice, base_settings, tmp_path):
    settings = run.settings(base_settings, tmp_path / "messages.jsonl")
    program = sluice(settings).start()
    program.wait_log(r"event=shard\.open")  # the state table is there
    for number, step in enumerate(run.handler["expect_after"]):
        for line in step.get("run", []):
            assert run.live.run(line).error is None, line
        program.wait_for(lambda: run.caught_up(settings), 30, "the end of the stream")
        program.wait_for(lambda: not run.differences(step), 30, lambda: f"step {number}: {run.differences(step)}")
        run.forget_messages()
        if number == 0 and "run" not in step:
            check_patterns(run)
    program.stop()


def check_patterns(run):
    """What the handler has written is also what the patterns say that it serves."""
    for pattern in served_reads(run):
        found = eventually(lambda: not run.live.differences(pattern), 10,
                           lambda: f"pattern {pattern['pattern']}: {run.live.differences(pattern)}")
        assert found and commands(pattern["implementation"])
