"""Dead letters, filters, templates, and one sink's outage beside a sink that works."""

import json

from harness.forwarded import positions, read_lines
from harness.ports import free_port


def pipeline(table, *handlers, **more):
    return {"name": "deals", "table": table.name, "start": "trim_horizon",
            "poll": {"min_ms": 20, "max_ms": 200}, "handlers": list(handlers), **more}


def file_sink(name, path):
    return {"name": name, "kind": "file", "path": str(path)}


def test_a_record_whose_template_path_is_missing_goes_to_the_dead_letter(
        sluice, base_settings, make_table, tmp_path, dead_letters, app):
    table, output = make_table("Deals", "id"), tmp_path / "out.jsonl"
    for number in range(30):
        table.put(id=f"deal-{number:02}", n=number, **({} if number % 10 == 3 else {"title": f"Title {number}"}))
    program = sluice({
        **base_settings, "sinks": [file_sink("out", output), dead_letters.sink],
        "pipelines": [pipeline(
            table, {"kind": "forward", "name": "titles", "sink": "out", "message": {"title": "${new.title}", "n": "${new.n}"}},
            on_failure={"retries": 0, "dead_letter": "dead"})],
    }).start()
    program.wait_for(lambda: len(read_lines(output)[0]) == 27 and len(dead_letters()) == 3)
    program.restart()
    table.put(id="last", title="last", n=99)
    program.wait_for(lambda: len(read_lines(output)[0]) == 28)
    program.stop()
    assert [line["n"] for line in read_lines(output)[0]] == [n for n in range(30) if n % 10 != 3] + [99]
    records = {record["dynamodb"]["SequenceNumber"]: record for record in table.records()}
    letters = dead_letters()
    assert [letter["record"]["dynamodb"]["Keys"]["id"]["S"] for letter in letters] == ["deal-03", "deal-13", "deal-23"]
    for letter in letters:
        record = records[letter["sequence_number"]]
        assert (letter["app"], letter["pipeline"], letter["handler"]) == (app, "deals", "titles")
        assert letter["class"].upper() == "DATA" and "title" in letter["reason"]
        assert letter["record"]["eventID"] == record["eventID"]
        assert letter["record"]["dynamodb"]["NewImage"] == record["dynamodb"]["NewImage"]
        assert letter["attempts"] >= 1 and letter["v"] > 0 and letter["id"] and letter["time"] and letter["shard"]


def test_without_a_dead_letter_the_handler_stops_and_its_position_stands(
        sluice, base_settings, make_table, clients, tmp_path, dead_letters):
    table, strict, loose = make_table("Deals", "id"), tmp_path / "strict.jsonl", tmp_path / "loose.jsonl"
    for number in range(5):
        table.put(id=f"deal-{number}", **({} if number == 2 else {"title": f"Title {number}"}))
    settings = {
        **base_settings, "sinks": [file_sink("strict", strict), file_sink("loose", loose), dead_letters.sink],
        "pipelines": [pipeline(
            table,
            {"kind": "forward", "name": "strict", "sink": "strict", "message": {"title": "${new.title}"},
             "on_failure": {"retries": 0}},
            {"kind": "forward", "name": "loose", "sink": "loose", "message": {"id": "${keys.id}"}})],
    }
    program = sluice(settings).start()
    program.wait_log(r"(?m)^.*level=error.*strict")
    program.wait_for(lambda: len(read_lines(loose)[0]) == 5, what="the other handler going on")
    program.stop()
    stopped_before = table.records()[2]["dynamodb"]["SequenceNumber"]
    assert max(positions(clients, settings, "strict").values()) < int(stopped_before)
    assert max(positions(clients, settings, "loose").values()) > int(stopped_before)
    settings["pipelines"][0]["handlers"][0]["on_failure"] = {"retries": 0, "dead_letter": "dead"}
    program.start()
    program.wait_for(lambda: len(titles(strict)) == 4 and len(dead_letters()) == 1)
    program.stop()
    # What was sent beyond the record at fault before the handler stopped is sent again: at least once.
    assert titles(strict) == {f"Title {number}" for number in (0, 1, 3, 4)}
    assert len(read_lines(loose)[0]) == 5


