"""What one run is: its home and settings, what it publishes, and its two databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.home import Home
from orchestration.settings import Settings
from releases.release import Release, latest_of, standing_releases
from sources.calendar import quarter_label, reference_month
from sources.engine import connect
from sources.modes import make_folder
from sources.restricted.database import attach_restricted, restricted_database
from sources.restricted.encryption import encryption_config, load_encryption


@dataclass(frozen=True)
class RunScope:
    """What a run publishes: the as-of quarter and the identifier its release would get."""

    as_of: int
    release_id: str

    @property
    def cut_off(self) -> int:
        """Month number of the last month whose deliveries may be used."""
        return reference_month(self.as_of)


@dataclass(frozen=True)
class Run:
    """One run: where, with which settings, and what it is to publish."""

    home: Home
    settings: Settings
    scope: RunScope
    begun_by: str = ""  # the Dagster run that began it, through all that go on with it; empty without Dagster

    @property
    def candidates(self) -> Path:
        """Where the candidate tables lie as files, with the gates' verdict."""
        return self.home.warehouse / "candidates"

    @contextmanager
    def restricted(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The restricted database, for writing."""
        with restricted_database(self.home.restricted, self.settings.engine.limits(self.home)) as connection:
            yield connection

    @contextmanager
    def warehouse(self, with_restricted: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """The working database of the pseudonymised zone (``opened_warehouse``)."""
        with opened_warehouse(self.home, self.settings, with_restricted) as connection:
            yield connection


@contextmanager
def opened_warehouse(
    home: Home, settings: Settings, with_restricted: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The working database of the pseudonymised zone, spilling only into the restricted zone."""
    make_folder(home.warehouse, 0o750)
    made = not home.database.exists()
    limits = settings.engine.limits(home)
    with connect(home.database, limits=limits, more=encryption_config()) as connection:
        if made:
            home.database.chmod(0o640)  # authorised staff read it
        if with_restricted:
            attach_restricted(connection, home.restricted, read_only=True)
        else:
            load_encryption(connection)  # for what it spills
        yield connection


def latest_release(run: Run) -> Release | None:
    """The release that this run's would follow: the last of its period, else the newest before it.

    A withdrawn one is followed by nothing: change is measured against what stands.
    """
    period = quarter_label(run.scope.as_of)
    same = latest_of(run.home.releases, period)
    earlier = [r for r in standing_releases(run.home.releases) if r.order[0] < period]
    return same or (earlier[-1] if earlier else None)
