"""Changes posted to a receiver that verifies signatures itself, fails at times, and sees kills."""

import random
import re
import threading
import time

import pytest

from harness.certificates import Certificates
from harness.chaos import survive_kills
from harness.forwarded import assert_complete, assert_one_run_in_order, assert_order
from harness.settings import settings_text
from harness.tables import Writer
from harness.web import Receiver, server_context

SECRET = "first-secret-of-the-receiver"
NEWER = "newer-secret-of-the-receiver"


@pytest.fixture
def receiver():
    """receiver(…): an open Receiver; closed with the test, after it has seen no forgery."""
    made = []

    def make(**settings):
        made.append(Receiver(**settings).open())
        return made[-1]

    yield make
    for one in made:
        one.close()
        assert not one.forged, f"{len(one.forged)} requests had a bad signature"


def settings_for(base_settings, table, hook, sink=None, dead_letters=None, **handler):
    sinks = [{"name": "hook", "kind": "webhook", "timeout_ms": 1000, **(sink or {"secrets": [SECRET]})}]
    failure = {}
    if dead_letters:
        sinks.append(dead_letters.sink)
        failure = {"on_failure": {"retries": 1, "dead_letter": "dead"}}
    return {
        **base_settings, "sinks": sinks,
        "pipelines": [{
            "name": "deals", "table": table.name, "start": "trim_horizon", "poll": {"min_ms": 20, "max_ms": 200}, **failure,
            "handlers": [{"kind": "forward", "name": "all", "sink": "hook", "url": hook.url, **handler}],
        }],
    }


def arrived(hook, records):
    messages = hook.messages()
    return messages if {m["event_id"] for m in messages} >= {r["eventID"] for r in records} else None


def test_every_change_arrives_signed_once_and_in_order_per_item(sluice, base_settings, make_table, receiver):
    slow = lambda request: time.sleep(0.01)  # long enough for requests to meet
    table, hook = make_table("Deals", "id"), receiver(secrets=[SECRET], mood=slow)
    Writer(table, seed=71).write(150)
    program = sluice(settings_for(base_settings, table, hook)).start()
    records = table.records()
    messages = program.wait_for(lambda: arrived(hook, records))
    program.stop()
    assert len(messages) == len(records) == len(hook.requests)
    assert_complete(messages, records, table.name)
    assert_order(messages, records)
    assert_one_run_in_order(messages)
    assert 1 < hook.most_busy <= 8
    for request, message in zip(hook.accepted, messages):
        assert request.target == "/hook?from=sluice" and request.headers["content-type"] == "application/json"
        assert request.headers["sluice-v"] == str(message["v"])
        assert request.headers["sluice-event-id"] == message["event_id"]
        assert request.headers["idempotency-key"] == f"deals/all/{message['event_id']}"
    assert SECRET not in program.log


def test_kill_9_and_a_moody_receiver_lose_nothing_and_keep_the_order(
        sluice, base_settings, make_table, write_behind, receiver):
    table, moods, lock = make_table("Deals", "id"), random.Random(72), threading.Lock()

    def mood(request):
        with lock:
            drawn = moods.random()
        return (None if drawn < 0.8 else "silence" if drawn < 0.85 else 500 if drawn < 0.93 else
                503 if drawn < 0.96 else (429, {"Retry-After": "1"}, b"") if drawn < 0.97 else 408)

    hook = receiver(secrets=[SECRET], mood=mood)
    program = sluice(settings_for(base_settings, table, hook))
    survive_kills(program, write_behind(Writer(table, seed=72)), random.Random(72))
    records = table.records()
    messages = program.wait_for(lambda: arrived(hook, records), 90)
    program.stop()
    assert_complete(messages, records, table.name)
    assert_order(messages, records)


def test_an_outage_is_waited_out_and_the_server_left_alone_meanwhile(sluice, base_settings, make_table, receiver):
    table, hook = make_table("Deals", "id"), receiver(secrets=[SECRET])
    hook.close()
    Writer(table, seed=73).write(60)
    program = sluice(settings_for(base_settings, table, hook)).start()
    program.wait_log(r"event=sink\.open host=http://127\.0\.0\.1:\d+ failures=5 pause_ms=1000 last=http\.connect")
    program.wait_log(r"event=sink\.open .*pause_ms=2000")
    assert len(re.findall("event=sink\\.open", program.log)) == 2
    hook.open()
    records = table.records()
    messages = program.wait_for(lambda: arrived(hook, records), 60)
    program.wait_log(r"event=sink\.closed")
    program.stop()
    assert_complete(messages, records, table.name)
    assert_one_run_in_order(messages)


