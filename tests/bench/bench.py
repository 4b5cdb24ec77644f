"""Sluice beside a hand-written consumer: bench.py FOLDER (see run).

Both read the same stream from TRIM_HORIZON, in turn, each round in a process of its own: records a
second between the first and the last record seen, CPU seconds and peak memory of the process by
the operating system (wait4, so start and end are in it), medians over the rounds.
"""

import multiprocessing
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

import boto3
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from harness.settings import settings_text
from services import ROOT, Service, stop_all

N, ROUNDS = int(os.environ.get("N", "100000")), int(os.environ.get("ROUNDS", "5"))
IDLE_S, PEER = int(os.environ.get("IDLE_S", "60")), os.environ["PEER"]
TABLE, PARTITIONS, LIMIT_S = "Deals", 4, 600
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


def client(endpoint):
    return boto3.client("dynamodb", endpoint_url=endpoint, region_name="us-east-1",
                        aws_access_key_id="bench", aws_secret_access_key="bench")


def item(number, rng):
    """A deal of about 400 bytes."""
    return {
        "deal_id": {"S": f"deal-{number:09}"}, "title": {"S": f"Offer {number} – für kurze Zeit"},
        "description": {"S": "".join(rng.choice("abcdefgh ijklmnop ") for _ in range(120))},
        "brand_id": {"S": str(rng.randrange(5000))}, "category_id": {"S": str(rng.randrange(50))},
        "price": {"N": f"{rng.randrange(1, 1000)}.{rng.randrange(100):02}"}, "stock": {"N": str(rng.randrange(1000))},
        "live": {"BOOL": True}, "tags": {"L": [{"S": rng.choice("red green blue".split())} for _ in range(2)]},
        "url": {"S": f"https://deals.example/{number:09}?ref={rng.randrange(1 << 24):06x}"},
    }


def load(endpoint, low, high):
    db, rng = client(endpoint), random.Random(low)
    for at in range(low, high, 25):
        left = {TABLE: [{"PutRequest": {"Item": item(number, rng)}} for number in range(at, min(at + 25, high))]}
        while left:
            left = db.batch_write_item(RequestItems=left).get("UnprocessedItems")


