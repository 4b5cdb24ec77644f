"""Counters: a row per brand that always equals what the table says."""

import random

import pytest

from harness.chaos import survive_kills
from harness.deals import brand_stats, deal, own
from harness.tables import Writer


@pytest.fixture
def tables(make_table):
    return make_table("Deals", "deal_id"), make_table("BrandStats", "brand_id", view=None)


def settings_for(base_settings, source, target, dead_letters, **handler):
    return {
        **base_settings, "sinks": [dead_letters.sink],
        "pipelines": [{
            "name": "deals", "table": source.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
            "on_failure": {"retries": 0, "dead_letter": "dead"},
            "handlers": [{
                "kind": "counter", "name": "per-brand", "table": target.name, "key": {"brand_id": "${item.brand_id}"},
                "where": {"status": ["live"]}, "window_ms": 100,
                "add": [{"attribute": "live_deals", "by": "1"}, {"attribute": "total_price", "by": "${item.price}"}],
                **handler,
            }],
        }],
    }


def counted(target):
    """{brand: (live deals, sum of prices)}; rows that fell to zero may stay."""
    rows = {row["brand_id"]: (row.get("live_deals", 0), row.get("total_price", 0)) for row in map(own, target.items())}
    return {brand: sums for brand, sums in rows.items() if sums != (0, 0)}


def wait_true(program, source, target, truth=brand_stats):
    program.wait_for(lambda: counted(target) == truth(source.items()), 60,
                     lambda: f"{counted(target)} to be {truth(source.items())}")


def test_counts_and_sums_follow_every_kind_of_change(sluice, base_settings, tables, dead_letters):
    source, target = tables
    writer = Writer(source, seed=41, make=deal)
    writer.write(100)
    program = sluice(settings_for(base_settings, source, target, dead_letters)).start()
    wait_true(program, source, target)
    writer.write(100)
    wait_true(program, source, target)
    program.restart()
    writer.write(20)
    wait_true(program, source, target)
    for item in source.items():
        source.delete(deal_id=item["deal_id"])
    program.wait_for(lambda: counted(target) == {})
    program.stop()
    assert not dead_letters()


def test_kill_9_counts_nothing_twice_and_misses_nothing(sluice, base_settings, tables, write_behind, dead_letters):
    source, target = tables
    program = sluice(settings_for(base_settings, source, target, dead_letters))
    survive_kills(program, write_behind(Writer(source, seed=42, make=deal)), random.Random(42), kills=5)
    wait_true(program, source, target)
    program.stop()
    assert counted(target) == brand_stats(source.items()) and not dead_letters()


def test_an_item_that_cannot_be_counted_is_reported_and_counts_once_it_can(
        sluice, base_settings, tables, dead_letters):
    source, target = tables
    program = sluice(settings_for(base_settings, source, target, dead_letters)).start()
    source.put(deal_id="a", brand_id="x", status="live", price=5)
    source.put(deal_id="b", brand_id="x", status="live")
    source.put(deal_id="c", brand_id="x", status="live", price="much")
    program.wait_for(lambda: counted(target) == {"x": (1, 5)} and len(dead_letters()) == 2)
    source.put(deal_id="b", brand_id="x", status="live", price=7)
    program.wait_for(lambda: counted(target) == {"x": (2, 12)})
    source.delete(deal_id="a")
    program.wait_for(lambda: counted(target) == {"x": (1, 7)})
    program.stop()
    assert {letter["record"]["dynamodb"]["Keys"]["deal_id"]["S"] for letter in dead_letters()} == {"b", "c"}


def test_a_changed_definition_refuses_to_run_over_old_rows(sluice, base_settings, tables, dead_letters):
    source, target = tables
    settings = settings_for(base_settings, source, target, dead_letters)
    program = sluice(settings).start()
    source.put(deal_id="a", brand_id="x", status="live", price=5)
    program.wait_for(lambda: counted(target) == {"x": (1, 5)})
    program.stop()
    settings["pipelines"][0]["handlers"][0]["add"][1]["by"] = "2"
    since = program.mark()
    program.start()
    program.wait_log(r"(?m)^.*level=error.*per-brand", since=since)
    source.put(deal_id="b", brand_id="x", status="live", price=1)
    program.stop()
    assert counted(target) == {"x": (1, 5)}
