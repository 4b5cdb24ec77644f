"""The services themselves: what every other test takes for granted about them."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from confluent_kafka import Consumer, Producer
from opensearchpy.exceptions import ConflictError

from harness.tables import Table, plain
from harness.wait import eventually


def test_a_write_to_a_table_appears_in_its_stream(make_table):
    table = make_table("Probe", "id", "sort:N")
    table.put(id="a", sort=1, title="first")
    table.put(id="a", sort=1, title="second")
    table.delete(id="a", sort=1)
    records = eventually(lambda: (found := table.records()) and len(found) == 3 and found, what="three records")
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert plain(records[1]["dynamodb"]["OldImage"])["title"] == "first"
    assert plain(records[1]["dynamodb"]["NewImage"])["title"] == "second"


def test_a_failed_condition_gives_back_the_item_as_it_is(make_table, clients):
    table = make_table("Probe", "id")
    table.put(id="a", fence="5")
    with pytest.raises(ClientError) as caught:
        clients.dynamodb.update_item(
            TableName=table.name, Key={"id": {"S": "a"}}, UpdateExpression="SET fence = :new",
            ConditionExpression="fence < :new", ExpressionAttributeValues={":new": {"S": "4"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"]["fence"] == {"S": "5"}


def test_kafka_returns_what_was_produced_with_its_key(kafka):
    topic = f"probe-{uuid.uuid4().hex[:8]}"
    delivered = []
    producer = Producer({"bootstrap.servers": kafka.address, "enable.idempotence": True})
    for number in range(100):
        producer.produce(topic, key=f"k{number % 5}", value=json.dumps(number),
                         on_delivery=lambda error, message: delivered.append(error))
    assert producer.flush(30) == 0 and delivered == [None] * 100
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        seen = {}
        eventually(lambda: _take(consumer, seen) and sum(map(len, seen.values())) == 100, what="100 messages")
    finally:
        consumer.close()
    assert seen == {f"k{key}".encode(): list(range(key, 100, 5)) for key in range(5)}


def _take(consumer, seen):
    for message in consumer.consume(100, timeout=0.5):
        assert message.error() is None
        seen.setdefault(message.key(), []).append(json.loads(message.value()))
    return True


def test_opensearch_refuses_an_older_external_version(search):
    index = f"probe-{uuid.uuid4().hex[:8]}"
    version = {"version_type": "external"}
    search.index(index=index, id="a", body={"title": "new"}, params={**version, "version": 7})
    with pytest.raises(ConflictError) as caught:
        search.index(index=index, id="a", body={"title": "old"}, params={**version, "version": 6})
    assert caught.value.error == "version_conflict_engine_exception"
    assert search.get(index=index, id="a")["_source"] == {"title": "new"}
    search.indices.delete(index=index)


def test_moto_accepts_the_right_secret_and_records_changes(moto_clients):
    table = Table(moto_clients, "Probe", "id").create()
    table.put(id="a", n=1)
    assert table.get(id="a") == {"id": "a", "n": 1}
    assert [record["eventName"] for record in table.records()] == ["INSERT"]
    table.drop()


@pytest.mark.parametrize("service, call", [
    ("dynamodb", "list_tables"), ("dynamodbstreams", "list_streams"), ("sqs", "list_queues"), ("sns", "list_topics"),
    ("s3", "list_buckets"), ("kinesis", "list_streams"), ("firehose", "list_delivery_streams"),
    ("events", "list_rules"), ("sts", "get_caller_identity"),
])
def test_moto_judges_the_signature_of(moto, service, call):
    import boto3

    def ask(secret):
        client = boto3.client(service, endpoint_url=moto.url, region_name="us-east-1",
                              aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"], aws_secret_access_key=secret)
        return getattr(client, call)()["ResponseMetadata"]["HTTPStatusCode"]

    assert ask(moto.keys["AWS_SECRET_ACCESS_KEY"]) == 200
    with pytest.raises(ClientError) as caught:
        ask("x" + moto.keys["AWS_SECRET_ACCESS_KEY"][1:])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
