"""One table, forwarded into a file of JSON lines."""

import random
from decimal import Decimal

import pytest

from harness.chaos import run_and_kill
from harness.forwarded import (
    assert_complete, assert_one_run_in_order, assert_order, line_count, positions, read_lines,
)
from harness.tables import Writer, random_text


@pytest.fixture
def output(tmp_path):
    return tmp_path / "forwarded.jsonl"


def forward(base_settings, table_name, output, **handler):
    return {
        **base_settings,
        "sinks": [{"name": "out", "kind": "file", "path": str(output)}],
        "pipelines": [{
            "name": "deals", "table": table_name, "start": "trim_horizon",
            "poll": {"min_ms": 20, "max_ms": 200},
            "handlers": [{"kind": "forward", "name": "all", "sink": "out", **handler}],
        }],
    }


def ids(messages):
    return {message["event_id"] for message in messages}


def arrived(output, records):
    """All the records are in the file; then its messages."""
    if line_count(output) < len(records):
        return None
    messages, _ = read_lines(output)
    return messages if ids(messages) >= {record["eventID"] for record in records} else None


def wait_arrived(program, output, records, timeout=60):
    return program.wait_for(lambda: arrived(output, records), timeout,
                            lambda: f"{len(records)} records in the file; it has {len(ids(read_lines(output)[0]))}")


def test_every_change_arrives_once_in_order_and_as_it_was(sluice, base_settings, make_table, output):
    table = make_table("Deals", "id")
    writer = Writer(table, seed=1, make=lambda rng: {
        "text": random_text(rng), "price": Decimal(rng.randrange(10**9)).scaleb(-2), "big": Decimal("12345678901234567890123456789012345678"),
        "tags": {f"t{rng.randrange(9)}"}, "bytes": rng.randbytes(5), "live": rng.random() < 0.5, "none": None,
        "nested": {"list": [1, "two", {"three": Decimal("3.50")}], "empty": {}},
    })
    writer.write(150)
    program = sluice(forward(base_settings, table.name, output)).start()
    wait_arrived(program, output, table.records())
    writer.write(150)  # and while it runs
    records = table.records()
    messages = wait_arrived(program, output, records)
    program.stop()
    messages, torn = read_lines(output)
    assert not torn and len(messages) == len(records)
    assert_complete(messages, records, table.name)
    assert_order(messages, records)
    assert_one_run_in_order(messages)


def test_a_composite_key_orders_by_item_and_not_by_partition(sluice, base_settings, make_table, output):
    table = make_table("Orders", "customer", "number:N")
    for version in range(5):
        for number in (1, Decimal("1.5"), -3):
            table.put(customer="c", number=number, version=version)
    program = sluice(forward(base_settings, table.name, output)).start()
    records = table.records()
    messages = wait_arrived(program, output, records)
    program.stop()
    assert_complete(messages, records, table.name)
    assert_order(messages, records)


@pytest.mark.parametrize("view, images", [
    ("KEYS_ONLY", set()), ("NEW_IMAGE", {"new"}), ("OLD_IMAGE", {"old"}),
])
def test_a_stream_with_fewer_images_is_forwarded_with_those(sluice, base_settings, make_table, output, view, images):
    table = make_table("Deals", "id", view=view)
    table.put(id="a", n=1)
    table.put(id="a", n=2)
    program = sluice(forward(base_settings, table.name, output)).start()
    messages = wait_arrived(program, output, table.records())
    assert {name for name in ("new", "old") if messages[1].get(name) is not None} == images


def test_latest_misses_nothing_that_comes_after_the_start(sluice, base_settings, make_table, clients, output):
    """What came before is left out but for the granule of creation times: a minute in DynamoDB Local, which is
    too long to wait for here (tests/unit/worker/engine_test.c shows it)."""
    table = make_table("Deals", "id")
    table.put(id="before", n=1)
    settings = forward(base_settings, table.name, output)
    settings["pipelines"][0]["start"] = "latest"
    program = sluice(settings).start()
    program.wait_log(r"event=shard\.open")
    for n in range(20):
        table.put(id="after", n=n)
    program.wait_for(lambda: len([m for m in read_lines(output)[0] if m["keys"]["id"] == "after"]) >= 20)
    messages, _ = read_lines(output)
    assert [m["new"]["n"] for m in messages if m["keys"]["id"] == "after"] == list(range(20))


