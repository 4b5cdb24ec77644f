"""`sluice mcp` over pipes, in all five protocol versions: what it writes is held to the published schemas; what a
hostile or broken client sends does not end it."""

import json
import os
import pty
import select
import signal
import subprocess
import time

import pytest

from harness.mcp import CURRENT, LEGACY, Server
from harness.program import BINARY, environment, sanitizer_report
from harness.wait import PATIENCE

VERSIONS = [*LEGACY, CURRENT]
FIXTURES = "--conformance-fixtures"


@pytest.fixture
def server(tmp_path):
    """server(*arguments, version=None, ...): one that is gone after the test, without a sanitizer's report."""
    made = []

    def start(*arguments, **more):
        made.append(Server(tmp_path, *arguments, **more))
        return made[-1]

    yield start
    for one in made:
        one.discard()
        assert not sanitizer_report(one.log), one.log


@pytest.fixture(params=VERSIONS)
def opened(request, server):
    """A server with fixtures that a client of each version has opened."""
    version = request.param
    made = server(FIXTURES, version=version)
    if version == CURRENT:
        made.result("server/discover")
    else:
        assert made.initialize()["protocolVersion"] == version
    return made


def everything(listing, key, one):
    entries = one.result(listing)[key]
    assert entries
    return entries


# -- every message of every version


def test_lists_are_as_the_schema_has_them(opened):
    tools = everything("tools/list", "tools", opened)
    assert "dynamodb_data_modeling" in [tool["name"] for tool in tools]
    assert all(tool["description"] for tool in tools)
    assert all(prompt["description"] for prompt in everything("prompts/list", "prompts", opened))
    everything("resources/list", "resources", opened)
    everything("resources/templates/list", "resourceTemplates", opened)


def test_each_tool_answers_as_the_schema_has_it(opened):
    asking = {"test_sampling", "test_elicitation", "test_path", "test_wait"}
    for tool in everything("tools/list", "tools", opened):
        if tool["name"] not in asking and "elicitation" not in tool["name"]:
            assert opened.call(tool["name"])["content"]


def test_each_prompt_and_resource_answers_as_the_schema_has_it(opened):
    for prompt in everything("prompts/list", "prompts", opened):
        arguments = {argument["name"]: "x://y" for argument in prompt.get("arguments", [])}
        assert opened.result("prompts/get", {"name": prompt["name"], "arguments": arguments})["messages"]
    for resource in everything("resources/list", "resources", opened):
        assert opened.result("resources/read", {"uri": resource["uri"]})["contents"]


def test_errors_are_as_the_schema_has_them(opened):
    assert opened.ask("tools/call", {"name": "none"})["error"]["code"] == -32602
    assert opened.ask("nothing/known")["error"]["code"] == -32601
    assert opened.ask("prompts/get", {"name": "none"})["error"]["code"] == -32602
    missing = -32602 if opened.version == CURRENT else -32002
    assert opened.ask("resources/read", {"uri": "test://none"})["error"]["code"] == missing
    assert opened.ask("tools/list", {"cursor": "none"})["error"]["code"] == -32602
    opened.send("this is no JSON")
    answer = opened.next()
    assert answer["error"]["code"] == -32700
    assert ("id" in answer) == (opened.version in LEGACY[:3])
    assert opened.call("test_error_handling")["isError"]


def test_completion_is_as_the_schema_has_it(opened):
    completion = opened.result("completion/complete", {
        "ref": {"type": "ref/prompt", "name": "test_prompt_with_arguments"}, "argument": {"name": "arg1", "value": ""}})
    assert len(completion["completion"]["values"]) == 100 and completion["completion"]["hasMore"]


def test_progress_and_log_messages_are_as_the_schema_has_them(opened):
    meta = {"progressToken": "t", "io.modelcontextprotocol/logLevel": "debug"}
    if opened.version != CURRENT:
        opened.result("logging/setLevel", {"level": "debug"})
    opened.request("tools/call", {"name": "test_tool_with_progress", "_meta": meta}, id=7)
    assert [opened.next()["params"]["progress"] for _ in range(3)] == [0, 50, 100]
    assert opened.next()["id"] == 7
    opened.request("tools/call", {"name": "test_tool_with_logging", "_meta": meta}, id=8)
    assert [opened.next()["params"]["level"] for _ in range(3)] == ["info"] * 3
    assert opened.next()["id"] == 8


