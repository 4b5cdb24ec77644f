"""Tables on DynamoDB, their streams as boto3 reads them, and seeded writers."""

import collections
import random
import threading
import uuid

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

# boto3's, for one endpoint.
Clients = collections.namedtuple("Clients", "dynamodb streams")

_from_wire = TypeDeserializer()
_to_wire = TypeSerializer()


def plain(image):
    """An image in attribute-value format as plain Python values."""
    return {name: _from_wire.deserialize(value) for name, value in image.items()}


def wire(item):
    return {name: _to_wire.serialize(value) for name, value in item.items()}


class Table:
    """One table with a unique name, its stream on unless told otherwise."""

    def __init__(self, clients, prefix, partition_key, sort_key=None, view="NEW_AND_OLD_IMAGES", name=None):
        self.clients = clients
        self.name = name or f"{prefix}-{uuid.uuid4().hex[:10]}"
        self.keys = [key for key in (partition_key, sort_key) if key]
        self._view = view
        self.stream_arn = None

    def create(self):
        types = {"S": "S", "N": "N"}
        names = [(key.split(":") + ["S"])[:2] for key in self.keys]
        self.keys = [name for name, _ in names]
        arguments = {
            "TableName": self.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": types[kind]} for name, kind in names],
            "KeySchema": [{"AttributeName": name, "KeyType": kind}
                          for (name, _), kind in zip(names, ("HASH", "RANGE"))],
        }
        if self._view:
            arguments["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": self._view}
        answer = self.clients.dynamodb.create_table(**arguments)
        self.clients.dynamodb.get_waiter("table_exists").wait(TableName=self.name, WaiterConfig={"Delay": 1})
        self.stream_arn = answer["TableDescription"].get("LatestStreamArn")
        return self

    def put(self, **item):
        self.clients.dynamodb.put_item(TableName=self.name, Item=wire(item))

    def delete(self, **key):
        self.clients.dynamodb.delete_item(TableName=self.name, Key=wire(key))

    def get(self, **key):
        answer = self.clients.dynamodb.get_item(TableName=self.name, Key=wire(key), ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def put_many(self, items):
        """BatchWriteItem, 25 at a time; the keys must differ within each 25."""
        items = list(items)
        for at in range(0, len(items), 25):
            requests = [{"PutRequest": {"Item": wire(item)}} for item in items[at:at + 25]]
            left = {self.name: requests}
            while left:
                left = self.clients.dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")

    def items(self):
        """Everything in it, by a consistent scan."""
        pages = self.clients.dynamodb.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True)
        return [plain(item) for page in pages for item in page["Items"]]

    def key_of(self, item):
        return tuple(item[name] for name in self.keys)

    def records(self):
        """The stream from its horizon to its tip, shard by shard, as boto3 sees it."""
        records = []
        for shard in self._shards():
            records += self._shard_records(shard["ShardId"])
        return records

    def _shards(self):
        shards, start = [], {}
        while True:
            described = self.clients.streams.describe_stream(StreamArn=self.stream_arn, **start)["StreamDescription"]
            shards += described["Shards"]
            if "LastEvaluatedShardId" not in described:
                return shards
            start = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}

    def _shard_records(self, shard):
        iterator, records, empty = self._iterator(shard), [], 0
        while iterator and empty < 3:  # an empty page is not yet the tip
            try:
                page = self.clients.streams.get_records(ShardIterator=iterator, Limit=1000)
            except ClientError as error:
                # DynamoDB Local gives this now and then for a fresh iterator: nothing is lost.
                if error.response["Error"]["Code"] != "TrimmedDataAccessException":
                    raise
                iterator, records = self._iterator(shard), []
                continue
            records += page["Records"]
            empty = 0 if page["Records"] else empty + 1
            iterator = page.get("NextShardIterator")
        return records

    def _iterator(self, shard):
        return self.clients.streams.get_shard_iterator(
            StreamArn=self.stream_arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

    def drop(self):
        try:
            self.clients.dynamodb.delete_table(TableName=self.name)
        except ClientError:
            pass  # a test may have removed it itself


class Writer:
    """Random puts, changes and deletes over a few items, the same for the same seed.

    Every image carries `n`, counting up over all writes, so none repeats the one before it.
    make(rng) gives an item's other attributes.
    """

    def __init__(self, table, seed, items=20, make=None):
        self.table = table
        self.random = random.Random(seed)
        self.ids = [f"item-{number:03}" for number in range(items)]
        self.alive = set()
        self.written = 0
        self.make = make or (lambda rng: {"text": random_text(rng)})

    def write(self, count=1):
        for _ in range(count):
            self._write_one()
            self.written += 1

    def _write_one(self):
        key = self.table.keys[0]
        chosen = self.random.choice(self.ids)
        if chosen in self.alive and self.random.random() < 0.15:
            self.table.delete(**{key: chosen})
            self.alive.remove(chosen)
        else:
            self.table.put(**{key: chosen, "n": self.written, **self.make(self.random)})
            self.alive.add(chosen)


def random_text(rng):
    """Text that has to be escaped, is not ASCII, not in the basic plane, not printable."""
    alphabet = 'abc xyz "quoted" back\\slash \n\t é ü 漢字 😀 \u0000\u001f'
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 40)))


class Writing:
    """A writer at work in the background, about 150 writes a second, until it is told to finish."""

    def __init__(self, writer):
        self._writer = writer
        self._error = None
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while not self._enough.wait(1 / 150):
                self._writer.write()
        except Exception as error:  # told to the test by finish()
            self._error = error

    def finish(self):
        """Ends it after the write under way; raises what went wrong on the way."""
        self._enough.set()
        self._thread.join()
        if self._error is not None:
            raise self._error
