"""What the demo shows: a live picture on a terminal, plain lines elsewhere, the table at the end."""

import time

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

CHANGE_STYLES = {"new deal": "green", "goes live": "green", "ends": "yellow", "deleted": "red"}


def lag_text(lag_ms):
    if lag_ms is None:
        return "–"
    return f"{lag_ms:,.0f} ms" if lag_ms < 10000 else f"{lag_ms / 1000:,.0f} s"


def state_text(result, final=False):
    if result.equal:
        return Text("✓ equal", style="bold green")
    return Text(f"✗ {result.behind:,}", style="bold red") if final else Text(f"… {result.behind:,} to go", style="yellow")


def results_table(results, final=False):
    table = Table(box=SIMPLE_HEAD, expand=True, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", style="bold", no_wrap=True)
    table.add_column("the truth, recomputed\nfrom DynamoDB", no_wrap=True, style="cyan")
    table.add_column("what sluice keeps", no_wrap=True, min_width=17)
    table.add_column("", no_wrap=True)
    table.add_column("repeats" if final else "lag", justify="right", no_wrap=True, min_width=8)
    for result in results:
        last = f"{result.repeated:,}" if final else lag_text(result.lag_ms)
        table.add_row(result.name, result.truth, result.kept, state_text(result, final), last)
    return table


class Picture:
    """Shows a `state`: the object the demo keeps up to date (see demo.py)."""

    def __init__(self, state):
        self._state = state
        self.console = Console(highlight=False)

    # -- the live picture

    def _head(self):
        state = self._state
        head = Table.grid(expand=True)
        head.add_column(no_wrap=True)
        head.add_column(justify="right", no_wrap=True)
        head.add_row(Text.assemble(("sluice", "bold magenta"), f"  {state.stage}"),
                     f"{state.elapsed():.0f} s of {state.duration} s")
        return head

    def _happening(self):
        state = self._state
        written = state.writer.written
        text = Text.assemble(
            (f"{written['new']:,}", "bold"), " deals new, ", (f"{written['changed']:,}", "bold"), " changed, ",
            (f"{written['ended']:,}", "bold"), " ended",
            (f"   {state.users:,} users follow {state.brands} brands, {state.categories} categories", "dim"))
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def _counters(self, rows):
        table = Table(box=None, expand=True, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column("live deals of", no_wrap=True)
        table.add_column("truth", justify="right", style="cyan")
        table.add_column("sluice", justify="right")
        table.add_column("")
        truth, kept = self._state.derived.truth_stats, self._state.derived.kept_stats
        for brand in sorted(truth, key=lambda name: (-truth[name][0], int(name)))[:rows]:
            now = kept.get(brand, (0, 0))
            equal = truth[brand] == now
            table.add_row(f"brand {brand}", str(truth[brand][0]), str(now[0]), Text("✓" if equal else "…", style="green" if equal else "yellow"))
        return Panel(table, title="brand counters", title_align="left", border_style="dim", height=rows + 3)

    def _events(self, rows):
        """The last writes, and what they led to."""
        state = self._state
        told = {deal_id: count for _title, deal_id, count in list(state.notifications.told)}
        table = Table(box=None, expand=True, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
        table.add_column(no_wrap=True, justify="right")
        for says, title, deal_id in list(state.writer.recent)[-(rows + 1):]:
            reach = Text("")
            if says == "new deal":
                audience = len(state.writer.announced[deal_id].audience)
                reach = Text(f"→ {told[deal_id]} told", style="green") if deal_id in told else Text(f"→ {audience} to tell", style="yellow")
            table.add_row(Text(says, style=CHANGE_STYLES.get(says, "")), f"{title} #{int(deal_id[5:])}", reach)
        return Panel(table, title="what happens", title_align="left", border_style="dim", height=rows + 3)

    def _foot(self):
        state = self._state
        letters = len(state.letters)
        text = Text.assemble(
            "the daemon: ", (f"{state.cpu_percent:.1f} %", "bold"), " of a core, ",
            (f"{state.resident_mb:.0f} MB", "bold"), " resident",
            (f", killed {state.daemon.kills} times" if state.kill else ""), "   dead letters: ",
            (f"{letters}", "bold green" if letters == 0 else "bold red"))
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def _render(self):
        state = self._state
        width, height = self.console.size
        results = results_table(state.results) if state.results else Text("\nwaiting for the first comparison\n")
        room = height - 10 - len(state.results)
        parts = [self._head(), self._happening(), results, self._foot()]
        if room >= 5 and width >= 70:
            rows = min(room - 3, 30)
            below = Table.grid(expand=True)
            below.add_column(ratio=2)
            below.add_column(ratio=3)
            below.add_row(self._counters(rows), self._events(rows))
            parts.insert(3, below)
        return Group(*parts)

    def __rich__(self):
        return self._render()

    def live(self):
        return Live(self, console=self.console, screen=True, refresh_per_second=4)

    # -- without a terminal

    def line(self):
        state = self._state
        parts = [f"{state.elapsed():4.0f} s  {state.writer.writes:,} writes"]
        for result in state.results:
            how = "equal" if result.equal else f"{result.behind:,} to go"
            parts.append(f"{result.name}: {result.kept} ({how}, lag {lag_text(result.lag_ms)})")
        killed = f", killed {state.daemon.kills} times" if state.kill else ""
        parts.append(f"daemon: {state.cpu_percent:.1f} % CPU, {state.resident_mb:.0f} MB{killed}, {len(state.letters)} dead letters")
        print(" | ".join(parts), flush=True)

    # -- at the end

    def report(self, results, wrong):
        state = self._state
        self.console.print(results_table(results, final=True))
        seconds = max(time.monotonic() - state.began, 0.001)
        cpu = state.daemon.cpu_seconds()
        lags = ", ".join(f"{result.name} {lag_text(result.lag_ms)}" for result in results)
        print(f"{state.writer.writes:,} writes in {state.duration} s; median lags: {lags}")
        print(f"the daemon used {cpu:.2f} CPU seconds in {seconds:.0f} s, at most {state.peak_mb:.0f} MB"
              + (f", was killed {state.daemon.kills} times" if state.kill else "") + f"; {len(state.letters)} dead letters")
        for sentence in wrong:
            self.console.print(Text(f"✗ {sentence}", style="red"))
