"""``labourdb check``: one delivery, before it is sent."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from orchestration.settings import load_settings

if TYPE_CHECKING:
    from orchestration.tasks.check import DeliveryCheck

SHOWN = 20


@app.command()
@guarded
def check(
    path: Annotated[
        Path,
        typer.Argument(
            help="A delivery folder, as <source>/<YYYY-MM>, or one file with --source and --period."
        ),
    ],
    source: Annotated[str | None, typer.Option(help="The source, if the path does not tell.")] = None,
    period: Annotated[str | None, typer.Option(help="The month YYYY-MM, if the path does not tell.")] = None,
    feedback: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.xlsx",
            help="Also write what to mend, with the values sent, as a workbook in Vietnamese and English.",
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check one delivery before it is sent: every problem at once, nothing loaded. 0 if it would be used."""
    from orchestration.tasks.check import check_delivery

    settings = load_settings(home_of(home).settings)
    with console.err.status("reading") if console.err.is_terminal else nullcontext():
        result = check_delivery(path, source, period, settings.thresholds, feedback, settings.limits.limits())
    if as_json:
        console.print_json(result.as_dict())
    else:
        render(result)
    if not result.would_be_used:
        raise typer.Exit(1)


def render(result: DeliveryCheck) -> None:
    """Print the findings for the people who made the delivery."""
    from sources.feedback.files import words  # what only this command needs takes a while to import

    out = console.out
    if result.feedback is not None:
        out.print(f"What to mend, with the values: {result.feedback}", markup=False, highlight=False)
    for notice in result.notices:
        told = words()["notices"][notice["notice"]]["en"].format(about=notice["about"])
        out.print(f"{notice['file']}: {told}", markup=False, highlight=False)
    if result.refused_because:
        out.print(
            f"{result.delivery} would be refused:\n  {result.refused_because}", markup=False, highlight=False
        )
        return
    columns = ("file", "rows_read", "accepted", "quarantined", "duplicate", "superseded")
    out.print(
        console.table(
            result.delivery,
            columns,
            [[escape(f["file"]), *(f[c] for c in columns[1:])] for f in result.files],
            columns[1:],
        )
    )
    for problem in result.problems[:SHOWN]:
        out.print(
            f"{_place(problem)}: {', '.join(problem['reasons'])}",
            markup=False,
            highlight=False,
        )
    if len(result.problems) > SHOWN:
        out.print(f"… and {len(result.problems) - SHOWN} more lines; --json lists them all.", highlight=False)
    for repair in result.repairs:
        out.print(
            f"{repair['file']}, column {repair['column_name']}: {repair['repair']}"
            f"{'' if repair['reason'] is None else ' (' + repair['reason'] + ')'} in {repair['row_count']} row(s)",
            markup=False, highlight=False,
        )  # fmt: skip
    for column in result.unknown_columns:
        out.print(
            f"{column['file']}: column {column['column_name']!r} is not in the contract and is ignored"
            + (f"; it resembles {column['resembles']}" if column["resembles"] else ""),
            markup=False,
        )
    for check in result.checks:
        if check["status"] in ("failed", "error"):
            out.print(
                f"{check['check_id']} ({check['severity']}): {check['rows_failed']} of {check['rows_checked']}"
                f"{' (' + check['column'] + ')' if check['column'] else ''}: {check['why']}",
                markup=False, highlight=False,
            )  # fmt: skip
    out.print("Would be used." if result.would_be_used else "Would be held.", highlight=False)


def _place(problem: dict[str, Any]) -> str:
    sheet = "" if problem["sheet"] is None else f", sheet {problem['sheet']}"
    return f"{problem['file']}{sheet}, line {problem['line']}"
