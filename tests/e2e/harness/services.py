"""The real services, started by the project's own scripts."""

import os
import pathlib
import subprocess

from .ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Service:
    """One service on a free port (and the one after it, which some take for themselves)."""

    def __init__(self, name, folder, **env):
        self.name = name
        self.script = ROOT / "deploy" / "services" / f"{name}.sh"
        self.folder = pathlib.Path(folder)
        self.port = free_port(2)
        # The script's watcher stops the service should this process be killed.
        self.env = {**os.environ, "SERVICES_OWNER": str(os.getpid()), **env}

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def _run(self, action):
        done = subprocess.run(
            [self.script, action, str(self.port), str(self.folder)],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=180, check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.script.name} {action} failed ({done.returncode}):\n{done.stdout}")

    def start(self):
        self._run("start")
        return self

    def stop(self):
        self._run("stop")
