"""The expert guide: what clients look for in it is there, and it can be read in one go."""

import re

import pytest

from harness.services import ROOT

TEXT = (ROOT / "prompts" / "dynamodb_data_modeling.md").read_text()


def outside_code(text):
    return re.sub(r"^(`{3,})[^`]*?\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)


HEADINGS = re.findall(r"^#+ (.*)$", outside_code(TEXT), re.MULTILINE)


def test_its_title_is_the_one_that_clients_know():
    assert HEADINGS[0] == "DynamoDB Data Modeling Expert System Prompt"


@pytest.mark.parametrize("words", ["Multi-Table First", "Denormalization", "Sparse GSI", "requirements file", "model file",
                                   "JSON document", "Stream handlers", "worked examples"])
def test_a_section_is_about(words):
    assert any(words in heading for heading in HEADINGS[1:]), HEADINGS


def test_it_can_be_read_in_one_go():
    assert 6000 <= len(TEXT.split()) <= 9000


def test_sections_are_numbered_in_order_and_references_have_a_target():
    numbers = [int(found.group(1)) for heading in HEADINGS if (found := re.match(r"(\d+)\. ", heading))]
    assert numbers == list(range(1, len(numbers) + 1))
    for reference in re.findall(r"\bsection (\d+)", TEXT):
        assert int(reference) in numbers


def test_examples_that_it_names_are_there():
    named = set(re.findall(r"`([\w-]+\.json)`", TEXT)) - {"dynamodb_data_model.json"}
    assert named == {path.name for path in (ROOT / "conf" / "examples").glob("*.json")}


# -- the other prompts

PROMPTS = {path.stem: path.read_text() for path in (ROOT / "prompts").glob("*.md") if path.stem != "dynamodb_data_modeling"}
TOOLS = {"dynamodb_data_modeling", "dynamodb_data_model_schema", "dynamodb_data_model_validation",
         "compute_performances_and_costs", "derive_stream_handlers", "explain_stream_record", "generate_resources",
         "deploy_data_model", "describe_table"}


@pytest.mark.parametrize("name", ["review_model", "design_stream_handlers"])
def test_a_shorter_prompt_is_short_and_names_tools_that_are_there(name):
    text = PROMPTS[name]
    assert 300 <= len(text.split()) <= 900
    assert "dynamodb_data_modeling" in text and "dynamodb_data_model_validation" in text
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+){2,})`", text))
    assert named <= TOOLS | {"events_per_s", "max_age_s", "rate_per_s"}, named - TOOLS


def test_the_guide_names_the_same_tools():
    assert all(f"`{name}`" in TEXT for name in TOOLS)
