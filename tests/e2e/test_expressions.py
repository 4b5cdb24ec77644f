"""Expressions, beside DynamoDB Local: what it refuses before it looks at an item, tests/judge/expression must
find something in, and what it takes must pass.

Where the two differ on purpose, the line is in DIFFERENT with the reason."""

import base64
import json
import re
import subprocess

import pytest
from botocore.exceptions import ClientError

from harness.program import BINARY, environment, sanitizer_report

PROGRAM = BINARY.parent / "tests" / "judge" / "expression"
KEYS = [["pk", "HASH", "S"], ["sk", "RANGE", "S"]]
VALUES = {
    ":s": {"S": "s"}, ":t": {"S": "t"}, ":e": {"S": ""}, ":n": {"N": "1"}, ":m": {"N": "2"}, ":b": {"B": b"1"},
    ":ss": {"SS": ["a"]}, ":ns": {"NS": ["1"]}, ":l": {"L": [{"N": "1"}]}, ":map": {"M": {"a": {"N": "1"}}},
    ":bool": {"BOOL": True}, ":null": {"NULL": True}, ":S": {"S": "S"},
}
# These are about the item that is there (or not), so no parser can know them.
ABOUT_THE_ITEM = (
    "The document path provided in the update expression is invalid for update",
    "An operand in the update expression has an incorrect data type",
    "The provided expression refers to an attribute that does not exist",
    "The conditional request failed",
)