@pytest.mark.parametrize("version", LEGACY)
@pytest.mark.parametrize("tool, arguments, method, answer", [
    ("test_sampling", {"prompt": "?"}, "sampling/createMessage",
     {"role": "assistant", "content": {"type": "text", "text": "yes"}, "model": "m"}),
    ("test_elicitation", {"message": "?"}, "elicitation/create", {"action": "accept", "content": {"username": "yes"}}),
    ("test_elicitation_sep1034_defaults", {}, "elicitation/create", {"action": "decline"}),
    ("test_path", {"path": "x"}, "roots/list", {"roots": [{"uri": "file:///tmp"}]}),
])
def test_a_legacy_client_is_asked(server, version, tool, arguments, method, answer):
    if version in LEGACY[:2] and method == "elicitation/create":
        return  # those versions have no elicitation, their clients do not declare it
    one = server(FIXTURES, version=version)
    one.initialize(capabilities={"sampling": {}, "elicitation": {}, "roots": {}})
    one.request("tools/call", {"name": tool, "arguments": arguments}, id=5)
    question = one.next()
    assert question["method"] == method
    one.send({"jsonrpc": "2.0", "id": question["id"], "result": answer})
    result = one.next()
    assert result["id"] == 5 and not result["result"].get("isError"), result


def test_a_current_client_is_asked_by_the_result(server):
    one = server(FIXTURES, version=CURRENT)
    meta = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}, "sampling": {}}}
    call = {"name": "test_elicitation", "arguments": {"message": "?"}, "_meta": meta}
    asked = one.result("tools/call", call)
    assert asked["resultType"] == "input_required"
    again = {**call, "inputResponses": {key: {"action": "accept", "content": {"username": "u"}} for key in asked["inputRequests"]},
             "requestState": asked["requestState"]}
    assert "action=accept" in one.result("tools/call", again)["content"][0]["text"]
    refused = one.ask("tools/call", {"name": "test_sampling", "arguments": {"prompt": "?"}})["error"]
    assert refused["code"] == -32021 and refused["data"]["requiredCapabilities"] == {"sampling": {}}


def test_a_subscription_of_the_current_era(server):
    one = server(FIXTURES, version=CURRENT)
    one.request("subscriptions/listen", {"notifications": {"resourceSubscriptions": ["test://watched-resource"]}}, id="s")
    acknowledged = one.next()["params"]
    assert acknowledged["notifications"] == {"resourceSubscriptions": ["test://watched-resource"]}
    one.process.send_signal(signal.SIGTERM)
    assert one.next()["id"] == "s"
    assert one.wait() == 0


def test_a_batch_of_2025_03_26(server):
    one = server(FIXTURES, version="2025-03-26")
    one.initialize()
    one.send([{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
              {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "test_simple_text"}}])
    answers = one.next()
    assert sorted(answer["id"] for answer in answers) == [1, 2, 3]
    one.schema.check("JSONRPCBatchResponse", answers)


def test_schemas_have_only_what_all_clients_take(server):
    one = server("--list-all", version="2025-11-25")
    one.initialize()

    def check(schema):
        assert set(schema) <= {"type", "description", "properties", "required", "items", "enum"}, schema
        assert isinstance(schema.get("type", ""), str)
        for name in schema.get("required", []):
            assert name in schema["properties"]
        for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if schema.get("items") else [])]:
            check(inner)

    for tool in one.result("tools/list")["tools"]:
        check(tool["inputSchema"])
        assert tool["title"] and len(tool["name"]) <= 64
        assert set(tool["annotations"]) == {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
        assert tool.get("outputSchema", {"type": "object"})["type"] == "object"


# -- bad clients


BAD = [
    b"x\n", b"\xff\xfe\n", b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\xc3("}}\n', b"\x00\n", b'"\x00"\n', b"[" * 100000 + b"\n",
    b'{"a":' * 200 + b"1" + b"}" * 200 + b"\n", b"{}\n", b"[]\n", b"[1]\n", b"null\n", b'{"jsonrpc":"1.0","id":1,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":null,"method":"ping"}\n', b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":{},"method":"ping"}\n', b'{"jsonrpc":"2.0","id":1,"method":7}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"none"}\n', b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"none"}}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_echo","arguments":{"none":1}}}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_wait","arguments":{"milliseconds":"soon"}}}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_echo","arguments":{"a":1,"a":2}}}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_echo","arguments":{"text":"\\ud800"}}}\n',
]


