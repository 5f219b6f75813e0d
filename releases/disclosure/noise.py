"""The table of noise: for every count, with which probability it is changed by how much; made once and checked in.

``python -m releases.disclosure.noise`` writes it anew. The distribution of each count is the one of maximum entropy
(Giessing 2016, the method of the R package ptable) among those that

* are unbiased: the changed count is the count on average;
* change by at most ``MOST``, and nothing below zero;
* have variance ``VARIANCE``, or the least there is where that is more;
* never come to 1 or 2.

Counts that are a part of another (``whole``) have rows of their own where the whole is so small that the noise would
leave it: then also what is left of the whole is never 1 or 2. A count of 0, and one that is its whole, stay as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from releases.disclosure import NOISE

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]

MOST = 4
VARIANCE = 2.0
KEYS = 2**16  # record keys, and sums of them, are below this
HIDDEN = (1, 2)
LARGE = MOST + max(HIDDEN) + 1  # from this count on the noise is the same for all
UNBOUNDED = 2 * LARGE  # from this whole on the smaller part has room for all of its noise
CHANGES = tuple(range(-MOST, MOST + 1))
# keys below the number in a column change the count by that much or less; who is in none of them, by MOST
COLUMNS = tuple(f"to_{'minus' if c < 0 else 'plus'}_{abs(c)}" for c in CHANGES[:-1])


def allowed(count: int, whole: int | None) -> list[int]:
    """The changes a count may have; ``whole`` is the changed count of what it is a part of."""
    left = [] if whole is None else [whole - h for h in HIDDEN]
    values = (count + change for change in CHANGES)
    return [
        v - count
        for v in values
        if v >= 0 and (whole is None or v <= whole) and (v in (0, whole) or v not in (*HIDDEN, *left))
    ]


def distribution(changes: list[int]) -> dict[int, float]:
    """Probability of each change: mean 0, the variance, and of all such the one of maximum entropy."""
    below = max((c for c in changes if c <= 0), default=0)
    above = min((c for c in changes if c >= 0), default=0)
    least = -below * above  # the variance of the two nearest alone
    if least >= VARIANCE:
        return {below: above / (above - below), above: -below / (above - below)}
    moments = np.array([changes, [c * c for c in changes]], dtype=float)

    target = np.array([0.0, VARIANCE])

    def shares_of(weights: Vector) -> Vector:
        masses = np.exp(weights @ moments - (weights @ moments).max())
        shares: Vector = masses / masses.sum()
        return shares

    def dual(weights: Vector) -> float:
        exponents = weights @ moments
        return float(exponents.max() + np.log(np.exp(exponents - exponents.max()).sum()) - weights @ target)

    def slope(weights: Vector) -> Vector:
        found: Vector = moments @ shares_of(weights) - target
        return found

    def curvature(weights: Vector) -> Matrix:
        shares = shares_of(weights)
        centred = moments - (moments @ shares)[:, np.newaxis]
        found: Matrix = (centred * shares) @ centred.T
        return found

    found = minimize(
        dual, np.zeros(2), jac=slope, hess=curvature, method="trust-exact", options={"gtol": 1e-10}
    )
    return dict(zip(changes, shares_of(found.x).tolist(), strict=True))


def rows() -> Iterator[dict[str, int]]:
    """The table: ``whole`` (0: none, or large), ``count``, and for each change the keys up to it."""
    cases: list[tuple[int | None, int]] = [(None, count) for count in range(1, LARGE + 1)]
    cases += [(whole, count) for whole in range(2, UNBOUNDED) for count in range(1, whole // 2 + 1)]
    for whole, count in cases:
        shares = distribution(allowed(count, whole))
        up_to = np.cumsum([shares.get(c, 0.0) for c in CHANGES[:-1]])
        thresholds = (int(t) for t in np.rint(up_to * KEYS))
        yield {"whole": whole or 0, "count": count, **dict(zip(COLUMNS, thresholds, strict=True))}


def write(path: Path) -> None:
    """Write the table as a seed."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["whole", "count", *COLUMNS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows())


if __name__ == "__main__":
    write(NOISE)
