"""Changes to a table, fast: puts in batches, updates, deletes; each item's with a running number."""

import random
import threading
import time

from .tables import plain, wire

GROUPS = [f"group-{number}" for number in range(8)]
BATCH, LARGEST_BATCH = 10, 25
BEHIND = 50  # so many changes are due: the largest batches alone then, to catch up


class Churn:
    """`rate` changes a second over a few hundred items, in a thread of its own, until finish().

    A put or update gives its item the next `n`; so each makes one record in the stream, and
    `history[item]` says which, in order: ("PUT", n) or ("REMOVE", the n that went).
    """

    def __init__(self, table, seed, items=300, rate=200):
        self.table = table
        self.rate = rate
        self.random = random.Random(seed)
        self.ids = [f"item-{number:03}" for number in range(items)]
        self.next = dict.fromkeys(self.ids, 0)
        self.alive = {}
        self.history = {name: [] for name in self.ids}
        self.written = 0
        self._error = None
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def finish(self):
        """Ends it after the change under way; raises what went wrong on the way."""
        self.abandon()
        self.check()

    def abandon(self):
        self._enough.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self):
        if self._error is not None:
            raise self._error

    def _run(self):
        began = time.monotonic()
        try:
            while not self._enough.wait(0.005):
                due = int((time.monotonic() - began) * self.rate) - self.written
                while due > 0 and not self._enough.is_set():
                    done = self._change(due)
                    self.written += done
                    due -= done
        except Exception as error:  # told by check()
            self._error = error

    def _change(self, due):
        """One request of up to `due` changes; how many it was."""
        dice = self.random.random()
        if due > BEHIND:
            return self._put(self.random.sample(self.ids, LARGEST_BATCH))
        if dice < 0.4 or not self.alive:
            return self._put(self.random.sample(self.ids, self.random.randint(1, min(due, BATCH))))
        name = self.random.choice(list(self.alive))
        if dice < 0.85:
            self._update(name)
        else:
            self._delete(name)
        return 1

    def _numbered(self, name):
        self.next[name] += 1
        self.alive[name] = self.next[name]
        self.history[name].append(("PUT", self.next[name]))
        return self.next[name]

    def _put(self, names):
        requests = [{"PutRequest": {"Item": wire({
            "id": name, "n": self._numbered(name), "group": self.random.choice(GROUPS),
            "amount": self.random.randrange(10**6),
        })}} for name in names]
        left = {self.table.name: requests}
        while left:
            left = self.table.clients.dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")
        return len(names)

    def _update(self, name):
        self.table.clients.dynamodb.update_item(
            TableName=self.table.name, Key=wire({"id": name}), UpdateExpression="SET n = :n, amount = :a",
            ExpressionAttributeValues=wire({":n": self._numbered(name), ":a": self.random.randrange(10**6)}))

    def _delete(self, name):
        self.history[name].append(("REMOVE", self.alive.pop(name)))
        self.table.delete(id=name)


def change_of(record):
    """A stream record as Churn.history has it: the item, and what happened to it."""
    body = record["dynamodb"]
    name = plain(body["Keys"])["id"]
    if record["eventName"] == "REMOVE":
        return name, ("REMOVE", int(body["OldImage"]["n"]["N"]))
    return name, ("PUT", int(body["NewImage"]["n"]["N"]))
