"""make chaos: see run. Exit code 0 when all is as promised, 1 when not, 2 for a wrong option, 128 and more: interrupted."""

import os
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile
import time

import boto3
import botocore.config
from botocore.exceptions import BotoCoreError, ClientError

from harness.services import Service
from harness.sightings import spread
from harness.storm import Storm
from harness.tables import Clients

LINE_EVERY_S = 5
OPTIONS = {  # name: default, lowest, highest
    "DURATION": (120, 5, 86400), "RATE": (200, 1, 5000), "PROCESSES": (3, 1, 20), "WORKERS": (2, 1, 64),
    "PIPELINES": (4, 1, 50), "FAILOVER": (3, 1, 600), "SEED": (None, 0, 2**31),
}


class WrongOption(Exception):
    pass


def number(name):
    default, low, high = OPTIONS[name]
    text = os.environ.get(name, "")
    if not text:
        return random.SystemRandom().randrange(10**6) if default is None else default
    if not text.isdigit() or not low <= int(text) <= high:
        raise WrongOption(f"{name}={text}: expected a whole number from {low} to {high}")
    return int(text)


def kill_every():
    text = os.environ.get("KILL_EVERY") or "2-6"
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?", text)
    low = float(found[1]) if found else 0
    high = float(found[2] or found[1]) if found else 0
    if not 0 < low <= high:
        raise WrongOption(f"KILL_EVERY={text}: expected seconds, as 4 or 2-6")
    return low, high


def connect(url):
    settings = botocore.config.Config(retries={"max_attempts": 5}, max_pool_connections=16)
    return Clients(*(boto3.client(name, endpoint_url=url, region_name="us-east-1", aws_access_key_id="chaos",
                                  aws_secret_access_key="chaos", config=settings)
                     for name in ("dynamodb", "dynamodbstreams")))


class Picture:
    """A line every few seconds."""

    def __init__(self, storm):
        self.storm = storm
        self._next = 0.0

    def show(self):
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + LINE_EVERY_S
        storm = self.storm
        feeds = "  ".join(f"{feed.name} {len(feed.distinct):,} by {feed.last_by}" for feed in storm.feeds)
        repeats = sum(feed.repeats for feed in storm.feeds)
        print(f"{now - storm.began:5.0f} s  {storm.churn.written:,} changes | {feeds} | "
              f"{len(storm.kills)} kills, {repeats:,} repeats", flush=True)


def report(storm, settled_s, wrong):
    moved = storm.unexplained()
    distinct = sum(len(feed.distinct) for feed in storm.feeds)
    repeats = sum(feed.repeats for feed in storm.feeds)
    met = [kill for kill in storm.kills if kill.failovers]
    failovers = [seconds for kill in met for seconds in kill.failovers]
    cpu_s = sum(member.cpu_s for member in storm.members)
    seconds = storm.wrote_s + settled_s
    print(f"{storm.churn.written:,} changes in {storm.wrote_s:.0f} s ({storm.churn.written / storm.wrote_s:.0f} a second); "
          f"{distinct:,} records arrived in {len(storm.feeds)} pipelines ({distinct / seconds:.0f} a second), the last {settled_s:.1f} s after the last change")
    print(f"{len(storm.kills)} kills, {len(met)} of them of a process that had leases; "
          f"to the first record by another, in {len(failovers)} pipelines: {spread(failovers, ' s')} (min / median / max)")
    print(f"{repeats:,} repeats ({100 * repeats / max(distinct, 1):.2f} %): {repeats - moved:,} had been sent by a process that was killed "
          f"before it saved its position, for each such kill {spread([kill.repeats for kill in met], digits=0)}; {moved:,} when a lease moved")
    print(f"the {len(storm.members)} processes used {cpu_s:.1f} CPU seconds in {seconds:.0f} s ({100 * cpu_s / seconds:.0f} % of a core), "
          f"{1e6 * cpu_s / max(distinct, 1):.0f} CPU s per million records")
    for sentence in wrong:
        print(f"✗ {sentence}")


def run(storm):
    storm.start()
    picture = Picture(storm)
    print(f"chaos: {len(storm.members)} processes run; a line every {LINE_EVERY_S} s, \"by 2.7\": last sent by the seventh run of process 2", flush=True)
    storm.rage(number("DURATION"), picture.show)
    wrote_at = time.monotonic()
    settled = storm.settle(120, picture.show)
    settled_s = time.monotonic() - wrote_at
    print("chaos: stopping all by SIGTERM, then comparing everything", flush=True)
    storm.stop()
    wrong = storm.verdict()
    if not settled and not wrong:
        wrong.append("everything was right only after the processes had been stopped")
    report(storm, settled_s, wrong)
    if wrong:
        print("verdict: NOT as promised")
        return 1
    print(f"verdict: as promised: nothing lost, order kept item by item, counters and view equal the table "
          f"after {len(storm.kills)} kills")
    return 0


def options():
    return {"processes": number("PROCESSES"), "workers": number("WORKERS"), "pipelines": number("PIPELINES"),
            "rate": number("RATE"), "failover_s": number("FAILOVER"), "kill_every_s": kill_every(), "seed": number("SEED")}


def empty_folder():
    """FOLDER, or a new one."""
    named = os.environ.get("FOLDER")
    if not named:
        return pathlib.Path(tempfile.mkdtemp(prefix="sluice-chaos."))
    folder = pathlib.Path(named).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise WrongOption(f"FOLDER={named}: it is not empty; name another one")
    return folder


def leave(folder, code):
    if os.environ.get("FOLDER") or code == 1:
        print(f"chaos: logs and files are in {folder}", flush=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


class Interrupted(Exception):
    pass


def interrupt(signal_number, _frame):
    """The first signal ends it in order; further ones find that under way."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    raise Interrupted(signal_number)


def judge(folder, chosen):
    """The whole of it, in that folder; the exit code. Whichever way it ends, nothing is left running."""
    service = Service("dynamodb-local", folder / "dynamodb-local")
    storm = None
    try:
        service.start()
        storm = Storm(folder, connect(service.url), service.url, **chosen)
        return run(storm)
    except Interrupted as error:
        print("\nchaos: interrupted; stopping what runs", flush=True)
        return 128 + error.args[0]
    except (AssertionError, RuntimeError, BotoCoreError, ClientError) as error:
        print(f"chaos: {error}\nverdict: NOT as promised", file=sys.stderr)
        return 1
    finally:
        try:
            if storm:
                storm.discard()
        finally:
            service.stop()


def main():
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, interrupt)
    try:
        number("DURATION")
        chosen = options()
        folder = empty_folder()
    except WrongOption as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 2
    print("chaos: " + ", ".join(f"{name} {value}" for name, value in chosen.items()), flush=True)
    code = judge(folder, chosen)
    leave(folder, code)
    return code


if __name__ == "__main__":
    sys.exit(main())
