"""Where credentials come from: profiles, roles and programs, against an STS that nobody here wrote."""

import json

import boto3
import pytest

from harness.program import run_command
from harness.tables import Table

ROLES = "arn:aws:iam::123456789012:role"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture
def roles(moto):
    """Two roles that may do anything."""
    iam = boto3.client("iam", endpoint_url=moto.url, region_name="us-east-1",
                       aws_access_key_id=moto.keys["AWS_ACCESS_KEY_ID"],
                       aws_secret_access_key=moto.keys["AWS_SECRET_ACCESS_KEY"])
    names = ("first", "second")
    for name in names:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(ALL))
    yield names
    for name in names:
        iam.delete_role_policy(RoleName=name, PolicyName="all")
        iam.delete_role(RoleName=name)


@pytest.fixture
def check(moto, moto_clients, tmp_path):
    """check --aws with a config file's text instead of keys in the environment."""
    tables = [Table(moto_clients, "Deals", "id"), Table(moto_clients, "State", "pk", "sk")]
    for table in tables:
        table.create()
    settings = tmp_path / "x.conf"
    settings.write_text(f"""
aws: {{ region = "us-east-1"; endpoint_url = "{moto.url}"; }};
state: {{ table = "{tables[1].name}"; }};
sinks = ( {{ name = "out"; kind = "file"; path = "{tmp_path}/out.jsonl"; }} );
pipelines = ( {{ name = "deals"; table = "{tables[0].name}"; handlers = ( {{ kind = "forward"; name = "all"; sink = "out"; }} ); }} );
""")

    def run(config, **more):
        (tmp_path / "config").write_text(config)
        env = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_CONFIG_FILE": str(tmp_path / "config"),
               "AWS_ENDPOINT_URL_STS": moto.url, **more}
        done = run_command("check", "--aws", "-c", str(settings), cwd=tmp_path, env=env)
        assert moto.keys["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr
        return done

    yield run
    for table in tables:
        table.drop()


@pytest.fixture
def base(moto):
    return (f"[profile base]\naws_access_key_id = {moto.keys['AWS_ACCESS_KEY_ID']}\n"
            f"aws_secret_access_key = {moto.keys['AWS_SECRET_ACCESS_KEY']}\n")


def test_a_role_of_a_role_is_assumed(check, base, roles):
    done = check(f"[default]\nrole_arn = {ROLES}/second\nsource_profile = mid\nrole_session_name = me\n"
                 f"[profile mid]\nrole_arn = {ROLES}/first\nsource_profile = base\n{base}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arn:aws:sts::123456789012:assumed-role/second/me" in done.stdout
    assert f"profile default: role {ROLES}/second by role {ROLES}/first by profile base" in done.stdout


def test_a_program_gives_keys(check, moto, tmp_path):
    program = tmp_path / "a helper"
    keys = {"Version": 1, "AccessKeyId": moto.keys["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": moto.keys["AWS_SECRET_ACCESS_KEY"], "Expiration": "2100-01-01T00:00:00Z"}
    program.write_text(f"#!/bin/sh\ntest \"$1\" = 'the prod' || exit 9\necho '{json.dumps(keys)}'\n")
    program.chmod(0o700)
    done = check(f"[profile p]\ncredential_process = \"{program}\" 'the prod'\n", AWS_PROFILE="p")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"profile p: credential_process {program}" in done.stdout


def test_what_a_failing_program_says_is_not_shown(check):
    done = check("[default]\ncredential_process = sh -c 'echo top-secret; echo top-secret >&2; exit 3'\n")
    assert done.returncode == 1
    assert "exit status 3" in done.stdout
    assert "top-secret" not in done.stdout + done.stderr


def test_what_cannot_work_is_said(check, base):
    for config, part in (
            (f"[default]\nrole_arn = {ROLES}/x\nsource_profile = base\nmfa_serial = m\n{base}", "mfa_serial"),
            ("[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n", "a -> b -> a"),
            ("[profile a]\nrole_arn = r\ncredential_source = Environment\n", "AWS_ACCESS_KEY_ID is not set")):
        done = check(config, **({} if "default" in config else {"AWS_PROFILE": "a"}))
        assert done.returncode == 1
        assert "✗ credentials" in done.stdout and part in done.stdout, done.stdout
