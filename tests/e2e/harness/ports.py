"""Free ports on 127.0.0.1, below the range that the system hands out by itself."""

import os
import random
import socket

# Sessions that run at the same time have ranges of their own.
_LOWEST, _HIGHEST = map(int, os.environ.get("TEST_PORTS", "20000-32000").split("-"))
_chooser = random.SystemRandom()
_given = set()


def _free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(count=1):
    """The first of `count` adjacent free ports; no port is given twice in a session."""
    for _ in range(1000):
        first = _chooser.randrange(_LOWEST, _HIGHEST)
        wanted = range(first, first + count)
        if not _given.intersection(wanted) and all(map(_free, wanted)):
            _given.update(wanted)
            return first
    raise RuntimeError(f"no free ports between {_LOWEST} and {_HIGHEST} on 127.0.0.1")
