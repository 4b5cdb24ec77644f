"""Waiting: poll with a deadline, never sleep and hope."""

import os
import time

PATIENCE = float(os.environ.get("PATIENCE", "1"))  # stretches deadlines on a machine that is busy otherwise


def eventually(predicate, timeout=30.0, what="the condition"):
    """Polls until predicate() is truthy and returns its value; fails with `what` at the deadline.

    `what` may be a function, asked at the deadline, when it says more by then.
    """
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise AssertionError(f"not within {timeout:g} s: {text}")
        time.sleep(0.05)
