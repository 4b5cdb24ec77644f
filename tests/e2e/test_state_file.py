"""state.file: the state of one worker in a SQLite file, read here by Python's own sqlite3."""

import json
import random
import sqlite3

import pytest

from harness.chaos import run_and_kill, survive_kills
from harness.forwarded import assert_complete, assert_order, line_count, read_lines
from harness.tables import Writer, plain
from test_fanout import assert_notified, expected, followers, put_deals, received, settings_for  # noqa: F401
from test_forward_file import forward, wait_arrived


@pytest.fixture
def output(tmp_path):
    return tmp_path / "forwarded.jsonl"


@pytest.fixture
def state(tmp_path):
    """The file; it is locked while a program runs on it."""
    return tmp_path / "state.db"


@pytest.fixture
def in_a_file(base_settings, state):
    return {**base_settings, "state": {"file": str(state)}}


def rows(path, kind):
    """{id: attributes} of a kind, as whoever looks into the file sees them."""
    with sqlite3.connect(path) as file:
        found = file.execute("SELECT id, item FROM rows WHERE kind = ?", (kind,)).fetchall()
    file.close()
    return {identity: plain(json.loads(item)) for identity, item in found}


def tables(clients):
    return {name for page in clients.dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]}


def test_kill_9_loses_nothing_and_no_state_table_is_made(
        sluice, in_a_file, state, make_table, write_behind, clients, output):
    table = make_table("Deals", "id")
    before = tables(clients)
    program = sluice(forward(in_a_file, table.name, output))
    writing = write_behind(Writer(table, seed=81))
    survive_kills(program, writing, random.Random(82))
    records = table.records()
    wait_arrived(program, output, records)
    program.stop()
    messages, _ = read_lines(output)
    assert_complete(messages, records, table.name)
    assert_order(messages, records)
    assert tables(clients) == before
    assert not state.with_name("state.db-wal").exists(), "a clean end leaves one file"
    assert state.stat().st_mode & 0o777 == 0o600
    positions = [lease["positions"]["all"]["sequence"] for lease in rows(state, "lease").values()]
    assert max(map(int, positions)) == int(records[-1]["dynamodb"]["SequenceNumber"])
    assert all("owner" not in lease for lease in rows(state, "lease").values())


def test_a_restart_goes_on_where_the_file_says(sluice, in_a_file, make_table, output):
    table = make_table("Deals", "id")
    settings = {**forward(in_a_file, table.name, output), "state": {"file": "here.db"}}
    program, writer = sluice(settings), Writer(table, seed=83)
    for _ in range(3):
        writer.write(30)
        program.start()
        wait_arrived(program, output, table.records())
        program.stop()
    assert (program.folder / "here.db").exists(), "a relative path counts from the working directory"
    assert line_count(output) == len(table.records()), "nothing is repeated"


def test_a_second_process_on_the_same_file_is_refused(sluice, in_a_file, state, make_table, output, tmp_path):
    table, other = make_table("Deals", "id"), tmp_path / "other.jsonl"
    first = sluice(forward(in_a_file, table.name, output)).start()
    table.put(id="a", n=1)
    wait_arrived(first, output, table.records())
    second = sluice(forward(in_a_file, table.name, other)).start()
    assert second.wait_exit() == 1
    refused = next(line for line in second.events() if line.get("code") == "state.locked")
    assert refused["level"] == "error" and str(state) in refused["error"] and "state.table" in refused["error"]
    table.put(id="a", n=2)
    wait_arrived(first, output, table.records())  # the first one has not noticed
    first.stop()
    second.start()
    table.put(id="a", n=3)
    second.wait_for(lambda: line_count(other) == 1)
    second.stop()
    assert [message["new"]["n"] for message in read_lines(other)[0]] == [3]


def test_what_is_no_state_file_stops_it_with_a_reason(sluice, in_a_file, state, make_table, output):
    table = make_table("Deals", "id")
    program = sluice(forward(in_a_file, table.name, output))
    text = "These are notes of somebody's, and not the state of anything.\n" * 40
    state.write_text(text)
    program.start()
    assert program.wait_exit() == 1
    assert any(line.get("code") == "state.corrupt" and str(state) in line["error"] for line in program.events())
    assert state.read_text() == text


def test_fan_out_tasks_are_in_the_file_too(sluice, in_a_file, state, make_table, followers, clients, tmp_path):  # noqa: F811
    source, output = make_table("Deals", "deal_id"), tmp_path / "alerts.jsonl"
    before = tables(clients)
    sink = {"name": "out", "kind": "file", "path": str(output)}
    # Slow enough that a kill falls into the middle of a task.
    program = sluice(settings_for(in_a_file, source, followers, sink, rate_per_s=600))
    deals, moments = put_deals(source, 8), random.Random(84)
    for _ in range(2):
        run_and_kill(program, moments, seen=lambda lines=line_count(output): line_count(output) > lines)
    program.start()
    program.wait_for(lambda: received(read_lines(output)[0]) == expected(followers, deals), 90)
    program.stop()
    assert_notified(read_lines(output)[0], followers, deals)
    assert tables(clients) == before
    tasks = rows(state, "task")
    assert len(tasks) == len(deals)
    assert {task["status"] for task in tasks.values()} == {"done"} and all("ttl" in task for task in tasks.values())


def test_seek_moves_what_stands_in_the_file_once_nobody_holds_it(sluice, in_a_file, make_table, output, command):
    table = make_table("Deals", "id")
    program = sluice(forward(in_a_file, table.name, output))
    program.write_settings()

    def seek():
        return command("seek", "-c", program.file, "--pipeline", "deals", "--to", "trim_horizon")

    never_run = seek()
    assert never_run.returncode == 1 and "no state file" in never_run.stderr
    table.put(id="a", n=1)
    program.start()
    wait_arrived(program, output, table.records())
    held = seek()
    assert held.returncode == 1 and "held by another process" in held.stderr
    program.stop()
    done = seek()
    assert done.returncode == 0, done.stderr
    program.start()
    program.wait_for(lambda: line_count(output) == 2)
    program.stop()
    assert [message["new"]["n"] for message in read_lines(output)[0]] == [1, 1]
