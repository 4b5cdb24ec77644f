"""A data model document carried out on DynamoDB Local: tables, items, commands, what came of them."""

import collections
import json
import re
import time
import uuid

from botocore import xform_name
from botocore.exceptions import ClientError

from .aws_command import check_parameters, parse
from .services import ROOT
from .tables import plain

GUIDE = ROOT / "prompts" / "dynamodb_data_modeling.md"
FILES = sorted([*(ROOT / "conf" / "examples").glob("*.json"), *(ROOT / "tests" / "models").glob("*.json"), GUIDE])

VISIBLE_S = 5  # so long a global index may take to show a write


def refuse_twice(pairs):
    counts = collections.Counter(name for name, _ in pairs)
    assert max(counts.values(), default=1) == 1, f"names that are there twice: {counts}"
    return dict(pairs)


def load(path):
    """The document in a file; the guide's is its one block that is a whole document."""
    text = path.read_text()
    if path == GUIDE:
        text, = re.findall(r'^```json\n(\{\n  "tables".*?)^```$', text, re.DOTALL | re.MULTILINE)
    return json.loads(text, object_pairs_hook=refuse_twice)


def commands(implementation):
    return [implementation] if isinstance(implementation, str) else implementation


def table_of(document, name):
    return next((table for table in document["tables"] if table["TableName"] == name), None)


def index_of(table, name):
    indexes = table.get("GlobalSecondaryIndexes", []) + table.get("LocalSecondaryIndexes", [])
    return next((index for index in indexes if index["IndexName"] == name), None)


def multi_attribute(index):
    return len(index["KeySchema"]) > 2


def rename(parameters, name_for):
    """The parameters with every table's name replaced, also in batches and transactions."""
    if isinstance(parameters, list):
        return [rename(element, name_for) for element in parameters]
    if not isinstance(parameters, dict):
        return parameters
    changed = {}
    for name, value in parameters.items():
        if name == "TableName":
            changed[name] = name_for(value)
        elif name == "RequestItems":
            changed[name] = {name_for(table): requests for table, requests in value.items()}
        else:
            changed[name] = rename(value, name_for) if name == "TransactItems" or isinstance(value, dict) else value
    return changed


def includes(item, wanted):
    """Plain values, so that 79.90 is 79.9."""
    return all(name in item and item[name] == value for name, value in wanted.items())


class Outcome:
    """What a command came to: the items in its answer, or the name of its error."""

    def __init__(self, items=(), error=None, ordered=True):
        self.items = list(items)
        self.error = error
        self.ordered = ordered  # a batch answers in any order

    @classmethod
    def of(cls, answer):
        if "Items" in answer:
            return cls(answer["Items"])
        if "Responses" in answer:
            rows = answer["Responses"]
            if isinstance(rows, list):
                return cls(row["Item"] for row in rows if "Item" in row)
            return cls((item for items in rows.values() for item in items), ordered=False)
        single = answer.get("Item") or answer.get("Attributes")
        return cls([single] if single else [])

    def differences(self, expect):
        """Sentences on what is not as expected; none if all is. `items` are compared in order
        (but for batches), by the attributes that they name."""
        if self.error != expect.get("error"):
            return [f"expected the error {expect.get('error')}, it was {self.error}"]
        found = []
        if "count" in expect and len(self.items) != expect["count"]:
            found.append(f"expected {expect['count']} items, there are {len(self.items)}")
        rest = list(map(plain, self.items))
        for wanted in expect.get("items", []):
            at = next((at for at, item in enumerate(rest) if includes(item, plain(wanted))), None)
            if at is None:
                found.append(f"not there, or not in this order: {json.dumps(wanted)}")
            else:
                del rest[0 if self.ordered else at:at + 1]
        return found