SAME = {
    "filter": """
a = :s | a.b.c = :s | a [ 0 ] . b = :s | :s = a | :s = :t | a = b | a = a | a.b[0] = a.b[0] | #x = a, #x=a | a <> :map
a=:s AND(b=:t) | a=:sAND b=:t | NOT NOT a = :s | not a = :s and not b = :t or c = :s | (a) = (:s) | ((a = :s))
((a = :s) AND (b = :t)) | ((a)) = :s | size((a)) > :n | size(((a))) > :n | (a = :s | a = :s) | a = :s AND (b = :t
a | (a) | :s | size(a) | NOT a | a AND b | a = b = c | a = NOT b | a = = :s | a == :s | a != :s | a < > :s | a< =:s
a = :s, b = :t | a = :s; | a = 5 | a = 'x' | a = "x" | a = :s AND | AND a = :s | a b | a :s = b
size(a) > :n | size(:s) > :n | size(:n) > :n | size(:null) > :n | size(size(a)) > :n | size(a, b) > :n | size(a) = size(a)
a < :bool | a >= :l | a <= :ss | :map > a | a > :null | :s < :n | a < a
a BETWEEN :n AND :m | a BETWEEN :m AND :n | a BETWEEN :n AND :s | a BETWEEN :l AND :l | a BETWEEN b AND c
a BETWEEN size(b) AND :m | a BETWEEN (:n) AND :m | a BETWEEN (:n AND :m) | a NOT BETWEEN :n AND :m | a BETWEEN :n
a BETWEEN a AND :n | a BETWEEN :n AND :m AND b = :s | a BETWEEN :n OR :m
a IN (:s) | a IN (:s, b, size(c)) | a IN () | a IN :s | a IN (:s,) | a NOT IN (:s) | a IN (b, a) | :s IN (a, b)
attribute_exists(a) | attribute_not_exists(a.b[0]) | attribute_exists(:s) | attribute_exists(a, b) | attribute_exists()
attribute_exists a | Attribute_Exists(a) | attribute_exists(size(a)) | attribute_exists(a) = :bool | a = attribute_exists(b)
attribute_type(a, :S) | attribute_type(a, :s) | attribute_type(a, :n) | attribute_type(a, b) | attribute_type(:s, :S)
begins_with(a, :s) | begins_with(a, :b) | begins_with(a, :n) | begins_with(:s, a) | begins_with(a, a) | begins_with(a)
begins_with(a, size(b)) | begins_with(a :s) | begins_with(a, :s,) | BEGINS_WITH(a, :s)
contains(a, :s) | contains(:ss, a) | contains(a, :map) | contains(a, a) | contains(a, size(b)) | contains(size(a), :n)
if_not_exists(a, :s) = :s | list_append(a, :l) = :l | foo(a) | a + :n = :m | a = :n - :m
name = :s | a.name = :s | #n = :s, #n=name | _a = :s | a_b = :s | a-b = :s | 1a = :s | a$ = :s | é = :s | and = :s
contains = :s | #a.#b[0] = :s, #a=x, #b=y.z | #u = :s | a = :undefined | # a = :s | : s = a | #_1 = :s, #_1=x
a[0][1] = :s | a[2147483647] = :s | a[2147483648] = :s | a[01] = :s | a[-1] = :s | a[b] = :s | a[] = :s | a[:n] = :s
a. = :s | .a = :s | a..b = :s | a.[0] = :s | a[0]b = :s | pk.a = :s | pk = :s
""",
    "key": """
pk = :s | pk = :s AND sk = :t | sk = :t AND pk = :s | ((pk = :s) AND (sk = :t)) | :s = pk | pk = :s AND :t < sk
pk = :s AND sk BETWEEN :s AND :t | pk = :s AND sk BETWEEN :t AND :s | pk = :s AND begins_with(sk, :t)
pk = :s AND begins_with(:t, sk) | pk = :s AND contains(sk, :t) | pk = :s AND sk IN (:t) | pk = :s AND sk <> :t
pk = :s OR sk = :t | NOT pk = :s | pk > :s | sk = :s | pk = :s AND a = :t | pk = :s AND pk = :t | pk = sk | :s = :s
pk = :n | pk = :s AND sk = :n | pk.a = :s | pk = :s AND size(sk) > :n | pk = :s AND attribute_exists(sk) | pk = :e
pk = :s AND begins_with(sk, :n) | pk = :s AND sk > :s AND sk < :t | pk BETWEEN :s AND :t | begins_with(pk, :s)
#p = :s, #p=pk | pk = :s AND :s BETWEEN sk AND :t | pk = :s AND (sk > :t OR sk < :s) | pk = :b
""",
    "update": """
SET a = :s | set a = :s remove b add c :n delete d :ss | a = :s | SET a = :s SET b = :t | SET a = :s, | SET | SET a :s
SET a = a + :n | SET a = :n + :m + :n | SET a = (:n + :m) | SET a = (:n + :m) + :n | SET a = :n - (:n + :m) | SET a = -:n
SET a = :n * :m | SET a = :s + :n | SET a = :n - :l | SET a = ((:n)) | SET a = if_not_exists(a, :n) + :m
SET a = if_not_exists(b, if_not_exists(c, :n)) | SET a = if_not_exists(:n, :n) | SET a = if_not_exists(a)
SET a = if_not_exists(a, :n + :m) | SET a = if_not_exists(a, list_append(:l, :l)) | SET a = IF_NOT_EXISTS(a, :n)
SET a = list_append(:l, :l) | SET a = list_append(if_not_exists(a, :l), :l) | SET a = list_append(list_append(:l, :l), :l)
SET a = list_append(:l, :s) | SET a = list_append(:l) | SET a = list_append(:l, :l) + :n | SET a = size(b) | SET a = foo(b)
SET :n = a | SET (a) = :n | SET a[0] = :n | SET a = :n, a = :m | SET a = :n, a.b = :m | SET a.b = :n, a.c = :m
SET a[0] = :n, a.b = :m | SET a = :n REMOVE a | SET #x = :n, a = :m, #x=a | SET a = :n, A = :m | SET set = :s | SET name = :s
SET a = :s; REMOVE b | SET a = :s WHERE b = :t | SET a == :s | SET a = :n = :m | SET a = NOT :n | SET a = :undefined
REMOVE a, b | REMOVE a, a | REMOVE a b | REMOVE :n | REMOVE (a) | REMOVE | ADD a :n, b :ns | ADD a :s | ADD a b | ADD a = :n
ADD a :n + :m | ADD a (:n) | DELETE a :ss | DELETE a :n | DELETE a | SET pk = :s | REMOVE sk | SET pk.a = :s | SET a = pk
""",
    "projection": """
a | a, b.c, d[0] | a, | ,a | a b | a, a | a, a.b | a.b, a.c | a[0], a.b | a[0], a[1] | #x, a, #x=a | * | a.* | (a)
size(a) | name | _a | a-b | 1a | pk, sk | pk.a
""",
}

