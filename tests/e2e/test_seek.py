"""`sluice seek` on DynamoDB Local: back, forward, refused, forced."""

import datetime
import json

import pytest

from harness.forwarded import line_count, read_lines


@pytest.fixture
def output(tmp_path):
    return tmp_path / "forwarded.jsonl"


@pytest.fixture
def settings(base_settings, make_table, output):
    table = make_table("Deals", "id")
    return {
        **base_settings,
        "sinks": [{"name": "out", "kind": "file", "path": str(output)}],
        "pipelines": [{
            "name": "deals", "table": table.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
            "handlers": [{"kind": "forward", "name": "all", "sink": "out"}],
        }],
    }, table


@pytest.fixture
def seek(command):
    """seek(program, "--to", "latest"): the result of `sluice seek` on that program's settings file."""

    def run(program, *arguments, pipeline="deals"):
        program.write_settings()
        return command("seek", "-c", program.file, "--pipeline", pipeline, *arguments)

    return run


def put(table, count, first=0):
    for n in range(first, first + count):
        table.put(id=f"item-{n % 3}", n=n)


def numbers(messages):
    return [int(message["new"]["n"]) for message in messages]


def run_until(program, output, count):
    program.start()
    program.wait_for(lambda: line_count(output) >= count, 60, lambda: f"{count} lines; there are {line_count(output)}")
    program.stop()
    messages, torn = read_lines(output)
    assert not torn and len(messages) == count
    return messages


def assert_versions_rise(messages):
    held = {}
    for message in messages:
        item = message["keys"]["id"]
        assert message["v"] > held.get(item, -1), f"the version of {item} went back"
        held[item] = message["v"]


def test_back_to_the_horizon_everything_comes_again_with_higher_versions(sluice, settings, seek, output):
    settings, table = settings
    program = sluice(settings)
    put(table, 10)
    run_until(program, output, 10)
    done = seek(program, "--to", "trim_horizon")
    assert done.returncode == 0, done.stderr
    assert "pipeline deals: moved to trim_horizon" in done.stdout and "forward  all" in done.stdout
    assert "higher versions" in done.stdout
    put(table, 5, first=10)
    messages = run_until(program, output, 25)
    assert numbers(messages) == [*range(10), *range(15)]
    assert_versions_rise(messages)
    program.start()  # once is enough
    put(table, 1, first=15)
    program.wait_for(lambda: line_count(output) >= 26)
    program.stop()
    assert line_count(output) == 26


