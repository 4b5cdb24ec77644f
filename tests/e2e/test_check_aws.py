"""`sluice check --aws`: what it finds out, against a server that knows identities and permissions."""

import http.server
import json
import threading

import boto3
import pytest

from harness.program import run_command
from harness.tables import Table

SECRET = "a-secret-key-that-nobody-shall-ever-see"


@pytest.fixture
def tables(moto_clients):
    made = [Table(moto_clients, "Deals", "id"), Table(moto_clients, "Stats", "brand"), Table(moto_clients, "State", "pk", "sk")]
    for table in made:
        table.create()
    yield made
    for table in made:
        table.drop()


@pytest.fixture
def settings(moto, tables, tmp_path):
    deals, stats, state = tables
    path = tmp_path / "x.conf"
    path.write_text(f"""
aws: {{ region = "us-east-1"; endpoint_url = "{moto.url}"; }};
state: {{ table = "{state.name}"; }};
sinks = ( {{ name = "out"; kind = "file"; path = "{tmp_path}/out.jsonl"; }} );
pipelines = ( {{ name = "deals"; table = "{deals.name}"; start = "trim_horizon"; handlers = (
  {{ kind = "forward"; name = "all"; sink = "out"; }},
  {{ kind = "counter"; name = "per-brand"; table = "{stats.name}"; key: {{ brand = "${{item.brand}}"; }};
     add = ( {{ attribute = "n"; by = "1"; }} ); }} ); }} );
""")
    return path


@pytest.fixture
def check(moto, settings, tmp_path):
    def run(keys, *arguments):
        env = {**keys, "AWS_ENDPOINT_URL_STS": moto.url}
        return run_command("check", "--aws", "-c", str(settings), *arguments, cwd=tmp_path, env=env)

    return run


