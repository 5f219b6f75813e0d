"""How far chance alone can move a share of a small place: Wilson's interval, and what many comparisons ask for.

Registers count everybody, so an interval here is no sampling error: it says how far the share of a place of that size
would swing if its people had drawn their state by lot from the same odds. Source: Wilson (1927); Bonferroni's inequality.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

LEVEL = 0.95


def quantile(level: float = LEVEL, comparisons: int = 1) -> float:
    """The normal quantile of a two-sided interval at ``level``, shared among as many ``comparisons``."""
    return NormalDist().inv_cdf(1 - (1 - level) / (2 * max(comparisons, 1)))


def wilson(count: float, of: float, z: float | None = None) -> tuple[float, float]:
    """Lower and upper limit, in percent, of the share ``count`` / ``of``; everything is possible where ``of`` is 0."""
    if of <= 0:
        return 0.0, 100.0
    z = quantile() if z is None else z
    share = min(max(count / of, 0.0), 1.0)
    middle = share + z * z / (2 * of)
    reach = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return 100 * max((middle - reach) / scale, 0.0), 100 * min((middle + reach) / scale, 1.0)


def differs(count: float, of: float, parent: float, comparisons: int) -> bool:
    """Whether a place's share differs from its parent's (percent) by more than chance, among so many comparisons."""
    low, high = wilson(count, of, quantile(comparisons=comparisons))
    return not low <= parent <= high