@pytest.mark.parametrize("version", ["2024-11-05", "2025-11-25"])
def test_what_is_wrong_is_answered_and_the_server_goes_on(server, version):
    one = server(FIXTURES, version=version)
    one.initialize()
    one.methods["1"] = "tools/call"
    for bad in BAD:
        one.send(bad)
        answer = one.next()
        assert "error" in answer or answer["result"]["isError"], (bad[:100], answer)
        assert one.result("ping", id="still there") == {}


def test_a_line_of_20_mib_is_refused_and_not_held(server):
    forgets = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=1:quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}
    one = server(FIXTURES, version="2025-06-18", env=forgets)
    one.initialize()
    before = one.resident_kb("VmHWM")
    for _ in range(3):
        for _ in range(20):
            one.send(b"x" * (1 << 20))
        one.send(b"\n")
        assert one.next()["error"]["code"] == -32600
    assert one.result("ping") == {}
    assert one.resident_kb() < before + 16 * 1024  # what was read of it has gone again


def test_a_large_argument_is_taken_and_not_given_back(server):
    one = server(FIXTURES, version="2025-06-18")
    one.initialize()
    result = one.call("test_echo", {"text": "x" * (10 << 20)})
    assert result["isError"] and len(json.dumps(result)) < 1000


@pytest.mark.parametrize("rest", [b'{"jsonrpc":"2.0","id":9,"meth', b'{"jsonrpc":"2.0","id":9,"method":"ping"}'])
def test_half_a_line_and_then_the_end(server, rest):
    one = server(version="2025-06-18")
    one.initialize()
    one.methods["9"] = "ping"
    one.send(rest)
    one.process.stdin.close()
    answer = one.next()
    assert answer["error"]["code"] == -32700 if b"method" not in rest else answer == {"jsonrpc": "2.0", "id": 9, "result": {}}
    assert one.wait() == 0


def test_a_thousand_requests_in_one_piece(server):
    one = server(FIXTURES, version="2025-06-18")
    one.initialize()
    requests = [{"jsonrpc": "2.0", "id": n, "method": "tools/call",
                 "params": {"name": "test_wait", "arguments": {"milliseconds": n % 5}}} for n in range(1000)]
    one.methods.update({str(n): "tools/call" for n in range(1000)})
    one.send("\n".join(map(json.dumps, requests)))
    assert sorted(one.next()["id"] for _ in requests) == list(range(1000))


def test_a_client_that_does_not_read_is_not_read_and_costs_no_memory(server):
    one = server(FIXTURES)
    one.send({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}}})
    one.next()
    one.reading.clear()
    os.set_blocking(one.process.stdin.fileno(), False)
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode() + b"\n"
    sent, quiet = 0, time.monotonic()
    while time.monotonic() - quiet < 1.0 and sent < 64 << 20:
        written = one.process.stdin.raw.write(line * 100)
        if written:
            sent, quiet = sent + written, time.monotonic()
        else:
            time.sleep(0.05)
    assert sent < 8 << 20, "it went on reading"
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(5 * PATIENCE) == 0


