"""`sluice model cost`, from outside: its figures are computed here a second time, exactly, from what it
says went in; and what it does to files. Needs no service."""

import json
import math
import os
import stat
from fractions import Fraction

import pytest

from harness.model_document import FILES, GUIDE, load
from harness.services import ROOT

MODELS = [path for path in FILES if path != GUIDE]
MONTH_S = 2_635_200
GB = 1024**3
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
TOTALS = ["reads", "writes", "index_writes", "handlers", "streams", "state_table", "storage"]


def exact(value):
    return Fraction(value)


def near(got, expected):
    assert math.isfinite(got)
    assert got == pytest.approx(float(expected), rel=1e-9, abs=1e-12)


def ceil(value):
    return Fraction(math.ceil(value))


# --- a second computation, from the inputs that the result names ----------------------------------


def units(pattern):
    size, count = exact(pattern["item_size_bytes"]), exact(pattern["item_count"])
    half = Fraction(1) if pattern["strongly_consistent"] else Fraction(1, 2)
    reads, writes = ceil(size / 4096), ceil(size / 1024)
    return {
        "GetItem": lambda: reads * half,
        "Query": lambda: ceil(size * count / 4096) * half,
        "Scan": lambda: ceil(size * count / 4096) * half,
        "BatchGetItem": lambda: reads * count * half,
        "TransactGetItems": lambda: 2 * reads * count,
        "PutItem": lambda: writes,
        "UpdateItem": lambda: writes,
        "DeleteItem": lambda: writes,
        "BatchWriteItem": lambda: writes * count,
        "TransactWriteItems": lambda: 2 * writes * count,
    }[pattern["operation"]]()


