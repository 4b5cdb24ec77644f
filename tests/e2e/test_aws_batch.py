"""Forwarding into the AWS services that take batches, on moto, which verifies every signature; what
arrived is read back by boto3 and judged against the stream."""

import random
from decimal import Decimal

import pytest

from harness.aws_places import Bus, Lake, Queue, Stream, Topic, parsed
from harness.chaos import survive_kills
from harness.forwarded import assert_complete, assert_order
from harness.tables import Writer

PLACES = {
    "sqs": Queue, "sqs-fifo": lambda moto: Queue(moto, fifo=True),
    "sns": Topic, "sns-fifo": lambda moto: Topic(moto, fifo=True),
    "kinesis": Stream, "firehose": Lake, "eventbridge": Bus,
}
ORDERED = ("sqs-fifo", "sns-fifo", "kinesis")


@pytest.fixture
def place(request, moto):
    return PLACES[request.param](moto)


def forward(base_settings, moto, table_name, place, handler=None, sink=None, pipeline=None):
    return {
        **base_settings,
        "sinks": [{"name": "out", "kind": place.kind, "endpoint_url": moto.url, **(sink or {})}],
        "pipelines": [{
            "name": "deals", "table": table_name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
            "handlers": [{"kind": "forward", "name": "all", "sink": "out", place.address: place.place,
                          **(handler or {})}],
            **(pipeline or {}),
        }],
    }


def wait_arrived(program, place, records, timeout=90):
    wanted = {record["eventID"] for record in records}

    def arrived():
        messages = place.messages()
        return messages if wanted <= {message["event_id"] for message in messages} else None

    return program.wait_for(arrived, timeout, f"{len(wanted)} records in the {place.kind}")


@pytest.mark.parametrize("kind, place", [(kind, kind) for kind in PLACES], indirect=["place"])
def test_every_change_arrives(sluice, base_settings, make_table, moto, kind, place):
    table = make_table("Deals", "id")
    Writer(table, seed=1, items=30).write(150)
    program = sluice(forward(base_settings, moto, table.name, place), env=moto.keys).start()
    records = table.records()
    messages = wait_arrived(program, place, records)
    program.stop()
    assert not program.events("sink.unreachable") and not program.events("sink.waiting")
    assert len(messages) == len(records)
    assert_complete(messages, records, table.name)
    if kind in ORDERED:
        assert_order(messages, records)


@pytest.mark.parametrize("kind, place", [(kind, kind) for kind in PLACES], indirect=["place"])
def test_kill_9_loses_nothing_and_keeps_the_order_of_each_item(
        sluice, base_settings, make_table, write_behind, moto, kind, place):
    table = make_table("Deals", "id")
    program = sluice(forward(base_settings, moto, table.name, place), env=moto.keys)
    survive_kills(program, write_behind(Writer(table, seed=7)), random.Random(7), kills=2)
    records = table.records()
    messages = wait_arrived(program, place, records)
    program.stop()
    assert_complete(messages, records, table.name)
    if kind in ORDERED:
        assert_order(messages, records)
    if kind == "sqs-fifo":  # moto forgets the ids of what was deleted; a queue remembers them for five minutes
        ids = {(parsed(raw["Body"])["event_id"], raw["Attributes"]["MessageDeduplicationId"]) for raw in place.raw}
        assert len(ids) == len(records), "a repeat has the id of the first"


@pytest.mark.parametrize("kind", ["sqs", "sns"])
def test_headers_are_attributes(sluice, base_settings, make_table, moto, kind):
    table, place = make_table("Deals", "id"), PLACES[kind](moto)
    table.put(id="a", tenant="t & 1")
    handler = {"headers": {"tenant": "${new.tenant}"}}
    program = sluice(forward(base_settings, moto, table.name, place, handler), env=moto.keys).start()
    message, = wait_arrived(program, place, table.records())
    program.stop()
    received, = (place.queue if kind == "sns" else place).raw
    attributes = {name: value["StringValue"] for name, value in received["MessageAttributes"].items()}
    assert attributes == {"tenant": "t & 1", "sluice-v": str(message["v"])}


def test_an_event_has_source_type_and_the_records_time(sluice, base_settings, make_table, moto):
    table, bus = make_table("Deals", "id"), Bus(moto)
    table.put(id="a", n=1)
    program = sluice(forward(base_settings, moto, table.name, bus, sink={"detail_type": "deal"}), env=moto.keys).start()
    message, = wait_arrived(program, bus, table.records())
    program.stop()
    event, = bus.events()
    assert (event["source"], event["detail-type"]) == ("sluice", "deal")
    assert message["new"] == {"id": "a", "n": Decimal(1)}


@pytest.mark.parametrize("letters", ["sqs", "sqs-fifo", "sns", "kinesis", "firehose"])
def test_what_is_too_large_becomes_a_dead_letter_there(sluice, base_settings, make_table, moto, letters):
    table, queue, dead = make_table("Deals", "id"), Queue(moto, fifo=True), PLACES[letters](moto)
    table.put(id="a", text="x" * 3000)
    table.put(id="a", text="small")
    table.put(id="b", text="small")
    settings = forward(base_settings, moto, table.name, queue, sink={"message_bytes": 2048}, pipeline={
        "on_failure": {"retries": 1, "dead_letter": {"sink": "dead", dead.address: dead.place}}})
    settings["sinks"].append({"name": "dead", "kind": dead.kind, "endpoint_url": moto.url})
    program = sluice(settings, env=moto.keys).start()
    records = table.records()
    # The change that follows the large one carries it as its old image.
    wait_arrived(program, queue, records[2:])
    found = program.wait_for(lambda: len(dead.messages()) >= 2 and dead.messages(), what="two dead letters")
    program.stop()
    assert {letter["sequence_number"] for letter in found} == {r["dynamodb"]["SequenceNumber"] for r in records[:2]}
    assert {(letter["class"], letter["code"]) for letter in found} == {("DATA", "sqs.size")}
    assert all("2048 bytes" in letter["reason"] for letter in found)


def test_a_missing_queue_is_named_and_waited_for(sluice, base_settings, make_table, moto):
    table, queue = make_table("Deals", "id"), Queue(moto)
    queue.sqs.delete_queue(QueueUrl=queue.place)
    table.put(id="a", n=1)
    program = sluice(forward(base_settings, moto, table.name, queue), env=moto.keys).start()
    program.wait_log(r"event=sink\.waiting.*(QueueDoesNotExist|NonExistentQueue)")
    queue.sqs.create_queue(QueueName=queue.place.rsplit("/", 1)[1])
    wait_arrived(program, queue, table.records())
    program.stop()


def test_keys_that_the_service_does_not_know_are_named(sluice, base_settings, make_table, moto):
    table, queue = make_table("Deals", "id"), Queue(moto)
    table.put(id="a", n=1)
    program = sluice(forward(base_settings, moto, table.name, queue)).start()
    program.wait_log(r"event=sink\.unreachable.*InvalidClientTokenId")
    program.wait_log(r"event=sink\.waiting.*class=AUTH")
    program.assert_running()
    assert queue.messages() == []
