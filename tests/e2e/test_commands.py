"""Commands of access patterns, beside those who know: the operation table against the installed botocore, words
against sh, and what a line means against the AWS CLI. The CLI is no package of the tests (it is large); what it makes
of the lines in command_lines.py was recorded once into command_facts.json, with awscli 1.46.2, by
tests/tools/record_commands.py. Where version 2 of the CLI differs, command_lines.py says so."""

import json
import pathlib
import random
import subprocess

import botocore.loaders
import pytest
from botocore import xform_name

from command_lines import LINES, SHELL, STRICTER
from harness.program import BINARY, environment, sanitizer_report

FACTS = {fact["line"]: fact for fact in
         json.loads(pathlib.Path(__file__).with_name("command_facts.json").read_text())["facts"]}


@pytest.fixture
def judge(tmp_path):
    """judge(lines, *arguments): the answers of tests/judge/command."""

    def run(lines, *arguments):
        done = subprocess.run([BINARY.parent / "tests" / "judge" / "command", *arguments], capture_output=True,
                              input=b"".join(line.encode() + b"\0" for line in lines), timeout=120,
                              env=environment(tmp_path))
        errors = done.stderr.decode()
        assert done.returncode == 0 and not sanitizer_report(errors), errors
        return [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]

    return run


def expected_request(fact):
    """What the CLI would send first: it puts the size of a page into Limit."""
    request, size = dict(fact["parameters"]), fact["paging"].get("PageSize")
    return {**request, "Limit": size} if size is not None else request


def test_there_is_a_fact_for_every_line():
    assert set(FACTS) == {*LINES, *STRICTER} and len(LINES) > 150


def test_lines_mean_what_the_cli_makes_of_them(judge):
    wrong = []
    for line, ours in zip(LINES, judge(LINES), strict=True):
        fact = FACTS[line]
        theirs = (fact["operation"], expected_request(fact)) if "operation" in fact else None
        if theirs != ((ours["operation"], ours["request"]) if "request" in ours else None):
            wrong.append((line, theirs, ours))
        elif theirs:
            assert ours["max_items"] == fact["paging"].get("MaxItems", 0), line
        assert ("request" in ours) == (ours["findings"] == []), line
    assert wrong == []
    assert sum("operation" in FACTS[line] for line in LINES) > 80


def test_what_is_refused_beyond_the_cli_is_named(judge):
    for (line, code), ours in zip(STRICTER.items(), judge(STRICTER), strict=True):
        assert [f["code"] for f in ours["findings"]] == [code], (line, ours)
        assert "operation" in FACTS[line], line


def test_what_only_a_shell_could_do_is_named(judge):
    for (line, word), ours in zip(SHELL.items(), judge(SHELL), strict=True):
        assert len(ours["findings"]) == 1 and word in ours["findings"][0]["text"], (line, ours)
        assert ours["findings"][0]["code"] in ("command.shell", "command.quote"), line


def random_line(rng):
    """Words of a simple command, quoted in all ways."""
    pieces = ["a", "Z9", "=", "-", ".", ",", ":", "/", "@", "%", "+", "_", "\\ ", "\\\\", "\\\"", "\\'", "\\$", "\\#",
              "\\*", "\\\n", "'a b'", "'$x `y` \"'", "''", "\"\"", '"a\\"b"', '"a\\\\b"', '"\\$x"', '"\\`y"',
              '"a\\nb"', '"it\'s"',
              '"#*?[|"', "'#;&'", "ü", "'é '", '"line\\\nline"', '"two\nlines"', "'two\nlines'", "a#", "a~",
              "]", "}", "^",
              "!", "{a}", '"$"', '"$ x"', "\\é"]
    words = ["".join(rng.choices(pieces, k=rng.randint(1, 5))) for _ in range(rng.randint(1, 6))]
    return "aws " + rng.choice([" ", "  ", "\t", " \\\n "]).join(words) + rng.choice(["", " ", "\n"])


def sh_words(lines, tmp_path):
    script = 'aws() { for w in "$@"; do printf "%s\\0" "$w"; done; printf "\\001\\0"; }\n' + "\n".join(lines) + "\n"
    done = subprocess.run(["/bin/sh", "-f", "-c", script], capture_output=True, check=True, timeout=60,
                          env={**environment(tmp_path), "LC_ALL": "C.UTF-8"})
    words = [[]]
    for word in done.stdout.decode().split("\0")[:-1]:
        if word == "\1":
            words.append([])
        else:
            words[-1].append(word)
    return words[:-1]


@pytest.mark.parametrize("seed", range(4))
def test_words_are_those_of_a_shell(judge, tmp_path, seed):
    rng = random.Random(seed)
    lines = [random_line(rng) for _ in range(500)]
    ours = judge(lines, "words")
    kept = [(line, answer) for line, answer in zip(lines, ours, strict=True) if not answer["findings"]]
    assert len(kept) > 400, [answer["findings"] for answer in ours if answer["findings"]][:5]
    theirs = sh_words([line for line, _ in kept], tmp_path)
    assert [(line, ["aws", *words]) for (line, _), words in zip(kept, theirs, strict=True)] == \
           [(line, answer["words"]) for line, answer in kept]


def drifts(shapes, name, ours, path, seen):
    """Where our shape and the service model's differ. Ours is written out where it stands first, later by its number;
    a pair of them is compared once."""
    theirs, kinds = shapes[name], {"long": "integer"}
    ours = seen.setdefault(ours["number"], ours)
    if (name, ours["number"]) in seen:
        return
    seen[(name, ours["number"])] = True
    limits = (theirs.get("min", 0), theirs.get("max", 0)) if theirs["type"] != "blob" else (0, 0)
    said = (kinds.get(theirs["type"], theirs["type"]), *limits, theirs.get("enum", []))
    if said != (ours["kind"], ours["min"], ours["max"], ours["values"]):
        yield path, said, ours
    for part, mine in (("member", "of"), ("value", "of"), ("key", "key")):
        if part in theirs:
            yield from drifts(shapes, theirs[part]["shape"], ours[mine], f"{path}.({part})", seen)
    members = theirs.get("members", {})
    if [m["name"] for m in ours.get("members", [])] != list(members):
        yield path, list(members), [m["name"] for m in ours.get("members", [])]
        return
    for member in ours.get("members", []):
        here = f"{path}.{member['name']}"
        if member["required"] != (member["name"] in theirs.get("required", ())):
            yield here, "required", member["required"]
        yield from drifts(shapes, members[member["name"]]["shape"], member["shape"], here, seen)


def test_the_operation_table_is_that_of_botocore(judge):
    loader = botocore.loaders.Loader()
    model = loader.load_service_model("dynamodb", "service-2", "2012-08-10")
    pages = loader.load_service_model("dynamodb", "paginators-1", "2012-08-10")["pagination"]
    ours, seen = judge([], "operations")[0], {}
    assert len(ours) == 20
    for operation in ours:
        name = operation["name"]
        assert operation["command"] == xform_name(name, "-")
        assert operation["start"] == pages.get(name, {}).get("input_token", "")
        assert pages.get(name, {}).get("limit_key", "Limit") == "Limit"
        for member in operation["input"]["members"]:
            assert member["option"] == xform_name(member["name"], "-")
        theirs = model["operations"][name]["input"]["shape"]
        found = list(drifts(model["shapes"], theirs, operation["input"], name, seen))
        assert found == [], "run tests/tools/operations.py"
