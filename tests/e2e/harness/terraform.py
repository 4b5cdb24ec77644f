"""A judge of Terraform's JSON syntax, by recorded facts of the AWS provider: arguments, blocks, references, templates."""

import json
import pathlib
import re

FACTS = json.loads((pathlib.Path(__file__).parent.parent / "terraform_facts.json").read_text())
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
TYPES = {"string": str, "number": int, "bool": bool, "list": list, "map": dict}


def template(text):
    """The parts of a string as Terraform reads it: ("text", …) and ("${", expression)."""
    parts, at, literal = [], 0, ""
    while at < len(text):
        if text[at:at + 3] in ("$${", "%%{"):
            literal, at = literal + text[at + 1:at + 3], at + 3
        elif text[at:at + 2] in ("${", "%{"):
            end = _end(text, at + 2)
            parts += [("text", literal), (text[at:at + 2], text[at + 2:end])]
            literal, at = "", end + 1
        else:
            literal, at = literal + text[at], at + 1
    return [part for part in [*parts, ("text", literal)] if part != ("text", "")]


def _end(text, at):
    quoted = False
    while text[at] != "}" or quoted:
        quoted ^= text[at] == '"'
        at += 1
    return at


def strings(tree):
    if isinstance(tree, str):
        yield tree
    for part in tree.items() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        for value in part if isinstance(part, tuple) else (part,):
            yield from strings(value)


def literal(text):
    """What a string without expressions means."""
    (kind, value), = template(text) or [("text", "")]
    assert kind == "text", text
    return value


def blocks(value):
    return value if isinstance(value, list) else [value]


def _check_body(body, facts, where):
    names = {name.strip("!*"): (name, kind) for name, kind in facts.items()}
    for name, value in body.items():
        assert name in names, f"{where}: there is no {name}"
        spelled, kind = names[name]
        if isinstance(kind, dict):
            assert spelled.endswith("*") or len(blocks(value)) == 1, f"{where}.{name}: one block"
            for block in blocks(value):
                _check_body(block, kind, f"{where}.{name}")
        else:
            assert type(value) is TYPES[kind] or (isinstance(value, str) and value.startswith("${")), f"{where}.{name}: {value!r}"
    missing = [name.strip("!*") for name in facts if name.startswith("!") and name.strip("!*") not in body]
    assert not missing, f"{where}: without {missing}"


def _check_reference(document, path):
    words = path.split(".")
    if words[0] == "var":
        assert words[1] in document["variable"], path
        return
    place = document["data"] if words[0] == "data" else document["resource"]
    kind, name, member = words[-3:]
    assert name in place[kind] and member in FACTS["exports"][kind], path


def check(document):
    """Raises AssertionError for what `terraform validate` would refuse, as far as the facts go."""
    assert set(document) <= {"terraform", "variable", "data", "resource", "output"}
    for part in ("resource", "data"):
        for kind, things in document.get(part, {}).items():
            for name, body in things.items():
                assert NAME.match(name), name
                _check_body(body, FACTS[part][kind], f"{kind}.{name}")
    for text in strings(document):
        for mark, expression in template(text):
            if mark == "%{":
                raise AssertionError(f"a directive in {text!r}")
            if mark == "${" and not expression.startswith("can(regex("):
                _check_reference(document, expression)
    for name, table in document["resource"]["aws_dynamodb_table"].items():
        keys = {table["hash_key"], table.get("range_key", table["hash_key"])}
        keys |= {k["attribute_name"] for i in table.get("global_secondary_index", []) for k in i["key_schema"]}
        keys |= {i["range_key"] for i in table.get("local_secondary_index", [])}
        assert keys == {a["name"] for a in table["attribute"]}, name
