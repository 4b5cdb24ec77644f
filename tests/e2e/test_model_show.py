"""`sluice model show`: pictures of models, read by other programs than ours."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from harness.model_document import FILES, load
from harness.program import run_command

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def document(request):
    return load(request.param)


@pytest.fixture
def show(tmp_path):
    def run(document, *arguments):
        (tmp_path / "model.json").write_text(json.dumps(document))
        done = run_command("model", "show", "model.json", *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def names(document):
    for table in document["tables"]:
        yield table["TableName"]
        yield from (index["IndexName"] for index in table.get("GlobalSecondaryIndexes", []) + table.get("LocalSecondaryIndexes", []))
    yield from (handler["name"] for handler in document.get("stream_handlers", []))


def test_svg_shows_every_name_and_each_description_whole(show, document):
    root = ElementTree.fromstring(show(document, "--format", "svg"))
    shown = {element.text for element in root.iter(f"{SVG}text")} | {element.text for element in root.iter(f"{SVG}title")}
    whole = shown | {"".join(element.itertext()) for element in root.iter(f"{SVG}text")}
    assert set(names(document)) <= whole
    for pattern in document["access_patterns"]:
        assert pattern["description"] in whole, pattern["pattern"]
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "style", "rect", "text", "g", "path", "polygon"}
    assert "prefers-color-scheme:dark" in root.find(f"{SVG}style").text


def test_text_is_the_default_and_fits_a_terminal(show, document):
    text = show(document)
    assert text == show(document, "--format", "text")
    assert all(len(line) <= 100 for line in text.splitlines())
    assert all(name in text for name in names(document))


def test_mermaid_has_an_arrow_for_each_handler(show, document):
    lines = show(document, "--format", "mermaid").splitlines()
    assert lines[0] == "flowchart LR"
    assert sum("-- stream -->" in line for line in lines) == len(document.get("stream_handlers", []))
    assert all(line.count('"') in (0, 2) for line in lines)


def test_a_wrong_format_and_a_wrong_model_are_said(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps({"tables": []}))
    done = run_command("model", "show", "m.json", "--format", "png", cwd=tmp_path)
    assert done.returncode == 2 and "svg, mermaid or text" in done.stderr
    done = run_command("model", "show", "m.json", cwd=tmp_path)
    assert done.returncode == 1 and "error" in done.stderr and done.stdout == ""
    assert run_command("model", "show", "nowhere.json", cwd=tmp_path).returncode == 2
