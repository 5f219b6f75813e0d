"""``labourdb serve``: a release's site in the browser."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of


@app.command()
@guarded
def serve(
    release: Annotated[
        str | None,
        typer.Argument(metavar="[RELEASE]", help="The release, as 2025Q4.1.", show_default="the current one"),
    ] = None,
    home: HomeOption = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8_425,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Show a release's site in the browser, on this machine alone, until Ctrl-C. The folder itself may be opened as well."""
    import webbrowser

    from orchestration.tasks.serve import served
    from releases.release import find_release, standing_release
    from releases.withdraw import withdrawals

    folder = home_of(home).releases
    shown = find_release(folder, release) if release else standing_release(folder)
    withdrawn = withdrawals(folder).get(shown.id)
    with served(shown, port) as (server, address):
        if as_json:
            reason = withdrawn.reason if withdrawn else None
            console.print_json({"release": shown.id, "address": address, "withdrawn": reason})
        else:
            console.out.print(f"Release {shown.id}: {address}", highlight=False)
            if withdrawn:
                console.out.print(f"It was withdrawn: {withdrawn.reason}", markup=False, highlight=False)
            console.out.print("Only this machine can see it. Ctrl-C ends it.", highlight=False)
        if browser and not as_json:
            webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
