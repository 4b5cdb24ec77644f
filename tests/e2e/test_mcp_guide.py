"""Guide, prompts, resources and the design tools of `sluice mcp`."""

import json
import os
import pathlib

import pytest

from harness.mcp_client import McpClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "prompts" / "dynamodb_data_modeling.md").read_text()
PHOTOS = json.loads((ROOT / "conf" / "examples" / "photos.json").read_text())


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def mcp(tmp_path, project):
    with McpClient(tmp_path, "--workspace", project) as client:
        yield client


def test_the_guide_comes_as_tool_prompt_and_resource(mcp):
    assert mcp.text("dynamodb_data_modeling") == GUIDE
    assert mcp.request("resources/read", uri="sluice://guide")["contents"][0]["text"] == GUIDE
    prompt = mcp.request("prompts/get", name="dynamodb-data-modeling", arguments={"application": "A shop for tea"})
    text = prompt["messages"][0]["content"]["text"]
    assert text.startswith(GUIDE) and "A shop for tea" in text
    names = [one["name"] for one in mcp.request("prompts/list")["prompts"]]
    assert names == ["dynamodb-data-modeling", "review-model", "design-stream-handlers"]


def test_the_chapters_are_the_guide(mcp):
    listed = [one["uri"] for one in mcp.request("resources/list")["resources"]]
    chapters = [uri for uri in listed if uri.startswith("sluice://guide/")]
    assert len(chapters) > 5
    texts = [mcp.request("resources/read", uri=uri)["contents"][0]["text"] for uri in chapters]
    assert "".join(texts) == GUIDE
    offered = mcp.request("completion/complete", ref={"type": "ref/resource", "uri": "sluice://guide/{chapter}"},
                          argument={"name": "chapter", "value": ""})
    assert len(offered["completion"]["values"]) == len(chapters)


def test_prompts_of_a_folder_stand_in(tmp_path, project):
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "dynamodb_data_modeling.md").write_text("# Ours\n\nAsk the data team first.\n")
    with McpClient(tmp_path, "--workspace", project, "--prompts", folder) as mcp:
        assert mcp.text("dynamodb_data_modeling") == "# Ours\n\nAsk the data team first.\n"


def test_resources_are_what_they_say(mcp):
    schema = json.loads(mcp.request("resources/read", uri="sluice://schema/data-model")["contents"][0]["text"])
    assert schema["title"] == "DynamoDB data model"
    photos = mcp.request("resources/read", uri="sluice://examples/photos")["contents"][0]["text"]
    assert json.loads(photos) == PHOTOS
    handlers = mcp.request("resources/read", uri="sluice://handlers")["contents"][0]["text"]
    for kind in ("forward", "fanout", "counter", "view", "index"):
        assert f"\n## {kind}\n" in handlers
    assert "`on_failure`" in handlers


def test_own_files_are_resources(mcp, project):
    (project / "dynamodb_requirements.md").write_text("# Tea\n")
    (project / "secret.txt").write_text("no\n")
    listed = {one["name"]: one["uri"] for one in mcp.request("resources/list")["resources"]}
    read = mcp.request("resources/read", uri=listed["dynamodb_requirements.md"])
    assert read["contents"][0]["text"] == "# Tea\n"
    for uri in (f"sluice://workspace/{project}/secret.txt", "sluice://workspace//etc/passwd",
                "sluice://workspace/../sluice.conf", f"sluice://workspace/{project}/../dynamodb_requirements.md"):
        assert "error" in mcp.answer(mcp.begin("resources/read", uri=uri)), uri
    (project / "dynamodb_data_model.json").symlink_to("/etc/passwd")
    assert "error" in mcp.answer(mcp.begin("resources/read", uri=f"sluice://workspace/{project}/dynamodb_data_model.json"))


def test_a_prompt_completes_its_arguments(mcp, project):
    (project / "dynamodb_data_model.json").write_text("{}")

    def complete(name, value):
        result = mcp.request("completion/complete", ref={"type": "ref/prompt", "name": "review-model"},
                             argument={"name": name, "value": value})
        return result["completion"]["values"]

    assert complete("focus", "co") == ["cost"]
    assert complete("model", "") == [str(project / "dynamodb_data_model.json")]


