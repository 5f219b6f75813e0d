"""The steps of a run as people see them, with what is left; and what each of them cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from orchestration.cli import console
from orchestration.run.progress import STEPS, Plan

MOST_MODELS = 15  # rows of the table of models; the file has them all


class Steps:
    """Says which step a command is in: a live line on a terminal, plain lines elsewhere, on standard error."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._step, self._detail, self._began = "starting", "", time.monotonic()
        self._status = console.err.status(self) if console.err.is_terminal else None

    @contextmanager
    def shown(self) -> Iterator[Steps]:
        """Show steps while the block runs."""
        if self._status is not None:
            self._status.start()
        try:
            yield self
        finally:
            if self._status is not None:
                self._status.stop()

    def planned(self, plan: Plan) -> None:
        """Take what the run is to do: from here on what is left is shown."""
        self._plan = plan

    def __call__(self, step: str, detail: str, seconds: float) -> None:
        if detail == "done":
            console.err.print(f"  {escape(step)}  [dim]{seconds:.1f} s[/dim]")
            return
        if detail == "":
            self._began = time.monotonic()
        self._step, self._detail = step, detail
        if self._status is None and detail == "":
            left = self._left()
            console.err.print(f"  {step} …{f' ({left})' if left else ''}", markup=False, highlight=False)

    def __rich__(self) -> Text:
        """The live line: asked anew many times a second."""
        told = [self._detail, self._left()]
        return Text.assemble(self._step, ("  " + "; ".join(t for t in told if t), "dim"))

    def _left(self) -> str:
        return "" if self._plan is None else left_of(self._plan, self._step, time.monotonic() - self._began)


def left_of(plan: Plan, step: str, elapsed: float) -> str:
    """What is said of the rest of a run: the step's number, the steps that follow, and about how long if it is known."""
    number = plan.number(step)
    if not number:
        return ""
    seconds = plan.left(step, elapsed)
    time_left = [] if seconds is None else [f"about {duration(seconds)} left, as the last run took"]
    after = plan.after(step)
    following = [f"then {', '.join(after)}"] if after else []
    return "; ".join([f"step {number} of {len(STEPS)}", *time_left, *following])


def duration(seconds: float) -> str:
    """Seconds as people say them: to the second below a minute, to ten seconds above, to the minute above an hour."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        whole = round(seconds / 10) * 10
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def profile_tables(profile: Mapping[str, Any]) -> list[Table]:
    """What a run cost by step, and which models and tests cost most; ``profile`` as it is kept in the home."""
    total, steps = profile["total"], profile["steps"]
    between = {
        "name": "between and after the steps",
        "wall": total["wall"] - sum(s["wall"] for s in steps),
        "cpu": total["cpu"] - sum(s["cpu"] for s in steps),
        "peak_mib": None,
    }
    dearest = sorted(profile["nodes"], key=lambda n: -float(n["cpu"]))[:MOST_MODELS]
    tables = [_costs("What the run cost", "step", [*steps, between, {"name": "whole", **total}])]
    if dearest:
        tables.append(_costs("The dearest models, tests and seeds", "name", dearest, kind=True))
    return tables


def _costs(title: str, first: str, costs: Sequence[Mapping[str, Any]], kind: bool = False) -> Table:
    figures = ("wall s", "CPU s", "peak MiB")
    rows = [
        [
            escape(c["name"]), *([c["kind"]] if kind else []), f"{c['wall']:,.1f}", f"{c['cpu']:,.1f}",
            "" if c["peak_mib"] is None else f"{c['peak_mib']:,.0f}",
        ]
        for c in costs
    ]  # fmt: skip
    return console.table(title, (first, *(("kind",) if kind else ()), *figures), rows, numeric=figures)
