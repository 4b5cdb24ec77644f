"""Single calls of the AWS client to every service that the program uses, by tests/judge/aws_call:
moto verifies each signature. What moto does not verify is in test_signing.py."""

import io
import json
import urllib.parse
import urllib.request
import uuid
import zipfile

import boto3
import pytest

from harness.judge import accepted, refused

ODD = "caf\u00e9 \u2014 \U0001f642 a%20b+c&d=e?f#g/../h"


def form(**fields):
    """As botocore encodes forms: moto judges the form that it decoded and encoded again."""
    return b"&" + urllib.parse.urlencode(fields).encode()


@pytest.fixture
def name():
    return f"judged-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def boto(moto):
    """boto(service): its client, at the judge."""

    def client(service):
        return boto3.client(service, endpoint_url=moto.url, region_name="us-east-1",
                            aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=moto.keys["AWS_SECRET_ACCESS_KEY"])

    return client


@pytest.fixture
def call(moto, aws_call):
    def call(service, operation, body=b"", *options):
        return aws_call(moto.url, service, operation, body, *options, **moto.keys)

    return call


def ok(done):
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_sts(call, session_keys, moto, aws_call):
    assert "<Account>123456789012</Account>" in ok(call("sts", "GetCallerIdentity"))
    role = "arn:aws:iam::123456789012:role/judged"
    answer = ok(call("sts", "AssumeRole", form(RoleArn=role, RoleSessionName="a+b=c,d.e@f-g")))
    assert "<SessionToken>" in answer and "a+b=c,d.e@f-g" in answer
    assert "assumed-role/judged" in ok(aws_call(moto.url, "sts", "GetCallerIdentity", b"", **session_keys))


