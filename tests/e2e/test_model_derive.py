"""`sluice model derive`: settings from data models, accepted by `sluice check`, run by `sluice run`."""

import json
import os

import pytest

from harness.model_document import FILES, LiveModel, load
from harness.services import ROOT

YOURS = "# -- yours below --"
DOCUMENTS = [path for path in FILES if path.suffix == ".json"]
PHOTOS = ROOT / "conf" / "examples" / "photos.json"
SMALL = {
    "tables": [{
        "TableName": "Orders", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}],
    "stream_sinks": [{"name": "out", "kind": "file", "path": "out.jsonl"}],
    "stream_handlers": [{"source": "Orders", "kind": "forward", "name": "changes", "sink": "out"}],
}


@pytest.fixture
def derive(command, tmp_path):
    """derive(document or path): the finished process; the file is tmp_path/s.conf."""

    def run(document, *arguments, output="s.conf", **more):
        path = document
        if isinstance(document, dict):
            path = tmp_path / "model.json"
            path.write_text(json.dumps(document))
        return command("model", "derive", path, *(["-o", output] if output else []), *arguments, **more)

    return run


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_what_is_derived_is_accepted_and_stays_the_same(path, derive, command, tmp_path):
    done = derive(path)
    assert done.returncode == 0, done.stderr
    first = (tmp_path / "s.conf").read_bytes()
    checked = command("check", "-c", "s.conf", "--json")
    assert checked.returncode == 0, checked.stdout
    running = [handler for pipeline in json.loads(checked.stdout)["pipelines"] for handler in pipeline["handlers"]]
    handlers = load(path)["stream_handlers"]
    assert {handler["name"] for handler in running} == {one["name"] for one in handlers if one["kind"] != "copy"}
    for handler in handlers:
        if handler["kind"] == "copy":
            assert f'# {{ kind = "copy"; name = "{handler["name"]}";' in first.decode()
            assert f'"{handler["name"]}" is not run by this version' in done.stderr
    assert derive(path).returncode == 0
    assert (tmp_path / "s.conf").read_bytes() == first
    assert derive(path, output=None).stdout.encode() == first


def test_what_stands_below_the_line_is_kept(derive, tmp_path):
    assert derive(SMALL).returncode == 0
    file = tmp_path / "s.conf"
    upper, lower = file.read_bytes().split(YOURS.encode())
    assert b"state:" in lower and b"pipelines" not in lower
    own = YOURS.encode() + b"  \r\n# mine \xc3\xa9\r\napp = \"mine\";\n\nworkers = 2; # no newline"
    file.write_bytes(b"sinks = ( );\n" + own)
    file.chmod(0o640)
    done = derive(SMALL)
    assert done.returncode == 0 and "was kept" in done.stderr, done.stderr
    assert file.read_bytes() == upper + own
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["commands.log", "model.json", "s.conf"]


@pytest.mark.parametrize("text, words", [
    ("workers = 2;\n", "put that line above"),
    (f"workers = 2;\n{YOURS}\n", "'workers' stands above the line"),
    (f"{YOURS}\nsinks = ( );\n", "'sinks' stands twice"),
], ids=["no line", "above", "below"])
def test_a_file_of_somebody_else_is_left_alone(text, words, derive, tmp_path):
    (tmp_path / "s.conf").write_text(text)
    done = derive(SMALL)
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert (tmp_path / "s.conf").read_text() == text


def test_a_pipe_is_not_waited_for(derive, tmp_path):
    os.mkfifo(tmp_path / "s.conf")
    done = derive(SMALL)
    assert done.returncode == 2 and "no regular file" in done.stderr, done.stderr


@pytest.mark.parametrize("change, words", [
    ({"stream_handlers": []}, "no stream_handlers"),
    ({"stream_sinks": [{"name": "out", "kind": "smoke"}]}, "stream_sinks[0]"),
    ({"stream_pipelines": [{"table": "Orders", "start": "soon"}]}, "stream_pipelines[0]"),
    ({"stream_handlers": [{**SMALL["stream_handlers"][0], "name": 'a"; }; ); x = ( "'}]}, "stream_handlers[0]"),
], ids=["nothing", "sink", "pipeline", "name"])
def test_what_the_daemon_would_refuse_is_not_written(change, words, derive, tmp_path):
    done = derive({**SMALL, **change})
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert not (tmp_path / "s.conf").exists()


