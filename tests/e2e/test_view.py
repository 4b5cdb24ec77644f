"""A view: the same deals under other keys."""

import random

import pytest

from harness.chaos import survive_kills
from harness.deals import deal, live, own
from harness.tables import Writer


@pytest.fixture
def tables(make_table):
    return make_table("Deals", "deal_id"), make_table("DealsByCategory", "category_id", "deal_id", view=None)


def settings_for(base_settings, source, target, **handler):
    return {
        **base_settings,
        "pipelines": [{
            "name": "deals", "table": source.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
            "handlers": [{
                "kind": "view", "name": "by-category", "table": target.name,
                "key": {"category_id": "${item.category_id}", "deal_id": "${item.deal_id}"},
                "attributes": ["title", "price", "brand_id"], "set": {"label": "${item.brand_id}: ${item.title}"},
                "where": {"status": ["live"]}, **handler,
            }],
        }],
    }


def wanted(source):
    return {item["deal_id"]: {
        **{name: item[name] for name in ("category_id", "deal_id", "title", "price", "brand_id")},
        "label": f"{item['brand_id']}: {item['title']}",
    } for item in live(source.items())}


def rows(target):
    found = {}
    for row in map(own, target.items()):
        assert row["deal_id"] not in found, f"{row['deal_id']} stands in two categories"
        found[row["deal_id"]] = row
    return found


def equal(source, target):
    """Compared through the raw rows: while a deal moves it may stand in both categories."""
    truth = wanted(source)
    raw = [own(row) for row in target.items()]
    return len(raw) == len(truth) and {row["deal_id"]: row for row in raw} == truth


def test_rows_follow_changes_moves_and_deletes(sluice, base_settings, tables):
    source, target = tables
    writer = Writer(source, seed=51, make=deal)
    writer.write(120)
    program = sluice(settings_for(base_settings, source, target)).start()
    program.wait_for(lambda: equal(source, target), 60)
    writer.write(120)
    program.wait_for(lambda: equal(source, target), 60)
    program.restart()
    for item in source.items():
        source.delete(deal_id=item["deal_id"])
    program.wait_for(lambda: target.items() == [])
    program.stop()


@pytest.mark.parametrize("atomic", [False, True])
def test_kill_9_leaves_no_row_too_many_too_few_or_too_old(
        sluice, base_settings, tables, write_behind, atomic):
    source, target = tables
    program = sluice(settings_for(base_settings, source, target, atomic=atomic))
    survive_kills(program, write_behind(Writer(source, seed=52, make=deal)), random.Random(52))
    program.wait_for(lambda: equal(source, target), 60)
    program.stop()
    assert rows(target) == wanted(source)


def test_explode_makes_a_row_for_each_element(sluice, base_settings, make_table):
    source, target = make_table("Deals", "deal_id"), make_table("DealsByTag", "tag", "deal_id", view=None)
    settings = settings_for(base_settings, source, target, key={"tag": "${element}", "deal_id": "${item.deal_id}"},
                            explode="tags", attributes=["title"])
    for name in ("set", "where"):
        del settings["pipelines"][0]["handlers"][0][name]
    program = sluice(settings).start()
    tags = lambda: {(row["tag"], row["deal_id"]) for row in target.items()}
    source.put(deal_id="a", title="A", tags=["new", "red"])
    source.put(deal_id="b", title="B", tags={"red"})
    program.wait_for(lambda: tags() == {("new", "a"), ("red", "a"), ("red", "b")})
    source.put(deal_id="a", title="A", tags=["red", "old"])
    program.wait_for(lambda: tags() == {("old", "a"), ("red", "a"), ("red", "b")})
    source.delete(deal_id="b")
    program.wait_for(lambda: tags() == {("old", "a"), ("red", "a")})
    program.stop()
