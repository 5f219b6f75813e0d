"""Where each province stands against each target of its plan: gap, both sources, and how it came there.

The verdict is the published one. Gap and words follow from figures as they are shown (one decimal), so that a reader who
subtracts finds the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from releases.pages import words
from releases.site.figures import Figure, Series, cell_series
from releases.site.short_names import indicator_page
from releases.tables import rows_of

CELL = ("sex", "age_group", "urban_rural")
ORDER = ("not_met", "indeterminate", "met", "no_data")  # as the reader needs them
KINDS = {"met": "good", "not_met": "bad", "indeterminate": "open", "no_data": "hid"}  # how they are drawn
DECIMALS = 1
# shares of people who did something since 1 January: from quarter to quarter they only grow within a year
SINCE_JANUARY = ("retrained_share",)


@dataclass(frozen=True)
class Target:
    """One target of a plan, and what both sources say of it; ``trend`` are official years, or register Q4s where there are none."""

    province: str
    version: str
    plan: str
    year: int
    indicator: str
    basis: str
    cell: Mapping[str, str]
    comparator: str
    target: float
    value: float | None
    low: float | None
    high: float | None
    verdict: str
    other: float | None
    figure: Figure | None
    other_figure: Figure | None
    unit: str
    trend: Series
    name: words.Pair
    other_name: words.Pair

    @property
    def kind(self) -> str:
        """The mark it is drawn with."""
        return KINDS[self.verdict]

    @property
    def area(self) -> str:
        """Key of the province."""
        return f"{self.province}@{self.version}"

    @property
    def other_basis(self) -> str:
        """The source that decides nothing."""
        return "official" if self.basis == "register" else "register"

    @property
    def is_provisional(self) -> bool:
        """Whether the figure that decides may still change."""
        return self.figure is not None and self.figure.is_provisional

    @property
    def group(self) -> list[words.Pair]:
        """Of whom it is, where not of all."""
        known = {"sex": words.SEXES, "age_group": words.AGES, "urban_rural": words.SETTLEMENTS}
        return [
            known[c].get(v, (f"{v} tuổi", f"aged {v}"))
            for c, v in self.cell.items() if v != "total"
        ]  # fmt: skip

    def gap_of(self, value: float | None) -> float | None:
        """How far on the right side of the target a value lies, in its unit, of figures as shown; below 0: on the wrong side."""
        if value is None:
            return None
        ahead = round(value, DECIMALS) - round(self.target, DECIMALS)
        return round(ahead if self.comparator.startswith(">") else -ahead, DECIMALS)

    @property
    def gap(self) -> float | None:
        """Of the figure that decides."""
        return self.gap_of(self.value)

    def _says(self, value: float) -> bool:
        compared = {
            "<": value < self.target, "<=": value <= self.target, ">": value > self.target, ">=": value >= self.target,
        }  # fmt: skip
        return compared[self.comparator]

    @property
    def is_contradicted(self) -> bool:
        """Whether the other source, judged alike, would say the opposite of a verdict that is met or not met."""
        if self.other is None or self.verdict not in ("met", "not_met"):
            return False
        return self._says(self.other) != (self.verdict == "met")

    @property
    def link(self) -> str:
        """The page of the indicator, at this cell."""
        return f"{indicator_page(self.indicator)}#{self.area}"


def targets(
    connection: duckdb.DuckDBPyConnection, names: Mapping[str, Mapping[str, words.Pair]]
) -> list[Target]:
    """Every row of ``target_progress``, in the order of the tables; ``names``: by basis, indicators in both languages."""
    units = {
        (b, i): u
        for b, i, u in connection.execute("select distinct basis, indicator, unit from indicators").fetchall()
    }
    return [
        _target(connection, row, names, units)
        for row in rows_of(connection, "from target_progress order by all")
    ]


def _target(
    connection: duckdb.DuckDBPyConnection,
    row: Mapping[str, Any],
    names: Mapping[str, Mapping[str, words.Pair]],
    units: Mapping[tuple[str, str], str],
) -> Target:
    indicator, basis = row["indicator"], row["basis"]
    cell = {
        "indicator": indicator, "area_version": row["area_version"], "area_code": row["province_code"],
        **{c: row[c] for c in CELL},
    }  # fmt: skip
    series = {b: cell_series(connection, cell, b) for b in words.BASES}
    other = "official" if basis == "register" else "register"
    last = {"register": f"{row['year']}Q4", "official": str(row["year"])}
    there = {b: next((f for f in series[b] if f.period == last[b]), None) for b in series}
    until = {b: [f for f in series[b] if f.period <= last[b]] for b in series}
    fourth = [f for f in until["register"] if f.period.endswith("Q4")]
    return Target(
        row["province_code"], row["area_version"], row["plan"], row["year"], indicator, basis, {c: row[c] for c in CELL},
        row["comparator"], row["target_value"], row["value"], row["ci_low"], row["ci_high"], row["verdict"], row["other_value"],
        there[basis], there[other], units.get((basis, indicator), units.get((other, indicator), "percent")),
        until["official"] if len(until["official"]) > 1 else fourth,
        *(names[b].get(indicator, (indicator, indicator)) for b in (basis, other)),
    )  # fmt: skip


def by_verdict(found: Sequence[Target]) -> list[tuple[str, list[Target]]]:
    """Targets by verdict in the order readers need them, within one those furthest from it first."""
    groups = [(v, [t for t in found if t.verdict == v]) for v in ORDER]
    return [
        (v, sorted(group, key=lambda t: (t.gap is None, t.gap or 0.0, t.indicator, tuple(t.cell.values()))))
        for v, group in groups
        if group
    ]
