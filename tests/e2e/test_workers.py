"""Several workers in one process: threads that share settings and log, and nothing else."""

import os
import random

import pytest

from harness.chaos import run_and_kill
from harness.forwarded import assert_complete, assert_order, line_count, positions, read_lines
from harness.tables import Writer

PIPELINES = ("one", "two")


@pytest.fixture
def settings_for(base_settings, tmp_path):
    """Two pipelines on one table, each with a file of its own; two workers."""

    def make(table, **more):
        return {
            **base_settings, "workers": 2,
            "sinks": [{"name": name, "kind": "file", "path": str(tmp_path / f"{name}.jsonl")} for name in PIPELINES],
            "pipelines": [{
                "name": name, "table": table.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
                "handlers": [{"kind": "forward", "name": f"all-{name}", "sink": name}],
            } for name in PIPELINES],
            **more,
        }

    return make


def messages_of(tmp_path, name):
    return read_lines(tmp_path / f"{name}.jsonl")[0]


def wait_arrived(program, tmp_path, records):
    wanted = {record["eventID"] for record in records}
    for name in PIPELINES:
        program.wait_for(lambda path=tmp_path / f"{name}.jsonl": line_count(path) >= len(wanted) and
                         {message["event_id"] for message in read_lines(path)[0]} >= wanted, 60,
                         f"{len(wanted)} records of pipeline {name}")


def workers_that_said(program, event):
    return [line.get("worker") for line in program.events(event)]


def thread_names(program):
    folder = f"/proc/{program.process.pid}/task"
    return {open(f"{folder}/{task}/comm").read().strip() for task in os.listdir(folder)}


def test_two_workers_live_in_threads_of_their_own_and_sigterm_drains_both(
        sluice, settings_for, make_table, clients, tmp_path):
    table = make_table("Deals", "id")
    settings = settings_for(table, checkpoint_ms=600000)  # only the drain saves
    program = sluice(settings).start()
    Writer(table, seed=71).write(200)
    records = table.records()
    wait_arrived(program, tmp_path, records)
    program.wait_for(lambda: sorted(workers_that_said(program, "worker.start")) == ["0", "1"])
    assert {"worker-0", "worker-1"} <= thread_names(program)
    program.stop(deadline=settings["drain_s"])
    assert sorted(workers_that_said(program, "worker.end")) == ["0", "1"]
    assert not program.events("pipeline.waiting"), "beginning at the same moment is no trouble"
    sessions = [line["session"] for line in program.events("worker.start")]
    assert len(set(sessions)) == 2, "each worker has a session of its own"
    for name in PIPELINES:
        messages, torn = read_lines(tmp_path / f"{name}.jsonl")
        assert not torn and len(messages) == len(records), "a drain repeats nothing"
        assert_complete(messages, records, table.name)
        assert_order(messages, records)
        assert max(positions(clients, settings, f"all-{name}").values()) == int(records[-1]["dynamodb"]["SequenceNumber"])


def test_kill_9_of_two_workers_loses_and_reorders_nothing(
        sluice, settings_for, make_table, write_behind, tmp_path):
    table = make_table("Deals", "id")
    program = sluice(settings_for(table))
    moments = random.Random(72)
    writing = write_behind(Writer(table, seed=72))
    for _ in range(3):
        before = line_count(tmp_path / "one.jsonl")
        run_and_kill(program, moments, seen=lambda lines=before: line_count(tmp_path / "one.jsonl") > lines)
    program.start()
    writing.finish()
    records = table.records()
    wait_arrived(program, tmp_path, records)
    program.stop()
    for name in PIPELINES:
        messages = messages_of(tmp_path, name)
        assert_complete(messages, records, table.name)
        assert_order(messages, records)


def test_a_worker_that_cannot_start_ends_all_with_its_error(sluice, settings_for, make_table, clients):
    """The state table's keys are those of another table: no worker can use it."""
    table = make_table("Deals", "id")
    other = make_table("NotState", "id", view=None)
    program = sluice(settings_for(table, state={"table": other.name})).start()
    assert program.wait_exit() == 1
    assert other.name in program.events("worker.waiting")[0]["error"]
    assert program.events("sluice.failed")[-1]["code"] == "worker.failed"
    assert program.events("sluice.end")[-1]["exit_code"] == "1"


def test_a_second_sigterm_ends_all_workers_at_once(
        sluice, settings_for, make_table, make_relay, dynamodb, tmp_path):
    table = make_table("Deals", "id")
    relay = make_relay(dynamodb.port).open()
    settings = settings_for(table, drain_s=120)
    settings["aws"] = {**settings["aws"], "endpoint_url": relay.url}
    # Its threads are not waited for then, which ThreadSanitizer would call a leak.
    program = sluice(settings, env={"TSAN_OPTIONS": "exitcode=99:report_thread_leaks=0"}).start()
    table.put(id="a", n=1)
    wait_arrived(program, tmp_path, table.records())
    relay.close()  # the last check-points cannot be written any more
    program.process.terminate()
    program.wait_log(r"event=signal\.stop")
    program.process.terminate()
    assert program.wait_exit(timeout=10) == 1


def test_one_worker_alone_does_not_number_its_lines(sluice, settings_for, make_table):
    program = sluice(settings_for(make_table("Deals", "id"), workers=1)).start()
    program.wait_log(r"event=worker\.start")
    program.stop()
    assert all("worker" not in line for line in program.events())
