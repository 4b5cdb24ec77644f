"""kill -9 at random moments."""

import time

SHARD_OPEN = r"event=shard\.open"


def run_and_kill(program, moments, seen=None):
    """One run that ends by SIGKILL, up to 0.7 s after it has begun to read (or `seen` holds)."""
    since = program.mark()
    program.start()
    if seen:
        program.wait_for(seen, what="a first result of this run")
    else:
        program.wait_log(SHARD_OPEN, since=since)
    moment = time.monotonic() + moments.uniform(0, 0.7)
    program.wait_for(lambda: time.monotonic() >= moment)
    program.kill9()


def survive_kills(program, writing, moments, kills=4):
    """Kills it again and again while `writing` goes on; then it runs and the writing is over."""
    for _ in range(kills):
        run_and_kill(program, moments)
    program.start()
    writing.finish()
