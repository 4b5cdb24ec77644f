"""One table, forwarded into a Kafka topic."""

import json
import random

import pytest
from confluent_kafka import Producer

from harness.chaos import survive_kills
from harness.forwarded import assert_complete, assert_order
from harness.tables import Writer
from harness.topics import message_count, read_topic


@pytest.fixture
def topic(app):
    return f"{app}-changes"


@pytest.fixture
def settings(base_settings, kafka, topic):
    def make(table, **handler):
        return {
            **base_settings,
            "sinks": [{"name": "bus", "kind": "kafka", "brokers": kafka.address,
                       "properties": ["compression.type=lz4"]}],
            "pipelines": [{
                "name": "deals", "table": table.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
                "handlers": [{"kind": "forward", "name": "all", "sink": "bus", "topic": topic, **handler}],
            }],
        }

    return make


def arrived(kafka, topic, records):
    if message_count(kafka, topic) < len(records):
        return None
    messages = read_topic(kafka, topic)
    wanted = {record["eventID"] for record in records}
    return messages if {message.value["event_id"] for message in messages} >= wanted else None


def test_messages_have_key_partition_headers_and_order(sluice, settings, make_table, kafka, topic):
    table = make_table("Deals", "id")
    Writer(table, seed=31).write(200)
    program = sluice(settings(table, headers={"event": "${event.name}"})).start()
    records = table.records()
    messages = program.wait_for(lambda: arrived(kafka, topic, records), 60)
    program.stop()
    values = [message.value for message in messages]
    assert len(values) == len(records)
    assert_complete(values, records, table.name)
    assert_order(values, records)
    for message in messages:
        assert message.key == json.dumps(message.value["keys"], separators=(",", ":")).encode()
        assert int(message.headers["sluice-v"]) == message.value["v"]
        assert message.headers["event"].decode() == message.value["event_name"]
    assert {message.key: message.partition for message in messages} == \
        java_partitions(kafka, topic, {message.key for message in messages})


def java_partitions(kafka, topic, keys):
    """Where another producer with Java's partitioner puts the same keys."""
    placed = {}
    producer = Producer({"bootstrap.servers": kafka.address, "partitioner": "murmur2_random"})
    for key in keys:
        producer.produce(f"{topic}-reference", key=key, value=b"{}",
                         on_delivery=lambda error, message: placed.update({message.key(): message.partition()}))
    assert producer.flush(20) == 0
    return placed


def test_kill_9_loses_nothing_and_keeps_the_order_per_item(
        sluice, settings, make_table, write_behind, kafka, topic):
    table = make_table("Deals", "id")
    program = sluice(settings(table))
    survive_kills(program, write_behind(Writer(table, seed=32)), random.Random(32))
    records = table.records()
    messages = program.wait_for(lambda: arrived(kafka, topic, records), 60)
    program.stop()
    values = [message.value for message in messages]
    assert_complete(values, records, table.name)
    assert_order(values, records)
