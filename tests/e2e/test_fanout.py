"""Fan-out: every follower of a deal's brand or category is notified of it, once."""

import random

import pytest

from harness.chaos import run_and_kill
from harness.forwarded import read_lines
from harness.topics import read_topic

SHARDS = 4


class Followers:
    """Who follows what, in a table whose partitions are spread over SHARDS."""

    def __init__(self, table, seed, users):
        self.table = table
        self.follows = {}
        rng = random.Random(seed)
        for number in range(users):
            user = f"user-{number:05}"
            for subject in ("BRAND#1", "BRAND#2", "CATEGORY#1", "CATEGORY#2"):
                if rng.random() < 0.4:
                    self.follows.setdefault(subject, set()).add(user)
        rows = [{"subject": f"{subject}#{rng.randrange(SHARDS)}", "user_id": user, "lang": rng.choice(["de", "en"])}
                for subject, users_of in self.follows.items() for user in users_of]
        table.put_many(rows)

    def of(self, deal):
        return self.follows[f"BRAND#{deal['brand_id']}"] | self.follows[f"CATEGORY#{deal['category_id']}"]


@pytest.fixture
def followers(make_table):
    return Followers(make_table("Followers", "subject", "user_id", view=None), seed=71, users=600)


def audience(followers):
    return [{"table": followers.table.name, "key": f"{subject}#${{new.{attribute}}}#${{shard}}", "shards": SHARDS}
            for subject, attribute in (("BRAND", "brand_id"), ("CATEGORY", "category_id"))]


def settings_for(base_settings, source, followers, sink, **handler):
    return {
        **base_settings, "sinks": [sink],
        "pipelines": [{
            "name": "deals", "table": source.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200},
            "handlers": [{
                "kind": "fanout", "name": "alerts", "sink": sink["name"], "member": "user_id",
                "filter": {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["live"]}}}},
                "audience": audience(followers),
                "message": {"user_id": "${member.user_id}", "deal_id": "${new.deal_id}", "title": "${new.title}",
                            "price": "${new.price}", "id": "${notification.id}", "lang": "${member.lang}"},
                **handler,
            }],
        }],
    }


