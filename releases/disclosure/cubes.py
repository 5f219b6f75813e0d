"""Published cells as sums of atoms: the finest counts behind a set of tables, and which of them each cell adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, kron

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Weights = Mapping[Any, Mapping[Any, int]]  # code to atoms' codes with their weights


@dataclass(frozen=True)
class Dimension:
    """One dimension of a cube: its ``atoms`` (finest codes), and of which of them each ``code`` is the sum."""

    name: str
    atoms: Sequence[Any]
    codes: Weights

    @property
    def matrix(self) -> csr_array:
        """Codes × atoms."""
        place = {atom: i for i, atom in enumerate(self.atoms)}
        rows, columns, weights = [], [], []
        for row, parts in enumerate(self.codes.values()):
            for atom, weight in parts.items():
                rows.append(row)
                columns.append(place[atom])
                weights.append(weight)
        shape = (len(self.codes), len(self.atoms))
        return csr_array((np.array(weights, dtype=np.int64), (rows, columns)), shape=shape)


def total_and_parts(name: str, parts: Sequence[Any], total: Any = "total") -> Dimension:
    """A dimension whose codes are its parts and their total."""
    return Dimension(name, parts, {total: dict.fromkeys(parts, 1), **{p: {p: 1} for p in parts}})


def combined(codes: Weights, terms: Mapping[Any, int]) -> dict[Any, int]:
    """The atoms of a signed sum of codes."""
    atoms: dict[Any, int] = {}
    for code, sign in terms.items():
        for atom, weight in codes[code].items():
            atoms[atom] = atoms.get(atom, 0) + sign * weight
    return {atom: weight for atom, weight in atoms.items() if weight}


def cube_cells(dimensions: Sequence[Dimension]) -> tuple[pd.DataFrame, csr_array]:
    """Every combination of codes (a column per dimension), and cells × atoms, atoms in the order of ``atom_counts``."""
    sizes = [len(d.codes) for d in dimensions]
    places = np.unravel_index(np.arange(int(np.prod(sizes))), sizes)
    keys = pd.DataFrame(
        {d.name: pd.Series(list(d.codes)).take(p).to_numpy() for d, p in zip(dimensions, places, strict=True)}
    )
    matrix = csr_array(reduce(lambda a, b: kron(a, b, format="csr"), [d.matrix for d in dimensions]))
    matrix.sort_indices()
    return keys, matrix


def atom_counts(dimensions: Sequence[Dimension], frame: pd.DataFrame, count: str) -> Ints:
    """Column ``count`` of ``frame`` (a column per dimension with atoms' codes), as one number per atom of the cube."""
    shape = [len(d.atoms) for d in dimensions]
    places = [frame[d.name].map({a: i for i, a in enumerate(d.atoms)}).to_numpy(np.int64) for d in dimensions]
    counts = np.zeros(int(np.prod(shape)), dtype=np.int64)
    np.add.at(counts, np.ravel_multi_index(places, shape), frame[count].to_numpy(np.int64))
    return counts


def truth(column: pd.Series) -> Bools:
    """A column of true, false and missing, with missing as false."""
    return column.astype("boolean").fillna(False).to_numpy(np.bool_)
