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

from orchestration.home import Home
from orchestration.run.scope import Run, RunScope
from orchestration.settings import load_settings
from releases.disclosure.remembered import remembered
from releases.release import next_id
from sources.calendar import month_of, quarter_label, quarter_number, quarter_of_month
from sources.errors import LabourdbError, UnforeseenError, place_of
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


class Installation(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Home and as-of quarter; empty means ``$LABOURDB_HOME`` and the last whole quarter."""

    home: str = ""
    as_of: str = ""

    def run(self) -> Run:
        """What the steps need. The release identifier is the next free one, until this run has published."""
        home = Home(Path(self.home or default_home()).resolve())
        as_of = self.as_of or last_whole_quarter(date.today())
        scope = RunScope(quarter_number(as_of), next_id(home.releases, as_of, remembered(home.remembered)))
        return Run(home, load_settings(home.settings), scope)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Hold the home for one step, and report its start, details and end to who listens."""
        started = time.monotonic()

        def tell(detail: str) -> None:
            for listener in _listeners.get():
                listener(name, detail, time.monotonic() - started)

        tell("")
        purpose = accessing("run in Dagster", f"as_of={self.as_of or 'last quarter'}", once=True)
        with purpose, Home(Path(self.home or default_home()).resolve()).locked():
            try:
                yield tell
            except (LabourdbError, OSError, duckdb.OutOfMemoryException, duckdb.IOException):
                raise
            except Exception as error:  # Dagster keeps what a step raises
                raise UnforeseenError(place_of(error)) from None
        tell("done")