@pytest.mark.parametrize("seed", [11, 12])
def test_kill_9_at_random_moments_loses_and_reorders_nothing(
        sluice, base_settings, make_table, write_behind, clients, output, seed):
    table = make_table("Deals", "id")
    settings = forward(base_settings, table.name, output)
    program = sluice(settings)
    moments = random.Random(seed)
    writing = write_behind(Writer(table, seed))
    kills = 4
    for turn in range(kills):
        before = len(read_lines(output)[0])
        saved = positions(clients, settings, "all") if turn else {}
        run_and_kill(program, moments, seen=lambda lines=line_count(output): line_count(output) > lines)
        run = read_lines(output)[0][before:]
        assert_one_run_in_order(run)
        assert all(int(message["sequence_number"]) > max(saved.values(), default=0) for message in run), \
            "the run began before the saved position"
    writing.finish()
    records = table.records()
    program.start()
    wait_arrived(program, output, records)
    program.stop()
    messages, torn = read_lines(output)
    assert len(torn) <= kills
    assert_complete(messages, records, table.name)
    assert_order(messages, records)
    newest = {message["keys"]["id"]: message.get("new") for message in sorted(messages, key=lambda m: m["v"])}
    assert {key: image["n"] for key, image in newest.items() if image} == \
        {item["id"]: item["n"] for item in table.items()}


def test_sigterm_saves_the_position_and_a_restart_repeats_nothing(
        sluice, base_settings, make_table, write_behind, clients, output):
    table = make_table("Deals", "id")
    settings = forward(base_settings, table.name, output)
    settings["checkpoint_ms"] = 600000  # only the drain saves
    program = sluice(settings)
    writing = write_behind(Writer(table, seed=3))
    for _ in range(3):
        before = line_count(output)
        program.start()
        program.wait_for(lambda lines=before: line_count(output) > lines + 50)
        program.stop(deadline=settings["drain_s"])
    writing.finish()
    program.start()
    records = table.records()
    wait_arrived(program, output, records)
    program.stop(deadline=settings["drain_s"])
    messages, torn = read_lines(output)
    assert not torn and len(messages) == len(records)
    assert_complete(messages, records, table.name)
    assert_order(messages, records)
    assert max(positions(clients, settings, "all").values()) == int(records[-1]["dynamodb"]["SequenceNumber"])