# What is taken in one place and refused in the other, and why we keep it so.
DIFFERENT = {
    # The API reference itself has "Size = :myval" as an example of what fails; DynamoDB Local lacks the words SIZE
    # and CONVERT of the guide's list.
    "filter": ["size = :s", "a.convert = :s"],
    # When the attribute is missing, the text or the list would be added to: DynamoDB Local says so only then.
    "update": ["SET a = if_not_exists(b, :s) + :n", "SET a = if_not_exists(b, :l) - :n"],
    "projection": ["a.size"],  # as above
}

LIMITS = {
    "filter": [
        " AND ".join(["a=:s"] * 150), " AND ".join(["a=:s"] * 151), "NOT " * 299 + "a = :s", "NOT " * 300 + "a = :s",
        "a IN (" + ",".join([":n"] * 100) + ")", "a IN (" + ",".join([":n"] * 101) + ")", ".".join(["a"] * 32) + " = :s",
        ".".join(["a"] * 33) + " = :s", "a=:s" + " " * 4092, "a=:s" + " " * 4093, "(" * 150 + "a = :s" + ")" * 150, "a\t=\n:s\r",
        "a\x0b=:s", "a\xa0=:s", "",
    ],
    "update": [
        "SET " + ",".join(f"z{i}=:n+:m" for i in range(300)), "SET " + ",".join(f"z{i}=:n+:m" for i in range(301)),
        "REMOVE " + ", ".join(f"z{i}" for i in range(400)), "SET a = " + "if_not_exists(b," * 100 + ":n" + ")" * 100, "",
    ],
}


def cases():
    for kind, text in SAME.items():
        for part in re.split(r" \| |\n", text.strip()):
            expression, *names = re.split(r", (?=#\w+=)", part)
            yield kind, expression, dict(n.split("=", 1) for n in names)
    for kind, list_of in LIMITS.items():
        yield from ((kind, expression, {}) for expression in list_of)


def used_values(expression):
    return {name: VALUES[name] for name in re.findall(r":\w+", expression) if name in VALUES}


def plain(value):
    return {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value


@pytest.fixture(scope="module")
def table(clients):
    name = "Expressions"
    clients.dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": n, "KeyType": k} for n, k, _ in KEYS],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, _, t in KEYS],
    )
    yield name
    clients.dynamodb.delete_table(TableName=name)


@pytest.fixture
def service(clients, table):
    """service(kind, expression, names): what DynamoDB Local has against it, or None."""
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    calls = {
        "filter": (clients.dynamodb.scan, "FilterExpression", {}),
        "key": (clients.dynamodb.query, "KeyConditionExpression", {}),
        "update": (clients.dynamodb.update_item, "UpdateExpression", {"Key": key}),
        "projection": (clients.dynamodb.scan, "ProjectionExpression", {}),
    }

    def call(kind, expression, names):
        operation, parameter, more = calls[kind]
        given = {"TableName": table, parameter: expression, **more}
        if names:
            given["ExpressionAttributeNames"] = names
        if used_values(expression):
            given["ExpressionAttributeValues"] = used_values(expression)
        if kind == "update":
            clients.dynamodb.delete_item(TableName=table, Key=key)
        try:
            operation(**given)
        except ClientError as error:
            message = error.response["Error"]["Message"]
            return None if any(text in message for text in ABOUT_THE_ITEM) else message
        return None

    return call


