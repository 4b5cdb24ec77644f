"""What arrived of a stream at the end of a pipeline, in which order, through whom, how often."""

import json
import statistics
import time

# What a forward handler is told to write; NAME is the process's name in its environment.
MESSAGE = {"sequence": "${event.sequence_number}", "v": "${event.v}", "item": "${keys.id}", "by": "$(NAME)"}


class Sighting:
    __slots__ = ("at", "sequence", "v", "item", "by")

    def __init__(self, at, message):
        self.at = at
        self.sequence = int(message["sequence"])
        self.v = int(message["v"])
        self.item = message["item"]
        self.by = message["by"]


class Feed:
    """One pipeline's file, followed while it grows. All processes append to it under its lock,
    so its lines are in the order in which a consumer would have seen them."""

    def __init__(self, name, path):
        self.name = name
        self.path = path
        self.sightings = []
        self.distinct = set()
        self.torn = 0
        self._offset = 0

    def follow(self):
        """Takes up the lines that have come; when is known as exactly as this is called often."""
        if not self.path.exists():
            return
        now = time.monotonic()
        with self.path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        text = text[:text.rfind(b"\n") + 1]  # the rest is being written, or torn and cut soon
        self._offset += len(text)
        for line in text.splitlines():
            try:
                sighting = Sighting(now, json.loads(line))
            except ValueError:
                self.torn += 1
                continue
            self.sightings.append(sighting)
            self.distinct.add(sighting.sequence)

    @property
    def repeats(self):
        return len(self.sightings) - len(self.distinct)

    @property
    def last_by(self):
        return self.sightings[-1].by if self.sightings else "-"


class Kill:
    def __init__(self, name, at):
        self.name = name
        self.at = at
        self.repeats = 0     # records that its process had sent and another sent again
        self.failovers = []  # seconds until another process went on, for each pipeline that it had


def wrong_with(feed, records):
    """Sentences about what is not as promised: every record arrives, nothing else does; a record
    has one version; item by item the first sightings are in stream order, and a consumer that drops
    each `v` not above the one it holds keeps exactly the stream. (A repeat may come late.)"""
    wanted = {}  # item: its sequence numbers, in order
    for record in records:
        sequence = int(record["dynamodb"]["SequenceNumber"])
        wanted.setdefault(record["dynamodb"]["Keys"]["id"]["S"], []).append(sequence)
    everything = {sequence for sequences in wanted.values() for sequence in sequences}
    wrong = []
    if everything - feed.distinct:
        wrong.append(f"{len(everything - feed.distinct)} of {len(everything)} records never arrived, "
                     f"the first: {min(everything - feed.distinct)}")
    if feed.distinct - everything:
        wrong.append(f"{len(feed.distinct - everything)} records arrived that the stream does not have")
    versions, first, kept, held = {}, {}, {}, {}
    for sighting in feed.sightings:
        if sighting.sequence not in versions:
            versions[sighting.sequence] = sighting.v
            first.setdefault(sighting.item, []).append(sighting.sequence)
        elif versions[sighting.sequence] != sighting.v:
            wrong.append(f"record {sighting.sequence} has two versions: {versions[sighting.sequence]} and {sighting.v}")
        if sighting.v > held.get(sighting.item, -1):
            held[sighting.item] = sighting.v
            kept.setdefault(sighting.item, []).append(sighting.sequence)
    for what, got in (("first sightings are not in stream order", first),
                      ("a consumer that drops old versions does not keep the stream", kept)):
        items = [item for item in wanted if got.get(item) != wanted[item]]
        if items:
            wrong.append(f"{what} for {len(items)} items, the first: {items[0]}")
    if feed.torn:
        wrong.append(f"{feed.torn} lines are no JSON")
    return [f"{feed.name}: {sentence}" for sentence in wrong]


def explain(feed, kills):
    """Gives each repeat to the kill of the process that sent the record first, and each kill its
    fail-over time in this pipeline. The number of repeats that no kill explains."""
    by_name = {kill.name: kill for kill in kills}
    first, unexplained = {}, 0
    for sighting in feed.sightings:
        sender = by_name.get(first.setdefault(sighting.sequence, sighting).by)
        if first[sighting.sequence] is sighting:
            continue
        if sender and sighting.by != sender.name:
            sender.repeats += 1
        else:
            unexplained += 1
    for last, following in zip(feed.sightings, feed.sightings[1:]):
        kill = by_name.get(last.by)
        if kill and following.by != last.by and following.at > kill.at:
            kill.failovers.append(following.at - kill.at)
    return unexplained


def spread(values, unit="", digits=1):
    """ "min / median / max" for people."""
    if not values:
        return "none"
    return " / ".join(f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values))) + unit
