"""``labourdb verify``: whether a release, and what it was made from, is still as published (SPEC §8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from orchestration.cli.progress import Steps
from releases.audit.verify import Item

NUMBERED = {
    "site": "files of the site",
    "input": "files of deliveries",
}  # too many to name each that is as it was


@app.command()
@guarded
def verify(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The release to verify, as 2025Q4.1.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whether a release, and the files it was made from, are still as published. 0 if all is, 1 if not."""
    from releases.audit.verify import verify as look
    from releases.release import find_release

    target = home_of(home)
    found = find_release(target.releases, release)
    steps = Steps()
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


def amiss(items: Sequence[Item]) -> list[Item]:
    """What is not as it was published."""
    return [item for item in items if item.state != "ok"]


def verified(release_id: str, items: Sequence[Item], protection: str | None) -> str:
    """The verdict in words: everything as published, and how the release says it is protected; or what is not, and where."""
    wrong = amiss(items)
    if not wrong:
        return f"Release {release_id} is as it was published: {len(items)} items looked at. {protection or ''}".rstrip()
    lines = [f"  {i.state}: {i.where}{f' ({i.why})' if i.why else ''}" for i in wrong]
    return (
        f"Release {release_id} is not as it was published; {len(wrong)} of {len(items)} items:\n"
        + "\n".join(lines)
    )


def render_verify(release: Path, items: Sequence[Item]) -> None:
    """Print what was looked at: each part of the release by itself, files of site and inputs by their number."""
    rows = [
        [i.kind, escape(i.where.removeprefix(f"{release}/")), i.state, escape(i.why)]
        for i in items
        if i.kind not in NUMBERED or i.state != "ok"
    ]
    for kind, what in NUMBERED.items():
        states = Counter(i.state for i in items if i.kind == kind)
        rows.append([kind, f"{states.total():,} {what}", f"{states['ok']:,} ok", ""])
    console.out.print(console.table(f"Release {release.name}", ("kind", "where", "state", "why"), rows))
