"""``labourdb run``: from what is new in the landing area to a release."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from orchestration.cli.progress import Steps, profile_tables
from orchestration.settings import load_settings


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
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Build everything anew, also if nothing is new, and compare with what was kept from run to run.",
        ),
    ] = False,
    profile: Annotated[
        bool,
        typer.Option(
            "--profile", help="Write what each step and model cost to <home>/warehouse/profile.json."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Ingest what is new, build, gate, publish. 0 published or nothing new, 3 stopped by a gate, 1 failed."""
    from orchestration.run.clock import accepted, clock_behind, refuse_clock_behind
    from orchestration.run.execute import execute
    from orchestration.run.profile import Profile, measuring

    target = home_of(home)
    warning = clock_behind(target)
    if warning:
        console.err.print(f"Warning: {warning}", markup=False, highlight=False)
        if not accept_clock and not as_json and sys.stdin.isatty():
            accept_clock = typer.confirm("Go on all the same?", err=True)
    settings = load_settings(target.settings)
    for name in settings.not_available():
        console.err.print(f"Note: {name} is not part of this version and has no effect.", markup=False)
    steps, costs = Steps(), Profile() if profile else None

    def listener(step: str, detail: str, seconds: float) -> None:
        for told in (costs, steps):
            if told is not None:
                told(step, detail, seconds)

    with accepted(accept_clock):
        refuse_clock_behind(target)
        try:
            with steps.shown(), measuring(costs):
                outcome = execute(target, settings, as_of, listener, steps.planned, full)
        finally:  # also what a run cost that did not end well
            if costs is not None:
                _tell_costs(costs.write(target.profile), target.profile, as_json)
    manifest = outcome.release.manifest
    left_out = [d for d in manifest["inputs"] if d["disposition"] in ("held", "refused")]
    if as_json:
        console.print_json(
            {
                "exit_code": 0,
                "release": outcome.release.id,
                "published": outcome.published,
                "path": str(outcome.release.path),
                "built": outcome.built,
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
    if outcome.built:
        console.out.print(outcome.built, markup=False, highlight=False)
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


def _tell_costs(told: Mapping[str, Any], where: Path, as_json: bool) -> None:
    """Show what the run cost, unless one JSON document is all that was asked for."""
    if as_json:
        return
    for table in profile_tables(told):
        console.out.print(table)
    console.out.print(f"All of it: {where}", markup=False, highlight=False)
