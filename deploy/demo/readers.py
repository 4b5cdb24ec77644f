"""What sluice sends, read as it arrives: from Kafka, or in the light demo from files."""

import json
import statistics
import time
from collections import deque
from decimal import Decimal

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

TOPICS = ("deal-changes", "deal-notifications")
PARTITIONS = 4


class Lags:
    """The last lags of one derived result, in ms."""

    def __init__(self):
        self._last = deque(maxlen=25)

    def add(self, since):
        self._last.append(max(0.0, time.monotonic() - since) * 1000)

    def median(self):
        return statistics.median(tuple(self._last)) if self._last else None


class Notifications:
    """Every notification that arrived: {deal_id: {user_id: notification id}}."""

    def __init__(self, writer):
        self._writer = writer
        self.of = {}
        self.distinct = 0
        self.repeated = 0
        self.two_ids = 0       # one notification under two ids
        self.lags = Lags()     # from the write of a deal to its last follower told
        self.told = deque(maxlen=40)

    def add(self, message, identity):
        users = self.of.setdefault(message["deal_id"], {})
        user = message["user_id"]
        if user in users:
            self.repeated += 1
            self.two_ids += users[user] != identity
            return
        users[user] = identity
        self.distinct += 1
        deal = self._writer.announced.get(message["deal_id"])
        if deal and len(users) == len(deal.audience):
            self.lags.add(deal.at)
            self.told.append((deal.title, deal.deal_id, len(users)))


class Changes:
    """The change feed: {deal_id: {event id: (v, new image)}}."""

    def __init__(self, writer):
        self._writer = writer
        self.of = {}
        self.distinct = 0
        self.repeated = 0
        self.two_versions = 0
        self.lags = Lags()

    def add(self, message, _identity):
        deal_id = message["keys"]["deal_id"]
        events = self.of.setdefault(deal_id, {})
        event, change = message["event_id"], (message["v"], message.get("new"))
        if event in events:
            self.repeated += 1
            self.two_versions += events[event] != change
            return
        events[event] = change
        self.distinct += 1
        times = self._writer.times.get(deal_id, ())
        if len(events) <= len(times):  # the nth change of a deal is its nth write
            self.lags.add(times[len(events) - 1])


def parse(text):
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


class KafkaReader:
    """Both topics, every partition, from the start on."""

    def __init__(self, brokers, changes, notifications):
        admin = AdminClient({"bootstrap.servers": brokers})
        for future in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in TOPICS]).values():
            future.result(30)
        self._into = dict(zip(TOPICS, (changes, notifications)))
        self._consumer = Consumer({
            "bootstrap.servers": brokers, "group.id": "demo", "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "fetch.wait.max.ms": 50,
        })
        self._parts = [TopicPartition(name, number, 0) for name in TOPICS for number in range(PARTITIONS)]
        self._consumer.assign(self._parts)
        self.torn = 0

    def read(self):
        """What is there within a moment; how many messages that were."""
        received = self._consumer.consume(500, timeout=0.1)
        for message in received:
            if message.error():
                raise KafkaException(message.error())
            identity = dict(message.headers() or []).get("sluice-notification-id")
            self._into[message.topic()].add(parse(message.value()), identity)
        return len(received)

    def read_all(self, deadline_s=60):
        """To the end of every partition as it is now."""
        deadline = time.monotonic() + deadline_s
        while self._behind():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the topics could not be read to their end within {deadline_s} s")
            self.read()

    def _behind(self):
        at = {(part.topic, part.partition): part.offset for part in self._consumer.position(self._parts)}
        for part in self._parts:
            _low, high = self._consumer.get_watermark_offsets(part, timeout=10)
            if high > max(at[part.topic, part.partition], 0):
                return True
        return False

    def close(self):
        self._consumer.close()


class _Tail:
    """The lines of a growing file, each when it has its end."""

    def __init__(self, path):
        self._path, self._file, self._rest = path, None, b""

    def lines(self):
        if self._file is None:
            if not self._path.exists():
                return []
            self._file = self._path.open("rb")
        lines = (self._rest + self._file.read(1 << 20)).split(b"\n")
        self._rest = lines.pop()
        return lines

    def close(self):
        if self._file:
            self._file.close()


class FileReader:
    """The same from two files of JSON lines. A kill may leave a torn line, which is repeated."""

    def __init__(self, changes_file, notifications_file, changes, notifications):
        self._tails = ((_Tail(changes_file), changes), (_Tail(notifications_file), notifications))
        self.torn = 0

    def read(self):
        lines = 0
        for tail, into in self._tails:
            for line in tail.lines():
                lines += 1
                try:
                    message = parse(line)
                except ValueError:
                    self.torn += 1
                    continue
                into.add(message, message.get("id"))
        if not lines:
            time.sleep(0.02)
        return lines

    def read_all(self):
        while self.read():
            pass

    def close(self):
        for tail, _into in self._tails:
            tail.close()
