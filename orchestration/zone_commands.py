"""Commands on the restricted zone: rekey, query."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from orchestration import console
from orchestration.command_line import HomeOption, JsonOption, app, guarded, home_of
from orchestration.settings import UsageError, load_settings


@app.command()
@guarded
def rekey(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Give the home a new key: the restricted database is encrypted anew, everybody gets another pseudonym.

    No published number changes. With the key in LABOURDB_KEY the new one is taken from LABOURDB_NEW_KEY, else it is
    made. The pseudonymised warehouse is removed; the next run builds it again, and publishes nothing if nothing is new.
    """
    from orchestration.rekey import rekey_home
    from sources.rekeying import NoNewKey

    target = home_of(home)
    settings = load_settings(target.settings)
    steps = console.Steps()
    with steps.shown():
        try:
            outcome = rekey_home(target, settings, steps)
        except NoNewKey as error:
            raise UsageError(str(error)) from None
    if as_json:
        console.print_json({"exit_code": 0, **vars(outcome.rekeyed), "next": outcome.next_steps})
        return
    console.out.print(
        f"New key: {outcome.rekeyed.persons:,} persons and {outcome.rekeyed.employers:,} household businesses have new"
        " pseudonyms, the restricted database is encrypted anew.",
        highlight=False,
    )
    for step in outcome.next_steps:
        console.out.print(f"  - {step}", markup=False, highlight=False)


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
    from orchestration.query import SHOWN, rows_of

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
