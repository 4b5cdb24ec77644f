"""`sluice model load` on DynamoDB Local: counts, capacity, what changes and what is refused. No times are judged."""

import json
import signal
import subprocess

import pytest

from harness.model_document import load
from harness.program import BINARY, environment
from harness.services import ROOT
from harness.wait import eventually

DEALS = ROOT / "conf" / "examples" / "deals.json"
KEY = '{"id": {"S": "1"}}'


@pytest.fixture
def model(tmp_path):
    """model(*patterns): a file with a table Orders, three sample items in it, and these patterns."""

    def write(*patterns, indexes=()):
        table = {"TableName": "Orders", "BillingMode": "PAY_PER_REQUEST",
                 "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                 "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
        if indexes:
            table["GlobalSecondaryIndexes"] = list(indexes)
        items = [{"PutRequest": {"Item": {"id": {"S": str(n)}, "n": {"N": str(n)}}}} for n in (1, 2, 3)]
        document = {"tables": [table], "items": {"Orders": items}, "access_patterns": list(patterns)}
        (tmp_path / "model.json").write_text(json.dumps(document))
        return "model.json"

    return write


def pattern(name, command, rps=20, **more):
    return {"pattern": name, "description": f"pattern {name}", "table": "Orders", "rps": rps,
            "implementation": f"aws dynamodb {command}", "item_size_bytes": 100, "item_count": 1, **more}


GET = pattern("get", f"get-item --table-name Orders --key '{KEY}'", dynamodb_operation="GetItem")
PUT = pattern("put", "put-item --table-name Orders --item '{\"id\": {\"S\": \"9\"}, \"by\": {\"S\": \"load\"}}'",
              dynamodb_operation="PutItem")


@pytest.fixture
def apply_and_load(command, empty_dynamodb):
    """apply_and_load(file, *options): `model apply --items`, then the result of `model load --json`."""

    def run(file, *options):
        done = command("model", "apply", file, "--endpoint", empty_dynamodb.url, "--items")
        assert done.returncode == 0, done.stdout + done.stderr
        done = command("model", "load", file, "--endpoint", empty_dynamodb.url, "--json", *options, timeout=120)
        assert done.stdout, done.stderr
        return {**json.loads(done.stdout), "code": done.returncode}

    return run


def by_name(result):
    return {one["pattern"]: one for one in result["patterns"]}


def consistent(figures):
    """Whatever the machine's speed: nothing is lost from the counts."""
    assert figures["planned"] == figures["sent"] + figures["dropped"]
    assert figures["sent"] == figures["done"] + figures["refused"] + figures["throttled"] + figures["failed"]


def test_the_deals_app_at_a_small_part_of_its_rates(apply_and_load):
    document = load(DEALS)
    result = apply_and_load(DEALS, "--rps", "x0.002", "--for", "3s")
    assert result["total"]["failed"] == 0, result
    assert result["code"] == 0 and result["stopped"] is False and result["factor"] == 0.002
    patterns = by_name(result)
    assert list(patterns) == [str(one["pattern"]) for one in document["access_patterns"]]
    for one in document["access_patterns"]:
        figures = patterns[str(one["pattern"])]
        if "not_run" in figures:
            continue
        consistent(figures)
        wanted = one["rps"]["peak"] * 0.002
        assert figures["wanted_per_s"] == pytest.approx(wanted)
        assert abs(figures["planned"] - 3 * wanted) <= 1
    consistent(result["total"])
    assert patterns["4"]["done"] > 0 and patterns["4"]["latency_ms"]["p50"] > 0
    assert "LiveDealsByCountryAndCategory" in patterns["6"]["not_run"], "DynamoDB Local cannot make it"
    assert patterns["23"]["not_run"] == "it has no command"


def test_consumed_units_stand_beside_the_estimate(apply_and_load, model):
    result = by_name(apply_and_load(model(GET, PUT), "--for", "2s"))
    assert result["get"]["planned"] in (39, 40, 41) and result["get"]["measured"] == result["get"]["done"] > 0
    assert result["get"]["units_per_operation"] == result["get"]["estimated_units_per_operation"] == 0.5
    assert result["put"]["units_per_operation"] == result["put"]["estimated_units_per_operation"] == 1


def test_keys_are_those_of_the_sample_items(apply_and_load, empty_dynamodb, model):
    assert apply_and_load(model(PUT), "--for", "3s")["code"] == 0
    items = empty_dynamodb.client.scan(TableName="Orders", ConsistentRead=True)["Items"]
    assert {item["id"]["S"] for item in items} == {"1", "2", "3", "9"}
    assert all(item == {"id": item["id"], "by": {"S": "load"}} for item in items), "all were written"


def test_a_refused_condition_is_no_failure_and_a_mistake_is_one(apply_and_load, model):
    refused = pattern("refused", f"delete-item --table-name Orders --key '{KEY}' --condition-expression "
                      "'attribute_exists(nothing)'", dynamodb_operation="DeleteItem")
    expected = pattern("expected", f"update-item --table-name Orders --key '{KEY}' --update-expression 'SET n.x = :s' "
                       "--expression-attribute-values '{\":s\": {\"S\": \"x\"}}'", dynamodb_operation="UpdateItem",
                       expect={"error": "ValidationException"})
    mistake = {**expected, "pattern": "mistake"}
    del mistake["expect"]
    result = apply_and_load(model(refused, expected, mistake), "--for", "1s")
    patterns = by_name(result)
    for one in patterns.values():
        consistent(one)
    assert patterns["refused"]["refused"] == patterns["refused"]["sent"] > 0
    assert patterns["expected"]["refused"] == patterns["expected"]["sent"] > 0
    assert patterns["mistake"]["errors"] == {"ValidationException": patterns["mistake"]["sent"]}
    assert result["code"] == 1


def test_peak_goes_before_average_and_without_rates_a_pattern_is_passed_over(apply_and_load, model):
    both = {**GET, "pattern": "both", "rps": {"average": 1, "peak": 30}}
    average = {**GET, "pattern": "average", "rps": {"average": 10}}
    silent = {key: value for key, value in GET.items() if key != "rps"} | {"pattern": "silent"}
    patterns = by_name(apply_and_load(model(both, average, silent), "--rps", "×0.5", "--for", "1s"))
    assert patterns["both"]["wanted_per_s"] == 15 and patterns["average"]["wanted_per_s"] == 5
    assert patterns["silent"] == {"pattern": "silent", "not_run": "it declares no rps"}


def test_more_than_can_be_done_is_counted_not_hidden(apply_and_load, model):
    result = apply_and_load(model({**GET, "rps": 100000}), "--for", "1s")
    consistent(result["total"])
    assert 99000 <= result["total"]["planned"] <= 101000
    assert result["total"]["dropped"] > 0 and result["total"]["late"] > 0 and result["total"]["done"] > 0


def test_for_people_there_is_a_table_and_a_histogram(command, apply_and_load, empty_dynamodb, model):
    apply_and_load(model(GET), "--for", "1s")
    done = command("model", "load", "model.json", "--endpoint", empty_dynamodb.url, "--for", "1s")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "progress is for terminals"
    assert done.stdout.startswith("1.0 s of 1.0 s at x1\n")
    assert "\nget " in done.stdout and "\nall " in done.stdout and "latency, ms" in done.stdout and "█" in done.stdout


def test_an_interrupt_ends_it_with_the_result_so_far(apply_and_load, empty_dynamodb, model, tmp_path):
    apply_and_load(model(GET, PUT), "--for", "1s")
    empty_dynamodb.client.delete_item(TableName="Orders", Key={"id": {"S": "9"}})
    program = subprocess.Popen(
        [BINARY, "model", "load", "model.json", "--endpoint", empty_dynamodb.url, "--for", "10m", "--json"], cwd=tmp_path,
        env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: "Item" in empty_dynamodb.client.get_item(TableName="Orders", Key={"id": {"S": "9"}}),
               what="a write of the load")
    program.send_signal(signal.SIGINT)
    out, errors = program.communicate(timeout=60)
    assert program.returncode == 0, errors
    result = json.loads(out)
    assert result["stopped"] is True and result["seconds"] < 600 and result["total"]["done"] > 0
    consistent(result["total"])


def test_missing_tables_are_named(command, empty_dynamodb, model):
    done = command("model", "load", model(GET), "--endpoint", empty_dynamodb.url, "--for", "1s")
    assert done.returncode == 1 and done.stdout == ""
    assert "no table Orders" in done.stderr and "sluice model apply" in done.stderr


def test_writes_elsewhere_need_a_word_and_nonsense_is_refused(command, model):
    elsewhere = ("--endpoint", "http://dynamodb.example.com:8000")
    done = command("model", "load", model(PUT), *elsewhere)
    assert done.returncode == 2 and "--yes-create-tables" in done.stderr
    for options in (("--rps", "x0"), ("--rps", "fast"), ("--rps", "x-1"), ("--for", "0s"), ("--for", "2 weeks"), ("--for", "25h")):
        done = command("model", "load", "model.json", "--endpoint", "http://127.0.0.1:1", *options)
        assert done.returncode == 2 and options[0] in done.stderr, options
    done = command("model", "load", model({**GET, "rps": 1e12}), "--endpoint", "http://127.0.0.1:1")
    assert done.returncode == 2 and "smaller factor" in done.stderr
    silent = {key: value for key, value in GET.items() if key != "rps"}
    done = command("model", "load", model(silent), "--endpoint", "http://127.0.0.1:1")
    assert done.returncode == 2 and "rps" in done.stderr