class Judge:
    def __init__(self, result):
        self.result = result
        self.factor = exact(result["rate_factor"])
        self.tables = {table["table"]: table for table in result["tables"]}
        self.sums = dict.fromkeys(TOTALS, Fraction(0))
        self.used = {}  # (table, global index or None): read and write units a second

    def prices(self, table):
        standard = table is None or self.tables[table]["table_class"] == "STANDARD"
        return self.result["prices"]["standard" if standard else "standard_infrequent_access"]

    def usd(self, units_per_s, table, kind):
        return units_per_s * MONTH_S * exact(self.prices(table)[f"{kind}_request_million_usd"]) / 10**6

    def index(self, table, name):
        found, = [one for one in self.tables[table]["indexes"] if one["index"] == name]
        return found

    def use(self, table, index, kind, units_per_s):
        if index is not None and self.index(table, index)["local"]:
            index = None
        place = self.used.setdefault((table, index), {"read": Fraction(0), "write": Fraction(0)})
        place[kind] += units_per_s

    def pattern(self, pattern):
        rate = exact(pattern["rps"]) * self.factor
        kind = "write" if pattern["operation"] in WRITES else "read"
        each, parts = units(pattern), pattern["tables"]
        near(pattern["units_per_operation"], each)
        near(pattern["units_per_s"], each * rate)
        whole, dollars = sum(exact(part["items"]) for part in parts), 0
        for part in parts:
            share = each * rate * exact(part["items"]) / whole
            dollars += self.usd(share, part["table"], kind)
            self.use(part["table"], pattern["index"] if part["table"] == pattern["table"] else None, kind, share)
        near(pattern["usd_per_month"], dollars)
        self.sums[kind + "s"] += dollars
        for write in pattern["indexes"]:
            self.sums["index_writes"] += self.index_write(write, rate, exact(write["items"]))

    def index_write(self, write, rate, items):
        size = self.index(write["table"], write["index"])["item_size_bytes"] or 1024
        each = ceil(exact(size) / 1024) * items * (2 if write["key_changes"] else 1)
        near(write["units_per_operation"], each)
        near(write["units_per_s"], each * rate)
        dollars = self.usd(each * rate, write["table"], "write")
        near(write["usd_per_month"], dollars)
        self.use(write["table"], write["index"], "write", each * rate)
        return dollars

    def handler(self, handler):
        events, members = exact(handler["events_per_s"]), exact(handler["audience_size"])
        row, parts = exact(handler["row_size_bytes"]), exact(handler["audience_partitions"])
        rows = {"counter": 1, "view": 1, "fanout": members if row else 0, "copy": members}.get(handler["kind"], 0)
        reads = Fraction(0)
        if parts and members:
            half = Fraction(1) if handler["audience_strongly_consistent"] else Fraction(1, 2)
            reads = parts * ceil(members / parts * exact(handler["audience_item_size_bytes"]) / 4096) * half
        writes = rows * ceil(row / 1024) * (2 if handler["transactions"] else 1)
        near(handler["audience_read_units_per_event"], reads)
        near(handler["audience_read_units_per_day"], reads * events * 86400)
        near(handler["row_write_units_per_event"], writes)
        near(handler["row_writes_per_day"], rows * events * 86400)
        near(handler["writes_usd_per_month"], self.usd(writes * events, handler["target"], "write"))
        self.sums["handlers"] += exact(handler["reads_usd_per_month"]) + self.usd(writes * events, handler["target"], "write")
        if handler["target"]:
            self.use(handler["target"], None, "write", writes * events)
        for write in handler["indexes"]:
            self.sums["handlers"] += self.index_write(write, events, Fraction(rows))

    def storage(self, table):
        price = exact(self.prices(table["table"])["storage_gb_month_usd"])
        for one in [table, *table["indexes"]]:
            size, count = exact(one["item_size_bytes"]), exact(one["item_count"])
            stored = (size + 100) * count if size and count else 0
            near(one["stored_bytes"], stored)
            near(one["storage_usd_per_month"], stored / GB * price)
            self.sums["storage"] += stored / GB * price

    def capacity(self, table):
        """Needs what patterns and handlers used; the audience's reads are taken from their dollars."""
        capacity, prices = table["capacity"], self.prices(table["table"])
        writes = sum(used["write"] for (name, _), used in self.used.items() if name == table["table"])
        near(capacity["write_units_per_s"], writes)
        reads = exact(capacity["read_units_per_s"])
        near(capacity["on_demand_usd_per_month"],
             self.usd(reads, table["table"], "read") + self.usd(writes, table["table"], "write"))
        if reads or writes:
            hours = (reads * exact(prices["read_capacity_hour_usd"]) + writes * exact(prices["write_capacity_hour_usd"])) * 732
            near(capacity["break_even_utilisation"], hours / exact(capacity["on_demand_usd_per_month"]))
            assert 0.28 < capacity["break_even_utilisation"] < 0.30

    def streams(self):
        calls = 0
        for stream in self.result["streams"]:
            events, shards = exact(stream["events_per_s"]), exact(stream["shards"])
            size = exact(self.tables[stream["table"]]["item_size_bytes"])
            near(stream["bytes_per_s"], events * (100 + exact(stream["images"]) * size))
            polls = min(max(events / shards, 1), 4)
            polls = max(polls, events / shards / 1000, exact(stream["bytes_per_s"]) / shards / 1024**2)
            near(stream["get_records_per_month"], polls * shards * exact(stream["pipelines"]) * MONTH_S)
            calls += exact(stream["get_records_per_month"])
        near(self.result["get_records_per_month"], calls)
        billed = max(0, calls - exact(self.result["prices"]["stream_reads_free"]))
        self.sums["streams"] = billed * exact(self.result["prices"]["stream_read_million_usd"]) / 10**6

    def state(self):
        state = self.result["state_table"]
        self.sums["state_table"] = (self.usd(exact(state["read_units_per_s"]), None, "read") +
                                    self.usd(exact(state["write_units_per_s"]), None, "write"))

    def judge(self):
        for pattern in self.result["access_patterns"]:
            if pattern["not_counted"] is None:
                self.pattern(pattern)
        for handler in self.result["handlers"]:
            if handler["not_counted"] is None:
                self.handler(handler)
        for table in self.result["tables"]:
            self.storage(table)
            self.capacity(table)
        self.streams()
        self.state()
        totals = self.result["usd_per_month"]
        for name in TOTALS:
            near(totals[name], self.sums[name])
        near(totals["total"], sum(self.sums.values()))
        near(totals["requests"], sum(self.sums.values()) - self.sums["storage"])


