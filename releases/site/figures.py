"""Released figures as the pages need them: the headline series of every place, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from releases.tables import rows_of

SEXES = ("total", "female", "male")


@dataclass(frozen=True)
class Figure:
    """One figure of a series: ``of`` is the count a ratio is of (a median: the persons), None where it is no ratio."""

    period: str
    value: float | None
    count: float | None
    of: float | None
    status: str
    low: float | None = None
    high: float | None = None

    @property
    def is_provisional(self) -> bool:
        """Whether it is drawn hollow: it may still change, or is known of too few."""
        return self.status in ("provisional", "low_coverage")


Series = Sequence[Figure]
_NONE: Series = ()


class Figures:
    """Series by basis, area key, indicator and sex, of all ages and settlements."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read the views ``indicators``; of communes the last quarter alone."""
        self._of: dict[tuple[str, str, str, str], list[Figure]] = {}
        self.units: dict[tuple[str, str], str] = {}
        found = connection.execute(
            "select basis, area_code || '@' || area_version, indicator, sex, unit, period, value, numerator, denominator,"
            " status, ci_low, ci_high from indicators where age_group = 'total' and urban_rural = 'total'"
            " and (area_level <> 'commune' or period = (select max(period) from indicators where basis = 'register'))"
            " order by basis, area_version, area_code, indicator, sex, period"
        ).fetchall()
        for basis, area, indicator, sex, unit, period, value, count, of, status, low, high in found:
            self._of.setdefault((basis, area, indicator, sex), []).append(
                Figure(period, value, count, of, status, low, high)
            )
            self.units[basis, indicator] = unit

    def series(self, basis: str, area: str, indicator: str, sex: str = "total") -> Series:
        """All periods of a cell; of the official basis years and quarters together."""
        return self._of.get((basis, area, indicator, sex), _NONE)

    def years(self, area: str, indicator: str, sex: str = "total") -> Series:
        """The official figures of whole years."""
        return [f for f in self.series("official", area, indicator, sex) if len(f.period) == 4]

    def last(self, basis: str, area: str, indicator: str, sex: str = "total") -> Figure | None:
        """The latest one, None where there is none."""
        found = self.series(basis, area, indicator, sex)
        return found[-1] if found else None

    @property
    def period(self) -> str:
        """The latest quarter of the registers; empty where there is none."""
        return max((s[-1].period for (basis, *_), s in self._of.items() if basis == "register"), default="")


def cell_series(connection: duckdb.DuckDBPyConnection, cell: Mapping[str, Any], basis: str) -> list[Figure]:
    """The series of one cell: ``indicator``, ``area_version``, ``area_code``, ``sex``, ``age_group``, ``urban_rural``."""
    where = " and ".join(f"{name} = ${name}" for name in cell)
    found = rows_of(
        connection,
        "select period, value, numerator, denominator, status, ci_low, ci_high from indicators"
        f" where basis = $basis and {where} and (basis = 'register' or length(period) = 4) order by period",
        {**cell, "basis": basis},
    )
    return [
        Figure(
            r["period"], r["value"], r["numerator"], r["denominator"], r["status"], r["ci_low"], r["ci_high"]
        )
        for r in found
    ]
