#!/usr/bin/env python3
"""record_commands.py: writes tests/e2e/command_facts.json, what the AWS CLI makes of the lines of
tests/e2e/command_lines.py. Run it in an environment of its own, with the CLI in it (pip install 'awscli==1.*'; 190 MB,
therefore no package of the tests): a real shell splits each line, the CLI parses and validates it, nothing is sent."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

E2E = pathlib.Path(__file__).resolve().parent.parent / "e2e"
sys.path.insert(0, str(E2E))
HOME = pathlib.Path(tempfile.mkdtemp())
(HOME / ".aws").mkdir()
(HOME / ".aws" / "config").write_text("[profile p]\nregion = us-east-1\n")
os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_DEFAULT_REGION="us-east-1", HOME=str(HOME))

import awscli  # noqa: E402
import awscli.clidriver  # noqa: E402
import botocore.session  # noqa: E402
from botocore.validate import ParamValidator  # noqa: E402

import command_lines  # noqa: E402


class Refused(Exception):
    pass


def split(line):
    """The words that sh makes of it."""
    with tempfile.TemporaryDirectory() as folder:
        stub = pathlib.Path(folder, "aws")
        stub.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
        stub.chmod(0o755)
        done = subprocess.run(["/bin/sh", "-c", line], env={"PATH": folder, "LC_ALL": "C.UTF-8"}, capture_output=True,
                              check=True)
    return json.loads(done.stdout)


def invoke(caller, service, operation, parameters, parsed_globals):
    """In the place of CLIOperationCaller.invoke: validates as the client would, and keeps what was to be sent."""
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    sent = {name: value for name, value in parameters.items() if name != "PaginationConfig"}
    report = ParamValidator().validate(sent, model.input_shape)
    if report.has_errors():
        raise Refused(report.generate_report())
    invoke.result = {"operation": operation, "parameters": sent, "paging": parameters.get("PaginationConfig", {})}
    return 0


def record(line):
    invoke.result = None
    driver = awscli.clidriver.create_clidriver()
    try:
        code = driver.main(split(line))
    except (Refused, SystemExit, Exception) as refusal:
        code = repr(refusal)
    fact = {"line": line, **(invoke.result or {})}
    print(line, "->", invoke.result or f"refused ({code})", file=sys.stderr)
    return fact


def main():
    awscli.clidriver.CLIOperationCaller.invoke = invoke
    facts = [record(line) for line in [*command_lines.LINES, *command_lines.STRICTER]]
    text = ",\n".join(json.dumps(fact, ensure_ascii=False) for fact in facts)
    (E2E / "command_facts.json").write_text(f'{{"awscli": "{awscli.__version__}", "facts": [\n{text}\n]}}\n')


main()
