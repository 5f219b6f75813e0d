"""The installation a job works on: its home and as-of quarter, and who hears of progress."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from orchestration.home import Home
from orchestration.run.begun import begun, continued
from orchestration.run.scope import Run, RunScope
from orchestration.settings import engine_limits, load_settings
from releases.disclosure.remembered import remembered
from releases.release import next_id
from sources.calendar import month_of, quarter_label, quarter_number, quarter_of_month
from sources.engine import within
from sources.errors import LabourdbError, UnforeseenError, UsageError, place_of
from sources.restricted.access import accessing

Listener = Callable[[str, str, float], None]
# Dagster copies resources, so who listens is kept beside them
_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` (step, detail, seconds) of every step of the runs in the block."""
    listening = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(listening)


def default_home() -> str:
    """``$LABOURDB_HOME``, else ``./data``."""
    return os.environ.get("LABOURDB_HOME", "data")


def last_whole_quarter(today: date) -> str:
    """The last quarter that has ended by ``today``."""
    return quarter_label(quarter_of_month(month_of(today)) - 1)


GATE_1, LAST_STEP = "delivery_gate", "publish"  # names of steps
PATIENCE = 12 * 3600.0  # seconds a run waits for another process, such as `labourdb run`, to finish


def _holds(run: dg.DagsterRun, step: str, instance: dg.DagsterInstance | None) -> bool:
    """Whether a step is part of a Dagster run: of what was selected of its job or, in one executed again, is left to do."""
    steps = run.step_keys_to_execute
    if steps is None and run.execution_plan_snapshot_id is not None and instance is not None:
        # so it is where assets that failed are made again: the plan alone tells which
        steps = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute
    return steps is None or step in steps


def _begun_by(run: dg.DagsterRun, instance: dg.DagsterInstance | None) -> str:
    """The Dagster run whose gate 1 ``run`` holds or, executed again without it, goes on with; empty if it had none."""
    if _holds(run, GATE_1, instance):
        return run.root_run_id or run.run_id
    if run.root_run_id is None:
        return ""
    first = instance.get_run_by_id(run.root_run_id) if instance is not None else None
    return run.root_run_id if first is None or _holds(first, GATE_1, instance) else ""


class Installation(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Home and as-of quarter; an empty home is ``$LABOURDB_HOME``.

    An empty as-of is, in a run from gate 1 to the release, the last whole quarter; in one that goes on with the run in the
    warehouse, the quarter of that one; any other must say it.
    """

    home: str = ""
    as_of: str = ""
    full: bool = False  # after building, build all again and compare what was kept with it
    _begins: bool = PrivateAttr(default=True)  # gate 1 is part of this Dagster run
    _whole: bool = PrivateAttr(default=True)  # and so is the release
    _begun_by: str = PrivateAttr(default="")  # the Dagster run that began what this one makes or goes on with

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Installation]:
        """Hold the home's lock from the first step of a Dagster run to its last; Dagster sets a resource up once a run."""
        run, log = context.run, context.log
        if run is not None:
            self._begins = _holds(run, GATE_1, context.instance)
            self._whole = self._begins and _holds(run, LAST_STEP, context.instance)
            self._begun_by = _begun_by(run, context.instance)
        what = f"run {run.run_id[:8]} in Dagster" if run is not None else "a step in Dagster"
        with self._home().locked(what, PATIENCE, log.info if log is not None else None):
            yield self

    def _home(self) -> Home:
        return Home(Path(self.home or default_home()).resolve())

    def run(self) -> Run:
        """What the first steps need, up to gate 1. The release identifier is the next free one, until this run has
        published. Raises ``UsageError`` for a part of a run that does not say its quarter.
        """
        home = self._home()
        settings = load_settings(home.settings)
        as_of = self.as_of or (last_whole_quarter(date.today()) if self._whole else "")
        known = begun(home, settings) if not as_of and not self._begins else None
        if known is not None:
            as_of = quarter_label(known.scope.as_of)
        if not as_of:
            raise UsageError(
                "This is a part of a run, so it must say for which quarter: in the launchpad"
                " `resources: {installation: {config: {as_of: 2025Q4}}}`, with your quarter. Nothing was changed."
            )
        identifier = next_id(home.releases, as_of, remembered(home.remembered))
        return Run(home, settings, RunScope(quarter_number(as_of), identifier), self._begun_by)

    def continued(self) -> Run:
        """What every step after gate 1 needs: the run that gate 1 wrote down. Raises ``LabourdbError`` if none has begun,
        or if it is not the one that is asked for.
        """
        home = self._home()
        return continued(home, load_settings(home.settings), self.as_of, self._begun_by)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Report the start, details and end of one step to who listens."""
        started = time.monotonic()

        def tell(detail: str) -> None:
            for listener in _listeners.get():
                listener(name, detail, time.monotonic() - started)

        tell("")
        asked = f"as_of={self.as_of}" if self.as_of else ""
        with accessing("run in Dagster", asked, once=True), within(engine_limits(self._home())):
            try:
                yield tell
            except (LabourdbError, OSError, MemoryError, duckdb.OutOfMemoryException, duckdb.IOException):
                raise
            except Exception as error:  # Dagster keeps what a step raises
                raise UnforeseenError(place_of(error)) from None
        tell("done")
