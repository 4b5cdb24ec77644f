"""A table's stream is switched off and on again (T10, T11)."""

import time

from harness.forwarded import line_count, read_lines
from harness.tables import plain


def switch(table, on):
    """Switches the table's stream; afterwards `table` reads the new one."""
    spec = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"} if on else {"StreamEnabled": False}
    answer = table.clients.dynamodb.update_table(TableName=table.name, StreamSpecification=spec)
    table.stream_arn = answer["TableDescription"]["LatestStreamArn"]


def handler_row(clients, settings):
    pages = clients.dynamodb.get_paginator("scan").paginate(TableName=settings["state"]["table"], ConsistentRead=True)
    rows = [plain(item) for page in pages for item in page["Items"]]
    return next(row for row in rows if row["pk"].split("#")[1] == "handler")


def test_a_forward_continues_on_the_new_stream_and_counts_the_loss(sluice, base_settings, make_table, clients, tmp_path):
    output = tmp_path / "forwarded.jsonl"
    table = make_table("Deals", "id")
    settings = {
        **base_settings,
        "sinks": [{"name": "out", "kind": "file", "path": str(output)}],
        "pipelines": [{
            "name": "deals", "table": table.name, "on_new_stream": "continue", "poll": {"min_ms": 20, "max_ms": 200},
            "handlers": [{"kind": "forward", "name": "all", "sink": "out"}],
        }],
    }
    program = sluice(settings).start()
    for n in range(10):
        table.put(id=f"old-{n}")
    program.wait_for(lambda: line_count(output) >= 10)
    program.stop()
    for n in range(10, 20):  # the old stream's rest, which only comes after the switch
        table.put(id=f"old-{n}")
    switch(table, False)
    table.put(id="between")
    time.sleep(1)  # labels are times
    switch(table, True)
    for n in range(5):
        table.put(id=f"new-{n}")
    program.start()
    program.wait_for(lambda: line_count(output) >= 20)
    # Three listings must agree that the old stream has nothing more: a minute and more.
    program.wait_for(lambda: line_count(output) >= 25, timeout=150)
    messages, torn = read_lines(output)
    expected = [f"old-{n}" for n in range(20)] + [f"new-{n}" for n in range(5)]
    assert not torn and [message["keys"]["id"] for message in messages] == expected
    versions = [message["v"] for message in messages]
    assert versions == sorted(set(versions))
    row = handler_row(clients, settings)
    assert row["lost"] == 1 and table.stream_arn.endswith(row["stream"])
    assert program.events("stream.replaced") and program.events("records.lost_between_streams")
    program.stop()
