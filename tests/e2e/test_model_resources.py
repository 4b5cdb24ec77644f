"""`sluice model resources`, judged by cfn-lint, moto, facts of Terraform's AWS provider, and a gate that enforces the policy."""

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

import pytest
from moto import mock_aws
from moto.dynamodb.models.table import Table as MotoTable

from harness import terraform
from harness.model_document import FILES, load
from harness.policy_gate import PolicyGate
from harness.program import run_command
from harness.tables import Table

NOT_SENT = {"TableId", "TableArn", "CreationDateTime", "LatestStreamArn", "LatestStreamLabel", "IndexArn"}


@pytest.fixture
def resources(tmp_path):
    """resources(document, format): the result, parsed."""

    def make(document, format_name, notes=None):
        path = tmp_path / "model.json"
        path.write_text(json.dumps(document))
        done = run_command("model", "resources", path, "--format", format_name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        if notes is not None:
            notes.append(done.stderr)
        return json.loads(done.stdout)

    return make


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def document(request):
    return load(request.param)


def lint(templates, folder):
    paths = []
    for number, one in enumerate(templates):
        paths.append(folder / f"{number}.template.json")
        paths[-1].write_text(json.dumps(one))
    done = subprocess.run([str(pathlib.Path(sys.executable).parent / "cfn-lint"), "--non-zero-exit-code", "warning", *map(str, paths)], cwd=folder,
                          env={**os.environ, "HOME": str(folder)}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def without(tree, names):
    if isinstance(tree, dict):
        return {name: without(value, names) for name, value in tree.items() if name not in names}
    return [without(one, names) for one in tree] if isinstance(tree, list) else tree


def tables_of(template):
    return {r["Properties"]["TableName"]: r for r in template["Resources"].values()
            if r["Type"] == "AWS::DynamoDB::Table" and isinstance(r["Properties"]["TableName"], str)}


# --- CloudFormation ---


def described(name, resource):
    """What moto's own reading of AWS::DynamoDB::Table makes of it."""
    table = MotoTable.create_from_cloudformation_json(name, resource, "123456789012", "us-east-1")
    return table.describe()["TableDescription"]


def test_cfn_lint_finds_nothing(resources, tmp_path):
    code, said = lint([resources(load(path), "cloudformation") for path in FILES] + [resources(EVERYTHING, "cloudformation")], tmp_path)
    assert code == 0, said


def test_cfn_lint_would_find_something(resources, tmp_path):
    template = resources(EVERYTHING, "cloudformation")
    for break_it, word in (
            (lambda t: t["Resources"]["SluicePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"].append("dynamodb:No"), "W3037"),
            (lambda t: tables_of(t)["Orders"]["Properties"]["KeySchema"].clear(), "E3032"),
            (lambda t: t["Resources"].pop("OrdersTable"), "E1019"),
            (lambda t: tables_of(t)["Orders"]["Properties"].update(Streams=True), "E3002")):
        broken = copy.deepcopy(template)
        break_it(broken)
        code, said = lint([broken], tmp_path)
        assert code != 0 and word in said, said


def test_moto_makes_the_same_tables_of_the_template(resources, document):
    template = resources(document, "cloudformation")
    made = tables_of(template)
    assert list(made) == [table["TableName"] for table in document["tables"]]
    for table in document["tables"]:
        name = table["TableName"]
        with mock_aws():
            expected = described(name, {"Properties": table})
        with mock_aws():
            found = described(name, made[name])
        if "StreamSpecification" in found: # the API has a member more there
            found["StreamSpecification"]["StreamEnabled"] = True
        assert found.pop("DeletionProtectionEnabled") and not expected.pop("DeletionProtectionEnabled")
        assert without(found, NOT_SENT) == without(expected, NOT_SENT)
        properties = made[name]["Properties"]
        ttl = {**table["TimeToLiveSpecification"], "Enabled": True} if "TimeToLiveSpecification" in table else None
        assert properties.get("TimeToLiveSpecification") == ttl
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["DeletionProtectionEnabled"] is True and made[name]["DeletionPolicy"] == "Retain"
        for kind in ("WarmThroughput", "OnDemandThroughput", "Tags"):
            assert properties.get(kind) == table.get(kind)


# --- Terraform ---


def test_terraform_knows_all_that_is_there(resources, document):
    made = resources(document, "terraform")
    terraform.check(made)
    tables = {terraform.literal(t["name"]): t for t in made["resource"]["aws_dynamodb_table"].values() if "var." not in t["name"]}
    assert list(tables) == [table["TableName"] for table in document["tables"]]
    for table in document["tables"]:
        found = tables[table["TableName"]]
        assert {i["IndexName"]: i["KeySchema"] for i in table.get("GlobalSecondaryIndexes", [])} == \
            {i["name"]: [{"AttributeName": k["attribute_name"], "KeyType": k["key_type"]} for k in i["key_schema"]]
             for i in found.get("global_secondary_index", [])}
        assert found["deletion_protection_enabled"] is True and found["point_in_time_recovery"] == {"enabled": True}
        assert found.get("stream_view_type") == table.get("StreamSpecification", {}).get("StreamViewType")
        assert found.get("ttl", {}).get("attribute_name") == table.get("TimeToLiveSpecification", {}).get("AttributeName")


def test_the_judge_of_terraform_refuses(resources):
    made = resources(EVERYTHING, "terraform")
    table = next(iter(made["resource"]["aws_dynamodb_table"].values()))
    for break_it in (lambda: table.update(hash_keys="x"), lambda: table.pop("attribute"), lambda: table.update(name="${var.nowhere}"),
                     lambda: table.update(stream_enabled="yes"), lambda: table.pop("name")):
        kept = dict(table)
        break_it()
        with pytest.raises((AssertionError, KeyError)):
            terraform.check(made)
        table.clear()
        table.update(kept)
    terraform.check(made)


# --- policies ---


def test_all_formats_grant_the_same(resources):
    iam = resources(EVERYTHING, "iam")["Statement"]
    template = resources(EVERYTHING, "cloudformation")["Resources"]["SluicePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    documents = resources(EVERYTHING, "terraform")["data"]["aws_iam_policy_document"]["sluice"]["statement"]
    assert [(s["Sid"], s["Action"], len(s["Resource"])) for s in iam] == \
        [(s["Sid"], s["Action"], len(s["Resource"])) for s in template] == \
        [(s["sid"], s["actions"], len(s["resources"])) for s in documents]
    assert [("Condition" in s) for s in iam] == [("Condition" in s) for s in template] == [("condition" in s) for s in documents]


def test_nothing_is_granted_on_everything(resources, document):
    if not document.get("stream_handlers"):
        pytest.skip("this model has no handlers")
    for statement in resources(document, "iam")["Statement"]:
        assert all(":" in action and "*" not in action for action in statement["Action"])
        for arn in statement["Resource"]:
            assert arn.startswith("arn:aws:") and "*" not in arn.removesuffix("/stream/*").removesuffix("/*"), arn


def test_an_address_that_tells_no_arn_is_asked_for(resources):
    notes = []
    statements = {s["Sid"]: s for s in resources(EVERYTHING, "iam", notes)["Statement"]}
    assert statements["SendToSqs"]["Resource"] == ["arn:aws:sqs:eu-central-1:210987654321:orders.fifo",
                                                   "arn:aws:sqs:REGION:ACCOUNT_ID:REPLACE_queue_arn"]
    assert "REPLACE_queue_arn" in notes[0] and "$(QUEUE_URL)" in notes[0]
    template = resources(EVERYTHING, "cloudformation")
    assert template["Parameters"]["QueueArn"]["AllowedPattern"] == "^arn:[^*?]+$" and "Default" not in template["Parameters"]["QueueArn"]
    assert "queue_arn" in resources(EVERYTHING, "terraform")["variable"]
    assert statements["WriteObjects"]["Resource"] == ["arn:aws:s3:::lake-bucket/orders/*"]
    assert statements["IndexDocuments"]["Resource"] == ["arn:aws:es:eu-west-1:ACCOUNT_ID:domain/orders/*"]
    assert statements["InvokeFunctions"]["Resource"] == ["arn:aws:lambda:REGION:ACCOUNT_ID:function:resize:live"]
    assert statements["SendToSns"]["Resource"] == ["arn:aws:sns:us-east-1:123456789012:letters"]


@pytest.fixture
def shop(moto, moto_clients, resources, tmp_path):
    """A model with a handler of each kind that writes tables; its tables on moto, its settings, its policy."""
    mark = uuid.uuid4().hex[:6]
    model = json.loads(json.dumps(SHOP).replace("@", mark))
    made = [Table(moto_clients, "", "pk", "sk", name="sluice-state").create()]
    for table in model["tables"]:
        moto_clients.dynamodb.create_table(**table)
        made.append(Table(moto_clients, "", "id", name=table["TableName"]))
    policy = json.dumps(resources(model, "iam")).replace("REGION", "us-east-1").replace("ACCOUNT_ID", "123456789012")
    gate = PolicyGate(moto.url, json.loads(policy))
    (tmp_path / "x.conf").write_text(SHOP_SETTINGS.replace("@", mark).replace("URL", gate.url))
    yield gate
    gate.close()
    for table in made:
        table.drop()


def test_the_policy_is_enough_for_check(shop, moto, tmp_path):
    done = run_command("check", "--aws", "-c", "x.conf", cwd=tmp_path, env={**moto.keys, "AWS_ENDPOINT_URL_STS": moto.url})
    assert done.returncode == 0 and "✗" not in done.stdout, done.stdout + done.stderr
    tried = {action for action, _ in shop.seen}
    granted = {action for s in shop.policy["Statement"] for action in s["Action"]}
    assert granted - tried == {"dynamodb:BatchWriteItem"}  # which has no form that changes nothing


def test_each_statement_and_each_resource_is_needed(shop, moto, tmp_path):
    whole = shop.policy
    for number, statement in enumerate(whole["Statement"]):
        for resource in statement["Resource"]:
            cut = copy.deepcopy(whole)
            cut["Statement"][number]["Resource"].remove(resource)
            shop.policy = cut
            done = run_command("check", "--aws", "-c", "x.conf", cwd=tmp_path, env={**moto.keys, "AWS_ENDPOINT_URL_STS": moto.url})
            assert done.returncode == 1 and "is not authorized" in done.stdout, f"without {statement['Sid']} on {resource}: {done.stdout}"


def test_the_policy_is_enough_to_run(sluice, base_settings, clients, resources, app, dynamodb):
    """With nothing but what is granted, each kind of handler does its work; inserts, changes, removals."""
    model = json.loads(json.dumps(SHOP).replace("@", app))
    state = Table(clients, "", "pk", "sk", name=f"{app}-state").create()
    for table in model["tables"]:
        clients.dynamodb.create_table(**table)
    orders, follows, everybody, stats, view, inbox = (
        Table(clients, "", *keys, name=f"{name}-{app}") for name, *keys in
        (("Orders", "id"), ("Follows", "user", "brand"), ("Everybody", "user"), ("Stats", "brand"), ("ByBrand", "brand", "id"),
         ("Inbox", "user", "id")))
    policy = json.dumps(resources(model, "iam")).replace("REGION", "us-east-1").replace("ACCOUNT_ID", "123456789012")
    gate = PolicyGate(dynamodb.url, json.loads(policy.replace("table/sluice-state", f"table/{app}-state")))
    base_settings["aws"]["endpoint_url"] = gate.url
    handlers = [{name: value for name, value in handler.items() if name != "source"} for handler in model["stream_handlers"]]
    program = sluice({**base_settings, "sinks": [{"name": "dynamo", "kind": "dynamodb"}],
                      "pipelines": [{"name": "orders", "table": orders.name, "start": "trim_horizon", "handlers": handlers}]})
    follows.put(user="ana", brand="acme")
    everybody.put(user="ben")
    orders.put(id="1", brand="acme", price=5)
    orders.put(id="2", brand="acme", price=5)
    program.start()
    try:
        program.wait_for(lambda: {row["user"] + row["id"] for row in inbox.items()} == {"ana1", "ana2", "ben1", "ben2"}, 60, "the inbox")
        orders.put(id="1", brand="orbit", price=6)
        orders.delete(id="2")
        program.wait_for(lambda: [(row["brand"], row["id"]) for row in view.items()] == [("orbit", "1")], 60, "the view")
        program.wait_for(lambda: {row["brand"]: row["n"] for row in stats.items()} == {"acme": 0, "orbit": 1}, 60, "the counter")
        program.stop()
        assert not gate.refused - {("dynamodb:ListTables", "*")}, gate.refused
        granted = {action for s in gate.policy["Statement"] for action in s["Action"]}
        assert granted <= {action for action, _ in gate.seen}
    finally:
        gate.close()
        for table in (state, orders, follows, everybody, stats, view, inbox):
            table.drop()


# --- hostile input ---

HOSTILE = ['"; DROP', "${jndi:ldap://x}", "${aws_secret}", "%{ if true }", "$${x}", "a\nb\u0001", "x" * 255, "${AWS::AccountId}",
           "${!X}", "Fn::Sub", "*", "<script>", "../..", "\u202egnp", "${aws:username}", "//", "$", "${"]


def hostile_model():
    model = copy.deepcopy(EVERYTHING)
    table = model["tables"][0]
    table["Tags"] = [{"Key": f"{i}{text}", "Value": text} for i, text in enumerate(HOSTILE)]
    table["TimeToLiveSpecification"]["AttributeName"] = "${aws_secret}"
    table["GlobalSecondaryIndexes"][0]["Projection"]["NonKeyAttributes"] = HOSTILE[:12]
    for number, text in enumerate(HOSTILE):
        model["stream_sinks"].append({"name": f"s{number}", "kind": "sqs"})
        if "${" not in text: # which the lints refuse there
            model["stream_handlers"].append({"source": "Orders", "kind": "forward", "name": f"h{number}", "sink": f"s{number}",
                                             "queue_url": f"https://sqs.us-east-1.amazonaws.com/123456789012/{text}"})
    return model


def test_hostile_text_stays_text(resources, tmp_path):
    model = hostile_model()
    template, made = resources(model, "cloudformation"), resources(model, "terraform")
    tags = tables_of(template)["Orders"]["Properties"]["Tags"]
    assert [tag["Value"] for tag in tags] == HOSTILE
    terraform.check(made)
    table = made["resource"]["aws_dynamodb_table"]["Orders"]
    assert {terraform.literal(key): terraform.literal(value) for key, value in table["tags"].items()} == \
        {tag["Key"]: tag["Value"] for tag in model["tables"][0]["Tags"]}
    assert terraform.literal(table["ttl"]["attribute_name"]) == "${aws_secret}"
    assert [terraform.literal(n) for n in table["global_secondary_index"][0]["non_key_attributes"]] == HOSTILE[:12]
    subs = [one for r in template["Resources"].values() for one in terraform.strings(r) if "jndi" in one or "username" in one]
    assert all(text in {t for tag in tags for t in tag.values()} or text in HOSTILE for text in subs)
    _, said = lint([template], tmp_path)
    assert set(re.findall(r"^([EW]\d+) ", said, re.MULTILINE)) <= {"E1029", "E3024", "E3033"}, said  # "${" that is no reference; bad tags
    for statement in resources(model, "iam")["Statement"]:
        assert not any("$" in arn or "jndi" in arn or "*" in arn.removesuffix("/*") for arn in statement["Resource"]), statement


def test_what_cloudformation_would_look_up_is_refused(tmp_path):
    model = copy.deepcopy(EVERYTHING)
    model["tables"][0]["Tags"] = [{"Key": "a", "Value": "{{resolve:secretsmanager:x}}"}]
    (tmp_path / "m.json").write_text(json.dumps(model))
    done = run_command("model", "resources", "m.json", "--format", "cloudformation", "-o", "t.json", cwd=tmp_path)
    assert done.returncode == 1 and "resolve" in done.stderr and not (tmp_path / "t.json").exists()
    assert run_command("model", "resources", "m.json", "--format", "terraform", cwd=tmp_path).returncode == 0


def test_a_wrong_format_and_a_wrong_model_are_said(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(EVERYTHING))
    done = run_command("model", "resources", "m.json", "--format", "cdk", cwd=tmp_path)
    assert done.returncode == 2 and "cloudformation, terraform or iam" in done.stderr
    (tmp_path / "bad.json").write_text(json.dumps(EVERYTHING).replace('"Orders"', '"Or/ders"'))
    done = run_command("model", "resources", "bad.json", "--format", "iam", cwd=tmp_path)
    assert done.returncode == 1 and "error" in done.stderr and done.stdout == ""
    (tmp_path / "none.json").write_text(json.dumps({"tables": EVERYTHING["tables"]}))
    done = run_command("model", "resources", "none.json", "--format", "iam", cwd=tmp_path)
    assert done.returncode == 1 and "no handler" in done.stderr
    done = run_command("model", "resources", "m.json", "--format", "iam", "-o", "nowhere/x.json", cwd=tmp_path)
    assert done.returncode == 1 and "nowhere/x.json" in done.stderr


def test_the_result_is_the_same_every_time_and_replaces_the_file(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(EVERYTHING))
    (tmp_path / "t.json").write_text("old")
    (tmp_path / "t.json").chmod(0o640)
    texts = []
    for _ in range(2):
        assert run_command("model", "resources", "m.json", "--format", "terraform", "-o", "t.json", cwd=tmp_path).returncode == 0
        texts.append((tmp_path / "t.json").read_text())
    assert texts[0] == texts[1] and "old" not in texts[0]
    assert (tmp_path / "t.json").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("t.json")) == ["t.json"]


# --- the models of these tests ---


def _table(name, *keys, stream=False, **more):
    kinds = ("HASH", "RANGE")
    return {"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": k, "KeyType": t} for k, t in zip(keys, kinds)],
            "AttributeDefinitions": [{"AttributeName": k, "AttributeType": "S"} for k in keys],
            **({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}} if stream else {}), **more}