def test_costs_in_the_lists_of_the_reference(mcp, project):
    (project / "dynamodb_data_model.md").write_text("# Tea\n\n## Cost Report\n\nold\n\n## After\n\nkept\n")
    result = mcp.result(
        "compute_performances_and_costs", workspace_dir=str(project),
        access_pattern_list=[{"operation": "GetItem", "pattern": "1", "description": "An order", "table": "Orders", "rps": 100,
                              "item_size_bytes": 4096},
                             {"operation": "PutItem", "pattern": "2", "description": "Order", "table": "Orders", "rps": 10,
                              "item_size_bytes": 1025, "gsi_list": ["ByDay"]}],
        table_list=[{"name": "Orders", "item_size_bytes": 1025, "item_count": 1000,
                     "gsi_list": [{"name": "ByDay", "item_size_bytes": 100, "item_count": 1000}]}])
    assert not result.get("isError"), result
    costs = result["structuredContent"]
    month = 2635200
    assert costs["monthly_usd"]["reads"] == pytest.approx(100 * 0.5 * month * 0.125 / 1e6)
    assert costs["monthly_usd"]["writes"] == pytest.approx(10 * 2 * month * 0.625 / 1e6)
    assert costs["monthly_usd"]["index_writes"] == pytest.approx(10 * month * 0.625 / 1e6)
    assert costs["patterns"][1] == {"pattern": "2", "operation": "PutItem", "wcu": 2, "index_wcu": 1,
                                    "monthly_usd": pytest.approx(30 * month * 0.625 / 1e6)}
    report = (project / "dynamodb_data_model.md").read_text()
    assert "\nold\n" not in report and "| 2 | Order | PutItem |" in report and report.endswith("## After\n\nkept\n")
    assert costs["written"] == str(project / "dynamodb_data_model.md")


def test_wrong_costs_are_told_at_once(mcp):
    told = mcp.refusal("compute_performances_and_costs",
                       access_pattern_list=[{"operation": "Fetch", "pattern": "1", "description": "d", "table": "Nowhere",
                                             "rps": 0, "item_size_bytes": 500000}],
                       table_list=[{"name": "Orders", "item_size_bytes": 10, "item_count": 1}])
    for part in ("operation", "Nowhere", "rps", "item_size_bytes"):
        assert part in told
    assert "is missing" in mcp.refusal("compute_performances_and_costs", access_pattern_list=[{}], table_list=[])


def test_a_report_that_is_too_large_is_told_in_figures(mcp):
    """Also to clients that show people the text alone."""
    patterns = [{"operation": "GetItem", "pattern": str(n), "description": "An order", "table": "Orders", "rps": 1,
                 "item_size_bytes": 1000} for n in range(1000)]
    result = mcp.result("compute_performances_and_costs", access_pattern_list=patterns,
                        table_list=[{"name": "Orders", "item_size_bytes": 1000, "item_count": 10}])
    assert "workspace_dir" in result["content"][0]["text"]
    assert json.loads(result["content"][1]["text"]) == result["structuredContent"]
    assert len(json.dumps(result)) < 33000


def test_a_record_that_cannot_be_read_is_told_in_its_words(mcp):
    change = {"Keys": {"id": {"S": "a"}}}
    for record, word in (({}, "eventName"), ({"eventName": "insert", "dynamodb": change}, "eventName"),
                         ({"eventName": "INSERT"}, "Keys"), ({"eventName": "INSERT", "dynamodb": {"Keys": 1}}, "Keys"),
                         ({"eventName": "INSERT", "dynamodb": {**change, "NewImage": {"id": "a"}}}, "NewImage.id")):
        told = mcp.refusal("explain_stream_record", record=record)
        assert told.startswith("record.") and word in told, told
    assert mcp.call("explain_stream_record", record={"eventName": "INSERT", "dynamodb": change})["matches"]


def test_settings_are_derived_and_kept(mcp, project):
    (project / "dynamodb_data_model.json").write_text(json.dumps(PHOTOS))
    assert 'name = "reaction-counts"' in mcp.text("derive_stream_handlers", workspace_dir=str(project))
    mcp.text("derive_stream_handlers", workspace_dir=str(project), output_dir=str(project))
    conf = project / "sluice.conf"
    conf.write_text(conf.read_text() + "\n# mine\n")
    mcp.text("derive_stream_handlers", output_dir=str(project))
    assert conf.read_text().endswith("\n# mine\n")
    conf.write_text('app = "theirs";\n')
    assert "yours below" in mcp.refusal("derive_stream_handlers", output_dir=str(project))
    assert conf.read_text() == 'app = "theirs";\n'


@pytest.mark.parametrize("arguments, file", [
    ({"format": "cloudformation"}, "cloudformation.json"), ({"format": "terraform"}, "sluice.tf.json"),
    ({"format": "iam"}, "iam-policy.json"), ({"resource_type": "cdk"}, "cloudformation.json"),
])
def test_infrastructure_is_generated(mcp, project, arguments, file):
    (project / "model.json").write_text(json.dumps(PHOTOS))
    shown = mcp.result("generate_resources", dynamodb_data_model_json_file="model.json", **arguments)["content"]
    made = json.loads(shown[0]["text"])
    assert made
    mcp.text("generate_resources", model=PHOTOS, output_dir=str(project), **arguments)
    assert json.loads((project / file).read_text()) == made
    (project / file).write_text("mine\n")
    assert "overwrite" in mcp.refusal("generate_resources", model=PHOTOS, output_dir=str(project), **arguments)
    assert (project / file).read_text() == "mine\n"
    mcp.text("generate_resources", model=PHOTOS, output_dir=str(project), overwrite=True, **arguments)
    assert json.loads((project / file).read_text()) == made


