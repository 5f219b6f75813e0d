"""Secondary suppression by Gaussian elimination.

Cells are looked at one by one, what matters most first, and shown unless the cells shown so far, together with this
one, would give a sensitive cell away: that is, unless a sensitive cell became a weighted sum of shown cells. So sums of
any kind protect each other at once: hierarchies, overlapping age groups, two area lists, ratios and their complements.

Langsrud (2024), "Secondary cell suppression by Gaussian elimination: an algorithm suitable for handling issues with
zeros and singletons", Privacy in Statistical Databases, describes the method.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from releases.disclosure.block import Block, Layer
from releases.disclosure.cubes import Bools, Ints

PRIME = 2_147_483_647  # arithmetic is exact modulo this prime: no rounding decides what is disclosed


class Elimination:
    """What follows from the cells shown so far, in one layer, and what is left of the sensitive cells beside it."""

    def __init__(self, layer: Layer) -> None:
        self._sums: csr_array = layer.sums
        size = layer.sums.shape[1]
        self._rows = np.zeros((size, size), dtype=np.int64)  # reduced echelon form
        self._count = 0
        self._pivot = np.full(size, -1, dtype=np.int64)  # column to row
        self._secret = np.zeros((0, size), dtype=np.int64)
        self._terms = np.zeros(0, dtype=np.int64)  # of each of these, how many atoms it is a sum of
        self.basis: list[int] = []  # cells that everything known is a sum of

    def vector(self, cell: int) -> Ints:
        """The cell as a sum of atoms, less what is known of it."""
        vector = np.zeros(self._rows.shape[0], dtype=np.int64)
        start, end = self._sums.indptr[cell], self._sums.indptr[cell + 1]
        columns, weights = self._sums.indices[start:end], self._sums.data[start:end]
        vector[columns] = weights
        rows = self._pivot[columns]
        known = rows >= 0
        if known.any():
            vector -= weights[known] @ self._rows[rows[known]]  # weights are small: no overflow
        return vector % PRIME

    def follows(self, cells: Ints) -> Bools:
        """Whether these cells follow from what is known."""
        return np.array([not self.vector(int(cell)).any() for cell in cells], dtype=np.bool_)

    def keep_secret(self, cells: Ints) -> Ints:
        """Add sensitive cells; returns those that follow from what is shown already."""
        vectors = np.array([self.vector(int(c)) for c in cells]).reshape(len(cells), self._rows.shape[0])
        safe = vectors.any(axis=1)
        self._secret = np.concatenate([self._secret, vectors[safe]])
        self._terms = np.concatenate([self._terms, np.count_nonzero(vectors[safe], axis=1)])
        return cells[~safe]

    def gives_away(self, vector: Ints) -> bool:
        """Whether showing this cell would make a sensitive one a sum of shown cells."""
        atoms = np.flatnonzero(vector)
        # a multiple of it is a sum of as many atoms, and of the same
        alike = np.flatnonzero((self._terms == len(atoms)) & (self._secret[:, atoms[0]] != 0))
        if not alike.size:
            return False
        secrets = self._secret[np.ix_(alike, atoms)]
        rest = (secrets - secrets[:, :1] * _scaled(vector[atoms], 0)) % PRIME
        return bool((~rest.any(axis=1)).any())

    def show_all(self, cells: Ints) -> None:
        """Count cells as known from here on."""
        for cell in cells:
            vector = self.vector(int(cell))
            if vector.any():
                self.show(vector, int(cell))

    def show(self, vector: Ints, cell: int) -> None:
        """Count a cell as known from here on, given what ``vector`` leaves of it."""
        self.basis.append(cell)
        column = int(np.argmax(vector != 0))
        row = _scaled(vector, column)
        for rows in (self._rows[: self._count], self._secret):
            touched = np.flatnonzero(rows[:, column])
            rows[touched] = (rows[touched] - rows[touched, column][:, None] * row) % PRIME
        self._terms[touched] = np.count_nonzero(self._secret[touched], axis=1)
        self._rows[self._count] = row
        self._pivot[column] = self._count
        self._count += 1


def _scaled(vector: Ints, column: int) -> Ints:
    return (vector * pow(int(vector[column]), -1, PRIME)) % PRIME


def shown_cells(block: Block) -> tuple[Bools, list[Elimination]]:
    """Which cells are shown, and for each layer what follows from them; what is not shown is suppressed.

    Known from the start are the cells that are zero, hidden ones too, and what earlier releases showed.
    """
    shown = np.zeros(len(block.hidden), dtype=np.bool_)
    eliminations = [Elimination(layer) for layer in block.layers]
    for layer, known in zip(block.layers, eliminations, strict=True):
        known.show_all(np.flatnonzero(layer.known))
        known.keep_secret(np.flatnonzero(block.sensitive & ~layer.known & (layer.values != 0)))
    for cell in block.order[~block.sensitive[block.order]]:
        vectors = [known.vector(int(cell)) for known in eliminations]
        pairs = [(known, v) for known, v in zip(eliminations, vectors, strict=True) if v.any()]
        alone = block.needs[cell] >= 0 and not shown[block.needs[cell]]
        if alone or any(known.gives_away(vector) for known, vector in pairs):
            if (
                alone or len(block.layers) > 1
            ):  # else it cannot follow from what is shown without a sensitive one
                for known, layer in zip(eliminations, block.layers, strict=True):
                    if not layer.known[cell] and layer.values[cell]:
                        known.keep_secret(np.array([cell]))
            continue
        shown[cell] = True
        for known, vector in pairs:
            known.show(vector, int(cell))
    return shown, eliminations