@pytest.fixture
def cost(command):
    """cost(file, more…): the result as JSON."""

    def run(path, *arguments, code=0):
        done = command("model", "cost", str(path), "--json", *arguments)
        assert done.returncode == code, done.stderr
        assert "nan" not in done.stdout.lower().replace("\"", " ").split() and "inf" not in done.stdout.split()
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
@pytest.mark.parametrize("arguments", [[], ["--what-if", "rps=x3.5"]], ids=["as-is", "what-if"])
def test_all_figures_follow_from_the_inputs(cost, path, arguments):
    Judge(cost(path, *arguments)).judge()


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_inputs_are_those_of_the_document(cost, path):
    result, document = cost(path), load(path)
    assert [one["pattern"] for one in result["access_patterns"]] == [str(one["pattern"]) for one in document["access_patterns"]]
    for got, given in zip(result["access_patterns"], document["access_patterns"]):
        if got["not_counted"] is not None:
            assert "implementation" not in given
            continue
        rps = given["rps"] if isinstance(given["rps"], dict) else {"average": given["rps"]}
        assert got["operation"] == given["dynamodb_operation"] and got["table"] == given["table"]
        assert got["index"] == given.get("index")
        assert (got["rps"], got["peak_rps"]) == (rps["average"], rps.get("peak", 0))
        assert got["item_size_bytes"] == given.get("item_size_bytes", got["item_size_bytes"])
        assert got["refused"] == ("error" in given.get("expect", {}))
    for got in result["tables"]:
        size = document["sizing"][got["table"]]
        assert (got["item_size_bytes"], got["item_count"]) == (size["item_size_bytes"], size["item_count"])
        for index in got["indexes"]:
            size = document["sizing"][got["table"]].get("indexes", {}).get(index["index"], size)
            assert index["item_size_bytes"] == size["item_size_bytes"]


def test_other_rates_are_shown_beside(cost):
    path = ROOT / "conf" / "examples" / "deals.json"
    at_once, flash_sale = cost(path), cost(path, "--what-if", "rps=×10")
    assert [one["rate_factor"] for one in at_once["at_other_rates"]] == [1, 3, 10]
    assert at_once["at_other_rates"][0]["usd_per_month"] == at_once["usd_per_month"]
    assert at_once["at_other_rates"][2]["usd_per_month"] == flash_sale["usd_per_month"]
    near(flash_sale["usd_per_month"]["writes"], 10 * exact(at_once["usd_per_month"]["writes"]))
    assert flash_sale["usd_per_month"]["storage"] == at_once["usd_per_month"]["storage"]


def test_own_prices(cost, command, tmp_path):
    path = ROOT / "conf" / "examples" / "deals.json"
    (tmp_path / "double.json").write_text(json.dumps({"region": "x", "standard": {"write_request_million_usd": 1.25}}))
    usual, double = cost(path), cost(path, "--prices", tmp_path / "double.json")
    assert double["prices"]["region"] == "x"
    near(double["usd_per_month"]["writes"], 2 * exact(usual["usd_per_month"]["writes"]))
    assert double["usd_per_month"]["reads"] == usual["usd_per_month"]["reads"]
    shown = command("model", "cost", str(path), "--prices", str(tmp_path / "double.json"))
    assert "Prices of x." in shown.stdout


@pytest.mark.parametrize("text, said", [
    ('{"standard": {"write_request_million_usd": -1}}', "is no price"),
    ('{"standard": {"write_request_milion_usd": 1}}', "did you mean \"write_request_million_usd\"?"),
    ("{", "cannot be read"),
    (None, "cannot open"),
])
def test_wrong_prices_are_refused(command, tmp_path, text, said):
    if text is not None:
        (tmp_path / "p.json").write_text(text)
    done = command("model", "cost", str(ROOT / "conf" / "examples" / "deals.json"), "--prices", str(tmp_path / "p.json"))
    assert done.returncode == 2 and done.stdout == ""
    assert said in done.stderr and "p.json" in done.stderr