def test_errors_of_the_model_come_first_and_warnings_are_shown(derive, tmp_path):
    done = derive({**SMALL, "stream_handlers": [{**SMALL["stream_handlers"][0], "source": "Ordres"}]})
    assert done.returncode == 1 and "handler-source" in done.stderr and not (tmp_path / "s.conf").exists()
    done = derive(PHOTOS)
    assert done.returncode == 0 and "warning handler-later" in done.stderr and "sluice check -c s.conf" in done.stderr
    assert derive("nowhere.json").returncode == 2


def test_hostile_text_comes_out_inert(derive, command, tmp_path):
    hostile = f'"; }} x = 1; # \n{YOURS}\n$(HOME) $(touch x) \\x41 */ @include "/etc/passwd" \u202e'
    handler = {**SMALL["stream_handlers"][0], "message": {"text": hostile, hostile: {"$or": None}, "n": 12345678901234567890}}
    done = derive({**SMALL, "stream_handlers": [handler]})
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "s.conf").read_text()
    assert text.splitlines().count(YOURS) == 1 and "$(HOME)" not in text.replace("$$(", "")
    assert "\u202e" not in text
    assert command("check", "-c", "s.conf").returncode == 0


def test_a_table_with_the_longest_name_is_read(derive, command, tmp_path):
    name = "Orders" + "-x" * 124 + "y"
    assert len(name) == 255
    document = {**SMALL, "tables": [{**SMALL["tables"][0], "TableName": name}],
                "stream_pipelines": [{"table": name, "name": "orders"}],
                "stream_handlers": [{**SMALL["stream_handlers"][0], "source": name}]}
    done = derive(document)
    assert done.returncode == 0, done.stderr
    assert f"table {name} from" in command("check", "-c", "s.conf").stdout


def test_a_variable_that_is_not_set_is_told(derive, command, tmp_path):
    done = derive({**SMALL, "stream_sinks": [{"name": "out", "kind": "file", "path": "$(WHERE)"}]})
    assert done.returncode == 0 and "WHERE must be set" in done.stderr, done.stderr
    assert command("check", "-c", "s.conf").returncode == 2
    assert command("check", "-c", "s.conf", env={"WHERE": "x"}).returncode == 0


# -- run

@pytest.fixture
def photos(clients):
    """The photo app's tables, filled, under names of this run."""
    live = LiveModel(clients.dynamodb, load(PHOTOS))
    try:
        yield live.create()
    finally:
        live.drop()


def renamed(value, name_for):
    """The handlers' and pipelines' tables under the names of this run; commands are not renamed, they go."""
    if isinstance(value, list):
        return [renamed(element, name_for) for element in value]
    if isinstance(value, dict):
        return {name: name_for(inner) if name in ("table", "source", "TableName") else renamed(inner, name_for)
                for name, inner in value.items() if name != "expect_after"}
    return value


def test_derived_settings_keep_true_what_the_model_says(photos, derive, sluice, base_settings, tmp_path):
    parts = ("tables", "stream_sinks", "stream_pipelines", "stream_handlers")
    document = renamed({name: photos.document[name] for name in parts}, photos.name_for)
    (tmp_path / "s.conf").write_text(f'{YOURS}\napp = "{base_settings["app"]}";\n'
                                     f'aws: {{ region = "us-east-1"; endpoint_url = "{base_settings["aws"]["endpoint_url"]}"; }};\n'
                                     f'state: {{ table = "{base_settings["state"]["table"]}"; }};\nlog: {{ level = "debug"; }};\n')
    done = derive(document)
    assert done.returncode == 0, done.stderr
    program = sluice((tmp_path / "s.conf").read_text()).start()
    judged = 0
    for handler in photos.document["stream_handlers"]:
        step = handler["expect_after"][0]
        if handler["kind"] == "copy" or "run" in step or "command" not in step:
            continue
        program.wait_for(lambda: not photos.run(step["command"]).differences(step["expect"]), 60,
                         lambda: f"{handler['name']}: {photos.run(step['command']).differences(step['expect'])}")
        judged += 1
    program.stop()
    assert judged >= 3
