"""``labourdb expectations``: the suites of expectations, and how they stand on tables that are there."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from sources.errors import UsageError

if TYPE_CHECKING:
    from orchestration.tasks.expectations import Line, Tried

COLOURS = {"passed": "green", "failed": "red", "error": "red", "not_applicable": "dim"}
expectations = typer.Typer(
    no_args_is_help=True, help="Suites of expectations: what must hold of each published table."
)
app.add_typer(expectations, name="expectations")


@expectations.command("run")
@guarded
def run_expectations(
    suite: Annotated[
        list[str] | None,
        typer.Argument(help="Suites by the name of their table, or measures.", show_default="every table's"),
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="The release to look at, as 2025Q4.1.", show_default="the current one")
    ] = None,
    candidates: Annotated[
        bool,
        typer.Option("--candidates", help="Look at what gate 3 judged in the last run, released or not."),
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try suites on a release's tables, without a run. 0 if all holds that must, 3 if gate 3 would release nothing."""
    from orchestration.tasks.expectations import try_suites

    if release and candidates:
        raise UsageError("Name a release or --candidates, not both.")
    with console.err.status("looking") if console.err.is_terminal and not as_json else nullcontext():
        tried = try_suites(home_of(home), suite or (), release, candidates)
    code = 3 if tried.stops else 0
    if as_json:
        lines = [asdict(line) | {"stops": line.stops} for line in tried.lines]
        console.print_json({"exit_code": code, "lines": lines, "left_out": list(tried.left_out)})
    else:
        render(tried, whole=bool(suite))
    if code:
        raise typer.Exit(code)


@expectations.command("list")
@guarded
def list_expectations(as_json: JsonOption = False) -> None:
    """Every suite, its file, and how many expectations it has."""
    from expectations.suites import SUITES, load_suites

    rows = [
        [s.name, str(len(s.expectations)), str(SUITES / f"{s.name}.yaml")] for s in load_suites().values()
    ]
    columns = ("suite", "expectations", "file")
    if as_json:
        console.print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        console.out.print(console.table("Suites", columns, rows, numeric=("expectations",)))


def render(tried: Tried, whole: bool) -> None:
    """Print every expectation of suites that were asked for (``whole``), else those that fail; then how each suite stands."""
    shown = [line for line in tried.lines if whole or line.status in ("failed", "error")]
    if shown:
        columns = ("of", "expectation", "rows", "failed", "severity", "status")
        cells = [_cells(line) for line in shown]
        console.out.print(console.table("Expectations", columns, cells, numeric=("rows", "failed")))
    for line in tried.lines:
        if line.status in ("failed", "error"):
            _say(_told(line))
        elif whole and line.status == "not_applicable":
            _say(
                f"{line.file}: no row to look at, {line.object}; look whether that is so, or the condition is misspelt."
            )
    for place, suite in dict.fromkeys((line.place, line.suite) for line in tried.lines):
        counted = Counter(
            line.status.replace("_", " ")
            for line in tried.lines
            if (line.place, line.suite) == (place, suite)
        )
        _say(f"{suite} of {place}: {', '.join(f'{n} {status}' for status, n in counted.items())}")
    for left in tried.left_out:
        _say(f"Not tried: {left}; --candidates does.")
    if tried.stops:
        _say("Gate 3 would release nothing.")


def _cells(line: Line) -> list[str]:
    failed = "–" if line.rows_failed is None else f"{line.rows_failed:,}"
    status = f"[{COLOURS[line.status]}]{line.status.replace('_', ' ')}[/]"
    return [
        escape(line.object),
        line.type.removeprefix("expect_"),
        f"{line.rows_checked:,}",
        failed,
        line.severity,
        status,
    ]


def _told(line: Line) -> str:
    """A failed expectation: where it is stated, why, and which rows fail it."""
    if line.status == "error":
        what = "could not be evaluated; look whether the column holds what is asked of it, and the condition is well formed"
    else:
        what = f"{line.rows_failed:,} of {line.rows_checked:,}"
        what += f", at most {line.threshold:.2%} may" if line.threshold else ""
    told = [f"{line.file}: {line.type} of {line.object}: {what}. {line.notes}".rstrip()]
    told += [f"    {', '.join(f'{c}={v}' for c, v in row.items())}" for row in line.rows]
    if line.rows and (line.rows_failed or 0) > len(line.rows):
        told.append("    …")
    return "\n".join(told)


def _say(text: str) -> None:
    console.out.print(text, markup=False, highlight=False)
