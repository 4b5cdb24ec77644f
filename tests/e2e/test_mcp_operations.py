"""The operations of DynamoDB as tools of `sluice mcp`, on DynamoDB Local."""

import json
import os
import pathlib
import socket

import pytest

from harness.mcp_client import McpClient
from harness.ports import free_port
from harness.wait import eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = pathlib.Path(os.environ.get("MCP_REFERENCE", ROOT.parent / "shared" / "mcp-suites" / "reference-tools-1.0.3.json"))
EVERYTHING = ("--toolsets", "design,data,tables,backup,admin,streams")


@pytest.fixture
def serve(tmp_path, dynamodb):
    """serve("--allow-writes"): a client of a server for DynamoDB Local."""
    made = []

    def start(*options, **env):
        made.append(McpClient(tmp_path, "--endpoint-url", dynamodb.url, *options, **env))
        made[-1].endpoint = dynamodb.url
        return made[-1]

    yield start
    for client in made:
        assert client.close() == 0


@pytest.fixture
def writer(serve):
    return serve("--allow-writes", *EVERYTHING)


def test_every_tool_and_parameter_of_the_reference_is_there(tmp_path):
    """Clients of its version 1.0.3 work unchanged: names, and types that take what they send."""
    if not REFERENCE.exists():
        pytest.skip(f"{REFERENCE} is absent: it says which names clients use")
    with McpClient(tmp_path, "--list-all", *EVERYTHING) as mcp:
        ours = mcp.tools()
    for tool in json.loads(REFERENCE.read_text())["tools"]:
        assert tool["name"] in ours
        schema = ours[tool["name"]]["inputSchema"]
        for name, theirs in tool["inputSchema"]["properties"].items():
            assert name in schema["properties"], f"{tool['name']} lacks {name}"
            types = [one.get("type", "object") for one in theirs.get("anyOf", [theirs])]
            assert schema["properties"][name]["type"] in types, (tool["name"], name)
        assert set(schema.get("required", [])) <= set(tool["inputSchema"].get("required", [])), tool["name"]


def test_schemas_hold_nothing_that_strict_clients_refuse(tmp_path):
    allowed = {"type", "description", "properties", "required", "items", "enum"}

    def check(schema, where):
        assert set(schema) <= allowed, where
        assert isinstance(schema["type"], str), where
        for name, one in schema.get("properties", {}).items():
            check(one, f"{where}.{name}")
        if "items" in schema:
            check(schema["items"], f"{where}[]")

    with McpClient(tmp_path, "--list-all", *EVERYTHING) as mcp:
        for name, tool in mcp.tools().items():
            check(tool["inputSchema"], name)
            assert len(name) <= 64 and tool["title"] and tool["description"]


def test_a_reader_sees_no_tool_that_writes(tmp_path):
    with McpClient(tmp_path, *EVERYTHING) as mcp:
        names = set(mcp.tools())
        assert {"get_item", "query", "scan", "execute_statement", "describe_table", "list_backups"} <= names
        assert not {"put_item", "delete_table", "create_backup", "tag_resource", "update_time_to_live"} & names
        assert "--allow-writes" in mcp.refusal("delete_table", table_name="anything")
    with McpClient(tmp_path) as mcp:
        assert len(mcp.tools()) <= 20


def test_deny_beats_allow(tmp_path):
    with McpClient(tmp_path, "--allow-writes", **{"DDB-MCP-READONLY": "true"}) as mcp:
        assert "put_item" not in mcp.tools()
        assert "DDB-MCP-READONLY" in mcp.refusal("put_item", table_name="t", item={"id": {"S": "a"}})
    with McpClient(tmp_path, **{"DDB-MCP-READONLY": "false"}) as mcp:
        assert "put_item" in mcp.tools()


