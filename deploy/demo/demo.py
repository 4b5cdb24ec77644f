"""make demo: the deals app, live. run.sh calls it: demo.py FOLDER.

Starts the services, fills the tables, runs sluice, writes deals, shows what sluice derives beside
the truth, and ends with a verdict: exit code 0 when all derived data equals the truth, 1 when not.
"""

import os
import pathlib
import random
import signal
import sys
import threading
import time
import urllib.error

import boto3
import botocore.config
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException

import deals
from daemon import Daemon
from derived import Derived, Probe
from picture import Picture
from readers import Changes, FileReader, KafkaReader, Lags, Notifications
from services import Service, stop_all

LINE_EVERY_S = 5
SETTLE_S, STALL_S = 300, 45  # after the last write: in all, and without anything that moves


class Failed(Exception):
    """The demo cannot go on; its text is for the person who started it."""


def number(name, default, low, high):
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or not low <= int(text) <= high:
        raise Failed(f"{name}={text}: expected a whole number from {low} to {high}")
    return int(text)


def port_of(name):
    return number(name, 0, 1024, 65000) if os.environ.get(name) else None


def switched_on(name):
    return os.environ.get(name, "0") not in ("", "0")


class Demo:
    """All that the demo has running, and what the picture shows of it."""

    def __init__(self, folder):
        self.folder = folder
        self.duration, self.rate = number("DURATION", 60, 1, 86400), number("RATE", 8, 1, 1000)
        self.light, self.kill = switched_on("LIGHT"), switched_on("KILL")
        self.users, self.brands, self.categories = deals.USERS, deals.BRANDS, deals.CATEGORIES
        self.dynamodb = Service("dynamodb-local", folder, port_of("DYNAMODB_PORT"))
        self.services = [self.dynamodb]
        if not self.light:
            self.kafka = Service("kafka", folder, port_of("KAFKA_PORT"))
            self.opensearch = Service("opensearch", folder, port_of("OPENSEARCH_PORT"))
            self.services += [self.kafka, self.opensearch]
        self.daemon = self.reader = self.derived = None
        self.results, self.letters = [], []
        self.compared = 0
        self.cpu_percent = self.resident_mb = self.peak_mb = 0.0
        self.began = time.monotonic()
        self.stage = "writing deals"
        self._kill_at, self._fed_at_kill = None, 0
        self._threads, self._errors = [], []
        self._enough = threading.Event()     # no more writes
        self._over = threading.Event()       # no more reading
        self._drained = threading.Event()    # the daemon is gone: read to the end

    def elapsed(self):
        return time.monotonic() - self.began

    # -- setting up

    def start_services(self):
        names = ", ".join(service.name for service in self.services)
        print(f"demo: starting {names}", flush=True)
        since = time.monotonic()
        for service in self.services:
            service.begin()
        while not all([service.ready() for service in self.services]):
            time.sleep(0.05)
        where = ", ".join(f"{service.name} on {service.address}" for service in self.services)
        print(f"demo: ready after {time.monotonic() - since:.0f} s: {where}", flush=True)

    def fill(self):
        print(f"demo: creating the tables; {self.users:,} users follow {self.brands} brands and {self.categories} categories", flush=True)
        self.db = boto3.client(
            "dynamodb", endpoint_url=self.dynamodb.url, region_name="us-east-1",
            aws_access_key_id="demo", aws_secret_access_key="demo",
            config=botocore.config.Config(retries={"max_attempts": 3}, max_pool_connections=16))
        seed = random.SystemRandom().randrange(1 << 32)
        deals.create_tables(self.db)
        deals.follow(self.db, random.Random(seed))
        self.writer = deals.Writer(self.db, deals.Followers(self.db), self.rate, seed)

    def start_sluice(self):
        self.changes, self.notifications = Changes(self.writer), Notifications(self.writer)
        environment = {"DYNAMODB_ENDPOINT": self.dynamodb.url}
        if self.light:
            files = self.folder / "deal-changes.jsonl", self.folder / "deal-notifications.jsonl"
            environment |= {"CHANGES": str(files[0]), "NOTIFICATIONS": str(files[1])}
            self.reader = FileReader(*files, self.changes, self.notifications)
        else:
            environment |= {"KAFKA_BROKERS": self.kafka.address, "OPENSEARCH_URL": self.opensearch.url}
            self.reader = KafkaReader(self.kafka.address, self.changes, self.notifications)
        self.derived = Derived(self.db, self.writer, self.changes, self.notifications,
                               None if self.light else self.opensearch.url)
        names = ["brand counters", "category view"] + ([] if self.light else ["search index"])
        self.derived.lags = {name: Lags() for name in names}
        self.probe = Probe(self.db, self.writer, self.derived, self.derived.lags)
        self.daemon = Daemon(self.folder, "deals-light.conf" if self.light else "deals.conf", environment)
        self.daemon.start()
        print(f"demo: running sluice run -c conf/{self.daemon.settings.name}", flush=True)

    # -- what goes on beside the picture, a thread each

    def _beside(self, work):
        def run():
            try:
                work()
            except Exception as error:
                if not self._over.is_set():
                    self._errors.append(error)

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def _read(self):
        while not self._drained.is_set() and not self._over.is_set():
            self.reader.read()

    def _look(self):
        while not self._over.wait(0.02):
            self.probe.look()

    def _compare(self):
        pause = 0.2
        while not self._over.wait(pause):
            since = time.monotonic()
            self.results = self.derived.compare()
            self.compared += 1
            pause = max(0.4, 2 * (time.monotonic() - since))

    def _measure(self):
        cpu, at = self.daemon.cpu_seconds(), time.monotonic()
        while not self._over.wait(1):
            now, cpu_now = time.monotonic(), self.daemon.cpu_seconds()
            self.cpu_percent = 100 * (cpu_now - cpu) / (now - at)
            cpu, at = cpu_now, now
            self.resident_mb = self.daemon.resident_mb()
            self.peak_mb = max(self.peak_mb, self.resident_mb)
            self.letters = self.daemon.letters()

    def _kill_when_due(self):
        """kill -9 at a random moment after sluice has begun to work again: its shard is free only
        when leases.failover_s is over. On the main thread, whose end alone must be the daemon's."""
        now, fed = time.monotonic(), self.changes.distinct
        if self._kill_at is None:
            if fed > self._fed_at_kill:
                self._kill_at = now + random.uniform(0.5, 4)
        elif now >= self._kill_at:
            self.daemon.kill9()
            self._kill_at, self._fed_at_kill = None, self.changes.distinct
            self.daemon.start()

    # -- the run

    def check(self):
        """Raises what went wrong beside; a daemon that ended by itself has gone wrong."""
        if self._errors:
            raise self._errors[0]
        code = self.daemon.ended()
        if code is not None:
            raise Failed(f"sluice ended by itself with exit code {code}; its log ends with:\n{self.daemon.log_tail()}")

    def run(self, picture):
        self.began = time.monotonic()
        writing = lambda: self.writer.run(self.duration, self._enough)
        for work in (writing, self._read, self._look, self._compare, self._measure):
            self._beside(work)
        if picture.console.is_terminal:
            with picture.live():
                self._until_settled(lambda: None)
        else:
            next_line = [self.began + LINE_EVERY_S]

            def line():
                if time.monotonic() >= next_line[0]:
                    next_line[0] += LINE_EVERY_S
                    picture.line()

            self._until_settled(line)

    def _until_settled(self, show):
        while time.monotonic() < self.began + self.duration:
            self._step(show)
            if self.kill:
                self._kill_when_due()
        self._enough.set()
        self.stage = "no more writes; waiting for the rest"
        now = moved = time.monotonic()
        deadline, seen, since = now + SETTLE_S, None, self.compared
        while now < min(deadline, moved + STALL_S):
            self._step(show)
            now, results = time.monotonic(), self.results
            shown = [(result.truth, result.kept, result.behind) for result in results]
            if shown != seen:
                moved, seen = now, shown
            if self._threads[0].is_alive() or not all(result.equal for result in results):
                since = self.compared
            elif self.compared >= since + 3:  # one may have been under way
                return

    def _step(self, show):
        self.check()
        show()
        time.sleep(0.1)

    def verdict(self):
        """Ends the daemon, reads all that it sent, compares everything; the results and what is wrong."""
        print("demo: stopping sluice, then comparing everything once more, item by item", flush=True)
        self._enough.set()
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        self.check()
        code = self.daemon.stop()
        self.reader.read_all()
        self.letters = self.daemon.letters()
        results = self.derived.compare(exact=True)
        wrong = [f"{result.name}: {sentence}" for result in results for sentence in result.differs]
        wrong += [f"{result.name} differ" for result in results if not result.equal and not result.differs]
        if code != 0:
            wrong.append(f"sluice did not end well after SIGTERM (exit code {code}); its log ends with:\n{self.daemon.log_tail()}")
        if self.letters:
            wrong.append(f"{len(self.letters)} dead letters, the first: {self.letters[0][:1000]}")
        if self.reader.torn > self.daemon.kills:
            wrong.append(f"{self.reader.torn} lines are torn after {self.daemon.kills} kills")
        if not self.writer.announced or not self.writer.writes:
            wrong.append("no deal was written: nothing has been shown")
        return results, wrong

    def clean_up(self):
        self._enough.set()
        self._over.set()
        for thread in self._threads:
            thread.join(5)
        if self.daemon:
            self.daemon.stop(10)
        if self.reader:
            self.reader.close()
        stop_all(self.services)


