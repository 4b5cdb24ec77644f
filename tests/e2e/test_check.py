"""`sluice check` and the command line, from outside. Needs no service."""

import json
import os
import re
import subprocess

import pytest

from harness.program import BINARY, environment
from harness.services import ROOT

GOOD = """
sinks = ( { name = "out"; kind = "file"; path = "out.jsonl"; } );
pipelines = (
  { name = "deals"; table = "Deals"; start = "latest";
    handlers = ( { kind = "forward"; name = "changes"; sink = "out"; } ); }
);
"""

FIVE_MISTAKES = """app = "deals";
workres = 1;
drain_s = 100000;
sinks = ( { name = "bus"; kind = "kafka"; brokers = 9092; } );
pipelines = (
  { name = "deals"; table = "Deals";
    handlers = (
      { kind = "forward"; name = "changes"; sink = "buss"; topic = "t"; },
      { kind = "counter"; name = "per-brand"; key: { brand = "${item.brand}"; }; add = ( { attribute = "n"; } ); }
    ); }
);
"""


@pytest.fixture
def check(command, tmp_path):
    """check(text): the result of `sluice check` for a file with that text."""

    def run(text, *arguments, **more):
        (tmp_path / "x.conf").write_text(text)
        return command("check", "-c", "x.conf", *arguments, **more)

    return run


def test_a_good_file_is_summed_up(check):
    done = check(GOOD)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.search(r"^pipeline deals: table Deals from latest$", done.stdout, re.M)
    assert re.search(r"^  forward +changes +-> out \(file\)$", done.stdout, re.M)
    assert done.stdout.endswith("x.conf: ok\n")


def test_a_good_file_as_json(check):
    done = check(GOOD, "--json")
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert result["ok"] is True and result["count"] == 0
    assert result["sinks"] == [{"name": "out", "kind": "file"}]
    assert result["pipelines"][0]["handlers"] == [
        {"name": "changes", "kind": "forward", "enabled": True, "sink": "out"}
    ]


def test_five_mistakes_give_five_messages_and_exit_2(check):
    done = check(FIVE_MISTAKES)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "x.conf:2: workres: unknown setting; did you mean 'workers'?",
        "x.conf:3: drain_s: expected 1 to 3600 s, found the number 100000",
        "x.conf:4: sinks[0].brokers: expected a string in double quotes, found the number 9092",
        "x.conf:8: pipelines[0].handlers[0].sink: no sink is called \"buss\"; did you mean 'bus'?",
        "x.conf:9: pipelines[0].handlers[1]: the setting 'table' is missing",
    ]


def test_five_mistakes_as_json(check):
    done = check(FIVE_MISTAKES, "--json")
    assert done.returncode == 2
    result = json.loads(done.stdout)
    assert result["ok"] is False and result["count"] == 5
    assert [problem["line"] for problem in result["problems"]] == [2, 3, 4, 8, 9]
    assert result["problems"][0] == {
        "file": "x.conf", "line": 2, "path": "workres", "text": "unknown setting; did you mean 'workers'?",
    }


def test_run_refuses_what_check_refuses(command, tmp_path):
    (tmp_path / "x.conf").write_text(FIVE_MISTAKES)
    done = command("run", "-c", "x.conf")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 5


def test_syntax_errors_are_all_shown_with_their_lines(check):
    done = check("a = kafka;\nb = 4294967296;\nc = ( 1, );\n")
    assert done.returncode == 2
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == ["1", "2", "3"]


def test_an_included_file_is_relative_to_the_file_it_stands_in(check, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "sinks.conf").write_text('sinks = ( { name = "out"; kind = "file"; pth = "o"; } );\n')
    done = check('@include "sub/sinks.conf"\n' + GOOD.split("\n", 2)[2])
    assert done.returncode == 2
    assert done.stderr == "sub/sinks.conf:1: sinks[0].pth: unknown setting; did you mean 'path'?\n"


def test_variables_of_the_environment_are_filled_in(check):
    text = GOOD.replace("out.jsonl", "$(WHERE)/out.jsonl")
    assert check(text, env={"WHERE": "/tmp"}).returncode == 0
    done = check(text)
    assert done.returncode == 2
    assert "x.conf:2: sinks[0].path: the environment variable WHERE is not set" in done.stderr


def test_a_missing_file_is_named(command):
    done = command("check", "-c", "nowhere.conf")
    assert done.returncode == 2
    assert done.stderr == "cannot open nowhere.conf: No such file or directory\n"


@pytest.mark.parametrize("name", ["deals.conf", "minimal.conf"])
def test_the_files_in_conf_are_accepted(command, name):
    done = command("check", "-c", ROOT / "conf" / name)
    assert done.returncode == 0, done.stderr


def test_a_misspelt_command_and_option_are_named(command):
    done = command("chek")
    assert done.returncode == 2
    assert "did you mean 'check'?" in done.stderr
    done = command("check", "--jsn")
    assert done.returncode == 2
    assert "did you mean '--json'?" in done.stderr


def test_help_lists_every_command_and_each_explains_itself(command):
    done = command("help")
    assert done.returncode == 0
    names = re.findall(r"^  ([a-z]+) +\S", done.stdout, re.M)
    assert {"run", "check", "version", "help"} <= set(names)
    for name in set(names) - {"help"}:
        text = command(name, "--help")
        assert text.returncode == 0
        assert text.stdout == command("help", name).stdout
        parts = re.findall(rf"^  {name} ([a-z]+) +\S", text.stdout, re.M)  # of a group
        for part in parts:
            assert "Examples:" in command(name, part, "--help").stdout
        assert parts or "Examples:" in text.stdout


def test_version_says_the_same_twice(command):
    plain = command("version").stdout
    assert plain == f"sluice {json.loads(command('version', '--json').stdout)['version']}\n"


@pytest.mark.parametrize("content", [
    b"", b"\x00" * 64, b"\xff\xfe\xfd", b"{" * 5000, b"a = (" * 3000, b'app = "' + b"x" * 300000,
    b'@include "hostile.conf"\n', b"a = 1;\n" * 20000, b'app = "$(' + b"A" * 5000 + b')";\n',
])
def test_a_hostile_file_gives_an_error_and_nothing_else(command, tmp_path, content):
    (tmp_path / "hostile.conf").write_bytes(content)
    done = command("check", "-c", "hostile.conf")
    assert done.returncode == 2 and "hostile.conf" in done.stderr
    assert len(done.stderr) < 100000, "the message is for people"


def test_a_result_that_cannot_be_written_is_a_failure(tmp_path):
    (tmp_path / "x.conf").write_text(GOOD)
    with open("/dev/full", "w") as full:
        done = subprocess.run([BINARY, "check", "-c", "x.conf"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE,
                              env=environment(tmp_path), text=True, timeout=20)
    assert done.returncode == 1
    assert "could not be written" in done.stderr


def test_the_log_ends_with_the_exit_code(command, tmp_path):
    (tmp_path / "x.conf").write_text(GOOD)
    done = command("run", "-c", "x.conf", timeout=30)
    assert done.returncode == 1
    assert re.search(r"sluice\.end .*exit_code=1$", done.stderr.splitlines()[-1])


def test_make_n_shows_what_it_would_run_and_runs_nothing():
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-n", "demo", "bench", "test"], cwd=ROOT, capture_output=True, text=True, timeout=20,
                          env=env)
    assert done.stdout.split() == ["deploy/demo/run.sh", "tests/bench/run", "tests/run-all"]
