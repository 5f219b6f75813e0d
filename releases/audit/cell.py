"""One published cell: finding it in a release by what a person would type, and saying what there is if it is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb

from expectations.catalogue import published_tables
from releases.release import Release
from releases.tables import Row, rows_of
from sources.errors import LabourdbError, UsageError

KEY = tuple(c for c in published_tables()["indicators"].key if c != "area_level")
SUPPRESSED = "suppressed"
MOST = 40  # values an error message lists


@dataclass(frozen=True)
class CellKey:
    """Which cell: what ``indicators`` is keyed by; the area's level follows from its code."""

    indicator: str
    basis: str
    period: str
    area_version: str
    area_code: str
    sex: str = "total"
    age_group: str = "total"
    urban_rural: str = "total"

    def __str__(self) -> str:
        rest = [v for v in (self.sex, self.age_group, self.urban_rural) if v != "total"]
        return " ".join(
            [self.indicator, self.basis, f"{self.area_code}@{self.area_version}", self.period, *rest]
        )


def area_of(text: str) -> tuple[str, str]:
    """Code and version of an area as ``30@2024``; raises ``UsageError`` for anything else."""
    code, _, version = text.strip().partition("@")
    if not code or version not in ("2024", "2025"):
        example = f"{code}@2025" if code else "30@2024"
        raise UsageError(
            f"--area {text!r} does not name a list of areas. The same code means different places in the two lists:"
            f" write CODE@2024 (before 2025-07-01) or CODE@2025 (from that day), for example {example}."
        )
    return code, version


def open_table(connection: duckdb.DuckDBPyConnection, release: Release, table: str, view: str) -> None:
    """Make a view of one table of a release; raises ``LabourdbError`` if it cannot be read."""
    path = release.path / "tables" / f"{table}.parquet"
    try:
        connection.read_parquet(str(path)).create_view(view, replace=True)
    except duckdb.Error:
        raise LabourdbError(
            f"{path} cannot be read. `labourdb verify {release.id}` says what else is wrong there."
        ) from None


def read_cell(connection: duckdb.DuckDBPyConnection, release: Release, key: CellKey) -> Row | None:
    """The cell's row of the release's table ``indicators``, by column; nothing if the release has no such cell."""
    open_table(connection, release, "indicators", "released_indicators")
    found = rows_of(
        connection,
        f"select * from released_indicators where {' and '.join(f'{k} = ?' for k in KEY)}",
        [getattr(key, k) for k in KEY],
    )
    return found[0] if found else None


def find_cell(connection: duckdb.DuckDBPyConnection, release: Release, key: CellKey) -> Row:
    """The cell's row; raises ``UsageError`` saying which part of the key the release does not have."""
    cell = read_cell(connection, release, key)
    if cell is not None:
        return cell

    def known(column: str, **given: str) -> list[str]:
        where = " and ".join(["true", *(f"{c} = ?" for c in given)])
        found = connection.execute(
            f"select distinct {column} from released_indicators where {where} order by 1",
            list(given.values()),
        ).fetchall()
        return [str(value) for (value,) in found]

    def refuse(what: str, value: str, there: Sequence[str]) -> None:
        if value not in there:
            raise UsageError(f"{what} {value!r}: not in release {release.id}. {_there_is(value, there)}")

    refuse("Indicator", key.indicator, known("indicator"))
    bases = known("basis", indicator=key.indicator)
    if key.basis not in bases:
        raise UsageError(
            f"Release {release.id} has {key.indicator} on basis {' and '.join(bases)} only: give --basis {bases[0]}."
        )
    of = {"indicator": key.indicator, "basis": key.basis}
    refuse("Period", key.period, known("period", **of))
    areas = known("area_code || '@' || area_version", **of)
    refuse("Area", f"{key.area_code}@{key.area_version}", areas)
    for column in ("sex", "age_group", "urban_rural"):
        refuse({"urban_rural": "Urban/rural"}.get(column, column.capitalize().replace("_", " ")),
               getattr(key, column), known(column, **of))  # fmt: skip
    raise UsageError(
        f"Release {release.id} has no cell {key}. Districts and communes have totals alone, cells without residents,"
        " or whose few the noise makes none, are left out, and official figures are what the statistics office sent."
        f" {_cells_there(connection, key)}"
    )


def _there_is(value: str, there: Sequence[str]) -> str:
    """What there is instead: what looks like it first."""
    if len(there) <= MOST:
        return f"There is {', '.join(there)}." if there else "There is none."
    code = value.partition("@")[0]
    same = [t for t in there if t.partition("@")[0] == code]
    near = same or [t for t in there if code and t.startswith(code[:2])] or list(there)
    close = get_close_matches(value, near, n=8, cutoff=0.4) or near[:8]
    return f"Closest of {len(there):,} there are: {', '.join(close)}."


def _cells_there(connection: duckdb.DuckDBPyConnection, key: CellKey) -> str:
    """The cells of this indicator, period and area that there are."""
    fixed = ("indicator", "basis", "period", "area_version", "area_code")
    found = connection.execute(
        "select sex || ' ' || age_group || ' ' || urban_rural from released_indicators"
        f" where {' and '.join(f'{k} = ?' for k in fixed)} order by all",
        [getattr(key, k) for k in fixed],
    ).fetchall()
    named = [text for (text,) in found]
    if not named:
        return "Of this indicator and area there is no cell in that period."
    more = f" and {len(named) - 12} more" if len(named) > 12 else ""
    return f"Of this indicator, area and period there are (sex, age, urban/rural): {', '.join(named[:12])}{more}."
