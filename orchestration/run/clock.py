"""A clock that goes behind the last release: what was published would seem to come after what is published next."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from orchestration.home import Home
from releases.release import list_releases
from sources.errors import UsageError

ACCEPTED = "LABOURDB_ACCEPT_CLOCK"


def clock_behind(home: Home, now: datetime | None = None) -> str | None:
    """What to warn of if this machine's clock says less than when a release was published, withdrawn ones too."""
    moments = [
        (_moment(str(said)), release.id)
        for release in list_releases(home.releases)
        if (said := release.manifest.get("published_at"))
    ]
    now = now or datetime.now(UTC)
    last, name = max(moments, default=(now, ""))
    if now >= last:
        return None
    return (
        f"This machine's clock says {now.isoformat(timespec='seconds')}, but release {name} was published at"
        f" {last.isoformat(timespec='seconds')}: the clock is behind, or was ahead then. Times in the next release,"
        " waivers and retention would be wrong."
    )


def _moment(said: str) -> datetime:
    moment = datetime.fromisoformat(said)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def refuse_clock_behind(home: Home) -> None:
    """Raise ``UsageError`` if the clock is behind the last release and nobody has said yes to it."""
    warning = clock_behind(home)
    if warning and os.environ.get(ACCEPTED) != "yes":
        raise UsageError(
            f"{warning}\nSet the clock; or, if it is right now, say so: `labourdb run --accept-clock`, or {ACCEPTED}=yes"
            " for Dagster. Nothing was published."
        )


@contextmanager
def accepted(yes: bool) -> Iterator[None]:
    """Let the clock be accepted in the block, if somebody said ``yes``."""
    before = os.environ.get(ACCEPTED)
    if yes:
        os.environ[ACCEPTED] = "yes"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(ACCEPTED, None)
        else:
            os.environ[ACCEPTED] = before
