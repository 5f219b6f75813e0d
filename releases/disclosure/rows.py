"""Which rows of flows, transitions, training outcomes and linkage are suppressed: a row is shown whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from releases.disclosure.audit import exposed_cells, fixed
from releases.disclosure.block import Block, Layer
from releases.disclosure.cubes import Dimension, Ints, atom_counts, cube_cells, truth
from releases.disclosure.places import GROUP, area_columns
from releases.disclosure.suppress import shown_cells

SMALL = 4
ROUNDS = 10


@dataclass(frozen=True)
class Rows:
    """Rows of one table that are tied by sums, with the atoms they are sums of.

    ``dimensions`` make the rows; ``atoms`` has their columns and one per figure of ``figures``; a figure with a
    version counts in rows of that area list alone. ``hidden`` are codes by dimension that stand in no table.
    ``needs``: by dimension the code that is shown along with each row (the total a share is of).
    """

    dimensions: Sequence[Dimension]
    atoms: pd.DataFrame
    figures: dict[str, str | None]
    hidden: dict[str, Sequence[object]]
    needs: tuple[str, object] | None = None


def decide(rows: Rows, flags: pd.DataFrame) -> tuple[pd.DataFrame, int, int]:
    """Every row that stands in a table, with ``shown`` and whether it is ``there`` (counts anything); how many figures
    were audited, and how many can be computed all the same.

    ``flags`` has the dimensions' columns and: ``sensitive`` (employers, an earlier release), and ``public_`` with a
    figure's name where an earlier release may show the same figure.
    """
    keys, sums = cube_cells(rows.dimensions)
    names = [d.name for d in rows.dimensions]
    keys = keys.merge(flags, how="left", on=names)
    areas = area_columns(keys["place"])
    layers = []
    for figure, version in rows.figures.items():
        counted = areas["area_version"] == version if version else areas["area_version"].notna()
        public = truth(keys.get(f"public_{figure}", pd.Series(False, index=keys.index)))
        counts = atom_counts(rows.dimensions, rows.atoms, figure)
        layers.append(
            _with_consequences(
                Layer.of(csr_array(sums * counted.to_numpy(np.int64)[:, None]), counts, public)
            )
        )
    values = np.stack([layer.values for layer in layers])
    hidden = np.zeros(len(keys), dtype=np.bool_)
    for name, codes in rows.hidden.items():
        hidden |= keys[name].isin(list(codes)).to_numpy()
    small = ((values >= 1) & (values <= SMALL)).any(axis=0)
    sensitive = small | truth(keys["sensitive"])
    needs = np.full(len(keys), -1, dtype=np.int64)
    totals = np.zeros(len(keys), dtype=np.bool_)
    if rows.needs is not None:
        name, total = rows.needs
        totals = (keys[name] == total).to_numpy()
        others = [n for n in names if n != name]
        place = keys[totals].assign(needs=np.flatnonzero(totals))[[*others, "needs"]]
        needs = keys.merge(place, how="left", on=others)["needs"].to_numpy(np.int64).copy()
        needs[totals] = -1
    sums_over = [keys[n] == "total" for n in names] + [areas["area_level"].isin(["country", GROUP])]
    rank = np.sum([is_sum.to_numpy(np.int64) for is_sum in sums_over], axis=0)
    is_second = (areas["area_version"] == "2025").to_numpy()
    order: Ints = np.lexsort((-values[0], -rank, is_second, ~totals)).astype(np.int64)
    order = order[((~hidden | totals) & values.any(axis=0))[order]]
    for _ in range(ROUNDS):
        block = Block(layers, hidden, sensitive, order, needs)
        shown, _ = shown_cells(block)
        exposed = exposed_cells(block, shown)
        if not exposed.any():
            break
        # a row that was suppressed late may follow from what was shown before: keep it secret from the start
        sensitive = sensitive | ~(shown | hidden)
    audited = np.any([block.secrets(layer, shown) for layer in layers], axis=0)
    stands = pd.DataFrame({"shown": shown, "there": values.any(axis=0)}, index=keys.index)
    return keys[names].join(stands)[~hidden], int(audited.sum()), int(exposed.sum())


def _with_consequences(layer: Layer) -> Layer:
    """The layer, where what follows from public figures alone is public too: hiding it would hide nothing.

    Not so for what is small: if that follows, the audit must find it.
    """
    cells = np.flatnonzero(~layer.known & (layer.values > SMALL))
    if not layer.public.any() or not cells.size:
        return layer
    public = layer.public.copy()
    public[cells[fixed(layer, np.zeros_like(public), cells)]] = True
    return replace(layer, public=public)