class LiveModel:
    """The document's tables under names of this run, filled; drop() takes them away."""

    def __init__(self, client, document):
        self.client = client
        self.document = document
        self.prefix = f"m{uuid.uuid4().hex[:8]}-"
        self.left_out = []  # multi-attribute indexes that the endpoint refuses: (table, index)
        self._made = []

    def name_for(self, table):
        return self.prefix + table

    def create(self):
        for table in self.document["tables"]:
            self._create(rename(table, self.name_for))
        for table, requests in self.document["items"].items():
            for at in range(0, len(requests), 25):
                answer = self.client.batch_write_item(RequestItems={self.name_for(table): requests[at:at + 25]})
                assert not answer["UnprocessedItems"]
        return self

    def _create(self, table):
        table = dict(table)
        ttl = table.pop("TimeToLiveSpecification", None)
        try:
            self.client.create_table(**table)
        except ClientError as error:
            if "Key Schema too big" not in str(error):
                raise
            self.client.create_table(**self._without_multi_attribute(table))
        self._made.append(table["TableName"])
        if ttl:
            self.client.update_time_to_live(TableName=table["TableName"], TimeToLiveSpecification=ttl)

    def _without_multi_attribute(self, table):
        """The table as an endpoint takes it that knows one HASH and one RANGE attribute an index."""
        kept = [index for index in table["GlobalSecondaryIndexes"] if not multi_attribute(index)]
        name = table["TableName"].removeprefix(self.prefix)
        self.left_out += [(name, index["IndexName"]) for index in table["GlobalSecondaryIndexes"] if index not in kept]
        keys = {key["AttributeName"] for schema in [table, *kept, *table.get("LocalSecondaryIndexes", [])]
                for key in schema["KeySchema"]}
        definitions = [one for one in table["AttributeDefinitions"] if one["AttributeName"] in keys]
        changed = {**table, "GlobalSecondaryIndexes": kept, "AttributeDefinitions": definitions}
        if not kept:
            del changed["GlobalSecondaryIndexes"]
        return changed

    def run(self, line):
        operation, parameters = parse(line)
        method = getattr(self.client, xform_name(operation))
        try:
            return Outcome.of(method(**rename(parameters, self.name_for)))
        except ClientError as error:
            return Outcome(error=error.response["Error"]["Code"])

    def differences(self, pattern):
        """Runs a pattern's commands, compares the last one's outcome, and undoes what they wrote."""
        before = self.contents()
        try:
            return self._compare(pattern)
        finally:
            self.restore(before)

    def _compare(self, pattern):
        *first, last = commands(pattern["implementation"])
        for line in first:
            outcome = self.run(line)
            if outcome.error:
                return [f"{line}: {outcome.error}"]
        deadline = time.monotonic() + (VISIBLE_S if "index" in pattern else 0)
        while True:
            found = self.run(last).differences(pattern["expect"])
            if not found or time.monotonic() >= deadline:
                return found

    def contents(self):
        return {name: self._contents_of(name) for name in self._made}

    def _contents_of(self, name):
        pages = self.client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        return {json.dumps(item, sort_keys=True): item for page in pages for item in page["Items"]}

    def restore(self, before):
        for name, items in before.items():
            now = self._contents_of(name)
            keys = [key["AttributeName"] for key in
                    table_of(self.document, name.removeprefix(self.prefix))["KeySchema"]]
            for text, item in now.items():
                if text not in items:
                    self.client.delete_item(TableName=name, Key={key: item[key] for key in keys})
            for text, item in items.items():
                if text not in now:
                    self.client.put_item(TableName=name, Item=item)

    def drop(self):
        for name in self._made:
            self.client.delete_table(TableName=name)


def check_table(table):
    """The table against the API's own shapes, its TTL apart as UpdateTimeToLive takes it."""
    table = dict(table)
    ttl = table.pop("TimeToLiveSpecification", None)
    check_parameters("CreateTable", table)
    if ttl:
        check_parameters("UpdateTimeToLive", {"TableName": table["TableName"], "TimeToLiveSpecification": ttl})
