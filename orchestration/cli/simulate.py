"""``labourdb simulate``: synthetic deliveries."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from orchestration.cli.progress import Steps
from orchestration.home import SEEDS
from sources.errors import UsageError


@app.command()
@guarded
def simulate(
    home: HomeOption = None,
    persons: Annotated[int, typer.Option(min=1_000, help="People over all provinces.")] = 50_000,
    months: Annotated[int, typer.Option(min=1, max=240, help="Months of deliveries.")] = 24,
    until: Annotated[str, typer.Option(help="Last month, YYYY-MM.")] = "2025-12",
    provinces: Annotated[str, typer.Option(help="Old province codes, comma-separated.")] = "30,19",
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Write synthetic deliveries that look like the real thing; the truth is kept apart."""
    from sources.simulator import simulate as make

    target = home_of(home)
    steps = Steps()
    with target.locked(), steps.shown():
        try:
            summary = make(
                target.root, persons, months, until, [p.strip() for p in provinces.split(",")], seed, SEEDS,
                lambda text: steps("simulate", text, 0.0),
            )  # fmt: skip
        except ValueError as error:
            raise UsageError(str(error)) from None
    for folder in (target.landing, target.root / "truth"):
        folder.chmod(0o700)  # as real deliveries should lie: names and citizen IDs for few
    if as_json:
        console.print_json({"home": str(target.root), "summary": vars(summary)})
    else:
        console.out.print(f"Synthetic deliveries lie in {target.landing}.", highlight=False)
