"""Kafka topics, as a client reads them."""

import json
import time
from decimal import Decimal

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition


class Message:
    def __init__(self, received):
        self.partition = received.partition()
        self.offset = received.offset()
        self.key = received.key()
        self.headers = dict(received.headers() or [])
        self.value = json.loads(received.value(), parse_int=Decimal, parse_float=Decimal)


def _ends(consumer, topic):
    """{partition: end} of those that hold something. A topic that is just being made is empty:
    it is unknown, has no leader yet, or its broker does not know that it leads."""
    not_yet = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION)
    try:
        described = consumer.list_topics(topic, timeout=10).topics[topic]
        if described.error is not None:
            raise KafkaException(described.error)
        ends = {}
        for partition in described.partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            if high > low:
                ends[partition] = high
        return ends
    except KafkaException as error:
        if error.args[0].code() in not_yet:
            return {}
        raise


def _consumer(kafka):
    return Consumer({"bootstrap.servers": kafka.address, "group.id": "reader", "enable.auto.commit": False,
                     "auto.offset.reset": "earliest", "isolation.level": "read_committed"})


def read_topic(kafka, topic, timeout=20.0):
    """Every message the topic holds now, partition by partition."""
    consumer = _consumer(kafka)
    try:
        return _read(consumer, topic, time.monotonic() + timeout)
    finally:
        consumer.close()


def _read(consumer, topic, deadline):
    left = _ends(consumer, topic)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
    messages = []
    while left:
        assert time.monotonic() < deadline, f"{topic} could not be read to its end"
        for received in consumer.consume(500, timeout=0.2):
            if received.error() is not None:
                raise KafkaException(received.error())
            messages.append(Message(received))
            if left.get(received.partition()) == received.offset() + 1:
                del left[received.partition()]
    return sorted(messages, key=lambda message: (message.partition, message.offset))


def message_count(kafka, topic):
    """How many messages the topic has, from its partitions' ends."""
    consumer = _consumer(kafka)
    try:
        return sum(_ends(consumer, topic).values())
    finally:
        consumer.close()