@pytest.fixture
def judge(tmp_path):
    """judge([(kind, expression, names), …]): for each what we find, lines of "code offset length text"."""
    parameter = {"filter": "FilterExpression", "key": "KeyConditionExpression", "update": "UpdateExpression",
                 "projection": "ProjectionExpression"}

    def ask(questions):
        lines = [
            json.dumps({"expressions": [[parameter[kind], expression]], "names": names, "keys": KEYS,
                        "values": {n: plain(v) for n, v in used_values(expression).items()}, "query": False})
            for kind, expression, names in questions
        ]
        done = subprocess.run([PROGRAM], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=120,
                              env=environment(tmp_path))
        assert done.returncode == 0 and not sanitizer_report(done.stderr), done.stderr
        answers = [answer.splitlines() for answer in re.findall(r"((?:.+\n)*)\n", done.stdout)]
        assert len(answers) == len(questions)
        return answers

    return ask


def test_expressions_are_judged_as_the_service_judges_them(service, judge):
    questions = list(cases())
    assert len(questions) > 150
    wrong = []
    refused = 0
    for question, found in zip(questions, judge(questions)):
        message = service(*question)
        refused += message is not None
        if bool(found) != (message is not None):
            wrong.append((question, message, found))
    assert not wrong
    assert 50 < refused < len(questions) - 50


def test_deliberate_differences_are_still_there(service, judge):
    questions = [(kind, expression, {}) for kind, list_of in DIFFERENT.items() for expression in list_of]
    for question, found in zip(questions, judge(questions)):
        assert found and service(*question) is None, (question, found)


def test_unused_and_malformed_names_and_values(clients, table, judge, tmp_path):
    attempts = [
        ({"#a": "x"}, {":s": {"S": "s"}}), ({"#a": "x", "#b": "y"}, {":s": {"S": "s"}}), ({}, {":s": {"S": "s"}}),
        ({"#a": "x"}, {":s": {"S": "s"}, ":t": {"S": "t"}}), ({"#a": "x"}, {":t": {"S": "t"}}), ({"#a": ""}, {":s": {"S": "s"}}),
        ({"#a": "x", "#a-b": "y"}, {":s": {"S": "s"}}), ({"a": "x"}, {":s": {"S": "s"}}), ({"#a": "x"}, {"s": {"S": "s"}}),
        ({"#a": "x" * 65535}, {":s": {"S": "s"}}), ({"#a": "x" * 65536}, {":s": {"S": "s"}}),
    ]
    lines = [json.dumps({"expressions": [["FilterExpression", "#a = :s"]], "names": n, "values": v}) for n, v in attempts]
    done = subprocess.run([PROGRAM], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=120,
                          env=environment(tmp_path))
    answers = [answer.splitlines() for answer in re.findall(r"((?:.+\n)*)\n", done.stdout)]
    assert done.returncode == 0 and len(answers) == len(attempts), done.stderr
    for (names, values), found in zip(attempts, answers):
        given = {"ExpressionAttributeNames": names} if names else {}
        try:
            clients.dynamodb.scan(TableName=table, FilterExpression="#a = :s", ExpressionAttributeValues=values, **given)
            refused = False
        except ClientError:
            refused = True
        assert bool(found) == refused, (list(names), list(values), found)


def test_filters_of_queries_may_not_name_the_key(clients, table, tmp_path):
    for expression in ("a = :t", "pk = :t", "size(sk) > :n", "a = sk", "attribute_exists(pk)"):
        values = {**used_values(expression), ":s": VALUES[":s"]}
        line = json.dumps({"expressions": [["KeyConditionExpression", "pk = :s"], ["FilterExpression", expression]],
                           "values": values, "keys": KEYS, "query": True})
        done = subprocess.run([PROGRAM], input=line + "\n", capture_output=True, text=True, timeout=60, env=environment(tmp_path))
        try:
            clients.dynamodb.query(TableName=table, KeyConditionExpression="pk = :s", FilterExpression=expression,
                                   ExpressionAttributeValues=values)
            refused = False
        except ClientError:
            refused = True
        assert refused == ("expression.filter-on-key" in done.stdout), (expression, done.stdout)