def put_deals(source, count):
    """Deals of which every third is a draft: nobody hears of it."""
    deals = [{"deal_id": f"deal-{number}", "title": f"Deal {number}", "price": number, "brand_id": str(1 + number % 2),
              "category_id": str(1 + number // 2 % 2), "status": "draft" if number % 3 == 2 else "live"}
             for number in range(count)]
    for deal in deals:
        source.put(**deal)
    return [deal for deal in deals if deal["status"] == "live"]


def expected(followers, deals):
    return {(user, deal["deal_id"]) for deal in deals for user in followers.of(deal)}


def received(messages):
    return {(message["user_id"], message["deal_id"]) for message in messages}


def assert_notified(messages, followers, deals):
    """Everyone who should be, nobody else; a pair always under the same notification id."""
    assert received(messages) == expected(followers, deals)
    identities = {}
    for message in messages:
        pair = message["user_id"], message["deal_id"]
        assert identities.setdefault(pair, message["id"]) == message["id"], f"{pair} has two notification ids"
        assert message["title"] == f"Deal {message['price']}" and message["lang"] in ("de", "en")
    assert len(set(identities.values())) == len(identities), "two notifications share an id"


def test_each_follower_of_brand_or_category_is_notified_once(sluice, base_settings, make_table, followers, tmp_path):
    source, output = make_table("Deals", "deal_id"), tmp_path / "alerts.jsonl"
    sink = {"name": "out", "kind": "file", "path": str(output)}
    program = sluice(settings_for(base_settings, source, followers, sink)).start()
    deals = put_deals(source, 6)
    wanted = expected(followers, deals)
    program.wait_for(lambda: len(read_lines(output)[0]) >= len(wanted), 60)
    source.put(**{**deals[0], "title": "a change is no new deal"})
    program.restart()
    deals += put_one_more(source)
    program.wait_for(lambda: received(read_lines(output)[0]) == expected(followers, deals), 60)
    program.stop()
    messages, torn = read_lines(output)
    assert not torn and len(messages) == len(expected(followers, deals))
    assert_notified(messages, followers, deals)


def put_one_more(source):
    deal = {"deal_id": "late", "title": "Deal 77", "price": 77, "brand_id": "1", "category_id": "2", "status": "live"}
    source.put(**deal)
    return [deal]


def test_kill_9_in_the_middle_repeats_under_the_same_id_and_misses_nobody(
        sluice, base_settings, make_table, followers, tmp_path):
    source, output = make_table("Deals", "deal_id"), tmp_path / "alerts.jsonl"
    sink = {"name": "out", "kind": "file", "path": str(output)}
    # Slow enough that a kill falls into the middle of a task.
    program = sluice(settings_for(base_settings, source, followers, sink, rate_per_s=600))
    deals, moments, kills = put_deals(source, 8), random.Random(72), 3
    for _ in range(kills):
        run_and_kill(program, moments, seen=lambda lines=len(read_lines(output)[0]): len(read_lines(output)[0]) > lines)
    program.start()
    program.wait_for(lambda: received(read_lines(output)[0]) == expected(followers, deals), 90,
                     lambda: f"{len(expected(followers, deals))} pairs; there are {len(received(read_lines(output)[0]))}")
    program.stop()
    messages, torn = read_lines(output)
    assert len(torn) <= kills
    assert_notified(messages, followers, deals)
    assert len(messages) < 2 * len(expected(followers, deals)), "a restart repeats little, not all"


def test_a_kafka_topic_gets_each_notification_keyed_by_the_member(
        sluice, base_settings, make_table, followers, kafka, app):
    source, topic = make_table("Deals", "deal_id"), f"{app}-alerts"
    sink = {"name": "bus", "kind": "kafka", "brokers": kafka.address}
    program = sluice(settings_for(base_settings, source, followers, sink, topic=topic,
                                  message_key="${member.user_id}")).start()
    deals = put_deals(source, 4)
    messages = program.wait_for(lambda: len(found := read_topic(kafka, topic)) >= len(expected(followers, deals)) and found, 60)
    program.stop()
    assert_notified([message.value for message in messages], followers, deals)
    for message in messages:
        assert message.key.decode() == message.value["user_id"]
        assert message.headers["sluice-notification-id"].decode() == message.value["id"]


def test_an_inbox_holds_each_notification_once_and_a_read_one_stays_read(
        sluice, base_settings, make_table, followers):
    source, inbox = make_table("Deals", "deal_id"), make_table("Inbox", "user_id", "id", view=None)
    sink = {"name": "inbox", "kind": "dynamodb"}
    settings = settings_for(base_settings, source, followers, sink, table=inbox.name, ttl_s=86400, rate_per_s=400,
                            item={"user_id": "${member.user_id}", "id": "${notification.id}",
                                  "deal_id": "${new.deal_id}", "read": "no"})
    del settings["pipelines"][0]["handlers"][0]["message"]
    program = sluice(settings)
    deals = put_deals(source, 3)
    run_and_kill(program, random.Random(73), seen=lambda: len(inbox.items()) > 20)
    early = inbox.items()
    for row in early:
        inbox.put(**{**row, "read": "yes"})
    program.start()
    program.wait_for(lambda: received(inbox.items()) == expected(followers, deals), 90)
    program.stop()
    rows = inbox.items()
    assert len(rows) == len(expected(followers, deals)) and all("ttl" in row for row in rows)
    still_read = {(row["user_id"], row["id"]) for row in rows if row["read"] == "yes"}
    assert still_read == {(row["user_id"], row["id"]) for row in early}


def test_late_and_expired_events_notify_nobody(sluice, base_settings, make_table, followers, tmp_path):
    source, output = make_table("Deals", "deal_id"), tmp_path / "alerts.jsonl"
    sink = {"name": "out", "kind": "file", "path": str(output)}
    program = sluice(settings_for(base_settings, source, followers, sink, expires="${new.ends_at}")).start()
    for name, ends_at in (("over", 1000000000), ("open", 4000000000)):
        source.put(deal_id=name, title="Deal 5", price=5, brand_id="1", category_id="1", status="live", ends_at=ends_at)
    wanted = len(expected(followers, [{"deal_id": "open", "brand_id": "1", "category_id": "1"}]))
    program.wait_for(lambda: len(read_lines(output)[0]) >= wanted, 60)
    program.stop()
    assert {message["deal_id"] for message in read_lines(output)[0]} == {"open"}


def test_members_and_scan_are_audiences_too(sluice, base_settings, make_table, followers, tmp_path):
    source, users = make_table("Deals", "deal_id"), make_table("Users", "user_id", view=None)
    listed, scanned = tmp_path / "listed.jsonl", tmp_path / "scanned.jsonl"
    users.put_many({"user_id": f"u{number}", "lang": "en"} for number in range(60))
    settings = settings_for(base_settings, source, followers, {"name": "listed", "kind": "file", "path": str(listed)})
    settings["sinks"].append({"name": "scanned", "kind": "file", "path": str(scanned)})
    first = settings["pipelines"][0]["handlers"][0]
    message = {"user_id": "${member.user_id}"}
    settings["pipelines"][0]["handlers"] = [
        {**first, "message": message, "audience": [{"members": ["zoe", "adam", "${new.watchers}"]}]},
        {**first, "message": message, "name": "all", "sink": "scanned", "audience": [{"scan": users.name}]},
    ]
    program = sluice(settings).start()
    source.put(deal_id="a", status="live", watchers=["mia", "adam"])
    names = lambda path: sorted(line["user_id"] for line in read_lines(path)[0])
    program.wait_for(lambda: len(names(listed)) >= 3 and len(names(scanned)) >= 60)
    program.stop()
    assert names(listed) == ["adam", "mia", "zoe"] and names(scanned) == sorted(f"u{number}" for number in range(60))