@pytest.mark.parametrize("how", ["eof", signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_within_a_second_and_cleans_up(server, how):
    one = server(FIXTURES, version="2025-06-18")
    one.initialize()
    one.result("logging/setLevel", {"level": "info"})
    one.request("tools/call", {"name": "test_wait", "arguments": {"milliseconds": 600000}}, id=5)
    assert one.next()["method"] == "notifications/message"  # it runs
    begun = time.monotonic()
    if how == "eof":
        one.process.stdin.close()
    else:
        one.process.send_signal(how)
    assert one.wait() == 0
    assert time.monotonic() - begun < 2 * PATIENCE
    assert "fixture.cleaned" in one.log


def test_it_ends_when_the_client_is_gone(tmp_path):
    reads, writes = os.pipe()
    process = subprocess.Popen([BINARY, "mcp"], stdin=subprocess.PIPE, stdout=writes, stderr=subprocess.PIPE, cwd=tmp_path,
                               env=environment(tmp_path))
    os.close(reads), os.close(writes)
    process.stdin.write(b'{"jsonrpc":"2.0","id":0,"method":"ping"}\n')
    process.stdin.flush()
    try:
        assert process.wait(20 * PATIENCE) == 1
        assert b"nobody reads stdout" in process.stderr.read()
    finally:
        process.kill()
        process.stdin.close(), process.stderr.close()


def test_stdout_has_nothing_but_messages_and_files_will_do(tmp_path):
    lines = [{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "id": 2, "method": "server/discover"}]
    (tmp_path / "in").write_text("".join(json.dumps(line) + "\r\n" for line in lines))
    with (tmp_path / "in").open() as commands, (tmp_path / "out").open("w") as out:
        done = subprocess.run([BINARY, "mcp"], stdin=commands, stdout=out, stderr=subprocess.PIPE, cwd=tmp_path,
                              env=environment(tmp_path), timeout=20 * PATIENCE)
    assert done.returncode == 0 and done.stderr == b""
    assert [json.loads(line)["id"] for line in (tmp_path / "out").read_text().splitlines()] == [1, 2]
    null = subprocess.run([BINARY, "mcp"], stdin=subprocess.DEVNULL, capture_output=True, cwd=tmp_path,
                          env=environment(tmp_path), timeout=20 * PATIENCE)
    assert (null.returncode, null.stdout, null.stderr) == (0, b"", b"")


# -- workspaces, options, terminals


def test_paths_outside_of_the_workspace_are_refused(server, tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir(), outside.mkdir()
    (outside / "secret").write_text("x")
    (inside / "link").symlink_to(outside)
    (inside / "dangling").symlink_to(outside / "new")
    one = server(FIXTURES, "--workspace", str(inside), version="2025-06-18")
    one.initialize(capabilities={"roots": {}})
    assert one.call("test_path", {"path": "new/file.json"})["content"][0]["text"] == str(inside / "new/file.json")
    for path in ["../outside/secret", "link/secret", "dangling", str(outside), "/etc/passwd", "a/../../outside"]:
        refused = one.call("test_path", {"path": path})
        assert refused["isError"] and str(inside) in refused["content"][0]["text"], path


def test_the_working_directory_is_the_workspace_unless_it_is_the_home(server, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    one = server(FIXTURES, version="2025-06-18", cwd=project)
    one.initialize()
    assert one.call("test_path", {"path": "x"})["content"][0]["text"] == str(project / "x")
    home = server(FIXTURES, version="2025-06-18", cwd=tmp_path)
    home.initialize()
    assert "--workspace DIR" in home.call("test_path", {"path": "x"})["content"][0]["text"]


@pytest.mark.parametrize("arguments, said", [
    (["--workspace", "/not/there"], "/not/there"), (["--toolsets", "desing"], "did you mean 'design'?"),
    (["--tools", "dynamodb_data_modelling"], "did you mean 'dynamodb_data_modeling'?"), (["--tables", "a,,b"], "a,,b"),
    (["--tables", ""], "expected tables' names"), (["--region"], "a region"), (["FILE"], "unexpected argument"),
])
def test_wrong_options_are_told(tmp_path, arguments, said):
    done = subprocess.run([BINARY, "mcp", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          cwd=tmp_path, env=environment(tmp_path), timeout=20 * PATIENCE)
    assert done.returncode == 2 and done.stdout == "" and said in done.stderr


def test_tools_that_were_not_chosen_are_not_there(server):
    one = server("--tools", "dynamodb_data_model_schema", version="2025-06-18")
    one.initialize()
    assert [tool["name"] for tool in one.result("tools/list")["tools"]] == ["dynamodb_data_model_schema"]
    refused = one.call("dynamodb_data_modeling")
    assert refused["isError"] and "--tools" in refused["content"][0]["text"]


def test_on_a_terminal_it_explains_itself_and_serves(tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BINARY, "mcp"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
                               env=environment(tmp_path))
    os.close(theirs)
    try:
        os.write(ours, b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        assert select.select([process.stdout], [], [], 20 * PATIENCE)[0]
        assert json.loads(process.stdout.readline()) == {"jsonrpc": "2.0", "id": 1, "result": {}}
        os.write(ours, b"\x04")  # Ctrl-D
        out, err = process.communicate(timeout=20 * PATIENCE)
    finally:
        process.kill()
        os.close(ours)
    assert process.returncode == 0 and out == b""
    assert b"--print-config" in err and b"claude-code" in err


def test_no_file_of_settings_or_credentials_is_read_before_a_tool_needs_it(server, tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default\nbroken")
    one = server(version="2025-06-18", env={"AWS_PROFILE": "not-there", "HOME": str(tmp_path)})
    one.initialize()
    assert one.call("dynamodb_data_modeling")["content"]
    assert one.end() == 0 and one.log == ""
