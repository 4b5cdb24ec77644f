"""A consumer of one table's stream on boto3, as one would write it by hand: every NEW image is
made plain JSON, and counted or produced to Kafka. Begins at TRIM_HORIZON and ends when COUNT
records have been counted or acknowledged.

Environment: ENDPOINT TABLE COUNT; BROKERS and TOPIC for Kafka. Prints "first" and "last".
"""

import json
import os
import time
from decimal import Decimal

import boto3
from boto3.dynamodb.types import TypeDeserializer
from confluent_kafka import Producer

WANTED = int(os.environ["COUNT"])
seen = 0


def count():
    global seen
    seen += 1
    if seen in (1, WANTED):
        print("first" if seen == 1 else "last", flush=True)


def acknowledged(error, _message):
    if error:
        raise SystemExit(f"not delivered: {error}")
    count()


def number(value):
    return float(value) if isinstance(value, Decimal) else list(value)


def main():
    table = boto3.client("dynamodb", endpoint_url=os.environ["ENDPOINT"]).describe_table(TableName=os.environ["TABLE"])
    streams = boto3.client("dynamodbstreams", endpoint_url=os.environ["ENDPOINT"])
    arn = table["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    producer = None
    if os.environ.get("BROKERS"):
        producer = Producer({"bootstrap.servers": os.environ["BROKERS"], "acks": "all", "linger.ms": 5, "compression.type": "lz4"})
    plain = TypeDeserializer().deserialize
    while seen < WANTED:
        page = streams.get_records(ShardIterator=iterator, Limit=1000)
        for record in page["Records"]:
            image = {name: plain(value) for name, value in record["dynamodb"]["NewImage"].items()}
            body = json.dumps(image, default=number)
            if producer:
                producer.produce(os.environ["TOPIC"], body, image["deal_id"], on_delivery=acknowledged)
                producer.poll(0)
            else:
                count()
        if not page["Records"]:
            if producer:
                producer.flush()
            time.sleep(0.25)
        iterator = page["NextShardIterator"]


main()
