"""What other ways to place the noise would give on the same counts: the evidence for the way that was taken.

* Parts: independent noise on the smaller of part and rest, cut off at 0 and at the changed whole, 1 and 2 moved to 0 and 3
  (the first draft of SPEC §5); ours scales the part to the changed whole first.
* Flows: independent noise on accessions, which are raised where separations would be negative (the first draft of SPEC §5); ours
  puts the noise on the churn, which gives way to the noise of the net change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray


def noise(table: pd.DataFrame, counts: Array, keys: Array) -> Array:
    """The changes the table makes to counts without a whole."""
    rows = table[table["whole"] == 0].sort_values("count").drop(columns=["whole", "count"]).to_numpy()
    large = len(rows)
    changes = (keys[:, None] >= rows[np.clip(counts, 1, large) - 1]).sum(axis=1) - 4
    return np.where(counts > 0, changes, 0)


def clamped_parts(
    atoms: pd.DataFrame,
    measures: Mapping[str, Mapping[str, Any]],
    table: pd.DataFrame,
    random: np.random.Generator,
) -> pd.DataFrame:
    """Mean error of each part's total a drawing: as first drafted, and ours. ``atoms``: one drawing (``finest``)."""
    keys = [c for c in atoms.columns if c not in ("measure", "count", "key", "changed")]
    exact = atoms.pivot_table(index=keys, columns="measure", values="count", dropna=False, observed=True)
    ours = atoms.pivot_table(index=keys, columns="measure", values="changed", dropna=False, observed=True)
    exact, ours = exact.dropna().astype(int), ours.dropna().astype(int)
    letter = ours.copy()
    found = {}
    for measure, how in measures.items():
        if how.get("sum"):
            letter[measure] = sum(letter[m] * s for m, s in how["sum"].items())
        elif how.get("part"):
            whole = sum(exact[m] * s for m, s in how["part"].items())
            seen = sum(letter[m] * s for m, s in how["part"].items())
            is_smaller = exact[measure] * 2 <= whole
            smaller = np.where(is_smaller, exact[measure], whole - exact[measure])
            drawn = np.clip(smaller + noise(table, smaller, random.integers(0, 2**16, len(smaller))), 0, seen)
            drawn = np.where(drawn == 1, 0, np.where(drawn == 2, np.minimum(3, seen), drawn))
            letter[measure] = np.where(is_smaller, drawn, seen - drawn)
            found[measure] = {
                "exact": int(exact[measure].sum()),
                "letter": int((letter[measure] - exact[measure]).sum()),
                "ours": int((ours[measure] - exact[measure]).sum()),
            }
    return pd.DataFrame(found).T


def raised_accessions(places: pd.DataFrame, table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Errors of the totals of flows in one drawing. ``places``: exact_<figure> and <figure> as changed, no factors."""
    net = places["at_end"] - places["at_beginning"]
    rows = {}
    letter = {}
    for up, down in (("accessions", "separations"), ("created", "destroyed")):
        exact = places[f"exact_{up}"].to_numpy()
        drawn = np.maximum(exact + noise(table, exact, random.integers(0, 2**16, len(exact))), 0)
        letter[up] = drawn + np.maximum(net - drawn, 0)
        letter[down] = letter[up] - net
    for figure, drawn in letter.items():
        rows[figure] = {
            "exact": int(places[f"exact_{figure}"].sum()),
            "letter": int((drawn - places[f"exact_{figure}"]).sum()),
            "ours": int((places[figure] - places[f"exact_{figure}"]).sum()),
        }
    return pd.DataFrame(rows).T
