"""Suites of expectations, tried on files that lie there: those of a release, or the candidates of the last run.

Nothing is built and no database is written; the context of Great Expectations is made in a temporary folder.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from expectations.catalogue import published_tables
from expectations.rules import GATES, load_rules
from expectations.suites import MEASURES, UNIQUE, Expectation, load_suites, suite_named
from expectations.suites_gate import applicable, rows_of_the_grid, severity_of, status_of, told_by
from expectations.validating import Outcome, told_by_file, validate
from orchestration.home import Home
from releases.release import find_release, standing_release
from releases.verdict import FILE as VERDICT
from sources.engine import connect
from sources.errors import UsageError

PLAIN = re.compile(r"(?!.*\d{8})[\w.:+/-]{1,60}")  # nobody's name or ID
KEYS_SHOWN = 5  # of the rows that fail an expectation


@dataclass(frozen=True)
class Place:
    """Tables that suites are tried on: what they are called, where they lie, and the numbers of rows they should have."""

    name: str
    tables: Path
    parameters: Mapping[str, int]


@dataclass(frozen=True)
class Line:
    """What became of one expectation; ``rows`` tells some of the rows that failed by their keys."""

    place: str
    suite: str
    object: str
    type: str
    severity: str
    status: str
    rows_checked: int
    rows_failed: int | None
    threshold: float
    notes: str
    file: str
    rows: tuple[Mapping[str, str], ...] = ()

    @property
    def stops(self) -> bool:
        """Whether gate 3 would release nothing for it."""
        return self.status in ("failed", "error") and self.severity == "block"


@dataclass(frozen=True)
class Tried:
    """Outcomes, and the expectations that were left out: what they need to be told is not known of these tables."""

    lines: tuple[Line, ...]
    left_out: tuple[str, ...]

    @property
    def stops(self) -> bool:
        """Whether gate 3 would release nothing."""
        return any(line.stops for line in self.lines)


def try_suites(home: Home, names: Sequence[str], release: str | None, candidates: bool) -> Tried:
    """Run the suites of these names, or of every published table, on a release (by default the current one) or the candidates.

    ``measures`` is tried on what the gates of the last run counted. Raises ``UsageError`` for a suite or release that is not
    there, ``LabourdbError`` for a suite that cannot be used.
    """
    load_rules()  # which refuses a suite that does not go with the checks
    suites = [suite_named(n) for n in dict.fromkeys(names or published_tables())]
    tables = [s for s in suites if s.name != MEASURES]
    places = [(p, s) for s in suites if s.name == MEASURES for p in _measured(home)]
    if tables:
        place = _candidates(home) if candidates else _release(home, release)
        places += [(place, s) for s in tables]
    lines: list[Line] = []
    left_out: list[str] = []
    with tempfile.TemporaryDirectory(prefix="labourdb-expectations-") as workshop:
        for place, suite in places:
            if not (place.tables / f"{suite.name}.parquet").is_file():
                raise UsageError(f"{place.name} has no table {suite.name}.")
            known = {*place.parameters, *told_by_file(suite.name, place.tables / f"{suite.name}.parquet")}
            usable, left = applicable(suite, known)
            left_out += [
                f"{e.object} ({e.file}): {place.name} does not tell {', '.join(e.needs)}" for e in left
            ]
            key = published_tables()[suite.name].key if suite.name != MEASURES else ("check_id", "object")
            found = validate("try", [usable], place.tables, Path(workshop), place.parameters, key)
            lines += [_line(place, o, key) for o in found]
    return Tried(tuple(lines), tuple(left_out))


def _line(place: Place, outcome: Outcome, key: Sequence[str]) -> Line:
    e = outcome.expectation
    return Line(
        place=place.name,
        suite=e.suite,
        object=e.object,
        type=e.type,
        severity=severity_of(outcome),
        status=status_of(outcome),
        rows_checked=outcome.rows_checked,
        rows_failed=outcome.rows_failed,
        threshold=e.threshold,
        notes=e.notes,
        file=e.file,
        rows=tuple(_told(e, dict(zip(key, row, strict=True))) for row in outcome.failing[:KEYS_SHOWN]),
    )


def _told(e: Expectation, row: Mapping[str, str]) -> dict[str, str]:
    """A row by its key, without the value that fails, and without text that could be somebody's."""
    own = () if e.type == UNIQUE else e.columns
    return {c: v if c == "object" or PLAIN.fullmatch(v) else "?" for c, v in row.items() if c not in own}


def _release(home: Home, named: str | None) -> Place:
    """A release; its own checks say how many rows its tables should have."""
    found = find_release(home.releases, named) if named else standing_release(home.releases)
    tables = found.path / "tables"
    with connect() as connection:
        rows = connection.execute(
            "select object, rows_checked from read_parquet($file) where check_id = 'table_rows' and status = 'passed'",
            {"file": str(tables / "checks.parquet")},
        ).fetchall()
    return Place(found.id, tables, told_by(rows, load_suites().values()))


def _candidates(home: Home) -> Place:
    """What gate 3 judged in the last run, whether it was released or not."""
    tables = home.warehouse / "candidates"
    missing = [p for p in (tables / VERDICT, home.database) if not p.exists()]
    if missing:
        raise UsageError(
            f"{missing[0]} is not there: no run has come to gate 3 since. Make one with `labourdb run`."
        )
    released = json.loads((tables / VERDICT).read_text(encoding="utf-8"))["release_id"]
    with home.locked(), connect(home.database, read_only=True) as warehouse:
        return Place(f"candidates of {released}", tables, rows_of_the_grid(warehouse))


def _measured(home: Home) -> list[Place]:
    """What each gate of the last run counted."""
    kept = [(gate, home.workshop / "measured" / gate) for gate in GATES]
    found = [Place(f"gate {gate}", p, {}) for gate, p in kept if (p / f"{MEASURES}.parquet").is_file()]
    if not found:
        raise UsageError("Nothing is kept of what gates counted. Make a run with `labourdb run`.")
    return found
