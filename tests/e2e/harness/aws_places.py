"""Places on moto that messages go to, read back by boto3: queues, topics, streams, buses, buckets."""

import json
import uuid
from decimal import Decimal

import boto3

ACCOUNT = "123456789012"


def client(moto, name):
    return boto3.client(name, endpoint_url=moto.url, region_name="us-east-1",
                        aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=moto.keys["AWS_SECRET_ACCESS_KEY"])


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def parsed(text):
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


class Queue:
    """An SQS queue. `raw` is all that was ever received, in its order; what is received is deleted."""

    kind, address = "sqs", "queue_url"

    def __init__(self, moto, fifo=False):
        self.sqs = client(moto, "sqs")
        name = unique("queue") + (".fifo" if fifo else "")
        self.place = self.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        self.raw = []

    def receive(self):
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.place, MaxNumberOfMessages=10, WaitTimeSeconds=0,
                                              MessageAttributeNames=["All"], AttributeNames=["All"])
            found = answer.get("Messages", [])
            if not found:
                return self.raw
            self.raw += found
            self.sqs.delete_message_batch(QueueUrl=self.place, Entries=[
                {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(found)])

    def messages(self):
        return [parsed(message["Body"]) for message in self.receive()]


class Topic:
    """An SNS topic, read by a queue that is subscribed to it."""

    kind, address = "sns", "topic_arn"

    def __init__(self, moto, fifo=False):
        self.sns = client(moto, "sns")
        self.queue = Queue(moto, fifo)
        name = unique("topic") + (".fifo" if fifo else "")
        self.place = self.sns.create_topic(Name=name, Attributes={"FifoTopic": "true"} if fifo else {})["TopicArn"]
        self.sns.subscribe(TopicArn=self.place, Protocol="sqs", Endpoint=self.queue.arn,
                           Attributes={"RawMessageDelivery": "true"})

    def messages(self):
        return self.queue.messages()


class Stream:
    """A Kinesis data stream with several shards; messages come shard by shard."""

    kind, address = "kinesis", "stream"

    def __init__(self, moto, shards=3):
        self.kinesis = client(moto, "kinesis")
        self.place = unique("stream")
        self.kinesis.create_stream(StreamName=self.place, ShardCount=shards)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=self.place, WaiterConfig={"Delay": 1})

    def records(self):
        records = []
        for shard in self.kinesis.list_shards(StreamName=self.place)["Shards"]:
            iterator = self.kinesis.get_shard_iterator(
                StreamName=self.place, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while iterator:
                page = self.kinesis.get_records(ShardIterator=iterator, Limit=1000)
                records += page["Records"]
                iterator = page["NextShardIterator"] if page["Records"] else None
        return records

    def messages(self):
        return [parsed(record["Data"]) for record in self.records()]


class Lake:
    """A Firehose stream into an S3 bucket."""

    kind, address = "firehose", "stream"

    def __init__(self, moto):
        self.s3, firehose = client(moto, "s3"), client(moto, "firehose")
        self.bucket, self.place = unique("lake"), unique("delivery")
        self.s3.create_bucket(Bucket=self.bucket)
        firehose.create_delivery_stream(DeliveryStreamName=self.place, ExtendedS3DestinationConfiguration={
            "BucketARN": f"arn:aws:s3:::{self.bucket}", "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/delivery"})

    def messages(self):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        texts = [self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys]
        return [parsed(line) for text in texts for line in text.splitlines()]


class Bus:
    """An EventBridge bus with a rule that puts all of sluice's events into a queue."""

    kind, address = "eventbridge", "bus"

    def __init__(self, moto):
        self.queue, events = Queue(moto), client(moto, "events")
        self.place = unique("bus")
        events.create_event_bus(Name=self.place)
        events.put_rule(Name="all", EventBusName=self.place, EventPattern=json.dumps({"source": ["sluice"]}))
        events.put_targets(Rule="all", EventBusName=self.place, Targets=[{"Id": "queue", "Arn": self.queue.arn}])

    def events(self):
        return self.queue.messages()

    def messages(self):
        return [event["detail"] for event in self.events()]
