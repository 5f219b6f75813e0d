"""An attacker with the published tables of releases, and nothing else of ours: what can be computed of suppressed cells.

Unknowns are the cells of the tables; equations are what everyone knows of statistics: totals are sums of their parts,
the labour force is employed and unemployed, a ratio has its numerator and denominator. Values that several releases
give are taken together where the figure did not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.linalg import lsmr

BANDS = ["15-24", "25-34", "35-44", "45-54", "55-64", "65+"]
STATUSES = ["employed", "unemployed", "inactive", "abroad", "unknown"]
IDENTITIES = [
    {"labour_force": -1, "employed": 1, "unemployed": 1},
    {"population": -1, **dict.fromkeys(STATUSES, 1)},
    {"population": -1, "population_with_status": 1, "unknown": 1},
    {"population_of_known_status": -1, "labour_force": 1, "inactive": 1},
    {"labour_force_insured": -1, "employed_compulsory": 1, "labour_force_voluntary": 1},
]


class Knowledge:
    """Cells of one table (a column per key, and ``value`` where known), and the equations that tie them."""

    def __init__(self, cells: pd.DataFrame, keys: Sequence[str]) -> None:
        self.cells = cells.reset_index(drop=True)
        self.keys = list(keys)
        self._equations: list[tuple[pd.Index, np.ndarray]] = []

    def add(self, groups: pd.DataFrame, by: Sequence[str], signs: pd.Series) -> None:
        """One equation per group of ``by``: signed cells add up to zero."""
        for _, members in groups.groupby(list(by), sort=False).groups.items():
            if len(members) > 1:
                self._equations.append((members, signs.loc[members].to_numpy()))

    def total(self, dimension: str, parts: Iterable[str] | None = None, total: str = "total") -> None:
        """Along a dimension the total is the sum of its parts; a cell that is not there is zero."""
        is_total = self.cells[dimension] == total
        is_part = ~is_total if parts is None else self.cells[dimension].isin(list(parts))
        use = self.cells[is_total | is_part]
        others = [k for k in self.keys if k != dimension]
        self.add(use, others, pd.Series(np.where(use[dimension] == total, -1.0, 1.0), index=use.index))

    def combine(self, dimension: str, identity: dict[str, int]) -> None:
        """Along a dimension these codes add up to zero with these signs."""
        use = self.cells[self.cells[dimension].isin(list(identity))]
        self.add(use, [k for k in self.keys if k != dimension], use[dimension].map(identity).astype(float))

    def areas(self, parents: dict[tuple[str, str, str], tuple[str, str, str]]) -> None:
        """Parts of areas: child (version, level, code) to parent; each level of children adds up to its parent."""
        area = list(
            zip(self.cells["area_version"], self.cells["area_level"], self.cells["area_code"], strict=True)
        )
        place = pd.Series(area, index=self.cells.index)
        others = [k for k in self.keys if not k.startswith("area_")]
        levels: dict[tuple[object, ...], list[tuple[str, str, str]]] = {}
        for child, parent in parents.items():
            levels.setdefault((parent, child[0], child[1]), []).append(child)
        for (parent, *_), children in levels.items():
            use = self.cells[place.isin([parent, *children])]
            self.add(
                use, others, pd.Series(np.where(place.loc[use.index] == parent, -1.0, 1.0), index=use.index)
            )  # type: ignore[call-overload]

    def computed(self) -> pd.DataFrame:
        """Cells whose value nobody gave and which the equations fix all the same."""
        unknown = self.cells["value"].isna().to_numpy()
        place = np.cumsum(unknown) - 1
        rows, columns, signs = [], [], []
        for number, (members, sign) in enumerate(self._equations):
            for cell, s in zip(members, sign, strict=True):
                if unknown[cell]:
                    rows.append(number)
                    columns.append(place[cell])
                    signs.append(s)
        size = int(unknown.sum())
        if not size or not rows:
            return self.cells.iloc[:0]
        used, dense = np.unique(rows, return_inverse=True)
        equations = csr_array((signs, (dense, columns)), shape=(len(used), size))
        moved = np.zeros(size)
        random = np.random.default_rng(1)
        for _ in range(2):
            change = random.standard_normal(size)
            along = lsmr(equations.T, change, atol=1e-13, btol=1e-13, conlim=0, maxiter=20_000)[0]
            moved = np.maximum(moved, np.abs(change - equations.T @ along))
        return self.cells[unknown][moved < 1e-6]


def counts_of(indicators: pd.DataFrame, definitions: pd.DataFrame) -> pd.DataFrame:
    """Register indicators as counts: a row per measure and cell, with its value where a row gives it away."""
    cell = ["period", "area_version", "area_level", "area_code", "sex", "age_group", "urban_rural"]
    register = indicators[(indicators["basis"] == "register") & (indicators["status"] != "not_available")]
    joined = register.merge(
        definitions[["indicator", "numerator", "denominator"]], on="indicator", suffixes=("", "_name")
    )
    terms = pd.concat(
        [
            joined[[*cell, "numerator_name", "numerator"]].set_axis([*cell, "measure", "value"], axis=1),
            joined[joined["denominator_name"].notna()][[*cell, "denominator_name", "denominator"]].set_axis(
                [*cell, "measure", "value"], axis=1
            ),
        ]
    )
    terms["value"] = terms["value"].astype("float64")
    return terms.groupby([*cell, "measure"], as_index=False)["value"].max()


def attack_counts(
    counts: pd.DataFrame, parents: dict[tuple[str, str, str], tuple[str, str, str]]
) -> pd.DataFrame:
    """What can be computed of the suppressed counts of one period."""
    keys = ["area_version", "area_level", "area_code", "sex", "age_group", "urban_rural", "measure"]
    known = Knowledge(counts, keys)
    full = known.cells["area_level"].isin(["country", "province"])
    known.total("sex")
    known.total("urban_rural")
    known.total("age_group", BANDS)
    for identity in IDENTITIES:
        known.combine("measure", identity)
    known.areas(parents)
    assert full.any()
    return known.computed()