def test_the_position_in_the_state_table_follows_what_is_acknowledged(
        sluice, base_settings, make_table, clients, output):
    table = make_table("Deals", "id")
    settings = forward(base_settings, table.name, output)
    program = sluice(settings).start()
    for number in range(3):
        table.put(id="a", n=number)
        wait_arrived(program, output, table.records())
        newest = int(table.records()[-1]["dynamodb"]["SequenceNumber"])
        program.wait_for(lambda: newest in positions(clients, settings, "all").values(),
                         what=f"position {newest} in {settings['state']['table']}")
    described = clients.dynamodb.describe_table(TableName=settings["state"]["table"])["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_second_sigterm_ends_it_at_once(sluice, base_settings, make_table, output, make_relay, dynamodb):
    table = make_table("Deals", "id")
    relay = make_relay(dynamodb.port).open()
    settings = forward(base_settings, table.name, output)
    settings["aws"] = {**settings["aws"], "endpoint_url": relay.url}
    settings["drain_s"] = 120
    program = sluice(settings).start()
    table.put(id="a", n=1)
    wait_arrived(program, output, table.records())
    relay.close()  # the last check-point cannot be written any more
    program.process.terminate()
    program.process.terminate()
    program.wait_exit(timeout=10)


def test_a_missing_table_is_named_and_waited_for(sluice, base_settings, make_table, output):
    table = make_table("Deals", "id")
    name = table.name
    table.drop()
    program = sluice(forward(base_settings, name, output)).start()
    program.wait_log(rf"(?m)^(?=.*level=(warn|error))(?=.*{name}).*$")
    program.wait_for(lambda: len(complaints(program, name)) >= 2, what="a second attempt in the log")
    assert any("create" in text(line).lower() for line in complaints(program, name)), "it says what to do"
    table.create()
    table.put(id="a", n=1)
    wait_arrived(program, output, table.records())
    program.stop()


def test_a_table_without_a_stream_is_named_and_waited_for(sluice, base_settings, make_table, clients, output):
    table = make_table("Deals", "id", view=None)
    program = sluice(forward(base_settings, table.name, output)).start()
    program.wait_for(lambda: any("stream" in text(line).lower() for line in complaints(program, table.name)))
    answer = clients.dynamodb.update_table(
        TableName=table.name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    table.stream_arn = answer["TableDescription"]["LatestStreamArn"]
    table.put(id="a", n=1)
    wait_arrived(program, output, table.records())
    program.stop()


def complaints(program, name):
    return [line for line in program.events() if line.get("level") in ("warn", "error") and name in str(line)]


def text(line):
    return " ".join(line.values())


def test_an_unreachable_endpoint_is_named_and_tried_again(
        sluice, base_settings, make_table, make_relay, dynamodb, output):
    table = make_table("Deals", "id")
    table.put(id="a", n=1)
    relay = make_relay(dynamodb.port)  # closed: connections are refused
    settings = forward(base_settings, table.name, output)
    settings["aws"] = {**settings["aws"], "endpoint_url": relay.url}
    program = sluice(settings).start()
    program.wait_for(lambda: len(complaints(program, relay.address)) >= 2, what=f"two complaints about {relay.address}")
    relay.open()
    wait_arrived(program, output, table.records())
    relay.close()  # an outage while it runs
    for number in range(2, 30):
        table.put(id="a", n=number)
    relay.open()
    records = table.records()
    wait_arrived(program, output, records)
    program.stop()
    messages, _ = read_lines(output)
    assert_complete(messages, records, table.name)
    assert_order(messages, records)


def test_a_file_in_a_missing_folder_is_named_and_waited_for(sluice, base_settings, make_table, tmp_path):
    table, folder = make_table("Deals", "id"), tmp_path / "not-there"
    program = sluice(forward(base_settings, table.name, folder / "out.jsonl")).start()
    table.put(id="a", n=1)
    program.wait_log(rf"event=sink\.unreachable.*cannot open {folder}.*its folder must be there: make it")
    program.wait_for(lambda: program.events("sink.waiting"), what="the sink that is waited for in the log")
    assert "sink out" not in program.log, "the field sink= says it"
    program.assert_running()
    folder.mkdir()
    wait_arrived(program, folder / "out.jsonl", table.records())
    program.stop()


def test_a_folder_that_goes_away_is_named_and_tried_again(sluice, base_settings, make_table, tmp_path):
    table, folder = make_table("Deals", "id"), tmp_path / "out"
    folder.mkdir()
    program = sluice(forward(base_settings, table.name, folder / "out.jsonl")).start()
    table.put(id="a", n=1)
    wait_arrived(program, folder / "out.jsonl", table.records())
    folder.rename(tmp_path / "elsewhere")
    table.put(id="a", n=2)
    program.wait_for(lambda: complaints(program, str(folder)), what=f"a complaint about {folder}")
    folder.mkdir()
    program.wait_for(lambda: line_count(folder / "out.jsonl") == 1)
    program.stop()


def test_two_runs_with_one_app_share_the_work(sluice, base_settings, make_table, output):
    table = make_table("Deals", "id")
    writer = Writer(table, seed=5)
    settings = forward(base_settings, table.name, output)
    first, second = sluice(settings).start(), sluice(settings).start()
    writer.write(100)
    wait_arrived(first, output, table.records())
    second.assert_running()
    holder = next(run for run in (first, second) if run.events("lease.taken") or run.events("shard.open"))
    other = second if holder is first else first
    holder.kill9()
    writer.write(100)
    records = table.records()
    wait_arrived(other, output, records)
    other.stop()
    messages, torn = read_lines(output)
    assert len(torn) <= 1
    assert_complete(messages, records, table.name)
    assert_order(messages, records)
