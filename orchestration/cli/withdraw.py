"""``labourdb withdraw``: take a release back."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of


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