def test_forward_to_latest_nothing_is_lost_that_comes_later(sluice, settings, seek, output):
    """Times of DynamoDB Local are whole minutes: what came in the last one may come again."""
    settings, table = settings
    program = sluice(settings)
    put(table, 5)
    run_until(program, output, 5)
    done = seek(program, "--to", "latest", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["ok"] is True and result["to"] == "latest"
    [handler] = result["handlers"]
    now_ms = datetime.datetime.now().timestamp() * 1000
    assert handler["name"] == "all" and handler["shards"] >= 1 and handler["reopened"] == 0
    assert abs(handler["start_ms"] - now_ms) < 60000
    program.start()
    put(table, 10, first=100)
    program.wait_for(lambda: {*range(100, 110)} <= set(numbers(read_lines(output)[0])), 60)
    program.stop()
    messages = read_lines(output)[0]
    assert [n for n in numbers(messages) if n >= 100] == list(range(100, 110))
    assert_versions_rise(messages)


def test_a_time_from_before_brings_all_and_a_very_old_one_says_what_it_is(sluice, settings, seek, output):
    settings, table = settings
    program = sluice(settings)
    put(table, 5)
    run_until(program, output, 5)
    hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    assert seek(program, "--to", hour_ago.isoformat()).returncode == 0
    run_until(program, output, 10)
    done = seek(program, "--to", "2020-01-01T00:00:00Z")
    assert done.returncode == 0 and "the same as trim_horizon" in done.stdout
    run_until(program, output, 15)


def test_one_handler_is_moved_and_the_others_stay(sluice, settings, seek, output, tmp_path):
    settings, table = settings
    other = tmp_path / "other.jsonl"
    settings["sinks"].append({"name": "other", "kind": "file", "path": str(other)})
    settings["pipelines"][0]["handlers"].append({"kind": "forward", "name": "stays", "sink": "other"})
    program = sluice(settings).start()
    put(table, 5)
    program.wait_for(lambda: line_count(output) == 5 and line_count(other) == 5)
    program.stop()
    done = seek(program, "--to", "trim_horizon", "--handler", "all")
    assert done.returncode == 0 and "stays" not in done.stdout
    run_until(program, output, 10)
    assert line_count(other) == 5


def test_refused_while_it_runs_and_allowed_when_it_was_killed(sluice, settings, seek, output):
    settings, table = settings
    put(table, 5)
    program = sluice(settings).start()
    program.wait_for(lambda: line_count(output) == 5)
    done = seek(program, "--to", "trim_horizon")
    assert done.returncode == 1 and done.stdout == ""
    assert f"process {program.process.pid}" in done.stderr and "--force" in done.stderr and "shard" in done.stderr
    refused = json.loads(seek(program, "--to", "trim_horizon", "--json").stdout)
    assert refused["ok"] is False and refused["code"] == "seek.held" and refused["shards_done"] == 0
    program.kill9()
    done = seek(program, "--to", "trim_horizon")
    assert done.returncode == 0, done.stderr
    assert "watching whether worker" in done.stderr
    run_until(program, output, 10)


def test_forced_under_a_running_worker_everything_comes_again(sluice, settings, seek, output):
    settings, table = settings
    put(table, 5)
    program = sluice(settings).start()
    program.wait_for(lambda: line_count(output) == 5)
    done = seek(program, "--to", "trim_horizon", "--force")
    assert done.returncode == 0, done.stderr
    program.wait_for(lambda: line_count(output) >= 10, 60)
    put(table, 5, first=5)
    program.wait_for(lambda: line_count(output) >= 15, 60)
    program.stop()
    messages = read_lines(output)[0]
    assert numbers(messages) == [*range(5), *range(5), *range(5, 10)]
    assert_versions_rise(messages)


def test_what_was_never_run_has_nothing_to_seek(sluice, settings, seek):
    program = sluice(settings[0])
    done = seek(program, "--to", "trim_horizon")
    assert done.returncode == 1 and "nothing to seek" in done.stderr
    assert "state table" in done.stderr


def test_a_counter_goes_back_without_harm_and_forward_only_by_force(sluice, base_settings, make_table, clients, seek):
    table, sums = make_table("Deals", "id"), make_table("Sums", "brand", view=None)
    settings = {**base_settings, "pipelines": [{
        "name": "deals", "table": table.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
        "handlers": [{"kind": "counter", "name": "per-brand", "table": sums.name, "key": {"brand": "${item.brand}"},
                      "add": [{"attribute": "deals", "by": "1"}, {"attribute": "total", "by": "${item.price}"}]}],
    }]}

    def is_true():
        row = sums.get(brand="acme")
        items = table.items()
        return row and row["deals"] == len(items) and row["total"] == sum(item["price"] for item in items)

    program = sluice(settings).start()
    for n in range(20):
        table.put(id=f"deal-{n % 7}", brand="acme", price=n)
    program.wait_for(is_true)
    program.stop()
    refused = seek(program, "--to", "latest")
    assert refused.returncode == 1 and "wrong for ever" in refused.stderr
    done = seek(program, "--to", "trim_horizon")
    assert done.returncode == 0 and "left out" in done.stdout
    program.start()
    program.wait_log(r"event=shard\.open", since=0)
    table.put(id="deal-0", brand="acme", price=1000)
    program.wait_for(is_true)
    program.stop()
    assert is_true()


@pytest.mark.parametrize("arguments, text", [
    (["--to", "latst"], "did you mean 'latest'?"),
    (["--to", "2020-13-01T00:00:00Z"], "or a time like"),
    (["--to", "2999-01-01T00:00:00Z"], "expected a time that has passed"),
    (["--to", "latest", "--handler", "al"], "has no handler 'al'; did you mean 'all'?"),
    ([], "expected --to WHERE"),
    (["--to"], "behind --to"),
    (["--to", "latest", "--forc"], "did you mean '--force'?"),
])
def test_wrong_arguments_are_named_and_connect_to_nothing(sluice, seek, tmp_path, arguments, text):
    program = sluice({
        "version": 1, "aws": {"endpoint_url": "http://127.0.0.1:1"},
        "sinks": [{"name": "out", "kind": "file", "path": str(tmp_path / "x")}],
        "pipelines": [{"name": "deals", "table": "Deals",
                       "handlers": [{"kind": "forward", "name": "all", "sink": "out"}]}],
    })
    done = seek(program, *arguments)
    assert done.returncode == 2 and text in done.stderr and done.stdout == ""
    assert seek(program, "--to", "latest", pipeline="dels").stderr == \
        f"sluice seek: {program.file} has no pipeline 'dels'; did you mean 'deals'?\n"
