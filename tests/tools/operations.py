#!/usr/bin/env python3
"""operations.py >src/model/operations_table.h: DynamoDB's operations and their shapes from botocore's service
model, as tables. Run it in the environment of the end-to-end tests when tests/e2e/test_commands.py finds a drift."""

import re

import botocore
import botocore.loaders
from botocore import xform_name

OPERATIONS = """
    GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem TransactGetItems TransactWriteItems
    ExecuteStatement BatchExecuteStatement ExecuteTransaction CreateTable UpdateTable DescribeTable DeleteTable
    UpdateTimeToLive DescribeTimeToLive ListTables
""".split()
KINDS = {"string": "STRING", "integer": "INTEGER", "long": "INTEGER", "boolean": "BOOLEAN", "blob": "BLOB",
         "list": "LIST", "map": "MAP", "structure": "STRUCTURE"}
WIDTH = 120


class Tables:
    def __init__(self, model):
        self.shapes = model["shapes"]
        self.order = []    # of shapes, inner ones first
        self.alias = {}    # shape's name: the name of the first one like it

    def describe(self, name):
        """All that sets a shape apart."""
        shape = self.shapes[name]
        of = shape.get("member") or shape.get("value")
        limits = (shape.get("min", 0), shape.get("max", 0)) if shape["type"] != "blob" else (0, 0)
        inner = [self.alias.get(each["shape"], each["shape"]) for each in (of, shape.get("key")) if each]
        same = (shape["type"], *limits, tuple(shape.get("enum", ())), *inner)
        return (*same, name) if shape["type"] == "structure" else same

    def add(self, name):
        if name in self.alias:
            return
        self.alias[name] = name
        shape = self.shapes[name]
        inner = [m["shape"] for m in shape.get("members", {}).values()]
        inner += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
        for each in inner:
            self.add(each)
        twin = next((other for other in self.order if self.describe(other) == self.describe(name)), None)
        self.alias[name] = twin or name
        if not twin:
            self.order.append(name)

    def constant(self, name):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.alias[name])
        return words.upper()


def wrapped(prefix, words, suffix):
    lines = [prefix]
    for word in words:
        if len(lines[-1].expandtabs(8)) + len(word) + len(suffix) >= WIDTH:
            lines.append("\t" + ("\t" if prefix.startswith("\t") and suffix != "\n};" else "") + word)
        else:
            lines[-1] += " " + word
    return "\n".join(lines) + suffix


def members(tables, name):
    shape = tables.shapes[name]
    rows = [f'{"NEED" if member in shape.get("required", ()) else "MAY"}({member}, {tables.constant(at["shape"])}),'
            for member, at in shape["members"].items()]
    print(f"static const struct shape_member {tables.constant(name).lower()}_members[] = {{")
    print(wrapped("\t" + rows[0], rows[1:], "\n};"))


def entry(tables, name):
    shape, constant = tables.shapes[name], tables.constant(name)
    kind = KINDS[shape["type"]]
    if kind == "STRUCTURE":
        return wrapped(f"\t[{constant}] =", [f"STRUCTURE({constant.lower()}_members)"], ",")
    parts = [f".kind = SHAPE_{kind}"]
    if kind != "BLOB":
        parts += [f".{limit} = {shape[limit]}" for limit in ("min", "max") if shape.get(limit)]
    if "enum" in shape:
        parts.append(f".values = {constant.lower()}_values")
    of = shape.get("member") or shape.get("value")
    if of:
        parts.append(f".of = &shapes[{tables.constant(of['shape'])}]")
    if "key" in shape:
        parts.append(f".key = &shapes[{tables.constant(shape['key']['shape'])}]")
    return wrapped(f"\t[{constant}] = {{", [f"{part}," for part in parts[:-1]] + [parts[-1]], " },")


def main():
    loader = botocore.loaders.Loader()
    model = loader.load_service_model("dynamodb", "service-2", "2012-08-10")
    pages = loader.load_service_model("dynamodb", "paginators-1", "2012-08-10")["pagination"]
    tables = Tables(model)
    inputs = {name: model["operations"][name]["input"]["shape"] for name in OPERATIONS}
    for name in inputs.values():
        tables.add(name)

    print("/* Made by tests/tools/operations.py from the service model; not to be changed by hand. */")
    print(wrapped("enum {", [tables.constant(name) + "," for name in tables.order] + ["SHAPES"], "\n};\n"))
    print("static const struct shape shapes[SHAPES];\n")
    for name in tables.order:
        if "enum" in tables.shapes[name]:
            head = f"static const char *const {tables.constant(name).lower()}_values[] = {{"
            print(wrapped(head, [f'"{v}",' for v in tables.shapes[name]["enum"]] + ["NULL"], " };"))
    print()
    for name in tables.order:
        if tables.shapes[name]["type"] == "structure":
            members(tables, name)
    print("\nstatic const struct shape shapes[SHAPES] = {")
    print("\n".join(entry(tables, name) for name in tables.order))
    print("};\n")
    print("static const struct operation table[] = {")
    for name, shape in inputs.items():
        start = f'"{pages[name]["input_token"]}"' if name in pages else "NULL"
        words = [f'STR_INIT("{name}"),', f'STR_INIT("{xform_name(name, "-")}"),', f"&shapes[{tables.constant(shape)}],"]
        print(wrapped("\t{", [*words, start], " },"))
    print("};")


main()
