"""What tests/judge/aws_call said of one call."""

import json


def refused(done):
    """Class and code of a call that failed."""
    assert done.returncode == 1, done.stdout
    return tuple(done.stderr.decode().splitlines()[0].split(" "))


def accepted(done):
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout or "{}")