@pytest.mark.parametrize("factor", ["rps=x0", "rps=-3", "x", "rps=1e9", "wcu=x3", "rps=x3,5"])
def test_wrong_factors_are_refused(command, factor):
    done = command("model", "cost", str(ROOT / "conf" / "examples" / "deals.json"), "--what-if", factor)
    assert done.returncode == 2 and done.stdout == ""
    assert "expected rps=x3" in done.stderr


# --- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_people_see_the_same_total(cost, command, path):
    total = cost(path)["usd_per_month"]["total"]
    done = command("model", "cost", str(path))
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"${total:,.2f} a month at the average rates")
    assert "\x1b" not in done.stdout
    for line in done.stdout.splitlines():
        assert line == line.rstrip()


def test_columns_are_aligned(command):
    done = command("model", "cost", str(ROOT / "tests" / "models" / "ecommerce.json"))
    lines = done.stdout.splitlines()
    for at, line in enumerate(lines):
        if line and set(line) <= {" ", "-"} and "---" in line:
            gaps = [i for i, c in enumerate(line) if c == " " and i > 1 and line[i - 1:i + 1] == "  "]
            for row in lines[at - 1:at + 2]:
                assert all(len(row) <= gap or row[gap] == " " for gap in gaps), row


# --- Markdown ------------------------------------------------------------------------------------

DEALS = ROOT / "conf" / "examples" / "deals.json"


@pytest.fixture
def folder(tmp_path):
    """One in which there is nothing but what the test puts there."""
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


@pytest.fixture
def put(command):
    """put(file): the report put into a Markdown file."""

    def run(path, model=DEALS, code=0):
        done = command("model", "cost", str(model), "--markdown", str(path))
        assert done.returncode == code, done.stderr
        return done

    return run