def test_sqs(call, name):
    url = accepted(call("sqs", "CreateQueue", {"QueueName": name}))["QueueUrl"]
    bodies = [ODD, "plain", "line\nbreak\ttab"]
    sent = accepted(call("sqs", "SendMessageBatch", {
        "QueueUrl": url, "Entries": [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies)]}))
    assert len(sent["Successful"]) == 3
    got = accepted(call("sqs", "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}))["Messages"]
    assert sorted(m["Body"] for m in got) == sorted(bodies)
    done = call("sqs", "GetQueueUrl", {"QueueName": "absent"})
    assert refused(done) in [("RETRY", "QueueDoesNotExist"), ("RETRY", "AWS.SimpleQueueService.NonExistentQueue")]
    assert "request id" in done.stderr.decode() and "request id none" not in done.stderr.decode()


def test_sns(call, boto, name):
    arn = ok(call("sns", "CreateTopic", form(Name=name))).split("<TopicArn>")[1].split("<")[0]
    queue = boto("sqs").create_queue(QueueName=name)["QueueUrl"]
    boto("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{name}",
                          Attributes={"RawMessageDelivery": "true"})
    entry = "PublishBatchRequestEntries.member"
    ok(call("sns", "PublishBatch", form(**{
        "TopicArn": arn, f"{entry}.1.Id": "a", f"{entry}.1.Message": ODD, f"{entry}.2.Id": "b",
        f"{entry}.2.Message": "x y"})))
    got = boto("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(m["Body"] for m in got) == sorted([ODD, "x y"])
    done = call("sns", "PublishBatch", form(**{"TopicArn": arn + "x", f"{entry}.1.Id": "a", f"{entry}.1.Message": "m"}))
    assert refused(done) == ("RETRY", "NotFound")


def test_kinesis(call, name):
    accepted(call("kinesis", "CreateStream", {"StreamName": name, "ShardCount": 1}))
    records = [{"Data": "AAEC/w==", "PartitionKey": ODD}, {"Data": "", "PartitionKey": "p"}]
    answer = accepted(call("kinesis", "PutRecords", {"StreamName": name, "Records": records}))
    assert len(answer["Records"]) == 2 and not answer.get("FailedRecordCount")
    done = call("kinesis", "PutRecords", {"StreamName": "absent", "Records": records})
    assert refused(done) == ("RETRY", "ResourceNotFoundException")


def test_firehose(call, boto, name):
    boto("s3").create_bucket(Bucket=name)
    to = {"RoleARN": "arn:aws:iam::123456789012:role/judged", "BucketARN": f"arn:aws:s3:::{name}"}
    accepted(call("firehose", "CreateDeliveryStream", {
        "DeliveryStreamName": name, "DeliveryStreamType": "DirectPut", "ExtendedS3DestinationConfiguration": to}))
    answer = accepted(call("firehose", "PutRecordBatch", {
        "DeliveryStreamName": name, "Records": [{"Data": "eA=="}, {"Data": "eQ=="}]}))
    assert answer["FailedPutCount"] == 0 and len(answer["RequestResponses"]) == 2
    done = call("firehose", "PutRecordBatch", {"DeliveryStreamName": "absent", "Records": [{"Data": "eA=="}]})
    assert refused(done) == ("RETRY", "ResourceNotFoundException")


def test_eventbridge(call):
    entry = {"Source": "judge", "DetailType": ODD, "Detail": json.dumps({"a": ODD})}
    answer = accepted(call("eventbridge", "PutEvents", {"Entries": [entry, {"Source": "judge"}]}))
    assert answer["FailedEntryCount"] == 1 and answer["Entries"][0]["EventId"]
    done = call("eventbridge", "DescribeEventBus", {"Name": "absent"})
    assert refused(done) == ("RETRY", "ResourceNotFoundException")


def make_function(moto, boto, name):
    """A function of moto's simple kind, which answers without any container."""
    config = urllib.request.Request(f"{moto.url}/moto-api/config", method="POST",
                                    data=json.dumps({"lambda": {"use_docker": False}}).encode(),
                                    headers={"Content-Type": "application/json"})
    urllib.request.urlopen(config).close()
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("lambda_function.py", "def handler(event, context):\n    return event\n")
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    trust = {"Version": "2012-10-17", "Statement": [allow]}
    role = boto("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    boto("lambda").create_function(FunctionName=name, Runtime="python3.11", Handler="lambda_function.handler",
                                   Role=role, Code={"ZipFile": code.getvalue()})


def test_lambda(call, moto, boto, name):
    make_function(moto, boto, name)
    path = f"path=/2015-03-31/functions/{name}/invocations"
    ok(call("lambda", "Invoke", {"a": ODD}, path, "header=X-Amz-Invocation-Type: RequestResponse"))
    ok(call("lambda", "Invoke", {}, path, "header=X-Amz-Invocation-Type:    Event  "))


KEYS = ["plain", "with space", "a+b", "a%2Fb", "caf\u00e9/\U0001f642", "dots/../up", "./here", "double//slash",
        "=&?#:@!$'()*,;~", "%"]


def test_s3(call, name):
    ok(call("s3", "CreateBucket", b"", "method=PUT", f"path=/{name}"))
    for i, key in enumerate(KEYS):
        path = f"path=/{name}/" + urllib.parse.quote(key, safe="/~")
        body = bytes(range(256)) * i
        ok(call("s3", "PutObject", body, "method=PUT", path, "header=Content-Type: application/x-judged",
                f"header=x-amz-meta-judged:   two  spaces {i} "))
        done = call("s3", "GetObject", b"", "method=GET", path)
        assert done.returncode == 0 and done.stdout == body, (key, done.stderr.decode())
    query = "query=list-type=2&prefix=a%2B&max-keys=9"
    listing = ok(call("s3", "ListObjectsV2", b"", "method=GET", f"path=/{name}", query))
    assert "<Key>a+b</Key>" in listing
    assert refused(call("s3", "GetObject", b"", "method=GET", f"path=/{name}/absent")) == ("DATA", "NoSuchKey")
    done = call("s3", "PutObject", b"x", "method=PUT", f"path=/{name}-absent/k")
    assert refused(done) == ("RETRY", "NoSuchBucket")
    assert "(HTTP 404, request id " in done.stderr.decode() and "request id none" not in done.stderr.decode()
    assert refused(call("s3", "HeadObject", b"", "method=HEAD", f"path=/{name}/absent"))[0] == "RETRY"


PROBES = [
    ("dynamodb", "ListTables", b"{}"), ("streams", "ListStreams", b"{}"), ("sts", "GetCallerIdentity", b""),
    ("sqs", "ListQueues", b"{}"), ("sns", "ListTopics", b""), ("kinesis", "ListStreams", b"{}"),
    ("firehose", "ListDeliveryStreams", b"{}"), ("eventbridge", "ListEventBuses", b"{}"),
    # moto gets GETs without a body right for S3 alone (it refuses boto3's own): so a call that is none.
    ("lambda", "Invoke", b"{}", "path=/2015-03-31/functions/absent/invocations"),
    ("s3", "ListBuckets", b"", "method=GET"),
]
SIGNATURE = {"SignatureDoesNotMatch", "InvalidSignatureException"}


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe[0])
def test_right_keys_pass_and_wrong_ones_do_not(moto, aws_call, session_keys, probe):
    for keys in (moto.keys, session_keys):
        done = aws_call(moto.url, *probe, **keys)
        assert done.returncode == 0 or refused(done) == ("RETRY", "ResourceNotFoundException"), done.stderr
        wrong = {**keys, "AWS_SECRET_ACCESS_KEY": "wrong" + keys["AWS_SECRET_ACCESS_KEY"][5:]}
        done = aws_call(moto.url, *probe, **wrong)
        kind, code = refused(done)
        assert kind == "AUTH" and code in SIGNATURE, done.stderr
    unknown = {**moto.keys, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}
    assert refused(aws_call(moto.url, *probe, **unknown))[0] == "AUTH"
