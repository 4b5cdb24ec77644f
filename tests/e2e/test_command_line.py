"""What a person sees of the command line and of a settings file that is wrong."""

import json
import re

import pytest

GOOD = '''version = 1;
app = "deals";
aws: { region = "us-east-1"; endpoint_url = "http://127.0.0.1:8000"; };
sinks = ( { name = "out"; kind = "file"; path = "out.jsonl"; } );
pipelines = (
  { name = "deals"; table = "Deals";
    handlers = ( { kind = "forward"; name = "all"; sink = "out"; } ); }
);
'''

FIVE_MISTAKES = '''version = 1;
app = "deals";
aws: { region = "us-east-1"; };
checkpoint_mss = 5000;
drain_s = "long";
leases: { failover_s = 100000; };
sinks = ( { name = "out"; kind = "fil"; path = "out.jsonl"; }, { name = "ok"; kind = "file"; path = "ok.jsonl"; } );
pipelines = (
  { name = "deals"; table = "Deals";
    handlers = ( { kind = "forward"; name = "all"; sink = "okk"; } ); }
);
'''


@pytest.fixture
def conf(tmp_path):
    def write(text):
        path = tmp_path / "sluice.conf"
        path.write_text(text)
        return path

    return write


def test_a_good_file_is_ok(command, conf):
    done = command("check", "-c", conf(GOOD))
    assert (done.returncode, done.stderr) == (0, "")
    assert "deals" in done.stdout and "forward" in done.stdout


@pytest.mark.parametrize("subcommand", ["check", "run"])
def test_five_mistakes_give_five_messages_and_exit_code_2(command, conf, subcommand):
    done = command(subcommand, "-c", conf(FIVE_MISTAKES))
    assert done.returncode == 2 and done.stdout == ""
    messages = [line for line in done.stderr.splitlines() if re.search(r"sluice\.conf:\d+:", line)]
    assert len(messages) == 5, done.stderr
    wanted = [(4, "checkpoint_mss", "checkpoint_ms"), (5, "drain_s", "long"), (6, "failover_s", "100000"),
              (7, "kind", "file"), (10, "sink", "'ok'|\"ok\"")]
    for (line, setting, hint), message in zip(wanted, messages):
        assert f"sluice.conf:{line}:" in message and setting in message and re.search(hint, message), message
    assert sum("did you mean" in message for message in messages) == 3


def test_check_for_machines_gives_the_same_as_json(command, conf):
    done = command("check", "-c", conf(FIVE_MISTAKES), "--json")
    assert done.returncode == 2
    answer = json.loads(done.stdout)
    assert answer["ok"] is False and [problem["line"] for problem in answer["problems"]] == [4, 5, 6, 7, 10]
    answer = json.loads(command("check", "-c", conf(GOOD), "--json").stdout)
    assert answer["ok"] is True and not answer["problems"]


@pytest.mark.parametrize("text, line, hint", [
    (GOOD.replace("version = 1;", "checkpoint_ms = 3000000000;"), 1, "L"),
    (GOOD.replace('"deals";\naws', '"$(SLUICE_NOT_SET)";\naws'), 2, "SLUICE_NOT_SET"),
    (GOOD.replace('kind = "file";', 'kind = "file"'), 4, ""),
    (GOOD.replace('sink = "out";', 'sink = "out"; topik = "x";'), 7, "topic"),
    (GOOD.replace('sink = "out";', 'sink = "out"; filter = "{\\"eventName\\": [";'), 7, "filter"),
    (GOOD.replace('sink = "out";', 'sink = "out"; message: { a = "${new.x"; };'), 7, "message"),
])
def test_one_mistake_is_shown_at_its_line(command, conf, text, line, hint):
    done = command("check", "-c", conf(text))
    assert done.returncode == 2 and f"sluice.conf:{line}:" in done.stderr and hint in done.stderr, done.stderr


def test_a_file_that_is_not_there_is_named(command, tmp_path):
    done = command("run", "-c", tmp_path / "nothing.conf")
    assert done.returncode == 2 and "nothing.conf" in done.stderr


@pytest.mark.parametrize("arguments, code, text", [
    (["--help"], 0, "run"), (["help", "run"], 0, "-c"), (["run", "--help"], 0, "-c"), (["version"], 0, "0."),
    ([], 2, "help"), (["chekc"], 2, "check"), (["check", "--jsn"], 2, "--json"), (["run", "-c"], 2, "file"),
])
def test_usage(command, arguments, code, text):
    done = command(*arguments)
    assert done.returncode == code and text in done.stdout + done.stderr


@pytest.mark.parametrize("content", [
    b"", b"\x00" * 64, b"\xff\xfe\xfd", b"{" * 5000, b"a = (" * 3000, b'app = "' + b"x" * 300000, b"@include \"sluice.conf\"\n",
])
def test_a_hostile_file_gives_an_error_and_nothing_else(command, tmp_path, content):
    path = tmp_path / "sluice.conf"
    path.write_bytes(content)
    done = command("check", "-c", path)
    assert done.returncode == 2 and "sluice.conf" in done.stderr