def test_sort_key_values_that_are_too_long(clients, table, tmp_path):
    """A partition key's value over 2,048 bytes DynamoDB Local lets pass in a Query; the service does not."""
    for size, refused in ((1024, False), (1025, True)):
        values = {":s": VALUES[":s"], ":t": {"S": "x" * size}}
        line = json.dumps({"expressions": [["KeyConditionExpression", "pk = :s AND sk < :t"]], "values": values, "keys": KEYS})
        done = subprocess.run([PROGRAM], input=line + "\n", capture_output=True, text=True, timeout=60, env=environment(tmp_path))
        assert ("expression.key-too-long" in done.stdout) == refused
        try:
            clients.dynamodb.query(TableName=table, KeyConditionExpression="pk = :s AND sk < :t", ExpressionAttributeValues=values)
            assert not refused
        except ClientError as error:
            assert refused, error


def test_keys_of_several_attributes(moto_clients, tmp_path):
    """DynamoDB Local knows no such keys. moto does; its own tests of them were run on AWS."""
    client = moto_clients.dynamodb
    keys = [("t", "HASH"), ("r", "HASH"), ("a", "RANGE"), ("b", "RANGE"), ("c", "RANGE")]
    client.create_table(
        TableName="Wide", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "t", "r", "a", "b", "c")],
        GlobalSecondaryIndexes=[{
            "IndexName": "wide", "KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in keys],
            "Projection": {"ProjectionType": "ALL"},
        }],
    )
    hashed = "t = :s AND r = :s"
    expressions = {
        hashed: True, "t = :s": False, "t = :s AND r < :s": False, "r = :s AND a = :s AND t = :s": True,
        f"{hashed} AND a = :s": True, f"{hashed} AND a < :s": True, f"{hashed} AND b = :s": False,
        f"{hashed} AND a = :s AND begins_with(b, :s)": True, f"{hashed} AND a = :s AND c = :s": False,
        f"{hashed} AND a < :s AND b = :s": False, f"{hashed} AND pk = :s": False,
        f"b = :s AND a = :s AND {hashed}": True, f"{hashed} AND a = :s AND b = :s AND c >= :s": True,
    }
    values = {":s": VALUES[":s"]}
    for expression, accepted in expressions.items():
        line = json.dumps({"expressions": [["KeyConditionExpression", expression]], "values": values,
                           "keys": [[n, k, "S"] for n, k in keys]})
        done = subprocess.run([PROGRAM], input=line + "\n", capture_output=True, text=True, timeout=60, env=environment(tmp_path))
        assert (done.stdout == "\n") == accepted, (expression, done.stdout, done.stderr)
        try:
            client.query(TableName="Wide", IndexName="wide", KeyConditionExpression=expression, ExpressionAttributeValues=values)
            assert accepted, expression
        except ClientError as error:
            assert not accepted, (expression, error)
    client.delete_table(TableName="Wide")


def test_each_reserved_word_is_refused(service, judge):
    """DynamoDB Local knows the words, but for two."""
    source = (PROGRAM.parents[4] / "src" / "model" / "reserved_words.c").read_text()
    words = re.findall(r'STR_INIT\("([A-Z]+)"\)', source)
    assert len(words) == 573
    questions = [("filter", f"{word.lower()} = :s", {}) for word in words]
    for question, found in zip(questions, judge(questions)):
        assert len(found) == 1, (question, found)
    assert [word for word, question in zip(words, questions) if service(*question) is None] == ["CONVERT", "SIZE"]