def fill(endpoint):
    client(endpoint).create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "deal_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "deal_id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    parts = 3
    with multiprocessing.Pool(parts) as pool:
        pool.starmap(load, [(endpoint, N * part // parts, N * (part + 1) // parts) for part in range(parts)])


class Run:
    """One process that reads the whole stream; its figures."""

    def __init__(self, command, env, output=subprocess.DEVNULL):
        self.begin = time.monotonic()
        self.first = self.last = None
        self.process = subprocess.Popen(command, env={**os.environ, **KEYS, **env}, stdin=subprocess.DEVNULL, stdout=output,
                                        stderr=subprocess.DEVNULL if output is subprocess.DEVNULL else None, text=True)

        self.peak_kb = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _note_peak(self):
        """The high water since exec; wait4's would have this process's own memory in it."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            self.peak_kb = max(self.peak_kb, int(status.partition("VmHWM:")[2].split()[0]))
        except (OSError, IndexError):
            pass  # it is gone

    def _watch(self):
        while self.process.returncode is None:
            self._note_peak()
            time.sleep(0.05)

    def seen(self, records):
        now = time.monotonic()
        if records and self.first is None:
            self.first = now
        if records >= N:
            self.last = now
        elif now - self.begin > LIMIT_S:
            raise RuntimeError(f"only {records} of {N} records within {LIMIT_S} s")
        return self.last is not None

    def end(self, number=None):
        if number:
            self.process.send_signal(number)
        self._note_peak()
        _pid, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.process.args[0]} ended with {self.process.returncode}")
        return {"per_s": N / max(self.last - self.first, 1e-3), "cpu": (used.ru_utime + used.ru_stime) * 1e6 / N,
                "rss": self.peak_kb / 1024, "first_ms": (self.first - self.begin) * 1000}


class Bench:
    def __init__(self, folder, dynamodb, kafka):
        self.folder, self.dynamodb, self.kafka = folder, dynamodb, kafka
        self.runs = 0
        self.running = None
        # Asked only for the topics' ends.
        self.watcher = Consumer({"bootstrap.servers": kafka.address, "group.id": "bench", "log_level": 0})

    def close(self):
        if self.running and self.running.process.returncode is None:
            self.running.process.kill()
            self.running.process.wait()
        self.watcher.close()

    def sluice(self, sink, app, **handler):
        file = self.folder / "sluice.conf"
        file.write_text(settings_text({
            "app": app, "aws": {"region": "us-east-1", "endpoint_url": self.dynamodb.url},
            "log": {"level": "error"}, "sinks": [{"name": "out", **sink}],
            "pipelines": [{"name": "deals", "table": TABLE, "start": "trim_horizon",
                           "handlers": [{"kind": "forward", "name": "all", "sink": "out", "message": "{\"deal\": \"${new}\"}", **handler}]}],
        }))
        self.running = Run([ROOT / "build" / "sluice", "run", "-c", file], {})
        return self.running

    def peer(self, **env):
        command = {"go": [ROOT / "build" / "bench-peer"], "python": [sys.executable, ROOT / "tests" / "bench" / "peer.py"]}[PEER]
        run = self.running = Run(command, {"ENDPOINT": self.dynamodb.url, "TABLE": TABLE, "COUNT": str(N), **env}, subprocess.PIPE)
        for line in run.process.stdout:
            run.seen({"first": 1, "last": N}[line.strip()])
        return run.end()

    def consume(self):
        """Every image as a JSON line in a file in memory, the lines counted."""
        self.runs += 1
        path = pathlib.Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else self.folder) / f"sluice-bench-{os.getpid()}"
        try:
            run = self.sluice({"kind": "file", "path": str(path), "fsync": False}, f"consume-{self.runs}")
            lines = 0
            while not path.exists() and not run.seen(0):
                time.sleep(0.005)
            with path.open("rb", buffering=0) as file:
                while not run.seen(lines):
                    part = file.read(1 << 20)
                    lines += part.count(b"\n")
                    if not part:
                        time.sleep(0.005)
            return run.end(signal.SIGTERM)
        finally:
            path.unlink(missing_ok=True)

    def topic(self):
        self.runs += 1
        name = f"bench-{self.runs}"
        admin = AdminClient({"bootstrap.servers": self.kafka.address})
        admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(30)
        deadline = time.monotonic() + 30
        while True:  # a topic that was just made has no leaders for a moment
            try:
                self.length(name)
                return name
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def length(self, topic):
        return sum(self.watcher.get_watermark_offsets(TopicPartition(topic, number), timeout=30)[1]
                   for number in range(PARTITIONS))

    def to_kafka(self):
        topic = self.topic()
        run = self.sluice({"kind": "kafka", "brokers": self.kafka.address, "properties": ["compression.type=lz4"]},
                          f"kafka-{self.runs}", topic=topic)
        while not run.seen(self.length(topic)):
            time.sleep(0.02)
        return run.end(signal.SIGTERM)

    def idle(self):
        """After all has been read: what waiting costs."""
        run = self.sluice({"kind": "kafka", "brokers": self.kafka.address}, f"kafka-{self.runs - 1}", topic=f"bench-{self.runs - 1}")
        proc = pathlib.Path(f"/proc/{run.process.pid}")
        cpu = lambda: sum(int(field) for field in (proc / "stat").read_text().rpartition(")")[2].split()[11:13]) / os.sysconf("SC_CLK_TCK")
        time.sleep(5)
        before = cpu()
        time.sleep(IDLE_S)
        used, resident = cpu() - before, (proc / "status").read_text().partition("VmRSS:")[2].split()[0]
        run.process.send_signal(signal.SIGTERM)
        run.process.wait()
        print(f"idle, one shard, {IDLE_S} s: {100 * used / IDLE_S:.2f} % of a core, {int(resident) / 1024:.1f} MiB resident", flush=True)


def show(title, rounds):
    print(f"== {title}, {N:,} records, medians of {ROUNDS}")
    print(f"{'':10} {'records/s':>10} {'CPU s/million':>14} {'peak MiB':>9} {'first record':>13}")
    for who, runs in rounds.items():
        middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        print(f"{who:10} {middle['per_s']:10,.0f} {middle['cpu']:14.2f} {middle['rss']:9.1f} {middle['first_ms']:10,.0f} ms", flush=True)


def measure(title, **sides):
    rounds = {who: [] for who in sides}
    for _ in range(ROUNDS):
        for who, side in sides.items():
            rounds[who].append(side())
    show(title, rounds)


def main(folder):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ["DYNAMODB_HEAP"] = "3g"
    services, bench = [Service("dynamodb-local", folder), Service("kafka", folder)], None
    try:
        for service in services:
            service.begin()
        while not all([service.ready() for service in services]):
            time.sleep(0.1)
        dynamodb, kafka = services
        print(f"== writing {N:,} deals into DynamoDB Local", flush=True)
        fill(dynamodb.url)
        bench = Bench(folder, dynamodb, kafka)
        peer = f"{PEER} peer"
        measure("every NEW image made JSON and counted", **{"sluice": bench.consume, peer: bench.peer})
        measure("every NEW image to Kafka, acknowledged (acks=all, lz4)", **{
            "sluice": bench.to_kafka, peer: lambda: bench.peer(BROKERS=kafka.address, TOPIC=bench.topic())})
        bench.idle()
    finally:
        if bench:
            bench.close()
        stop_all(services)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
