"""sluice itself: a process with a settings file, what it uses of the machine, its dead letters."""

import ctypes
import os
import pathlib
import signal
import subprocess
import threading

from services import ROOT

PR_SET_PDEATHSIG = 1
TICKS = os.sysconf("SC_CLK_TCK")
_libc = ctypes.CDLL(None)


def _die_with_parent():
    """The parent is the thread that started it, not the process: start() is for the main thread."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Daemon:
    """`sluice run`; killed and started again as often as wished. Its log is one file."""

    def __init__(self, folder, settings, environment):
        self.folder = pathlib.Path(folder)
        self.settings = ROOT / "conf" / settings
        self.log = self.folder / "sluice.log"
        self.dead_letters = self.folder / "dead-letters.jsonl"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {
            **kept, "HOME": str(folder), "AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1",
            "DEAD_LETTERS": str(self.dead_letters), **environment,
        }
        self.process = None
        self.kills = 0
        self._spent = 0.0  # CPU seconds of the runs that are over
        self._lock = threading.Lock()  # the figures are read beside

    def start(self):
        # A session of its own: Ctrl-C is for the demo, which then ends the daemon by SIGTERM.
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [ROOT / "build" / "sluice", "run", "-c", self.settings], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=_die_with_parent,
            )
        with self._lock:
            self.process = process

    def kill9(self):
        with self._lock:
            self._spent += self._cpu_now()
            process, self.process = self.process, None
        process.kill()
        process.wait()
        self.kills += 1

    def stop(self, deadline=40):
        """SIGTERM; its exit code, None when it had to be killed."""
        with self._lock:
            self._spent += self._cpu_now()
            process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(deadline)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def ended(self):
        """The exit code of a daemon that ended by itself, which it should not."""
        with self._lock:
            return self.process.poll() if self.process else None

    def _cpu_now(self):
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / TICKS
        except (OSError, AttributeError):
            return 0.0

    def cpu_seconds(self):
        with self._lock:
            return self._spent + self._cpu_now()

    def resident_mb(self):
        """Resident memory, 0 while it does not run."""
        with self._lock:
            process = self.process
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            return int(status.partition("VmRSS:")[2].split()[0]) / 1024
        except (OSError, AttributeError, IndexError):
            return 0.0

    def letters(self):
        try:
            return self.dead_letters.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def log_tail(self, lines=15):
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""
