"""One run from the command line: nothing new, published, or stopped."""

from __future__ import annotations

import logging
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from orchestration.home import Home
from orchestration.run.damage import damage
from orchestration.run.fingerprint import known_inputs, run_fingerprint
from orchestration.run.progress import Plan, plan_of
from orchestration.run.scope import Run, RunScope
from orchestration.settings import Settings
from releases.disclosure.remembered import remembered, settle
from releases.release import Release, latest_of, next_id, point_current, refuse_withdrawn
from sources.calendar import quarter_label, quarter_number
from sources.engine import advice
from sources.errors import LabourdbError, UnforeseenError
from sources.ingest.deliveries import new_deliveries
from sources.ingest.landing import find_deliveries
from sources.restricted.database import DATABASE, restricted_database
from sources.restricted.encryption import damaged, is_forged
from sources.restricted.retention import Deleted

Listener = Callable[[str, str, float], None]


@dataclass(frozen=True)
class Outcome:
    """What a run ended with: the release that stands, whether this run made it, what retention deleted."""

    release: Release
    published: bool
    deleted: Deleted = field(default_factory=Deleted)
    built: str = ""  # whether it was an increment, or why not, for people


def nothing_new(home: Home, settings: Settings, scope: RunScope) -> Release | None:
    """The release that already says all there is to say, if deliveries, settings and code are unchanged.

    Raises ``ChangedDelivery`` if an ingested delivery has changed, ``LabourdbError`` if what would be published
    was withdrawn.
    """
    if not (home.restricted / DATABASE).exists():
        return None
    if not home.database.exists():
        return None  # after a rekey: nothing new to publish, but the warehouse to build
    deliveries, _ = find_deliveries(home.landing)
    with restricted_database(home.restricted, settings.engine.limits(home)) as connection:
        if new_deliveries(connection, deliveries):
            return None
        fingerprint = run_fingerprint(scope.as_of, settings, known_inputs(connection, scope.cut_off))
    period = quarter_label(scope.as_of)
    latest = latest_of(home.releases, period)
    if latest is None or latest.manifest.get("fingerprint") != fingerprint:
        refuse_withdrawn(home.releases, period, fingerprint)
        return None
    point_current(home.releases)
    return latest


def execute(
    home: Home,
    settings: Settings,
    as_of: str,
    listener: Listener | None = None,
    on_plan: Callable[[Plan], None] | None = None,
    full: bool = False,
) -> Outcome:
    """Run for ``as_of`` (YYYYQn) under the home's lock; ``on_plan`` hears, before the first step, what is to be done;
    ``full``: also where there is nothing new, and with everything built anew and compared with what was kept.

    Raises ``GateStopped`` if gate 2 or 3 stopped it, ``LabourdbError`` for everything a person can mend;
    in both cases nothing is published and ``current`` is as it was.
    """
    number = quarter_number(as_of)
    home.require_landing()
    with home.locked(f"labourdb run --as-of {as_of}"):
        settle(home.remembered, home.releases)
        scope = RunScope(number, next_id(home.releases, as_of, remembered(home.remembered)))
        run = Run(home, settings, scope)
        unchanged = None if full else nothing_new(home, settings, scope)
        if unchanged is not None and settings.retention.months is None:
            return Outcome(unchanged, published=False)
        from orchestration.run.increments import told  # takes a while to import
        from orchestration.run.steps import apply_retention, noted_retention

        if unchanged is not None:  # what is old goes all the same
            return Outcome(unchanged, published=False, deleted=apply_retention(run))
        _run_job(home, as_of, listener or (lambda step, detail, seconds: None), on_plan, full)
        latest = latest_of(home.releases, as_of)
        if latest is None:
            raise LabourdbError(
                "The run ended without a release; see the Dagster UI (make ui) for its events."
            )
        published = latest.id == scope.release_id
        return Outcome(latest, published, noted_retention(run), told(run))


def _run_job(
    home: Home, as_of: str, listener: Listener, on_plan: Callable[[Plan], None] | None, full: bool
) -> None:
    """Execute the Dagster job in this process; errors a person can act on come out as they were raised."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():  # of libraries, to nobody who could mend them
        warnings.simplefilter("ignore")
        from orchestration.definitions import RUN, build_defs
        from orchestration.resources import heard_by
        from orchestration.run.history import dagster_instance, run_recorded

        with _at_home(home), dagster_instance(home.dagster) as instance, heard_by(listener):
            job = build_defs().resolve_job_def(RUN.name)
            if on_plan is not None:
                on_plan(plan_of(instance, RUN.name))
            try:
                config = {"as_of": as_of} | ({"full": True} if full else {})
                run_recorded(instance, job, {"resources": {"installation": {"config": config}}})
            except Exception as error:
                _raise_plainly(home, as_of, error)


@contextmanager
def _at_home(home: Home) -> Iterator[None]:
    """Let ``home`` be the default one in the block, so that no place of this machine gets into the run's configuration."""
    before = os.environ.get("LABOURDB_HOME")
    os.environ["LABOURDB_HOME"] = str(home.root)
    try:
        yield
    finally:
        if before is None:
            del os.environ["LABOURDB_HOME"]
        else:
            os.environ["LABOURDB_HOME"] = before


def _raise_plainly(home: Home, as_of: str, error: Exception) -> None:
    """A blocked gate becomes ``GateStopped``; any other Dagster error shows its cause."""
    from orchestration.run.gates import kept_checks, stop_if_blocked
    from orchestration.settings import load_settings

    found = damage(home, error)
    if found is not None:
        raise found from None
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LabourdbError):
            raise cause from None
        if isinstance(cause, OSError):
            raise cause from None
        if is_forged(cause):
            raise damaged(home.restricted / DATABASE) from None
        if isinstance(cause, duckdb.IOException) and "lock" in str(cause):
            raise LabourdbError(
                f"Another program has a database of {home.root} open, as dbt, a notebook or a database tool would. Close it"
                " there and run again; nothing was published."
            ) from None
        if isinstance(cause, (MemoryError, duckdb.OutOfMemoryException, duckdb.IOException)):
            kind = type(cause).__name__
            raise LabourdbError(
                f"The database could not work ({kind}): too little memory or disk, or no right to write."
                f" {advice(f'{kind} {cause}') or 'Free some space, or mend the rights.'} Run again; nothing was published."
            ) from None
        if isinstance(cause, sqlite3.Error):
            raise LabourdbError(
                f"The run's history in {home.dagster} could not be written ({cause}): is the disk full, or may it not be"
                " written to? Free some space or mend the rights and run again; nothing was published."
            ) from None
        if isinstance(cause, UnforeseenError):
            raise _unforeseen(str(cause)) from None
        cause = cause.__cause__
    if type(error).__name__ == "DagsterAssetCheckFailedError":
        scope = RunScope(quarter_number(as_of), next_id(home.releases, as_of, remembered(home.remembered)))
        run = Run(home, load_settings(home.settings), scope)
        stop_if_blocked(run, kept_checks(run))
    raise _unforeseen(type(error).__name__) from error


def _unforeseen(place: str) -> LabourdbError:
    return LabourdbError(
        f"The run failed where nothing was foreseen ({place}); nothing was published and the last"
        " release stays current. `make ui` shows the step and its error."
    )
