"""A whole modeling session, with the official Python client: from the guide to a daemon that runs what was modeled."""

import asyncio
import json
import os
import signal
import subprocess

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from harness.program import BINARY, environment, sanitizer_report
from harness.wait import eventually

REQUIREMENTS = """# Tea shop

| # | description | average RPS | peak RPS | type |
| --- | --- | --- | --- | --- |
| 1 | Place an order | 10 | 50 | write |
| 2 | Orders of a customer, newest first | 20 | 100 | read |
| 3 | How many orders a customer has placed, and for how much | 40 | 200 | read |
"""


def command(operation, **options):
    """aws dynamodb query --table-name …: objects as JSON in quotes."""
    words = [f"--{name.replace('_', '-')} " + (f"'{json.dumps(value)}'" if isinstance(value, dict) else f"'{value}'")
             for name, value in options.items()]
    return f"aws dynamodb {operation} " + " ".join(words)


def table(name, *keys, **more):
    return {"TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
            "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"))], **more}


def order(customer, placed, cents):
    return {"customer_id": {"S": customer}, "placed_at": {"S": placed}, "cents": {"N": str(cents)}, "status": {"S": "open"}}


def good_model():
    """What the assistant ends up with."""
    of_customer = command("query", table_name="TeaOrders", key_condition_expression="customer_id = :c",
                          filter_expression="#s = :s", expression_attribute_names={"#s": "status"},
                          expression_attribute_values={":c": {"S": "ann"}, ":s": {"S": "open"}})
    counts = command("get-item", table_name="TeaCounts", key={"customer_id": {"S": "ann"}})
    return {
        "tables": [table("TeaOrders", "customer_id", "placed_at",
                         StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}),
                   table("TeaCounts", "customer_id")],
        "items": {"TeaOrders": [{"PutRequest": {"Item": order("ann", f"2026-11-2{day}T08:00:00Z", 500)}} for day in range(2)]},
        "access_patterns": [
            {"pattern": "1", "description": "Place an order", "table": "TeaOrders", "dynamodb_operation": "PutItem",
             "rps": {"average": 10, "peak": 20},
             "implementation": command("put-item", table_name="TeaOrders", item=order("bob", "2026-11-20T09:00:00Z", 900))},
            {"pattern": "2", "description": "Orders of a customer", "table": "TeaOrders", "dynamodb_operation": "Query",
             "implementation": of_customer, "expect": {"count": 2}, "rps": {"average": 20, "peak": 40}, "item_count": 2},
            {"pattern": "3", "description": "How many orders, and for how much", "table": "TeaCounts",
             "dynamodb_operation": "GetItem", "implementation": counts, "served_by": "order-counts",
             "rps": {"average": 40, "peak": 80}, "expect": {"items": [{"orders": {"N": "2"}, "cents": {"N": "1000"}}]}},
        ],
        "sizing": {"TeaOrders": {"item_size_bytes": 200, "item_count": 100000, "distinct_keys": 5000},
                   "TeaCounts": {"item_size_bytes": 120, "item_count": 5000, "distinct_keys": 5000}},
        "stream_sinks": [{"name": "failures", "kind": "file", "path": "$(DEAD_LETTERS:-dead-letters.jsonl)"}],
        "stream_pipelines": [{"table": "TeaOrders", "name": "tea", "start": "trim_horizon",
                              "on_failure": {"dead_letter": "failures"}}],
        "stream_handlers": [
            {"source": "TeaOrders", "pipeline": "tea", "kind": "counter", "name": "order-counts", "table": "TeaCounts",
             "key": {"customer_id": "${item.customer_id}"},
             "add": [{"attribute": "orders", "op": "count"}, {"attribute": "cents", "op": "sum", "by": "${item.cents}"}],
             "expect_after": [{"command": counts, "expect": {"items": [{"orders": {"N": "2"}, "cents": {"N": "1000"}}]}}]},
        ],
    }


def planted_model():
    """The first attempt: a key that is not defined, a reserved word without its #, a handler without a stream."""
    model = good_model()
    model["tables"][0]["AttributeDefinitions"] = model["tables"][0]["AttributeDefinitions"][:1]
    del model["tables"][0]["StreamSpecification"]
    pattern = model["access_patterns"][1]
    pattern["implementation"] = pattern["implementation"].replace("#s = :s", "status = :s").replace(
        "--expression-attribute-names '{\"#s\": \"status\"}' ", "")
    return model


