"""The ``labourdb`` command line (SPEC §8). Exit codes: 0 done, 1 failed, 2 usage, 3 stopped by a gate."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration import console
from orchestration.command_line import HomeOption, JsonOption, app, guarded, home_of
from orchestration.home import SEEDS
from orchestration.settings import UsageError, load_settings


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
    steps = console.Steps()
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


@app.command()
@guarded
def run(
    as_of: Annotated[str, typer.Option("--as-of", help="The quarter to publish, YYYYQn.")],
    home: HomeOption = None,
    accept_clock: Annotated[
        bool,
        typer.Option(
            help="Go on though the clock is behind the last release; without it a terminal is asked."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Ingest what is new, build, gate, publish. 0 published or nothing new, 3 stopped by a gate, 1 failed."""
    from orchestration.clock import accepted, clock_behind, refuse_clock_behind
    from orchestration.run import execute

    target = home_of(home)
    warning = clock_behind(target)
    if warning:
        console.err.print(f"Warning: {warning}", markup=False, highlight=False)
        if not accept_clock and not as_json and sys.stdin.isatty():
            accept_clock = typer.confirm("Go on all the same?", err=True)
    settings = load_settings(target.settings)
    for name in settings.not_available():
        console.err.print(f"Note: {name} is not part of this version and has no effect.", markup=False)
    steps = console.Steps()
    with accepted(accept_clock):
        refuse_clock_behind(target)
        with steps.shown():
            outcome = execute(target, settings, as_of, steps)
    manifest = outcome.release.manifest
    left_out = [d for d in manifest["inputs"] if d["disposition"] in ("held", "refused")]
    if as_json:
        console.print_json(
            {
                "exit_code": 0,
                "release": outcome.release.id,
                "published": outcome.published,
                "path": str(outcome.release.path),
                "protection": manifest["protection"],
                "synthetic": manifest["synthetic"],
                "left_out": left_out,
                "deleted_after_retention": vars(outcome.deleted),
            }
        )
        return
    if outcome.deleted.anything:
        console.out.print(
            f"Deleted after [retention] months: {outcome.deleted}.", markup=False, highlight=False
        )
    if not outcome.published:
        console.out.print(f"Nothing new: release {outcome.release.id} stands.", highlight=False)
        return
    console.out.print(console.target_table(outcome.release))
    for delivery in left_out:
        console.out.print(
            f"Left out: {delivery['folder']} {delivery['disposition']}: {delivery['because']}",
            markup=False, highlight=False,
        )  # fmt: skip
    console.out.print(f"Published {outcome.release.id}.  {console.banner(manifest)}", highlight=False)
    console.out.print(console.where_next(target.root, outcome.release), markup=False, highlight=False)


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
    from orchestration.checking import check_delivery, render

    settings = load_settings(home_of(home).settings)
    result = check_delivery(path, source, period, settings.thresholds, feedback, settings.limits.limits())
    if as_json:
        console.print_json(result.as_dict())
    else:
        render(result)
    if not result.would_be_used:
        raise typer.Exit(1)


@app.command()
@guarded
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """What has arrived, what was left out and why, and which release is current."""
    from orchestration.status import home_status, render

    facts = home_status(home_of(home))
    if as_json:
        console.print_json(facts)
    else:
        render(facts)


from orchestration import audit_commands as audit_commands  # noqa: E402  adds its commands, after these in --help
from orchestration import zone_commands as zone_commands  # noqa: E402  likewise


def main() -> None:
    """Entry point of ``labourdb``. Should it crash, no image of its memory is left: it may hold rows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(app(standalone_mode=True))
