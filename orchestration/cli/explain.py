"""``labourdb explain``: one published number taken back to the files (SPEC §8); its text is in ``explain_text``."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from orchestration.cli.explain_text import broken, render_explain
from orchestration.cli.progress import Steps


@app.command()
@guarded
def explain(
    indicator: Annotated[str, typer.Argument(help="The indicator, as unemployment_rate.")],
    area: Annotated[
        str, typer.Option(metavar="CODE@LIST", help="The area and its list, as 30@2024, 31@2025 or VN@2025.")
    ],
    period: Annotated[
        str, typer.Option(help="The quarter YYYYQn; of an official figure also the year YYYY.")
    ],
    sex: Annotated[str, typer.Option(help="total, male or female.")] = "total",
    age: Annotated[str, typer.Option(help="total (15+), a band as 15-24, 16-30 or working_age.")] = "total",
    urban: Annotated[str, typer.Option(help="total, urban or rural.")] = "total",
    basis: Annotated[str, typer.Option(help="register or official.")] = "register",
    release: Annotated[
        str | None, typer.Option(metavar="RELEASE", help="The release, as 2025Q4.1.", show_default="current")
    ] = None,
    restricted: Annotated[
        bool,
        typer.Option(
            "--restricted", help="Show what was counted, exactly, beside what is published; is logged."
        ),
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """One published number taken back: persons, rows, files, what was left out, checks, earlier values.

    0 explained, as far as the warehouse still allows; 1 something does not add up, or cannot be shown; 2 no such cell.
    """
    from orchestration.tasks.explain import chosen_release
    from orchestration.tasks.explain import explain as take_back
    from releases.audit.cell import CellKey, area_of

    target = home_of(home)
    code, version = area_of(area)
    found = chosen_release(target, release)
    key = CellKey(indicator, basis, period, version, code, sex, age, urban)
    steps = Steps()
    with steps.shown():
        document = take_back(target, found, key, restricted, lambda step: steps("explain", step, 0.0))
    failed = bool(broken(document))
    if as_json:
        console.print_json({"exit_code": int(failed), **document})
    else:
        render_explain(document)
    if failed:
        console.err.print("\n".join(broken(document)), markup=False, highlight=False)
        raise typer.Exit(1)
