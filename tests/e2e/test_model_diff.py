"""`sluice model diff`: changes and steps between documents, from outside. Needs no service.

The requests of the steps are judged by botocore's description of the API.
"""

import copy
import json
import shlex

import pytest
from botocore import xform_name

from harness.aws_command import check_parameters
from harness.model_document import FILES, GUIDE, load
from harness.services import ROOT

DEALS = ROOT / "conf" / "examples" / "deals.json"
PHASES = ["add", "fill", "readers", "writers", "remove"]


@pytest.fixture
def diff(command, tmp_path):
    """diff(old, new): the result of `sluice model diff` of two documents, as JSON."""

    def run(old, new):
        for name, document in (("old.json", old), ("new.json", new)):
            (tmp_path / name).write_text(json.dumps(document))
        done = command("model", "diff", "old.json", "new.json", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def table(document, name):
    return next(one for one in document["tables"] if one["TableName"] == name)


def codes(result):
    return [step["code"] for step in result["steps"]]


@pytest.mark.parametrize("path", [path for path in FILES if path != GUIDE], ids=lambda path: path.stem)
def test_a_model_and_itself_do_not_differ(command, path):
    done = command("model", "diff", path, path)
    assert (done.returncode, done.stdout) == (0, "nothing changes\n"), done.stderr
    result = json.loads(command("model", "diff", path, path, "--json").stdout)
    assert result["changed"] is False and result["changes"] == [] and result["steps"] == []


@pytest.mark.parametrize("path", [path for path in FILES if path != GUIDE], ids=lambda path: path.stem)
def test_from_nothing_all_is_created_by_requests_that_the_api_takes(diff, path):
    """And back to (nearly) nothing all is removed. Every request is checked by botocore."""
    model = load(path)
    first = {"TableName": "Nothing-else", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
             "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    result = diff({"tables": [first]}, model)
    created = [step["table"] for step in result["steps"] if step["code"] == "create-table"]
    assert created == [one["TableName"] for one in model["tables"]]
    result["steps"] += diff(model, {"tables": [first]})["steps"]
    deleted = [step["table"] for step in result["steps"] if step["code"] == "delete-table"]
    assert sorted(deleted) == sorted([*created, "Nothing-else"])
    for step in result["steps"]:
        if "operation" in step:
            check_parameters(step["operation"], step["request"])


def test_phases_come_in_order_and_commands_are_what_a_shell_takes(diff):
    old = load(DEALS)
    new = copy.deepcopy(old)
    deals = table(new, "Deals")
    deals["GlobalSecondaryIndexes"][0]["Projection"]["NonKeyAttributes"].append("country")
    table(new, "Inbox")["TimeToLiveSpecification"]["AttributeName"] = "gone_at"
    new["tables"].append({**table(old, "Users"), "TableName": "Admins"})
    new["access_patterns"] = new["access_patterns"][1:]
    result = diff(old, new)
    phases = [step["phase"] for step in result["steps"]]
    assert phases == sorted(phases, key=PHASES.index) and len(set(phases)) >= 4
    for step in result["steps"]:
        assert step["what"] and step["why"]
        if "command" not in step:
            continue
        words = shlex.split(step["command"])
        assert words[:2] == ["aws", "dynamodb"] and words[3] == "--cli-input-json" and len(words) == 5
        assert json.loads(words[4]) == step["request"]
        assert words[2] == xform_name(step["operation"], "-")
        check_parameters(step["operation"], step["request"])
    assert {"create-table", "create-index-beside", "switch-index", "delete-index", "fill-ttl", "disable-ttl",
            "enable-ttl-again", "deploy-writers"} <= set(codes(result))


def test_a_changed_definition_is_what_the_daemon_would_refuse(diff):
    old = load(DEALS)
    counter = next(at for at, one in enumerate(old["stream_handlers"]) if one["kind"] == "counter")
    rows, settings = copy.deepcopy(old), copy.deepcopy(old)
    rows["stream_handlers"][counter]["set"] = {"note": "x"}
    settings["stream_handlers"][counter]["on_failure"] = {"retries": 7}
    assert "start-handler-anew" in codes(diff(old, rows))
    assert codes(diff(old, settings)) == ["change-handler"]


def test_what_it_costs_is_what_model_cost_says(command, diff, tmp_path):
    old = load(DEALS)
    new = copy.deepcopy(old)
    new["access_patterns"][0]["rps"] = {"average": 1000, "peak": 2000}
    cost = diff(old, new)["cost"]
    for side in ("old", "new"):
        whole = json.loads(command("model", "cost", f"{side}.json", "--json").stdout)
        assert cost[side]["usd"] == pytest.approx(whole["usd_per_month"]["total"], abs=0.01)
    assert cost["new"]["writes_usd"] > cost["old"]["writes_usd"]
    assert cost["new"]["storage_usd"] == cost["old"]["storage_usd"]


def test_for_people_each_step_is_numbered_and_says_why(command, tmp_path):
    old = load(DEALS)
    new = copy.deepcopy(old)
    new["tables"].append({**table(old, "Users"), "TableName": "Admins"})
    (tmp_path / "new.json").write_text(json.dumps(new))
    done = command("model", "diff", DEALS, "new.json")
    assert done.returncode == 0, done.stderr
    assert "  + table Admins: HASH user_id (S)\n" in done.stdout
    assert "  1. [add] Create the table Admins.\n      why " in done.stdout
    assert "aws dynamodb create-table --cli-input-json '{" in done.stdout


def test_a_model_with_errors_and_a_missing_file_are_refused(command, tmp_path):
    (tmp_path / "bad.json").write_text('{"tables": [{"TableName": "T"}]}')
    done = command("model", "diff", "bad.json", DEALS)
    assert done.returncode == 1 and "bad.json" in done.stderr and done.stdout == ""
    done = command("model", "diff", DEALS, "bad.json")
    assert done.returncode == 1 and "bad.json" in done.stderr and done.stdout == ""
    done = command("model", "diff", DEALS, "nowhere.json")
    assert done.returncode == 2 and "nowhere.json" in done.stderr
    assert command("model", "diff", DEALS).returncode == 2
