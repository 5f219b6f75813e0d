"""A home: the one folder with everything of an installation, and the lock that lets one run at a time."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sources.engine import SPILL
from sources.errors import LabourdbError
from sources.modes import OTHERS_WRITE, close, make_folder, modes

_held: ContextVar[frozenset[Path]] = ContextVar("held", default=frozenset())  # homes that who asks has locked
LOOKS_EVERY = 0.5  # seconds between two looks at a lock that another process holds
SEEDS = Path(__file__).resolve().parent.parent / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Home:
    """Where things lie under ``<home>`` (SPEC §1, §7)."""

    root: Path

    @property
    def landing(self) -> Path:
        """What agencies send."""
        return self.root / "landing"

    @property
    def restricted(self) -> Path:
        """The restricted zone: names, citizen IDs, birth dates."""
        return self.root / "restricted"

    @property
    def spill(self) -> Path:
        """Where the engine puts what does not fit into memory: it may be anything that passes, so it is encrypted."""
        return self.restricted / SPILL

    @property
    def feedback(self) -> Path:
        """What each agency should mend, by delivery; it holds values, so it lies in the restricted zone."""
        return self.restricted / "feedback"

    @property
    def warehouse(self) -> Path:
        """The pseudonymised zone."""
        return self.root / "warehouse"

    @property
    def database(self) -> Path:
        """The working database of the pseudonymised zone."""
        return self.warehouse / "labour.duckdb"

    @property
    def workshop(self) -> Path:
        """Where Great Expectations keeps what it was told and found in the last run: definitions and counts."""
        return self.warehouse / "expectations"

    @property
    def remembered(self) -> Path:
        """What is remembered of every release, whatever becomes of its folder."""
        return self.warehouse / "remembered"

    @property
    def stopped_report(self) -> Path:
        """The quality report of a run that gate 2 or 3 stopped; it goes with the next release."""
        return self.warehouse / "report.html"

    @property
    def stopped_facts(self) -> Path:
        """What that report says, as facts, for ``labourdb quality --stopped``."""
        return self.warehouse / "report.json"

    @property
    def profile(self) -> Path:
        """What each step and model of the last profiled run cost."""
        return self.warehouse / "profile.json"

    @property
    def releases(self) -> Path:
        """Published releases."""
        return self.root / "releases"

    @property
    def ledger(self) -> Path:
        """The hashes of every release's list of files, out of reach of who may write releases only."""
        return self.restricted / "releases.jsonl"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage: runs, events, schedules."""
        return self.root / "dagster"

    @property
    def settings(self) -> Path:
        """The settings file, which need not exist."""
        return self.root / "labourdb.toml"

    def require_landing(self) -> None:
        """Raise ``LabourdbError`` if there is no landing folder to read."""
        if not self.landing.is_dir():
            raise LabourdbError(
                f"{self.landing} is not there. Put deliveries into {self.landing}/<source>/<YYYY-MM>/,"
                " or make synthetic ones with `labourdb simulate`."
            )

    @contextmanager
    def locked(
        self, what: str = "", patience: float = 0, waiting: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Hold the home's lock, also if who asks has it already; what is made meanwhile has its modes (``modes``).

        ``what`` tells others who holds it. Waits up to ``patience`` seconds for another process to finish, of which
        ``waiting`` is told once; then, and without patience at once, raises ``LabourdbError``.
        """
        if self.root in _held.get():
            yield
            return
        with modes(), self._lock_file() as stream:
            self._take(stream, patience, waiting)
            stream.truncate(0)
            stream.write(f"{os.getpid()}\n{what}".strip())
            stream.flush()
            held = _held.set(_held.get() | {self.root})
            try:
                yield
            finally:
                _held.reset(held)
                stream.truncate(0)

    def holder(self) -> str | None:
        """Number of the process that works on the home, null if none does. It only looks, and keeps nobody waiting."""
        try:
            descriptor = os.open(self.root / ".lock", os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor) as stream:
            # whoever lets go takes it out; what a killed process left is tried
            number = stream.read().partition("\n")[0].strip()
            try:
                if number:
                    fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return number
        return None

    def _take(self, stream: TextIO, patience: float, waiting: Callable[[str], None] | None) -> None:
        """Lock the file, or raise ``LabourdbError`` naming who holds it."""
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                stream.seek(0)
                number, _, what = stream.read().strip().partition("\n")
                holder = (
                    f"Another labourdb process (number {number or 'unknown'}{f': {what}' if what else ''})"
                )
            if time.monotonic() >= until:
                raise LabourdbError(
                    f"{holder} is working on {self.root}. Wait until it has finished; nothing was changed."
                )
            if waiting is not None:
                waiting(f"{holder} is working on {self.root}; this run goes on when it has finished.")
                waiting = None
            time.sleep(LOOKS_EVERY)

    def _lock_file(self) -> TextIO:
        """The lock, for its owner alone, in a home that others cannot rearrange."""
        make_folder(self.root, 0o755)
        descriptor = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != 0o600:
            os.fchmod(descriptor, 0o600)
        for folder in (self.releases, self.warehouse, self.dagster):
            if folder.is_dir():
                close(folder, below=folder.stat().st_mode & OTHERS_WRITE != 0)
        return os.fdopen(descriptor, "a+")
