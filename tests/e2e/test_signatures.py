"""Every request of the main way is judged by a server that verifies signatures."""

import pytest

from harness.forwarded import assert_complete, assert_order, read_lines
from harness.tables import Table, Writer


def settings_for(moto, app, table, output):
    return {
        "version": 1, "app": app, "aws": {"region": "us-east-1", "endpoint_url": moto.url},
        "state": {"table": f"{app}-state"}, "leases": {"failover_s": 2}, "checkpoint_ms": 200,
        "sinks": [{"name": "out", "kind": "file", "path": str(output)}],
        "pipelines": [{"name": "deals", "table": table.name, "start": "trim_horizon",
                       "handlers": [{"kind": "forward", "name": "all", "sink": "out"}]}],
    }


@pytest.fixture
def table(moto_clients):
    made = Table(moto_clients, "Deals", "id").create()
    yield made
    made.drop()


def test_a_whole_run_passes_the_judge(sluice, moto, app, table, tmp_path):
    output = tmp_path / "out.jsonl"
    Writer(table, seed=21).write(60)
    program = sluice(settings_for(moto, app, table, output), env=moto.keys).start()
    records = table.records()
    program.wait_for(lambda: len(read_lines(output)[0]) >= len(records))
    program.stop()
    messages, _ = read_lines(output)
    assert_complete(messages, records, table.name)
    assert_order(messages, records)
    assert "SignatureDoesNotMatch" not in program.log and "InvalidSignature" not in program.log


def test_a_wrong_secret_is_refused_said_and_not_shown(sluice, moto, app, table, tmp_path):
    output = tmp_path / "out.jsonl"
    keys = {**moto.keys, "AWS_SECRET_ACCESS_KEY": "wrong" + moto.keys["AWS_SECRET_ACCESS_KEY"][5:]}
    table.put(id="a", n=1)
    program = sluice(settings_for(moto, app, table, output), env=keys).start()
    program.wait_log(r"(?m)^.*level=(warn|error).*(SignatureDoesNotMatch|signature|credentials|403)")
    program.assert_running()
    assert not output.exists() or not read_lines(output)[0]
    program.assert_clean()
