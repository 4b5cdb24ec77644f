"""Several processes of several workers on one table, one of them killed every few seconds."""

import os
import pathlib
import random
import time

from .churn import GROUPS, Churn, change_of
from .deals import own
from .program import Sluice
from .sightings import MESSAGE, Feed, Kill, explain, wrong_with
from .tables import Table
from .wait import PATIENCE

POLL_S = 0.05  # how exactly arrival times are known
TICKS = os.sysconf("SC_CLK_TCK")


class Member:
    """One place among the processes. Each of its runs has a name of its own: "2.7" is the seventh run of the second."""

    def __init__(self, number, folder, settings):
        self.number = number
        self.runs = 0
        self.cpu_s = 0.0  # of the runs that are over
        folder.mkdir()
        self.program = Sluice(folder, settings)

    @property
    def name(self):
        return f"{self.number}.{self.runs}"

    def start(self):
        self.runs += 1
        self.program.env["NAME"] = self.name
        self.program.start()

    def kill9(self):
        self.cpu_s += self._cpu_now()
        self.program.kill9()

    def stop(self, deadline):
        self.program.assert_running()
        self.cpu_s += self._cpu_now()
        self.program.stop(deadline)

    def _cpu_now(self):
        fields = pathlib.Path(f"/proc/{self.program.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


class Storm:
    """All of it. `pipelines` read the same table, each with a forward handler and a file of its own; the
    first also counts, the second keeps a view. DynamoDB Local has one shard a stream, so each
    pipeline has one lease, and there are as many to share as there are pipelines."""

    def __init__(self, folder, clients, endpoint, *, processes=3, workers=2, pipelines=4, rate=200,
                 kill_every_s=(2, 6), failover_s=3, seed=1):
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.kill_every_s = kill_every_s
        self.failover_s = failover_s
        self.table = Table(clients, "Storm", "id")
        self.sums = Table(clients, "Sums", "group", view=None)
        self.rows = Table(clients, "Rows", "group", "id", view=None)
        self.feeds = [Feed(f"p{number}", self.folder / f"p{number}.jsonl") for number in range(pipelines)]
        self.churn = Churn(self.table, seed, rate=rate)
        settings = self._settings(endpoint, workers)
        self.members = [Member(number + 1, self.folder / f"process-{number + 1}", settings) for number in range(processes)]
        self.kills = []
        self.began = self.wrote_s = 0.0

    def _settings(self, endpoint, workers):
        letters = self.folder / "dead-letters.jsonl"
        counter = {"kind": "counter", "name": "sums", "table": self.sums.name, "key": {"group": "${item.group}"},
                   "window_ms": 100, "add": [{"attribute": "items", "by": "1"}, {"attribute": "total", "by": "${item.amount}"}]}
        view = {"kind": "view", "name": "rows", "table": self.rows.name,
                "key": {"group": "${item.group}", "id": "${item.id}"}, "attributes": ["n", "amount"]}
        more = {0: [counter], 1: [view]}
        if len(self.feeds) == 1:
            more = {0: [counter, view]}
        return {
            "version": 1, "app": self.table.name, "workers": workers,
            "aws": {"region": "us-east-1", "endpoint_url": endpoint}, "state": {"table": f"{self.table.name}-state"},
            "leases": {"failover_s": self.failover_s}, "checkpoint_ms": 1000, "drain_s": 20,
            "sinks": [{"name": feed.name, "kind": "file", "path": str(feed.path)} for feed in self.feeds] +
                     [{"name": "dead", "kind": "file", "path": str(letters)}],
            "pipelines": [{
                "name": feed.name, "table": self.table.name, "start": "trim_horizon", "poll": {"min_ms": 50, "max_ms": 250},
                "on_failure": {"retries": 20, "dead_letter": "dead"},
                "handlers": [{"kind": "forward", "name": "feed", "sink": feed.name, "message": MESSAGE}] + more.get(number, []),
            } for number, feed in enumerate(self.feeds)],
        }

    # -- its course

    def start(self):
        for table in (self.table, self.sums, self.rows):
            table.create()
        for member in self.members:
            member.start()
        self.began = time.monotonic()
        self.churn.start()

    def rage(self, duration_s, show):
        """Changes and kills for so long. show() is called about every POLL_S."""
        next_kill = self._next_kill()
        while time.monotonic() < self.began + duration_s:
            self._step(show)
            if time.monotonic() >= next_kill:
                self._kill_one()
                next_kill = self._next_kill()
        self.churn.finish()
        self.wrote_s = time.monotonic() - self.began

    def _next_kill(self):
        return time.monotonic() + self.random.uniform(*self.kill_every_s)

    def _kill_one(self):
        member = self.random.choice(self.members)
        member.kill9()
        self.kills.append(Kill(member.name, time.monotonic()))
        member.start()

    def settle(self, timeout_s, show):
        """Until everything that was written is everywhere; False when it is not within the time."""
        deadline = time.monotonic() + timeout_s * PATIENCE
        while not self._all_is_there():
            if time.monotonic() > deadline:
                return False
            for _ in range(10):
                self._step(show)
        return True

    def _all_is_there(self):
        return all(len(feed.distinct) >= self.churn.written for feed in self.feeds) and not self._wrong_derived()

    def _step(self, show):
        self.churn.check()
        for member in self.members:
            member.program.assert_running()
        for feed in self.feeds:
            feed.follow()
        show()
        time.sleep(POLL_S)

    def stop(self):
        """SIGTERM, one after the other: each gives its leases up and ends with 0."""
        for member in self.members:
            member.stop(deadline=30 * PATIENCE)
        for feed in self.feeds:
            feed.follow()

    def discard(self):
        self.churn.abandon()
        for member in self.members:
            member.program.discard()
        for table in (self.table, self.sums, self.rows):
            table.drop()

    # -- the verdict

    def _wrong_derived(self):
        """Counters and view beside the truth recomputed from the table."""
        items = self.table.items()
        sums = {group: (len(own_items), sum(item["amount"] for item in own_items)) for group in GROUPS
                if (own_items := [item for item in items if item["group"] == group])}
        counted = {row["group"]: (row.get("items", 0), row.get("total", 0)) for row in map(own, self.sums.items())}
        counted = {group: pair for group, pair in counted.items() if pair != (0, 0)}  # rows that fell to zero stay
        rows = sorted((own(row) for row in self.rows.items()), key=lambda row: row["id"])
        wrong = []
        if counted != sums:
            wrong.append(f"the counters differ from the table: {counted} and not {sums}")
        if rows != sorted(items, key=lambda item: item["id"]):
            wrong.append("the view differs from the table")
        return wrong

    def _wrong_truth(self, records):
        """The stream has what was written, else it cannot judge anybody."""
        seen = {name: [] for name in self.churn.ids}
        for record in records:
            name, change = change_of(record)
            seen[name].append(change)
        return [f"the stream does not have what was written to {name}" for name in seen if seen[name] != self.churn.history[name]]

    def verdict(self):
        """After stop(): sentences about all that is not as promised; none when all is well."""
        records = self.table.records()
        wrong = self._wrong_truth(records) + self._wrong_derived()
        for feed in self.feeds:
            wrong += wrong_with(feed, records)
        letters = self.folder / "dead-letters.jsonl"
        if letters.exists() and letters.read_text():
            wrong.append(f"there are dead letters, the first: {letters.read_text().splitlines()[0][:1000]}")
        if not self.churn.written:
            wrong.append("nothing was written: nothing has been shown")
        return wrong

    def unexplained(self):
        """Fills the kills' figures; repeats that no kill explains (a lease moved)."""
        return sum(explain(feed, self.kills) for feed in self.feeds)