def test_a_table_lives(writer):
    made = writer.call("create_table", table_name="McpOrders", billing_mode="PAY_PER_REQUEST",
                       attribute_definitions=[{"AttributeName": "id", "AttributeType": "S"},
                                              {"AttributeName": "day", "AttributeType": "S"}],
                       key_schema=[{"AttributeName": "id", "KeyType": "HASH"}],
                       global_secondary_indexes=[{"IndexName": "ByDay", "Projection": {"ProjectionType": "ALL"},
                                                  "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}]}],
                       stream_specification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    assert made["TableDescription"]["TableName"] == "McpOrders"
    try:
        assert "McpOrders" in writer.call("list_tables")["TableNames"]
        assert writer.call("describe_table", table_name="McpOrders")["Table"]["TableStatus"] == "ACTIVE"
        _items_come_and_go(writer)
        writer.call("update_time_to_live", table_name="McpOrders",
                    time_to_live_specification={"Enabled": True, "AttributeName": "ttl"})
        ttl = writer.call("describe_time_to_live", table_name="McpOrders")
        assert ttl["TimeToLiveDescription"]["AttributeName"] == "ttl"
        _stream_is_seen(writer)
    finally:
        writer.call("delete_table", table_name="McpOrders")
    assert "ResourceNotFoundException" in writer.refusal("get_item", table_name="McpOrders", key={"id": {"S": "a"}})


def _items_come_and_go(mcp):
    item = {"id": {"S": "a"}, "day": {"S": "2026-11-20"}, "paid": {"N": "9.5"}}
    put = mcp.call("put_item", table_name="McpOrders", item=item, condition_expression="attribute_not_exists(id)")
    assert put["ConsumedCapacity"]["TableName"] == "McpOrders"
    assert "ConditionalCheckFailed" in mcp.refusal("put_item", table_name="McpOrders", item=item,
                                                   condition_expression="attribute_not_exists(id)")
    assert mcp.call("get_item", table_name="McpOrders", key={"id": {"S": "a"}}, consistent_read=True)["Item"] == item
    # What clients send, too: JSON in strings, numbers in strings, null for nothing.
    queried = mcp.call("query", table_name="McpOrders", index_name="ByDay", key_condition_expression="#d = :d",
                       expression_attribute_names='{"#d": "day"}',
                       expression_attribute_values={":d": {"S": "2026-11-20"}}, limit="5", filter_expression=None)
    assert queried["Items"] == [item]
    changed = mcp.call("update_item", table_name="McpOrders", key={"id": {"S": "a"}}, return_values="UPDATED_NEW",
                       update_expression="SET paid = paid + :one", expression_attribute_values={":one": {"N": "1"}})
    assert changed["Attributes"] == {"paid": {"N": "10.5"}}
    mcp.call("batch_write_item", request_items={"McpOrders": [{"PutRequest": {"Item": {"id": {"S": "b"}}}}]})
    both = mcp.call("batch_get_item", request_items={"McpOrders": {"Keys": [{"id": {"S": "a"}}, {"id": {"S": "b"}}]}})
    assert len(both["Responses"]["McpOrders"]) == 2
    mcp.call("transact_write_items", transact_items=[{"Delete": {"TableName": "McpOrders", "Key": {"id": {"S": "b"}}}}])
    gone = mcp.call("transact_get_items", transact_items=[{"Get": {"TableName": "McpOrders", "Key": {"id": {"S": "b"}}}}])
    assert gone["Responses"] == [{}]
    selected = mcp.call("execute_statement", statement='SELECT id FROM "McpOrders" WHERE id = ?', parameters=[{"S": "a"}])
    assert selected["Items"] == [{"id": {"S": "a"}}]
    mcp.call("delete_item", table_name="McpOrders", key={"id": {"S": "a"}})
    assert mcp.call("scan", table_name="McpOrders", select="COUNT")["Count"] == 0


def _stream_is_seen(mcp):
    records, at = [], {}
    for _ in range(20):
        page = mcp.call("get_stream_records", table_name="McpOrders", limit=2, **at)
        records += page["Records"]
        if not page["Records"]:
            break
        at = page["Last"]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "INSERT", "REMOVE", "REMOVE"]
    arn = page["StreamArn"]
    assert arn in [stream["StreamArn"] for stream in mcp.call("list_streams", table_name="McpOrders")["Streams"]]
    assert mcp.call("describe_stream", stream_arn=arn)["StreamDescription"]["Shards"]
    assert mcp.call("explain_stream_record", record=records[0], template="${keys.id}")["sends"] == "a"


def test_pages_are_cut_where_a_result_ends(writer, make_table):
    table = make_table("McpLarge", "id", "n:N")
    for n in range(40):
        table.put(id="a", n=n, text="x" * 1000)
    seen, at = [], {}
    while True:
        page = writer.result("query", table_name=table.name, key_condition_expression="id = :i",
                             expression_attribute_values={":i": {"S": "a"}}, **at)
        assert len(json.dumps(page)) < 34000
        content = page["structuredContent"]
        seen += [int(item["n"]["N"]) for item in content["Items"]]
        if "LastEvaluatedKey" not in content:
            break
        at = {"exclusive_start_key": content["LastEvaluatedKey"]}
    assert seen == list(range(40))
    table.put(id="big", n=1, text="x" * 20000)
    key = {"id": {"S": "big"}, "n": {"N": "1"}}
    assert "projection_expression" in writer.refusal("get_item", table_name=table.name, key=key)
    assert writer.call("get_item", table_name=table.name, key=key, projection_expression="n")["Item"] == {"n": {"N": "1"}}
    done = writer.call("delete_item", table_name=table.name, key=key, return_values="ALL_OLD")
    assert done["Done"] == "DeleteItem" and done["AnswerBytesNotShown"] > 20000


def test_only_the_tables_that_were_named(serve, make_table):
    mine, other = make_table("McpMine", "id"), make_table("McpOther", "id")
    mcp = serve("--allow-writes", "--tables", f"{mine.name},Another", *EVERYTHING)
    key = {"id": {"S": "a"}}
    mcp.call("put_item", table_name=mine.name, item=key)
    assert mcp.call("list_tables", limit=1) == {"TableNames": [mine.name]}
    for tool, arguments in {
        "get_item": {"table_name": other.name, "key": key},
        "delete_table": {"table_name": other.name},
        "describe_table": {"table_name": f"arn:aws:dynamodb:us-east-1:000000000000:table/{other.name}"},
        "batch_get_item": {"request_items": {mine.name: {"Keys": [key]}, other.name: {"Keys": [key]}}},
        "transact_write_items": {"transact_items": [{"Put": {"TableName": mine.name, "Item": key}},
                                                    {"Put": {"TableName": other.name, "Item": key}}]},
        "execute_statement": {"statement": f'SELECT * FROM "{other.name}"'},
        "get_stream_records": {"table_name": other.name},
        "list_exports": {},
        "list_streams": {},
        "restore_table_from_backup": {"target_table_name": mine.name,
                                      "backup_arn": f"arn:aws:dynamodb:us-east-1:1:table/{other.name}/backup/1"},
    }.items():
        assert "--tables" in mcp.refusal(tool, **arguments), tool
    assert mcp.call("execute_statement", statement=f'SELECT * FROM "{mine.name}"')["Items"] == [key]


def test_a_statement_writes_only_where_writes_are_allowed(serve, make_table):
    table = make_table("McpStatement", "id")
    reader = serve()
    insert = f"INSERT INTO \"{table.name}\" VALUE {{'id': 'a'}}"
    assert "read-only" in reader.refusal("execute_statement", statement=insert)
    assert "cannot be read" in reader.refusal("execute_statement", statement=f'DROP TABLE "{table.name}"')
    assert reader.call("execute_statement", statement=f'SELECT * FROM "{table.name}"')["Items"] == []
    serve("--allow-writes").call("execute_statement", statement=insert)
    assert len(reader.call("execute_statement", statement=f'SELECT * FROM "{table.name}"')["Items"]) == 1


def test_calls_do_not_wait_for_each_other(serve, make_table):
    """40 calls under way at once; lists and pings are answered meanwhile."""
    table = make_table("McpMany", "id")
    table.put(id="a")
    mcp = serve()
    begun = [mcp.begin("tools/call", name="get_item", arguments={"table_name": table.name, "key": {"id": {"S": "a"}}})
             for _ in range(40)]
    ping = mcp.begin("ping")
    answers = {}
    while len(answers) < 41:
        message = json.loads(mcp.process.stdout.readline())
        answers[message["id"]] = message
    assert list(answers).index(ping) < 40
    assert all(answers[number]["result"]["structuredContent"]["Item"] == {"id": {"S": "a"}} for number in begun)


def test_a_service_that_is_not_there_is_told(tmp_path):
    with McpClient(tmp_path, "--endpoint-url", f"http://127.0.0.1:{free_port()}", AWS_MAX_ATTEMPTS="1") as mcp:
        assert "Failed to connect" in mcp.refusal("list_tables")
        assert "region" in mcp.refusal("list_tables", region_name="no such region!")


@pytest.mark.parametrize("name", ["us-east-1.example.com/", "us-east-1@example.com", "..", "us-east-1?", "x" * 64, "a\0b"])
def test_what_is_no_region_is_refused_and_takes_no_place(serve, name):
    """It becomes part of a host's name: nothing but a region may."""
    mcp = serve()
    for _ in range(20):
        assert "region_name" in mcp.refusal("list_tables", region_name=name)
    assert "TableNames" in mcp.call("list_tables", region_name="eu-central-1")


@pytest.mark.parametrize("ending", ["signal", "eof"])
def test_it_ends_while_it_asks_for_its_region(tmp_path, ending):
    """Metadata that never answers: nobody waits for it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as metadata:
        mcp = McpClient(tmp_path, AWS_REGION="", AWS_EC2_METADATA_DISABLED="false", AWS_METADATA_SERVICE_TIMEOUT="600",
                        AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{metadata.getsockname()[1]}")
        mcp.begin("tools/call", name="list_tables", arguments={})
        connection, _ = metadata.accept()
        assert mcp.request("ping") == {}
        if ending == "signal":
            mcp.process.terminate()
        assert mcp.close() == 0
        connection.close()


def test_a_model_is_deployed_again_and_again(serve, clients):
    model = json.loads((ROOT / "conf" / "examples" / "photos.json").read_text())
    names = [table["TableName"] for table in model["tables"]]
    mcp = serve()
    try:
        first = mcp.result("deploy_data_model", model=model, endpoint=mcp.endpoint, items=True)
        assert not first.get("isError"), first
        assert set(names) <= set(clients.dynamodb.list_tables()["TableNames"])
        count = clients.dynamodb.scan(TableName=names[0], Select="COUNT")["Count"]
        assert count == len(model["items"][names[0]])
        again = mcp.result("deploy_data_model", model=model, items=True)
        assert not again.get("isError"), again
        assert clients.dynamodb.scan(TableName=names[0], Select="COUNT")["Count"] == count
        assert "--tables" in serve("--tables", "Another").refusal("deploy_data_model", model=model, endpoint=mcp.endpoint)
    finally:
        for name in names:
            clients.dynamodb.delete_table(TableName=name)


@pytest.mark.parametrize("options", [[], ["--endpoint-url", "http://198.51.100.7:8000"]])
def test_tables_elsewhere_are_made_only_where_both_say_so(tmp_path, options):
    model = json.loads((ROOT / "conf" / "examples" / "photos.json").read_text())
    with McpClient(tmp_path, *options) as reader, McpClient(tmp_path, *options, "--allow-writes") as writer:
        for mcp, more in ((reader, {}), (reader, {"yes_create_tables": True}), (writer, {})):
            assert "--allow-writes" in mcp.refusal("deploy_data_model", model=model, **more)
        for endpoint in ("http://127.0.0.1@example.com", "http://127.0.0.1.example.com", "http://example.com#127.0.0.1",
                         "http://0.0.0.0:8000", "//localhost", " http://localhost"):
            for tool in ("deploy_data_model", "dynamodb_data_model_validation"):
                assert "--allow-writes" in reader.refusal(tool, model=model, endpoint=endpoint, yes_create_tables=True)


def test_a_stop_in_the_middle_of_a_validation_leaves_nothing(tmp_path, dynamodb, clients):
    """SIGTERM while tables are there: they are dropped, and the process ends."""
    model = json.loads((ROOT / "conf" / "examples" / "photos.json").read_text())
    before = clients.dynamodb.list_tables()["TableNames"]
    for ending in ("signal", "eof", "cancel"):
        mcp = McpClient(tmp_path, "--endpoint-url", dynamodb.url)
        number = mcp.begin("tools/call", name="dynamodb_data_model_validation", arguments={"model": model, "endpoint": dynamodb.url})
        eventually(lambda: clients.dynamodb.list_tables()["TableNames"] != before, what="tables of the trial")
        if ending == "signal":
            mcp.process.terminate()
        elif ending == "cancel":
            mcp.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})
            eventually(lambda: clients.dynamodb.list_tables()["TableNames"] == before, what="no tables of the trial")
            assert mcp.request("ping") == {}
        assert mcp.close() == 0
        assert clients.dynamodb.list_tables()["TableNames"] == before, ending


@pytest.mark.parametrize("tool", ["dynamodb_data_model_validation", "deploy_data_model"])
@pytest.mark.parametrize("ending", ["signal", "eof", "cancel"])
def test_an_endpoint_that_never_answers_holds_up_nothing(tmp_path, tool, ending):
    """Lists and pings are answered meanwhile; a stop waits a moment for the table that may be there, no longer."""
    model = json.loads((ROOT / "conf" / "examples" / "photos.json").read_text())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mcp = McpClient(tmp_path)
        number = mcp.begin("tools/call", name=tool, arguments={
            "model": model, "endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        connection, _ = silent.accept()
        assert mcp.request("ping") == {} and tool in mcp.tools()
        if ending == "signal":
            mcp.process.terminate()
        elif ending == "cancel":
            mcp.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})
            assert mcp.request("ping") == {}
        assert mcp.close() == 0
        connection.close()


STARTS_FOR_EVER = """#!/bin/sh
# dynamodb-local.sh start|stop PORT DIR: one that is never ready.
[ "$1" = start ] || exit 0
trap 'echo interrupted > "$(dirname "$0")/end"; exit 130' TERM
touch "$(dirname "$0")/begun"
while :; do sleep 0.05; done
"""


@pytest.mark.parametrize("ending", ["signal", "eof", "cancel"])
def test_a_stop_does_not_wait_for_dynamodb_local_to_start(tmp_path, ending):
    """The script is told, what it has begun goes with it, and its folder is removed."""
    services = tmp_path / "services"
    services.mkdir()
    script = services / "dynamodb-local.sh"
    script.write_text(STARTS_FOR_EVER)
    script.chmod(0o755)
    before = set(pathlib.Path("/tmp").glob("sluice-local-*"))
    mcp = McpClient(tmp_path, SLUICE_SERVICES_DIR=services)
    model = json.loads((ROOT / "conf" / "examples" / "photos.json").read_text())
    number = mcp.begin("tools/call", name="dynamodb_data_model_validation", arguments={"model": model, "start_local": True})
    eventually((services / "begun").exists, what="the script's start")
    assert mcp.request("ping") == {}
    if ending == "signal":
        mcp.process.terminate()
    elif ending == "cancel":
        mcp.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})
        eventually((services / "end").exists, what="the script's end")
    assert mcp.close() == 0
    assert (services / "end").exists()
    assert set(pathlib.Path("/tmp").glob("sluice-local-*")) <= before


def test_two_validations_start_a_service_each(tmp_path):
    model = json.loads((ROOT / "conf" / "examples" / "photos.json").read_text())
    with McpClient(tmp_path) as mcp:
        begun = {mcp.begin("tools/call", name="dynamodb_data_model_validation", arguments={"model": model, "start_local": True})
                 for _ in range(2)}
        results = []
        while begun:
            message = json.loads(mcp.process.stdout.readline())
            begun.discard(message["id"])
            results.append(message["result"]["structuredContent"])
    assert len({one["live"]["endpoint"] for one in results}) == 2
    for one in results:
        assert one["ok"] and one["live"]["patterns"]["failed"] == 0, one
