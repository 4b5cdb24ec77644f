"""The program under test, seen from outside: a process, its settings file, its log."""

import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess

from .services import ROOT
from .settings import settings_text
from .wait import eventually

BINARY = pathlib.Path(os.environ.get("SLUICE", ROOT / "build" / "san-1" / "sluice")).resolve()
SANITIZER = re.compile(r"(ERROR|WARNING): (Address|Leak|Thread|Memory)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")
LOG_FIELD = re.compile(r'([\w.]+)=("(?:[^"\\]|\\.)*"|\S*)')

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def environment(folder, **more):
    """A closed one: no credentials, profile or instance metadata of the machine it runs on."""
    kept = {name: os.environ[name] for name in ("PATH", "TZ", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **kept,
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": "AKIDTEST",
        "AWS_SECRET_ACCESS_KEY": "a-secret-that-must-not-be-logged",
        "AWS_EC2_METADATA_DISABLED": "true",
        "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
        "TSAN_OPTIONS": "exitcode=99",
        **more,
    }


def sanitizer_report(text):
    """From the first line of a sanitizer's report on, or None."""
    found = SANITIZER.search(text)
    return text[found.start():found.start() + 4000] if found else None


def logfmt(line):
    """The fields of one log line; {} for a line that is none."""
    return {name: json.loads(value) if value.startswith('"') else value
            for name, value in LOG_FIELD.findall(line)}


class Sluice:
    """`sluice run` with one settings file, started and ended as often as a test likes.

    All runs write to one stderr file; `log` is its text. `settings` may be changed between runs.
    """

    def __init__(self, folder, settings, env=None):
        self.folder = pathlib.Path(folder)
        self.settings = settings
        self.env = environment(self.folder, **(env or {}))
        self.process = None
        self.stderr = self.folder / "stderr.log"
        self.stdout = self.folder / "stdout.log"
        self.file = self.folder / "sluice.conf"

    # -- its life

    def start(self):
        assert self.process is None, "it runs already"
        assert BINARY.exists(), f"{BINARY} is not there; run make SAN=1, or set SLUICE to a built program"
        self.write_settings()
        with self.stderr.open("ab") as err, self.stdout.open("ab") as out:
            self.process = subprocess.Popen(
                [BINARY, "run", "-c", self.file], cwd=self.folder, env=self.env,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=_die_with_parent,
            )
        return self

    def write_settings(self):
        text = self.settings if isinstance(self.settings, str) else settings_text(self.settings)
        self.file.write_text(text)

    def kill9(self):
        self.assert_running()
        self.process.kill()
        self.process.wait()
        self.process = None
        self.assert_clean()

    def stop(self, deadline=30.0):
        """SIGTERM; it must end by itself with exit code 0 within the deadline."""
        self.assert_running()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {deadline:g} s after SIGTERM") from None
        self.process = None
        self.assert_clean()
        assert code == 0, f"exit code {code} after SIGTERM"

    def restart(self):
        self.stop()
        return self.start()

    def wait_exit(self, timeout=30.0):
        """Until it ends by itself; its exit code."""
        code = self.process.wait(timeout)
        self.process = None
        self.assert_clean()
        return code

    def discard(self):
        """At a test's end: whatever state it is in, it is gone afterwards."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    # -- what it says

    @property
    def log(self):
        return self.stderr.read_text(errors="replace") if self.stderr.exists() else ""

    def events(self, name=None):
        """The log's lines as dicts; with a name only those of that event."""
        lines = [logfmt(line) for line in self.log.splitlines()]
        return [fields for fields in lines if fields and name in (None, fields.get("event"))]

    def mark(self):
        """How long the log is: `log[mark:]` is what came later."""
        return len(self.log)

    def wait_for(self, predicate, timeout=30.0, what="the expected result"):
        """eventually(), but ends at once when the program has ended."""

        def running_and_predicate():
            value = predicate()
            if not value:
                self.assert_running()
            return value

        return eventually(running_and_predicate, timeout, what)

    def wait_log(self, pattern, timeout=30.0, since=0):
        found = re.compile(pattern)
        return self.wait_for(lambda: found.search(self.log[since:]), timeout,
                             f"a log line that matches {pattern!r}")

    # -- what must always hold

    def assert_running(self):
        assert self.process is not None, "it does not run"
        code = self.process.poll()
        if code is not None:
            self.process = None
            self.assert_clean()
            raise AssertionError(f"it ended by itself with exit code {code}; its log ends with:\n{self.log[-3000:]}")

    def assert_clean(self):
        report = sanitizer_report(self.log)
        assert report is None, f"a sanitizer reports:\n{report}"
        assert self.env["AWS_SECRET_ACCESS_KEY"] not in self.log, "the log shows the secret key"


def run_command(*arguments, cwd, stdin=None, env=None, timeout=60):
    """A subcommand that ends by itself: its CompletedProcess, checked for sanitizers' reports."""
    done = subprocess.run(
        [BINARY, *map(str, arguments)], cwd=cwd, env=environment(cwd, **(env or {})), input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False,
    )
    with (pathlib.Path(cwd) / "commands.log").open("a") as log:  # for tests/check-secrets
        log.write(done.stdout + done.stderr)
    report = sanitizer_report(done.stderr)
    assert report is None, f"a sanitizer reports:\n{report}"
    return done
