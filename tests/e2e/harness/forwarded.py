"""What a forward handler wrote into a file, judged against the stream as boto3 reads it."""

import base64
import json
from decimal import Decimal

from boto3.dynamodb.types import Binary

from .tables import plain


def read_lines(path):
    """The objects of a file of JSON lines, numbers exact, and the lines that are not JSON.

    The last line counts only when it has its end: the writer may be in the middle of it.
    """
    objects, torn = [], []
    text = path.read_bytes() if path.exists() else b""
    for line in text[:text.rfind(b"\n") + 1].splitlines():
        try:
            objects.append(json.loads(line, parse_int=Decimal, parse_float=Decimal))
        except ValueError:
            torn.append(line)
    return objects, torn


def line_count(path):
    """How many lines have their end: cheap enough to poll."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def as_json(value):
    """A plain value as sluice writes it: sets are arrays (any order: sorted here), binary is base64."""
    if isinstance(value, (Binary, bytes)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, (set, frozenset)):
        return sorted(map(as_json, value))
    if isinstance(value, dict):
        return {name: as_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value


def expected(record, table_name):
    """The message that a record becomes, but for `v`, which only sluice knows."""
    body = record["dynamodb"]
    message = {
        "event_id": record["eventID"],
        "event_name": record["eventName"],
        "table": table_name,
        "sequence_number": body["SequenceNumber"],
        "time": Decimal(int(body["ApproximateCreationDateTime"].timestamp())),
        "keys": as_json(plain(body["Keys"])),
    }
    for name, image in (("new", "NewImage"), ("old", "OldImage")):
        if image in body:
            message[name] = as_json(plain(body[image]))
    return message


def without_v(message):
    """As expected() gives it: no `v`, no image that is absent or null."""
    return {name: value for name, value in message.items()
            if name != "v" and not (name in ("new", "old") and value is None)}


def item_of(message):
    return json.dumps(message["keys"], sort_keys=True, default=str)


def assert_complete(messages, records, table_name):
    """Every record arrived, none that the stream does not have, each as it must look;
    a record has one version, however often it arrived."""
    wanted = {record["eventID"]: expected(record, table_name) for record in records}
    versions = {}
    for message in messages:
        identity = message["event_id"]
        assert identity in wanted, f"a message that no record of the stream explains: {message}"
        assert without_v(message) == wanted[identity]
        assert versions.setdefault(identity, message["v"]) == message["v"], f"two versions of {identity}"
    missing = [record for record in records if record["eventID"] not in versions]
    assert not missing, f"{len(missing)} of {len(records)} records never arrived, the first: {missing[0]}"


def assert_order(messages, records):
    """What a consumer keeps that drops every `v` not above the one it holds is, item by item,
    the stream's own order, and ends with the item's last change."""
    held, kept, wanted = {}, {}, {}
    for message in messages:
        item = item_of(message)
        if message["v"] > held.get(item, -1):
            held[item] = message["v"]
            kept.setdefault(item, []).append(message["event_id"])
    for record in records:
        item = json.dumps(as_json(plain(record["dynamodb"]["Keys"])), sort_keys=True, default=str)
        wanted.setdefault(item, []).append(record["eventID"])
    assert kept == wanted


def assert_one_run_in_order(messages):
    """Within one run of the program nothing is repeated and no item goes backwards."""
    last = {}
    for message in messages:
        item, sequence = item_of(message), int(message["sequence_number"])
        assert sequence > last.get(item, -1), f"{item} went back to {sequence} in one run"
        last[item] = sequence


def positions(clients, settings, handler):
    """The saved positions of a handler, {shard: last acknowledged sequence number}."""
    found = {}
    pages = clients.dynamodb.get_paginator("scan").paginate(TableName=settings["state"]["table"], ConsistentRead=True)
    for row in (plain(item) for page in pages for item in page["Items"]):
        kind = row["pk"].split("#")[1]
        position = row.get("positions", {}).get(handler)
        if kind == "lease" and position and "sequence" in position:
            found[row["shard"]] = int(position["sequence"])
    return found
