"""The audit: whether anything that is suppressed can be computed exactly from what is shown.

Twice, and neither way the one that chose what to suppress: by linear algebra for every cell of every table, and for
people by sex, age and place also by the solver of Tau-Argus, which uses that nobody is counted below zero.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from pytauargus.engine import audit_jj
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpstrf
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack

from releases.disclosure.block import Block, Layer
from releases.disclosure.cubes import Bools, Ints

PROBES = 2
EXACT = 1e-6
ROOM = 1e-3


def exposed_cells(block: Block, shown: Bools) -> Bools:
    """Cells that are sensitive or suppressed, and yet follow from what is shown, in any layer.

    In a layer where such a cell is zero nothing is disclosed by computing it.
    """
    exposed = np.zeros(len(shown), dtype=np.bool_)
    for layer in block.layers:
        cells = np.flatnonzero(block.secrets(layer, shown))
        if cells.size:
            exposed[cells] |= fixed(layer, shown, cells)
    return exposed


def fixed(layer: Layer, shown: Bools, cells: Ints) -> Bools:
    """Whether every change of the atoms that leaves all that is known as it is also leaves these cells as they are.

    Random changes that leave all known cells as they are come from a pivoted Cholesky factor of their Gram matrix. Every
    atom counts somebody, so it may move both ways: that no count is below zero adds nothing.
    """
    rows = csr_array(layer.sums[np.flatnonzero(shown | layer.known)], dtype=np.float64)
    gram = (rows.T @ rows).toarray()
    factor, pivots, rank, _ = dpstrf(gram, lower=1)
    first, rest = pivots[:rank] - 1, pivots[rank:] - 1
    if not rest.size:
        return np.ones(len(cells), dtype=np.bool_)
    change = np.zeros((len(layer.atoms), PROBES))
    change[rest] = np.random.default_rng(20250701).standard_normal((len(rest), PROBES))
    if rank:
        lower = np.tril(factor)
        change[first] = -solve_triangular(
            lower[:rank, :rank], lower[rank:, :rank].T @ change[rest], lower=True, trans="T"
        )
    moved = csr_array(layer.sums[cells], dtype=np.float64) @ change
    return np.asarray((np.abs(moved) < EXACT).all(axis=1))


def zeros_given_away(layer: Layer, basis: Ints) -> Ints:
    """Of the atoms that count nobody and are not seen, those that what is shown leaves no room for (numbers in the layer).

    One linear programme: the shown sums hold, no count is below zero, and as many of these atoms as can be count
    somebody. ``basis`` are cells that everything known is a sum of.
    """
    unseen = np.flatnonzero(layer.atoms == 0)
    if not unseen.size or not basis.size:
        return unseen[:0]
    atoms, extra = len(layer.atoms), len(unseen)
    chosen = csr_array((np.ones(extra), (np.arange(extra), unseen)), shape=(extra, atoms))
    found = linprog(
        np.concatenate([np.zeros(atoms), -np.ones(extra)]),
        A_ub=hstack([-chosen, eye_array(extra)], format="csr"),
        b_ub=np.zeros(extra),
        A_eq=hstack([layer.sums[basis], csr_array((len(basis), extra))], format="csr"),
        b_eq=layer.values[basis],
        bounds=[(0, None)] * atoms + [(0, ROOM)] * extra,
        method="highs",
    )
    return unseen[found.x[atoms:] < ROOM / 2] if found.status == 0 else unseen


def solver_exposed(layer: Layer, basis: Ints, secret: Ints, folder: Path) -> Ints:
    """Of the cells ``secret``, those whose least and greatest possible value coincide, by the solver of Tau-Argus.

    ``basis`` are cells that everything known is a sum of; a temporary file with counts is written to ``folder``.
    """
    if not secret.size:
        return secret
    same: dict[bytes, list[int]] = {}  # cells that are the same sum are asked about once
    for cell in secret:
        part = slice(layer.sums.indptr[cell], layer.sums.indptr[cell + 1])
        same.setdefault(layer.sums.indices[part].tobytes() + layer.sums.data[part].tobytes(), []).append(cell)
    asked = [cells[0] for cells in same.values()]
    atoms, cells = layer.sums.shape[1], [*basis, *asked]
    total = int(layer.atoms.sum())
    lines = ["0", str(atoms + len(cells))]
    lines += [f"{i} {n} 1 m 0 {total} 0 0 0" for i, n in enumerate(layer.atoms)]
    for place, cell in enumerate(cells):
        status = "s" if place < len(basis) else "u"
        lines.append(f"{atoms + place} {layer.values[cell]} 1 {status} 0 {total} 0 0 0")
    lines.append(str(len(cells)))
    for place, cell in enumerate(cells):
        start, end = layer.sums.indptr[cell], layer.sums.indptr[cell + 1]
        terms = zip(layer.sums.indices[start:end], layer.sums.data[start:end], strict=True)
        added = " ".join(f"{atom} ({weight})" for atom, weight in terms)
        lines.append(f"0 {end - start + 1} : {atoms + place} (-1) {added}")
    with tempfile.TemporaryDirectory(dir=folder) as place_for_it:
        path = Path(place_for_it) / "table.jj"
        path.write_text("\n".join(lines) + "\n")
        width = {r["cell"]: r["max"] - r["min"] for r in audit_jj(str(path))}
    first = atoms + len(basis)
    found = [c for i, cells in enumerate(same.values()) if width[first + i] < EXACT for c in cells]
    return np.array(sorted(found), dtype=np.int64)
