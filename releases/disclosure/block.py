"""A block: tables that are tied by sums, and what an attacker could work out from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from releases.disclosure.cubes import Bools, Ints


@dataclass(frozen=True)
class Layer:
    """One figure of every cell of a block: cells × atoms, the atoms' counts, and the cells' values.

    Atoms that count nobody are left out: that a cell is zero is shown, so an attacker knows them. Not so where the zero
    stands in a cell that stays suppressed: those atoms stay, and ``unseen`` are the zero cells that have one. ``places``
    says which of all atoms these are. ``public``
    cells were shown by an earlier release with the same value: suppressing them would hide nothing.
    """

    sums: csr_array
    atoms: Ints
    values: Ints
    public: Bools
    unseen: Bools
    places: Ints

    @staticmethod
    def of(sums: csr_array, atoms: Ints, public: Bools, unseen_atoms: Bools | None = None) -> Layer:
        """The layer, without the atoms that are known to be zero: all that are, but for ``unseen_atoms``."""
        values = np.asarray(sums @ atoms)
        unseen = np.zeros(len(values), dtype=np.bool_)
        stay = atoms != 0
        if unseen_atoms is not None:
            stay = stay | unseen_atoms
            unseen = (values == 0) & (abs(sums) @ unseen_atoms.astype(np.int64) > 0)
        some = np.flatnonzero(stay)
        return Layer(csr_array(sums[:, some]), atoms[some], values, public, unseen, some)

    @property
    def known(self) -> Bools:
        """Cells that are known whatever is suppressed now."""
        known: Bools = self.public | ((self.values == 0) & ~self.unseen)
        return known


@dataclass(frozen=True)
class Block:
    """Cells with one layer, or several that are shown or suppressed together; arrays have an entry per cell.

    ``hidden`` cells stand in no table though they may follow from others (the complement of a ratio); ``sensitive``
    ones must not be computed. ``order`` lists the cells that are to be shown if they can be, what matters most first.
    ``needs`` has for each cell the one that is shown along with it, or −1; it must come first in the order.
    """

    layers: list[Layer]
    hidden: Bools
    sensitive: Bools
    order: Ints
    needs: Ints

    def secrets(self, layer: Layer, shown: Bools) -> Bools:
        """Cells whose figure in this layer must not be computed: sensitive ones and all that is suppressed."""
        secrets: Bools = (self.sensitive | ~(shown | self.hidden)) & ~layer.known & (layer.values != 0)
        return secrets