def test_the_section_is_put_in_place(put, folder):
    file = folder / "dynamodb_data_model.md"
    before, behind = b"\xef\xbb\xbf# Model  \r\n\r\ntext\t\r\n", b"## 9. Trade-offs\r\n\r\n\xff last line, no end"
    file.write_bytes(before + b"## 8. Costs\r\n\r\nby hand: $1\r\n\r\n" + behind)
    file.chmod(0o640)
    done = put(file)
    content = file.read_bytes()
    assert content.startswith(before + b"## 8. Costs\r\n\r\n<!-- cost-report -->\r\n**$") and content.endswith(b"\r\n\r\n" + behind)
    assert b"by hand" not in content and content.count(b"\n") == content.count(b"\r\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert f"{file}: the cost section is written" in done.stderr
    assert sorted(os.listdir(folder)) == [file.name]

    done = put(file)
    assert file.read_bytes() == content
    assert "is as it was" in done.stderr

    put(file, ROOT / "tests" / "models" / "saas.json")
    other = file.read_bytes()
    assert other != content and other.startswith(before) and other.endswith(behind)
    put(file)
    assert file.read_bytes() == content


def test_a_file_that_is_not_there_is_made(put, folder):
    done = put(folder / "new.md")
    text = (folder / "new.md").read_text()
    assert text.startswith("## Cost Report\n\n<!-- cost-report -->\n**$") and text.endswith("\n<!-- end-cost-report -->\n")
    assert "was not there" in done.stderr
    put(folder / "new.md")
    assert (folder / "new.md").read_text() == text


def test_a_symbolic_link_stays_one(put, folder):
    (folder / "docs").mkdir()
    (folder / "docs" / "real.md").write_text("# Model\n")
    (folder / "link.md").symlink_to("docs/real.md")
    put(folder / "link.md")
    assert (folder / "link.md").is_symlink()
    assert "Cost Report" in (folder / "docs" / "real.md").read_text()


def test_every_row_of_the_markdown_has_its_columns(put, folder):
    put(folder / "new.md")
    columns = None
    for line in (folder / "new.md").read_text().splitlines():
        cells = line.count("|") if line.startswith("|") else None
        assert columns is None or cells is None or cells == columns, line
        columns = cells


def test_what_cannot_be_written_is_left_alone(put, command, folder):
    done = put(folder / "none" / "x.md", code=1)
    assert "cannot write" in done.stderr and done.stdout.startswith("$")
    done = put(folder, code=1)
    assert str(folder) in done.stderr
    assert os.listdir(folder) == []


def test_nothing_is_written_when_figures_are_wrong(put, folder):
    document = load(DEALS)
    document["access_patterns"][0]["rps"] = 1e308
    (folder / "model.json").write_text(json.dumps(document))
    (folder / "x.md").write_text("# Model\n")
    done = put(folder / "x.md", folder / "model.json", code=1)
    assert (folder / "x.md").read_text() == "# Model\n"
    assert "left as it is" in done.stderr
    assert "cost-rps" in done.stdout and "access_patterns[0].rps" in done.stdout


# --- hostile figures -----------------------------------------------------------------------------


@pytest.mark.parametrize("member, value, code", [
    ("rps", 1e308, "cost-rps"), ("rps", 1e-300, "cost-rps"), ("rps", {"average": 2, "peak": 1e300}, "cost-peak"),
    ("item_size_bytes", 409601, "cost-item-size"), ("item_size_bytes", 2**62, "cost-item-size"),
    ("rps", None, "cost-rps"), ("gsi_list", ["nope"], "cost-index-unknown"), ("gsi_list", [{"x": 1}], "cost-gsi-list"),
])
def test_impossible_figures_are_named_and_left_out(cost, tmp_path, member, value, code):
    document = load(DEALS)
    document["access_patterns"][0][member] = value
    if value is None:
        del document["access_patterns"][0][member]
    (tmp_path / "model.json").write_text(json.dumps(document))
    result = cost(tmp_path / "model.json", code=1)
    assert result["ok"] is False
    found = {one["code"]: one for one in result["findings"] if one["severity"] == "error"}
    assert code in found and found[code]["path"].startswith("access_patterns[0]") and found[code]["line"] > 0
    assert all(math.isfinite(total) for total in result["usd_per_month"].values())
    Judge(result).judge()


@pytest.mark.parametrize("size", [{"item_size_bytes": 1000, "item_count": 2**62}, {"item_size_bytes": 1000, "item_count": 10**14 + 1}])
def test_impossible_sizes_are_not_stored(cost, tmp_path, size):
    document = load(ROOT / "tests" / "models" / "saas.json")
    name = next(iter(document["sizing"]))
    document["sizing"][name] = size
    (tmp_path / "model.json").write_text(json.dumps(document))
    done = cost(tmp_path / "model.json", code=1)
    table, = [one for one in done["tables"] if one["table"] == name]
    assert table["storage_usd_per_month"] == 0
    Judge(done).judge()


def test_a_document_without_figures_says_what_to_declare(command, tmp_path):
    """As the reference tool's users have it: no rates, no sizes."""
    document = load(DEALS)
    for name in ("sizing", "stream_sinks", "stream_pipelines", "stream_handlers"):
        document.pop(name, None)
    for pattern in document["access_patterns"]:
        for name in ("rps", "item_size_bytes", "item_count", "served_by"):
            pattern.pop(name, None)
        if "implementation" not in pattern:
            pattern["reason"] = "elsewhere"
    (tmp_path / "model.json").write_text(json.dumps(document))
    done = command("model", "cost", str(tmp_path / "model.json"))
    assert done.returncode == 1
    assert "cost-rps" in done.stdout and "cost-item-size" in done.stdout
    assert done.stdout.startswith("$0.00 a month")


def test_help_has_prices_and_examples(command):
    done = command("help", "model", "cost")
    assert done.returncode == 0
    for word in ("--prices FILE", "--what-if rps=xN", "--markdown FILE", "--json", "write_request_million_usd", "Examples:"):
        assert word in done.stdout
