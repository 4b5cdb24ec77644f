#!/usr/bin/env python3
"""sluice mcp beside awslabs.dynamodb-mcp-server, in one run: make bench-mcp.

Time from the start of the process to the answers of initialize and of tools/list, resident memory then, latency of two
tools that both have, size of the tool list (models pay for it by the token), size on disk. Medians. PEER: the version;
RUNS: starts of each; CACHE: a folder where the peer is installed once (a virtual environment, about 250 MB).
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SLUICE", ROOT / "build" / "sluice"))
PEER = os.environ.get("PEER", "2.1.8")
RUNS = int(os.environ.get("RUNS", "10"))
CACHE = pathlib.Path(os.environ.get("CACHE", pathlib.Path(tempfile.gettempdir()) / "sluice-bench-mcp"))
CALLS = 200

COSTS = {
    "access_pattern_list": [
        {"operation": "Query", "pattern": "1", "description": "Orders of a customer", "table": "Orders", "rps": 100,
         "item_size_bytes": 1000, "item_count": 20},
        {"operation": "PutItem", "pattern": "2", "description": "Place an order", "table": "Orders", "rps": 10,
         "item_size_bytes": 1000, "gsi_list": ["ByDay"]},
    ],
    "table_list": [{"name": "Orders", "item_size_bytes": 1000, "item_count": 1000000,
                    "gsi_list": [{"name": "ByDay", "item_size_bytes": 200, "item_count": 1000000}]}],
}


class Server:
    """One start; stdin and stdout are pipes, as clients have them."""

    def __init__(self, command, folder):
        env = {**os.environ, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "FASTMCP_LOG_LEVEL": "ERROR"}
        self.begin = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        env=env, cwd=folder)
        self.last = 0

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method, **params):
        """The answer's line."""
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        while True:
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"{method}: the server has ended")
            if json.loads(line).get("id") == self.last:
                return line

    def open(self):
        self.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "bench", "version": "1"})
        opened = time.perf_counter() - self.begin
        self.send({"method": "notifications/initialized"})
        tools = self.ask("tools/list")
        return opened, time.perf_counter() - self.begin, tools

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    def latency(self, tool, arguments):
        times = []
        for _ in range(CALLS):
            begin = time.perf_counter()
            answer = self.ask("tools/call", name=tool, arguments=arguments)
            times.append(time.perf_counter() - begin)
        if json.loads(answer)["result"].get("isError"):
            sys.exit(f"{tool}: {answer[:500]}")
        return statistics.median(times)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def install_peer():
    """Its command, and its size on disk."""
    folder = CACHE / PEER
    command = folder / "bin" / "awslabs.dynamodb-mcp-server"
    if not command.exists():
        print(f"installing awslabs.dynamodb-mcp-server {PEER} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", f"awslabs.dynamodb-mcp-server=={PEER}"], check=True)
    size = int(subprocess.run(["du", "-sk", folder], capture_output=True, text=True, check=True).stdout.split()[0])
    return [command], size * 1024


def measure(command, folder):
    starts, lists = [], []
    for _ in range(RUNS):
        server = Server(command, folder)
        opened, listed, tools = server.open()
        starts.append(opened)
        lists.append(listed)
        resident = server.resident_kib()
        if len(starts) < RUNS:
            server.close()
    guide = server.latency("dynamodb_data_modeling", {})
    costs = server.latency("compute_performances_and_costs", {**COSTS, "workspace_dir": str(folder)})
    after = server.resident_kib()
    server.close()
    return {"start": statistics.median(starts), "list": statistics.median(lists), "resident": resident, "after": after,
            "guide": guide, "costs": costs, "bytes": len(tools), "tools": len(json.loads(tools)["result"]["tools"])}


ROWS = (
    ("start to the answer of initialize", lambda m: f"{m['start'] * 1e3:,.1f} ms"),
    ("start to the answer of tools/list", lambda m: f"{m['list'] * 1e3:,.1f} ms"),
    ("resident then", lambda m: f"{m['resident']:,} KiB"),
    (f"resident after {2 * CALLS} calls", lambda m: f"{m['after']:,} KiB"),
    ("dynamodb_data_modeling", lambda m: f"{m['guide'] * 1e3:.2f} ms"),
    ("compute_performances_and_costs", lambda m: f"{m['costs'] * 1e3:.2f} ms"),
    ("tools/list", lambda m: f"{m['bytes']:,} bytes, {m['tools']} tools"),
    ("on disk", lambda m: f"{m['disk'] / 1e6:,.1f} MB"),
)


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        peer, peer_size = install_peer()
        warm = Server(peer, folder)   # bytecode is written once
        warm.open()
        warm.close()
        ours = {**measure([BINARY, "mcp"], folder), "disk": BINARY.stat().st_size}
        theirs = {**measure(peer, folder), "disk": peer_size}
    print(f"{'':36} {'sluice mcp':>22} {'awslabs ' + PEER:>22}")
    for name, show in ROWS:
        print(f"{name:36} {show(ours):>22} {show(theirs):>22}")
    print(f"starts {theirs['start'] / ours['start']:.0f} times as fast")


if __name__ == "__main__":
    main()
