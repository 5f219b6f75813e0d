"""A new key for a home: the restricted database, and what of the warehouse hangs on the old pseudonyms."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestration.home import Home
from orchestration.settings import Settings
from releases.release import current_release
from sources.errors import LabourdbError
from sources.restricted.access import record_access
from sources.restricted.database import DATABASE
from sources.restricted.keys import KEY_VARIABLE, NEW_KEY_VARIABLE
from sources.restricted.rekeying import Rekeyed, new_secret, rekey

Listener = Callable[[str, str, float], None]


@dataclass(frozen=True)
class RekeyOutcome:
    """What was done, and what is left to the person who asked for it."""

    rekeyed: Rekeyed
    next_steps: list[str]


def rekey_home(home: Home, settings: Settings, listener: Listener) -> RekeyOutcome:
    """Rekey under the home's lock. Raises ``NoNewKey``, ``LostKey``, ``WrongKey``, or ``LabourdbError`` if there is
    nothing to rekey; the home then is as it was, under its old key.
    """
    if not (home.restricted / DATABASE).exists():
        raise LabourdbError(
            f"{home.restricted} has no database yet: there is nothing to give a new key to. Run first."
        )
    new_secret()  # what was asked for wrongly is said before anything is touched
    started = time.monotonic()
    last: list[str] = []

    def tell(step: str) -> None:
        if last:
            listener(last[0], "done", time.monotonic() - started)
        last[:] = [step]
        if step != "done":
            listener(step, "", time.monotonic() - started)

    with home.locked():
        try:
            rekeyed = rekey(
                home.restricted, lambda: remove_warehouse(home), tell, settings.engine.limits(home)
            )  # fmt: skip
        finally:
            record_access(home.restricted, "labourdb rekey", "done" if last == ["done"] else "not finished")
    release = current_release(home.releases)
    as_of = release.id.split(".")[0] if release else "YYYYQn"
    return RekeyOutcome(rekeyed, _next_steps(home, rekeyed, as_of))


def remove_warehouse(home: Home) -> None:
    """Remove the working database of the pseudonymised zone; the next run builds it."""
    for path in (home.database, Path(f"{home.database}.wal")):
        path.unlink(missing_ok=True)


def _next_steps(home: Home, rekeyed: Rekeyed, as_of: str) -> list[str]:
    if rekeyed.key == NEW_KEY_VARIABLE:
        first = f"Put the value of {NEW_KEY_VARIABLE} into {KEY_VARIABLE} now: the old key opens nothing any more."
    else:
        first = f"Back up {rekeyed.key} apart from the data: it holds the new key."
    return [
        first,
        "Keep the old key as long as you keep backups that were made under it.",
        f"labourdb run --home {home.root} --as-of {as_of} builds the pseudonymised warehouse again, which was removed;"
        " if nothing is new, the release stands.",
    ]