def titles(path):
    return {line["title"] for line in read_lines(path)[0]}


def test_filters_that_people_have_for_lambda_work_unchanged(sluice, base_settings, make_table, tmp_path):
    table, output = make_table("Deals", "id"), tmp_path / "out.jsonl"
    pasted = {"Filters": [{"Pattern": json.dumps({
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"NewImage": {"status": {"S": ["live"]}, "price": {"N": [{"numeric": [">", 10, "<=", 50]}]}}},
    })}]}
    table.put(id="a", status="live", price=50)
    table.put(id="b", status="live", price=10)
    table.put(id="c", status="draft", price=20)
    table.put(id="d", price=20)
    table.put(id="c", status="live", price=20)
    table.delete(id="a")
    table.put(id="end", status="live", price=11)
    program = sluice({
        **base_settings, "sinks": [file_sink("out", output)],
        "pipelines": [pipeline(table, {"kind": "forward", "name": "cheap", "sink": "out", "filter": json.dumps(pasted),
                                       "message": {"id": "${keys.id}", "event": "${event.name}"}})],
    }).start()
    program.wait_for(lambda: any(line["id"] == "end" for line in read_lines(output)[0]))
    program.stop()
    assert [(line["id"], line["event"]) for line in read_lines(output)[0]] == \
        [("a", "INSERT"), ("c", "MODIFY"), ("end", "INSERT")]


def test_changed_lets_only_changes_of_those_paths_pass(sluice, base_settings, make_table, tmp_path):
    table, output = make_table("Deals", "id"), tmp_path / "out.jsonl"
    for price, title in ((1, "a"), (1, "b"), (2, "b"), (2, "c"), (3, "d")):
        table.put(id="x", price=price, title=title)
    program = sluice({
        **base_settings, "sinks": [file_sink("out", output)],
        "pipelines": [pipeline(table, {"kind": "forward", "name": "prices", "sink": "out", "changed": ["price"],
                                       "message": {"price": "${new.price}", "was": "${old.price | default(0)}"}})],
    }).start()
    program.wait_for(lambda: any(line["price"] == 3 for line in read_lines(output)[0]))
    program.stop()
    assert [(line["was"], line["price"]) for line in read_lines(output)[0]] == [(0, 1), (1, 2), (2, 3)]


def test_an_unreachable_kafka_is_named_and_holds_up_nobody_else(sluice, base_settings, make_table, tmp_path):
    table, output = make_table("Deals", "id"), tmp_path / "out.jsonl"
    port = free_port()
    program = sluice({
        **base_settings, "drain_s": 2,
        "sinks": [file_sink("out", output), {"name": "bus", "kind": "kafka", "brokers": f"127.0.0.1:{port}"}],
        "pipelines": [pipeline(table, {"kind": "forward", "name": "kafka", "sink": "bus", "topic": "deals"},
                               {"kind": "forward", "name": "file", "sink": "out"})],
    }).start()
    for number in range(20):
        table.put(id=f"deal-{number}")
    program.wait_for(lambda: len(read_lines(output)[0]) == 20, what="the file handler going on")
    program.wait_log(rf"(?m)^.*level=(warn|error).*127\.0\.0\.1:{port}")
    program.stop(deadline=15)


def test_an_unreachable_opensearch_is_named_and_used_when_it_comes(
        sluice, base_settings, make_table, make_relay, opensearch, search, app):
    table = make_table("Deals", "id")
    relay = make_relay(opensearch.port)
    program = sluice({
        **base_settings, "sinks": [{"name": "search", "kind": "opensearch", "url": relay.url}],
        "pipelines": [pipeline(table, {"kind": "index", "name": "all", "sink": "search", "index": app})],
    }).start()
    for number in range(10):
        table.put(id=f"deal-{number}", n=number)
    program.wait_log(rf"(?m)^.*level=(warn|error).*{relay.address}")
    relay.open()
    program.wait_for(lambda: search.indices.exists(index=app) and
                     (search.indices.refresh(index=app) and search.count(index=app)["count"] == 10))
    program.stop()
    search.indices.delete(index=f"{app}-000001")