def _forward(name, sink, **address):
    return {"source": "Orders", "kind": "forward", "name": name, "sink": sink, **address}


EVERYTHING = {
    "tables": [
        {**_table("Orders", "id", "day", stream=True),
         "AttributeDefinitions": [{"AttributeName": n, "AttributeType": t} for n, t in
                                  (("id", "S"), ("day", "S"), ("country", "S"), ("city", "S"), ("total", "N"))],
         "GlobalSecondaryIndexes": [
             {"IndexName": "ByPlace",
              "KeySchema": [{"AttributeName": "country", "KeyType": "HASH"}, {"AttributeName": "city", "KeyType": "HASH"},
                            {"AttributeName": "day", "KeyType": "RANGE"}, {"AttributeName": "total", "KeyType": "RANGE"}],
              "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["state"]},
              "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 50}}],
         "LocalSecondaryIndexes": [
             {"IndexName": "ByTotal", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "total", "KeyType": "RANGE"}],
              "Projection": {"ProjectionType": "KEYS_ONLY"}}],
         "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}, "TableClass": "STANDARD",
         "WarmThroughput": {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000},
         "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "arn:aws:kms:us-east-1:123456789012:key/x"},
         "Tags": [{"Key": "team", "Value": "orders"}]},
        {**_table("order-s", "id"), "BillingMode": "PROVISIONED",
         "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}, "TableClass": "STANDARD_INFREQUENT_ACCESS"},
        _table("order.s", "id"), _table("orders", "id"), _table("sluice_state", "id"),
    ],
    "stream_sinks": [
        {"name": "queue", "kind": "sqs"}, {"name": "topic", "kind": "sns"}, {"name": "stream", "kind": "kinesis", "region": "eu-west-1"},
        {"name": "hose", "kind": "firehose"}, {"name": "bus", "kind": "eventbridge"}, {"name": "function", "kind": "lambda"},
        {"name": "lake", "kind": "s3"},
        {"name": "search", "kind": "opensearch", "url": "https://search-orders-abcdefghijklmnopqrstuvwxyz.eu-west-1.es.amazonaws.com",
         "auth": {"kind": "sigv4"}},
        {"name": "less", "kind": "opensearch", "url": "https://abc123.eu-west-1.aoss.amazonaws.com", "auth": {"kind": "sigv4", "service": "aoss"}},
    ],
    "stream_pipelines": [{"name": "orders", "table": "Orders",
                          "on_failure": {"dead_letter": {"sink": "topic", "topic_arn": "arn:aws:sns:us-east-1:123456789012:letters"}}}],
    "stream_handlers": [
        {**_forward("a", "queue", queue_url="https://sqs.eu-central-1.amazonaws.com/210987654321/orders.fifo"), "pipeline": "orders"},
        _forward("b", "queue", queue_url="$(QUEUE_URL)"), _forward("c", "queue", queue_url="$(QUEUE_URL)"),
        _forward("d", "stream", stream="orders"), _forward("e", "hose", stream="orders"), _forward("f", "bus", bus="orders"),
        _forward("g", "function", function="resize:live"), _forward("h", "lake", bucket="lake-bucket", prefix="/orders/"),
        {"source": "Orders", "kind": "index", "name": "i", "sink": "search", "index": "orders"},
        {"source": "Orders", "kind": "index", "name": "j", "sink": "less", "index": "orders"},
        {**_forward("k", "topic", topic_arn="arn:aws:sns:us-east-1:123456789012:off"), "enabled": False},
    ],
}

SHOP = {
    "tables": [
        _table("Orders-@", "id", stream=True), _table("Stats-@", "brand"), _table("ByBrand-@", "brand", "id"), _table("Inbox-@", "user", "id"),
        {**_table("Follows-@", "user", "brand"),
         "GlobalSecondaryIndexes": [{"IndexName": "ByBrand", "Projection": {"ProjectionType": "KEYS_ONLY"},
                                     "KeySchema": [{"AttributeName": "brand", "KeyType": "HASH"}, {"AttributeName": "user", "KeyType": "RANGE"}]}]},
        _table("Everybody-@", "user"),
    ],
    "stream_sinks": [{"name": "dynamo", "kind": "dynamodb"}],
    "stream_handlers": [
        {"source": "Orders-@", "kind": "counter", "name": "per-brand", "table": "Stats-@", "key": {"brand": "${item.brand}"},
         "add": [{"attribute": "n"}]},
        {"source": "Orders-@", "kind": "view", "name": "by-brand", "table": "ByBrand-@", "attributes": ["price"],
         "key": {"brand": "${item.brand}", "id": "${item.id}"}},
        {"source": "Orders-@", "kind": "fanout", "name": "inbox", "sink": "dynamo", "table": "Inbox-@", "member": "user",
         "audience": [{"table": "Follows-@", "index": "ByBrand", "key": "${new.brand}"}],
         "item": {"user": "${member.user}", "id": "${new.id}"}},
        {"source": "Orders-@", "kind": "fanout", "name": "all", "sink": "dynamo", "table": "Inbox-@", "member": "user",
         "audience": [{"scan": "Everybody-@"}], "item": {"user": "${member.user}", "id": "${new.id}"}},
    ],
}

SHOP_SETTINGS = """
aws: { region = "us-east-1"; endpoint_url = "URL"; };
sinks = ( { name = "dynamo"; kind = "dynamodb"; } );
pipelines = ( { name = "orders"; table = "Orders-@"; start = "trim_horizon"; handlers = (
  { kind = "counter"; name = "per-brand"; table = "Stats-@"; key: { brand = "${item.brand}"; }; add = ( { attribute = "n"; } ); },
  { kind = "view"; name = "by-brand"; table = "ByBrand-@"; attributes = [ "price" ]; key: { brand = "${item.brand}"; id = "${item.id}"; }; },
  { kind = "fanout"; name = "inbox"; sink = "dynamo"; table = "Inbox-@"; member = "user";
    audience = ( { table = "Follows-@"; index = "ByBrand"; key = "${new.brand}"; } ); item: { user = "${member.user}"; id = "${new.id}"; }; },
  { kind = "fanout"; name = "all"; sink = "dynamo"; table = "Inbox-@"; member = "user";
    audience = ( { scan = "Everybody-@"; } ); item: { user = "${member.user}"; id = "${new.id}"; }; } ); } );
"""
