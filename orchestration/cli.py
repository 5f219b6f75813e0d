"""The ``labourdb`` command line (SPEC §8). Exit codes: 0 done, 1 failed, 2 usage, 3 stopped by a gate."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.markup import escape

from orchestration import console
from orchestration.home import SEEDS, Home
from orchestration.settings import UsageError, load_settings
from releases.release import ReleaseUsageError
from sources.errors import LabourdbError

app = typer.Typer(
    name="labourdb",
    help="From agency deliveries to a linked labour database and published indicators.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="The installation's folder.", show_default="$LABOURDB_HOME, then ./data"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

F = TypeVar("F", bound=Callable[..., None])


def _home(given: Path | None) -> Home:
    return Home((given or Path(os.environ.get("LABOURDB_HOME", "data"))).resolve())


def _tell(error: str, code: int, given: Mapping[str, Any]) -> None:
    """Say what went wrong on standard error, and in the JSON document if one was asked for."""
    if given.get("as_json"):
        console.print_json({"exit_code": code, "error": error})
    console.err.print(f"[bold red]{'Stopped' if code == 3 else 'Error'}:[/bold red] ", end="")
    console.err.print(error, markup=False, highlight=False)


def _guarded(command: F) -> F:
    """Turn errors a person can act on into a message and the exit code that belongs to them."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except LabourdbError as error:
            usage = isinstance(error, (UsageError, ReleaseUsageError))
            code = 2 if usage else 3 if type(error).__name__ == "GateStopped" else 1
            _tell(str(error), code, kwargs)
            raise typer.Exit(code) from None
        except OSError as error:
            _tell(
                f"{error.strerror or error}: {error.filename or ''}. Check rights and disk space, then run again.",
                1, kwargs,
            )  # fmt: skip
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            _tell("Interrupted; what was published before stays as it is.", 1, kwargs)
            raise typer.Exit(1) from None

    return guarded  # type: ignore[return-value]


@app.command()
@_guarded
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

    target = _home(home)
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
@_guarded
def run(
    as_of: Annotated[str, typer.Option("--as-of", help="The quarter to publish, YYYYQn.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ingest what is new, build, gate, publish. 0 published or nothing new, 3 stopped by a gate, 1 failed."""
    from orchestration.run import execute

    target = _home(home)
    settings = load_settings(target.settings)
    for name in settings.not_available():
        console.err.print(f"Note: {name} is not part of this version and has no effect.", markup=False)
    steps = console.Steps()
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
            }
        )
        return
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
@_guarded
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

    result = check_delivery(path, source, period, load_settings(_home(home).settings).thresholds, feedback)
    if as_json:
        console.print_json(result.as_dict())
    else:
        render(result)
    if not result.would_be_used:
        raise typer.Exit(1)


@app.command()
@_guarded
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """What has arrived, what was left out and why, and which release is current."""
    from orchestration.status import home_status, render

    facts = home_status(_home(home))
    if as_json:
        console.print_json(facts)
    else:
        render(facts)


@app.command()
@_guarded
def releases(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every release, newest last, and which are withdrawn."""
    from releases.release import current_release, list_releases
    from releases.withdraw import withdrawals

    folder = _home(home).releases
    current = current_release(folder)
    withdrawn = withdrawals(folder)
    rows = []
    for release in list_releases(folder):
        manifest = release.manifest
        held = sum(d["disposition"] in ("held", "refused") for d in manifest["inputs"])
        rows.append(
            {
                "release": release.id,
                "current": current is not None and current.id == release.id,
                "withdrawn": withdrawn[release.id].reason if release.id in withdrawn else None,
                "published_at": manifest["published_at"],
                "protection": manifest["protection"],
                "synthetic": manifest["synthetic"],
                "deliveries": len(manifest["inputs"]),
                "left_out": held,
                "path": str(release.path),
            }
        )
    if as_json:
        console.print_json(rows)
    elif not rows:
        console.out.print("No release yet. Make one with `labourdb run --as-of YYYYQn`.", highlight=False)
    else:
        names = (
            "release",
            "current",
            "published_at",
            "protection",
            "synthetic",
            "deliveries",
            "left_out",
            "withdrawn",
        )
        words = {True: "yes", False: "", None: ""}
        shown = [
            [escape(str(words[r[n]] if isinstance(r[n], bool | None) else r[n])) for n in names] for r in rows
        ]
        console.out.print(console.table("Releases", names, shown))


@app.command()
@_guarded
def diff(
    old: Annotated[str, typer.Argument(metavar="A", help="The release to compare from, as 2025Q4.1.")],
    new: Annotated[str, typer.Argument(metavar="B", help="The release to compare with.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """What changed from release A to release B: cells added, gone and changed, largest change first."""
    from orchestration.audit import render_diff
    from releases.diff import diff as compare
    from releases.release import find_release

    folder = _home(home).releases
    facts = compare(find_release(folder, old), find_release(folder, new))
    if as_json:
        console.print_json(facts)
    else:
        render_diff(facts)


@app.command()
@_guarded
def verify(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The release to verify, as 2025Q4.1.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whether a release, and the files it was made from, are still as published. 0 if all is, 1 if not."""
    from orchestration.audit import amiss, render_verify, verified
    from releases.release import find_release
    from releases.verify import verify as look

    target = _home(home)
    found = find_release(target.releases, release)
    steps = console.Steps()
    with steps.shown():
        items = look(found, target.landing, lambda name: steps("verify", name, 0.0))
    failed = bool(amiss(items))
    message = verified(found.id, items)
    if as_json:
        console.print_json(
            {
                "exit_code": int(failed),
                "release": found.id,
                "as_published": not failed,
                "items": [vars(item) for item in items],
            }
        )
    else:
        render_verify(found.path, items)
    if failed or not as_json:
        (console.err if failed else console.out).print(message, markup=False, highlight=False)
    if failed:
        raise typer.Exit(1)


@app.command()
@_guarded
def withdraw(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The release to withdraw, as 2025Q4.1.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept beside the release, with your login name.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a release: it stays readable, and `current` moves to the newest that is not withdrawn."""
    from releases.release import find_release
    from releases.release import withdraw as take_back

    target = _home(home)
    find_release(target.releases, release)  # before the lock, which would make the home
    with target.locked():
        withdrawal, current = take_back(target.releases, release, reason)
    now = current.id if current else None
    if as_json:
        console.print_json({"exit_code": 0, "release": release, **vars(withdrawal), "current_release": now})
        return
    console.out.print(
        f"Withdrawn: {release}, by {withdrawal.by} at {withdrawal.at}: {withdrawal.reason}\n"
        f"Current release: {now or 'none stands'}. What readers took from {release} is theirs to replace: tell them.",
        markup=False, highlight=False,
    )  # fmt: skip


def main() -> None:
    """Entry point of ``labourdb``."""
    sys.exit(app(standalone_mode=True))
