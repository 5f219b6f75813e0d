"""Totals of the country under many keys: are they right on average?

Two tests of the mean errors of all measures of a table: each within four standard errors (of some eighty measures one beyond it
is expected once in two hundred runs), and all together within the 99.9 % bound of Hotelling's T², which heeds that they move together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from attack_keys import Redrawn
from scipy.stats import f as f_distribution

TOTALS = {
    "changed_provinces": ("quarter", "restricted.keyed.keyed_profiles"),
    "changed_communes": ("quarter", "restricted.keyed.keyed_profiles"),
    "changed_status_changes": ("quarter", "restricted.keyed.keyed_status_changes"),
    "changed_completions": ("year", "restricted.keyed.keyed_completions"),
    "changed_places": ("quarter", "labour.cells.place_counts"),
}
# quarters in which every figure of flows is observed, recalls of the year before apart
OBSERVED = "where quarter in (select quarter from labour.run.flow_quarters where quarters_before > 0 and is_followed)"


def totals(redrawn: Redrawn, table: str, exact: bool = False) -> pd.Series:
    """Sum of every count of a table, as changed by the last drawing or exact."""
    key, source = TOTALS[table]
    described = redrawn.query(f"describe labour.disclosure.{table}")
    names = [
        n
        for n, t in described[["column_name", "column_type"]].itertuples(index=False)
        if t == "BIGINT" and n != key
    ]
    of = source if exact else f"labour.disclosure.{table}"
    where = OBSERVED if table == "changed_places" else ""
    return redrawn.query(
        f"select {', '.join(f'sum({n})::bigint as {n}' for n in names)} from {of} {where}"
    ).iloc[0]


@dataclass(frozen=True)
class Errors:
    """Mean errors of a table's totals, in persons and in standard errors, and what they are together."""

    by_measure: pd.DataFrame  # exact, mean, deviation, z
    together: float  # p of Hotelling's T²

    @property
    def sound(self) -> bool:
        return bool(self.by_measure["z"].abs().max() < 4 and self.together > 0.001)


def errors(exact: pd.Series, drawn: Sequence[pd.Series]) -> Errors:
    """Of totals under many keys; measures that are never changed are right, and left out of the tests."""
    off = (pd.DataFrame(drawn) - exact).astype(float)
    deviation = off.std()
    table = pd.DataFrame({"exact": exact, "mean": off.mean(), "deviation": deviation})
    table["z"] = np.where(
        deviation > 0, table["mean"] / np.maximum(deviation, 1e-12) * np.sqrt(len(off)), 0.0
    )
    moving = off.loc[:, deviation > 0]
    values, vectors = np.linalg.eigh(moving.cov().to_numpy())
    free = values > values.max() * 1e-9  # sums of other measures add nothing
    along = moving.mean().to_numpy() @ vectors[:, free]
    number, dimensions = len(off), int(free.sum())
    squared = number * float((along**2 / values[free]).sum())
    scaled = squared * (number - dimensions) / (dimensions * (number - 1))
    return Errors(table, float(f_distribution.sf(scaled, dimensions, number - dimensions)))
