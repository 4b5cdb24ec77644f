"""One table, written into S3 as objects of JSON lines; read back by boto3."""

import gzip
import io
import json
import random
import re
import uuid
from decimal import Decimal

import boto3
import botocore.config
import pytest

from harness.chaos import run_and_kill
from harness.forwarded import assert_complete
from harness.tables import Writer

from test_new_stream import switch

KEY = re.compile(r"deals/all/dt=(\d{4}-\d\d-\d\d)/hour=(\d\d)/(shardId-[-0-9a-f]+)-(\d{40})\.json\.gz\Z")


@pytest.fixture(scope="module")
def s3(moto):
    return boto3.client("s3", endpoint_url=moto.url, region_name="us-east-1",
                        aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=moto.keys["AWS_SECRET_ACCESS_KEY"],
                        config=botocore.config.Config(s3={"addressing_style": "path"}))


@pytest.fixture
def bucket(s3):
    name = f"lake-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    return name


def objects(s3, bucket, prefix="deals/"):
    """{key: bytes}"""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def lines(packed):
    with gzip.open(io.BytesIO(packed)) as file:
        return [json.loads(line, parse_int=Decimal, parse_float=Decimal) for line in file]


def messages(found):
    return [message for packed in found.values() for message in lines(packed)]


def settings_for(base_settings, moto, table, bucket, batch=1000, **sink):
    return {
        **base_settings,
        "sinks": [{"name": "lake", "kind": "s3", "endpoint_url": moto.url, "object_bytes": 4096, "interval_s": 10, **sink}],
        "pipelines": [{
            "name": "deals", "table": table.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
            "batch": {"records": batch, "window_ms": 20},
            "handlers": [{"kind": "forward", "name": "all", "sink": "lake", "bucket": bucket, "prefix": "deals/all"}],
        }],
    }


@pytest.mark.parametrize("seed", [31, 32])
def test_kill_9_and_other_batches_leave_each_change_in_one_object(
        sluice, base_settings, moto, s3, bucket, make_table, write_behind, seed):
    table = make_table("Deals", "id")
    moments = random.Random(seed)
    writing = write_behind(Writer(table, seed))
    earlier = {}
    for batch in (1000, 7, 1, 50):
        program = sluice(settings_for(base_settings, moto, table, bucket, batch), env=moto.keys)
        count = len(earlier)
        run_and_kill(program, moments, seen=lambda count=count: len(objects(s3, bucket)) > count)
        found = objects(s3, bucket)
        assert all(found[key] == packed for key, packed in earlier.items()), "an object has changed"
        earlier = found
    writing.finish()
    records = table.records()
    program = sluice(settings_for(base_settings, moto, table, bucket, 20), env=moto.keys).start()
    switch(table, False)  # the shards end, and so do their last objects
    program.wait_for(lambda: len(messages(objects(s3, bucket))) >= len(records), 60,
                     lambda: f"{len(records)} changes; there are {len(messages(objects(s3, bucket)))}")
    program.stop()
    found = objects(s3, bucket)
    assert all(found[key] == packed for key, packed in earlier.items()), "an object has changed"
    arrived = messages(found)
    assert len(arrived) == len(records)  # each once
    assert_complete(arrived, records, table.name)
    for key, packed in found.items():
        day, hour, shard, first = KEY.match(key).groups()
        inside = [int(message["sequence_number"]) for message in lines(packed)]
        assert inside == sorted(inside) and inside[0] == int(first)
        assert sum(len(line) for line in gzip.decompress(packed).splitlines(True)) <= 4096
    head = s3.head_object(Bucket=bucket, Key=next(iter(found)))
    assert head["ContentType"] == "application/gzip" and "ContentEncoding" not in head


def test_a_drain_is_quick_and_what_was_gathered_comes_again(sluice, base_settings, moto, s3, bucket, make_table):
    table = make_table("Deals", "id")
    Writer(table, seed=33).write(30)
    program = sluice(settings_for(base_settings, moto, table, bucket, object_bytes=1 << 20), env=moto.keys)
    program.start()
    program.wait_log(r"event=shard\.open")
    program.wait_for(lambda: table.records())
    program.stop(deadline=10)
    assert objects(s3, bucket) == {}
    records = table.records()
    program.start()
    switch(table, False)
    program.wait_for(lambda: len(messages(objects(s3, bucket))) >= len(records))
    program.stop()
    assert_complete(messages(objects(s3, bucket)), records, table.name)
    assert len(messages(objects(s3, bucket))) == len(records)


def test_a_bucket_that_is_missing_is_waited_for_and_said(sluice, base_settings, moto, s3, make_table):
    bucket = f"lake-{uuid.uuid4().hex[:8]}"
    table = make_table("Deals", "id")
    Writer(table, seed=34).write(60)
    program = sluice(settings_for(base_settings, moto, table, bucket, object_bytes=1024), env=moto.keys).start()
    program.wait_log(r"is there a bucket " + bucket)
    s3.create_bucket(Bucket=bucket)
    program.wait_for(lambda: objects(s3, bucket), 60)
    program.stop()


def test_dead_letters_are_objects_named_by_their_ids(sluice, base_settings, moto, s3, bucket, make_table):
    table = make_table("Deals", "id")
    table.put(id="a", n=1)
    settings = settings_for(base_settings, moto, table, bucket)
    settings["pipelines"][0]["handlers"][0] = {
        "kind": "forward", "name": "all", "sink": "lake", "bucket": bucket, "prefix": "deals/all",
        "message": {"missing": "${new.missing}"}, "on_failure": {"dead_letter": {"sink": "lake", "bucket": bucket, "prefix": "dead"}},
    }
    program = sluice(settings, env=moto.keys).start()
    program.wait_for(lambda: objects(s3, bucket, "dead/"))
    program.stop()
    (key, letter), = objects(s3, bucket, "dead/").items()
    letter = json.loads(letter)
    assert key == f"dead/{letter['id']}.json"
    assert letter["record"]["dynamodb"]["Keys"] == {"id": {"S": "a"}}
    assert objects(s3, bucket, "deals/") == {}