def test_nothing_is_touched_outside_the_workspace(mcp, project, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "dynamodb_data_model.json").write_text(json.dumps(PHOTOS))
    (project / "way-out").symlink_to(outside)
    for folder in (str(outside), str(project / ".." / "outside"), "../outside", "way-out", "/", "/proc/self/root/etc"):
        for tool, argument in (("dynamodb_data_model_validation", "workspace_dir"), ("derive_stream_handlers", "workspace_dir"),
                               ("compute_performances_and_costs", "workspace_dir")):
            assert "--workspace" in mcp.refusal(tool, **{argument: folder}), (tool, folder)
        assert "--workspace" in mcp.refusal("derive_stream_handlers", model=PHOTOS, output_dir=folder)
    assert sorted(path.name for path in outside.iterdir()) == ["dynamodb_data_model.json"]


def test_a_nul_ends_no_path_and_no_endpoint(mcp, project):
    """What is behind it would be looked at by one reader and not by the next."""
    (project / "dynamodb_data_model.json").write_text(json.dumps(PHOTOS))
    assert "NUL" in mcp.refusal("dynamodb_data_model_validation", workspace_dir=f"{project}\0/../..")
    assert "NUL" in mcp.refusal("derive_stream_handlers", model=PHOTOS, output_dir="\0")
    for tool in ("dynamodb_data_model_validation", "deploy_data_model"):
        assert "NUL" in mcp.refusal(tool, model=PHOTOS, endpoint="http://127.0.0.1:1\0.example.com")


def test_what_is_no_plain_file_of_the_workspace_is_not_read(mcp, project, tmp_path):
    (tmp_path / "own.json").write_text(json.dumps(PHOTOS))
    file = project / "dynamodb_data_model.json"
    for make in (lambda: os.mkfifo(file), lambda: file.symlink_to(tmp_path / "own.json"), lambda: file.symlink_to("/dev/zero"),
                 lambda: file.symlink_to("/proc/self/environ"), lambda: file.symlink_to(file.name),
                 lambda: file.symlink_to(tmp_path / "nothing"), lambda: os.truncate(os.open(file, os.O_CREAT | os.O_WRONLY), 60 << 20)):
        make()
        mcp.refusal("dynamodb_data_model_validation", workspace_dir=str(project))
        mcp.refusal("generate_resources", dynamodb_data_model_json_file=file.name)
        file.unlink()
    for name, tool, folder in (("sluice.conf", "derive_stream_handlers", "output_dir"),
                               ("cloudformation.json", "generate_resources", "output_dir"),
                               ("dynamodb_data_model.md", "compute_performances_and_costs", "workspace_dir")):
        (project / name).symlink_to(tmp_path / "elsewhere")
        assert "--workspace" in mcp.refusal(tool, model=PHOTOS, **{folder: str(project)})
    assert not (tmp_path / "elsewhere").exists()


def test_without_a_workspace_models_are_inline(tmp_path):
    with McpClient(tmp_path, cwd="/") as mcp:
        assert mcp.call("dynamodb_data_model_validation", model=PHOTOS)["ok"]
        assert "--workspace" in mcp.refusal("dynamodb_data_model_validation", workspace_dir="/tmp")


def test_models_that_are_none(mcp, project):
    assert not mcp.call("dynamodb_data_model_validation", model={})["ok"]
    assert "no " in mcp.refusal("dynamodb_data_model_validation", workspace_dir=str(project))
    (project / "dynamodb_data_model.json").write_text('{"tables": [')
    result = mcp.call("dynamodb_data_model_validation")
    assert not result["ok"] and result["findings"][0]["line"] == 1
    (project / "dynamodb_data_model.json").unlink()
    (project / "dynamodb_data_model.json").mkdir()
    assert "no file" in mcp.refusal("dynamodb_data_model_validation")


def test_tables_are_made_on_this_machine_only(mcp):
    told = mcp.refusal("dynamodb_data_model_validation", model=PHOTOS, endpoint="https://dynamodb.us-east-1.amazonaws.com")
    assert "yes_create_tables" in told and "--allow-writes" in told
    told = mcp.refusal("dynamodb_data_model_validation", model=PHOTOS, yes_create_tables=True,
                       endpoint="https://dynamodb.us-east-1.amazonaws.com")
    assert "--allow-writes" in told
    told = mcp.refusal("dynamodb_data_model_validation", model=PHOTOS, endpoint="http://127.0.0.1:1", start_local=True)
    assert "not both" in told


def test_a_trial_elsewhere_is_not_among_the_tables(tmp_path):
    with McpClient(tmp_path, "--allow-writes", "--tables", "PhotoApp") as mcp:
        told = mcp.refusal("dynamodb_data_model_validation", model=PHOTOS, yes_create_tables=True,
                           endpoint="https://dynamodb.us-east-1.amazonaws.com")
        assert "--tables" in told