class Interrupted(Exception):
    pass


def interrupt(number, _frame):
    """The first signal ends the demo in order; further ones find that under way."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: None)
    raise Interrupted(number)


def run(demo):
    picture = Picture(demo)
    demo.start_services()
    demo.fill()
    demo.start_sluice()
    demo.run(picture)
    results, wrong = demo.verdict()
    picture.report(results, wrong)
    if wrong:
        print("verdict: derived data DIFFERS from the truth", flush=True)
        return 1
    told = demo.notifications
    print(f"verdict: all derived data equals the truth: {told.distinct:,} notifications ({told.repeated} repeated, under the same id), "
          + ", ".join(f"{result.name} ({result.truth})" for result in results[1:]), flush=True)
    return 0


def main(folder):
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, interrupt)
    demo, code = None, 1
    try:
        demo = Demo(folder)
        code = run(demo)
    except Interrupted as error:
        print("\ndemo: interrupted; stopping what runs", flush=True)
        code = 128 + error.args[0]
    except (Failed, RuntimeError, BotoCoreError, ClientError, KafkaException, urllib.error.URLError) as error:
        print(f"demo: {error}", file=sys.stderr, flush=True)
        code = 2 if isinstance(error, Failed) and demo is None else 1
    finally:
        if demo:
            demo.clean_up()
    return code


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
