"""Looking at releases, and the auditor's commands: releases, serve, quality, diff, verify, withdraw, explain (SPEC §8)."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer
from rich.markup import escape

from orchestration import console
from orchestration.command_line import HomeOption, JsonOption, app, guarded, home_of


@app.command()
@guarded
def releases(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every release, newest last, and which are withdrawn."""
    from releases.release import current_release, list_releases
    from releases.withdraw import withdrawals

    folder = home_of(home).releases
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

    from orchestration.site import served
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


@app.command()
@guarded
def quality(
    release: Annotated[
        str | None,
        typer.Argument(metavar="[RELEASE]", help="The release, as 2025Q4.1.", show_default="the current one"),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """How good a release is: verdict, gates, what was left out and why, failed checks, links, coverage, waivers."""
    from orchestration.quality import render_quality
    from releases.quality import facts_of
    from releases.release import REPORT, find_release, standing_release
    from releases.withdraw import withdrawals

    folder = home_of(home).releases
    found = find_release(folder, release) if release else standing_release(folder)
    facts = facts_of(found.path)
    withdrawn = withdrawals(folder).get(found.id)
    reason = withdrawn.reason if withdrawn else None
    if as_json:
        console.print_json(facts | {"withdrawn": reason, "report": str(found.path / REPORT)})
    else:
        render_quality(facts, found.path / REPORT, reason)


@app.command()
@guarded
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

    folder = home_of(home).releases
    facts = compare(find_release(folder, old), find_release(folder, new))
    if as_json:
        console.print_json(facts)
    else:
        render_diff(facts)


@app.command()
@guarded
def verify(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The release to verify, as 2025Q4.1.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whether a release, and the files it was made from, are still as published. 0 if all is, 1 if not."""
    from orchestration.audit import amiss, render_verify, verified
    from releases.release import find_release
    from releases.verify import verify as look

    target = home_of(home)
    found = find_release(target.releases, release)
    steps = console.Steps()
    with steps.shown():
        items = look(found, target.landing, lambda name: steps("verify", name, 0.0), target.ledger)
    failed = bool(amiss(items))
    label = (
        None if failed else found.manifest.get("protection")
    )  # which a release that is as published says rightly
    message = verified(found.id, items, label)
    if as_json:
        console.print_json(
            {
                "exit_code": int(failed),
                "release": found.id,
                "as_published": not failed,
                "protection": label,
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
@guarded
def withdraw(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The release to withdraw, as 2025Q4.1.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept beside the release, with your login name.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a release: it stays readable, and `current` moves to the newest that is not withdrawn."""
    from releases.release import find_release
    from releases.release import withdraw as take_back

    target = home_of(home)
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
    from orchestration.explain import chosen_release
    from orchestration.explain import explain as take_back
    from orchestration.explain_text import broken, render_explain
    from releases.cell import CellKey, area_of

    target = home_of(home)
    code, version = area_of(area)
    found = chosen_release(target, release)
    key = CellKey(indicator, basis, period, version, code, sex, age, urban)
    steps = console.Steps()
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
