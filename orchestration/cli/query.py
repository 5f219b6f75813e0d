"""``labourdb query``: one read-only query on the warehouse."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from orchestration.settings import load_settings


@app.command()
@guarded
def query(
    sql: Annotated[
        str,
        typer.Argument(help="One SELECT; tables as labour.<schema>.<table> or restricted.<schema>.<table>."),
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show rows of the warehouse and the restricted database, such as those a check found. Nothing can be changed.

    What it shows may be personal data. The access log gets its tables and columns and the SHA-256 of its text.
    """
    from orchestration.tasks.query import SHOWN, rows_of

    target = home_of(home)
    columns, rows, more = rows_of(target, load_settings(target.settings), sql, None if as_json else SHOWN)
    if as_json:
        console.print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    console.out.print(
        console.table("", columns, [[escape(str(c)) if c is not None else "" for c in r] for r in rows])
    )
    if more:
        console.out.print(f"The first {SHOWN} rows; --json gives all.", highlight=False)
