"""A search index that equals the table."""

import random

import pytest

from harness.chaos import survive_kills
from harness.deals import deal, live
from harness.tables import Writer

FIELDS = ["deal_id", "title", "brand_id", "category_id", "price"]


@pytest.fixture
def index(app, search):
    yield app
    search.indices.delete(index=f"{app}-*")


def settings_for(base_settings, source, opensearch, index, dead_letters, **handler):
    return {
        **base_settings,
        "sinks": [{"name": "search", "kind": "opensearch", "url": opensearch.url}, dead_letters.sink],
        "pipelines": [{
            "name": "deals", "table": source.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
            "on_failure": {"retries": 0, "dead_letter": "dead"},
            "handlers": [{"kind": "index", "name": "search", "sink": "search", "index": index, "document": FIELDS,
                          "where": {"status": ["live"]}, **handler}],
        }],
    }


def documents(search, index):
    """{deal: document} through the alias that readers use."""
    if not search.indices.exists(index=index):
        return None
    search.indices.refresh(index=index)
    found = search.search(index=index, body={"query": {"match_all": {}}, "size": 10000})["hits"]["hits"]
    assert len({hit["_source"]["deal_id"] for hit in found}) == len(found), "a deal has two documents"
    return {hit["_source"]["deal_id"]: {**hit["_source"], "price": float(hit["_source"]["price"])} for hit in found}


def wanted(source):
    return {item["deal_id"]: {**{name: item[name] for name in FIELDS}, "price": float(item["price"])}
            for item in live(source.items())}


def test_documents_follow_the_table_and_are_found(
        sluice, base_settings, make_table, opensearch, search, index, dead_letters):
    source = make_table("Deals", "deal_id")
    writer = Writer(source, seed=61, make=deal)
    writer.write(120)
    program = sluice(settings_for(base_settings, source, opensearch, index, dead_letters)).start()
    program.wait_for(lambda: documents(search, index) == wanted(source), 60)
    writer.write(120)
    source.put(deal_id="special", title="Kaffeemaschine aus Stahl", brand_id="x", category_id="y", price=1, status="live")
    program.wait_for(lambda: documents(search, index) == wanted(source), 60)
    program.stop()
    hits = search.search(index=index, body={"query": {"match": {"title": "kaffeemaschine"}}})["hits"]["hits"]
    assert [hit["_source"]["deal_id"] for hit in hits] == ["special"] and hits[0]["_index"] == f"{index}-000001"
    assert not dead_letters()


def test_kill_9_leaves_the_index_equal_to_the_table(
        sluice, base_settings, make_table, write_behind, opensearch, search, index, dead_letters):
    source = make_table("Deals", "deal_id")
    program = sluice(settings_for(base_settings, source, opensearch, index, dead_letters))
    survive_kills(program, write_behind(Writer(source, seed=62, make=deal)), random.Random(62))
    program.wait_for(lambda: documents(search, index) == wanted(source), 60)
    program.stop()
    assert documents(search, index) == wanted(source) and not dead_letters()


def test_a_document_that_opensearch_refuses_goes_to_the_dead_letter_alone(
        sluice, base_settings, make_table, opensearch, search, index, dead_letters):
    source = make_table("Deals", "deal_id")
    program = sluice(settings_for(base_settings, source, opensearch, index, dead_letters)).start()
    good = {"title": "t", "brand_id": "x", "category_id": "y", "status": "live"}
    source.put(deal_id="first", price=1, **good)
    program.wait_for(lambda: documents(search, index) == wanted(source))
    source.put(deal_id="bad", price={"not": "a number"}, **good)
    source.put(deal_id="after", price=2, **good)
    program.wait_for(lambda: len(dead_letters()) == 1 and set(documents(search, index)) == {"first", "after"})
    program.stop()
    letter = dead_letters()[0]
    assert letter["record"]["dynamodb"]["Keys"]["deal_id"]["S"] == "bad" and "mapper_parsing" in letter["reason"]
