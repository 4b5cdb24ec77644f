"""The deals app: its tables, who follows what, and the writing that goes on in them."""

import random
import threading
import time
from collections import deque
from decimal import Decimal

from harness.tables import plain, wire

USERS, BRANDS, CATEGORIES, SHARDS = 2000, 40, 12, 16
STREAM = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
TABLES = {
    "Deals": (("deal_id",), STREAM),
    "Followers": (("subject", "user_id"), {}),
    "BrandStats": (("brand_id",), {}),
    "DealsByCategory": (("category_id", "deal_id"), {}),
}
ADJECTIVES = "Quiet Bright Folding Wireless Sturdy Little Nordic Classic Warm Swift".split()
THINGS = "Kettle Lamp Chair Headphones Backpack Camera Bicycle Jacket Toaster Speaker Desk Tent".split()
LIFETIME_S = 30 * 24 * 3600


def create_tables(db):
    for name, (keys, more) in TABLES.items():
        db.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", **more,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"))],
        )
    for name in TABLES:
        db.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def scan(db, table):
    pages = db.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [plain(item) for page in pages for item in page["Items"]]


def _followed(rng, of, most):
    """Some numbers below `of`; the low ones are popular."""
    return {min(int(rng.paretovariate(0.6)) - 1, of - 1) if rng.random() < 0.5 else rng.randrange(of)
            for _ in range(rng.randint(1, most))}


def follow(db, rng):
    """Every user follows some brands and categories, each follower in one of SHARDS partitions."""
    rows = []
    for number in range(USERS):
        user = f"user-{number:04}"
        subjects = [f"BRAND#{brand}" for brand in _followed(rng, BRANDS, 4)]
        subjects += [f"CATEGORY#{category}" for category in _followed(rng, CATEGORIES, 2)]
        rows += [{"subject": f"{subject}#{rng.randrange(SHARDS)}", "user_id": user} for subject in subjects]
    for at in range(0, len(rows), 25):
        left = {"Followers": [{"PutRequest": {"Item": wire(row)}} for row in rows[at:at + 25]]}
        while left:
            left = db.batch_write_item(RequestItems=left).get("UnprocessedItems")


class Followers:
    """Who follows what, as the Followers table says."""

    def __init__(self, db):
        self._of = {}
        for row in scan(db, "Followers"):
            subject = row["subject"].rpartition("#")[0]
            self._of.setdefault(subject, set()).add(row["user_id"])

    def audience(self, brand, category):
        return self._of.get(f"BRAND#{brand}", set()) | self._of.get(f"CATEGORY#{category}", set())


def _counts(deal):
    """What a deal adds to the counters."""
    return (deal["brand_id"], deal["price"]) if deal and deal["status"] == "live" else None


class Announced:
    """A new live deal, of which its audience must be told."""

    def __init__(self, deal, audience, at):
        self.deal_id, self.title, self.audience, self.at = deal["deal_id"], deal["title"], audience, at


class Writer:
    """Writes, changes and ends deals; keeps a journal of what DynamoDB has confirmed.

    The journal says which notifications are due (a deal may be gone from the table when they are
    compared) and when each write happened, from which the lags come.
    """

    def __init__(self, db, followers, rate, seed):
        self._db, self._followers, self._rate = db, followers, rate
        self._rng = random.Random(seed)
        self._deals = {}
        self._lock = threading.Lock()
        self.announced = {}          # deal_id: Announced
        self.due = 0                 # notifications
        self.written = {"new": 0, "changed": 0, "ended": 0}
        self.times = {}              # deal_id: the time of each of its writes
        self.brand_changed = {}      # brand: time of the last write that moved its counter
        self.row_changed = {}        # deal_id: time of the last write that changed its row, the newest last
        self.recent = deque(maxlen=40)

    @property
    def writes(self):
        return sum(self.written.values())

    def run(self, seconds, enough):
        begin = time.monotonic()
        due = 0.0
        while not enough.wait(max(0.0, begin + due - time.monotonic())):
            due += self._rng.expovariate(self._rate)
            if time.monotonic() - begin >= seconds:
                return
            self._write_one()

    def _write_one(self):
        step = self._rng.random()
        if step < 0.35 or len(self._deals) < 8:
            return self._insert()
        old = self._deals[self._rng.choice(list(self._deals))]
        if step < 0.55:
            return self._change(old, price=self._price(), says="new price")
        if step < 0.65:
            return self._change(old, category_id=self._other(old["category_id"], CATEGORIES), says="other category")
        if step < 0.72:
            return self._change(old, brand_id=self._other(old["brand_id"], BRANDS), says="other brand")
        if step < 0.88:
            status = "live" if old["status"] == "draft" else "ended" if old["status"] == "live" else None
            if status:
                return self._change(old, status=status, says="goes live" if status == "live" else "ends")
        self._delete(old)

    def _price(self):
        return Decimal(self._rng.randrange(100, 100000)).scaleb(-2)

    def _other(self, now, of):
        return str((int(now) + self._rng.randrange(1, of)) % of)

    def _insert(self):
        number = self.written["new"] + 1
        title = f"{self._rng.choice(ADJECTIVES)} {self._rng.choice(THINGS)}"
        deal = {
            "deal_id": f"deal-{number:06}", "title": title, "description": f"{title}, offer number {number}",
            "brand_id": str(self._rng.randrange(BRANDS)), "category_id": str(self._rng.randrange(CATEGORIES)),
            "price": self._price(), "status": "live" if self._rng.random() < 0.85 else "draft",
            "ends_at": int(time.time()) + LIFETIME_S,
        }
        self._db.put_item(TableName="Deals", Item=wire(deal))
        self._note("new", None, deal, "new deal" if deal["status"] == "live" else "new draft")

    def _change(self, old, says, **attributes):
        deal = {**old, **attributes}
        if deal == old:
            return
        self._db.put_item(TableName="Deals", Item=wire(deal))
        kind = "ended" if deal["status"] == "ended" and old["status"] != "ended" else "changed"
        self._note(kind, old, deal, says)

    def _delete(self, old):
        self._db.delete_item(TableName="Deals", Key={"deal_id": {"S": old["deal_id"]}})
        self._note("ended", old, None, "deleted")

    def _note(self, kind, old, deal, says):
        now, deal_id = time.monotonic(), (deal or old)["deal_id"]
        with self._lock:
            self.written[kind] += 1
            self.times.setdefault(deal_id, []).append(now)
            self.recent.append((says, (deal or old)["title"], deal_id))
            if deal is None:
                del self._deals[deal_id]
            else:
                self._deals[deal_id] = deal
            if _counts(old) != _counts(deal):
                self.brand_changed.update((side[0], now) for side in (_counts(old), _counts(deal)) if side)
            if deal is None:
                self.row_changed.pop(deal_id, None)
            elif not old or any(old[name] != deal[name] for name in ("price", "brand_id", "category_id")):
                self.row_changed.pop(deal_id, None)
                self.row_changed[deal_id] = now
            if kind == "new" and deal["status"] == "live":
                audience = self._followers.audience(deal["brand_id"], deal["category_id"])
                self.announced[deal_id] = Announced(deal, audience, now)
                self.due += len(audience)

    def now(self):
        """The journal's deals, row_changed and brand_changed as they are now.

        For the lags alone: the truth is read from the table.
        """
        with self._lock:
            return dict(self._deals), dict(self.row_changed), dict(self.brand_changed)