async def model_with_an_assistant(folder, endpoint, home):
    """What an assistant does, tool by tool."""
    server = StdioServerParameters(command=str(BINARY), args=["mcp", "--workspace", str(folder)], cwd=str(folder),
                                   env=environment(home, AWS_REGION="us-east-1"))
    with open(home / "mcp.log", "w+") as said:
        async with Client(stdio_client(server, errlog=said)) as mcp:

            async def call(tool, **arguments):
                result = await mcp.call_tool(tool, arguments)
                assert not result.is_error, result
                return result

            guide = (await call("dynamodb_data_modeling")).content[0].text
            assert "dynamodb_requirements.md" in guide and "dynamodb_data_model.json" in guide
            (folder / "dynamodb_requirements.md").write_text(REQUIREMENTS)

            (folder / "dynamodb_data_model.json").write_text(json.dumps(planted_model(), indent=2))
            first = (await call("dynamodb_data_model_validation", workspace_dir=str(folder))).structured_content
            assert not first["ok"]
            errors = [one for one in first["findings"] if one["severity"] == "error"]
            told = " ".join(f"{one['path']}: {one['text']}" for one in errors)
            for mistake in ("placed_at", "status", "no stream"):
                assert mistake in told, told

            (folder / "dynamodb_data_model.json").write_text(json.dumps(good_model(), indent=2))
            second = (await call("dynamodb_data_model_validation", workspace_dir=str(folder), endpoint=endpoint)).structured_content
            assert second["ok"], second
            assert second["live"]["patterns"] == {"passed": 3, "failed": 0, "not_checked": 0}
            assert second["live"]["handlers"] == {"passed": 1, "failed": 0, "not_checked": 0}

            costs = (await call("compute_performances_and_costs", workspace_dir=str(folder))).structured_content
            assert costs["monthly_usd"]["total"] > 0
            assert "Cost Report" in (folder / "dynamodb_data_model.md").read_text()
            await call("generate_resources", workspace_dir=str(folder), format="iam", output_dir=str(folder))
            await call("derive_stream_handlers", workspace_dir=str(folder), output_dir=str(folder))
        said.seek(0)
        text = said.read()
        assert not sanitizer_report(text), text


@pytest.fixture
def tables(clients):
    """The tables of the model, on DynamoDB Local; gone after the test."""
    for one in good_model()["tables"]:
        clients.dynamodb.create_table(**one)
    yield clients.dynamodb
    for one in good_model()["tables"] + [{"TableName": "sluice-state"}]:
        try:
            clients.dynamodb.delete_table(TableName=one["TableName"])
        except clients.dynamodb.exceptions.ResourceNotFoundException:
            pass


def test_what_was_modeled_is_what_runs(tmp_path, dynamodb, clients, request):
    folder = tmp_path / "tea"
    folder.mkdir()
    before = clients.dynamodb.list_tables()["TableNames"]
    asyncio.run(model_with_an_assistant(folder, dynamodb.url, tmp_path))
    assert clients.dynamodb.list_tables()["TableNames"] == before

    db = request.getfixturevalue("tables")
    env = environment(tmp_path, AWS_REGION="us-east-1", AWS_ENDPOINT_URL=dynamodb.url)
    checked = subprocess.run([BINARY, "check", "-c", "sluice.conf"], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr

    with open(tmp_path / "run.log", "w+") as log:
        daemon = subprocess.Popen([BINARY, "run", "-c", "sluice.conf"], cwd=folder, env=env, stderr=log)
        try:
            for n in range(5):
                db.put_item(TableName="TeaOrders", Item=order("cyn", f"2026-11-21T0{n}:00:00Z", 100 + n))
            db.delete_item(TableName="TeaOrders", Key={"customer_id": {"S": "cyn"}, "placed_at": {"S": "2026-11-21T04:00:00Z"}})

            def counted():
                row = db.get_item(TableName="TeaCounts", Key={"customer_id": {"S": "cyn"}}).get("Item", {})
                return row.get("orders") == {"N": "4"} and row.get("cents") == {"N": "406"}

            eventually(counted, what="four orders in the counter")
        finally:
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait(timeout=60)
        log.seek(0)
        text = log.read()
    assert code == 0 and not sanitizer_report(text), text
    assert not os.path.exists(folder / "dead-letters.jsonl") or not (folder / "dead-letters.jsonl").read_text()
