"""The real services, started beside each other by deploy/services and stopped again."""

import os
import pathlib
import signal
import subprocess

from harness.ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRIES = 4  # a port that was free may be taken a moment later


class Service:
    def __init__(self, name, folder, port=None):
        self.name = name
        self.folder = folder / name
        self.fixed = port is not None
        self.port = port
        self.process = None
        self.output = None
        self.tried = 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def _call(self, action):
        script = ROOT / "deploy" / "services" / f"{self.name}.sh"
        # A session of its own: Ctrl-C is for the demo, which then stops its services in order.
        # The script's watcher stops the service should the demo be killed.
        return subprocess.Popen(
            [script, action, str(self.port), str(self.folder)], start_new_session=True,
            env={**os.environ, "SERVICES_OWNER": str(os.getpid()), "KAFKA_PARTITIONS": "4"},
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
        )

    def begin(self):
        self.tried += 1
        if not self.fixed:
            self.port = free_port(2)
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "start.log").open("wb") as self.output:
            self.process = self._call("start")

    def ready(self):
        """True when it answers; begins again on other ports when these were taken meanwhile."""
        if self.process.poll() is None:
            return False
        if self.process.returncode == 0:
            return True
        said = (self.folder / "start.log").read_text(errors="replace").strip()
        if "is taken" in said and not self.fixed and self.tried < TRIES:
            self.begin()
            return False
        raise RuntimeError(f"{self.name} could not be started:\n{said}")

    def begin_stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:  # still starting: the script stops what it has begun
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        self.output = subprocess.DEVNULL
        self.process = self._call("stop")

    def wait_stopped(self):
        if self.process is not None:
            self.process.wait()
            self.process = None


def stop_all(services):
    for service in services:
        service.begin_stop()
    for service in services:
        service.wait_stopped()
