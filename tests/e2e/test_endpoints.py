"""Where services are called, beside botocore: its rule sets are resolved for every partition's
regions, with and without FIPS and dual stack, and must give the same hosts as tests/judge/aws_endpoints.
A newer botocore that knows another partition, region or exception shows here."""

import re
import subprocess

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

from harness.program import BINARY, environment, sanitizer_report

PROGRAM = BINARY.parent / "tests" / "judge" / "aws_endpoints"
SERVICES = {
    "dynamodb": "dynamodb", "dynamodb_streams": "dynamodbstreams", "sts": "sts", "sso": "sso", "sso_oidc": "sso-oidc",
    "sqs": "sqs", "sns": "sns", "kinesis": "kinesis", "firehose": "firehose", "eventbridge": "events",
    "lambda": "lambda", "s3": "s3",
}
LOADER = botocore.session.get_session().get_component("data_loader")
PARTITIONS = LOADER.load_data("partitions")


def invented(pattern):
    """Regions that do not exist, of the form that a partition's pattern describes."""
    begins = re.search(r"\(([^)]*)\)", pattern)
    for begin in begins[1].split("|") if begins else [""]:
        name = pattern.replace(begins[0], begin) if begins else pattern
        yield name.strip("^$").replace(r"\w+", "nowhere").replace(r"\d+", "97").replace("\\", "")


def all_regions():
    for partition in PARTITIONS["partitions"]:
        yield from partition["regions"]
        yield from invented(partition["regionRegex"])
    yield from ["local", "ddblocal", "us-east", "us-gov-west", "cn-north-1x", "us-isox-east-1", "eusc-fr-east-1", "xx-east-1"]


REGIONS = sorted(set(all_regions()))
FLAGS = [(fips, dual) for fips in (False, True) for dual in (False, True)]


def ask(tmp_path, questions, sts_global=False):
    """The program's answers: (URL, signing region), or the error's text."""
    lines = ["\t".join([s, region, str(int(fips)), str(int(dual)), mode or "-", "-" if account is None else account, arn or "-",
                        str(int(sts_global))])
             for s, region, fips, dual, mode, account, arn in questions]
    done = subprocess.run([PROGRAM], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=120,
                          env=environment(tmp_path))
    assert done.returncode == 0 and not sanitizer_report(done.stderr), done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == len(questions)
    return [a if a.startswith("!") else tuple(a.split("\t")) for a in answers]


def rules_say(provider, service, region, fips, dual, mode, account, arn):
    given = {"Region": region, "UseFIPS": fips, "UseDualStack": dual, "AccountIdEndpointMode": mode, "AccountId": account,
             "StreamArn" if service == "dynamodb_streams" else "ResourceArn": arn}
    try:
        found = provider.resolve_endpoint(**{name: value for name, value in given.items() if value is not None})
    except EndpointProviderError as error:
        return "!" + str(error)
    schemes = found.properties.get("authSchemes") or [{}]
    return found.url.rstrip("/") + "/", schemes[0].get("signingRegion", region)


def differences(tmp_path, questions):
    providers = {s: EndpointProvider(LOADER.load_service_model(name, "endpoint-rule-set-1"), PARTITIONS)
                 for s, name in SERVICES.items()}
    for question, ours in zip(questions, ask(tmp_path, questions), strict=True):
        theirs = rules_say(providers[question[0]], *question)
        if ours != theirs and not (ours[0] == "!" and theirs[0] == "!"):
            yield question, ours, theirs


@pytest.mark.parametrize("service", SERVICES)
def test_every_region_has_the_host_that_the_rules_give(tmp_path, service):
    questions = [(service, region, fips, dual, None, None, None) for region in REGIONS for fips, dual in FLAGS]
    assert len(questions) > 200
    assert list(differences(tmp_path, questions)) == []


# Since botocore 1.44 DynamoDB's rules know accounts' hosts in these two partitions, too; the cases
# that AWS published with 1.43, which tests/unit/aws/endpoint_rules_test.c holds to, have the region's host.
WITHOUT_ACCOUNTS = re.compile(r"(us-gov-|cn-north(west)?-\d)")


@pytest.mark.parametrize("service", ["dynamodb", "dynamodb_streams"])
def test_hosts_of_accounts_are_those_of_the_rules(tmp_path, service):
    questions = [
        (service, region, fips, dual, mode, account, arn and arn.format(region=region))
        for region in REGIONS for fips, dual in FLAGS for mode in ("preferred", "required", "disabled")
        for account in (None, "111111111111", "no.label")
        for arn in (None, "arn:aws:dynamodb:{region}:222222222222:table/t/stream/s",
                    "arn:aws:dynamodb:eu-west-9:222222222222:table/t", "arn:aws:s3:{region}:222222222222:bucket/t")
    ]
    found = list(differences(tmp_path, questions))
    if service == "dynamodb":
        known = [d for d in found if WITHOUT_ACCOUNTS.match(d[0][1])]
        found = [d for d in found if d not in known]
        assert all(ours[0] == "!" or re.match(r"https://dynamodb(-fips)?\.", ours[0]) for _, ours, _ in known)
        assert all(theirs[0] == "!" or re.match(r"https://\d{12}\.ddb\.", theirs[0]) for _, _, theirs in known)
    assert found == []


def test_old_regions_of_sts_can_share_its_global_host(tmp_path):
    provider = EndpointProvider(LOADER.load_service_model("sts", "endpoint-rule-set-1"), PARTITIONS)
    questions = [("sts", region, fips, dual, None, None, None) for region in REGIONS for fips, dual in FLAGS]
    answers = ask(tmp_path, questions, sts_global=True)
    for (_, region, fips, dual, *_), ours in zip(questions, answers, strict=True):
        found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual, UseGlobalEndpoint=True)
        schemes = found.properties.get("authSchemes") or [{}]
        assert ours == (found.url + "/", schemes[0].get("signingRegion", region)), region
    assert sum(url == "https://sts.amazonaws.com/" for url, _ in answers) == 16


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_clients_of_the_sdk_call_the_same_hosts(tmp_path, monkeypatch, region):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    session = botocore.session.get_session()
    answers = ask(tmp_path, [(s, region, False, False, None, None, None) for s in SERVICES])
    for (service, name), (url, signed_for) in zip(SERVICES.items(), answers, strict=True):
        if (service, region) == ("s3", "us-east-1"):
            continue  # botocore alone keeps S3's global host there
        client = session.create_client(name, region_name=region, aws_access_key_id="a", aws_secret_access_key="b")
        assert (client.meta.endpoint_url + "/", client.meta.region_name) == (url, signed_for), service


def test_a_region_that_is_none_is_refused(tmp_path):
    for region in ("-", "evil.com/", "-a", "a" * 64):
        assert ask(tmp_path, [("sqs", region, False, False, None, None, None)])[0].startswith("!aws.region ")