def limited_keys(moto, name, actions):
    iam = boto3.client("iam", endpoint_url=moto.url, region_name="us-east-1",
                       aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"],
                       aws_secret_access_key=moto.keys["AWS_SECRET_ACCESS_KEY"])
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="some", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_everything_that_is_needed_is_tried(check, moto, tables):
    done = check(moto.keys)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in ("✓ identity                   arn:aws:iam::123456789012:user/sluice (account 123456789012)",
                 "✓ credentials                environment", "✓ region                     us-east-1",
                 "✓ dynamodb:GetRecords", "✓ dynamodb:UpdateItem", "✓ clock"):
        assert line in done.stdout
    assert "✗" not in done.stdout
    assert moto.keys["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr


def test_it_writes_nothing(check, moto, moto_clients, tables):
    assert check(moto.keys).returncode == 0
    dynamodb = boto3.client("dynamodb", endpoint_url=moto.url, region_name="us-east-1",
                            aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=moto.keys["AWS_SECRET_ACCESS_KEY"])
    for table in tables:
        assert dynamodb.scan(TableName=table.name)["Count"] == 0


def test_missing_permissions_are_named(check, moto):
    keys = limited_keys(moto, "reader", ["dynamodb:Describe*", "dynamodb:Query", "dynamodb:GetItem", "dynamodb:GetShardIterator"])
    done = check(keys, "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert set(answer["missing_actions"]) == {"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:GetRecords"}
    failed = [f for f in answer["findings"] if f["state"] == "failed"]
    assert {f["group"] for f in failed} >= {"handler per-brand (counter)", "pipeline deals"}
    assert all("is not authorized" in f["text"] for f in failed)


def test_a_refused_key_is_said_once_and_not_shown(check, moto):
    done = check({"AWS_ACCESS_KEY_ID": moto.keys["AWS_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": SECRET})
    assert done.returncode == 1
    assert done.stdout.count("✗") == 1 and "✗ identity" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_without_credentials_it_says_what_was_looked_for(check):
    done = check({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"})
    assert done.returncode == 1
    assert "✗ credentials" in done.stdout and "AWS_ACCESS_KEY_ID" in done.stdout


def test_without_an_answer_nothing_is_said_of_the_clock(check, moto, settings):
    settings.write_text(settings.read_text().replace(moto.url, "http://127.0.0.1:9"))
    done = check({**moto.keys, "AWS_MAX_ATTEMPTS": "1"})
    assert done.returncode == 1
    assert "– clock" in done.stdout and "✓ clock" not in done.stdout


def test_what_is_not_there_is_said(check, moto, tables):
    tables[1].drop()
    done = check(moto.keys)
    assert done.returncode == 1
    assert f"there is no table {tables[1].name}" in done.stdout
    tables[1].create()


def client(moto, service):
    return boto3.client(service, endpoint_url=moto.url, region_name="us-east-1",
                        aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=moto.keys["AWS_SECRET_ACCESS_KEY"])


PLACES = {
    "sqs": ("queue_url", lambda moto: client(moto, "sqs").create_queue(QueueName="checked")["QueueUrl"],
            "http://127.0.0.1/123456789012/nowhere", "sqs:GetQueueAttributes", "sqs:SendMessage"),
    "sns": ("topic_arn", lambda moto: client(moto, "sns").create_topic(Name="checked")["TopicArn"],
            "arn:aws:sns:us-east-1:123456789012:nowhere", "sns:GetTopicAttributes", "sns:Publish"),
    "kinesis": ("stream", lambda moto: client(moto, "kinesis").create_stream(StreamName="checked", ShardCount=1) and "checked",
                "nowhere", "kinesis:DescribeStreamSummary", "kinesis:PutRecords"),
    "eventbridge": ("bus", lambda moto: client(moto, "events").create_event_bus(Name="checked") and "checked",
                    "nowhere", "events:DescribeEventBus", "events:PutEvents"),
    "s3": ("bucket", lambda moto: client(moto, "s3").create_bucket(Bucket="checked-bucket") and "checked-bucket",
           "nowhere-bucket", "s3:ListBucket", "s3:PutObject"),
}


@pytest.mark.parametrize("kind", PLACES)
def test_each_sinks_places_are_looked_at(kind, moto, moto_clients, tmp_path):
    setting, make, missing, tried, sends = PLACES[kind]
    table = Table(moto_clients, "Deals", "id").create()
    place = make(moto)
    (tmp_path / "x.conf").write_text(f"""
aws: {{ region = "us-east-1"; endpoint_url = "{moto.url}"; }};
sinks = ( {{ name = "out"; kind = "{kind}"; endpoint_url = "{moto.url}"; }} );
pipelines = ( {{ name = "deals"; table = "{table.name}"; start = "trim_horizon"; handlers = (
  {{ kind = "forward"; name = "there"; sink = "out"; {setting} = "{place}"; }},
  {{ kind = "forward"; name = "not-there"; sink = "out"; {setting} = "{missing}"; }} ); }} );
""")
    done = run_command("check", "--aws", "--json", "-c", "x.conf", cwd=tmp_path, env={**moto.keys, "AWS_ENDPOINT_URL_STS": moto.url})
    found = [f for f in json.loads(done.stdout)["findings"] if f["group"] == f"sink out ({kind})"]
    table.drop()
    assert done.returncode == 1, found
    assert [(f["what"], f["state"]) for f in found] == [(tried, "ok"), (sends, "note"), (tried, "failed"), (sends, "note")], found
    assert found[0]["text"] == place


class Stranger(http.server.BaseHTTPRequestHandler):
    """Stands where a service should, and lets nobody in."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403)
        self.end_headers()
        self.wfile.write(b"<html>Log in first</html>")

    def log_message(self, *_):
        pass


def test_a_stranger_in_a_sinks_place_is_no_missing_permission(check, moto, settings):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    text = settings.read_text().replace("sinks = (", 'sinks = ( { name = "queue"; kind = "sqs"; },')
    for enabled, looked_at in (("true", True), ("false", False)):
        settings.write_text(text.replace("handlers = (", f"""handlers = ( {{ kind = "forward"; name = "q"; sink = "queue";
            enabled = {enabled}; queue_url = "http://127.0.0.1/123456789012/q"; }},"""))
        done = check({**moto.keys, "AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{server.server_port}"})
        assert ("✗ sqs:GetQueueAttributes" in done.stdout) == looked_at
        assert ("sqs:GetQueueAttributes" in done.stdout) == looked_at, done.stdout
    server.shutdown()
    server.server_close()
