"""The derived results beside the truth: what must be there by the tables, what is there."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from decimal import Decimal

from harness.deals import own
from harness.tables import plain

from deals import scan
from readers import parse

VIEW = ("category_id", "deal_id", "title", "price", "brand_id", "ends_at")
DOCUMENT = ("deal_id", "title", "description", "brand_id", "category_id", "price", "status")


@dataclass
class Result:
    """One derived result beside its truth."""

    name: str
    truth: str
    kept: str
    differs: list = field(default_factory=list)  # a sentence each, the first ones
    behind: int = 0                              # how many things differ
    lag_ms: float = None
    repeated: int = 0

    @property
    def equal(self):
        return self.behind == 0


def picked(deal, names):
    return {name: deal[name] for name in names}


def brand_stats(deals):
    """{brand: (live deals, sum of their prices)}"""
    stats = {}
    for deal in deals:
        if deal["status"] == "live":
            count, total = stats.get(deal["brand_id"], (0, Decimal(0)))
            stats[deal["brand_id"]] = (count + 1, total + deal["price"])
    return stats


def _compare(result, truth, kept, what):
    """Fills in the things whose values differ."""
    for key in truth.keys() | kept.keys():
        if truth.get(key) != kept.get(key):
            result.behind += 1
            if len(result.differs) < 5:
                result.differs.append(f"{what} {key}: the truth is {truth.get(key)}, sluice keeps {kept.get(key)}")
    return result


class Derived:
    """Reads the truth and the derived results and compares them.

    The truth is read first: while deals are being written a result may be ahead of it as well as
    behind; when nothing moves any more the comparison is exact.
    """

    def __init__(self, db, writer, changes, notifications, search_url=None):
        self._db, self._writer, self._search = db, writer, search_url
        self._changes, self._notifications = changes, notifications
        self.lags = {}
        self.truth_stats, self.kept_stats = {}, {}

    def compare(self, exact=False):
        """All results. exact: the messages one by one, too, not only how many there are."""
        deals = {deal["deal_id"]: deal for deal in scan(self._db, "Deals")}
        results = [self._told(exact), self._counters(deals), self._view(deals)]
        if self._search:
            results.append(self._index(deals))
        results.append(self._feed(deals, exact))
        for result in results:
            if result.name in self.lags:
                result.lag_ms = self.lags[result.name].median()
        return results

    def _told(self, exact):
        due, heard = self._writer.due, self._notifications
        result = Result("notifications", f"{due:,} for {len(self._writer.announced):,} deals",
                        f"{heard.distinct:,} {'in Kafka' if self._search else 'in a file'}",
                        behind=abs(due - heard.distinct), lag_ms=heard.lags.median(), repeated=heard.repeated)
        if exact:
            result.behind = heard.two_ids
            truth = {(deal.deal_id, user) for deal in list(self._writer.announced.values()) for user in deal.audience}
            kept = {(deal_id, user) for deal_id, users in list(heard.of.items()) for user in users}
            self._told_differs(result, truth - kept, kept - truth)
        return result

    def _told_differs(self, result, missing, strange):
        result.behind += len(missing) + len(strange)
        for pairs, says in ((missing, "was not told of"), (strange, "should not have been told of")):
            result.differs += [f"{user} {says} {deal_id}" for deal_id, user in sorted(pairs)[:3]]
        if self._notifications.two_ids:
            result.differs.append(f"{self._notifications.two_ids} notifications came under two ids")

    def _counters(self, deals):
        self.truth_stats = truth = brand_stats(deals.values())
        rows = {row["brand_id"]: (row["live_deals"], row["total_price"]) for row in scan(self._db, "BrandStats")}
        self.kept_stats = kept = {brand: sums for brand, sums in rows.items() if sums != (0, 0)}
        return _compare(Result("brand counters", self._sums(truth), self._sums(kept)), truth, kept, "brand")

    @staticmethod
    def _sums(stats):
        live, total = sum(count for count, _ in stats.values()), sum(total for _, total in stats.values())
        return f"{live:,} live, {total:,}"

    def _view(self, deals):
        truth = {(deal["category_id"], deal["deal_id"]): picked(deal, VIEW) for deal in deals.values()}
        kept = {(row["category_id"], row["deal_id"]): own(row) for row in scan(self._db, "DealsByCategory")}
        return _compare(Result("category view", f"{len(truth):,} rows", f"{len(kept):,} rows"), truth, kept, "row")

    def _index(self, deals):
        truth = {deal_id: picked(deal, DOCUMENT) for deal_id, deal in deals.items()}
        kept = self._documents()
        return _compare(Result("search index", f"{len(truth):,} documents", f"{len(kept):,} documents"), truth, kept, "document")

    def _feed(self, deals, exact):
        fed, writes = self._changes, self._writer.writes
        result = Result("change feed", f"{writes:,} writes", f"{fed.distinct:,} messages",
                        behind=abs(writes - fed.distinct), lag_ms=fed.lags.median(), repeated=fed.repeated)
        if exact:
            result.behind += fed.two_versions
            # Each deal's changes, the last by version kept, give the table back.
            last = {deal_id: max(events.values(), key=lambda event: event[0])[1] for deal_id, events in list(fed.of.items())}
            _compare(result, deals, {deal_id: image for deal_id, image in last.items() if image}, "deal")
            counts = {deal_id: len(times) for deal_id, times in list(self._writer.times.items())}
            _compare(result, counts, {deal_id: len(events) for deal_id, events in list(fed.of.items())}, "changes of")
        return result

    def _call(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self._search + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return parse(answer.read())
        except urllib.error.HTTPError as error:
            if error.code in (404, 503):  # the index is made with its first document, and is then not ready at once
                return None
            raise

    def document(self, deal_id):
        key = json.dumps({"deal_id": deal_id}, separators=(",", ":"))  # the id that sluice gives a document
        found = self._call(f"/deals/_doc/{urllib.parse.quote(key, safe='')}")
        return found.get("_source") if found else None

    def _documents(self):
        """The whole index, as a search sees it."""
        found = {}
        if self._call("/deals/_refresh", method="POST") is None:
            return found
        page = self._call("/deals/_search?scroll=1m", {"size": 2000, "sort": ["_doc"]})
        while page and page["hits"]["hits"]:
            found.update((hit["_source"]["deal_id"], hit["_source"]) for hit in page["hits"]["hits"])
            page = self._call("/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        if page:
            self._call("/_search/scroll", {"scroll_id": page["_scroll_id"]}, "DELETE")
        return found


class Probe:
    """Measures the lags of what is no message: follows one write until it is to be seen, then the
    newest one by then."""

    def __init__(self, db, writer, derived, lags):
        self._db, self._writer, self._derived, self.lags = db, writer, derived, lags
        self._followed = {}
        self._done = {}

    def look(self):
        """One look at each result."""
        deals, rows, brands = self._writer.now()
        stats = brand_stats(deals.values())
        self._check("brand counters", brands, lambda brand: self._sums(brand) == stats.get(brand, (0, 0)))
        self._check("category view", rows, lambda deal_id: self._row(deals[deal_id]) == picked(deals[deal_id], VIEW))
        if "search index" in self.lags:
            self._check("search index", rows, lambda deal_id: self._derived.document(deal_id) == picked(deals[deal_id], DOCUMENT))

    def _check(self, name, changed, seen):
        """changed: {what: when}; the first look that finds it as it should be ends a lag."""
        what = self._followed.get(name)
        if what not in changed:
            what = max(changed, key=changed.get, default=None)
        if what is None or self._done.get(name) == (what, changed[what]):
            self._followed[name] = None
        elif seen(what):
            self.lags[name].add(changed[what])
            self._done[name] = what, changed[what]
            self._followed[name] = None
        else:
            self._followed[name] = what

    def _row(self, deal):
        key = {"category_id": {"S": deal["category_id"]}, "deal_id": {"S": deal["deal_id"]}}
        return own(plain(self._db.get_item(TableName="DealsByCategory", Key=key, ConsistentRead=True).get("Item", {})))

    def _sums(self, brand):
        key = {"brand_id": {"S": brand}}
        row = plain(self._db.get_item(TableName="BrandStats", Key=key, ConsistentRead=True).get("Item", {}))
        return row.get("live_deals", 0), row.get("total_price", 0)