@pytest.mark.parametrize("known", [SECRET, NEWER])
def test_batches_are_arrays_and_both_secrets_of_a_rotation_fit(
        sluice, base_settings, make_table, receiver, tmp_path, known):
    table, hook = make_table("Deals", "id"), receiver(secrets=[known])
    (tmp_path / "newer").write_text(NEWER + "\n")
    (tmp_path / "tenant").write_text("Bearer acme-token-of-the-tenant\n")
    sink = {"secrets": [SECRET, {"file": str(tmp_path / "newer")}], "batch_records": 7,
            "headers": ["X-From=deals", {"name": "Authorization", "file": str(tmp_path / "tenant")}]}
    Writer(table, seed=74).write(100)
    program = sluice(settings_for(base_settings, table, hook, sink)).start()
    records = table.records()
    messages = program.wait_for(lambda: arrived(hook, records))
    program.stop()
    assert_complete(messages, records, table.name)
    assert_order(messages, records)
    assert len(hook.requests) < len(records) / 3 and all(r.body.startswith(b"[") for r in hook.requests)
    for request in hook.requests:
        assert request.headers["x-from"] == "deals"
        assert request.headers["authorization"] == "Bearer acme-token-of-the-tenant"
    assert NEWER not in program.log and "acme-token" not in program.log


def test_what_the_receiver_refuses_goes_to_the_dead_letter_with_its_words(
        sluice, base_settings, make_table, receiver, dead_letters):
    table = make_table("Deals", "id")
    hook = receiver(secrets=[SECRET], mood=lambda request: (
        422, {}, b'{"why":"no price", "you sent":"%s"}' % SECRET.encode()) if b'"bad"' in request.body else None)
    for number in range(3):
        table.put(id="bad", n=number)
        table.put(id="good", n=number)
    program = sluice(settings_for(base_settings, table, hook, dead_letters=dead_letters)).start()
    program.wait_for(lambda: len(dead_letters()) == 3 and len(hook.accepted) == 3)
    program.stop()
    for letter in dead_letters():
        assert letter["code"] == "webhook.422" and letter["class"] == "DATA" and "no price" in letter["reason"]
        assert SECRET not in letter["reason"]


def test_a_redirect_and_a_wrong_secret_are_said_as_what_they_are(sluice, base_settings, make_table, receiver):
    table = make_table("Deals", "id")
    table.put(id="a", n=1)
    hook = receiver(mood=lambda request: (308, {"Location": "https://elsewhere.example/hook"}, b""))
    program = sluice(settings_for(base_settings, table, hook)).start()
    program.wait_log(r"level=error.*308: https://elsewhere\.example/hook; redirects are not followed")
    strict = receiver(mood=lambda request: (401, {}, b"who are you?"))
    other = sluice(settings_for({**base_settings, "app": base_settings["app"] + "b"}, table, strict)).start()
    other.wait_log(r"sink\.waiting.*401: who are you\?; check the sink's secrets")
    other.assert_running()


def test_a_server_with_an_authority_of_its_own_that_wants_a_certificate(
        sluice, base_settings, make_table, receiver, tmp_path):
    table, made = make_table("Deals", "id"), Certificates(tmp_path)
    hook = receiver(secrets=[SECRET], tls=server_context(made, client_ca=made.ca))
    tls = {"ca_file": made.ca, "cert_file": made.client_cert, "key_file": made.client_key}
    table.put(id="a", n=1)
    program = sluice(settings_for(base_settings, table, hook, {"secrets": [SECRET], "tls": tls})).start()
    program.wait_for(lambda: len(hook.accepted) == 1)
    program.stop()


@pytest.mark.parametrize("url, sink, word", [
    ("http://hooks.example.com/", {}, "in the clear"),
    ("https://user:pw@hooks.example.com/", {}, "user name"),
    ("hooks.example.com", {}, "neither https:// nor http://"),
    ("http://127.0.0.1/", {"tls": {"ca_file": "/ca.pem"}}, "means nothing"),
    ("https://hooks.example.com/", {"secrets": ["short"]}, "shorter than 16"),
    ("https://hooks.example.com/", {"headers": ["Content-Length=1"]}, "connection's own"),
    ("https://hooks.example.com/", {"headers": ["nonsense-with-a-secret-in-it"]}, "expected \"Name=value\""),
    ("http://hooks.example.com/", {"insecure": True}, None),
    ("https://hooks.example.com/x?y=1", {"secrets": [SECRET]}, None),
])
def test_check_refuses_what_cannot_work_or_is_not_safe(command, base_settings, tmp_path, url, sink, word):
    settings = {
        **base_settings, "sinks": [{"name": "hook", "kind": "webhook", **sink}],
        "pipelines": [{"name": "deals", "table": "Deals",
                       "handlers": [{"kind": "forward", "name": "all", "sink": "hook", "url": url}]}],
    }
    (tmp_path / "c.conf").write_text(settings_text(settings))
    done = command("check", "-c", tmp_path / "c.conf")
    assert (done.returncode == 0) == (word is None), done.stdout + done.stderr
    assert word is None or word in done.stdout + done.stderr
    assert "nonsense" not in done.stdout + done.stderr
