"""Three processes with two workers each; one of them is killed every few seconds. Short; `make chaos` is the long one."""

import json

import pytest

from harness.sightings import Feed, Kill, explain, wrong_with
from harness.storm import Storm


def test_kill_9_of_one_process_among_three_loses_and_reorders_nothing(clients, dynamodb, tmp_path):
    storm = Storm(tmp_path, clients, dynamodb.url, rate=100, kill_every_s=(2, 4), failover_s=2, seed=81)
    try:
        storm.start()
        storm.rage(15, show=lambda: None)
        settled = storm.settle(40, show=lambda: None)
        storm.stop()
        assert storm.verdict() == []
        assert settled
        assert len(storm.kills) >= 3
        storm.unexplained()
        assert any(kill.failovers for kill in storm.kills), "no kill met a process that had a lease"
    finally:
        storm.discard()


# -- the judge itself: stream 1 2 3 4 5, of which 1 3 5 belong to item a, 2 4 to item b

RECORDS = [{"dynamodb": {"SequenceNumber": str(number), "Keys": {"id": {"S": "ba"[number % 2]}}}} for number in range(1, 6)]


def feed_of(path, *sightings):
    """A feed of (sequence, sender), or (sequence, sender, v): v follows the sequence."""
    lines = [{"sequence": str(sequence), "v": v[0] if v else 10 * sequence, "item": "ba"[sequence % 2], "by": by}
             for sequence, by, *v in sightings]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    feed = Feed("p", path)
    feed.follow()
    return feed


def test_the_judge_is_content_with_repeats_also_late_ones(tmp_path):
    feed = feed_of(tmp_path / "f", (1, "A"), (2, "A"), (3, "A"), (2, "B"), (3, "B"), (4, "B"), (5, "B"), (3, "A"))
    assert wrong_with(feed, RECORDS) == []
    assert feed.repeats == 3


@pytest.mark.parametrize("sightings, complaint", [
    ([(1, "A"), (2, "A"), (4, "A"), (5, "A")], "never arrived"),
    ([(1, "A"), (2, "A"), (3, "A"), (4, "A"), (5, "A"), (7, "A")], "does not have"),
    ([(1, "A"), (2, "A"), (5, "A"), (4, "A"), (3, "A")], "not in stream order"),
    ([(1, "A"), (2, "A"), (3, "A", 5), (4, "A"), (5, "A")], "does not keep the stream"),
    ([(1, "A"), (1, "B", 11), (2, "A"), (3, "A"), (4, "A"), (5, "A")], "two versions"),
])
def test_the_judge_sees_what_is_wrong(tmp_path, sightings, complaint):
    assert complaint in " ".join(wrong_with(feed_of(tmp_path / "f", *sightings), RECORDS))


def test_repeats_belong_to_the_kill_of_who_sent_the_record_first(tmp_path):
    feed = feed_of(tmp_path / "f", (1, "A"), (2, "A"), (3, "A"), (2, "B"), (3, "B"), (4, "B"), (4, "C"), (5, "C"))
    for second, sighting in enumerate(feed.sightings):
        sighting.at = second + (4.0 if second >= 3 else 0.0)  # a gap of 5 s after A's last
    kill = Kill("A", at=3.0)
    assert explain(feed, [kill]) == 1  # B was not killed: its lease moved to C
    assert (kill.repeats, kill.failovers) == (2, [4.0])
